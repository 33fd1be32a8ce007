"""What the page says, as values, and in which blocks it says it. Nothing here knows a place or a colour."""

from dataclasses import dataclass, field
from datetime import date

from mobile_app.paper.letters import printable
from mobile_app.paper.words import LABELS, PaperTexts
from runtime.answer.advice import AdviceKind
from runtime.answer.report import ConditionScore, Report
from runtime.triage import Tier

LIKELIEST = 3
"""Conditions that are shown; the prediction set names the others that count."""
FIGURES = 6
"""Figures of the model that are shown: they must not take the page from the person."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A question as it was asked, and what was answered; None: nothing was."""

    question: str
    yes: bool | None


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """Everything on the page. The language is the report's; the disclaimer comes with the report and has no switch.

    Texts may be of any length and hold any character: they are cut and shown as well as the page can. Raises
    ValueError for a language without labels.
    """

    report: Report
    photo: bytes = field(repr=False)
    """JPEG of the judged square; where it is damaged or empty, the page says that there is none"""
    taken: date
    lesion: str
    """the person's own name for the spot"""
    place: str
    """on the body, in the report's language"""
    answers: tuple[Answer, ...] = ()
    """ABCDE, what has changed since the last photo, symptoms: in the report's language"""
    notes: str = ""
    score_calibrated: bool | None = False
    """whether the malignancy was calibrated on data, so that it may be called a probability; None: that and the figures
    were not recorded"""
    figures: tuple[tuple[str, str], ...] = ()
    """of the model, name and value, from its bundle's manifest"""
    app_name: str
    app_version: str

    def __post_init__(self) -> None:
        if self.report.language not in LABELS:
            raise ValueError(f"the page has no labels in the language {self.report.language!r}")

    @property
    def labels(self) -> PaperTexts:
        """The page's own words."""
        return LABELS[self.report.language]

    @property
    def day(self) -> str:
        """ISO 8601, which reads the same in every country."""
        return f"{self.taken.year:04d}-{self.taken.month:02d}-{self.taken.day:02d}"

    @property
    def assessed(self) -> bool:
        """Whether there is a tier, and so numbers to show."""
        return self.report.tier is not Tier.CANNOT_ASSESS


@dataclass(frozen=True, kw_only=True)
class Title:
    """The head of the page."""

    text: str
    below: str
    aside: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The photo, beside it which spot it is, and the box with the tier."""

    kind: AdviceKind
    no_photo: str
    facts: tuple[tuple[str, str, int], ...]
    """label, what it names, and in how many lines at most"""
    tier: str
    headline: str
    urgency: str
    note: str
    """empty, or that the model is not calibrated"""


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Running text, cut where the page ends."""

    heading: str
    text: str
    lead: str = ""
    """one bold line above it"""


