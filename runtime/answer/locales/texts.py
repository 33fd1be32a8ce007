"""The form that every language fills in: a text that a language lacks is a type error, not a blank in an answer.

No text may say that a spot is harmless: a photo cannot know. Texts with {braces} are formatted with what they name.
The fields of `AdviceTable`, `ReasonTable`, `ProblemTable` and `ConditionTable` are the codes whose texts they hold.
"""

from dataclasses import dataclass

from runtime.answer.locales.refusals import REFUSALS
from runtime.errors import PhotoError


@dataclass(frozen=True, kw_only=True)
class AdviceTexts:
    """What to do about one kind of result."""

    label: str
    """the tier in a few words"""
    headline: str
    urgency: str
    """how soon"""
    what_to_do: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AdviceTable:
    """One entry for each `runtime.answer.advice.AdviceKind`."""

    low: AdviceTexts
    moderate: AdviceTexts
    high: AdviceTexts
    cannot_assess: AdviceTexts
    treatment: AdviceTexts
    """a low malignancy, but it looks like an inflammation or infection: somebody has to treat that"""


@dataclass(frozen=True, kw_only=True)
class ReasonTable:
    """One sentence for each `runtime.triage.Reason`."""

    unfamiliar: str
    strong_signs: str
    some_signs: str
    few_signs: str
    condition_needs_doctor: str
    """with {condition}, a condition's name"""
    inflammation: str
    on_the_edge: str


@dataclass(frozen=True, kw_only=True)
class ProblemTable:
    """For each `runtime.photo.quality.QualityProblem`: what is wrong with the photo and what to do."""

    too_dark: str
    overexposed: str
    no_detail: str
    blurred: str
    glare: str
    too_far: str
    too_close: str
    colour_cast: str


@dataclass(frozen=True, kw_only=True)
class ConditionTexts:
    """A condition's name, and what it is in one plain sentence."""

    name: str
    description: str


@dataclass(frozen=True, kw_only=True)
class ConditionTable:
    """One entry for each `runtime.conditions.Condition`."""

    melanoma: ConditionTexts
    basal_cell_carcinoma: ConditionTexts
    squamous_cell_carcinoma: ConditionTexts
    actinic_keratosis: ConditionTexts
    melanocytic_nevus: ConditionTexts
    seborrheic_keratosis: ConditionTexts
    dermatofibroma: ConditionTexts
    vascular_lesion: ConditionTexts
    non_neoplastic: ConditionTexts
    other: ConditionTexts


@dataclass(frozen=True, kw_only=True)
class PassedOverTexts:
    """Files of a folder that are not judged, by kind; a count and names follow."""

    hidden: str
    empty: str
    video: str
    raw: str
    """what a camera stores before it makes a photo of it"""
    other_picture: str
    no_photo: str


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Every text of an answer, in one language."""

    language: str
    """ISO 639-1 code"""
    language_name: str
    """the language's own name"""
    disclaimer: str
    """stands on every answer"""
    uncalibrated: str
    """the word beside a tier whose thresholds are defaults"""
    uncalibrated_note: str
    advice: AdviceTable
    reasons: ReasonTable
    problems: ProblemTable
    conditions: ConditionTable
    red_flags_now: str
    red_flags: tuple[str, ...]
    """signs for which a doctor should look whatever the tier: evolution, bleeding, the nodular melanoma's "raised,
    firm, growing", the ugly duckling, and the places where melanoma of darker skin is most often overlooked"""
    abcde: tuple[str, ...]
    """asymmetry, border, colour, diameter, evolution: one line each"""
    why_heading: str
    what_to_do_heading: str
    red_flags_heading: str
    abcde_heading: str
    conditions_heading: str
    condition_set: str
    """with {conditions}, the names of a prediction set"""
    condition_set_of_one: str
    """with {conditions}, the only name of a prediction set"""
    model_line: str
    """with {model_id}"""
    score_line: str
    """with {score}, the malignancy"""
    explanation_caveat: str
    """stands beside a picture of where the model looked"""
    no_explanation: str
    """stands in place of that picture"""
    progress: str
    """with {done}, {total} and {left}, a time"""
    summary: str
    """with {file}, {judged} and {failed}, two counts"""
    passed_over: str
    """with {count} and {files}: what of a folder was not judged"""
    passed_over_kinds: PassedOverTexts

    def advice_of(self, kind: str) -> AdviceTexts:
        """The advice for an `AdviceKind`. Raises KeyError for anything else."""
        return vars(self.advice)[kind]

    def passed_over_of(self, kind: str) -> str:
        """What files of this kind are called, for a `runtime.many.Passed`. Raises KeyError for anything else."""
        return vars(self.passed_over_kinds)[kind]

    def reason_of(self, code: str) -> str:
        """The sentence for a `Reason` or a `QualityProblem`. Raises KeyError for anything else."""
        return {**vars(self.reasons), **vars(self.problems)}[code]

    def refusal_of(self, error: PhotoError) -> str:
        """Why a photo was not read, as the error says it, in this language."""
        if self.language not in REFUSALS:
            return str(error)
        sentence = REFUSALS[self.language][error.reason].format(**error.blanks)
        return f"{error.photo}: {sentence}" if error.photo else sentence

    def condition_of(self, condition: str) -> ConditionTexts:
        """Name and description of a `Condition`. Raises KeyError for anything else."""
        return vars(self.conditions)[condition]
