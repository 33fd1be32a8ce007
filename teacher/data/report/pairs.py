"""Photos that are the same picture, or the same lesion again, as pairs to look at."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from teacher.data.dataset import Dataset
from teacher.data.duplicates.table import read_duplicates
from teacher.data.splits import near_duplicate_pairs

SAME_DETAIL = 0.7
"""`likeness` from which photos with like hashes are one picture. Measured on 13,613 photos of three datasets: of their
47 such pairs of different bytes 11 show one picture (recoloured, scaled) and have 0.80 to 1, 36 show different spots
and have 0.58 at most. Copies of 250 of the photos, as far as the hash stayed: JPEG at quality 30 from 0.85, 2% cropped
away on each side from 0.97, 4% from 0.87."""

DETAIL_SIDE, DETAIL_BLUR = 64, 2.0
"""Pixels of the grey squares that are compared, and the blur of what is taken off them as coarse."""

MARGIN = DETAIL_SIDE // 16
SCALES = (DETAIL_SIDE, DETAIL_SIDE - 2, DETAIL_SIDE + 2, DETAIL_SIDE - 4, DETAIL_SIDE + 4)
"""Sides to which the other photo is scaled: crops of 6% are found."""

PLAIN = 0.1
"""Grey values by which detail varies, below which there is none."""


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


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """How well the fine detail of two squares agrees, -1 to 1, at the best of some shifts and scales.

    one, other: uint8 [S, S, 3]. 1 where both are plain, which have no detail to differ in.
    """
    shown = _detail(one, DETAIL_SIDE)[MARGIN:-MARGIN, MARGIN:-MARGIN]
    fields = [_detail(other, side) for side in SCALES]
    plain = [float(field.std()) < PLAIN for field in (shown, fields[0])]
    if any(plain):
        return float(all(plain))
    return max(float(cv2.matchTemplate(field, shown, cv2.TM_CCOEFF_NORMED).max()) for field in fields)


def _detail(square: np.ndarray, side: int) -> np.ndarray:
    """float32 [side, side]: brightness without what is coarse."""
    grey = cv2.cvtColor(np.ascontiguousarray(square), cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    return small - cv2.GaussianBlur(small, (0, 0), DETAIL_BLUR)


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
