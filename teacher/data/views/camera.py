"""What the camera adds: a hand that moves, focus that misses, a sensor's noise, the file's compression."""

import math
from functools import lru_cache

import cv2
import numpy as np

from teacher.data.views.light import GAMMA

MOVE = (1.5, 6.0)
"""Length of a movement in pixels of a view of 224."""
DEFOCUS = (0.4, 1.5)
"""Standard deviation of the blur in pixels of a view of 224; beyond it the app's quality gate refuses the photo."""
SHOT = (1e-4, 6e-3)
"""Variance of shot noise at full light, in linear light of 0-1: 1 / electrons held. 10,000 electrons are a phone's
pixel by day, or nine of them averaged by the resize; 170 are what is left of it at ISO 3200 in a room."""
READ = 0.012
"""Read noise in linear light at the largest shot noise; it falls with the square root of the gain as the other does."""
DARKEST = 0.15
"""Level below which a camera's curve is a straight line (slope 4.5: Rec. 709), so that noise grows no more."""
QUALITY = (30, 92)
"""JPEG quality: from messengers to cameras."""

REFERENCE_SIDE = 224
_FIELD = 512
"""Side of the noise that is drawn once; every view cuts its own out of 288 x 288 places and two signs."""


def move(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A straight move during the exposure."""
    length = rng.uniform(*MOVE) * image.shape[0] / REFERENCE_SIDE
    angle = rng.uniform(0, math.pi)
    half = max(1, math.ceil(length / 2))
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    dx, dy = length / 2 * math.cos(angle), length / 2 * math.sin(angle)
    ends = np.array([[half - dx, half - dy], [half + dx, half + dy]])
    start, stop = (np.round(end * 256).astype(int).tolist() for end in ends)
    cv2.line(kernel, start, stop, 1.0, 1, cv2.LINE_8, 8)
    return cv2.filter2D(image, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REFLECT_101)


def blur(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Focus that missed."""
    sigma = rng.uniform(*DEFOCUS) * image.shape[0] / REFERENCE_SIDE
    return cv2.GaussianBlur(image, (0, 0), sigma)


def sensor_noise(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Shot noise and read noise, as they are after the camera's curve; the darker the photo, the more."""
    shot = math.exp(rng.uniform(math.log(SHOT[0]), math.log(SHOT[1])))
    kind, sign = int(rng.integers(2)), 1 if rng.random() < 0.5 else -1
    field = _fields(max(_FIELD, image.shape[0]))[kind]
    room = field.shape[0] - image.shape[0]
    top, left = rng.integers(0, room + 1, 2).tolist()
    cut = field[top : top + image.shape[0], left : left + image.shape[0]]
    levels = sign * noise_levels(shot, sum(cv2.mean(image)[:3]) / 3 / 255)
    return cv2.addWeighted(image, 1.0, cut, levels, 0, dtype=cv2.CV_8U)


def noise_levels(shot: float, level: float) -> float:
    """Standard deviation of the noise, in levels of 255, of a photo of this mean level (0-1).

    One figure for all its pixels: shot noise grows with the root of the light and the curve's slope falls with its
    power 0.55, so that after the curve it is the same from shadows to highlights but for a tenth.
    """
    linear = max(level, DARKEST) ** GAMMA
    variance = shot * linear + READ**2 * shot / SHOT[1]
    slope = linear ** (1 / GAMMA - 1) / GAMMA  # of the curve: level per light
    return 255 * math.sqrt(variance) * slope


def compress(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A JPEG's round trip."""
    options = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(*QUALITY))]
    _, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    decoded = cv2.imdecode(data, cv2.IMREAD_COLOR)
    assert decoded is not None
    return cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB)


@lru_cache(maxsize=2)
def _fields(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Standard normal noise, float32 [side, side, 3] each: of single pixels, and as a camera's denoising leaves it.

    Two thirds of the variance are brightness, the rest colour: a mosaic sensor sees one channel a pixel.
    """
    rng = np.random.default_rng(0)
    grey, colour = rng.standard_normal((side, side, 1), np.float32), rng.standard_normal((side, side, 3), np.float32)
    fine = np.float32(math.sqrt(2 / 3)) * grey + np.float32(math.sqrt(1 / 3)) * colour
    soft = cv2.GaussianBlur(fine, (0, 0), 0.8)
    return fine, soft / soft.std()
