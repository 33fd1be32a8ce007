"""What goes wrong with photos of skin, done to sound ones: the quality gate is measured on these.

A defect is set by what it takes from the photo and not by the camera's dial: two stops too many wash out fair skin and
do nothing to dark skin, but a photo of which 60% is white has lost as much on either. All work on uint8 [S, S, 3] RGB,
in floating point up to one last rounding, as a lens and a sensor do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image

from runtime.photo.decode import Pixels
from runtime.photo.quality import QualityProblem

REFERENCE_SIDE = 224
"""Blur is given in pixels of a photo of this side."""

_UNEVEN = np.float32(0.02)
"""Standard deviation of the light from bare skin at each of three scales, as a share of it."""

_Light = np.ndarray
"""float32 [S, S, 3], levels"""
_Apply = Callable[[_Light, np.random.Generator], _Light]


@dataclass(frozen=True, kw_only=True)
class Defect:
    """One way to spoil a photo, at one strength."""

    name: str
    apply: _Apply
    problem: QualityProblem | None
    """what the gate should say; None for a defect that a photo can be judged with"""

    def spoil(self, pixels: Pixels, *, seed: int) -> Pixels:
        """The photo with the defect; the same seed puts it in the same place on every photo."""
        light = self.apply(pixels.astype(np.float32), np.random.default_rng(seed))
        return np.clip(np.rint(light), 0, 255).astype(np.uint8)


def _sound(light: _Light, rng: np.random.Generator) -> _Light:
    return light


def _blur(sigma: float) -> _Apply:
    return lambda light, rng: _gaussian(light, sigma)


def _blur_of_the_spot(sigma: float) -> _Apply:
    """The background in focus and the middle not."""

    def apply(light: _Light, rng: np.random.Generator) -> _Light:
        inside = np.clip((0.95 - _from(0.0, 0.0, len(light))) / 0.15, 0, 1)[..., None]
        return light + inside * (_gaussian(light, sigma) - light)

    return apply


def _motion(length: float) -> _Apply:
    """A straight move in a random direction."""

    def apply(light: _Light, rng: np.random.Generator) -> _Light:
        side, angle = len(light), rng.uniform(0, np.pi)
        reach = length * side / REFERENCE_SIDE / 2
        margin = int(np.ceil(reach)) + 1
        wide = np.pad(light, ((margin, margin), (margin, margin), (0, 0)), mode="reflect")
        total = np.zeros_like(light)
        steps = np.linspace(-reach, reach, round(length) + 1)
        for step in steps:
            top, left = margin + round(step * np.sin(angle)), margin + round(step * np.cos(angle))
            total += wide[top : top + side, left : left + side]
        return total / len(steps)

    return apply


def _dark(level: float) -> _Apply:
    """Exposure by which the photo's bright end (98%) comes down to `level`."""
    return lambda light, rng: light * (level / max(float(np.percentile(light.max(axis=-1), 98)), level))


def _washed_out(share: float) -> _Apply:
    """Exposure by which this share of the photo is white in all channels."""
    return lambda light, rng: light * (255.0 / max(float(np.quantile(light.min(axis=-1), 1 - share)), 1.0))


def _crushed(share: float) -> _Apply:
    """A black point by which this share of the photo's middle is black in all channels."""

    def apply(light: _Light, rng: np.random.Generator) -> _Light:
        start, stop = len(light) // 4, len(light) * 3 // 4
        black = float(np.quantile(light[start:stop, start:stop].max(axis=-1), share))
        return (light - black) * (255.0 / max(255.0 - black, 1.0))

    return apply


def _glare(share: float) -> _Apply:
    """White reflections with soft edges over this share of the middle (0.25-0.75 of the sides)."""

    def apply(light: _Light, rng: np.random.Generator) -> _Light:
        side, spots = len(light), 3
        radius = np.sqrt(share / spots / np.pi)  # of the photo's half-side: the middle is 1 x 1 of them
        cover = np.zeros((side, side), np.float32)
        for turn in rng.uniform(0, 2 * np.pi / spots) + np.arange(spots) * 2 * np.pi / spots:
            away = _from(0.28 * np.cos(turn), 0.28 * np.sin(turn), side)
            cover = np.maximum(cover, np.clip((1.25 - away / radius) / 0.35, 0, 1))
        return light + cover[..., None] * (255.0 - light)

    return apply


def _fog(contrast: float) -> _Apply:
    """Differences shrunk to this share of themselves."""
    return lambda light, rng: light.mean(axis=(0, 1)) + contrast * (light - light.mean(axis=(0, 1)))


def _far(scale: float) -> _Apply:
    """The middle of the photo `scale` times its size, on bare skin of its colour."""

    def apply(light: _Light, rng: np.random.Generator) -> _Light:
        side = len(light)
        canvas = _bare_skin(light, rng)
        small = _resized(light, max(round(side * scale), 4))
        inside = np.clip((0.95 - _from(0.0, 0.0, len(small))) / 0.3, 0, 1)[..., None]
        top = left = (side - len(small)) // 2
        place = canvas[top : top + len(small), left : left + len(small)]
        place += inside * (small - place)
        return canvas

    return apply


def _far_spot(radius: float) -> _Apply:
    """Bare skin of the photo's colour, and on it a spot of half its light: the same contrast on every skin."""

    def apply(light: _Light, rng: np.random.Generator) -> _Light:
        inside = np.clip((1.2 - _from(0.0, 0.0, len(light)) / radius) / 0.4, 0, 1)
        return _bare_skin(light, rng) * (1 - 0.5 * inside[..., None])

    return apply


