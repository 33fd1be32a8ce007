"""Weighted figures: those of scikit-learn where the weights are counts, for every row at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from teacher.evaluation import weighted

rows = st.lists(
    st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40
)
"""Label, score in eighths (so that ties occur), and how often each photo counts in two rows of weights."""


def unpacked(pairs: list[tuple[bool, int, int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels, scores = np.array([p[0] for p in pairs]), np.array([p[1] / 8 for p in pairs])
    return labels, scores, np.array([[p[2] for p in pairs], [p[3] for p in pairs]], dtype=float)


def repeated(weights: np.ndarray, *arrays: np.ndarray) -> list[np.ndarray]:
    """Every photo as often as it counts."""
    return [np.repeat(array, weights.astype(int), axis=0) for array in arrays]


def isic_2024(labels: np.ndarray, scores: np.ndarray) -> float:
    """The partial AUC above 80% sensitivity, as its challenge computed it."""
    flipped, most = (~labels).astype(int), 0.2
    scaled = float(sk.roc_auc_score(flipped, -scores, max_fpr=most))
    return 0.5 * most**2 + (most - 0.5 * most**2) / 0.5 * (scaled - 0.5)


@settings(max_examples=150)
@given(rows)
def test_areas_are_those_of_photos_that_stand_there_so_often(pairs: list[tuple[bool, int, int, int]]) -> None:
    labels, scores, weights = unpacked(pairs)
    auc = weighted.auc(labels, scores, weights)
    part = weighted.partial_auc(labels, scores, weights, sensitivity=0.8)
    whole = weighted.partial_auc(labels, scores, weights, sensitivity=0.0)
    for row, own in enumerate(weights):
        own_labels, own_scores = repeated(own, labels, scores)
        if len(set(own_labels.tolist())) < 2:
            assert np.isnan([auc[row], part[row]]).all()
        else:
            assert auc[row] == pytest.approx(sk.roc_auc_score(own_labels, own_scores))
            assert part[row] == pytest.approx(isic_2024(own_labels, own_scores), abs=1e-9)
            assert whole[row] == pytest.approx(auc[row])


@settings(max_examples=150)
@given(rows, st.sampled_from([0.5, 0.8, 0.9, 1.0]))
def test_sensitivity_and_specificity_are_the_best_that_any_threshold_gives(
    pairs: list[tuple[bool, int, int, int]], wanted: float
) -> None:
    labels, scores, weights = unpacked(pairs)
    found = weighted.sensitivity_at(labels, scores, weights, specificity=wanted)
    spared = weighted.specificity_at(labels, scores, weights, sensitivity=wanted)
    for row, own in enumerate(weights):
        own_labels, own_scores = repeated(own, labels, scores)
        if len(set(own_labels.tolist())) < 2:
            assert np.isnan([found[row], spared[row]]).all()
            continue
        alarms, hits, _ = sk.roc_curve(own_labels, own_scores, drop_intermediate=False)
        assert found[row] == pytest.approx(hits[1 - alarms >= wanted - 1e-12].max())
        assert spared[row] == pytest.approx(1 - alarms[hits >= wanted - 1e-12].min())


answers = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=40)


@settings(max_examples=150)
@given(answers)
def test_confusions_give_scikit_learns_figures(rows: list[tuple[int, int, int]]) -> None:
    labels, said, counts = (np.array(column) for column in zip(*rows, strict=True))
    counted = weighted.confusion(labels, said, counts[None].astype(float), classes=5)
    own_labels, own_said = repeated(counts, labels, said)
    f1 = weighted.mean_of_known(weighted.f1_by_class(counted))[0]
    balanced = weighted.mean_of_known(weighted.recall_by_class(counted))[0]
    if not len(own_labels):
        assert np.isnan([f1, balanced]).all()
        return
    assert f1 == pytest.approx(sk.f1_score(own_labels, own_said, average="macro"))
    present = np.unique(own_labels)
    recalls = sk.recall_score(own_labels, own_said, average=None, labels=present, zero_division=0)
    assert balanced == pytest.approx(np.mean(recalls))


@given(rows)
def test_brier_is_scikit_learns(pairs: list[tuple[bool, int, int, int]]) -> None:
    labels, scores, weights = unpacked(pairs)
    found = weighted.share((scores - labels) ** 2, np.ones(len(labels), dtype=bool), weights)
    for row, own in enumerate(weights):
        own_labels, own_scores = repeated(own, labels, scores)
        if len(own_labels):
            assert found[row] == pytest.approx(np.mean((own_scores - own_labels) ** 2))


def test_calibration_error_by_hand() -> None:
    labels = np.array([True, False, True, True])
    shares = np.array([0.1, 0.1, 0.9, 1.0])
    # Steps of 0.5: mean 0.1 against a half, half of the photos; mean 0.95 against all.
    found = weighted.calibration_error(labels, shares, np.ones((1, 4)), bins=2)
    assert found[0] == pytest.approx(0.5 * 0.4 + 0.5 * 0.05)


@given(rows)
def test_scores_that_say_what_is_so_are_calibrated(pairs: list[tuple[bool, int, int, int]]) -> None:
    labels, _, weights = unpacked(pairs)
    found = weighted.calibration_error(labels, labels.astype(float), weights, bins=15)
    assert np.nan_to_num(found).tolist() == [0.0, 0.0]


def test_a_share_of_nothing_is_not_a_number() -> None:
    nobody = np.zeros(3, dtype=bool)
    assert np.isnan(weighted.share(~nobody, nobody, np.ones((1, 3)))).all()


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), min_size=3, max_size=30), st.integers(0, 100))
def test_macro_auc_averages_the_classes_that_occur_in_a_row(rows: list[tuple[int, int]], seed: int) -> None:
    labels, counts = (np.array(column) for column in zip(*rows, strict=True))
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(4), len(labels))
    found = weighted.macro_auc(labels, probabilities, counts[None].astype(float))[0]
    own_labels, own = repeated(counts, labels, probabilities)
    classes = np.unique(own_labels)
    if len(classes) < 2:
        assert np.isnan(found)
    else:
        assert found == pytest.approx(np.mean([sk.roc_auc_score(own_labels == k, own[:, k]) for k in classes]))
