"""`python -m teacher`: data roots to soft labels."""

from dataclasses import dataclass
from typing import Annotated

import typer

from teacher.console import run_cli
from teacher.data.dataset import DataOptions, describe_parts, forget_derived, open_dataset
from teacher.options import from_dataclasses
from teacher.soft_labels import TeacherConfig, describe, ensure_soft_labels, soft_labels_folder

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@dataclass(frozen=True, kw_only=True)
class Housekeeping:
    """What may be done with what was derived from a data root."""

    forget: Annotated[bool, typer.Option("--forget")] = False
    """clear everything derived from this data but the split file, say how many bytes that freed, and end"""


@app.command()
@from_dataclasses
def data(options: DataOptions, housekeeping: Housekeeping) -> None:
    """Load, check and split a data root; say what was found."""
    if housekeeping.forget:
        folder, freed = forget_derived(options)
        typer.echo(f"{folder}: {freed:,} bytes of derived files cleared; the split file stays")
        return
    dataset = open_dataset(options)
    for note in dataset.notes:
        typer.echo(note)
    typer.echo(f"{describe_parts(dataset)}\nsplit file: {dataset.split_path}")


@app.command(name="soft-labels")
@from_dataclasses
def soft_labels(options: DataOptions, config: TeacherConfig) -> None:
    """Train cross-fitted teachers and store what they say of every training image in every view."""
    dataset = open_dataset(options)
    ensure_soft_labels(dataset, config)
    folder = soft_labels_folder(dataset, config)
    typer.echo(f"{describe(folder)}\n{folder}")


def main() -> None:
    run_cli(app)
