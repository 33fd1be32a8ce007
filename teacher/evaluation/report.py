"""An evaluation as files: one page that needs nothing else, one Markdown file, the figures as JSON, the predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runtime.conditions import CONDITIONS
from runtime.files import write_json, written_whole
from teacher.data.report.counts import words
from teacher.data.report.pictures import Thumb, thumb_of
from teacher.data.report.template import rendered
from teacher.data.sample import DataError
from teacher.evaluation.evaluation import Evaluation
from teacher.evaluation.plots import Plot, plots_of
from teacher.evaluation.predictions import write_table
from teacher.evaluation.tables import (
    KERATOSIS,
    TOO_FEW,
    Table,
    counts_table,
    distortion_table,
    group_lines,
    group_table,
    odds_table,
    overall_table,
)

PAGE, MARKDOWN, FIGURES, PREDICTIONS, PLOTS = "report.html", "report.md", "figures.json", "predictions.csv", "plots"
MISTAKES = 14
"""Of each kind that are shown."""
INTERVALS = "95% intervals, by resampling patients or lesions a thousand times."


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the page."""

    name: str
    title: str
    note: str = ""
    tables: tuple[Table, ...] = ()
    more: tuple[Table, ...] = ()
    """behind a fold"""
    plots: tuple[Plot, ...] = ()
    strips: tuple[tuple[str, tuple[Thumb, ...]], ...] = ()


def write_report(folder: Path, evaluation: Evaluation, *, mistakes: bool) -> Path:
    """Writes all files and returns the page. `mistakes`: with thumbnails, which then may not be passed on.

    Raises DataError where the folder cannot be written.
    """
    sections = _sections(evaluation, mistakes=mistakes)
    said = {
        "title": evaluation.title,
        "part": evaluation.part,
        "photos": len(evaluation.indices),
        "patients": evaluation.patients,
        "threshold": evaluation.as_labelled.cases.threshold,
        "tiles": _tiles(evaluation),
        "sections": sections,
        "mistakes": mistakes,
        "fold": KERATOSIS,
    }
    try:
        (folder / PLOTS).mkdir(parents=True, exist_ok=True)
        for plot in (plot for section in sections for plot in section.plots):
            _write(folder / PLOTS / f"{plot.name}.svg", plot.svg)
        _write(folder / MARKDOWN, rendered("teacher.evaluation", "report.md.j2", **said))
        _write(folder / PAGE, rendered("teacher.evaluation", "report.html.j2", **said))
        write_json(folder / FIGURES, evaluation.to_dict())
        write_table(folder / PREDICTIONS, evaluation.said)
    except OSError as error:
        raise DataError(f"--report {folder}: cannot be written ({error.strerror})") from error
    return folder / PAGE


def _write(path: Path, text: str) -> None:
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace")


def _tiles(evaluation: Evaluation) -> list[tuple[str, str]]:
    found = evaluation.as_labelled.overall
    named = (
        ("auc", "AUC of the malignancy"),
        ("condition_macro_auc", "macro-AUC of ten conditions"),
        ("malignant_not_low", "of malignant photos not told low"),
        ("benign_low", "of benign photos told low"),
        ("refused", "cannot be assessed"),
    )
    return [
        (f"{one.value:.0%}" if name not in ("auc", "condition_macro_auc") else f"{one.value:.3f}", title)
        for name, title in named
        if name in found and (one := found[name].shown) is not None
    ]


def _sections(evaluation: Evaluation, *, mistakes: bool) -> list[Section]:
    plots = {plot.name: plot for plot in plots_of(evaluation)}
    found = [
        Section(
            name="figures",
            title="Figures",
            note=f"Of all photos. {INTERVALS} Yes or no is said at a malignancy of "
            f"{evaluation.as_labelled.cases.threshold:g}, where a figure needs it; tiers have thresholds of their own.",
            tables=(overall_table(evaluation),),
            plots=(plots["reliability"],),
        ),
        *(_by_group(evaluation, name, plots) for name in evaluation.groups if name != "condition"),
        _conditions(evaluation, plots),
    ]
    if evaluation.stood:
        found.append(_distortions(evaluation, plots))
    if mistakes:
        found.append(_mistakes(evaluation))
    return found


def _by_group(evaluation: Evaluation, name: str, plots: dict[str, Plot]) -> Section:
    groups = evaluation.groups[name]
    unknown = len(evaluation.indices) - groups.grouped
    notes = [TOO_FEW]
    if unknown:
        notes.append(f"Of {unknown:,} photos it is not known.")
    if len(groups.names) > 1:
        notes.append("A difference is the largest less the smallest: of equal groups it is above 0 by chance alone.")
    tables = (group_table(evaluation.as_labelled, name), odds_table(evaluation, name))
    own = plots.get(f"roc-{name}")
    return Section(
        name=name,
        title=f"By {groups.grouping.title}",
        note=" ".join(notes) if groups.names else "Not known of any photo.",
        tables=_known(counts_table(evaluation, name) if groups.names else None, *tables),
        more=_known(group_table(evaluation.keratosis_benign, name)),
        plots=() if own is None or not groups.names else (own,),
    )


def _conditions(evaluation: Evaluation, plots: dict[str, Plot]) -> Section:
    return Section(
        name="condition",
        title="By condition",
        note=f"Accuracy of ten is the share that is found. {TOO_FEW}",
        tables=_known(group_lines(evaluation.as_labelled, "condition")),
        plots=(plots["confusion"],),
    )


def _distortions(evaluation: Evaluation, plots: dict[str, Plot]) -> Section:
    count = evaluation.stood[0].auc.photos
    return Section(
        name="distortions",
        title="Distortions",
        note=f"The same {count:,} photos each time. What is lost, moved or changed is held against the clean photo; "
        '"cannot assess" counts as a tier.',
        tables=(distortion_table(evaluation.stood),),
        plots=(plots["distortions"],),
    )


def _mistakes(evaluation: Evaluation) -> Section:
    cases = evaluation.as_labelled.cases
    order = np.argsort(cases.said.malignancy, kind="stable")
    if cases.said.refused is not None:
        order = order[~cases.said.refused[order]]
    missed = order[cases.malignant[order]][:MISTAKES]
    alarms = order[::-1][~cases.malignant[order[::-1]]][:MISTAKES]
    return Section(
        name="mistakes",
        title="Worst mistakes",
        note="What was said stands first, then the label as its dataset gives it. Without photos that could not be "
        "assessed: nobody was told anything of them.",
        strips=(
            ("malignant, called harmless", _thumbs(evaluation, missed)),
            ("benign, called malignant", _thumbs(evaluation, alarms)),
        ),
    )


def _thumbs(evaluation: Evaluation, places: Sequence[int] | np.ndarray) -> tuple[Thumb, ...]:
    return tuple(thumb_of(evaluation.dataset, int(evaluation.indices[at]), _caption(evaluation, at)) for at in places)


def _caption(evaluation: Evaluation, at: int) -> str:
    cases = evaluation.as_labelled.cases
    sample = evaluation.dataset.samples[evaluation.indices[at]]
    tier = "" if cases.said.tiers is None else f", {cases.said.tiers[at]}"
    said = f"{cases.said.malignancy[at]:.3f}{tier}, {words(CONDITIONS[cases.likeliest[at]])}"
    return f"{said}; is {sample.raw_label} ({sample.key})"


def _known(*tables: Table | None) -> tuple[Table, ...]:
    return tuple(table for table in tables if table is not None)
