"""The crude finder: the same spot on any skin and in any light, and silence where nothing stands out."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from runtime.photo.decode import load_square
from runtime.photo.lesion import Lesion, find_lesion
from teacher.data.synthetic import SyntheticConfig, draw_scene, paint

SKINS = {"I": (244, 208, 177), "III": (210, 158, 124), "VI": (60, 32, 29), "grey": (128, 128, 128)}
PLACES = [(0.5, 0.5, 0.18), (0.4, 0.6, 0.1), (0.55, 0.42, 0.05)]


def spotted(
    skin: tuple[int, int, int], *spots: tuple[float, float, float], shade: float = 0.6, size: int = 224
) -> np.ndarray:
    """Uneven skin with round spots (x, y, radius as shares of the side) of `shade` times its light."""
    y, x = (np.mgrid[0:size, 0:size] + 0.5) / size
    light = (0.85 + 0.1 * x) * (1 + 0.03 * np.random.default_rng(0).standard_normal((size, size)))
    for left, top, radius in spots:
        light = np.where(np.hypot(x - left, y - top) < radius, light * shade, light)
    return np.clip(np.rint(np.array(skin) * light[..., None]), 0, 255).astype(np.uint8)


def overlap(lesion: Lesion, spot: tuple[float, float, float]) -> float:
    """Intersection over union of the box found and the box of a round spot."""
    x, y, radius = spot
    left, top, right, bottom = lesion.box
    width = min(right, x + radius) - max(left, x - radius)
    height = min(bottom, y + radius) - max(top, y - radius)
    common = max(width, 0) * max(height, 0)
    return common / ((right - left) * (bottom - top) + 4 * radius**2 - common)


@pytest.mark.parametrize("spot", PLACES)
@pytest.mark.parametrize("shade", [0.6, 1.5])
@pytest.mark.parametrize("skin", SKINS)
def test_a_dark_or_a_light_spot_is_found_on_any_skin(skin: str, shade: float, spot: tuple[float, float, float]) -> None:
    colour = SKINS[skin] if shade < 1 else tuple(level // 2 for level in SKINS[skin])
    lesion = find_lesion(spotted(colour, spot, shade=shade))
    assert lesion.certain
    assert overlap(lesion, spot) > 0.6
    assert lesion.share == pytest.approx(np.pi * spot[2] ** 2, rel=0.4)


@pytest.mark.parametrize("skin", SKINS)
def test_bare_skin_has_no_certain_spot(skin: str) -> None:
    assert not find_lesion(spotted(SKINS[skin])).certain


@pytest.mark.parametrize("exposure", [0.5, 0.75])
def test_exposure_does_not_move_the_box(exposure: float) -> None:
    photo = spotted(SKINS["III"], PLACES[1])
    darker = find_lesion((photo * exposure).astype(np.uint8))
    assert darker.box == pytest.approx(find_lesion(photo).box, abs=1 / 56)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirrored_photo_has_a_mirrored_box(axis: int) -> None:
    photo = spotted(SKINS["III"], PLACES[1])
    left, top, right, bottom = find_lesion(photo).box
    mirrored = (1 - right, top, 1 - left, bottom) if axis == 1 else (left, 1 - bottom, right, 1 - top)
    assert find_lesion(np.flip(photo, axis=axis).copy()).box == pytest.approx(mirrored, abs=1 / 56)


def test_of_many_alike_none_is_certain() -> None:
    many = [(x, y, 0.05) for x in (0.3, 0.5, 0.7) for y in (0.35, 0.65)]
    assert not find_lesion(spotted(SKINS["III"], *many)).certain


def test_the_black_corners_of_a_dermatoscope_are_no_spot() -> None:
    photo = spotted(SKINS["III"], PLACES[0])
    y, x = (np.mgrid[0:224, 0:224] + 0.5) / 112 - 1
    photo[np.hypot(x, y) > 1.0] = 4
    lesion = find_lesion(photo)
    assert lesion.certain
    assert overlap(lesion, PLACES[0]) > 0.6


def test_ink_and_hair_do_not_draw_the_box_away() -> None:
    photo = spotted(SKINS["I"], PLACES[0])
    photo[:, 20:22] = (40, 30, 25)  # a hair
    photo[12:18, 120:200] = (60, 60, 160)  # a pen
    assert overlap(find_lesion(photo), PLACES[0]) > 0.6


@pytest.mark.parametrize("size", [32, 57, 96, 320])
def test_any_size_gives_the_same_box(size: int) -> None:
    lesion = find_lesion(spotted(SKINS["III"], PLACES[0], size=size))
    assert lesion.certain
    assert overlap(lesion, PLACES[0]) > 0.6


@pytest.mark.parametrize("level", [0, 1, 128, 255])
def test_a_uniform_photo_is_the_whole_photo_and_uncertain(level: int) -> None:
    lesion = find_lesion(np.full((224, 224, 3), level, dtype=np.uint8))
    assert not lesion.certain
    assert lesion.box == (0.0, 0.0, 1.0, 1.0)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(32, 72).flatmap(
        lambda side: arrays.arrays(np.uint8, (side, side, 3), elements=st.integers(0, 255), fill=st.integers(0, 255))
    )
)
def test_no_array_breaks_it(pixels: np.ndarray) -> None:
    lesion = find_lesion(pixels)
    left, top, right, bottom = lesion.box
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1
    assert 0 <= lesion.share <= 1
    assert np.isfinite(lesion.contrast)


@pytest.mark.parametrize("tone", [1, 3, 6])
def test_the_middle_of_most_drawings_is_in_the_box(tone: int) -> None:
    scenes = [replace(draw_scene(SyntheticConfig(seed=40_000), index), tone=tone) for index in range(12)]
    found = [find_lesion(paint(scene, side=160)) for scene in scenes]
    certain = [lesion for lesion in found if lesion.certain]
    assert len(certain) >= 6
    middles = [(lesion.box[0] + lesion.box[2], lesion.box[1] + lesion.box[3]) for lesion in certain]
    assert np.mean([max(abs(x - 1), abs(y - 1)) < 0.4 for x, y in middles]) > 0.8


def test_most_dermoscopic_lesions_are_found(shared_data: Path) -> None:
    paths = sorted((shared_data / "Skin Cancer" / "Skin Cancer").glob("*.jpg"))
    found = [find_lesion(load_square(path, size=224)) for path in random.Random(0).sample(paths, 100)]
    assert np.mean([lesion.certain for lesion in found]) > 0.75
    assert min(lesion.share for lesion in found if lesion.certain) > 0.004
