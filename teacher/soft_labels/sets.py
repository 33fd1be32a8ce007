"""Which stored sets of soft labels still hold for the data at hand.

A set knows each image by dataset, id, content and domain, and writes down what its teachers learned from: labels by
value, and the fold of each training image. It holds as long as nothing of that is contradicted. An image that was
removed changes nothing; one that came later is labelled by a teacher that knows nothing of its group; a changed label
or file, or a group that now stands in two folds, asks for new teachers.
"""

import csv
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from runtime.files import written_whole
from teacher.data.dataset import Dataset
from teacher.data.sample import Sample
from teacher.data.splits import Part

Shown = tuple[str, str, str, str]
"""Dataset, image id, content and domain: what decides the pixels of a view, beside its seed."""

ROWS_NAME = "learned.csv"
COLUMNS = ("dataset", "image_id", "content", "domain", "condition", "malignant", "fold")
VALIDATION = -1
"""In place of a fold: the teachers did not learn from the image, it chose the weight of XGBoost."""

MAX_NEW = 0.1
"""Share of training images that came after the teachers were fitted: beyond it the labels would be those of another
data set, and new teachers are worth their time."""


@dataclass(frozen=True, kw_only=True)
class Learned:
    """What one image was to the teachers of a set."""

    condition: str
    malignant: bool
    fold: int


def names(dataset: Dataset, indices: np.ndarray) -> list[Shown]:
    """What each sample is called in stored tables."""
    shown = ((dataset.samples[index], dataset.contents[index]) for index in indices)
    return [(one.dataset, one.image_id, content, one.domain.value) for one, content in shown]


def first_rows(dataset: Dataset, *, folds: int, seed: int) -> dict[Shown, Learned]:
    """Folds of the training part, whole groups together, and the validation part beside them."""
    train, validation = dataset.part(Part.TRAIN), dataset.part(Part.VALIDATION)
    cut = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    fold_of = np.empty(len(train), dtype=np.int64)
    for fold, (_, held_out) in enumerate(cut.split(train, dataset.conditions(train), dataset.groups[train])):
        fold_of[held_out] = fold
    rows = _rows(dataset, train, fold_of)
    return rows | _rows(dataset, validation, np.full(len(validation), VALIDATION))


def digest_of_rows(rows: Mapping[Shown, Learned]) -> str:
    """12 hexadecimal digits that name a set by all that its teachers learn from."""
    lines = (f"{name}|{row.condition}|{row.malignant}|{row.fold}\n" for name, row in sorted(rows.items()))
    return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()[:12]


def write_rows(folder: Path, rows: Mapping[Shown, Learned]) -> None:
    """Raises OSError."""
    with (
        written_whole(folder / ROWS_NAME) as partial,
        partial.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows((*name, row.condition, int(row.malignant), row.fold) for name, row in sorted(rows.items()))


def read_rows(folder: Path) -> dict[Shown, Learned] | None:
    """What the teachers of a set learned from; None where the set is unfinished or not readable."""
    try:
        with (folder / ROWS_NAME).open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            return {
                (row["dataset"], row["image_id"], row["content"], row["domain"]): Learned(
                    condition=row["condition"], malignant=row["malignant"] == "1", fold=int(row["fold"])
                )
                for row in csv.DictReader(file)
            }
    except (OSError, KeyError, TypeError, ValueError):
        return None


def still_holds(rows: Mapping[Shown, Learned], dataset: Dataset) -> bool:
    """Whether labels of teachers that learned from `rows` may be used for this data."""
    train, validation = dataset.part(Part.TRAIN), dataset.part(Part.VALIDATION)
    if not _undisputed(rows, dataset, train, learned=True) or not _undisputed(rows, dataset, validation, learned=False):
        return False
    judged = np.concatenate([dataset.part(Part.CALIBRATION), dataset.part(Part.TEST)])
    if any(name in rows for name in names(dataset, judged)):
        return False
    fresh = sum(name not in rows for name in names(dataset, train))
    return fresh <= MAX_NEW * len(train) and _folds_by_group(rows, dataset, train) is not None


def folds_of(rows: Mapping[Shown, Learned], dataset: Dataset, *, folds: int) -> np.ndarray:
    """int64 [N]: the fold whose teacher labels each training image, because it knows nothing of its group."""
    train = dataset.part(Part.TRAIN)
    by_group = _folds_by_group(rows, dataset, train) or {}
    own = zip(names(dataset, train), dataset.groups[train], strict=True)
    return np.array([by_group.get(int(group), int(name[2][:8], 16) % folds) for name, group in own], dtype=np.int64)


def _rows(dataset: Dataset, indices: np.ndarray, folds: np.ndarray) -> dict[Shown, Learned]:
    return {
        name: Learned(
            condition=dataset.samples[index].condition.value, malignant=dataset.samples[index].malignant, fold=int(fold)
        )
        for name, index, fold in zip(names(dataset, indices), indices, folds, strict=True)
    }


def _undisputed(rows: Mapping[Shown, Learned], dataset: Dataset, indices: np.ndarray, *, learned: bool) -> bool:
    """No image has another label or another role by now, and none another content under the same id."""
    ids = {name[:2] for name in rows}
    for name, index in zip(names(dataset, indices), indices, strict=True):
        row = rows.get(name)
        if row is None and name[:2] in ids:
            return False
        if row is not None and not _agrees(row, dataset.samples[index], learned=learned):
            return False
    return True


def _agrees(row: Learned, sample: Sample, *, learned: bool) -> bool:
    same_label = (row.condition, row.malignant) == (sample.condition.value, sample.malignant)
    return same_label and (row.fold != VALIDATION) is learned


def _folds_by_group(rows: Mapping[Shown, Learned], dataset: Dataset, train: np.ndarray) -> dict[int, int] | None:
    """The fold of each group that the teachers know; None where one stands in two."""
    found: dict[int, int] = {}
    for name, group in zip(names(dataset, train), dataset.groups[train], strict=True):
        row = rows.get(name)
        if row is not None and found.setdefault(int(group), row.fold) != row.fold:
            return None
    return found
