"""What an export shows: one progress line per stage; the converters' own chatter goes to a log file."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

LAST_LINES = 12
"""How much of the log is shown when a converter fails."""


@dataclass(frozen=True, kw_only=True)
class Stages:
    """Where progress goes; `silent()` shows nothing."""

    progress: Progress | None = None

    @classmethod
    def silent(cls) -> "Stages":
        return cls()

    @contextmanager
    def stage(self, title: str, *, total: int | None = None) -> Iterator[Callable[[], None]]:
        """One line for one stage; the callable moves it by one of `total` steps (None: length unknown)."""
        if self.progress is None:
            yield lambda: None
            return
        progress = self.progress
        task = progress.add_task(title, total=total, note="")
        yield lambda: progress.advance(task)
        progress.update(task, total=total or 1, completed=total or 1)

    @contextmanager
    def counted(self, title: str) -> Iterator[Callable[[int], Callable[[], None]]]:
        """As `stage`, for work that says itself how many steps it has."""
        with ExitStack() as stack:
            yield lambda total: stack.enter_context(self.stage(title, total=total))

    def note(self, text: str) -> None:
        """A few words beside the current stage."""
        if self.progress is not None and self.progress.task_ids:
            self.progress.update(self.progress.task_ids[-1], note=text)


@contextmanager
def live_stages() -> Iterator[Stages]:
    """Progress on standard error, drawn on a copy of it: it goes on while `captured` redirects the original."""
    with os.fdopen(os.dup(sys.stderr.fileno()), "w", encoding="utf-8") as copy:
        columns = (  # 80 characters in all, the width of a log
            TextColumn("{task.description:<27}"),
            BarColumn(bar_width=12),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            TextColumn("{task.fields[note]}"),
        )
        with Progress(*columns, console=Console(file=copy), redirect_stdout=False, redirect_stderr=False) as progress:
            yield Stages(progress=progress)


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
