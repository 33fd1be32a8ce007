"""The dermatoscope put onto a phone photo, gel and vignette, and the vignette taken off a dermoscopic one."""

import math
from functools import lru_cache

import cv2
import numpy as np

BLACK = 50
"""Brightness at or below which a corner is the inside of the tube and not skin: type VI is above it in any photo that
the quality gate takes."""
EDGE = 0.08
"""Half-sides by which the tube's edge is soft; as much of the picture's rim goes with it."""
_RAYS, _STEPS = 96, 48
"""Directions and distances at which the edge is looked for."""
_SMALL = 64


def put_vignette(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Light that falls off, and in half of the pictures the black edge of the tube."""
    x, y = _axes(image.shape[0])
    dx, dy = np.float32(rng.uniform(-0.08, 0.08)), np.float32(rng.uniform(-0.08, 0.08))
    away = (x - dx) ** 2 + ((y - dy) ** 2)[:, None]
    gain = 1 - np.float32(rng.uniform(0.05, 0.3)) * away
    if rng.random() < 0.6:
        edge, soft = rng.uniform(0.92, 1.25), rng.uniform(0.02, 0.08)
        # The square of the distance is as steep as twice the distance there.
        gain *= np.clip((np.float32(edge * edge) - away) * np.float32(1 / (2 * edge * soft)) + np.float32(0.5), 0, 1)
        gain += np.float32(0.02)
    return cv2.multiply(image, cv2.merge([gain] * 3), dtype=cv2.CV_8U)


def gel_bubbles(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Air in the contact gel: rings with a dark edge, a bright crescent and a little lens inside."""
    size = image.shape[0]
    drawn = image.copy()
    light = rng.uniform(0, 2 * math.pi)
    middle = rng.uniform(-0.9, 0.9, 2)
    for _ in range(int(rng.integers(1, 7))):
        radius = math.exp(rng.uniform(math.log(0.015), math.log(0.075))) * size
        spread = 0.35 if rng.random() < 0.6 else 0.9
        x, y = ((np.clip(middle + rng.normal(0, spread, 2), -1, 1) + 1) * size / 2).tolist()
        _bubble(drawn, x, y, radius, light, strength=rng.uniform(0.5, 1.0))
    return drawn


def _bubble(drawn: np.ndarray, x: float, y: float, radius: float, light: float, *, strength: float) -> None:
    reach, size = math.ceil(1.4 * radius), drawn.shape[0]
    left, top = max(0, int(x) - reach), max(0, int(y) - reach)
    right, bottom = min(size, int(x) + reach + 1), min(size, int(y) + reach + 1)
    if right <= left or bottom <= top:
        return
    dx = (np.arange(left, right, dtype=np.float32) - x) / radius
    dy = ((np.arange(top, bottom, dtype=np.float32) - y) / radius)[:, None]
    away = np.sqrt(dx * dx + dy * dy)
    edge = np.exp(-(((away - 1) / max(0.14, 0.8 / radius)) ** 2))
    towards = (dx * math.cos(light) + dy * math.sin(light)) / np.maximum(away, 0.3)
    place = drawn[top:bottom, left:right]
    glint = 120 * np.clip(towards, 0, 1) ** 3 * np.exp(-(((away - 0.8) / 0.16) ** 2))
    gain = 1 - strength * 0.45 * edge * np.clip(0.6 - 0.5 * towards, 0, 1) + 0.06 * (away < 1)
    place[:] = np.clip(place * gain[..., None] + strength * glint[..., None], 0, 255).astype(np.uint8)


def take_vignette(image: np.ndarray) -> np.ndarray:
    """The picture with the tube's black rim filled by the skin beside it, mirrored at the edge; itself without one."""
    edge = find_edge(image)
    if edge is None:
        return image
    size = image.shape[0]
    distance, ray, unit_x, unit_y = _polar(size)
    limit = edge[ray]
    at = np.flatnonzero(distance > limit)
    mirrored = np.maximum(2 * limit[at] - distance[at], 0)
    half = (size - 1) / 2
    column = np.rint(half + mirrored * unit_x[at] * (size / 2)).astype(np.intp)
    row = np.rint(half + mirrored * unit_y[at] * (size / 2)).astype(np.intp)
    flat = image.reshape(-1, 3)
    filled = flat.copy()
    filled[at] = flat[np.clip(row, 0, size - 1) * size + np.clip(column, 0, size - 1)]
    return filled.reshape(image.shape)


def find_edge(image: np.ndarray) -> np.ndarray | None:
    """Where the picture ends in black, float32 [_RAYS]: half-sides from the middle, by direction; None without a rim.

    A rim is black in at least two corners and lies outside the middle: a black lesion touches one edge or none.
    """
    at = (np.arange(_SMALL) * 2 + 1) * image.shape[0] // (2 * _SMALL)  # a rim is large: single pixels tell
    small = cv2.cvtColor(image[at[:, None], at], cv2.COLOR_RGB2GRAY)
    rows, columns, inside = _rays()
    black = (small[rows, columns] <= BLACK) | ~inside  # (_RAYS, _STEPS), from the middle outwards
    first = _STEPS - np.logical_and.accumulate(black[:, ::-1], axis=1).sum(axis=1)
    corners = small[[0, 0, -1, -1], [0, -1, 0, -1]]
    if (corners <= BLACK).sum() < 2 or first.min() < 0.35 * _STEPS:
        return None
    edge = first * np.float32(math.sqrt(2) / _STEPS) - np.float32(EDGE)
    last = inside.sum(axis=1)  # where the picture itself ends: nothing to fill
    edge[first >= last] = 2.0
    # A ray of its own misses where the rim begins between two of them.
    return np.minimum.reduce([np.roll(edge, turn) for turn in (-2, -1, 0, 1, 2)]).astype(np.float32)


@lru_cache(maxsize=4)
def _rays() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows and columns, int [_RAYS, _STEPS], of the small picture along each ray, and which of them lie in it."""
    angle = (np.arange(_RAYS) + 0.5) * 2 * math.pi / _RAYS - math.pi
    away = (np.arange(_STEPS) + 0.5) / _STEPS * math.sqrt(2)
    columns = np.floor((np.cos(angle)[:, None] * away + 1) * _SMALL / 2).astype(np.intp)
    rows = np.floor((np.sin(angle)[:, None] * away + 1) * _SMALL / 2).astype(np.intp)
    inside = (columns >= 0) & (columns < _SMALL) & (rows >= 0) & (rows < _SMALL)
    return np.clip(rows, 0, _SMALL - 1), np.clip(columns, 0, _SMALL - 1), inside


@lru_cache(maxsize=4)
def _polar(size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """By pixel, row by row: distance from the middle in half-sides, number of the ray, and the ray's direction."""
    x, y = np.meshgrid(_axes(size)[0], _axes(size)[1])
    distance = np.sqrt(x * x + y * y).ravel()
    ray = np.floor((np.arctan2(y, x) + math.pi) / (2 * math.pi) * _RAYS).astype(np.intp).ravel() % _RAYS
    near = np.maximum(distance, np.float32(1e-6))
    return distance, ray, x.ravel() / near, y.ravel() / near


@lru_cache(maxsize=8)
def _axes(size: int) -> tuple[np.ndarray, np.ndarray]:
    axis = ((np.arange(size, dtype=np.float32) + np.float32(0.5)) / size * 2 - 1).astype(np.float32)
    return axis, axis
