"""What an export shows: one progress line per stage; the converters' own chatter goes to a log file.

On a terminal the lines are drawn; where standard error leads to a file, they are said one by one.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from teacher.console import LoggedWork, can_draw

LAST_LINES = 12
"""How much of the log is shown when a converter fails."""


class Stages:
    """Where progress goes; this one shows nothing."""

    @classmethod
    def silent(cls) -> "Stages":
        return cls()

    @contextmanager
    def stage(self, title: str, *, total: int | None = None) -> Iterator[Callable[[], None]]:
        """One line for one stage; the callable moves it by one of `total` steps (None: length unknown)."""
        yield lambda: None

    @contextmanager
    def counted(self, title: str) -> Iterator[Callable[[int], Callable[[], None]]]:
        """As `stage`, for work that says itself how many steps it has."""
        with ExitStack() as stack:
            yield lambda total: stack.enter_context(self.stage(title, total=total))

    def note(self, text: str) -> None:
        """A few words beside the current stage."""


class DrawnStages(Stages):
    """Lines that are drawn over while their stage goes on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    @contextmanager
    def stage(self, title: str, *, total: int | None = None) -> Iterator[Callable[[], None]]:
        progress = self._progress
        task = progress.add_task(title, total=total, note="")
        yield lambda: progress.advance(task)
        progress.update(task, total=total or 1, completed=total or 1)

    def note(self, text: str) -> None:
        if self._progress.task_ids:
            self._progress.update(self._progress.task_ids[-1], note=text)


class LoggedStages(Stages):
    """Lines of a log: a stage begins, is so far, says something, has ended."""

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._running: list[LoggedWork] = []

    @contextmanager
    def stage(self, title: str, *, total: int | None = None) -> Iterator[Callable[[], None]]:
        work = LoggedWork(title, total=total, stream=self._stream, clock=self._clock)
        self._running.append(work)
        try:
            yield work.advance
            work.end()
        finally:
            self._running.remove(work)

    def note(self, text: str) -> None:
        """A line of the innermost stage that runs."""
        if self._running:
            self._running[-1].note(text)


@contextmanager
def live_stages() -> Iterator[Stages]:
    """Progress on standard error, shown on a copy of it: it goes on while `captured` redirects the original."""
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as copy:
        console = Console(file=copy)
        if not can_draw(console):
            yield LoggedStages(copy)
            return
        columns = (  # 80 characters in all, the width of a log
            TextColumn("{task.description:<27}"),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False) as progress:
            yield DrawnStages(progress)


@contextmanager
def captured(log: Path) -> Iterator[None]:
    """Append everything written to standard output and error meanwhile to a file, by C++ code and loggers too."""
    with (
        log.open("a", encoding="utf-8", buffering=1) as file,
        _descriptors(file.fileno()),
        redirect_stdout(file),
        redirect_stderr(file),
    ):
        yield


@contextmanager
def _descriptors(target: int) -> Iterator[None]:
    """File descriptors 1 and 2 lead to `target` meanwhile."""
    sys.stdout.flush()
    sys.stderr.flush()
    saved = [(number, os.dup(number)) for number in (1, 2)]
    try:
        for number, _ in saved:
            os.dup2(target, number)
        yield
    finally:
        for number, copy in saved:
            os.dup2(copy, number)
            os.close(copy)


def last_lines(log: Path, *, count: int = LAST_LINES) -> list[str]:
    """The end of a log file; empty where there is none."""
    if not log.is_file():
        return []
    return [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()][-count:]
