"""The answer for one photo, as a value and as JSON.

A report holds codes, for machines; every text for people is read from `runtime.answer.locales` by its `language`, so
texts and codes cannot disagree and no report is without its disclaimer.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runtime.answer.advice import Advice, advice_for
from runtime.answer.locales import DEFAULT_LANGUAGE, Texts, texts_for
from runtime.conditions import Condition
from runtime.errors import PhotoError
from runtime.prediction import Prediction
from runtime.triage import Reason, ReasonCode, Tier, by_likelihood

REPORT_VERSION = 2
"""2: the texts are in the report's `language`, beside codes (1: English only, reasons without codes)."""


@dataclass(frozen=True, kw_only=True)
class ConditionScore:
    """How much the photo looks like one of the ten conditions."""

    condition: Condition
    probability: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything to show for one photo.

    With the tier `cannot assess`, malignancy and conditions are withheld (None and empty): a number beside a photo
    that cannot be judged would be read as a result. Raises ValueError for fields that contradict each other, and for a
    language without texts.
    """

    tier: Tier
    malignancy: float | None
    conditions: tuple[ConditionScore, ...]
    """likeliest first"""
    condition_set: tuple[Condition, ...] = ()
    """prediction set: the condition is one of these, at the coverage the bundle was calibrated for; empty: not known"""
    novelty: float | None
    """None where the photo was refused before the model saw it"""
    reason_codes: tuple[ReasonCode, ...]
    raised_by: Condition | None = None
    """the condition that raised the tier above what the malignancy alone gives"""
    model_id: str
    calibrated: bool
    """whether the tier's thresholds were chosen on data, or are the defaults"""
    language: str = DEFAULT_LANGUAGE

    def __post_init__(self) -> None:
        object.__setattr__(self, "language", texts_for(self.language).language)
        shows_numbers = self.malignancy is not None or self.conditions or self.condition_set
        if self.tier is Tier.CANNOT_ASSESS and shows_numbers:
            raise ValueError("a report without a tier shows no malignancy and no conditions")
        if self.tier is Tier.CANNOT_ASSESS and self.on_the_edge:
            raise ValueError("a report without a tier is not on the edge of one")
        if (Reason.CONDITION_NEEDS_DOCTOR in self.reason_codes) != (self.raised_by is not None):
            raise ValueError("a report whose tier was raised by a condition names it, no other does")

    @property
    def texts(self) -> Texts:
        """The words of the report's language."""
        return texts_for(self.language)

    @property
    def on_the_edge(self) -> bool:
        """Whether squares just beside the framed one have another answer, of which the more careful stands here."""
        return Reason.ON_THE_EDGE in self.reason_codes

    @property
    def advice(self) -> Advice:
        """What to do next."""
        return advice_for(self.tier, reasons=self.reason_codes, language=self.language)

    @property
    def tier_text(self) -> str:
        """The tier in words, followed by "uncalibrated" where its thresholds are defaults: show this, not `tier`."""
        label = self.advice.label
        if self.calibrated or self.tier is Tier.CANNOT_ASSESS:  # "cannot assess" rests on neither threshold
            return label
        return f"{label} ({self.texts.uncalibrated})"

    @property
    def reasons(self) -> tuple[str, ...]:
        """What led to the tier, in plain sentences."""
        raised_by = "" if self.raised_by is None else self.texts.condition_of(self.raised_by).name
        return tuple(self.texts.reason_of(code).format(condition=raised_by) for code in self.reason_codes)

    @property
    def condition_set_text(self) -> str:
        """ "One of: ...", or "Most likely: ..." for a single one; nothing where there is no prediction set."""
        names = [self.texts.condition_of(condition).name for condition in self.condition_set]
        if not names:
            return ""
        said = self.texts.condition_set_of_one if len(names) == 1 else self.texts.condition_set
        return said.format(conditions=", ".join(names))

    @property
    def disclaimer(self) -> str:
        """Stands beside every answer that is shown."""
        return self.texts.disclaimer

    def to_dict(self) -> dict[str, Any]:
        """What `to_json` writes, as plain values. Keys are only ever added within one `report_version`."""
        return {
            "report_version": REPORT_VERSION,
            "language": self.language,
            "tier": self.tier.value,
            "tier_text": self.tier_text,
            "calibrated": self.calibrated,
            "malignancy": self.malignancy,
            "conditions": [self._condition(score) for score in self.conditions],
            "condition_set": [condition.value for condition in self.condition_set],
            "condition_set_text": self.condition_set_text,
            "novelty": self.novelty,
            "reason_codes": [code.value for code in self.reason_codes],
            "reasons": list(self.reasons),
            "on_the_edge": self.on_the_edge,
            "raised_by": None if self.raised_by is None else self.raised_by.value,
            "advice": self._advice(),
            "disclaimer": self.disclaimer,
            "model_id": self.model_id,
        }

    def to_json(self) -> str:
        """One line of ASCII JSON."""
        return json.dumps(self.to_dict(), allow_nan=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], *, language: str | None = None) -> "Report":
        """What `to_dict` wrote, in its own language or another.

        Raises ValueError for anything that this version did not write: an unknown tier, reason or condition included.
        """
        try:
            return cls(
                tier=Tier(values["tier"]),
                malignancy=_probability(values["malignancy"]),
                conditions=tuple(_score_from(item) for item in values["conditions"]),
                condition_set=tuple(Condition(name) for name in values["condition_set"]),
                novelty=None if values["novelty"] is None else float(values["novelty"]),
                reason_codes=tuple(_reason_code(code) for code in values["reason_codes"]),
                raised_by=None if values["raised_by"] is None else Condition(values["raised_by"]),
                model_id=str(values["model_id"]),
                calibrated=bool(values["calibrated"]),
                language=language or str(values["language"]),
            )
        except (KeyError, TypeError) as problem:
            raise ValueError(f"not a report of this version ({type(problem).__name__}: {problem})") from problem

    def _advice(self) -> dict[str, Any]:
        advice = self.advice
        return {
            "kind": advice.kind.value,
            "headline": advice.headline,
            "urgency": advice.urgency,
            "what_to_do": list(advice.what_to_do),
            "red_flags_now": advice.red_flags_now,
            "red_flags": list(advice.red_flags),
            "abcde": list(advice.abcde),
        }

    def _condition(self, score: ConditionScore) -> dict[str, Any]:
        words = self.texts.condition_of(score.condition)
        return {
            "condition": score.condition.value,
            "name": words.name,
            "description": words.description,
            "probability": score.probability,
        }


Outcome = Report | PhotoError
"""What came of one photo of many: its answer, or why there is none."""


def _reason_code(code: str) -> ReasonCode:
    """A code as it stands in JSON. Raises ValueError for one that this version does not know."""
    from runtime.photo.quality import QualityProblem  # brings numpy, which words and codes do not wait for

    return QualityProblem(code) if code in set(QualityProblem) else Reason(code)


def _probability(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise ValueError(f"{value!r} is no probability")
    return float(value)


def _score_from(item: Mapping[str, Any]) -> ConditionScore:
    probability = _probability(item["probability"])
    if probability is None:
        raise ValueError("a condition without a probability")
    return ConditionScore(condition=Condition(item["condition"]), probability=probability)


def ranked(prediction: Prediction) -> tuple[ConditionScore, ...]:
    """The ten conditions of a prediction, likeliest first."""
    pairs = by_likelihood(prediction)
    return tuple(ConditionScore(condition=condition, probability=probability) for condition, probability in pairs)
