"""Seeded views of a photo: the same seed gives the same pixels, so that the student sees what the teacher saw.

A view is a pure function of (pixels, seed, size); nothing else is drawn at training time. Stored seeds
instead of stored pixels follow TinyViT (Wu et al. 2022, arXiv:2207.10666).
"""

import io

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

VIEW_VERSION = 1
"""Which pixels a seed gives: raised whenever the same seed gives others, so that no label of another view is used."""

AREA = (0.45, 1.0)
"""Share of the square a random crop keeps. The lesion fills about a third of a dermoscopic image, so a crop
below 0.45 could lose it."""
ASPECT = (0.8, 1.25)
CHANNEL_GAIN = 0.06
"""Half-width of the per-channel gain: white balance of phones differs by about this much."""
TONE_JITTER = 0.25
"""Half-width of brightness, contrast and saturation factors around 1."""
BLUR_PROBABILITY = 0.1
JPEG_PROBABILITY = 0.15


def make_view(pixels: np.ndarray, *, seed: int, size: int) -> np.ndarray:
    """One augmented view.

    pixels: uint8 [S, S, 3], the canonical square. Returns uint8 [size, size, 3].
    """
    rng = np.random.default_rng(seed)
    image = _random_crop(Image.fromarray(pixels), rng, size)
    image = _random_orientation(image, rng)
    image = _random_tone(image, rng)
    return np.asarray(_random_capture(image, rng))


def plain_view(pixels: np.ndarray, *, size: int) -> np.ndarray:
    """The view without augmentation, what the device sees: uint8 [size, size, 3]."""
    if pixels.shape[0] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.BILINEAR))


def _random_crop(image: Image.Image, rng: np.random.Generator, size: int) -> Image.Image:
    side = image.width
    area = rng.uniform(*AREA)
    aspect = np.exp(rng.uniform(np.log(ASPECT[0]), np.log(ASPECT[1])))
    width, height = (min(side, side * np.sqrt(area * ratio)) for ratio in (aspect, 1 / aspect))
    left, top = rng.uniform(0, side - width), rng.uniform(0, side - height)
    return image.resize((size, size), Image.Resampling.BILINEAR, box=(left, top, left + width, top + height))


def _random_orientation(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """One of the eight symmetries of the square: a lesion has no upright."""
    if rng.random() < 0.5:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    turn = rng.integers(4)
    return image if turn == 0 else image.transpose(Image.Transpose(Image.Transpose.ROTATE_90 + turn - 1))


def _random_tone(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    gains = rng.uniform(1 - CHANNEL_GAIN, 1 + CHANNEL_GAIN, 3) * rng.uniform(1 - TONE_JITTER, 1 + TONE_JITTER)
    levels = np.arange(256)
    table = np.concatenate([np.clip(levels * gain, 0, 255) for gain in gains]).astype(np.uint8)
    image = image.point(table.tolist())
    image = ImageEnhance.Contrast(image).enhance(rng.uniform(1 - TONE_JITTER, 1 + TONE_JITTER))
    return ImageEnhance.Color(image).enhance(rng.uniform(1 - TONE_JITTER, 1 + TONE_JITTER))


def _random_capture(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """What phones add: a little blur, a little compression."""
    blur, jpeg = rng.random(2)
    if blur < BLUR_PROBABILITY:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.5)))
    if jpeg < JPEG_PROBABILITY:
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=int(rng.integers(35, 90)))
        image = Image.open(buffer).convert("RGB")
    return image
