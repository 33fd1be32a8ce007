"""The laws of the triage rule."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runtime.conditions import CONDITIONS, NEEDS_A_DOCTOR, Condition
from runtime.errors import EngineError
from runtime.manifest import OperatingPoints
from runtime.prediction import Prediction
from runtime.triage import Tier, decide

ORDER = [Tier.LOW, Tier.MODERATE, Tier.HIGH]

probability = st.floats(0, 1)
novelty = st.floats(-1e6, 1e6)
thresholds = st.none() | st.floats(-1e6, 1e6)
points = st.tuples(probability, probability).map(lambda pair: OperatingPoints(low=min(pair), high=max(pair)))
weights = st.lists(st.floats(0.001, 1), min_size=10, max_size=10)
conditions = weights.map(lambda values: tuple(value / math.fsum(values) for value in values))
USUAL = OperatingPoints(low=0.3, high=0.6)
MOLE = tuple(0.91 if name is Condition.MELANOCYTIC_NEVUS else 0.01 for name in CONDITIONS)


def tier(
    malignancy: float,
    *,
    conditions: tuple[float, ...] = MOLE,
    novelty: float = 0.0,
    points: OperatingPoints = USUAL,
    threshold: float | None = None,
) -> Tier:
    prediction = Prediction(malignancy=malignancy, conditions=conditions, novelty=novelty)
    return decide(prediction, points=points, novelty_threshold=threshold).tier


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
    if likeliest in NEEDS_A_DOCTOR:
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


def test_every_decision_gives_a_reason() -> None:
    for value, threshold in ((0.1, None), (0.4, None), (0.9, None), (0.1, -1.0)):
        prediction = Prediction(malignancy=value, conditions=MOLE, novelty=0.0)
        decision = decide(prediction, points=OperatingPoints(), novelty_threshold=threshold)
        assert decision.reasons
        assert all(reason.endswith(".") for reason in decision.reasons)
