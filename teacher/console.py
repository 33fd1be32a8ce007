"""What every command of the toolkit shows: progress with time left, one-line errors, tables of figures."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from runtime.bundle.load import Figure
from runtime.errors import SkintagError

Advance = Callable[[str], None]
"""Moves a progress bar by one step; the text is shown behind it."""


@contextmanager
def progress(title: str, total: int, *, done: int = 0) -> Iterator[Advance]:
    """A progress bar of `total` steps with time spent and time left."""
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total, completed=done, note="")

        def advance(note: str = "") -> None:
            bar.update(task, advance=1, note=note)

        yield advance


def run_cli(app: typer.Typer) -> None:
    """Run a command line: our own errors become one line on stderr and exit 1, never a traceback; Ctrl-C exits 130."""
    try:
        app(standalone_mode=True)
    except SkintagError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)


def figure_text(figure: Figure) -> str:
    """Such as "0.912 (0.880-0.940)"."""
    return f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table of figures on standard output."""
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(header):
        table.add_column(name, justify="left" if index == 0 else "right")
    for row in rows:
        table.add_row(*row)
    Console().print(table)
