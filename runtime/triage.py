"""The triage rule: from a model's outputs and its operating points to one of four tiers. Pure, no I/O.

Laws the tests hold it to: raising the malignancy never lowers the tier; conditions only ever raise it; an unfamiliar
photo has no tier; an output that is no probability never gets this far (`runtime.prediction`).
"""

from dataclasses import dataclass
from enum import StrEnum

from runtime.conditions import CONDITIONS, DISPLAY_NAMES, NEEDS_A_DOCTOR
from runtime.manifest import OperatingPoints
from runtime.prediction import Prediction


class Tier(StrEnum):
    """How soon someone should look at this."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CANNOT_ASSESS = "cannot assess"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A tier and the plain sentences that led to it."""

    tier: Tier
    reasons: tuple[str, ...]


def decide(prediction: Prediction, *, points: OperatingPoints, novelty_threshold: float | None) -> Decision:
    """The tier of one photo. Without a `novelty_threshold` every photo counts as familiar."""
    if novelty_threshold is not None and prediction.novelty > novelty_threshold:
        return Decision(tier=Tier.CANNOT_ASSESS, reasons=("This photo is unlike the photos the model learnt from.",))
    if prediction.malignancy >= points.high:
        return Decision(tier=Tier.HIGH, reasons=("It shows strong signs that the model knows from skin cancer.",))
    if prediction.malignancy >= points.low:
        return Decision(tier=Tier.MODERATE, reasons=("It shows some signs that the model knows from skin cancer.",))
    return _low_unless_a_condition_objects(prediction)


def _low_unless_a_condition_objects(prediction: Prediction) -> Decision:
    ranked = zip(prediction.conditions, CONDITIONS, strict=True)
    # A tie goes to the condition that needs a doctor.
    likeliest = max(ranked, key=lambda entry: (entry[0], entry[1] in NEEDS_A_DOCTOR))[1]
    if likeliest in NEEDS_A_DOCTOR:
        name = DISPLAY_NAMES[likeliest]
        return Decision(tier=Tier.MODERATE, reasons=(f"It looks most like this, which a doctor should see: {name}.",))
    return Decision(tier=Tier.LOW, reasons=("It shows few of the signs that the model knows from skin cancer.",))
