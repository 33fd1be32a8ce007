"""The quality gate: it refuses what cannot be judged, on every skin tone alike."""

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from benchmarks.workshop.photos.defects import DEFECTS, Defect
from runtime.photo.decode import load_square
from runtime.photo.quality import QualityProblem, measure_quality
from teacher.data.synthetic import SyntheticConfig, draw_scene, paint

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
DRAWINGS = 8
BY_NAME = {defect.name: defect for defect in DEFECTS}
CAUGHT_ON_ALL = [
    "blur, sigma 6",
    "blur, sigma 8",
    "spot out of focus, sigma 6",
    "spot out of focus, sigma 8",
    "moved 12 px",
    "moved 24 px",
    "moved 48 px",
    "dark, bright end at 12",
    "crushed, middle 50% black",
    "washed out, 60% white",
    "no detail, contrast x 0.02",
    "glare over 30%",
    "far, a spot of 1/2 light",
    "green light",
    "blue light",
    "deep blue light",
    "red lamp",
    "magenta light",
]
HARMLESS = ["sound", "glare over 5%", "dark, bright end at 40", "warm bulb"]


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


@cache
def drawings(tone: int) -> tuple[np.ndarray, ...]:
    scenes = [replace(draw_scene(SyntheticConfig(seed=30_000), index), tone=tone) for index in range(DRAWINGS)]
    return tuple(paint(scene, side=224) for scene in scenes)


def spoilt(defect: Defect, tone: int) -> Iterator[np.ndarray]:
    return (defect.spoil(pixels, seed=seed) for seed, pixels in enumerate(drawings(tone)))


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
    assert {measure_quality(photo).problem for photo in photos} == {QualityProblem.BLURRED}


@pytest.mark.parametrize("tone", range(1, 7))
@pytest.mark.parametrize("name", CAUGHT_ON_ALL)
def test_a_defect_is_caught_on_every_tone_and_called_by_its_name(name: str, tone: int) -> None:
    defect = BY_NAME[name]
    assert {measure_quality(photo).problem for photo in spoilt(defect, tone)} == {defect.problem}


@pytest.mark.parametrize("tone", range(1, 7))
@pytest.mark.parametrize("name", HARMLESS)
def test_what_can_be_judged_passes_on_every_tone(name: str, tone: int) -> None:
    assert rejected(list(spoilt(BY_NAME[name], tone))) == 0


@pytest.mark.parametrize("tone", [1, 6])
def test_more_blur_never_makes_a_refused_photo_good(tone: int) -> None:
    for pixels in drawings(tone)[:4]:
        refused = [measure_quality(blurred(pixels, sigma)).problem is not None for sigma in (0, 1, 2, 3, 4, 6, 8, 12)]
        assert refused == sorted(refused)
        assert refused[-1]


@pytest.mark.parametrize("tone", [1, 6])
def test_more_glare_never_makes_a_refused_photo_good(tone: int) -> None:
    for pixels in drawings(tone)[:4]:
        refused = []
        for radius in range(0, 90, 6):
            photo = pixels.copy()
            y, x = np.mgrid[0:224, 0:224]
            photo[np.hypot(x - 112, y - 112) < radius] = 255
            refused.append(measure_quality(photo).problem is not None)
        assert refused == sorted(refused)
        assert refused[-1]


@pytest.mark.parametrize("tone", [1, 6])
def test_a_sharp_rim_does_not_excuse_a_blurred_spot(tone: int) -> None:
    whole = [measure_quality(photo).sharpness for photo in spoilt(BY_NAME["spot out of focus, sigma 8"], tone)]
    assert max(whole) > 2 * 0.25  # the rim alone would pass


@pytest.mark.parametrize("tone", [1, 6])
def test_hair_combed_one_way_is_no_movement(tone: int) -> None:
    """As a move does, it makes one direction richer than all others; it takes nothing from them."""
    hairs = Image.new("L", (224, 224), 255)
    draw = ImageDraw.Draw(hairs)
    for x in range(-200, 224, 14):
        draw.line((x, 224, x + 180, 0), fill=70, width=1)
    for pixels in drawings(tone):
        hairy = np.asarray(ImageChops.multiply(Image.fromarray(pixels), hairs.convert("RGB")))
        quality = measure_quality(hairy)
        assert quality.evenness < 0.5 * measure_quality(pixels).evenness
        assert quality.problem is None


