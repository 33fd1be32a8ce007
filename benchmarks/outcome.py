"""What a measure leaves: tables and lines on the screen, figures as JSON, pictures beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import typer

from runtime.errors import SkintagError
from runtime.files import json_text, written_whole
from teacher.console import print_table


class BenchmarkError(SkintagError):
    """A measurement that cannot be made or written."""


class Table(NamedTuple):
    """Figures for people."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One measure, made."""

    figures: tuple[Path, Mapping[str, Any]] | None = None
    """where the JSON goes, and what it holds"""
    files: Sequence[tuple[Path, Callable[[Path], object]]] = ()
    """pictures and pages, each with what writes it"""
    tables: Sequence[Table] = ()
    lines: Sequence[str] = ()
    document: Mapping[str, Any] | None = None
    """the last line of standard output, as JSON; where nothing is said, it names the file of the figures"""
    problems: Sequence[str] = ()
    """why what was measured is not good enough: the command fails, once all is written and shown"""

    def deliver(self) -> None:
        """Write and show everything. Raises BenchmarkError where a file cannot be written, or with the problems."""
        if self.figures is not None:
            write_figures(*self.figures)
        for path, write in self.files:
            write(path)
        for table in self.tables:
            print_table(*table)
        for line in self.lines:
            typer.echo(line)
        document = self.document or self._where()
        if document:
            typer.echo(json_text(document))
        if self.problems:
            raise BenchmarkError("; ".join(self.problems))

    def _where(self) -> Mapping[str, Any]:
        return {} if self.figures is None else {"figures": str(self.figures[0])}


def write_figures(out: Path, found: Mapping[str, Any]) -> None:
    """The JSON of a measure. Raises BenchmarkError where it cannot be written."""
    write_text(out, json_text(dict(found), indent=2) + "\n")


def write_text(out: Path, text: str) -> None:
    """A file of a measure, whole. Raises BenchmarkError where it cannot be written."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(out) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BenchmarkError(f"{out}: cannot be written ({error.strerror})") from error
