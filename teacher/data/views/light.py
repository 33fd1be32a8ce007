"""What the light does: exposure, white balance, the camera's curve, shadows, a flash.

Light multiplies. A change of light is the same factor for lesion and skin, so what tells a skin's tone, the ratio of
its channels and of lesion to skin, stays within the narrow bounds of a white balance; hues are never turned. Gains are
in linear light; a camera's picture is about its power 1/2.2, so that a gain g is g ** (1 / 2.2) there.
"""

import math
from functools import lru_cache

import cv2
import numpy as np

GAMMA = 2.2
STOPS = (-0.7, 0.3)
"""Exposure in stops: what automatic exposures of one scene differ by. Fitzpatrick types are about 0.7 apart. Less up
than down: fair skin is near white in a sound photo already, and what is white is lost."""
WARMTH = 0.07
"""Standard deviation of the logarithm of red's gain, and blue's the other way: from a cloudy sky to a lamp, corrected
by the camera but for a rest."""
GREEN = 0.025
"""Of green's gain: fluorescent tubes."""
MOST = 2.0
"""Standard deviations that a white balance is cut at."""
CURVE = 0.12
"""Standard deviation of the logarithm of the curve's power about mid grey: cameras differ in contrast."""
GRID = 16
"""Side of the map that soft light is drawn on before it is enlarged."""

_LEVELS = np.arange(256, dtype=np.float64) / 255


def develop(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Exposure, white balance and curve in one table of levels."""
    return cv2.LUT(image, _levels(rng))


def _levels(rng: np.random.Generator) -> np.ndarray:
    """uint8 [1, 256, 3]"""
    stops = rng.uniform(*STOPS)
    warm, green, curve = np.clip(rng.standard_normal(3), -MOST, MOST) * (WARMTH, GREEN, CURVE)
    gains = 2**stops * np.exp(np.array([warm, green, -warm]))
    power = math.exp(curve)
    curved = 0.5 * (_LEVELS / 0.5) ** power
    return np.clip(255 * curved[:, None] * gains ** (1 / GAMMA) + 0.5, 0, 255).astype(np.uint8)[None]


def shadow(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A soft-edged shadow over part of the picture, and light that falls off to one side."""
    x, y = _grid(GRID)
    angle, ramp = rng.uniform(0, 2 * math.pi), rng.uniform(0, 0.35)
    slope = math.cos(angle) * x + math.sin(angle) * y
    bend = rng.uniform(-0.4, 0.4) * (math.cos(angle) * y - math.sin(angle) * x) ** 2
    soft = rng.uniform(0.1, 0.5)
    covered = np.clip((slope + bend - rng.uniform(-0.4, 0.8)) / soft, 0, 1)
    gain = (1 - ramp * slope) * (1 - rng.uniform(0.25, 0.6) * covered)
    return lit(image, gain)


def lit(image: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """The picture under soft light; gain: float64 [GRID, GRID], linear, above 0."""
    encoded = (gain ** (1 / GAMMA)).astype(np.float32)
    size = image.shape[0]
    wide = cv2.resize(cv2.merge([encoded] * 3), (size, size), interpolation=cv2.INTER_LINEAR)
    return cv2.multiply(image, wide, dtype=cv2.CV_8U)


def flash(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What a flash mirrors on the skin: a white spot with soft edges, broken up by the skin's relief."""
    size = image.shape[0]
    x, y = _grid(size)
    angle, long, short = rng.uniform(0, math.pi), rng.uniform(0.12, 0.3), rng.uniform(0.08, 0.16)
    dx, dy = x - np.float32(rng.uniform(-0.6, 0.6)), y - np.float32(rng.uniform(-0.6, 0.6))
    along = np.float32(math.cos(angle) / long) * dx + np.float32(math.sin(angle) / long) * dy
    across = np.float32(math.cos(angle) / short) * dy - np.float32(math.sin(angle) / short) * dx
    spot = np.exp(-(along * along + across * across))
    # Little bumps face the flash: where skin is brighter than around it, it mirrors more.
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    around = cv2.GaussianBlur(grey, (0, 0), size / 60)
    relief = cv2.subtract(grey, around, dtype=cv2.CV_32F) * np.float32(rng.uniform(0.015, 0.05))
    cover = np.clip(spot * (np.float32(rng.uniform(0.5, 1.1)) + relief), 0, 1)
    return cv2.blendLinear(image, _white(size), 1 - cover, cover)


@lru_cache(maxsize=8)
def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """float32 [size, size] each: x and y from -1 to 1."""
    axis = ((np.arange(size, dtype=np.float32) + np.float32(0.5)) / size * 2 - 1).astype(np.float32)
    x, y = np.meshgrid(axis, axis)
    x.flags.writeable = y.flags.writeable = False
    return x, y


@lru_cache(maxsize=8)
def _white(size: int) -> np.ndarray:
    return np.full((size, size, 3), 255, np.uint8)
