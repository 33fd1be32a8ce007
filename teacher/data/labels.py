"""From a dataset's own label to a condition: explicit tables in `labels/*.csv`, read and checked once.

A table is data that a dermatologist can read and correct: `raw, condition, malignant, note`. A row without a condition
refuses its label, and the note says why. `python -m teacher labels` prints them, docs/labels.md shows them.
"""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from pathlib import Path

from runtime.conditions import MALIGNANT_CONDITIONS, Condition
from teacher.data.sample import DataError

COLUMNS = ("raw", "condition", "malignant", "note")
FLAGS = {"true": True, "false": False}
SHORT_TABLE = 20
"""Labels up to which an error lists them all; of longer tables it names the near ones."""


@dataclass(frozen=True, kw_only=True)
class Label:
    """What one raw label means; `condition` is None where the label is refused, and `note` then says why."""

    raw: str
    condition: Condition | None
    malignant: bool
    note: str

    @property
    def known(self) -> Condition:
        """The condition of a label that is not refused. Raises DataError for one that is."""
        if self.condition is None:
            raise DataError(f"{self.raw!r} is no label to learn from: {self.note}")
        return self.condition


class LabelTable:
    """The labels of one table, found whatever their case, blanks, hyphens and underscores."""

    def __init__(self, name: str, labels: tuple[Label, ...]) -> None:
        self.name, self.labels = name, labels
        self._of = {folded(label.raw): label for label in labels}

    def __contains__(self, raw: str) -> bool:
        return folded(raw) in self._of

    def __getitem__(self, raw: str) -> Label:
        """Raises KeyError for a label that is not in the table; `check` has said so before."""
        return self._of[folded(raw)]

    def check(self, table: Path, raws: Iterable[str]) -> None:
        """Raises DataError that names unknown labels and the known ones near them: guessing is worse than stopping."""
        unknown = sorted({raw for raw in raws if raw not in self})
        if unknown:
            named = ", ".join(raw or "(empty)" for raw in unknown)
            raise DataError(f"{table}: unknown label {named} ({self._known()}){self.near(unknown)}")

    def near(self, unknown: Iterable[str]) -> str:
        """Such as ", near melanom: melanoma"; empty where nothing is near."""
        texts = []
        for raw in unknown:
            close = get_close_matches(folded(raw), list(self._of), n=3, cutoff=0.7)
            if close:
                texts.append(f", near {raw}: {', '.join(self._of[key].raw for key in close)}")
        return "".join(texts)

    def _known(self) -> str:
        if len(self.labels) <= SHORT_TABLE:
            return f"known: {', '.join(label.raw for label in self.labels)}"
        return f"{len(self.labels)} are known: python -m teacher labels {self.name}"


@cache
def folded(raw: str) -> str:
    """A label without what cannot tell two labels apart: case, blanks, hyphens, underscores."""
    return re.sub(r"[\s_-]+", " ", raw).strip().casefold()


@cache
def label_table(name: str) -> LabelTable:
    """The table `labels/<name>.csv`. Raises DataError where there is none, or a row is wrong."""
    resource = files("teacher.data") / "labels" / f"{name}.csv"
    if not resource.is_file():
        raise DataError(f"no label table {name}; there are: {', '.join(table_names())}")
    return read_label_table(name, resource.read_text(encoding="utf-8"))


def table_names() -> tuple[str, ...]:
    """The names of all tables."""
    names = (entry.name for entry in (files("teacher.data") / "labels").iterdir())
    return tuple(sorted(name.removesuffix(".csv") for name in names if name.endswith(".csv")))


def read_label_table(name: str, text: str) -> LabelTable:
    """A table from its text. Raises DataError that names the row and what it could have been."""
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise DataError(f"labels/{name}.csv: columns must be {', '.join(COLUMNS)}")
    labels = tuple(_label(row, where=f"labels/{name}.csv, line {reader.line_num}") for row in reader)
    seen: dict[str, Label] = {}
    for label in labels:
        other = seen.setdefault(folded(label.raw), label)
        if other is not label:
            raise DataError(f"labels/{name}.csv: {label.raw!r} stands twice (as {other.raw!r})")
    return LabelTable(name, labels)


def _label(row: dict[str, str], *, where: str) -> Label:
    raw, note = row["raw"], row["note"] or ""
    if not raw:
        raise DataError(f"{where}: an empty label")
    if row["malignant"] not in FLAGS:
        raise DataError(f"{where}: malignant is {row['malignant']!r}, not true or false")
    condition, malignant = _condition(row["condition"], where=where), FLAGS[row["malignant"]]
    if condition is None and not note:
        raise DataError(f"{where}: {raw!r} is refused without a reason; say why in the note")
    if condition in MALIGNANT_CONDITIONS and not malignant:
        raise DataError(f"{where}: {raw!r} is {condition}, which is malignant, but the row says false")
    return Label(raw=raw, condition=condition, malignant=malignant, note=note)


def _condition(text: str, *, where: str) -> Condition | None:
    if not text:
        return None
    try:
        return Condition(text)
    except ValueError:
        raise DataError(f"{where}: {text!r} is not one of: {', '.join(Condition)}") from None
