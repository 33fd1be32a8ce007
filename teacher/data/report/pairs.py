"""Photos that are the same picture, or the same lesion again, as pairs to look at."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from teacher.data.dataset import Dataset
from teacher.data.duplicates.table import read_duplicates
from teacher.data.likeness import SAME_DETAIL, likeness
from teacher.data.splits import near_duplicate_pairs


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two samples, by place, and how they were found."""

    left: int
    right: int
    how: str
    bits: int = 0
    """how far their hashes are apart; 0 where something surer than a hash found them"""


def hashed_pairs(dataset: Dataset) -> list[Pair]:
    """Pairs by perceptual hash; hashes stand in the split file."""
    hashes = _hashes(dataset)
    left, right = near_duplicate_pairs(hashes)
    bits = np.bitwise_count(hashes[left] ^ hashes[right])
    return [
        Pair(left=int(one), right=int(other), how=f"hash, {apart} of 64 bits apart", bits=int(apart))
        for one, other, apart in zip(left, right, bits, strict=True)
    ]


def listed_pairs(dataset: Dataset) -> list[Pair]:
    """Pairs of the table of duplicates that show the same lesion and are both here; those in doubt are not among them.

    Raises DataError where that file is no such table.
    """
    names = zip(dataset.samples, dataset.contents, strict=True)
    place = {(one.dataset, one.image_id, content): index for index, (one, content) in enumerate(names)}
    return [
        Pair(left=place[one.first], right=place[one.second], how=f"same lesion, {one.matches} local features agree")
        for one in read_duplicates(dataset.folder)
        if one.same and one.first in place and one.second in place
    ]


def same_picture(dataset: Dataset, pair: Pair) -> bool:
    """Whether two photos with like hashes are one picture: by their bytes, or by the fine detail of their squares.

    A hash of 64 bits knows coarse brightness only, and so takes different dark spots on plain skin for one.
    """
    if dataset.contents[pair.left] == dataset.contents[pair.right]:
        return True
    return likeness(dataset.square(pair.left), dataset.square(pair.right)) >= SAME_DETAIL


def most_telling(dataset: Dataset, pairs: Iterable[Pair]) -> list[Pair]:
    """Contradicting labels first, then across datasets, across patients or lesions, the others; the nearest first."""
    return sorted(pairs, key=lambda pair: (-_weight(dataset, pair), pair.bits, pair.left, pair.right))


def contradicts(dataset: Dataset, pair: Pair) -> bool:
    """Whether the two say different things of one picture."""
    one, other = dataset.samples[pair.left], dataset.samples[pair.right]
    return (one.condition, one.malignant) != (other.condition, other.malignant)


def _weight(dataset: Dataset, pair: Pair) -> int:
    """How much a pair matters."""
    one, other = dataset.samples[pair.left], dataset.samples[pair.right]
    if contradicts(dataset, pair):
        return 3
    return 2 if one.dataset != other.dataset else int(one.group_id != other.group_id)


def _hashes(dataset: Dataset) -> np.ndarray:
    """uint64 [N]"""
    with dataset.split_path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        hash_of = {
            (row["dataset"], row["image_id"], row["content"]): int(row["phash"], 16) for row in csv.DictReader(file)
        }
    names = zip(dataset.samples, dataset.contents, strict=True)
    return np.array([hash_of[one.dataset, one.image_id, content] for one, content in names], dtype=np.uint64)
