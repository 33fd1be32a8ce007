"""Measurements of many devices in one table: as Markdown, as a page, and as CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.outcome import BenchmarkError, Outcome, Table, write_text
from runtime.measure.known import known_of, known_text
from runtime.measure.result import Result, Row, Subject
from teacher.options import OPTION

HEADER = (
    "rank", "device", "processor", "cores", "system", "file", "engine", "threads", "photo MB", "stage", "p50 ms",
    "p90 ms", "AUC", "°C", "mode", "verdict", "notes",
)  # fmt: skip
TITLE = "SkinTag Edge: measurements by device"
STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2rem; color: #14242b; background: #fff }
table { border-collapse: collapse } th, td { padding: .3rem .7rem; border-bottom: 1px solid #cfd9dd; text-align: left }
.invalid { color: #6b5a1e; background: #fbf6e3 }
@media (prefers-color-scheme: dark) { body { color: #e6eef1; background: #0e1519 } th, td { border-color: #33434b }
.invalid { color: #e6d9a8; background: #2a2616 } }
"""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `collect` asks."""

    stage: Annotated[str, OPTION] = "total"
    """which step of the photo's way is compared"""
    out: Annotated[Path, OPTION] = Path("artifacts/devices")
    """where the table goes: .md, .html and .csv are added"""
    known: Annotated[Path | None, OPTION] = None
    """also write the valid ones as what the app knows of other devices: runtime/measure/known.json"""


def measure(
    results: Annotated[list[Path], typer.Argument(help="Result files of `latency` and of the app.")], options: Options
) -> Outcome:
    """Results of many devices as one table (Markdown, HTML, CSV); invalid ones are shown, and never ranked."""
    found = [Result.read(path) for path in results]
    entries = ranked(found, stage=options.stage)
    if not entries:
        raise BenchmarkError(f"--stage {options.stage}: none of the {len(found)} results has it")
    cells = [entry.cells() for entry in entries]
    writers = {
        Path(f"{options.out}{ending}"): make
        for ending, make in ((".md", markdown), (".html", page), (".csv", table_file))
    }
    texts = {path: make(entries) for path, make in writers.items()}
    if options.known is not None:
        texts[options.known] = known_text(known_of(found))
    return Outcome(
        files=[(path, partial(write_text, text=text)) for path, text in texts.items()],
        tables=[Table(TITLE, HEADER, cells)],
        lines=[f"also as {', '.join(map(str, writers))}"],
        document={"rows": [dict(zip(HEADER, row, strict=True)) for row in cells]},
    )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file on one device."""

    rank: int | None
    """among those of the same photo; None: invalid"""
    result: Result
    subject: Subject
    row: Row

    def cells(self) -> tuple[str, ...]:
        """By HEADER."""
        on, subject, series = self.result.machine, self.subject, self.row.series
        auc = None if subject.accuracy is None else subject.accuracy.figures.get("malignancy_auc")
        warm = [max(one.celsius.values()) for one in (self.result.start, self.result.end) if one.celsius]
        return (
            "-" if self.rank is None else str(self.rank),
            on.device or "",
            on.processor,
            str(on.usable_cores or on.cores or ""),
            on.system,
            f"{subject.model.model_id} {subject.name}",
            subject.engine,
            str(subject.threads),
            f"{self.result.photo.bytes / 1e6:.1f}",
            self.row.stage,
            f"{series.p50:.2f}",
            f"{series.p90:.2f}",
            "" if auc is None else f"{auc:.3f}",
            " to ".join(f"{celsius:.0f}" for celsius in warm),
            self.result.mode,
            self.row.verdict.text,
            "; ".join(self.row.warnings),
        )


def ranked(results: Sequence[Result], *, stage: str) -> list[Entry]:
    """The valid ones by their p90, MLPerf's figure, photo by photo; then the invalid ones."""
    rows = [
        (result, subject, row)
        for result in results
        for subject in result.subjects
        for row in result.rows
        if (row.subject, row.stage) == (subject.name, stage)
    ]
    rows.sort(key=lambda one: (not one[2].verdict.valid, one[0].photo.sha256, one[2].series.p90))
    entries: list[Entry] = []
    rank, photo = 0, ""
    for result, subject, row in rows:
        rank = rank + 1 if result.photo.sha256 == photo else 1
        photo = result.photo.sha256
        valid = row.verdict.valid
        entries.append(Entry(rank=rank if valid else None, result=result, subject=subject, row=row))
    return entries


def markdown(entries: Sequence[Entry]) -> str:
    """A table for a README."""
    rows = [HEADER, ("---",) * len(HEADER), *(entry.cells() for entry in entries)]
    return "\n".join("| " + " | ".join(_in_table(cell) for cell in row) + " |" for row in rows) + "\n"


def page(entries: Sequence[Entry]) -> str:
    """A page of its own, without anything from elsewhere."""
    head = "".join(f"<th>{escape(name)}</th>" for name in HEADER)
    body = "\n".join(
        f"<tr{'' if entry.row.verdict.valid else ' class="invalid"'}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in entry.cells())
        + "</tr>"
        for entry in entries
    )
    return (
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{TITLE}</title><style>{STYLE}</style>\n'
        f"<h1>{TITLE}</h1>\n<p>Ranked by p90, per photo. Rows that break the rule are shown and not ranked.</p>\n"
        f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></html>\n"
    )


def table_file(entries: Sequence[Entry]) -> str:
    """CSV; a cell that a spreadsheet would take for a formula is kept from it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows([_in_sheet(cell) for cell in entry.cells()] for entry in entries)
    return out.getvalue()


def _in_table(cell: str) -> str:
    return " ".join(cell.split()).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _in_sheet(cell: str) -> str:
    return f"'{cell}" if cell[:1] in ("=", "+", "@", "\t") or (cell[:1] == "-" and len(cell) > 1) else cell