@dataclass(frozen=True, kw_only=True)
class Bullets:
    """Short texts below each other, or in two columns."""

    heading: str
    items: tuple[str, ...]
    lead: str = ""
    columns: int = 1
    marked: bool = True
    """whether each has a bullet before it"""
    small: bool = False


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of a table."""

    name: str
    value: str
    strong: bool = False
    below: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """Names with values at the right edge. Where not all fit, the last line says how many are missing."""

    heading: str
    entries: tuple[Entry, ...]
    more: str
    """with {count}"""
    after: tuple[str, ...] = ()
    """sentences below the table"""


@dataclass(frozen=True, kw_only=True)
class Footer:
    """The disclaimer, whole."""

    text: str


Flow = Paragraph | Bullets | Table
"""What can stand in a column of any width."""


@dataclass(frozen=True, kw_only=True)
class Blocks:
    """The page from top to bottom: `left` and `right` share the middle, `bottom` and `footer` are always whole."""

    title: Title
    verdict: Verdict
    left: tuple[Flow, ...]
    right: tuple[Flow, ...]
    bottom: tuple[Flow, ...]
    footer: Footer


def blocks_of(sheet: Sheet) -> Blocks:
    """What the page says, in reading order."""
    return Blocks(
        title=_title(sheet),
        verdict=_verdict(sheet),
        left=_findings(sheet) if sheet.assessed else _no_findings(sheet),
        right=_history(sheet),
        bottom=(_red_flags(sheet), _about_the_model(sheet)),
        footer=Footer(text=sheet.report.disclaimer),
    )


def _title(sheet: Sheet) -> Title:
    return Title(text=sheet.labels.title, below=sheet.labels.subtitle, aside=f"{sheet.app_name} {sheet.app_version}")


def _verdict(sheet: Sheet) -> Verdict:
    labels, report = sheet.labels, sheet.report
    return Verdict(
        kind=report.advice.kind,
        no_photo=labels.no_photo,
        facts=(
            (labels.lesion, _or(sheet.lesion, labels.not_given), 1),
            (labels.place, _or(sheet.place, labels.not_given), 2),
            (labels.date, sheet.day, 1),
        ),
        tier=report.tier_text,
        headline=report.advice.headline,
        urgency=report.advice.urgency,
        note="" if report.calibrated or not sheet.assessed else report.texts.uncalibrated_note,
    )


def _or(text: str, otherwise: str) -> str:
    """`text`, unless nothing of it can be seen: spaces, control characters, joiners."""
    return text if printable(text).strip() else otherwise


def _no_findings(sheet: Sheet) -> tuple[Flow, ...]:
    """Of a photo that cannot be judged: why, and what to do instead."""
    return (_why(sheet), Bullets(heading=sheet.report.texts.what_to_do_heading, items=sheet.report.advice.what_to_do))


def _findings(sheet: Sheet) -> tuple[Flow, ...]:
    blocks: list[Flow] = [_why(sheet)]
    if sheet.report.conditions:
        blocks.append(_conditions(sheet))
    if sheet.report.malignancy is not None:
        blocks.append(_score(sheet, malignancy=sheet.report.malignancy))
    return tuple(blocks)


def _why(sheet: Sheet) -> Bullets:
    return Bullets(heading=sheet.report.texts.why_heading, items=sheet.report.reasons)


def _conditions(sheet: Sheet) -> Table:
    labels, report = sheet.labels, sheet.report
    return Table(
        heading=report.texts.conditions_heading,
        entries=tuple(_condition(sheet, score) for score in report.conditions[:LIKELIEST]),
        more=labels.more,
        after=tuple(text for text in (report.condition_set_text, labels.conditions_hint) if text),
    )


def _condition(sheet: Sheet, score: ConditionScore) -> Entry:
    words = sheet.report.texts.condition_of(score.condition)
    share = percent(score.probability, labels=sheet.labels)
    return Entry(name=words.name, value=share, strong=True, below=words.description)


def percent(share: float, *, labels: PaperTexts) -> str:
    """A share of 1 as a whole percentage; below half of one it is "<1%", never zero."""
    value = round(100 * share)
    return labels.percent.format(value=value) if value else labels.less_than_one


def _score(sheet: Sheet, *, malignancy: float) -> Paragraph:
    labels = sheet.labels
    return Paragraph(
        heading=labels.score,
        lead=sheet.report.texts.score_line.format(score=f"{malignancy:.2f}"),
        text={
            True: labels.score_calibrated,
            False: labels.score_uncalibrated,
            None: labels.score_unrecorded,
        }[sheet.score_calibrated],
    )


def _history(sheet: Sheet) -> tuple[Flow, ...]:
    """What the person said."""
    labels = sheet.labels
    blocks: list[Flow] = []
    if sheet.answers:
        # What was answered with yes comes first: should some not fit, it is not those.
        ordered = sorted(sheet.answers, key=lambda answer: (True, False, None).index(answer.yes))
        entries = tuple(_entry(answer, labels=labels) for answer in ordered)
        blocks.append(Table(heading=labels.questions, entries=entries, more=labels.more))
    if printable(sheet.notes).strip():
        blocks.append(Paragraph(heading=labels.notes, text=sheet.notes))
    return tuple(blocks)


def _entry(answer: Answer, *, labels: PaperTexts) -> Entry:
    said = {True: labels.yes, False: labels.no, None: labels.not_answered}[answer.yes]
    return Entry(name=answer.question, value=said, strong=answer.yes is True)


def _red_flags(sheet: Sheet) -> Bullets:
    texts = sheet.report.texts
    return Bullets(
        heading=texts.red_flags_heading, items=texts.red_flags, lead=texts.red_flags_now, columns=2, small=True
    )


def _about_the_model(sheet: Sheet) -> Bullets:
    """Without the figures where the photo could not be judged: no number there may be read as a result."""
    figures = sheet.figures if sheet.assessed else ()
    lines = [f"{name}: {value}" for name, value in figures[:FIGURES]]
    if len(figures) > FIGURES:
        lines.append(sheet.labels.more.format(count=len(figures) - FIGURES))
    if sheet.assessed and sheet.score_calibrated is None:
        lines = [sheet.labels.model_unrecorded]
    return Bullets(
        heading=sheet.labels.about_the_model,
        lead=sheet.report.texts.model_line.format(model_id=sheet.report.model_id),
        items=tuple(lines),
        columns=2,
        marked=False,
        small=True,
    )
