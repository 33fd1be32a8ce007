"""Marks put onto a photo: hair and rulers. Drawn with lines alone, antialiased, at the size of the view."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

HAIRS = (1, 14)
"""How many, at least and below."""
THICK = (0.003, 0.0085)
"""Width of a hair as a share of the side: 0.05 to 0.1 mm where the picture shows 12 mm."""
DIGITS = (
    ((0, 0), (1, 0), (1, 2), (0, 2), (0, 0)),
    ((0.2, 0.4), (0.6, 0), (0.6, 2)),
    ((0, 0), (1, 0), (1, 1), (0, 1), (0, 2), (1, 2)),
    ((0, 0), (1, 0), (0.4, 1), (1, 1), (1, 2), (0, 2)),
    ((0.7, 2), (0.7, 0), (0, 1.3), (1, 1.3)),
    ((1, 0), (0, 0), (0, 1), (1, 1), (1, 2), (0, 2)),
    ((1, 0), (0, 0), (0, 2), (1, 2), (1, 1), (0, 1)),
    ((0, 0), (1, 0), (0.3, 2)),
    ((0, 1), (0, 0), (1, 0), (1, 2), (0, 2), (0, 1), (1, 1)),
    ((1, 1), (0, 1), (0, 0), (1, 0), (1, 2), (0, 2)),
)
"""Strokes of each digit in a box 1 wide and 2 high."""

_SHIFT = 4
"""Binary digits behind the point of a coordinate."""
_ALONG = np.linspace(-1, 1, 9)


def draw_hair(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Curved hairs, roughly combed one way; as dark as the picture's shadows, or blond."""
    size, count = image.shape[0], int(rng.integers(*HAIRS))
    wide = rng.uniform(*THICK) * size
    paths = _fixed(_curves(rng, count) * (size / 2))
    shades = np.clip(_hair_colour(image, rng) * rng.uniform(0.8, 1.3, (count, 1)), 0, 255).tolist()
    widths = np.maximum(1, np.rint(wide * rng.uniform(0.6, 1.3, count))).astype(int).tolist()
    drawn = image.copy()
    for path, shade, width in zip(paths, shades, widths, strict=True):
        cv2.polylines(drawn, [path], False, shade, 1, cv2.LINE_AA, _SHIFT)
        if width > 1:  # thick from the root on, thin at the tip
            cv2.polylines(drawn, [path[:7]], False, shade, width, cv2.LINE_AA, _SHIFT)
    # A hair thinner than a pixel is paler instead.
    return _blend(drawn, image, rng.uniform(0.75, 1.0) * min(1.0, 0.35 + 0.65 * wide))


def _hair_colour(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    skin = np.array(cv2.mean(image)[:3])
    blond, dark = rng.random() < 0.2, rng.uniform(0.12, 0.4)
    return skin * (1.15, 1.1, 0.95) if blond else skin * dark * (1.1, 0.95, 0.85)


def _curves(rng: np.random.Generator, count: int) -> np.ndarray:
    """float64 [count, 9, 2], half-sides from the corner: arcs that may leave the picture."""
    angle = (rng.uniform(0, math.pi) + rng.normal(0, 0.45, count))[:, None]
    bend, twist = rng.normal(0, 0.22, (count, 1)), rng.normal(0, 0.04, (count, 1))
    reach, centre = rng.uniform(0.25, 1.2, (count, 1)), rng.uniform(-0.9, 0.9, (2, count, 1))
    across = bend * _ALONG**2 + twist * _ALONG**3
    x = centre[0] + reach * (_ALONG * np.cos(angle) - across * np.sin(angle))
    y = centre[1] + reach * (_ALONG * np.sin(angle) + across * np.cos(angle))
    return np.stack([x, y], axis=-1) + 1


def draw_ruler(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A millimetre scale near one edge: marks on glass, or a strip of paper or plastic with figures on it."""
    angle = math.pi / 2 * int(rng.integers(4)) + rng.normal(0, 0.12)
    place = _Place(angle=angle, inset=rng.uniform(0.6, 0.92), size=image.shape[0])
    ink = (max(cv2.mean(image)[:3]) * rng.uniform(0.03, 0.3) * rng.uniform(0.8, 1.2, 3)).tolist()  # black on any skin
    gap, start, number = rng.uniform(0.03, 0.1), rng.uniform(0, 1), int(rng.integers(0, 80))
    strip, figures, cover = rng.random() < 0.5, rng.random() < 0.3, rng.uniform(0.7, 1.0)
    drawn = image.copy()
    if strip:
        cv2.fillConvexPoly(drawn, place.pixels(_STRIP), _paper(image, rng), cv2.LINE_AA, _SHIFT)
        drawn = _blend(drawn, image, 0.8 + 0.2 * rng.random())
    _draw_marks(drawn, place, ink, gap=gap, start=start, number=number if strip or figures else None)
    return drawn if strip else _blend(drawn, image, cover)


_STRIP = np.array([[-2, -0.02], [2, -0.02], [2, 0.9], [-2, 0.9]])


def _paper(image: np.ndarray, rng: np.random.Generator) -> list[float]:
    """White under the light that the skin is in, more or less yellow."""
    light = float(np.clip(1.15 * max(cv2.mean(image)[:3]) + 25, 150, 250))
    return [light, light * rng.uniform(0.95, 1.0), light * rng.uniform(0.85, 1.0)]


def _draw_marks(
    drawn: np.ndarray, place: "_Place", ink: list[float], *, gap: float, start: float, number: int | None
) -> None:
    """Marks, each fifth longer; from `number` on every tenth with a figure."""
    marks = np.arange(math.ceil(2.4 / gap))
    x, length = -1.2 + (marks + start) * gap, min(max(1.2 * gap, 0.05), 0.1)
    ends = np.where(marks % 5 == 0, 1.7, 1.0) * length
    lines = np.stack([np.stack([x, np.zeros_like(x)], axis=-1), np.stack([x, ends], axis=-1)], axis=1)
    width = max(1, round(0.006 * drawn.shape[0]))
    cv2.polylines(drawn, list(place.pixels(lines)), False, ink, width, cv2.LINE_AA, _SHIFT)
    if number is not None:
        high = max(0.045, 0.7 * length)
        strokes = [
            place.pixels(stroke)
            for count, left in enumerate(x[::10])
            for stroke in _figure(str((number + count) % 100), at=(left, 2.1 * length), high=high)
        ]
        cv2.polylines(drawn, strokes, False, ink, 1, cv2.LINE_AA, _SHIFT)


def _figure(text: str, *, at: tuple[float, float], high: float) -> list[np.ndarray]:
    """The strokes of a number, its top middle at a place on the ruler."""
    lefts = [at[0] + (column - len(text) / 2) * 0.75 * high for column in range(len(text))]
    return [np.array(DIGITS[int(digit)]) * (high / 2) + (left, at[1]) for digit, left in zip(text, lefts, strict=True)]


@dataclass(frozen=True)
class _Place:
    """Where a ruler lies: x along its edge, y away from the picture's middle, both in half-sides."""

    angle: float
    inset: float
    size: int

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """float64 [..., 2] to pixels of the picture, with `_SHIFT` binary digits."""
        x, y = points[..., 0], points[..., 1] + self.inset
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return _fixed((np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1) + 1) * (self.size / 2))


def _fixed(points: np.ndarray) -> np.ndarray:
    return np.rint(points * (1 << _SHIFT)).astype(np.int32)


def _blend(drawn: np.ndarray, image: np.ndarray, cover: float) -> np.ndarray:
    return cv2.addWeighted(drawn, cover, image, 1 - cover, 0)
