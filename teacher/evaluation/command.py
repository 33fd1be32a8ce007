"""`python -m teacher evaluate`: how good is a bundle, a teacher or a table of predictions, and for whom?"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from teacher.console import print_table
from teacher.data.dataset import DataOptions, Dataset, open_dataset
from teacher.data.sample import DataError
from teacher.data.splits import Part
from teacher.evaluation.evaluation import Evaluation, evaluate
from teacher.evaluation.judged import Judged, Told, judge, open_judged, size_of, title_of
from teacher.evaluation.metrics import THRESHOLD
from teacher.evaluation.predictions import Predictions, read_table
from teacher.evaluation.report import FIGURES, MARKDOWN, PAGE, PREDICTIONS, write_report
from teacher.evaluation.robustness import stand
from teacher.evaluation.tables import SHORT_DISTORTION, Table, columns, distortion_table, overall_table, short_table
from teacher.options import OPTION, View

EVERY = 0
"""For `--count`: all photos."""

PRINTED = ("domain", "tone_group")
"""Groupings on the terminal; the page has all."""


@dataclass(frozen=True, kw_only=True)
class EvaluateOptions:
    """How a model is judged; the same for teachers, students and bundles."""

    part: Annotated[Part, OPTION] = Part.TEST
    """part of the split to judge on"""
    count: Annotated[int, typer.Option(min=0)] = EVERY
    """judge on so many of its patients or lesions only, always the same ones; 0 for all"""
    threshold: Annotated[float, typer.Option(min=0, max=1)] = THRESHOLD
    """malignancy from which on a photo counts as called malignant, where a figure needs a yes or no"""
    beside: Annotated[list[Path], typer.Option(metavar="FILE.csv")] = field(default_factory=list)
    """predictions.csv of another model, whose figures are shown beside; several times"""
    robustness: Annotated[bool, typer.Option("--robustness")] = False
    """ask again about each photo distorted in fourteen ways"""
    distorted: Annotated[int, typer.Option(min=1)] = 300
    """patients or lesions whose photos are distorted"""
    report: Annotated[Path | None, typer.Option(metavar="FOLDER")] = None
    """write report.html, report.md, figures.json, predictions.csv and the plots into this folder"""
    mistakes: Annotated[bool, typer.Option("--mistakes")] = False
    """show the worst mistakes in the page, as small pictures: it may then not be passed on further than the photos"""


def evaluate_command(
    what: Annotated[
        str,
        typer.Argument(metavar="WHAT", help="A bundle folder, default for the one inside, or a table of predictions."),
    ],
    data: Annotated[DataOptions, View(without=("image_size",))],
    options: EvaluateOptions,
) -> None:
    """Judge a model on one part of the data: figures with intervals, for whom they hold, and what changes them."""
    refuse_contradictions(options)
    judged = open_judged(what)
    dataset = open_dataset(replace(data, image_size=size_of(judged)))
    judge_and_show(judged, dataset, options)


def refuse_contradictions(options: EvaluateOptions) -> None:
    """Before anything that takes minutes. Raises DataError."""
    if options.mistakes and options.report is None:
        raise DataError("--mistakes shows pictures in the page of --report FOLDER, which is missing")
    if options.report is not None and options.report.exists() and not options.report.is_dir():
        raise DataError(f"--report {options.report}: not a folder")


def judge_and_show(
    judged: Judged | Told,
    dataset: Dataset,
    options: EvaluateOptions,
    *,
    beside: Mapping[str, Predictions] | None = None,
) -> Evaluation:
    """Ask, measure, write and print. `beside`: what others said, by their titles; of all the samples of the part.

    Raises DataError where something is missing.
    """
    if options.robustness and isinstance(judged, Told):
        raise DataError(f"--robustness: {judged.path} is a table, which cannot be asked about distorted photos")
    indices = some(dataset, dataset.part(options.part), options.count)
    told = {_title(path): read_table(path).of(dataset, indices, where=str(path)) for path in options.beside}
    told |= {title: one.of(dataset, indices, where=title) for title, one in (beside or {}).items()}
    found = evaluate(
        dataset,
        indices,
        judge(judged, dataset, indices),
        title=title_of(judged),
        part=options.part.value,
        threshold=options.threshold,
        beside=told,
    )
    if options.robustness and not isinstance(judged, Told):
        few = some(dataset, indices, options.distorted)
        found = replace(found, stood=stand(judged, dataset, few, threshold=options.threshold))
    if options.report is not None:
        write_report(options.report, found, mistakes=options.mistakes)
    show(found)
    if options.report is not None:
        names = ", ".join((MARKDOWN, FIGURES, PREDICTIONS))
        typer.echo(f"report: {options.report / PAGE}; beside it {names}")
    return found


def some(dataset: Dataset, indices: np.ndarray, count: int) -> np.ndarray:
    """The samples of `count` patients or lesions, the same whatever else is in the data; all of them where 0.

    Raises DataError where there is no sample at all.
    """
    if len(indices) == 0:
        raise DataError("this part of the split holds no photo")
    first: dict[int, str] = {}
    for index in indices:
        drawn = hashlib.sha256(dataset.contents[index].encode()).hexdigest()
        group = int(dataset.groups[index])
        first[group] = min(first.get(group, drawn), drawn)
    if count == EVERY:
        return indices
    chosen = sorted(first, key=lambda group: first[group])[:count]
    return indices[np.isin(dataset.groups[indices], chosen)]


def show(found: Evaluation) -> None:
    """The tables that a terminal has room for; overall figures last, where one looks first."""
    for name in PRINTED:
        table = short_table(found.as_labelled, name)
        if table is not None:
            _print(f"By {found.groups[name].grouping.title}", table)
    if found.stood:
        _print("Distortions", columns(distortion_table(found.stood), SHORT_DISTORTION))
    photos = f"{len(found.indices):,} photos of {found.patients:,} patients or lesions"
    _print(f"{found.title}: {found.part} part, {photos}, 95% intervals", overall_table(found))


def _title(path: Path) -> str:
    """Of a predictions.csv the folder that it stands in, as the name is always the same."""
    return path.parent.name if path.name == PREDICTIONS and path.parent.name else path.name


def _print(title: str, table: Table) -> None:
    print_table(title, table.header, table.rows)
