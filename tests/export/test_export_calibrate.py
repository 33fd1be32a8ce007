"""Temperatures, operating points and the novelty threshold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.calibrate import (
    MIN_CASES,
    Targets,
    fit_temperature,
    lower_bound,
    novelty_threshold,
    operating_points,
    upper_bound,
)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature: float) -> None:
    """Labels drawn from softmax(logits): the same logits, scaled up, need exactly that temperature."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 4))
    labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
    assert fit_temperature(logits * temperature, labels) == pytest.approx(temperature, rel=0.05)


def test_operating_points_keep_their_targets_on_new_photos() -> None:
    """Over many calibration parts, the mean sensitivity and specificity on unseen scores are at least the targets."""
    rng = np.random.default_rng(1)
    kept_cancers, kept_harmless = [], []
    for _ in range(300):
        malignant = np.arange(160) < 40
        scores = rng.beta(np.where(malignant, 6, 2), np.where(malignant, 2, 6))
        points = operating_points(scores, malignant, targets=Targets())
        kept_cancers.append(np.mean(rng.beta(6, 2, 500) >= points.low))
        kept_harmless.append(np.mean(rng.beta(2, 6, 500) < points.high))
    assert np.mean(kept_cancers) >= 0.95
    assert np.mean(kept_harmless) >= 0.95
    assert np.mean(kept_cancers) < 0.99
    assert np.mean(kept_harmless) < 0.99


def test_high_is_never_below_low() -> None:
    """A student that separates perfectly: all benign scores lie below every malignant one."""
    malignant = np.arange(60) < 30
    scores = np.where(malignant, 0.9, 0.1)
    points = operating_points(scores, malignant, targets=Targets())
    assert points.low == points.high == 0.9
    assert points.calibrated
    assert points.sensitivity_at_low is not None
    assert (points.sensitivity_at_low.value, points.sensitivity_at_low.n) == (1.0, 30)


@pytest.mark.parametrize("cancers", [0, MIN_CASES - 1])
def test_too_few_cancers_give_the_marked_defaults(cancers: int) -> None:
    malignant = np.arange(200) < cancers
    points = operating_points(np.linspace(0, 1, 200), malignant, targets=Targets())
    assert (points.low, points.high, points.calibrated, points.target_sensitivity) == (0.3, 0.6, False, None)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.floats(0.5, 0.99))
def test_bounds_keep_their_share_of_the_very_scores(values: list[float], share: float) -> None:
    scores = np.array(values)
    assert np.mean(scores >= lower_bound(scores, share=share)) >= share - 1e-9
    upper = upper_bound(scores, share=share)
    assert upper == 1.0 or np.mean(scores < upper) >= share - 1e-9


def test_novelty_threshold_rejects_about_two_percent() -> None:
    novelty = np.random.default_rng(2).permutation(np.arange(1000.0))
    threshold = novelty_threshold(novelty)
    assert threshold is not None
    assert 15 <= int((novelty > threshold).sum()) <= 20
    assert novelty_threshold(np.array([3.0, 1.0])) == 3.0
    assert novelty_threshold(np.array([])) is None
