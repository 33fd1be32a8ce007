"""What to do next: which advice belongs to a result. The words are in `runtime.answer.locales`."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from runtime.answer.locales import DEFAULT_LANGUAGE, LANGUAGES, texts_for
from runtime.triage import Reason, ReasonCode, Tier

DISCLAIMER = LANGUAGES[DEFAULT_LANGUAGE].disclaimer
"""In English; `texts_for(language).disclaimer` has the others."""


class AdviceKind(StrEnum):
    """Five ways of saying what to do. Show a result by its kind: the tier `low` has two."""

    LOW = "low"
    MODERATE = "moderate"
    HIGH = "high"
    CANNOT_ASSESS = "cannot_assess"
    TREATMENT = "treatment"
    """A low tier that looks like an inflammation: not cancer-like, and still for a doctor, so never "watch it"."""


_KINDS = {
    Tier.LOW: AdviceKind.LOW,
    Tier.MODERATE: AdviceKind.MODERATE,
    Tier.HIGH: AdviceKind.HIGH,
    Tier.CANNOT_ASSESS: AdviceKind.CANNOT_ASSESS,
}


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Plain-language text for one result."""

    kind: AdviceKind
    label: str
    """the tier in a few words"""
    headline: str
    urgency: str
    """how soon"""
    what_to_do: tuple[str, ...]
    red_flags_now: str
    """when to go to a doctor at once"""
    red_flags: tuple[str, ...]
    """signs for which a doctor should look whatever the tier"""
    abcde: tuple[str, ...]
    """what to compare from month to month: asymmetry, border, colour, diameter, evolution"""


def kind_of(tier: Tier, reasons: Sequence[ReasonCode] = ()) -> AdviceKind:
    """The one place where an inflammatory-looking lesion stops being "low"."""
    if tier is Tier.LOW and Reason.INFLAMMATION in reasons:
        return AdviceKind.TREATMENT
    return _KINDS[tier]


def advice_for(tier: Tier, *, reasons: Sequence[ReasonCode] = (), language: str = DEFAULT_LANGUAGE) -> Advice:
    """The text for a tier and what led to it. Raises ValueError for a language without texts."""
    texts, kind = texts_for(language), kind_of(tier, reasons)
    words = texts.advice_of(kind)
    return Advice(
        kind=kind,
        label=words.label,
        headline=words.headline,
        urgency=words.urgency,
        what_to_do=words.what_to_do,
        red_flags_now=texts.red_flags_now,
        red_flags=texts.red_flags,
        abcde=texts.abcde,
    )
