"""The laws of the triage rule."""

import itertools
import math
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runtime.answer.advice import AdviceKind, kind_of
from runtime.bundle.manifest import OperatingPoints, PredictionSets
from runtime.conditions import CONDITIONS, MALIGNANT_CONDITIONS, Condition
from runtime.errors import EngineError
from runtime.prediction import Prediction
from runtime.triage import Decision, Reason, Tier, by_likelihood, decide, likely_conditions

ORDER = [Tier.LOW, Tier.MODERATE, Tier.HIGH]

probability = st.floats(0, 1)
novelty = st.floats(-1e6, 1e6)
thresholds = st.none() | st.floats(-1e6, 1e6)
points = st.tuples(probability, probability).map(lambda pair: OperatingPoints(low=min(pair), high=max(pair)))
weights = st.lists(st.floats(0.001, 1), min_size=10, max_size=10)
conditions = weights.map(lambda values: tuple(value / math.fsum(values) for value in values))
USUAL = OperatingPoints(low=0.3, high=0.6)
MOLE = tuple(0.91 if name is Condition.MELANOCYTIC_NEVUS else 0.01 for name in CONDITIONS)


def decision(
    malignancy: float,
    *,
    conditions: tuple[float, ...] = MOLE,
    novelty: float = 0.0,
    points: OperatingPoints = USUAL,
    threshold: float | None = None,
) -> Decision:
    prediction = Prediction(malignancy=malignancy, conditions=conditions, novelty=novelty)
    return decide(prediction, points=points, novelty_threshold=threshold)


def tier(malignancy: float, **options: Any) -> Tier:
    return decision(malignancy, **options).tier


@pytest.mark.parametrize(
    ("malignancy", "expected"),
    [(0.0, "low"), (0.299, "low"), (0.3, "moderate"), (0.599, "moderate"), (0.6, "high"), (1.0, "high")],
)
def test_tiers_begin_at_their_operating_points(malignancy: float, expected: str) -> None:
    assert tier(malignancy) == expected


@given(a=probability, b=probability, conditions=conditions, novelty=novelty, points=points, threshold=thresholds)
def test_raising_the_malignancy_never_lowers_the_tier(
    a: float, b: float, conditions: tuple[float, ...], novelty: float, points: OperatingPoints, threshold: float | None
) -> None:
    lower, higher = (
        tier(value, conditions=conditions, novelty=novelty, points=points, threshold=threshold)
        for value in sorted((a, b))
    )
    if Tier.CANNOT_ASSESS in (lower, higher):
        assert lower == higher
    else:
        assert ORDER.index(lower) <= ORDER.index(higher)


@given(malignancy=probability, conditions=conditions, points=points)
def test_conditions_only_ever_raise_the_tier(
    malignancy: float, conditions: tuple[float, ...], points: OperatingPoints
) -> None:
    without = tier(malignancy, points=points)
    assert ORDER.index(tier(malignancy, conditions=conditions, points=points)) >= ORDER.index(without)


@given(malignancy=probability, conditions=conditions, points=points)
def test_low_is_never_shown_beside_a_condition_that_needs_a_doctor(
    malignancy: float, conditions: tuple[float, ...], points: OperatingPoints
) -> None:
    likeliest = CONDITIONS[conditions.index(max(conditions))]
    if likeliest in MALIGNANT_CONDITIONS:
        assert tier(malignancy, conditions=conditions, points=points) is not Tier.LOW


def test_a_tie_goes_to_the_condition_that_needs_a_doctor() -> None:
    assert tier(0.0, conditions=(0.1,) * 10) is Tier.MODERATE


@given(malignancy=probability, conditions=conditions, novelty=novelty, threshold=st.floats(-1e6, 1e6))
def test_an_unfamiliar_photo_has_no_tier(
    malignancy: float, conditions: tuple[float, ...], novelty: float, threshold: float
) -> None:
    assume(novelty > threshold)
    assert tier(malignancy, conditions=conditions, novelty=novelty, threshold=threshold) is Tier.CANNOT_ASSESS
    assert tier(malignancy, conditions=conditions, novelty=novelty) is not Tier.CANNOT_ASSESS


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -0.01, 1.01, 7.0, -3.2])
def test_what_is_no_probability_never_gets_a_tier(bad: float) -> None:
    with pytest.raises(EngineError, match="malignancy"):
        tier(bad)
    for place in range(10):
        conditions = (*MOLE[:place], bad, *MOLE[place + 1 :])
        with pytest.raises(EngineError, match=CONDITIONS[place]):
            tier(0.1, conditions=conditions)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_novelty_that_is_no_number_never_gets_a_tier(bad: float) -> None:
    with pytest.raises(EngineError, match="novelty"):
        tier(0.1, novelty=bad)


@pytest.mark.parametrize("conditions", [(0.0,) * 10, (0.5,) * 10, (1.0,), (0.2,) * 5])
def test_conditions_that_are_no_distribution_are_refused(conditions: tuple[float, ...]) -> None:
    with pytest.raises(EngineError, match="conditions"):
        tier(0.1, conditions=conditions)


