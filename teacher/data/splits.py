"""The split file: written once per data root, read by every later command; nobody splits again.

Grouped by patient or lesion and by near-duplicate images, stratified by dataset x malignant.
"""

import csv
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold

from runtime.files import written_whole
from teacher.data.pixels import Scanned
from teacher.data.sample import DataError, Sample


class Part(StrEnum):
    """Selection uses validation, temperature and thresholds calibration; test is touched by reports only."""

    TRAIN = "train"
    VALIDATION = "validation"
    CALIBRATION = "calibration"
    TEST = "test"


FOLDS = 25
FOLDS_OF_PART = {Part.TEST: 3, Part.CALIBRATION: 3, Part.VALIDATION: 2}
"""Of 25 equal folds: 12% test, 12% calibration, 8% validation, the rest (68%) train."""

FOLDS_OF_FURTHER = (Part.CALIBRATION, Part.CALIBRATION, Part.CALIBRATION, Part.VALIDATION, Part.VALIDATION)
"""Of samples that were added for thresholds and judging."""

NEAR_DUPLICATE_BITS = 2
"""Hamming distance of 64-bit perceptual hashes up to which two images count as the same picture."""

BLOCK = 2048
"""Rows of hashes compared at once: 2048 x N distances of one byte stay below 100 MB for N = 50,000."""


def near_duplicate_pairs(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs (i < j) of uint64 hashes at most NEAR_DUPLICATE_BITS apart."""
    left, right = [], []
    for start in range(0, len(hashes), BLOCK):
        distance = np.bitwise_count(hashes[start : start + BLOCK, None] ^ hashes[None, :])
        rows, columns = np.nonzero(distance <= NEAR_DUPLICATE_BITS)
        keep = columns > rows + start
        left.append(rows[keep] + start)
        right.append(columns[keep])
    return np.concatenate(left), np.concatenate(right)


def merged_groups(group_ids: Sequence[str], hashes: np.ndarray) -> np.ndarray:
    """An integer group per image: images of one patient, and near-duplicates of them, share it."""
    _, group_of = np.unique(np.asarray(group_ids), return_inverse=True)
    left, right = near_duplicate_pairs(hashes)
    count = int(group_of.max()) + 1
    links = coo_array((np.ones(len(left)), (group_of[left], group_of[right])), shape=(count, count))
    _, component = connected_components(links, directed=False)
    return component[group_of]


def assign_parts(samples: Sequence[Sample], groups: np.ndarray, *, seed: int) -> list[Part]:
    """One part per sample, whole groups to one side, stratified by dataset x malignant."""
    strata = [f"{sample.dataset}/{sample.malignant}" for sample in samples]
    if len(np.unique(groups)) < FOLDS:
        raise DataError(
            f"{len(np.unique(groups))} patients or lesions are too few for a split: at least {FOLDS} needed"
        )
    folds = StratifiedGroupKFold(n_splits=FOLDS, shuffle=True, random_state=seed)
    parts = [Part.TRAIN] * len(samples)
    order = [part for part, count in FOLDS_OF_PART.items() for _ in range(count)]
    for part, (_, held_out) in zip(order, folds.split(strata, strata, groups), strict=False):
        for index in held_out:
            parts[index] = part
    return parts


def assign_further(samples: Sequence[Sample], groups: np.ndarray, known: Sequence[Part], *, seed: int) -> list[Part]:
    """The parts of all samples, of which the first have one: the others join calibration and validation.

    Whoever belongs to a group that has a part goes there too, so that no group stands on two sides.
    """
    part_of = dict(zip(groups[: len(known)].tolist(), known, strict=True))
    new = [index for index in range(len(known), len(samples)) if int(groups[index]) not in part_of]
    if len(np.unique(groups[new])) >= len(FOLDS_OF_FURTHER):
        folds = StratifiedGroupKFold(n_splits=len(FOLDS_OF_FURTHER), shuffle=True, random_state=seed)
        malignant = [samples[index].malignant for index in new]
        for part, (_, held_out) in zip(FOLDS_OF_FURTHER, folds.split(new, malignant, groups[new]), strict=True):
            part_of.update({int(groups[new[place]]): part for place in held_out})
    return [*known, *(part_of.get(int(group), Part.CALIBRATION) for group in groups[len(known) :])]


def read_or_write_split(
    path: Path, samples: Sequence[Sample], scanned: Sequence[Scanned], *, seed: int, divided: int | None = None
) -> dict[str, Part]:
    """The part of each image id, from the split file, or from a new split written to it.

    `divided`: how many of the samples, the first ones, are divided into all parts, by themselves; those after them
    join calibration and validation. Without it all are.
    Images that cannot be read get no part. Images that came after the split was written are left out too.
    """
    if not path.is_file():
        _write_split(path, samples, scanned, seed=seed, divided=len(samples) if divided is None else divided)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        return {row["image_id"]: Part(row["part"]) for row in rows}
    except (KeyError, ValueError) as error:
        raise DataError(f"{path}: not a split file ({error}); move it away to have a new one written") from error


def _write_split(path: Path, samples: Sequence[Sample], scanned: Sequence[Scanned], *, seed: int, divided: int) -> None:
    readable = [index for index, row in enumerate(scanned) if not row.error]
    kept = [samples[index] for index in readable]
    hashes = np.array([scanned[index].phash for index in readable], dtype=np.uint64)
    first = sum(index < divided for index in readable)
    ids = [sample.group_id for sample in kept]
    parts = assign_parts(kept[:first], merged_groups(ids[:first], hashes[:first]), seed=seed)
    groups = merged_groups(ids, hashes)
    parts = assign_further(kept, groups, parts, seed=seed) if first < len(kept) else parts
    with written_whole(path) as partial, partial.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("image_id", "dataset", "malignant", "group", "part"))
        for sample, group, part in zip(kept, groups, parts, strict=True):
            writer.writerow((sample.image_id, sample.dataset, int(sample.malignant), int(group), part.value))
