"""`python -m teacher cross-domain` and `focused`: what a classifier is worth where it was not taught."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import typer
from matplotlib.figure import Figure as Drawing

from runtime.bundle.load import Figure
from runtime.files import write_json
from teacher.comparison.options import Transferred
from teacher.comparison.transfer import FOCUS, Carried, Focused, School, absent, cross_domain, focused, left_out
from teacher.console import figure_text, print_table, progress
from teacher.data.cache import clear_errors
from teacher.data.dataset import DataOptions, open_dataset
from teacher.embeddings.embedder import embedder_of
from teacher.embeddings.options import Wanted
from teacher.embeddings.subset import chosen
from teacher.evaluation.frame import Estimate
from teacher.models.compute import this_compute
from teacher.models.config import EncoderChoice, TeacherError

TOO_FEW = "too few"


def cross_domain_command(options: DataOptions, encoder: EncoderChoice, wanted: Wanted, asked: Transferred) -> None:
    """Print the table, and leave it as JSON and as a picture."""
    school = _school(options, encoder, wanted, asked)
    with progress("Leaving out", 1 + len(left_out(school))) as advance:
        rows = cross_domain(school, advance)
    if not rows:
        raise TeacherError("one domain and one dataset only: nothing can be left out")
    print_table(
        f"Malignancy AUC on test photos, {asked.classifier} on frozen embeddings",
        ("left out", "", "taught", "test photos", "taught too", "left out", "lost"),
        [_written(row) for row in rows],
        right=(2, 3, 4, 5, 6),
    )
    with clear_errors(asked.out.parent):
        _leave(asked.out, {"rows": [asdict(row) for row in rows]})
        _draw_carried(rows, asked.out.with_suffix(".png"))
    typer.echo(f"all figures: {asked.out}; picture: {asked.out.with_suffix('.png')}")


def focused_command(options: DataOptions, encoder: EncoderChoice, wanted: Wanted, asked: Transferred) -> None:
    """Print the table, and leave it as JSON and as a picture."""
    school = _school(options, encoder, wanted, asked)
    with progress("Lessons", 3) as advance:
        rows = focused(school, views=wanted.views, advance=advance)
    missing = absent(school.dataset)
    if missing:
        typer.echo(f"smaller than the reference's: {', '.join(missing)} not here")
    if len(rows) < 3:
        typer.echo(f"no photo of {FOCUS} to learn from alone")
    names = [(grouping, name) for grouping, found in rows[0].groups.items() for name in found]
    print_table(
        f"Malignancy AUC on test photos, {asked.classifier} on frozen embeddings",
        ("test photos", *(f"{row.name} ({row.taught:,})" for row in rows)),
        [
            ("all", *(_text(row.overall) for row in rows)),
            *((name, *(_text(row.groups[grouping][name]) for row in rows)) for grouping, name in names),
        ],
    )
    with clear_errors(asked.out.parent):
        _leave(asked.out, {"absent": missing, "rows": [asdict(row) for row in rows]})
        _draw_focused(rows, names, asked.out.with_suffix(".png"))
    typer.echo(f"all figures: {asked.out}; picture: {asked.out.with_suffix('.png')}")


def _school(options: DataOptions, encoder: EncoderChoice, wanted: Wanted, asked: Transferred) -> School:
    if this_compute().processes > 1:
        raise TeacherError("this runs in one process; embed with torchrun -m teacher embed first")
    dataset = open_dataset(options)
    return School(
        dataset=dataset,
        embedder=embedder_of(encoder, precision=wanted.embed_precision),
        chosen=chosen(dataset, limit=wanted.limit),
        kind=asked.classifier,
        seed=options.seed,
        view=wanted.view,
    )


def _written(row: Carried) -> tuple[str, ...]:
    figures = (row.known, row.unknown, row.lost)
    return (row.kind, row.name, f"{row.taught:,}", f"{row.photos:,}", *map(_figure_text, figures))


def _figure_text(figure: Figure | None) -> str:
    return TOO_FEW if figure is None else figure_text(figure)


def _text(one: Estimate) -> str:
    return f"{TOO_FEW} ({one.patients})" if one.shown is None else figure_text(one.shown)


def _leave(path: Path, values: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, values)


def _draw_carried(rows: Sequence[Carried], path: Path) -> None:
    drawn = [row for row in rows if row.known is not None and row.unknown is not None]
    drawing = Drawing(figsize=(8, 1.6 + 0.42 * len(drawn)), layout="constrained")
    axes = drawing.subplots()
    for shift, name, colour in ((-0.14, "known", "#0b5c66"), (0.14, "unknown", "#c2571a")):
        _bars(
            axes,
            [getattr(row, name) for row in drawn],
            shift,
            colour,
            {"known": "taught too", "unknown": "left out"}[name],
        )
    axes.set_yticks(range(len(drawn)), [f"{row.name} ({row.photos:,})" for row in drawn], fontsize=9)
    _finish(drawing, axes, path)


def _draw_focused(rows: Sequence[Focused], names: Sequence[tuple[str, str]], path: Path) -> None:
    shown = [(g, n) for g, n in names if any(row.groups[g][n].shown is not None for row in rows)]
    drawing = Drawing(figsize=(8, 1.8 + 0.5 * (1 + len(shown))), layout="constrained")
    axes = drawing.subplots()
    for place, (row, colour) in enumerate(zip(rows, ("#c2571a", "#7a8b99", "#0b5c66"), strict=False)):
        estimates = [row.overall, *(row.groups[grouping][name] for grouping, name in shown)]
        _bars(axes, [one.shown for one in estimates], 0.2 * (place - 1), colour, row.name)
    axes.set_yticks(range(1 + len(shown)), ["all", *(name for _, name in shown)], fontsize=9)
    _finish(drawing, axes, path)


def _bars(axes: Any, figures: Sequence[Figure | None], shift: float, colour: str, label: str) -> None:
    there = [(place, one) for place, one in enumerate(figures) if one is not None]
    values = np.array([one.value for _, one in there])
    spans = [[one.value - one.low for _, one in there], [one.high - one.value for _, one in there]]
    places = [place + shift for place, _ in there]
    axes.errorbar(values, places, xerr=spans, fmt="o", color=colour, markersize=5, capsize=2, label=label)


def _finish(drawing: Drawing, axes: Any, path: Path) -> None:
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
    axes.axvline(0.5, color="#999999", linewidth=0.8)
    axes.set_xlabel("malignancy AUC; lines: 95%, patients and lesions resampled", fontsize=8)
    handles, names = axes.get_legend_handles_labels()
    drawing.legend(handles, names, fontsize=8, loc="outside upper right", ncols=3)
    drawing.savefig(path, dpi=110, metadata={"Software": None})
