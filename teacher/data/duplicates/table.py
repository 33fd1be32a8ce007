"""`duplicates.csv` beside the split file: the pairs of photos that show the same lesion, or may."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.files import written_whole
from teacher.data.cache import DUPLICATES_NAME
from teacher.data.sample import DataError

COLUMNS = (
    "dataset",
    "image_id",
    "content",
    "other_dataset",
    "other_image_id",
    "other_content",
    "matches",
    "verdict",
    "transform",
)
SAME, DOUBTFUL = "same", "doubtful"
"""Only what is the same is joined; a person may change the verdict of a pair."""


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """Two photos of one lesion."""

    first: tuple[str, str, str]
    """dataset, image id, content"""
    second: tuple[str, str, str]
    matches: int
    same: bool
    transform: tuple[float, ...]


def write_duplicates(folder: Path, duplicates: Iterable[Duplicate]) -> Path:
    """Raises OSError."""
    text = io.StringIO()
    # Ids in quotes: one with a carriage return would end its line otherwise.
    writer = csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(COLUMNS)
    for one in duplicates:
        verdict = SAME if one.same else DOUBTFUL
        numbers = " ".join(f"{value:g}" for value in one.transform)
        writer.writerow((*one.first, *one.second, one.matches, verdict, numbers))
    path = folder / DUPLICATES_NAME
    with written_whole(path) as partial:
        partial.write_text(text.getvalue(), encoding="utf-8", errors="surrogateescape", newline="")
    return path


def linked(folder: Path, contents: Sequence[str]) -> list[tuple[int, int]]:
    """Pairs of positions among `contents` that show the same lesion by the table; none where there is no table.

    Raises DataError where the file is none.
    """
    first: dict[str, int] = {}
    for place, content in enumerate(contents):
        first.setdefault(content, place)  # equal contents are near-duplicates: the split joins them
    ends = [(first.get(one.first[2]), first.get(one.second[2])) for one in read_duplicates(folder) if one.same]
    return [(left, right) for left, right in ends if left is not None and right is not None]


def read_duplicates(folder: Path) -> list[Duplicate]:
    """The pairs of the table, as a person may have corrected them; none where there is no table.

    Raises DataError where the file is none.
    """
    path = folder / DUPLICATES_NAME
    if not path.is_file():
        return []
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            return [_parsed(row) for row in csv.DictReader(file)]
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(
            f"{path}: not a table of duplicates ({error}); remove it and run python -m teacher duplicates"
        ) from error


def _parsed(row: Mapping[str, str]) -> Duplicate:
    """Raises KeyError, TypeError or ValueError where it is no row of the table."""
    if row["verdict"] not in (SAME, DOUBTFUL):
        raise ValueError(f"verdict {row['verdict']!r} is neither {SAME} nor {DOUBTFUL}")
    return Duplicate(
        first=(row["dataset"], row["image_id"], row["content"]),
        second=(row["other_dataset"], row["other_image_id"], row["other_content"]),
        matches=int(row["matches"]),
        same=row["verdict"] == SAME,
        transform=tuple(float(number) for number in row["transform"].split()),
    )
