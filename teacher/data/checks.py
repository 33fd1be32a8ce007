"""Faults that no single row shows: an image with two labels, a lesion in two patients, counts that cannot be right."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from teacher.data.found import Row
from teacher.data.likeness import SAME_DETAIL, likeness
from teacher.data.sample import DataError
from teacher.data.splits import Photo

EXAMPLES = 3
FAR = 0.01
"""Share by which a count may differ from the published one before that is said: corrections take a row or two."""


def one_row_each(
    table: Path, rows: Sequence[Row], *, key: Callable[[Row], str], meaning: Callable[[Row], Hashable]
) -> tuple[list[Row], tuple[str, ...]]:
    """The rows with each image once, and a note on those that were repeated.

    Raises DataError with examples where an image stands with two meanings (labels, lesions), or without an id.
    """
    first: dict[str, Row] = {}
    torn: list[str] = []
    for number, row in enumerate(rows, start=2):
        image = key(row)
        if not image:
            raise DataError(f"{table}, line {number}: a row without an image id")
        before = first.setdefault(image, row)
        if before is not row and meaning(before) != meaning(row):
            torn.append(f"{image} as {_told(meaning(before))} and as {_told(meaning(row))}")
    if torn:
        raise DataError(
            f"{table}: {len(torn):,} images are listed with two meanings, such as {some(torn)}; which is right? "
            "Correct the table"
        )
    return list(first.values()), _repeated(len(rows), len(first))


def one_owner_each(table: Path, pairs: Sequence[tuple[str, str]], *, thing: str, owner: str) -> None:
    """Raises DataError with examples where a thing (a lesion) has two owners (patients); empty names do not count."""
    owner_of: dict[str, str] = {}
    torn: list[str] = []
    for name, its in pairs:
        if name and its and owner_of.setdefault(name, its) != its:
            torn.append(f"{name} in {owner_of[name]} and {its}")
    if torn:
        raise DataError(
            f"{table}: {len(set(torn)):,} times a {thing} stands in two {owner}s, such as {some(torn)}; a split would "
            "put one on two sides. Correct the table"
        )


def two_labels(photos: Sequence[Photo], square: Callable[[int], np.ndarray]) -> Iterator[tuple[int, int]]:
    """Pairs of places that hold one picture with two labels: of equal bytes, or of equal hash and like detail.

    square: the canonical square of a place, uint8 [S, S, 3].
    """
    places: dict[int, list[int]] = {}
    for place, photo in enumerate(photos):
        places.setdefault(photo.phash, []).append(place)
    for left, right in (pair for alike in places.values() for pair in combinations(alike, 2)):
        one, other = photos[left], photos[right]
        if (one.sample.condition, one.sample.malignant) == (other.sample.condition, other.sample.malignant):
            continue
        if one.content == other.content or likeness(square(left), square(right)) >= SAME_DETAIL:
            yield left, right


def groups_of(
    dataset: str, rows: Sequence[Row], *, image: Callable[[Row], str], lesion: str = "", patient: str = ""
) -> list[str]:
    """The group of each row: its patient, else its lesion's patient, else its lesion, else the image alone."""
    patient_of = {
        row[lesion]: row[patient] for row in rows if lesion and patient and row.get(lesion) and row.get(patient)
    }
    groups: list[str] = []
    for row in rows:
        its_lesion = row.get(lesion, "") if lesion else ""
        its_patient = (row.get(patient, "") if patient else "") or patient_of.get(its_lesion, "")
        groups.append(f"{dataset}/{its_patient or its_lesion or image(row)}")
    return groups


def differences(published: Mapping[str, tuple[int, ...]], counts: Mapping[str, int]) -> tuple[str, ...]:
    """A line for each count that is far from every published one."""
    lines: list[str] = []
    for name, values in published.items():
        here = counts.get(name)
        if here is not None and not any(abs(here - value) <= FAR * value for value in values):
            known = " or ".join(f"{value:,}" for value in values)
            lines.append(f"{here:,} {name} in its table, {known} as published: {_direction(here, values)}")
    return tuple(lines)


def _direction(here: int, values: tuple[int, ...]) -> str:
    for value in values:
        if here > value and here % value == 0:
            return f"a copy with every row {here // value} times?"
    return "a part of it, or an altered copy?" if here < max(values) else "an altered copy?"


def left_out(reason: str, items: Sequence[str]) -> tuple[str, ...]:
    """Such as ("12 rows left out: Indeterminate (7), Benign (5)",); nothing where there is none."""
    if not items:
        return ()
    counts = Counter(items).most_common()
    named = ", ".join(f"{name or '(empty)'} ({count:,})" for name, count in counts[:EXAMPLES])
    more = f" and {len(counts) - EXAMPLES:,} more" if len(counts) > EXAMPLES else ""
    return (f"{len(items):,} {reason} left out: {named}{more}",)


def _repeated(rows: int, images: int) -> tuple[str, ...]:
    if rows == images:
        return ()
    each = f": each row {rows // images} times" if rows % images == 0 else ""
    return (f"{rows - images:,} repeated rows passed over{each}",)


def some(texts: Sequence[str]) -> str:
    """The first few, each once."""
    return "; ".join(list(dict.fromkeys(texts))[:EXAMPLES])


def _told(meaning: Hashable) -> str:
    parts = meaning if isinstance(meaning, tuple) else (meaning,)
    return ", ".join(str(part) or "(empty)" for part in parts)
