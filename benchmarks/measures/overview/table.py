"""The README's table of what was measured, written from a report and by nobody's hand."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from benchmarks.outcome import BenchmarkError, Outcome, write_text
from benchmarks.report.figures import read_report
from benchmarks.report.readme import table_text, with_table
from teacher.options import OPTION


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `table` asks."""

    report: Annotated[Path, OPTION] = Path("docs/figures/report.json")
    """figures of a report (`python -m benchmarks all`)"""
    into: Annotated[Path | None, OPTION] = None
    """page to write it into, such as README.md; without it the table is printed"""


def measure(options: Options) -> Outcome:
    """The README's table out of a report's figures: printed, or written into a page between its two comments."""
    report = read_report(options.report)
    if options.into is None:
        return Outcome(lines=[table_text(report).strip()])
    try:
        page = options.into.read_text(encoding="utf-8")
    except OSError as error:
        raise BenchmarkError(f"--into {options.into}: cannot be read ({error.strerror})") from error
    text = with_table(page, report, where=f"--into {options.into}")
    return Outcome(files=[(options.into, lambda path: write_text(path, text))], document={"page": str(options.into)})
