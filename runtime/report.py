"""The answer for one photo, as a value and as JSON."""

import json
from dataclasses import dataclass
from typing import Any

from runtime.advice import DISCLAIMER, Advice
from runtime.conditions import CONDITIONS, DISPLAY_NAMES, Condition
from runtime.prediction import Prediction
from runtime.triage import Tier

REPORT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class ConditionScore:
    """How much the photo looks like one of the ten conditions."""

    condition: Condition
    probability: float

    @property
    def display_name(self) -> str:
        return DISPLAY_NAMES[self.condition]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything to show for one photo.

    With the tier `cannot assess`, malignancy and conditions are withheld (None and empty): a number beside a photo
    that cannot be judged would be read as a result.
    """

    tier: Tier
    malignancy: float | None
    conditions: tuple[ConditionScore, ...]
    """likeliest first"""
    novelty: float | None
    """None where the photo was refused before the model saw it"""
    reasons: tuple[str, ...]
    advice: Advice
    model_id: str
    calibrated: bool
    """whether the tier's thresholds were chosen on data, or are the defaults"""
    disclaimer: str = DISCLAIMER

    def to_dict(self) -> dict[str, Any]:
        """What `to_json` writes, as plain values. Keys are only ever added within one `report_version`."""
        return {
            "report_version": REPORT_VERSION,
            "tier": self.tier.value,
            "malignancy": self.malignancy,
            "conditions": [
                {"condition": score.condition.value, "name": score.display_name, "probability": score.probability}
                for score in self.conditions
            ],
            "novelty": self.novelty,
            "reasons": list(self.reasons),
            "advice": {
                "headline": self.advice.headline,
                "urgency": self.advice.urgency,
                "what_to_do": list(self.advice.what_to_do),
                "red_flags": list(self.advice.red_flags),
            },
            "disclaimer": self.disclaimer,
            "model_id": self.model_id,
            "calibrated": self.calibrated,
        }

    def to_json(self) -> str:
        """One line of ASCII JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)


def ranked(prediction: Prediction) -> tuple[ConditionScore, ...]:
    """The ten conditions of a prediction, likeliest first."""
    pairs = zip(CONDITIONS, prediction.conditions, strict=True)
    scores = [ConditionScore(condition=condition, probability=probability) for condition, probability in pairs]
    return tuple(sorted(scores, key=lambda score: -score.probability))
