"""Views and sampling: pure functions of their seed, and weights that keep their promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher.data.augment import make_view, plain_view
from teacher.data.batches import view_seed
from teacher.data.sampling import balanced_sampling
from teacher.data.synthetic import SyntheticConfig, render

PIXELS, _ = render(SyntheticConfig(count=1, side=64), 0)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**63 - 1), st.sampled_from([32, 48, 64]))
def test_a_view_depends_on_its_seed_only(seed: int, size: int) -> None:
    first, second = (make_view(PIXELS, seed=seed, size=size) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert first.shape == (size, size, 3)
    assert first.dtype == np.uint8


def test_other_seeds_are_other_views() -> None:
    views = {make_view(PIXELS, seed=seed, size=32).tobytes() for seed in range(50)}
    assert len(views) == 50


def test_a_view_does_not_change_the_photo() -> None:
    before = PIXELS.copy()
    make_view(PIXELS, seed=1, size=32)
    np.testing.assert_array_equal(PIXELS, before)


def test_the_plain_view_at_the_same_size_is_the_photo() -> None:
    np.testing.assert_array_equal(plain_view(PIXELS, size=64), PIXELS)


def test_view_seeds_do_not_collide() -> None:
    seeds = {view_seed(seed, index, view) for seed in range(3) for index in range(300) for view in range(5)}
    assert len(seeds) == 3 * 300 * 5
    assert all(0 <= seed < 2**63 for seed in seeds)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 9), min_size=4, max_size=200), st.floats(0, 1))
def test_sampling_weights_sum_to_one_and_shifts_match_them(conditions: list[int], power: float) -> None:
    labels = np.array(conditions)
    malignant = labels < 3
    sampling = balanced_sampling(malignant, labels, power=power)
    assert sampling.weights.sum() == pytest.approx(1)
    for condition in np.unique(labels):
        drawn, own = sampling.weights[labels == condition].sum(), (labels == condition).mean()
        assert sampling.condition_shift[condition] == pytest.approx(np.log(drawn / own), abs=1e-5)


def test_full_power_draws_all_conditions_equally() -> None:
    labels = np.array([0] * 90 + [4] * 10)
    sampling = balanced_sampling(labels == 0, labels, power=1.0)
    assert sampling.weights[labels == 4].sum() == pytest.approx(0.5)


def test_no_power_keeps_the_data_and_shifts_nothing() -> None:
    labels = np.array([0] * 90 + [4] * 10)
    sampling = balanced_sampling(labels == 0, labels, power=0.0)
    assert np.allclose(sampling.weights, 0.01)
    assert sampling.malignancy_shift == pytest.approx(0)
    assert np.allclose(sampling.condition_shift, 0)
