"""What every command of the toolkit shows: progress with time left, one-line errors, tables of figures.

Progress is drawn on a terminal; a log file gets whole lines instead, few of them and without control characters.
"""

import io
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout
from typing import TextIO

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from runtime.bundle.load import Figure
from runtime.errors import SkintagError, one_line
from runtime.progress import clock_time

Advance = Callable[[str], None]
"""Moves a progress bar by one step; the text is shown behind it."""

LOG_SECONDS = 15.0
"""Between two lines of a log about the same work: four a minute tell that it goes on, and an hour stays a few pages."""


class LoggedWork:
    """One piece of work as lines of a log: its start, how far it is now and then, its end."""

    def __init__(
        self,
        title: str,
        *,
        total: int | None,
        stream: TextIO,
        done: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`total`: its steps, where it has any (None: length unknown), of which `done` were made by an earlier run."""
        self._title, self._total, self._stream, self._clock = title, total, stream, clock
        self._before, self._done, self._note = done, done, ""
        self._start = self._said_at = clock()
        self._say(self._beginning())

    def advance(self, note: str = "", *, steps: int = 1) -> None:
        """Some steps further, or back; `note` stands in the next line that is due."""
        self._done += steps
        self._note = note or self._note
        now = self._clock()
        if self._total and self._before < self._done < self._total and now - self._said_at >= LOG_SECONDS:
            left = (now - self._start) / (self._done - self._before) * (self._total - self._done)
            self._say(f"{100 * self._done // self._total}% of {self._total:,}, {clock_time(left)} left", self._note)

    def note(self, text: str) -> None:
        """A line of its own, at once."""
        self._say(text)

    def end(self) -> None:
        """The work is done; an error or an interruption has words of its own."""
        self._say(f"done in {clock_time(self._clock() - self._start)}", self._note)

    def _beginning(self) -> str:
        if self._before:
            return f"goes on at {self._before:,} of {self._total:,}"
        return "begins" if self._total is None else f"begins, {self._total:,} steps"

    def _say(self, *parts: str) -> None:
        line = ", ".join(part for part in parts if part)
        self._stream.write(one_line(f"{self._title}: {line}") + "\n")
        self._stream.flush()
        self._said_at = self._clock()


@contextmanager
def progress(title: str, total: int, *, done: int = 0) -> Iterator[Advance]:
    """A progress bar of `total` steps with time spent and time left; lines where standard error is no terminal."""
    if not speaks():
        yield lambda _: None
        return
    console = Console(stderr=True)
    if not can_draw(console):
        work = LoggedWork(title, total=total, done=done, stream=sys.stderr)
        yield work.advance
        work.end()
        return
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total, completed=done, note="")

        def advance(note: str = "") -> None:
            bar.update(task, advance=1, note=note)

        yield advance


@contextmanager
def byte_progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar of `total` bytes, with their rate and the time left; lines where there is no terminal."""
    console = Console(stderr=True)
    if not can_draw(console):
        work = LoggedWork(f"{title}, in bytes", total=total, stream=sys.stderr)
        yield lambda amount: work.advance(steps=amount)
        work.end()
        return
    columns = (
        TextColumn("{task.description:<28}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(title, total=total)
        yield lambda amount: bar.advance(task, amount)


def can_draw(console: Console) -> bool:
    """Whether a line can be drawn over: colours that a CI asks for (FORCE_COLOR) make no terminal of a file."""
    return console.file.isatty() and not console.is_dumb_terminal


def speaks() -> bool:
    """Whether this process says what is done: of those that `accelerate launch` starts for one command the first."""
    return os.environ.get("RANK", "0") == "0"


def run_cli(app: typer.Typer) -> None:
    """Run a command line: our own errors become one line on stderr and exit 1, never a traceback; Ctrl-C exits 130.

    SIGTERM ends a command as Ctrl-C does, so that it tidies up and says how to go on.
    """
    with redirect_stdout(None) if not speaks() else nullcontext():
        _run(app)


def _run(app: typer.Typer) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # in a file its lines then stand among those of standard error
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        app(standalone_mode=True)
    except SkintagError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def figure_text(figure: Figure) -> str:
    """Such as "0.912 (0.880-0.940)"."""
    return f"{figure.value:.3f} ({figure.low:.3f}-{figure.high:.3f})"


def print_table(
    title: str, header: Sequence[str], rows: Sequence[Sequence[str]], *, right: Collection[int] | None = None
) -> None:
    """A table on standard output; `right` are the columns of figures, all but the first where nothing else is said."""
    table = Table(title=title, title_justify="left")
    for index, name in enumerate(header):
        figures = index > 0 if right is None else index in right
        table.add_column(name, justify="right" if figures else "left")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    Console().print(table)
