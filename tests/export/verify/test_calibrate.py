"""Temperatures, operating points and the novelty threshold."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.verify.calibrate import (
    MIN_CASES,
    CalibrationError,
    Cases,
    Targets,
    confident_rank,
    fit_temperature,
    low_bound,
    lower_bound,
    novelty_threshold,
    operating_points,
    prediction_sets,
    thresholds,
    upper_bound,
)
from export.verify.outputs import Outputs, Thresholds
from runtime.bundle.manifest import UNKNOWN_GROUP
from runtime.conditions import CONDITIONS, Condition

ON_AVERAGE = Targets(confidence=0.0)


def cases(malignant: np.ndarray, groups: list[str | None] | None = None) -> Cases:
    return Cases(malignant=malignant, conditions=np.zeros(len(malignant), int), groups=groups or ())


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
        points = operating_points(scores, cases(malignant), targets=ON_AVERAGE)
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
    points = operating_points(scores, cases(malignant), targets=Targets())
    assert points.low == points.high == 0.9
    assert points.calibrated
    assert points.sensitivity_at_low is not None
    assert (points.sensitivity_at_low.value, points.sensitivity_at_low.n) == (1.0, 30)


@pytest.mark.parametrize("cancers", [0, MIN_CASES - 1])
def test_too_few_cancers_give_the_marked_defaults(cancers: int) -> None:
    malignant = np.arange(200) < cancers
    points = operating_points(np.linspace(0, 1, 200), cases(malignant), targets=Targets())
    assert (points.low, points.high, points.calibrated, points.target_sensitivity) == (0.3, 0.6, False, None)


@pytest.mark.parametrize(
    ("cancers", "sensitivity", "confidence"), [(125, 0.95, 0.95), (125, 0.95, 0.8), (60, 0.9, 0.9)]
)
def test_low_keeps_its_target_with_the_stated_confidence(cancers: int, sensitivity: float, confidence: float) -> None:
    """Scores drawn 4,000 times: the true sensitivity of a threshold is known, and kept as often as the bound says."""
    rng = np.random.default_rng(2)
    targets = Targets(sensitivity=sensitivity, confidence=confidence)
    thresholds = np.array([low_bound(rng.uniform(size=cancers), targets=targets).threshold for _ in range(4000)])
    kept = np.mean(1 - thresholds >= sensitivity)  # of uniform scores, a share 1 - t reaches t
    noise = 3 * np.sqrt(confidence * (1 - confidence) / 4000)
    assert kept >= confidence - noise
    one_more = confident_rank(cancers, miss=1 - sensitivity, confidence=confidence) + 1
    careless = np.array([np.sort(rng.uniform(size=cancers))[one_more - 1] for _ in range(4000)])
    assert np.mean(1 - careless >= sensitivity) < confidence + noise  # no bound is given away


@given(st.integers(1, 400), st.floats(0.005, 0.3), st.floats(0.5, 0.99), st.floats(0.5, 0.99))
def test_more_confidence_and_a_smaller_miss_never_raise_the_threshold(
    n: int, miss: float, one: float, two: float
) -> None:
    low, high = sorted((one, two))
    rank = confident_rank(n, miss=miss, confidence=low)
    assert confident_rank(n, miss=miss, confidence=high) <= rank
    assert confident_rank(n, miss=miss / 2, confidence=low) <= rank
    if low >= 0.9:
        assert rank <= miss * (n + 1)  # never above the bound that holds on average only


def test_too_few_cancers_for_the_confidence_fall_back_to_the_average_and_say_so() -> None:
    """The least number is ln(0.05) / ln(0.95), 59."""
    scores = np.random.default_rng(3).uniform(size=200)
    for cancers, confidence in ((58, None), (59, 0.95)):
        points = operating_points(scores, cases(np.arange(200) < cancers), targets=Targets())
        assert points.confidence == confidence
        assert f"of {cancers} cancers" in points.method
        assert ("on average" in points.method) == (confidence is None)


def test_a_tone_group_with_cancers_enough_has_a_bound_of_its_own() -> None:
    """Cancers on dark skin get lower scores here: the bound over all would miss too many of them."""
    rng = np.random.default_rng(4)
    malignant = np.arange(1000) < 400
    groups = ["V-VI" if index % 4 == 0 else "I-II" if index % 4 < 3 else None for index in range(1000)]
    dark = np.array([group == "V-VI" for group in groups])
    scores = np.where(malignant, rng.beta(np.where(dark, 3, 8), 2), rng.beta(2, 8, 1000))
    points = operating_points(scores, cases(malignant, groups), targets=Targets())
    plain = operating_points(scores, cases(malignant), targets=Targets())
    assert points.low < plain.low
    assured = {group.group: (group.assured, group.cancers) for group in points.groups}
    assert assured == {"I-II": (True, 200), "III-IV": (False, 0), "V-VI": (True, 100), UNKNOWN_GROUP: (False, 100)}
    by_name = {group.group: group for group in points.groups}
    assert by_name["III-IV"].sensitivity_at_low is None
    for name in ("I-II", "V-VI"):
        reached = by_name[name].sensitivity_at_low
        assert reached is not None
        assert reached.value >= 0.95
    assert {group.group: group.assured for group in plain.groups}[UNKNOWN_GROUP] is False


def test_prediction_sets_cover_as_often_as_they_say() -> None:
    rng = np.random.default_rng(5)
    covered = []
    for _ in range(200):
        logits = rng.normal(0, 2, (400, 10))
        labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        sets = prediction_sets(shares[:200], labels[:200], coverage=0.9)
        assert sets is not None
        covered.append(np.mean(shares[np.arange(200, 400), labels[200:]] >= sets.threshold))
    assert 0.9 <= np.mean(covered) < 0.92
    assert prediction_sets(np.empty((0, 10)), np.empty(0, int), coverage=0.9) is None


@pytest.mark.parametrize("name", ["sensitivity", "specificity", "confidence", "coverage", "novelty_rejection"])
@pytest.mark.parametrize("value", [1.0, -0.1, float("nan")])
def test_a_target_that_is_no_share_is_refused(name: str, value: float) -> None:
    with pytest.raises(CalibrationError, match=name):
        Targets(**{name: value})


@given(st.lists(st.floats(0, 1), min_size=1, max_size=200), st.floats(0.5, 0.99))
def test_bounds_keep_their_share_of_the_very_scores(values: list[float], share: float) -> None:
    scores = np.array(values)
    assert np.mean(scores >= lower_bound(scores, share=share)) >= share - 1e-9
    upper = upper_bound(scores, share=share)
    assert upper == 1.0 or np.mean(scores < upper) >= share - 1e-9


def test_novelty_threshold_rejects_about_its_share() -> None:
    novelty = np.random.default_rng(2).permutation(np.arange(1000.0))
    threshold = novelty_threshold(novelty)
    assert threshold is not None
    assert 25 <= int((novelty > threshold).sum()) <= 30
    assert novelty_threshold(np.array([3.0, 1.0])) == 3.0
    assert novelty_threshold(np.array([])) is None


def test_every_domain_with_photos_enough_has_bounds_of_its_own() -> None:
    """Phone photos are harder, stranger and surer here: bounds over all would fail most of them, as they are few."""
    rng = np.random.default_rng(6)
    phone = np.arange(2000) % 5 == 0
    malignant = rng.uniform(size=2000) < 0.4
    malignancy = np.where(malignant, rng.beta(np.where(phone, 3, 8), 2), rng.beta(2, 8, 2000))
    own = rng.beta(np.where(phone, 2, 6), 2)
    conditions = np.stack([own, 1 - own, *np.zeros((8, 2000))], axis=1)
    novelty = rng.normal(np.where(phone, 1.5, 1.0), 0.1)
    outputs = Outputs(malignancy=malignancy, conditions=conditions, novelty=novelty)
    kinds = ["smartphone" if one else "dermoscopic" for one in phone]
    plain = Cases(malignant=malignant, conditions=np.zeros(2000, int))
    told = thresholds(outputs, replace(plain, domains=kinds), targets=Targets())
    before = thresholds(outputs, plain, targets=Targets())
    assert before.points.domains == ()
    assert [(one.group, one.assured) for one in told.points.domains] == [("dermoscopic", True), ("smartphone", True)]
    assert before.novelty is not None
    assert told.novelty is not None
    assert before.sets is not None
    assert told.sets is not None

    def kept(found: Thresholds) -> tuple[bool, bool, bool]:
        assert found.sets is not None
        assert found.novelty is not None
        return (
            bool((malignancy[phone & malignant] >= found.points.low).mean() >= 0.95),
            bool((novelty[phone] > found.novelty).mean() <= 0.03),
            bool((own[phone] >= found.sets.threshold).mean() >= 0.9),
        )

    assert (kept(told), kept(before)) == ((True, True, True), (False, False, False))
    few = replace(plain, domains=["smartphone" if index < 5 else "dermoscopic" for index in range(2000)])
    assert thresholds(outputs, few, targets=Targets()).points.domains[1].assured is False
    alone = thresholds(outputs, replace(plain, domains=["clinical"] * 2000), targets=Targets())
    assert alone == before


def test_melanomas_have_a_bound_of_their_own() -> None:
    """One cancer in eight, and scored lower than the carcinomas: the bound over all cancers would miss many of them."""
    rng = np.random.default_rng(3)
    malignant = rng.uniform(size=2000) < 0.5
    melanoma = malignant & (rng.uniform(size=2000) < 0.12)
    scores = np.where(malignant, rng.beta(np.where(melanoma, 2, 12), 2), rng.beta(2, 8, 2000))
    carcinoma = CONDITIONS.index(Condition.BASAL_CELL_CARCINOMA)
    conditions = np.where(melanoma, CONDITIONS.index(Condition.MELANOMA), carcinoma)
    told = operating_points(scores, Cases(malignant=malignant, conditions=conditions), targets=Targets())
    plain = operating_points(scores, Cases(malignant=malignant, conditions=np.full(2000, carcinoma)), targets=Targets())
    assert (scores[melanoma] >= told.low).mean() >= 0.95 > (scores[melanoma] >= plain.low).mean()
    assert f"of {melanoma.sum()} melanomas: risk control" in told.method
    assert f"of {malignant.sum()} cancers: risk control" in plain.method
    few = malignant & (np.cumsum(melanoma) <= 40) & melanoma
    conditions = np.where(few, CONDITIONS.index(Condition.MELANOMA), carcinoma)
    assert operating_points(scores, Cases(malignant=malignant, conditions=conditions), targets=Targets()) == plain


def test_every_dataset_of_a_domain_has_bounds_of_its_own() -> None:
    """One clinic keeps what it sees, the other what it cuts out: the second one's cancers score lower here."""
    rng = np.random.default_rng(6)
    second = np.arange(2000) % 4 == 0
    malignant = rng.uniform(size=2000) < np.where(second, 0.7, 0.2)
    malignancy = np.where(malignant, rng.beta(np.where(second, 2, 8), 2), rng.beta(2, 8, 2000))
    outputs = Outputs(malignancy=malignancy, conditions=np.zeros((2000, 10)), novelty=np.ones(2000))
    cases = Cases(malignant=malignant, conditions=np.zeros(2000, int), domains=["dermoscopic"] * 2000)
    apart = replace(cases, datasets=["b" if one else "a" for one in second])
    found = operating_points(malignancy, apart, targets=Targets())
    assert [one.group for one in found.domains] == ["dermoscopic", "dermoscopic, a", "dermoscopic, b"]
    assert all(one.assured for one in found.domains)
    assert found.low < operating_points(malignancy, cases, targets=Targets()).low
    assert (malignancy[second & malignant] >= found.low).mean() >= 0.95
    # A domain of one dataset is that dataset: it is told once.
    mixed = ["clinical" if index % 3 == 0 else "dermoscopic" for index in range(2000)]
    told = thresholds(
        outputs,
        replace(apart, domains=mixed, datasets=["b" if one == "clinical" else "a" for one in mixed]),
        targets=Targets(),
    )
    assert [one.group for one in told.points.domains] == ["clinical", "dermoscopic"]
    some = apart.take(np.flatnonzero(second))
    assert (set(some.datasets), some.by_domain()) == ({"b"}, {})
