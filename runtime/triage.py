"""The triage rule: from a model's outputs and its operating points to one of four tiers. Pure, no I/O, no words.

Laws the tests hold it to: raising the malignancy never lowers the tier; conditions only ever raise it; an unfamiliar
photo has no tier; a low tier that looks like an inflammation says so; an output that is no probability never gets this
far (`runtime.prediction`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from runtime.bundle.manifest import OperatingPoints, PredictionSets
from runtime.conditions import CONDITIONS, MALIGNANT_CONDITIONS, Condition
from runtime.prediction import Prediction

if TYPE_CHECKING:
    from runtime.photo.quality import QualityProblem  # not at import: it loads numpy and Pillow


class Tier(StrEnum):
    """How soon someone should look at this."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CANNOT_ASSESS = "cannot assess"


class Reason(StrEnum):
    """What in the model's answer led to a tier. `runtime.answer.locales` says each in one plain sentence."""

    UNFAMILIAR = "unfamiliar"
    STRONG_SIGNS = "strong_signs"
    SOME_SIGNS = "some_signs"
    FEW_SIGNS = "few_signs"
    CONDITION_NEEDS_DOCTOR = "condition_needs_doctor"
    INFLAMMATION = "inflammation"
    """Beside a low tier: not cancer-like, but somebody has to treat it."""
    ON_THE_EDGE = "on_the_edge"
    """Beside any tier: squares just beside the framed one have another (`runtime.neighbours`)."""


type ReasonCode = Reason | QualityProblem
"""Why a report says what it says: the triage rule's reasons, or what was wrong with the photo."""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A tier and what led to it."""

    tier: Tier
    reasons: tuple[ReasonCode, ...]
    raised_by: Condition | None = None
    """the condition that raised the tier above what the malignancy alone gives"""


def decide(prediction: Prediction, *, points: OperatingPoints, novelty_threshold: float | None) -> Decision:
    """The tier of one photo. Without a `novelty_threshold` every photo counts as familiar."""
    if novelty_threshold is not None and prediction.novelty > novelty_threshold:
        return Decision(tier=Tier.CANNOT_ASSESS, reasons=(Reason.UNFAMILIAR,))
    if prediction.malignancy >= points.high:
        return Decision(tier=Tier.HIGH, reasons=(Reason.STRONG_SIGNS,))
    if prediction.malignancy >= points.low:
        return Decision(tier=Tier.MODERATE, reasons=(Reason.SOME_SIGNS,))
    return _low_unless_a_condition_objects(prediction)


def by_likelihood(prediction: Prediction) -> list[tuple[Condition, float]]:
    """The ten conditions with their probabilities, likeliest first; of equals, the one that asks for more care."""
    pairs = zip(CONDITIONS, prediction.conditions, strict=True)
    return sorted(pairs, key=lambda pair: (-pair[1], _carelessness(pair[0])))


def likely_conditions(prediction: Prediction, *, sets: PredictionSets | None) -> tuple[Condition, ...]:
    """The conformal prediction set, likeliest first, never empty; empty where the bundle has no sets."""
    if sets is None:
        return ()
    ranked = by_likelihood(prediction)
    return tuple(condition for place, (condition, share) in enumerate(ranked) if not place or share >= sets.threshold)


def _carelessness(condition: Condition) -> int:
    if condition in MALIGNANT_CONDITIONS:
        return 0
    return 1 if condition is Condition.NON_NEOPLASTIC else 2


def _low_unless_a_condition_objects(prediction: Prediction) -> Decision:
    likeliest = by_likelihood(prediction)[0][0]
    if likeliest in MALIGNANT_CONDITIONS:
        return Decision(tier=Tier.MODERATE, reasons=(Reason.CONDITION_NEEDS_DOCTOR,), raised_by=likeliest)
    if likeliest is Condition.NON_NEOPLASTIC:
        return Decision(tier=Tier.LOW, reasons=(Reason.FEW_SIGNS, Reason.INFLAMMATION))
    return Decision(tier=Tier.LOW, reasons=(Reason.FEW_SIGNS,))
