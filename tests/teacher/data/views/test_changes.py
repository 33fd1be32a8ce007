"""What views put onto photos and take off them: real enough to be taken off again, and honest about tone."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher.data.sample import Domain
from teacher.data.synthetic.scene import TONES
from teacher.data.views.camera import noise_levels, sensor_noise
from teacher.data.views.changes import CHANGES
from teacher.data.views.dermoscope import find_edge, put_vignette, take_vignette
from teacher.data.views.frame import bare_border, frame, square_side
from teacher.data.views.light import CURVE, GREEN, MOST, WARMTH, develop
from teacher.data.views.marks import draw_hair, draw_ruler
from teacher.data.views.removal import take_marks

SKINS = {
    1: (243, 206, 184),
    2: (228, 184, 154),
    3: (206, 156, 120),
    4: (166, 117, 83),
    5: (117, 78, 54),
    6: (77, 50, 37),
}
"""sRGB of the six tones, as the synthetic dataset has them."""
SIZE = 128

seeds = st.integers(0, 2**32 - 1)
tones = st.sampled_from(TONES)


def skin(tone: int, *, side: int = SIZE, radius: float = 0.15) -> np.ndarray:
    """A round lesion, half as bright, in the middle of even skin."""
    square = np.full((side, side, 3), SKINS[tone], np.uint8)
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    square[x * x + y * y < (radius * side) ** 2] = np.array(SKINS[tone]) // 2
    return square


def difference(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first.astype(float) - second).mean())


@pytest.mark.parametrize("name", CHANGES)
@settings(deadline=None, max_examples=12)
@given(seed=seeds, tone=tones, side=st.sampled_from([32, 61, 128]))
def test_a_change_is_the_same_for_the_same_seed_and_leaves_its_photo_alone(
    name: str, seed: int, tone: int, side: int
) -> None:
    square = skin(tone, side=side)
    square.flags.writeable = False
    first, second = (CHANGES[name](square, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape == square.shape
    assert first.dtype == np.uint8


@pytest.mark.parametrize("tone", TONES)
def test_dark_hair_comes_off_again(tone: int) -> None:
    """Blond hair stays: it is lighter than skin, and DullRazor looks for what is darker."""
    bare = skin(tone)
    before, after = [], []
    for seed in range(40):
        hairy = draw_hair(bare, np.random.default_rng(seed))
        if hairy.mean() < bare.mean():
            before.append(difference(hairy, bare))
            after.append(difference(take_marks(hairy, hair=True, ruler=False), bare))
    assert np.mean(after) < 0.6 * np.mean(before)


def test_a_ruler_is_found_on_every_tone_alike() -> None:
    rates = []
    for tone in TONES:
        drawn = [draw_ruler(skin(tone), np.random.default_rng(seed)) for seed in range(40)]
        rates.append(np.mean([not np.array_equal(take_marks(one, hair=False, ruler=True), one) for one in drawn]))
    assert min(rates) > 0.5
    assert max(rates) - min(rates) <= 0.1


@settings(deadline=None, max_examples=20)
@given(tones, st.floats(0.05, 0.45))
def test_nothing_is_taken_off_a_photo_that_has_no_marks(tone: int, radius: float) -> None:
    bare = skin(tone, radius=radius)
    np.testing.assert_array_equal(take_marks(bare, hair=True, ruler=True), bare)
    np.testing.assert_array_equal(take_vignette(bare), bare)


def test_a_vignette_comes_off_and_the_middle_stays() -> None:
    found = 0
    for seed in range(60):
        dark = put_vignette(skin(2), np.random.default_rng(seed))
        if find_edge(dark) is None:
            continue
        found += 1
        bare = take_vignette(dark)
        assert bare.min(axis=2).min() > 40
        np.testing.assert_array_equal(bare[48:80, 48:80], dark[48:80, 48:80])
    assert found > 15


@settings(deadline=None, max_examples=100)
@given(tones, seeds)
def test_light_keeps_what_tells_the_tone(tone: int, seed: int) -> None:
    """Channels keep their order and, but for a white balance and the curve, their ratios; so does lesion to skin."""
    dim = (np.array(SKINS[tone]) * 0.6).astype(np.uint8)  # nothing near white, where light is lost
    made = develop(np.stack([dim, dim // 2])[None], np.random.default_rng(seed))[0].astype(float)
    power, balance = math.exp(MOST * CURVE), MOST * (WARMTH + GREEN) / 2.2
    rounding = 1.5 / made.min()
    for first, second in ((0, 1), (1, 2)):
        before, after = math.log(dim[first] / dim[second]), math.log(made[0, first] / made[0, second])
        assert before / power - balance - rounding <= after <= before * power + balance + rounding
    contrast = np.log(made[0] / made[1])
    assert (contrast > math.log(2) / power - 2 * rounding).all()
    assert (contrast < math.log(2) * power + 2 * rounding).all()


def test_noise_is_stronger_in_the_dark_and_as_strong_as_it_says() -> None:
    assert noise_levels(1e-3, 0.2) > noise_levels(1e-3, 0.6)
    photo = np.full((SIZE, SIZE, 3), 128, np.uint8)
    spread = [float(sensor_noise(photo, np.random.default_rng(seed)).std()) for seed in range(60)]
    assert min(spread) < 1.5
    assert max(spread) > 6
    assert max(spread) <= 1.1 * noise_levels(6e-3, 0.5)


def test_a_far_view_shows_one_lesion_and_skin_around_it() -> None:
    square, sizes = skin(3, radius=0.3), []
    for seed in range(60):
        view = frame(square, np.random.default_rng(seed), domain=Domain.DERMOSCOPIC, size=SIZE)
        dark = (view.mean(axis=2) < 0.75 * np.mean(SKINS[3])).astype(np.uint8)
        count, _, stats, _ = cv2.connectedComponentsWithStats(dark)
        assert count == 2, seed
        sizes.append(stats[1, cv2.CC_STAT_AREA] / SIZE**2)
    assert min(sizes) < 0.5 * math.pi * 0.3**2  # farther than the photo was taken
    assert max(sizes) > 1.2 * math.pi * 0.3**2


def test_a_lesion_that_leaves_the_photo_is_not_shown_from_far() -> None:
    cut = np.roll(skin(3), SIZE // 2, axis=1)
    assert bare_border(skin(3))
    assert not bare_border(cut)


@given(st.integers(1, 1000))
def test_half_of_a_square_holds_a_view(size: int) -> None:
    side = square_side(size)
    assert side**2 / 2 >= size**2
    assert side < size * math.sqrt(2) + 32