def test_rounding_of_a_quantised_output_is_forgiven() -> None:
    prediction = Prediction(malignancy=1.0000003, conditions=(-1e-7, *MOLE[1:]), novelty=0.0)
    assert prediction.malignancy == 1.0
    assert prediction.conditions[0] == 0.0


@pytest.mark.parametrize(
    ("value", "threshold", "reason"),
    [
        (0.1, None, Reason.FEW_SIGNS),
        (0.4, None, Reason.SOME_SIGNS),
        (0.9, None, Reason.STRONG_SIGNS),
        (0.1, -1.0, Reason.UNFAMILIAR),
    ],
)
def test_every_decision_gives_its_reason(value: float, threshold: float | None, reason: Reason) -> None:
    assert decision(value, threshold=threshold).reasons == (reason,)


@given(malignancy=probability, conditions=conditions, points=points)
def test_a_tier_that_a_condition_raised_names_the_condition(
    malignancy: float, conditions: tuple[float, ...], points: OperatingPoints
) -> None:
    found = decision(malignancy, conditions=conditions, points=points)
    likeliest = CONDITIONS[conditions.index(max(conditions))]
    if malignancy < points.low and likeliest in MALIGNANT_CONDITIONS:
        assert found == Decision(
            tier=Tier.MODERATE, reasons=(Reason.CONDITION_NEEDS_DOCTOR,), raised_by=found.raised_by
        )
        assert conditions[CONDITIONS.index(found.raised_by)] == max(conditions)
    else:
        assert found.raised_by is None


@given(malignancy=probability, conditions=conditions, points=points)
def test_an_inflammation_is_never_low_with_nothing_to_do(
    malignancy: float, conditions: tuple[float, ...], points: OperatingPoints
) -> None:
    """Where the rule says low and an inflammation is likeliest, the advice is to have it treated; nowhere else."""
    found = decision(malignancy, conditions=conditions, points=points)
    inflamed = conditions[CONDITIONS.index(Condition.NON_NEOPLASTIC)] == max(conditions)
    treated = kind_of(found.tier, found.reasons) is AdviceKind.TREATMENT
    assert treated == (found.tier is Tier.LOW and inflamed)


@given(malignancy=probability, points=points)
def test_an_inflammation_changes_no_tier(malignancy: float, points: OperatingPoints) -> None:
    """Its advice differs, the tier does not: what would be moderate or high without it stays so."""
    inflamed = tuple(0.91 if name is Condition.NON_NEOPLASTIC else 0.01 for name in CONDITIONS)
    assert tier(malignancy, conditions=inflamed, points=points) is tier(malignancy, points=points)


@given(found=st.sampled_from(Tier), reasons=st.lists(st.sampled_from(Reason), max_size=6))
def test_only_an_inflammation_changes_the_advice_of_a_tier_and_only_of_low(found: Tier, reasons: list[Reason]) -> None:
    kind = kind_of(found, reasons)
    expected = found.value.replace(" ", "_")
    if found is Tier.LOW and Reason.INFLAMMATION in reasons:
        expected = "treatment"
    assert kind == expected


@given(conditions=conditions)
def test_conditions_are_ranked_by_likelihood_and_equals_by_care(conditions: tuple[float, ...]) -> None:
    ranked = by_likelihood(Prediction(malignancy=0.0, conditions=conditions, novelty=0.0))
    assert {condition for condition, _ in ranked} == set(CONDITIONS)
    assert [value for _, value in ranked] == sorted(conditions, reverse=True)
    for (first, left), (second, right) in itertools.pairwise(ranked):
        assert left > right or first in MALIGNANT_CONDITIONS or second not in MALIGNANT_CONDITIONS


def test_an_inflammation_goes_before_an_equally_likely_mole() -> None:
    even = tuple(
        0.46 if name in (Condition.NON_NEOPLASTIC, Condition.MELANOCYTIC_NEVUS) else 0.01 for name in CONDITIONS
    )
    assert decision(0.0, conditions=even).reasons == (Reason.FEW_SIGNS, Reason.INFLAMMATION)


@given(conditions, probability)
def test_a_prediction_set_holds_the_likeliest_and_all_that_are_likely_enough(
    distribution: tuple[float, ...], threshold: float
) -> None:
    prediction = Prediction(malignancy=0.1, conditions=distribution, novelty=0.0)
    found = likely_conditions(prediction, sets=PredictionSets(threshold=threshold, target_coverage=0.9, n=100))
    assert found[0] == by_likelihood(prediction)[0][0]
    shares = dict(zip(CONDITIONS, prediction.conditions, strict=True))
    assert set(found[1:]) <= {name for name in CONDITIONS if shares[name] >= threshold}
    assert {name for name in CONDITIONS if shares[name] >= threshold} <= set(found)
    assert [shares[name] for name in found] == sorted((shares[name] for name in found), reverse=True)
    assert likely_conditions(prediction, sets=None) == ()
