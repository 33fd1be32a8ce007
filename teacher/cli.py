"""`python -m teacher`: data roots to soft labels."""

import typer

from teacher.console import run_cli
from teacher.data.dataset import DataOptions, describe_parts, open_dataset
from teacher.options import from_dataclasses
from teacher.soft_labels import TeacherConfig, describe, ensure_soft_labels, soft_labels_folder

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
@from_dataclasses
def data(options: DataOptions) -> None:
    """Load, check and split a data root; say what was found."""
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
