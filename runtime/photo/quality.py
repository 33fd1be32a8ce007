"""Is this photo good enough to be judged? Exposure, glare, contrast, sharpness, distance and colour of the light.

No rule here knows what colour skin is. Contrast is a share of the photo's own brightness, sharpness a ratio of two
contrasts, and clipping is where the sensor ended, so darker or lighter skin changes none of them. What matters is
judged over the spot, where `find_lesion` is certain of it, and over the middle of the photo: skin on which nothing
stands out is no reason to refuse a photo.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image

from runtime.photo.decode import Pixels
from runtime.photo.lesion import Lesion, find_lesion

_Plane = npt.NDArray[np.float32]
_Box = tuple[float, float, float, float]

_FINE = 112
"""Side in pixels of the finer of the two scales whose steps are compared; the coarser one has half of it. With a
quarter the ratio would depend on what is in the photo: whatever passed a blurred lens is smooth at both scales, but a
fine pattern has little left at a coarse one."""
_BLURRED_BELOW = 0.322
"""Sharpness of the whole photo, see `Quality.sharpness`. The least sharp of 400 HAM10000 images gives 0.357, of 203
PAD-UFES-20 photos 0.376, of 180 drawings, some of them soft, 0.325; with a Gaussian blur whose sigma is 4 of 224 pixels
those give 0.282, 0.292 and, all but one in a hundred, 0.322 at most."""
_SPOT_BLURRED_BELOW = 0.285
"""Sharpness over the spot, which is smoother than skin with its hairs and pores. Of those drawings 0.293 at least, of
the phone photos 0.333; with a sigma of 6 in the middle only 0.285 and 0.269 at most."""
_MOVED_BELOW, _SHARP_FROM = 0.00088, 0.5
"""Fourth power of `Quality.sharpness` times `Quality.evenness`, and the sharpness from which nothing moved. Moved by
12 pixels of 224, all but 3 of 900 drawings are below both, all of 150 HAM10000 images and 9 in 10 phone photos; moved
by 24, all but one drawing. Of 800 sound real photos, with their hair, rulers and black corners, 1 is."""
_DIRECTIONS = 12
_BANDS = ((1 / 8, 1 / 4), (1 / 5, 2 / 5))
"""Cycles per pixel at the finer scale, over which directions are compared: waves of 5 to 16 pixels of the model's
input. Coarser ones are few and follow the lesion's shape."""
_EVEN = 1e-3
"""Squared levels added to both scales, as blur would: a direction without any steps is not sharp."""
_ROUNDING = 1.0 / 12.0
"""Variance of rounding to whole levels. Taken off, or it would pass for detail where little else is: in dark skin."""
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Share of red, green and blue in brightness (ITU-R BT.601)."""

_BLACK_BELOW = 14.0
"""Levels of 255: if even the brightest places are below, sensor noise is most of what is left."""
_WHITE_FROM = 250.0
"""Levels of 255: if even the darkest spots are above, the lesion is washed out."""
_CRUSHED_TO, _CLIPPED_FROM = 6, 245
"""Levels of 255 at which all three channels have met the sensor's end; a few levels of room for JPEG."""
_CRUSHED_ABOVE = 0.2
"""Share of the spot's surroundings. 650 real photos have 0.011 at most, drawings on type VI 0.09."""
_CLIPPED_ABOVE = 0.12
"""Share of the spot's surroundings. Those photos have 0.095 at most, and 99 of 100 below 0.001."""
_WASHED_OUT_ABOVE = 0.3
"""Share of the whole photo: with more clipped it is exposure and not glare."""
_FLAT_BELOW = 0.05
"""Contrast as a share of the photo's own bright end; the flattest of those images has 0.17."""
_FLAT_LEVELS = 4.0
"""Contrast in levels that rounding alone can make."""
_FAR_BELOW = 0.005
"""Share of the photo: 16 pixels across of 224."""

