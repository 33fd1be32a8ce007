"""Where in the photo is the spot? A crude finder: what differs most from the skin near the photo's edge.

Skin is whatever lies in a ring near the edge; no rule knows its colour. Differences are taken between logarithms:
light, exposure and the skin's own pigment all multiply, so that they change a difference between two places little, and
a light spot on dark skin counts as much as a dark spot on light skin. A finder that is not certain says so.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from runtime.photo.decode import Pixels

_Plane = npt.NDArray[np.floating[Any]]
_Mask = npt.NDArray[np.bool_]

_SIDE = 56
"""Pixels of the side at which the spot is looked for: a quarter of the model's input, a hair is below one pixel."""
_FLOOR = 6.0
"""Levels added before the logarithm, which would blow up the noise and the rounding of dark pixels."""
_BLACK_BELOW = 0.3
"""Share of the ring's brightness; a dermatoscope's corners have less than a tenth."""
_CERTAIN_FROM = 4.0
"""Contrast of the spot to the skin's unevenness. Of drawings 99% reach 3, of phone photos half reach 5; what mottled
skin without a spot shows by itself is between 2 and 4."""
_MOST_ELSEWHERE = 0.5
"""Share of all that stands out which may lie outside the spot: with more, another of them may be meant."""
_LARGEST = 0.75
"""Share of the photo: above it too little skin is left to compare with."""
_TILT_LIMIT = 2.5
"""Median deviations at which the ring is cut off when light is fitted to it, so that hair and ink do not tilt it."""
_BINS = 64
_STEP = 0.01
"""One level at a brightness of 100: less stands out of nothing, and no skin is more even than its rounding."""

_Y, _X = ((np.mgrid[0:_SIDE, 0:_SIDE] + 0.5) / (_SIDE / 2) - 1.0).astype(np.float32)
_FROM_MIDDLE = np.hypot(_X, _Y)
_RING = (_FROM_MIDDLE > 0.72) & (_FROM_MIDDLE < 0.98)
"""What counts as skin; a dermatoscope's black corners lie outside. The middle is at 0, the sides of the photo at 1."""
_EDGE = np.maximum(np.abs(_X), np.abs(_Y)) > 1.0 - 1.5 / _SIDE
_CENTRED = np.exp(-((_FROM_MIDDLE / 0.6) ** 2))
"""Weight of a place when several stand out: people put what they mean in the middle."""
_TILT: _Plane = np.stack([np.ones_like(_X), _X, _Y], axis=-1)
_FIT_TILT: _Plane = np.linalg.pinv(_TILT[_RING])

_WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """The first guess at where the spot is."""

    box: tuple[float, float, float, float]
    """left, top, right, bottom as shares of the photo's sides, 0-1; the whole photo where nothing stands out"""
    share: float
    """of the photo's area, 0-1"""
    contrast: float
    """difference of spot and skin in standard deviations of the skin's own unevenness"""
    certain: bool
    """whether to build on it; False says that nothing stands out clearly, not that nothing is there"""


def find_lesion(pixels: Pixels) -> Lesion:
    """Find the spot in a square photo, uint8 [S, S, 3] RGB, S at least 32."""
    small = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    colour = np.asarray(small, dtype=np.float32)
    seen = ~_black_background(colour)
    difference = np.where(seen, _difference(np.log(colour + _FLOOR)), np.float32(0))
    standing_out = difference > max(_otsu(difference[seen]), _STEP)
    if not standing_out.any():
        return Lesion(box=_WHOLE, share=0.0, contrast=0.0, certain=False)
    spot = _connected(standing_out, start=_strongest(difference * _CENTRED, within=standing_out))
    share = float(spot.sum() / seen.sum())
    contrast = _contrast(difference[spot], difference[seen & ~standing_out])
    elsewhere = 1.0 - float(spot.sum() / standing_out.sum())
    certain = contrast >= _CERTAIN_FROM and elsewhere < _MOST_ELSEWHERE and share <= _LARGEST
    return Lesion(box=_box(spot), share=share, contrast=contrast, certain=certain)


def _black_background(colour: _Plane) -> _Mask:
    """What is far darker than the ring and reaches the photo's edge: beyond a dermatoscope's rim there is nothing."""
    brightness: _Plane = colour.sum(axis=-1)
    black = brightness < _BLACK_BELOW * float(np.median(brightness[_RING]))
    return _connected(black, start=black & _EDGE)


def _strongest(plane: _Plane, *, within: _Mask) -> _Mask:
    """One pixel."""
    start = np.zeros_like(within)
    start.flat[int(np.argmax(np.where(within, plane, -1.0)))] = True
    return start


def _difference(colour: _Plane) -> _Plane:
    """Distance [_SIDE, _SIDE] of each place to the skin's colour, light that falls off to one side taken out."""
    ring = colour[_RING]
    flat = _tilt(ring, np.median(ring, axis=0))
    tilt = _tilt(ring, _TILT[_RING] @ flat)
    return _smooth(np.sqrt(np.sum((colour - _TILT @ tilt) ** 2, axis=-1, dtype=np.float32)))


def _tilt(ring: _Plane, skin: _Plane) -> _Plane:
    """Level and slopes [3, 3] of the ring's colours; what is far from `skin`, the fit before, is pulled towards it."""
    away = ring - skin
    limit = _TILT_LIMIT * np.median(np.abs(away), axis=0)
    return _FIT_TILT @ (skin + np.clip(away, -limit, limit))


def _smooth(plane: _Plane) -> _Plane:
    """Weights 1-2-1 down and across, edges repeated."""
    wide: _Plane = np.pad(plane, 1, mode="edge")
    down: _Plane = wide[:-2] + 2 * wide[1:-1] + wide[2:]
    return (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 16


def _otsu(values: _Plane) -> float:
    """The threshold that parts the values into the two most unlike groups (Otsu 1979)."""
    counts, edges = np.histogram(values, bins=_BINS, range=(0.0, float(values.max()) + 1e-6))
    centres = (edges[1:] + edges[:-1]) / 2
    below, mass = np.cumsum(counts)[:-1], np.cumsum(counts * centres)[:-1]
    total, total_mass = counts.sum(), np.sum(counts * centres)
    between = (total_mass * below / total - mass) ** 2 / np.maximum(below * (total - below), 1)
    return float(edges[1 + int(np.argmax(between))])


def _connected(mask: _Mask, *, start: _Mask) -> _Mask:
    """The part of the mask that hangs together with `start`, by sides."""
    part, size = start, 0
    while size < (size := int(part.sum())):
        grown = part.copy()
        grown[1:] |= part[:-1]
        grown[:-1] |= part[1:]
        grown[:, 1:] |= part[:, :-1]
        grown[:, :-1] |= part[:, 1:]
        part = grown & mask
    return part


def _contrast(spot: _Plane, skin: _Plane) -> float:
    if skin.size == 0:
        return 0.0
    return float((spot.mean() - skin.mean()) / (skin.std() + _STEP))


def _box(spot: _Mask) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(spot.any(axis=1)), np.flatnonzero(spot.any(axis=0))
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return float(left / _SIDE), float(top / _SIDE), float(right / _SIDE), float(bottom / _SIDE)
