"""A photo to measure with, drawn the same on every device.

Decoding costs by size and by detail, not by what is shown.
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

PHONE_PHOTO = (4032, 3024)
"""Width and height: 12 megapixels, what phone cameras have written since about 2015."""
NAME = "drawn-12-megapixel.jpg"

_SMALLER = 4
"""Drawn so many times smaller and enlarged: a phone would wait for seconds, and hold hundreds of megabytes."""
_SKIN, _SPOT = (214, 164, 138), (104, 62, 46)
_GRAIN, _TILE = 6.0, 504
"""Standard deviation of the sensor's noise in levels of 255: with it a file has about 3 MB, as phones write. The noise
repeats after so many pixels, which both sides of a phone's photo are a multiple of."""


def drawn_photo(size: tuple[int, int] = PHONE_PHOTO) -> bytes:
    """A JPEG of an uneven brown spot on skin under uneven light, with a sensor's grain."""
    small = Image.fromarray(_spot(size[0] // _SMALLER, size[1] // _SMALLER))
    pixels = np.asarray(small.resize(size, Image.Resampling.BICUBIC)).copy()
    grain = np.rint(np.random.default_rng(0).normal(0, _GRAIN, (_TILE, _TILE, 1))).astype(np.int16)
    for top in range(0, size[1], _TILE):
        for left in range(0, size[0], _TILE):
            part = pixels[top : top + _TILE, left : left + _TILE]
            part[:] = np.clip(part + grain[: part.shape[0], : part.shape[1]], 0, 255)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=90)
    return out.getvalue()


def _spot(width: int, height: int) -> npt.NDArray[np.uint8]:
    """uint8 [height, width, 3]"""
    across = np.linspace(-1, 1, width)[np.newaxis] * width / height
    down = np.linspace(-1, 1, height)[:, np.newaxis]
    angle = np.arctan2(down, across)
    edge = 0.42 * (1 + 0.08 * np.sin(3 * angle) + 0.05 * np.cos(7 * angle))
    inside = 1 / (1 + np.exp(np.clip((np.hypot(across, down) - edge) * 120, -50, 50)))
    net = 1 + 0.12 * np.sin(40 * across) * np.sin(40 * down)  # what a dermatologist calls a pigment network
    light = 1 - 0.06 * (across + down)
    skin, spot = np.array(_SKIN), np.array(_SPOT) * net[..., np.newaxis]
    pixels = (skin + (spot - skin) * inside[..., np.newaxis]) * light[..., np.newaxis]
    return np.clip(pixels, 0, 255).astype(np.uint8)