_MIDDLE: _Box = (0.25, 0.25, 0.75, 0.75)
_ROOM = 1.1
"""The spot's surroundings: its box, made square, and this much wider: its border belongs to it."""
_NARROWEST = 0.24
"""Side of that square at least: 6 steps at the coarse scale."""
_TINT_BLOCK = 4
"""Side of the blocks."""
_LIT = 2.0
"""Stops below the photo's bright end down to which a place shows the light's colour; black corners do not."""
_GREEN_ABOVE, _MAGENTA_BELOW, _COLD_ABOVE, _LOST_BELOW = 0.2, -1.05, 0.15, -2.6
"""Stops; see `Tint`. Of 800 real photos the greenest has 0.07 and the most magenta -0.63; the coldest has 0.21, 99 of
100 have 0.04 at most, and under a light of 0.3, 0.55, 1 all but one in a hundred drawings of type VI 0.12 at least. On
those photos and on drawings of all tones the weakest channel is 1.4 stops below the strongest at most."""


class QualityProblem(StrEnum):
    """Why a photo cannot be judged. `runtime.answer.locales` says each, and what to do, in one plain sentence."""

    TOO_DARK = "too_dark"
    OVEREXPOSED = "overexposed"
    NO_DETAIL = "no_detail"
    BLURRED = "blurred"
    GLARE = "glare"
    TOO_FAR = "too_far"
    TOO_CLOSE = "too_close"
    """Never found by `measure_quality`: a spot that fills the frame, as in many sound dermoscopic photos, looks like
    skin on which nothing stands out. For whoever knows the frame otherwise."""
    COLOUR_CAST = "colour_cast"


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What was measured on one photo."""

    dark: float
    """brightness that 2% of the photo are below, 0-255"""
    bright: float
    """brightness that 2% of the photo are above, 0-255"""
    sharpness: float
    """energy of the steps between neighbours, fine over coarse, along the direction where it is least, as motion blurs
    one direction only: 0.25 without any detail, above 0.35 for a usable photo"""
    evenness: float
    """energy of fine waves along the direction with the least over that with the most, 0-1: a move wipes out what
    varies along its way and spares what varies across"""
    spot_sharpness: float
    """the same over the spot's surroundings or the photo's middle, the lesser of the two"""
    crushed: float
    """share of black, 0-1, over the spot and what surrounds it"""
    clipped: float
    """share of white there"""
    washed_out: float
    """share of white in the whole photo"""
    tint: "Tint"
    """colour of the light"""
    lesion: Lesion
    """where the spot was looked for"""

    @property
    def problem(self) -> QualityProblem | None:
        """Why the photo cannot be judged, or None for a usable one; the first in the order of what to mend first."""
        if self.bright < _BLACK_BELOW or self.crushed > _CRUSHED_ABOVE:
            return QualityProblem.TOO_DARK
        if self.dark > _WHITE_FROM or self.washed_out > _WASHED_OUT_ABOVE:
            return QualityProblem.OVEREXPOSED
        if self.bright - self.dark < max(_FLAT_LEVELS, _FLAT_BELOW * self.bright):
            return QualityProblem.NO_DETAIL
        if self.clipped > _CLIPPED_ABOVE:
            return QualityProblem.GLARE
        if self.tint.strong:
            return QualityProblem.COLOUR_CAST
        if self.sharpness < _BLURRED_BELOW or self.spot_sharpness < _SPOT_BLURRED_BELOW or self.moved:
            return QualityProblem.BLURRED
        if self.lesion.certain and self.lesion.share < _FAR_BELOW:
            return QualityProblem.TOO_FAR
        return None

    @property
    def moved(self) -> bool:
        """Whether the camera or the skin moved. A hair, a ruler or a pen line makes a photo uneven, too, but leaves it
        sharp; what is soft all round is even."""
        return self.sharpness < _SHARP_FROM and self.sharpness**4 * self.evenness < _MOVED_BELOW


@dataclass(frozen=True, kw_only=True)
class Tint:
    """What holds for most of the photo's places, in stops (log2) between channels.

    Blood and melanin take more green and blue than red from any light, on every skin: where nearly nothing is red, the
    light is not white. Yellow and blue light move colours along the line that melanin does; only extremes are refused.
    """

    green: float
    """green over the mean of red and blue: nine tenths are greener"""
    magenta: float
    """the same: nine tenths are less green"""
    cold: float
    """green or blue over red, the larger of the two: half are colder"""
    spread: float
    """weakest over strongest channel: nine tenths are weaker"""

    @property
    def strong(self) -> bool:
        return (
            self.green > _GREEN_ABOVE
            or self.magenta < _MAGENTA_BELOW
            or self.cold > _COLD_ABOVE
            or self.spread < _LOST_BELOW
        )


def measure_quality(pixels: Pixels) -> Quality:
    """Measure a square photo, uint8 [S, S, 3] RGB, S at least 32."""
    side = min(_FINE, len(pixels))
    lesion = find_lesion(pixels)
    around = _surroundings(lesion)
    brightness: _Plane = pixels @ _LUMA
    fine, coarse = _shrink(brightness, side), _shrink(brightness, side // 2)
    half = Image.fromarray(pixels).resize((side, side), Image.Resampling.BOX)
    red, green, blue = (np.asarray(channel) for channel in half.split())
    # A mean over k pixels has 1/k of the variance.
    noise = _ROUNDING * _independent(red, green, blue) / (len(pixels) / side) ** 2
    dark, bright = np.percentile(fine, (2, 98))
    white = np.minimum(np.minimum(red, green), blue) >= _CLIPPED_FROM
    black = np.maximum(np.maximum(red, green), blue) <= _CRUSHED_TO
    return Quality(
        dark=float(dark),
        bright=float(bright),
        sharpness=_sharpness(fine, coarse, noise=noise),
        evenness=_evenness(fine, noise=noise),
        spot_sharpness=min(_sharpness(_cut(fine, b), _cut(coarse, b), noise=noise) for b in (around, _MIDDLE)),
        crushed=_worst_share(black, around),
        clipped=_worst_share(white, around),
        washed_out=float(white.mean()),
        tint=_tint(half),
        lesion=lesion,
    )


def _surroundings(lesion: Lesion) -> _Box:
    """The square around the spot, as far as the photo reaches; the photo's middle where no spot is certain."""
    if not lesion.certain:
        return _MIDDLE
    left, top, right, bottom = lesion.box
    reach = max(_ROOM * max(right - left, bottom - top), _NARROWEST) / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    return max(x - reach, 0.0), max(y - reach, 0.0), min(x + reach, 1.0), min(y + reach, 1.0)


