"""Is this photo good enough to be judged? Exposure, contrast and sharpness, each relative to the photo itself.

No rule here knows what colour skin is. Contrast is a share of the photo's own brightness and sharpness a ratio of two
contrasts, so darker or lighter skin, or a longer exposure, changes neither.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from PIL import Image

from runtime.photo import Pixels

_Plane = npt.NDArray[np.float64]

_FINE, _COARSE = 112, 28
"""Sides in pixels of the two scales whose gradients are compared, a factor of 4 apart."""
_BLURRED_BELOW = 0.085
"""Ratio of gradient energies, fine over coarse. A photo without any detail gives (1/4)^2 = 0.0625. The least sharp of
1,500 HAM10000 images gives 0.095, of 201 PAD-UFES-20 photos 0.147; a Gaussian blur with a sigma of 6 of 224 pixels
brings the first to 0.078 at most, the second to 0.087 at most."""
_ROUNDING = 1.0 / 12.0
"""Variance of rounding to whole levels. Taken off, or it would pass for detail where little else is: in dark skin."""
_LUMA = np.array([0.299, 0.587, 0.114])
"""Share of red, green and blue in brightness (ITU-R BT.601)."""

_BLACK_BELOW = 16.0
"""Levels of 255: if even the brightest spots are below, sensor noise is most of what is left."""
_WHITE_FROM = 250.0
"""Levels of 255: if even the darkest spots are above, the lesion is washed out."""
_FLAT_BELOW = 0.05
"""Contrast as a share of the photo's own bright end; the flattest of those images has 0.17."""
_FLAT_LEVELS = 4.0
"""Contrast in levels that rounding alone can make."""


class QualityProblem(StrEnum):
    """Why a photo cannot be judged. `runtime.locales` says each, and what to do, in one plain sentence."""

    TOO_DARK = "too_dark"
    OVEREXPOSED = "overexposed"
    NO_DETAIL = "no_detail"
    BLURRED = "blurred"
    GLARE = "glare"
    TOO_FAR = "too_far"
    TOO_CLOSE = "too_close"
    COLOUR_CAST = "colour_cast"


@dataclass(frozen=True, kw_only=True)
class Quality:
    """What was measured on one photo."""

    dark: float
    """brightness that 2% of the photo are below, 0-255"""
    bright: float
    """brightness that 2% of the photo are above, 0-255"""
    sharpness: float
    """fine over coarse gradient energy: 0.0625 without any detail, above 0.1 for a usable photo"""

    @property
    def problem(self) -> QualityProblem | None:
        """Why the photo cannot be judged, or None for a usable one."""
        if self.bright < _BLACK_BELOW:
            return QualityProblem.TOO_DARK
        if self.dark > _WHITE_FROM:
            return QualityProblem.OVEREXPOSED
        if self.bright - self.dark < max(_FLAT_LEVELS, _FLAT_BELOW * self.bright):
            return QualityProblem.NO_DETAIL
        if self.sharpness < _BLURRED_BELOW:
            return QualityProblem.BLURRED
        return None


def measure_quality(pixels: Pixels) -> Quality:
    """Measure a square photo, uint8 [S, S, 3] RGB, S at least 32."""
    brightness: _Plane = pixels.astype(np.float64) @ _LUMA
    dark, bright = np.percentile(brightness, (2, 98))
    return Quality(dark=float(dark), bright=float(bright), sharpness=_sharpness(brightness, noise=_rounding_of(pixels)))


def _rounding_of(pixels: Pixels) -> float:
    """Variance of the brightness from rounding: three independent roundings, or one where the photo is grey."""
    grey = bool(np.all(pixels[..., :2] == pixels[..., 1:]))
    return _ROUNDING * (1.0 if grey else float(np.sum(_LUMA**2)))


def _sharpness(brightness: _Plane, *, noise: float) -> float:
    """Gradient energy at the fine over that at the coarse scale, rounding noise taken off both."""
    source = brightness.shape[0]
    energies: list[float] = []
    for side in (_FINE, _COARSE):
        # A mean over k pixels has 1/k of the variance, a difference of two twice that, and there are two axes.
        share = min((side / source) ** 2, 1.0)
        energies.append(_gradient_energy(_shrink(brightness, side)) - 4.0 * noise * share)
    return max(energies[0], 0.0) / max(energies[1], 1e-6)


def _shrink(plane: _Plane, side: int) -> _Plane:
    """Block means, in floating point: rounding them again would add the noise that is being taken off."""
    image = Image.fromarray(plane.astype(np.float32))
    return np.asarray(image.resize((side, side), Image.Resampling.BOX), dtype=np.float64)


def _gradient_energy(plane: _Plane) -> float:
    """Mean squared step between neighbours, down plus across."""
    return float(np.mean(np.diff(plane, axis=0) ** 2) + np.mean(np.diff(plane, axis=1) ** 2))