@pytest.mark.parametrize("tone", [1, 6])
def test_a_move_is_the_same_move_in_a_turned_photo(tone: int) -> None:
    for pixels in spoilt(BY_NAME["moved 12 px"], tone):
        turned = [measure_quality(np.rot90(pixels, turns).copy()).evenness for turns in range(4)]
        assert max(turned) < 1.3 * min(turned)


def test_grey_photos_pass_and_have_no_cast() -> None:
    for pixels in drawings(3):
        grey = np.asarray(Image.fromarray(pixels).convert("L").convert("RGB"))
        assert measure_quality(grey).problem is None


def test_a_blue_spot_is_no_blue_light() -> None:
    photo = skin("III", seed=0).copy()
    y, x = np.mgrid[0:224, 0:224]
    photo[np.hypot(x - 112, y - 112) < 60] //= np.array([4, 2, 1], dtype=np.uint8)
    assert measure_quality(photo).problem is None


def test_skin_on_which_nothing_stands_out_passes() -> None:
    pores = np.random.default_rng(0).normal(1, 0.06, (224, 224, 1))
    for tone in TONES.values():
        quality = measure_quality(np.clip(np.array(tone) * 0.9 * pores, 0, 255).astype(np.uint8))
        assert not quality.lesion.certain
        assert quality.problem is None


def test_a_white_or_black_background_is_no_fault_of_exposure() -> None:
    for level in (0, 255):
        photo = skin("III", seed=0).copy()
        photo[:, :40] = level
        assert measure_quality(photo).problem is None


@settings(max_examples=60, deadline=None)
@given(
    st.integers(32, 72).flatmap(
        lambda side: arrays.arrays(np.uint8, (side, side, 3), elements=st.integers(0, 255), fill=st.integers(0, 255))
    )
)
def test_no_array_breaks_it(pixels: np.ndarray) -> None:
    quality = measure_quality(pixels)
    numbers = (
        quality.dark,
        quality.bright,
        quality.sharpness,
        quality.spot_sharpness,
        quality.evenness,
        quality.crushed,
    )
    assert np.isfinite(numbers).all()
    assert quality.problem is None or quality.problem in QualityProblem


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
    [
        (0, QualityProblem.TOO_DARK),
        (10, QualityProblem.TOO_DARK),
        (60, QualityProblem.NO_DETAIL),
        (128, QualityProblem.NO_DETAIL),
        (255, QualityProblem.OVEREXPOSED),
    ],
)
def test_a_uniform_photo_is_refused(level: int, problem: QualityProblem) -> None:
    assert measure_quality(np.full((224, 224, 3), level, dtype=np.uint8)).problem is problem


def test_rounding_noise_does_not_pass_for_detail() -> None:
    noise = np.random.default_rng(0).integers(127, 130, (224, 224, 3), dtype=np.uint8)
    assert measure_quality(noise).problem is not None


def test_a_smooth_gradient_has_no_detail_at_any_steepness() -> None:
    for top in (120, 250):
        ramp = np.linspace(20, top, 224)[np.newaxis, :, np.newaxis]
        photo = np.broadcast_to(ramp, (224, 224, 3)).round().astype(np.uint8)
        assert measure_quality(photo).problem is QualityProblem.BLURRED


@pytest.mark.parametrize("size", [64, 96, 224, 320])
def test_other_input_sizes_are_judged_too(size: int) -> None:
    assert measure_quality(skin("III", seed=1, size=size)).problem is None
    assert measure_quality(np.full((size, size, 3), 90, dtype=np.uint8)).problem is not None


def test_real_photos_pass_and_their_blurred_copies_do_not(shared_data: Path) -> None:
    paths = sorted((shared_data / "Skin Cancer" / "Skin Cancer").glob("*.jpg"))
    photos = [load_square(path, size=224) for path in random.Random(0).sample(paths, 300)]
    assert rejected(photos) < 0.02
    assert rejected([blurred(photo, 6) for photo in photos[:60]]) > 0.95
    for name in CAUGHT_ON_ALL:
        assert rejected([BY_NAME[name].spoil(photo, seed=0) for photo in photos[:20]]) > 0.8, name


def test_phone_photos_pass(shared_data: Path, shared_photos: Path) -> None:
    paths = [*(shared_data / "pad_ufes" / "images").glob("*.png"), *(shared_photos / "full_resolution").glob("*.png")]
    assert len(paths) > 100
    assert rejected([load_square(path, size=224) for path in paths]) < 0.02
