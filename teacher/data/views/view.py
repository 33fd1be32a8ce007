"""A view: which changes a photo goes through, and how often.

A view is a pure function of (pixels, domain, seed, size, config), and the config carries the version of the function;
nothing else is drawn at training time. Stored seeds instead of stored pixels follow TinyViT (Wu et al. 2022,
arXiv:2207.10666).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import cv2
import numpy as np
from PIL import Image

from teacher.data.sample import DataError, Domain
from teacher.data.views.camera import blur, compress, move, sensor_noise
from teacher.data.views.dermoscope import gel_bubbles, put_vignette, take_vignette
from teacher.data.views.frame import frame
from teacher.data.views.light import develop, flash, shadow
from teacher.data.views.marks import draw_hair, draw_ruler
from teacher.data.views.removal import take_marks
from teacher.options import OPTION

cv2.setNumThreads(1)  # views are made by our own threads: a second pool under each of them would only get in the way

VIEW_VERSION = 3
"""Which pixels a seed gives: raised whenever the same seed gives others, so that no soft label made for the old ones
is used again. 1: crops, symmetries and colour jitter; 2: framing, light, camera and bridging between domains; 3: cut
from larger squares (`square_side`), which are never enlarged."""

HAIR, RULER, BUBBLES, VIGNETTE = 0.25, 0.25, 0.12, 0.12
"""How often each is put onto a photo, whatever its label. Most views (44%) of a phone photo get none of the four; hair
and ruler are the commonest in real dermoscopic photos as well."""

HAIR_OFF, RULER_OFF, VIGNETTE_OFF = 0.7, 0.8, 0.7
"""How often each is taken off where it is found. A mark that stands on a share s of the malignant photos and on none of
the benign ones stands, where all of s is found, on s x (1 - off x (1 - on)) against `on` after it: for a ruler on
every malignant photo 0.40 against 0.25, a likelihood ratio of 1.6 instead of infinity."""

SHADOW, FLASH = 0.2, 0.08
"""A hand's or a phone's shadow falls on one hand-held photo in five; phones flash in poor light only, and what shines
is a small part of those photos."""

MOTION, BLUR, NOISE, JPEG = 0.12, 0.12, 0.4, 0.3
"""Sharp photos are the rule: a quarter is unsharp, for one reason or the other. Every sensor is noisy and every phone
compresses; the rest of the views are as clean as the photo was."""


@dataclass(frozen=True, kw_only=True)
class ViewConfig:
    """Which changes the views go through; stored with the soft labels and the run."""

    bridging: Annotated[bool, OPTION] = True
    """views that bridge domains: hair, rulers, gel and vignettes put onto photos and taken off them"""
    capture: bool = True
    """shadows, flash, blur, noise and JPEG, as hand-held phones add them"""
    version: int = VIEW_VERSION
    """of the function that makes the views"""


def make_view(
    pixels: np.ndarray, *, domain: Domain, seed: int, size: int, config: ViewConfig | None = None
) -> np.ndarray:
    """One view.

    pixels: uint8 [S, S, 3], a square of any size. Returns uint8 [size, size, 3]; bit for bit the same on one machine,
    on any number of threads. Raises DataError for a version of views that this code cannot make.
    """
    config = config or ViewConfig()
    if config.version != VIEW_VERSION:
        raise DataError(
            f"views of version {config.version} were asked for and this code makes version {VIEW_VERSION}: make the "
            "soft labels anew"
        )
    rng = np.random.default_rng(seed)
    image = pixels
    if config.bridging and domain is Domain.DERMOSCOPIC and rng.random() < VIGNETTE_OFF:
        image = take_vignette(image)
    image = frame(image, rng, domain=domain, size=size)
    if config.bridging:
        image = _bridge(image, rng, domain=domain)
    image = develop(image, rng)
    return _capture(image, rng) if config.capture else image


def plain_view(pixels: np.ndarray, *, size: int) -> np.ndarray:
    """The view without any change, what the device sees: uint8 [size, size, 3]."""
    if pixels.shape[0] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BICUBIC))


def _bridge(image: np.ndarray, rng: np.random.Generator, *, domain: Domain) -> np.ndarray:
    """Marks off, then marks on: what is put on says nothing about the photo."""
    ruler_off, hair_off = rng.random() < RULER_OFF, rng.random() < HAIR_OFF
    image = take_marks(image, hair=hair_off and domain is Domain.DERMOSCOPIC, ruler=ruler_off)
    image = _now_and_then(HAIR, draw_hair, image, rng)
    image = _now_and_then(RULER, draw_ruler, image, rng)
    if domain is not Domain.DERMOSCOPIC:
        image = _now_and_then(BUBBLES, gel_bubbles, image, rng)
        image = _now_and_then(VIGNETTE, put_vignette, image, rng)
    return image


def _capture(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What a hand-held phone adds, in the order of light, lens, sensor, file."""
    for share, effect in ((SHADOW, shadow), (FLASH, flash), (MOTION, move), (BLUR, blur), (NOISE, sensor_noise)):
        image = _now_and_then(share, effect, image, rng)
    return _now_and_then(JPEG, compress, image, rng)


def _now_and_then(
    share: float,
    effect: Callable[[np.ndarray, np.random.Generator], np.ndarray],
    image: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    return effect(image, rng) if rng.random() < share else image
