"""What somebody said of photos, as a value and as a table: what judges a model need not know what it is.

A photo is known by dataset, id and content, as everywhere; a table is looked up by these and never by position.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from runtime.conditions import CONDITIONS
from runtime.files import written_whole
from runtime.triage import Tier
from teacher.data.dataset import Dataset
from teacher.data.sample import DataError
from teacher.data.splits import Name

PLACE_COLUMNS = ("dataset", "image_id", "content")
NUMBERS = ("malignancy", *(condition.value for condition in CONDITIONS))
COLUMNS = (*PLACE_COLUMNS, *NUMBERS, "tier")

SUM_TOLERANCE = 0.05
"""How far from 1 ten conditions may sum: as of a model file (`runtime.prediction`)."""


@dataclass(frozen=True, kw_only=True)
class Predictions:
    """Of N photos. Raises DataError where its fields do not belong together."""

    names: tuple[Name, ...]
    """dataset, image id and content of each; content is empty where a table does not say"""
    malignancy: np.ndarray
    """float64 [N], probabilities; of every photo, also of those that got no tier"""
    conditions: np.ndarray
    """float64 [N, 10], probabilities in the order of `runtime.conditions.CONDITIONS`"""
    tiers: tuple[Tier, ...] | None = None
    """what a person would have been told; None for a model that knows no tiers"""

    def __post_init__(self) -> None:
        count = len(self.names)
        tiers = count if self.tiers is None else len(self.tiers)
        if self.malignancy.shape != (count,) or self.conditions.shape != (count, len(CONDITIONS)) or tiers != count:
            raise DataError(f"predictions of {count:,} photos whose columns have other lengths")

    @property
    def refused(self) -> np.ndarray | None:
        """bool [N]: got no tier, as too poor or unlike all that was learned from; None where there are no tiers."""
        if self.tiers is None:
            return None
        return np.array([tier is Tier.CANNOT_ASSESS for tier in self.tiers], dtype=bool)

    def take(self, places: np.ndarray) -> Self:
        """Of some of the photos. places: int [M]."""
        return type(self)(
            names=tuple(self.names[place] for place in places),
            malignancy=self.malignancy[places],
            conditions=self.conditions[places],
            tiers=None if self.tiers is None else tuple(self.tiers[place] for place in places),
        )

    def of(self, dataset: Dataset, indices: np.ndarray, *, where: str) -> Self:
        """Those of some samples, in their order, each found by its name.

        `where`: what holds these predictions, for the message. Raises DataError where one is missing.
        """
        place_of = {name: place for place, name in enumerate(self.names)}
        wanted = names_of(dataset, indices)
        places = [place_of.get(name, place_of.get((*name[:2], ""))) for name in wanted]
        missing = [name for name, place in zip(wanted, places, strict=True) if place is None]
        if missing:
            raise DataError(f"{where}: {_missing(missing, self.names, of=len(wanted))}")
        return self.take(np.array(places, dtype=np.int64))


def names_of(dataset: Dataset, indices: np.ndarray) -> tuple[Name, ...]:
    """Dataset, id and content of some samples."""
    samples = ((dataset.samples[index], dataset.contents[index]) for index in indices)
    return tuple((sample.dataset, sample.image_id, content) for sample, content in samples)


def write_table(path: Path, said: Predictions) -> None:
    """One line a photo; numbers in full, so that a table gives the figures again to the last digit. Raises OSError."""
    tiers = [""] * len(said.names) if said.tiers is None else [tier.value for tier in said.tiers]
    with (
        written_whole(path) as partial,
        partial.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_STRINGS)
        writer.writerow(COLUMNS)
        for name, malignancy, conditions, tier in zip(said.names, said.malignancy, said.conditions, tiers, strict=True):
            writer.writerow((*name, *map(float, (malignancy, *conditions)), tier))


def read_table(path: Path) -> Predictions:
    """A table as `write_table` writes it; its columns in any order, `content` and `tier` may be missing.

    Raises DataError with file and line where it is not one.
    """
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            reader = csv.DictReader(file, strict=True)
            rows = list(reader)
            header = tuple(reader.fieldnames or ())
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except csv.Error as error:
        raise DataError(f"{path}: not a table of predictions ({error})") from error
    lacking = [column for column in ("dataset", "image_id", *NUMBERS) if column not in header]
    if lacking:
        raise DataError(f"{path}: not a table of predictions (no column {', '.join(lacking)})")
    if not rows:
        raise DataError(f"{path}: a table without a photo")
    return _built(path, rows)


def _built(path: Path, rows: Sequence[Mapping[str, str]]) -> Predictions:
    lines: dict[Name, int] = {}
    numbers, tiers = [], []
    for line, row in enumerate(rows, start=2):
        where = f"{path}, line {line}"
        name = (row["dataset"], row["image_id"], row.get("content") or "")
        if name in lines:
            raise DataError(f"{where}: {'/'.join(name[:2])} stands in line {lines[name]} already")
        lines[name] = line
        numbers.append([_share(row[column], column, where) for column in NUMBERS])
        if abs(math.fsum(numbers[-1][1:]) - 1) > SUM_TOLERANCE:
            raise DataError(f"{where}: ten conditions that sum to {math.fsum(numbers[-1][1:]):.3f} instead of 1")
        tiers.append(_tier(row.get("tier") or "", where))
    if None in tiers and any(tiers):
        raise DataError(f"{path}, line {2 + tiers.index(None)}: no tier, where other photos have one")
    table = np.array(numbers)
    known = tuple(tier for tier in tiers if tier is not None)
    return Predictions(names=tuple(lines), malignancy=table[:, 0], conditions=table[:, 1:], tiers=known or None)


def _share(text: str | None, column: str, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:  # also NaN
        raise DataError(f"{where}: {column} is {text!r}, which is no probability from 0 to 1")
    return value


def _tier(text: str, where: str) -> Tier | None:
    if not text:
        return None
    try:
        return Tier(text)
    except ValueError as error:
        raise DataError(f"{where}: {text!r} is none of the tiers {', '.join(Tier)}") from error


def _missing(missing: Sequence[Name], there: Sequence[Name], *, of: int) -> str:
    first = missing[0]
    text = f"says nothing of {len(missing):,} of {of:,} photos (first: {'/'.join(first[:2])})"
    if any(name[:2] == first[:2] for name in there):
        return f"{text}; of that id it knows another photo: the file was changed since"
    return text
