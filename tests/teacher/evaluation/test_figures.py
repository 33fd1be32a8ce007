"""Figures: the same as the libraries', with intervals that hold what they promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from teacher.evaluation.figures import (
    accuracy_figure,
    auc_figure,
    macro_auc_figure,
    rate_figure,
    sensitivity_at_specificity,
)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=4, max_size=60))
def test_auc_is_scikit_learns_ties_and_all(pairs: list[tuple[bool, int]]) -> None:
    labels, scores = np.array([p[0] for p in pairs]), np.array([float(p[1]) for p in pairs])
    figure = auc_figure(labels, scores)
    if labels.all() or not labels.any():
        assert np.isnan(figure.value)
    else:
        assert figure.value == pytest.approx(roc_auc_score(labels, scores))
        assert figure.low <= figure.high


def test_the_interval_is_that_of_resampled_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    labels = rng.random(150) < 0.3
    scores = rng.normal(labels * 1.0, 1.0)
    again = np.random.default_rng(0)
    takes = [again.integers(0, 150, 150) for _ in range(1000)]
    low, high = np.quantile([roc_auc_score(labels[take], scores[take]) for take in takes], (0.025, 0.975))
    figure = auc_figure(labels, scores)
    assert (figure.low, figure.high) == (pytest.approx(low), pytest.approx(high))


def test_macro_auc_averages_the_classes_that_occur() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, 90)
    probabilities = rng.dirichlet(np.ones(10), 90)
    expected = np.mean([roc_auc_score(labels == k, probabilities[:, k]) for k in range(3)])
    assert macro_auc_figure(labels, probabilities).value == pytest.approx(expected)


def test_wilson_intervals_are_the_textbooks() -> None:
    figure = rate_figure(9, 10)
    assert (figure.low, figure.high) == (pytest.approx(0.5958, abs=1e-3), pytest.approx(0.9821, abs=1e-3))
    assert rate_figure(0, 5).low == 0.0
    assert np.isnan(rate_figure(0, 0).value)


def test_accuracy_counts_the_likeliest() -> None:
    probabilities = np.eye(10)[[0, 1, 2, 3]]
    assert accuracy_figure(np.array([0, 1, 2, 9]), probabilities).value == 0.75


def test_sensitivity_at_specificity_keeps_the_specificity() -> None:
    rng = np.random.default_rng(3)
    labels = rng.random(400) < 0.25
    scores = rng.normal(labels * 2.0, 1.0)
    figure = sensitivity_at_specificity(labels, scores, specificity=0.8)
    threshold = np.sort(scores[labels])[::-1][round(figure.value * figure.n) - 1]
    assert (scores[~labels] < threshold).mean() >= 0.8