def _cut[T: np.generic](plane: npt.NDArray[T], box: _Box) -> npt.NDArray[T]:
    left, top, right, bottom = (round(side * len(plane)) for side in box)
    return plane[top:bottom, left:right]


def _worst_share(mask: npt.NDArray[np.bool_], around: _Box) -> float:
    """Over the spot's surroundings or the photo's middle: a reflection may be what was taken for the spot."""
    return max(float(_cut(mask, box).mean()) for box in (around, _MIDDLE))


def _shrink(plane: _Plane, side: int) -> _Plane:
    """Block means, in floating point: rounding them again would add the noise that is being taken off."""
    return np.asarray(Image.fromarray(plane).resize((side, side), Image.Resampling.BOX))


def _independent(red: Pixels, green: Pixels, blue: Pixels) -> float:
    """Variance of the brightness in that of one channel's rounding: three roundings, or one where the photo is grey."""
    grey = np.array_equal(red, green) and np.array_equal(red, blue)
    return 1.0 if grey else float(np.sum(_LUMA**2))


def _sharpness(fine: _Plane, coarse: _Plane, *, noise: float) -> float:
    """Least ratio over all directions of the steps' energy, fine over coarse.

    `noise`: its variance at the fine scale; at the coarse one, over four pixels, it is a quarter.

    With the energies along a direction v as v'Fv and v'Cv (structure tensors, Bigun 1987), that is the smaller
    eigenvalue of F relative to C: the smaller root of det(F - ratio C) = 0.
    """
    f1, f2, f12 = _steps(fine, noise=noise, even=_EVEN / 4)
    c1, c2, c12 = _steps(coarse, noise=noise / 4, even=_EVEN)
    square, linear, constant = c1 * c2 - c12**2, f1 * c2 + f2 * c1 - 2 * f12 * c12, f1 * f2 - f12**2
    if square <= 0.0:
        return 0.0
    return (linear - max(linear**2 - 4 * square * constant, 0.0) ** 0.5) / (2 * square)


