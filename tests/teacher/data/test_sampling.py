"""Sampling: weights that keep their promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher.data.sampling import balanced_sampling


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