def _cast(red: float, green: float, blue: float) -> _Apply:
    """Light of another colour: gains of the channels."""
    gains = np.array([red, green, blue], np.float32)
    return lambda light, rng: light * gains


DEFECTS = (
    Defect(name="sound", apply=_sound, problem=None),
    Defect(name="blur, sigma 2", apply=_blur(2), problem=None),
    Defect(name="blur, sigma 4", apply=_blur(4), problem=QualityProblem.BLURRED),
    Defect(name="blur, sigma 6", apply=_blur(6), problem=QualityProblem.BLURRED),
    Defect(name="blur, sigma 8", apply=_blur(8), problem=QualityProblem.BLURRED),
    Defect(name="spot out of focus, sigma 6", apply=_blur_of_the_spot(6), problem=QualityProblem.BLURRED),
    Defect(name="spot out of focus, sigma 8", apply=_blur_of_the_spot(8), problem=QualityProblem.BLURRED),
    Defect(name="moved 12 px", apply=_motion(12), problem=QualityProblem.BLURRED),
    Defect(name="moved 24 px", apply=_motion(24), problem=QualityProblem.BLURRED),
    Defect(name="moved 48 px", apply=_motion(48), problem=QualityProblem.BLURRED),
    Defect(name="dark, bright end at 40", apply=_dark(40), problem=None),
    Defect(name="dark, bright end at 12", apply=_dark(12), problem=QualityProblem.TOO_DARK),
    Defect(name="crushed, middle 50% black", apply=_crushed(0.5), problem=QualityProblem.TOO_DARK),
    Defect(name="washed out, 60% white", apply=_washed_out(0.6), problem=QualityProblem.OVEREXPOSED),
    Defect(name="no detail, contrast x 0.02", apply=_fog(0.02), problem=QualityProblem.NO_DETAIL),
    Defect(name="glare over 5%", apply=_glare(0.05), problem=None),
    Defect(name="glare over 30%", apply=_glare(0.30), problem=QualityProblem.GLARE),
    Defect(name="far, a spot of 1/2 light", apply=_far_spot(0.06), problem=QualityProblem.TOO_FAR),
    Defect(name="far, the lesion x 0.1", apply=_far(0.10), problem=QualityProblem.TOO_FAR),
    Defect(name="warm bulb", apply=_cast(1.0, 0.85, 0.6), problem=None),
    Defect(name="green light", apply=_cast(0.45, 1.0, 0.45), problem=QualityProblem.COLOUR_CAST),
    Defect(name="blue light", apply=_cast(0.3, 0.55, 1.0), problem=QualityProblem.COLOUR_CAST),
    Defect(name="deep blue light", apply=_cast(0.2, 0.5, 1.0), problem=QualityProblem.COLOUR_CAST),
    Defect(name="red lamp", apply=_cast(1.0, 0.2, 0.1), problem=QualityProblem.COLOUR_CAST),
    Defect(name="magenta light", apply=_cast(1.0, 0.3, 1.0), problem=QualityProblem.COLOUR_CAST),
)


def _gaussian(light: _Light, sigma: float) -> _Light:
    weights = _gaussian_weights(len(light), sigma * len(light) / REFERENCE_SIDE)
    planes = np.ascontiguousarray(light.transpose(2, 0, 1))  # in strided planes a product costs ten times as much
    return (weights @ planes @ weights.T).transpose(1, 2, 0)


@cache
def _gaussian_weights(side: int, sigma: float) -> np.ndarray:
    """[side, side]: each row the weights of one pixel; the photo's edge is mirrored."""
    reach = int(4 * sigma) + 1
    places = np.arange(-reach, side + reach)
    mirrored = (side - 1) - np.abs((side - 1) - np.abs(places))
    weights = np.zeros((side, side), np.float32)
    for row in range(side):
        kernel = np.exp(-0.5 * ((places - row) / sigma) ** 2)
        np.add.at(weights[row], mirrored, kernel / kernel.sum())
    return weights


def _from(x: float, y: float, side: int) -> np.ndarray:
    """Distance [side, side] to a point; the middle of the photo is (0, 0), its sides are at 1."""
    down, across = (np.mgrid[0:side, 0:side] + 0.5) / (side / 2) - 1.0
    return np.hypot(across - x, down - y).astype(np.float32)


def _bare_skin(light: _Light, rng: np.random.Generator) -> _Light:
    """Skin as large as the photo, of its colour, and as uneven on every tone: coarse, middling and fine mottling."""
    side = len(light)
    colour = np.median(light.reshape(-1, 3), axis=0)
    mottling = np.zeros((side, side), np.float32)
    for cells in (5, 24, side):
        grain = Image.fromarray(_UNEVEN * rng.standard_normal((cells, cells), dtype=np.float32))
        mottling += np.asarray(grain.resize((side, side), Image.Resampling.BICUBIC))
    return colour.astype(np.float32) * np.exp(mottling)[..., None]


def _resized(light: _Light, side: int) -> _Light:
    planes = [
        np.asarray(
            Image.fromarray(np.ascontiguousarray(light[..., channel])).resize((side, side), Image.Resampling.BOX)
        )
        for channel in range(3)
    ]
    return np.stack(planes, axis=-1)
