"""The quality gate: it refuses what cannot be judged, on every skin tone alike."""

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from runtime.photo import load_square
from runtime.quality import QualityProblem, measure_quality

# sRGB of skin from Fitzpatrick I to VI, after the reference swatches in common use.
TONES = {
    "I": (244, 208, 177),
    "II": (231, 180, 143),
    "III": (210, 158, 124),
    "IV": (186, 119, 80),
    "V": (165, 93, 43),
    "VI": (60, 32, 29),
}
SEEDS = range(5)


def skin(tone: str, *, seed: int, size: int = 224, sigma: float = 0.0) -> np.ndarray:
    """Skin of one tone with pores, uneven light and a darker lesion, all as shares of the tone; blurred, then rounded.

    Blurring before rounding, as a lens does: Pillow's blur rounds several times over, which is detail in dark pixels.
    """
    random_state = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    light = 0.8 + 0.15 * np.sin(2 * x + y + seed)
    pores = 1 + 0.05 * random_state.standard_normal((size, size))
    centre = random_state.uniform(0.4, 0.6, 2)
    lesion = 1 - 0.4 / (1 + np.exp((np.hypot(x - centre[0], y - centre[1]) - 0.18) * 60))
    reflectance = smoothed(light * pores * lesion, sigma)
    pixels = np.array(TONES[tone]) * reflectance[..., np.newaxis]
    return np.clip(np.round(pixels), 0, 255).astype(np.uint8)


def smoothed(plane: np.ndarray, sigma: float) -> np.ndarray:
    """A Gaussian blur in floating point, edges repeated."""
    if not sigma:
        return plane
    reach = int(4 * sigma)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    for _ in range(2):  # once down, once across
        padded = np.pad(plane, ((reach, reach), (0, 0)), mode="edge")
        plane = np.apply_along_axis(np.convolve, 0, padded, kernel / kernel.sum(), mode="valid").T
    return plane


def blurred(pixels: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(sigma)))


def rejected(photos: list[np.ndarray]) -> float:
    return sum(measure_quality(photo).problem is not None for photo in photos) / len(photos)


@pytest.mark.parametrize("tone", TONES)
def test_a_sharp_photo_of_any_tone_passes(tone: str) -> None:
    assert rejected([skin(tone, seed=seed) for seed in SEEDS]) == 0


@pytest.mark.parametrize("tone", TONES)
def test_a_very_blurred_photo_of_any_tone_is_refused(tone: str) -> None:
    photos = [skin(tone, seed=seed, sigma=8) for seed in SEEDS]
    assert rejected(photos) == 1
    assert all(measure_quality(photo).problem is QualityProblem.BLURRED for photo in photos)


@pytest.mark.parametrize("exposure", [0.5, 0.75, 1.0])
def test_exposure_treats_all_tones_alike(exposure: float) -> None:
    rates = {tone: rejected([(skin(tone, seed=seed) * exposure).astype(np.uint8) for seed in SEEDS]) for tone in TONES}
    assert set(rates.values()) == {0.0}


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_sharpness_hardly_depends_on_the_tone(sigma: float) -> None:
    values = [
        np.mean([measure_quality(skin(tone, seed=seed, sigma=sigma)).sharpness for seed in SEEDS]) for tone in TONES
    ]
    assert max(values) < 1.05 * min(values)


@pytest.mark.parametrize(
    ("level", "problem"),
    [(0, "too_dark"), (10, "too_dark"), (128, "no_detail"), (60, "no_detail"), (255, "overexposed")],
)
def test_a_uniform_photo_is_refused_for_what_is_wrong_with_it(level: int, problem: str) -> None:
    assert measure_quality(np.full((224, 224, 3), level, dtype=np.uint8)).problem == problem


def test_rounding_noise_does_not_pass_for_detail() -> None:
    noise = np.random.default_rng(0).integers(127, 130, (224, 224, 3), dtype=np.uint8)
    assert measure_quality(noise).problem is not None


def test_a_smooth_gradient_has_no_detail_at_any_steepness() -> None:
    for top in (120, 250):
        ramp = np.linspace(20, top, 224)[np.newaxis, :, np.newaxis]
        photo = np.broadcast_to(ramp, (224, 224, 3)).round().astype(np.uint8)
        assert measure_quality(photo).problem is QualityProblem.BLURRED


@pytest.mark.parametrize("size", [96, 224, 320])
def test_other_input_sizes_are_judged_too(size: int) -> None:
    assert measure_quality(skin("III", seed=1, size=size)).problem is None
    assert measure_quality(np.full((size, size, 3), 90, dtype=np.uint8)).problem is not None


def test_real_photos_pass_and_their_blurred_copies_do_not(shared_data: Path) -> None:
    paths = sorted((shared_data / "Skin Cancer" / "Skin Cancer").glob("*.jpg"))
    photos = [load_square(path, size=224) for path in random.Random(0).sample(paths, 300)]
    assert rejected(photos) < 0.02
    assert rejected([blurred(photo, 6) for photo in photos[:60]]) > 0.95


def test_phone_photos_pass(shared_data: Path, shared_photos: Path) -> None:
    paths = [*(shared_data / "pad_ufes" / "images").glob("*.png"), *(shared_photos / "full_resolution").glob("*.png")]
    assert len(paths) > 100
    assert rejected([load_square(path, size=224) for path in paths]) < 0.02
