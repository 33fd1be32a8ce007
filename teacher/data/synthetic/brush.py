"""The tools lesions and skin are painted with: coordinates, noise, outlines, stencils and layers of pigment.

All maps are float32 [side, side]. Lesion coordinates have the lesion's centre at 0 and its mean border at 1.
Scalars are Python floats, never numpy's: those would turn every map into float64 at twice the cost.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

Map = np.ndarray
"""float32 [side, side]"""
Colour = tuple[float, float, float]
"""RGB, 0-255 as seen on a screen"""

ANGLES = 720
_OVERSAMPLE = 2  # stencils are drawn at this multiple and averaged down: PIL draws without antialiasing


@dataclass(frozen=True, kw_only=True)
class Outline:
    """How the border of a lesion runs. Amplitudes are in units of its mean radius."""

    elongation: float = 1.1
    """long over short axis"""
    bumps: float = 0.03
    """slow waves of the border, 2-5 a turn: asymmetry"""
    jags: float = 0.0
    """fast waves, 7-17 a turn: an irregular border"""
    notches: int = 0
    """bites out of the border"""


@dataclass(kw_only=True)
class Layers:
    """What lies in and on the skin. Painters add to it; `skin.compose` turns it into light."""

    side: int
    melanin: Map = field(init=False)
    """epidermal melanin above the skin's own; 1 is light brown, 5 black"""
    blood: Map = field(init=False)
    """haemoglobin above the skin's own; 1 is pink, 3 deep red"""
    height: Map = field(init=False)
    """elevation in half-sides of the image"""
    gloss: Map = field(init=False)
    """mirror-like share of the surface, 0-1"""
    veils: list[tuple[Map, Colour]] = field(default_factory=list)
    """opaque or milky layers over all that: (cover 0-1, colour)"""

    def __post_init__(self) -> None:
        self.melanin, self.blood, self.height, self.gloss = np.zeros((4, self.side, self.side), np.float32)

    def veil(self, cover: Map, colour: Colour) -> None:
        """Lay a colour over what is painted so far; `cover` is clipped to 0-1."""
        self.veils.append((np.clip(cover, 0.0, 1.0), colour))


