"""What is written down for others: the page for a doctor about an answer, the card about the model."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import TypedDict

from mobile_app.locales import Texts
from mobile_app.paper import Answer, Sheet
from mobile_app.photo.screens import Answered
from mobile_app.store import Judge, Lesion, Shot
from mobile_app.visit.spots import report_of
from runtime.bundle.load import Bundle
from runtime.bundle.manifest import UNKNOWN_GROUP, Figure, OperatingPoints


@dataclass(frozen=True, kw_only=True)
class Card:
    """The model in a layman's words."""

    facts: tuple[tuple[str, str], ...]
    """name and value"""
    figures: tuple[tuple[str, str], ...]
    limits: tuple[str, ...]


def card_of(bundle: Bundle, *, texts: Texts) -> Card:
    """What the bundle says of itself: what it learnt from, what was measured, for whom nothing is promised."""
    manifest, words = bundle.manifest, texts.settings
    size = f"{bundle.file.bytes / 1e6:.1f} MB ({bundle.file.precision})"
    return Card(
        facts=(
            (words.model, f"{manifest.model_id} ({manifest.architecture})"),
            (words.made_on, manifest.created),
            (words.trained_on, ", ".join(manifest.training_data)),
            *_prevalence(bundle, texts=texts),
            (words.size, size),
            (words.licence, manifest.licence),
        ),
        figures=figures_of(bundle.file.metrics, texts=texts),
        limits=_limits(bundle.file.operating_points, texts=texts),
    )


def _prevalence(bundle: Bundle, *, texts: Texts) -> tuple[tuple[str, str], ...]:
    """What its malignancy is a probability for, where somebody declared that."""
    calibration = bundle.file.calibration
    if calibration is None or calibration.declared is None:
        return ()
    share = f"{100 * calibration.declared:.3g}%"
    return ((texts.settings.prevalence, texts.settings.declared.format(share=share)),)


def _limits(points: OperatingPoints, *, texts: Texts) -> tuple[str, ...]:
    """What the introduction said, and the skin types for which the thresholds hold no promise."""
    said = tuple(text for _, text in texts.start.steps[2:])
    groups = [group.group for group in points.groups if not group.assured and group.group != UNKNOWN_GROUP]
    return (*said, *([texts.settings.not_assured.format(groups=", ".join(groups))] if groups else []))


def sheet_of(answered: Answered, *, texts: Texts, judge: Judge | None, today: date) -> Sheet:
    """The page about the answer on show, before it belongs to any spot. `judge`: the model that gave it."""
    return Sheet(
        report=answered.report,
        photo=answered.preview,
        taken=today,
        lesion="",
        place="",
        **_about_the_model(judge, texts=texts),
        app_name=texts.app,
        app_version=app_version(),
    )


def sheet_of_shot(shot: Shot, *, lesion: Lesion, photo: bytes, texts: Texts, language: str) -> Sheet | None:
    """The page about a kept photo; None where its answer cannot be read any more.

    What it says of the model was kept with the answer: another model than today's may have given it.
    """
    report = report_of(shot, language=language)
    if report is None:
        return None
    asked = texts.spots.changed if shot.answers else ()
    return Sheet(
        report=report,
        photo=photo,
        taken=shot.taken.date(),
        lesion=lesion.name,
        place="" if lesion.place is None else texts.body.place(lesion.place),
        answers=tuple(Answer(question=question, yes=shot.answers.get(code, False)) for code, question in asked),
        notes=lesion.notes,
        **_about_the_model(shot.judge, texts=texts),
        app_name=texts.app,
        app_version=app_version(),
    )


def judge_of(bundle: Bundle) -> Judge:
    """What is kept of the model beside its answers."""
    file = bundle.file
    return Judge(
        model_id=bundle.manifest.model_id,
        sha256=file.sha256,
        score_calibrated=file.calibration is not None,
        figures=file.metrics,
    )


class _AboutTheModel(TypedDict):
    score_calibrated: bool | None
    figures: tuple[tuple[str, str], ...]


def _about_the_model(judge: Judge | None, *, texts: Texts) -> _AboutTheModel:
    if judge is None:
        return {"score_calibrated": None, "figures": ()}
    return {"score_calibrated": judge.score_calibrated, "figures": figures_of(judge.figures, texts=texts)}


def figures_of(metrics: Mapping[str, Figure], *, texts: Texts) -> tuple[tuple[str, str], ...]:
    """The figures a layman can use, each with its interval and the number of photos behind it."""
    names = {
        "sensitivity_at_low": texts.settings.sensitivity,
        "melanoma_not_low": texts.settings.melanomas,
        "specificity_at_low": texts.settings.specificity,
        "malignancy_auc": texts.settings.auc,
    }
    return tuple((label, _figure(metrics[name])) for name, label in names.items() if name in metrics)


def app_version() -> str:
    """Of the installed package; a packed app has none beside it."""
    try:
        return version("skintag-edge")
    except PackageNotFoundError:
        return ""


def _figure(figure: Figure) -> str:
    return f"{figure.value:.2f} ({figure.low:.2f}-{figure.high:.2f}, n = {figure.n})"
