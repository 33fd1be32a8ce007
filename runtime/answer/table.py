"""The answers for many photos in one file: CSV for spreadsheets, JSON Lines for programs.

Each answer is on disk before the next photo is judged. The file has its name only once it is complete; until then, and
after an interruption, it is called `<name>.part`.
"""

import csv
import errno
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from runtime.answer.report import Outcome, Report
from runtime.errors import PhotoError, one_line

SUFFIXES = (".csv", ".jsonl")

COLUMNS = (
    "photo", "error", "tier", "tier_text", "calibrated", "headline", "urgency", "malignancy", "condition",
    "condition_name", "condition_probability", "condition_set", "novelty", "reason_codes", "reasons", "language",
    "model_id", "disclaimer",
)  # fmt: skip
"""Of the CSV file, left to right. `condition` is the likeliest one; codes are joined by "; "."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A spreadsheet would run a cell that starts so (OWASP, "CSV injection"); the wide forms count in East Asian ones."""


class AnswersFile:
    """Writes answers as they come; the path's ending, one of `SUFFIXES`, chooses the format.

    with AnswersFile("answers.csv") as answers:
        for photo, outcome in triage.assess_many(find_photos(["photos"])):
            answers.write(photo, outcome)

    Raises OSError where the file cannot be written, ValueError for another ending.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.part = self.path.with_name(self.path.name + ".part")
        self.count = 0
        """rows on disk"""
        self.judged = 0
        """rows that hold a report"""
        if self.path.suffix.lower() not in SUFFIXES:
            raise ValueError(f"{one_line(str(self.path))}: the name must end in {' or '.join(SUFFIXES)}")
        if self.path.is_dir():  # or hours of answers would find out at the very end
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.path))
        self._file = self.part.open("w", encoding="utf-8", newline="")
        self._table: Any = csv.writer(self._file) if self.path.suffix.lower() == ".csv" else None
        if self._table is not None:
            self._table.writerow(COLUMNS)

    def __enter__(self) -> Self:
        return self

    def write(self, photo: str, outcome: Outcome) -> None:
        """Append one answer, or the error that stands in its place. Raises OSError, as on a full disk."""
        if self._table is not None:
            self._table.writerow(csv_cells(photo, outcome))
        else:
            self._file.write(json_line(photo, outcome) + "\n")
        self._file.flush()
        self.count += 1
        self.judged += not isinstance(outcome, PhotoError)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._file.close()
            os.replace(self.part, self.path)
            return
        with suppress(OSError):  # what could not be written is what is being raised
            self._file.close()
        if not self.count:
            self.part.unlink(missing_ok=True)


def json_line(photo: str, outcome: Outcome) -> str:
    """One JSON object in ASCII: the photo's name and its report, or its name and the error."""
    values = {"error": str(outcome)} if isinstance(outcome, PhotoError) else outcome.to_dict()
    return json.dumps({"photo": photo, **values}, allow_nan=False)


def csv_cells(photo: str, outcome: Outcome) -> list[str]:
    """The cells of one row. No text among them can become a formula: one that could gets an apostrophe in front."""
    values = _error_values(outcome) if isinstance(outcome, PhotoError) else _report_values(outcome)
    return [_cell(value) for value in ({"photo": photo, **values}.get(column) for column in COLUMNS)]


def _error_values(error: PhotoError) -> Mapping[str, object]:
    return {"error": str(error)}


def _report_values(report: Report) -> Mapping[str, object]:
    likeliest = report.conditions[0] if report.conditions else None
    return {
        "tier": report.tier.value,
        "tier_text": report.tier_text,
        "calibrated": report.calibrated,
        "headline": report.advice.headline,
        "urgency": report.advice.urgency,
        "malignancy": report.malignancy,
        "condition": likeliest and likeliest.condition.value,
        "condition_name": likeliest and report.texts.condition_of(likeliest.condition).name,
        "condition_probability": likeliest and likeliest.probability,
        "condition_set": "; ".join(report.condition_set),
        "novelty": report.novelty,
        "reason_codes": "; ".join(report.reason_codes),
        "reasons": " ".join(report.reasons),
        "language": report.language,
        "model_id": report.model_id,
        "disclaimer": report.disclaimer,
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)  # a negative novelty is a number, no formula
    text = one_line(str(value))  # a file name may hold line breaks, or bytes that no text can hold
    return "'" + text if text.startswith(_FORMULA_STARTS) else text