@dataclass(kw_only=True)
class Brush:
    """Where one lesion goes and the randomness it is painted with."""

    rng: np.random.Generator
    layers: Layers
    centre: tuple[float, float]
    """(x, y) in half-sides, 0 = middle of the image"""
    radius: float
    """mean radius in half-sides"""
    u: Map = field(init=False)
    v: Map = field(init=False)
    rho: Map = field(init=False)
    """distance from the centre in lesion radii"""
    turn: np.ndarray = field(init=False)
    """int [side, side]: bearing of each pixel as an index into tables of ANGLES"""
    border: np.ndarray = field(init=False)
    """float32 [ANGLES]: where the border runs, in lesion radii"""
    rim: Map = field(init=False)
    """0 in the centre, 1 on the border, more outside"""

    def __post_init__(self) -> None:
        x, y = pixel_grid(self.side)
        self.u, self.v = (x - self.centre[0]) / self.radius, (y - self.centre[1]) / self.radius
        self.rho = np.sqrt(self.u * self.u + self.v * self.v)
        bearing = np.arctan2(self.v, self.u) * np.float32(ANGLES / (2 * np.pi))
        self.turn = bearing.astype(np.int32) % ANGLES
        self.outline(Outline())

    @property
    def side(self) -> int:
        return self.layers.side

    def outline(self, outline: Outline, *, ragged: float = 0.02) -> None:
        """Set the border. `ragged` displaces it by fine noise, in lesion radii."""
        self.border = border_table(self.rng, outline)
        self.rim = self.rho / self.border[self.turn] + ragged * self.noise(14)

    def body(self, soft: float) -> Map:
        """1 inside the border, 0 outside, over a seam of +-`soft` radii."""
        return fade(self.rim, 1.0 + soft, 1.0 - soft)

    def between(self, low: float, high: float) -> float:
        return float(self.rng.uniform(low, high))

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def count(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def noise(self, cells: int) -> Map:
        """Smooth noise with about `cells` swells across the image, standard deviation near 0.7."""
        return smooth_noise(self.rng, self.side, cells)

    def cloud(self, cells: int) -> Map:
        """Noise with finer noise in it."""
        return self.noise(cells) + 0.5 * self.noise(2 * cells + 1) + 0.25 * self.noise(4 * cells + 1)

    def slant(self) -> Map:
        """-1 to 1 from one side of the lesion to the other, in a random direction."""
        angle = self.between(0, 2 * np.pi)
        return np.clip(math.cos(angle) * self.u + math.sin(angle) * self.v, -1, 1)

    def patch(self, *, distance: float, size: float, ragged: float = 0.3, soft: float = 0.3) -> Map:
        """An irregular area of radius `size`, its centre `distance` from the lesion's in a random direction."""
        angle = self.between(0, 2 * np.pi)
        du, dv = self.u - distance * math.cos(angle), self.v - distance * math.sin(angle)
        away = np.sqrt(du * du + dv * dv) / size + ragged * self.noise(9)
        return fade(away, 1.0 + soft, 1.0 - soft)

    def network(self, *, cells: float, warp: float) -> Map:
        """A honeycomb of lines, 1 on the lines and 0 in the holes, `cells` holes to a lesion radius."""
        wave = np.float32(2 * np.pi * cells)
        u, v = self.u + warp * self.noise(7), self.v + warp * self.noise(7)
        tilt = self.between(0, np.pi)
        total = np.zeros_like(u)
        for third in range(3):
            angle = tilt + third * 2 * np.pi / 3
            total += np.cos(wave * (math.cos(angle) * u + math.sin(angle) * v))
        return np.clip((1.2 - total) / 2.4, 0.0, 1.0)

    def places(self, number: int, *, inner: float = 0.0, outer: float = 0.9) -> np.ndarray:
        """float [number, 2]: points spread over the ring from inner to outer (share of the border)."""
        turn = self.rng.integers(ANGLES, size=number)
        share = np.sqrt(self.rng.uniform(inner * inner, outer * outer, size=number))
        angle = turn * (2 * np.pi / ANGLES)
        return np.stack([np.cos(angle), np.sin(angle)], axis=1) * (share * self.border[turn])[:, None]

    def dots(self, points: np.ndarray, *, small: float, large: float, faint: float = 1.0) -> Map:
        """Round spots at `points`, radius small-large, strength faint-1 (each its own)."""
        stencil = Stencil(self)
        for point in points:
            stencil.disc(point, self.between(small, large), strength=self.between(faint, 1.0))
        return stencil.map()

    def strokes(self, lines: Iterable[tuple[np.ndarray, float]], *, strength: float = 1.0) -> Map:
        """Lines [n, 2] with their width in lesion radii."""
        stencil = Stencil(self)
        for points, width in lines:
            stencil.line(points, width, strength=strength)
        return stencil.map()


class Stencil:
    """A black sheet to draw discs and lines on in lesion coordinates, read back as a smooth map in [0, 1]."""

    def __init__(self, brush: Brush) -> None:
        self._side = brush.side
        self._scale = brush.radius * brush.side / 2 * _OVERSAMPLE  # sheet pixels in a lesion radius
        self._origin = (np.array(brush.centre) + 1) * brush.side / 2 * _OVERSAMPLE
        self._sheet = Image.new("L", (brush.side * _OVERSAMPLE, brush.side * _OVERSAMPLE))
        self._draw = ImageDraw.Draw(self._sheet)

    def disc(self, point: np.ndarray, radius: float, *, strength: float = 1.0, squash: float = 1.0) -> None:
        x, y = self._origin + point * self._scale
        wide, tall = max(radius * self._scale, 1.0), max(radius * squash * self._scale, 1.0)
        self._draw.ellipse((x - wide, y - tall, x + wide, y + tall), fill=round(255 * strength))

    def line(self, points: np.ndarray, width: float, *, strength: float = 1.0) -> None:
        """A polyline; lines thinner than a pixel are drawn a pixel wide and fainter."""
        thick = width * self._scale
        fill = round(255 * strength * min(1.0, thick / _OVERSAMPLE + 0.3))
        flat = (self._origin + points * self._scale).ravel().tolist()
        self._draw.line(flat, fill=fill, width=max(_OVERSAMPLE, round(thick)), joint="curve")

    def map(self) -> Map:
        small = self._sheet.reduce(_OVERSAMPLE)
        return np.asarray(small, np.float32) / np.float32(255)


def pixel_grid(side: int) -> tuple[Map, Map]:
    """x and y of every pixel in half-sides, -1 to 1."""
    axis = ((np.arange(side, dtype=np.float32) + 0.5) * (2 / side) - 1).astype(np.float32)
    return np.broadcast_to(axis[None, :], (side, side)), np.broadcast_to(axis[:, None], (side, side))


def fade(value: Map, zero: float, one: float) -> Map:
    """0 at `zero`, 1 at `one`, smooth between."""
    t = np.clip((value - zero) / (one - zero), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def smooth_noise(rng: np.random.Generator, side: int, cells: int) -> Map:
    """Noise drawn on a coarse grid and enlarged: a hundred times cheaper than filtering a fine one."""
    coarse = rng.standard_normal((cells + 2, cells + 2), dtype=np.float32)
    return enlarge(coarse, side)


def enlarge(coarse: np.ndarray, side: int, how: Literal["bicubic", "bilinear"] = "bicubic") -> Map:
    """float32 [a, b] -> [side, side]."""
    method = Image.Resampling.BICUBIC if how == "bicubic" else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(coarse).resize((side, side), method))


def blur(value: Map, radius: float) -> Map:
    """Blur by shrinking and enlarging; `radius` in pixels, exact enough for painting."""
    side = value.shape[0]
    small = max(4, round(side / max(1.0, radius)))
    shrunk = Image.fromarray(np.ascontiguousarray(value, np.float32)).resize((small, small), Image.Resampling.BOX)
    return np.asarray(shrunk.resize((side, side), Image.Resampling.BICUBIC))


def border_table(rng: np.random.Generator, outline: Outline) -> np.ndarray:
    """float32 [ANGLES]: the border's radius by bearing, mean 1."""
    angle = np.arange(ANGLES) * (2 * np.pi / ANGLES)
    tilt = angle - rng.uniform(0, np.pi)
    long, short = np.sqrt(outline.elongation), 1 / np.sqrt(outline.elongation)
    radius = 1 / np.sqrt((np.cos(tilt) / long) ** 2 + (np.sin(tilt) / short) ** 2)
    radius = radius * (
        1 + _waves(rng, angle, range(2, 6), outline.bumps) + _waves(rng, angle, range(7, 18), outline.jags)
    )
    for _ in range(outline.notches):
        away = (angle - rng.uniform(0, 2 * np.pi) + np.pi) % (2 * np.pi) - np.pi
        radius = radius * (1 - rng.uniform(0.2, 0.42) * np.exp(-0.5 * (away / rng.uniform(0.1, 0.22)) ** 2))
    return np.maximum(radius / radius.mean(), 0.25).astype(np.float32)


def _waves(rng: np.random.Generator, angle: np.ndarray, per_turn: range, amplitude: float) -> np.ndarray:
    """A sum of waves with random sizes and phases; `amplitude` is its standard deviation."""
    sizes = rng.standard_normal(len(per_turn))
    phases = rng.uniform(0, 2 * np.pi, len(per_turn))
    total = sum(s * np.cos(k * angle + p) for s, k, p in zip(sizes, per_turn, phases, strict=True))
    return amplitude * np.asarray(total) / max(1e-6, float(np.sqrt(0.5 * (sizes**2).sum())))
