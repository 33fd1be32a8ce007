"""What a photo goes through: the twelve distortions of the reference work, and three that two careful people differ by.

Lens, sensor and file work on the square that the model sees; where the frame moves, the square is cut anew out of the
photo. Strengths are in pixels of a square of 224 and grow with it. Whatever is drawn comes from the photo's content.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from runtime.photo.decode import Pixels, open_photo

REFERENCE_SIDE = 224

STEP, ZOOM = 0.05, 1.1
"""What two careful people differ by when they frame the same spot (`runtime.neighbours`)."""

_MARGIN = 0.06
"""Of the square's side, mirrored around a photo that ends where its square does: as wide as the frame moves."""

_SPARE = 1.5
"""Pixels of the photo's short side for each of the square's: antialiasing hides how the photo was decoded."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A photo to be distorted."""

    square: Pixels
    """uint8 [S, S, 3]"""
    path: Path
    content: str
    """hexadecimal digits: seeds whatever is drawn"""

    @property
    def seed(self) -> int:
        return int(self.content[:12], 16)

    @property
    def unit(self) -> float:
        """Pixels of this square for one of a square of 224."""
        return len(self.square) / REFERENCE_SIDE


@dataclass(frozen=True, kw_only=True)
class Distortion:
    """One way to take a photo worse, or merely otherwise."""

    name: str
    apply: Callable[[Shot], Pixels]
    everyday: bool = False
    """of real use: no photo is worse for it, so the answer should stay"""


def _clean(shot: Shot) -> Pixels:
    return shot.square


def _blur(sigma: float) -> Callable[[Shot], Pixels]:
    return lambda shot: _u8(cv2.GaussianBlur(shot.square, (0, 0), sigma * shot.unit, borderType=cv2.BORDER_REFLECT_101))


def _noise(levels: float) -> Callable[[Shot], Pixels]:
    """Of the sensor, the same on every level: standard deviation in levels of 255."""

    def apply(shot: Shot) -> Pixels:
        drawn = np.random.default_rng(shot.seed).standard_normal(shot.square.shape, dtype=np.float32)
        return _u8(shot.square + levels * drawn)

    return apply


def _light(gain: float) -> Callable[[Shot], Pixels]:
    return lambda shot: _u8(gain * shot.square.astype(np.float32))


def _compressed(quality: int) -> Callable[[Shot], Pixels]:
    def apply(shot: Shot) -> Pixels:
        bgr = cv2.cvtColor(shot.square, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
        decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
        assert decoded is not None
        return _u8(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB))

    return apply


def _turned(degrees: float) -> Callable[[Shot], Pixels]:
    """Around the middle; the corners are mirrored, as black ones would be told from skin."""

    def apply(shot: Shot) -> Pixels:
        side = len(shot.square)
        turn = cv2.getRotationMatrix2D(((side - 1) / 2, (side - 1) / 2), degrees, 1.0)
        flags = cv2.INTER_CUBIC
        return _u8(cv2.warpAffine(shot.square, turn, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT_101))

    return apply


def _after(*steps: Callable[[Shot], Pixels]) -> Callable[[Shot], Pixels]:
    def apply(shot: Shot) -> Pixels:
        for step in steps:
            shot = replace(shot, square=step(shot))
        return shot.square

    return apply


def _moved(shot: Shot) -> Pixels:
    """Left, right, up or down, as the photo's content says: always the same way."""
    across, down = ((-STEP, 0.0), (STEP, 0.0), (0.0, -STEP), (0.0, STEP))[shot.seed % 4]
    return reframed(shot.path, len(shot.square), across=across, down=down)


def _zoomed(shot: Shot) -> Pixels:
    return reframed(shot.path, len(shot.square), zoom=ZOOM)


def _quarter_turn(shot: Shot) -> Pixels:
    return np.ascontiguousarray(np.rot90(shot.square))


DISTORTIONS = (
    Distortion(name="clean", apply=_clean),
    Distortion(name="blur, light", apply=_blur(1.0)),
    Distortion(name="blur, heavy", apply=_blur(3.0)),
    Distortion(name="noise, light", apply=_noise(10.0)),
    Distortion(name="noise, heavy", apply=_noise(30.0)),
    Distortion(name="dark", apply=_light(0.5)),
    Distortion(name="bright", apply=_light(1.5)),
    Distortion(name="compression, light", apply=_compressed(50)),
    Distortion(name="compression, heavy", apply=_compressed(15)),
    Distortion(name="turned by 15 degrees", apply=_turned(15)),
    Distortion(name="turned by 45 degrees", apply=_turned(45)),
    Distortion(name="combined", apply=_after(_light(0.7), _blur(1.0), _noise(10.0), _compressed(50))),
    Distortion(name="frame moved by 5%", apply=_moved, everyday=True),
    Distortion(name="zoomed by 10%", apply=_zoomed, everyday=True),
    Distortion(name="turned by 90 degrees", apply=_quarter_turn, everyday=True),
)
"""The first leaves the photo as it is. Combined: 70% of the light, unsharp, noisy and compressed, all lightly."""


def reframed(path: Path, size: int, *, across: float = 0.0, down: float = 0.0, zoom: float = 1.0) -> Pixels:
    """The square beside a photo's centre square, uint8 [size, size, 3].

    across, down: by which share of the square's side it moves; zoom: above 1 for a smaller square. Where the photo ends
    it is mirrored. Raises PhotoError.
    """
    image = open_photo(path, min_side=math.ceil(_SPARE * zoom * size))
    full = min(image.size)
    margin = math.ceil(_MARGIN * full)
    pixels = cv2.copyMakeBorder(np.asarray(image), margin, margin, margin, margin, cv2.BORDER_REFLECT_101)
    side = full / zoom
    left = margin + (image.width - side) / 2 + across * full
    top = margin + (image.height - side) / 2 + down * full
    box = (left, top, left + side, top + side)
    square = Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC, box=box)
    return np.array(square, dtype=np.uint8)


def _u8(light: np.ndarray) -> Pixels:
    return np.clip(np.rint(light), 0, 255).astype(np.uint8)
