"""`python -m teacher`: data roots to soft labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from teacher.console import print_table, run_cli
from teacher.data import overview
from teacher.data.dataset import DataOptions, describe_parts, forget_derived, open_dataset
from teacher.data.found import Loaded
from teacher.data.labels import COLUMNS, label_table, table_names
from teacher.data.registry import all_datasets, dataset, load_all, warnings_of
from teacher.data.report import write_report
from teacher.options import OPTION, from_dataclasses
from teacher.soft_labels import TeacherConfig, describe, ensure_soft_labels, soft_labels_folder

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@dataclass(frozen=True, kw_only=True)
class Housekeeping:
    """What may be done with what was derived from a data root."""

    forget: Annotated[bool, typer.Option("--forget")] = False
    """clear everything derived from this data but the split file, say how many bytes that freed, and end"""


@dataclass(frozen=True, kw_only=True)
class Report:
    """A page on the data."""

    report: Annotated[Path | None, OPTION] = None
    """write what was found as one HTML page, such as report.html"""
    photos: Annotated[bool, OPTION] = True
    """small copies of some photos in that page, which then may not be passed on further than the photos"""


@app.command()
@from_dataclasses
def data(options: DataOptions, housekeeping: Housekeeping, page: Report) -> None:
    """Load, check and split a data root; say what was found, and where to get what is missing."""
    if housekeeping.forget:
        folder, freed = forget_derived(options)
        typer.echo(f"{folder}: {freed:,} bytes of derived files cleared; the split file stays")
        return
    loaded = () if options.root is None else load_all(options.root)
    _show_root(loaded)
    opened = open_dataset(options)
    for note in opened.notes:
        typer.echo(note)
    typer.echo(f"{describe_parts(opened)}\nsplit file: {opened.split_path}")
    if page.report is not None:
        write_report(page.report, opened, loaded, root=options.root, photos=page.photos)
        typer.echo(f"report: {page.report}")


@app.command()
def labels(
    dataset_name: Annotated[
        str | None, typer.Argument(metavar="DATASET", help="Such as ddi; without it all datasets.")
    ] = None,
) -> None:
    """Print what each raw label of a dataset means: its condition, whether it is malignant, and why."""
    names = table_names() if dataset_name is None else dataset(dataset_name).labels
    for name in names:
        table = label_table(name)
        rows = [(one.raw, one.condition or "refused", "yes" if one.malignant else "", one.note) for one in table.labels]
        print_table(f"{name}: {len(rows)} labels", COLUMNS, rows, right=())


@app.command(name="soft-labels")
@from_dataclasses
def soft_labels(options: DataOptions, config: TeacherConfig) -> None:
    """Train cross-fitted teachers and store what they say of every training image in every view."""
    dataset = open_dataset(options)
    ensure_soft_labels(dataset, config)
    folder = soft_labels_folder(dataset, config)
    typer.echo(f"{describe(folder)}\n{folder}")


def _show_root(loaded: tuple[Loaded, ...]) -> None:
    if not loaded:
        return
    titles = {spec.name: spec.title for spec in all_datasets()}
    for found in loaded:
        for domain, rows in overview.composition(found).items():
            print_table(f"{titles[found.dataset]}, {domain}", overview.HEADER, rows)
    print_table("Missing", overview.MISSING_HEADER, overview.missing(loaded), right=())
    for found in loaded:
        for warning in warnings_of(found):
            typer.echo(f"warning: {found.dataset}: {warning}")


def main() -> None:
    run_cli(app)