def _steps(plane: _Plane, *, noise: float, even: float) -> tuple[float, float, float]:
    """Mean squared steps along both diagonals, and their mean product, noise taken off.

    Diagonals share no pixel, so that noise adds twice its variance to the squares and nothing to the product.
    """
    falling, rising = (plane[1:, 1:] - plane[:-1, :-1]).ravel(), (plane[1:, :-1] - plane[:-1, 1:]).ravel()
    first, second, both = (float(a @ b) / a.size for a, b in ((falling, falling), (rising, rising), (falling, rising)))
    return max(first - 2 * noise, 0.0) + even, max(second - 2 * noise, 0.0) + even, both


def _evenness(fine: _Plane, *, noise: float) -> float:
    """See `Quality.evenness`; the geometric mean over the bands. 1 where there are no waves at all."""
    window, bands = _directed_waves(len(fine))
    waves = np.abs(np.fft.rfft2(window * (fine - np.sum(window * fine) / np.sum(window)))) ** 2
    ratios = [_least_over_most(np.maximum(band @ waves.ravel() - noise, 0.0) + _EVEN) for band in bands]
    return float(np.prod(ratios) ** (1 / len(ratios)))


def _least_over_most(energies: npt.NDArray[np.float64]) -> float:
    return float(energies.min() / energies.max())


@cache
def _directed_waves(side: int) -> tuple[_Plane, list[_Plane]]:
    """A window [side, side] whose squares add up to 1, so that noise keeps its variance, and for each band the weights
    [directions, frequencies of rfft2] that give the mean energy of the waves within a sector around each direction."""
    bell = np.hanning(side + 2)[1:-1]
    window = np.outer(bell, bell)
    down, across = np.meshgrid(np.fft.fftfreq(side), np.fft.rfftfreq(side), indexing="ij")
    frequency, sector = np.hypot(down, across), np.rint(np.arctan2(down, across) * _DIRECTIONS / np.pi) % _DIRECTIONS
    inside = sector == np.arange(_DIRECTIONS)[:, None, None]
    bands: list[_Plane] = []
    for low, high in _BANDS:
        chosen = (inside & (low <= frequency) & (frequency < high)).reshape(_DIRECTIONS, -1)
        bands.append((chosen / np.maximum(chosen.sum(axis=1, keepdims=True), 1)).astype(np.float32))
    return (window / np.linalg.norm(window)).astype(np.float32), bands


def _tint(half: Image.Image) -> Tint:
    """Measured on blocks that average a hair or a pen line with what is beside it, and the noise away."""
    blocks = np.asarray(half.reduce(_TINT_BLOCK), dtype=np.float32)
    channels: _Plane = np.log2(blocks + np.float32(1.0)).reshape(-1, 3).T
    strongest: _Plane = channels.max(axis=0)
    lit = channels[:, strongest >= np.percentile(strongest, 90) - _LIT]
    red, green, blue = lit[0], lit[1], lit[2]
    greener: _Plane = green - (red + blue) / 2
    colder: _Plane = np.maximum(green, blue) - red
    weakest: _Plane = lit.min(axis=0) - lit.max(axis=0)
    return Tint(
        green=float(np.percentile(greener, 10)),
        magenta=float(np.percentile(greener, 90)),
        cold=float(np.percentile(colder, 50)),
        spread=float(np.percentile(weakest, 90)),
    )
