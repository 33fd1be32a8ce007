"""The split file: written once per data root, read by every later command; nobody splits again.

Grouped by patient or lesion and by near-duplicate images, stratified by dataset x domain x malignant. An image is known
by its dataset, id and content; one that came later joins the part of its group, or gets one by a hash, and no other
moves.
"""

import csv
import hashlib
import io
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from runtime.files import written_whole
from teacher.data.sample import DataError, Sample

Name = tuple[str, str, str]
"""Dataset, image id, content."""


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

GUARDED = (Part.TEST, Part.CALIBRATION, Part.VALIDATION, Part.TRAIN)
"""Which part wins where a group turns out to stand in two: what is reported before what is tuned, training last."""

NEAR_DUPLICATE_BITS = 2
"""Hamming distance of 64-bit perceptual hashes up to which two images count as the same picture."""

BLOCK = 16
"""Rows of hashes compared at once: 16 x N differences of eight bytes are 6 MB for N = 50,000."""

COLUMNS = ("dataset", "image_id", "content", "phash", "group_id", "group", "part")
OLD_COLUMNS = ("image_id", "dataset", "malignant", "group", "part")
"""Before an image was known by its content."""


@dataclass(frozen=True, kw_only=True)
class SplitRow:
    """One image of the split file, whether or not it is still in the data."""

    dataset: str
    image_id: str
    content: str
    phash: int
    group_id: str
    """the patient or lesion as its dataset names it"""
    group: int
    """joined with those that near-duplicates link; equal numbers stand in one part"""
    part: Part

    @property
    def name(self) -> Name:
        return self.dataset, self.image_id, self.content


@dataclass(frozen=True, kw_only=True)
class Photo:
    """What a split has to know of one readable image."""

    sample: Sample
    content: str
    phash: int

    @property
    def name(self) -> Name:
        return self.sample.dataset, self.sample.image_id, self.content


@dataclass(frozen=True, kw_only=True)
class Split:
    """Where each photo that was asked for stands."""

    parts: tuple[Part | None, ...]
    """None: left out, because its group stands in a part that must not know it"""
    groups: np.ndarray
    """int64 [N]"""
    notes: tuple[str, ...]


def near_duplicate_pairs(hashes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Index pairs (i < j) of uint64 hashes at most NEAR_DUPLICATE_BITS apart."""
    left, right = [], []
    for start in range(0, len(hashes), BLOCK):
        distance = np.bitwise_count(hashes[start : start + BLOCK, None] ^ hashes[None, start:])
        rows, columns = np.nonzero(distance <= NEAR_DUPLICATE_BITS)
        keep = columns > rows
        left.append(rows[keep] + start)
        right.append(columns[keep] + start)
    return np.concatenate(left), np.concatenate(right)


def merged_groups(group_ids: Sequence[str], hashes: np.ndarray, *, links: Iterable[tuple[int, int]] = ()) -> np.ndarray:
    """An integer group per image: images of one patient, their near-duplicates, and what `links` ties, share it."""
    _, group_of = np.unique(np.asarray(group_ids), return_inverse=True)
    left, right = near_duplicate_pairs(hashes)
    more = np.array(list(links), dtype=np.int64).reshape(-1, 2)
    left, right = np.concatenate([left, more[:, 0]]), np.concatenate([right, more[:, 1]])
    count = int(group_of.max()) + 1
    graph = coo_array((np.ones(len(left)), (group_of[left], group_of[right])), shape=(count, count))
    _, component = connected_components(graph, directed=False)
    return component[group_of]


def assign_parts(samples: Sequence[Sample], groups: np.ndarray, *, seed: int) -> list[Part]:
    """One part per sample, whole groups to one side, stratified by dataset x domain x malignant."""
    if len(np.unique(groups)) < FOLDS:
        raise DataError(
            f"{len(np.unique(groups))} patients or lesions are too few for a split: at least {FOLDS} needed"
        )
    from sklearn.model_selection import StratifiedGroupKFold  # takes seconds; most commands find the split made

    strata = _strata(samples)
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
    from sklearn.model_selection import StratifiedGroupKFold

    part_of = dict(zip(groups[: len(known)].tolist(), known, strict=True))
    new = [index for index in range(len(known), len(samples)) if int(groups[index]) not in part_of]
    if len(np.unique(groups[new])) >= len(FOLDS_OF_FURTHER):
        folds = StratifiedGroupKFold(n_splits=len(FOLDS_OF_FURTHER), shuffle=True, random_state=seed)
        malignant = [samples[index].malignant for index in new]
        for part, (_, held_out) in zip(FOLDS_OF_FURTHER, folds.split(new, malignant, groups[new]), strict=True):
            part_of.update({int(groups[new[place]]): part for place in held_out})
    return [*known, *(part_of.get(int(group), Part.CALIBRATION) for group in groups[len(known) :])]


def settle_split(
    path: Path,
    photos: Sequence[Photo],
    *,
    seed: int,
    divided: int | None = None,
    links: Iterable[tuple[int, int]] = (),
) -> tuple[Split, str | None]:
    """Where each photo stands, by the split file or by a new one; and the text of the file where it has to change.

    `divided`: how many of the photos, the first ones by name, a first split divides into all parts, by themselves;
    those after them join calibration and validation. Without it all are. `links`: pairs of positions that show the
    same lesion. Raises DataError where the file is none, or the photos are too few for a first split.
    """
    order = sorted(range(len(photos)), key=lambda place: photos[place].name)  # never by the order of a table
    place_of = {place: rank for rank, place in enumerate(order)}
    ranked = [photos[place] for place in order]
    ranked_links = [(place_of[left], place_of[right]) for left, right in links]
    if not path.is_file():
        rows = _first_rows(ranked, ranked_links, seed=seed, divided=len(photos) if divided is None else divided)
        return _as_asked({row.name: row for row in rows}, photos), _text(rows)
    known, notes = _read_rows(path, ranked)
    usable, added = _grown(known, ranked, ranked_links, seed=seed)
    return _as_asked(usable, photos, notes), _text([*known, *added]) if added or notes else None


def write_split(path: Path, text: str) -> None:
    """Raises OSError."""
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")


def _strata(samples: Sequence[Sample]) -> np.ndarray:
    """int64 [N]. A cell too small to have one image in every fold is counted with the others of its malignancy."""
    cells = [f"{sample.dataset}/{sample.domain}/{sample.malignant}" for sample in samples]
    names, counts = np.unique(cells, return_counts=True)
    large = set(names[counts >= FOLDS])
    own = [cell if cell in large else str(sample.malignant) for cell, sample in zip(cells, samples, strict=True)]
    return np.unique(own, return_inverse=True)[1]


def _first_rows(
    photos: Sequence[Photo], links: Sequence[tuple[int, int]], *, seed: int, divided: int
) -> list[SplitRow]:
    samples, ids = [photo.sample for photo in photos], [photo.sample.group_id for photo in photos]
    hashes = np.array([photo.phash for photo in photos], dtype=np.uint64)
    own_links = [pair for pair in links if max(pair) < divided]
    own = merged_groups(ids[:divided], hashes[:divided], links=own_links)
    parts = assign_parts(samples[:divided], own, seed=seed)
    groups = merged_groups(ids, hashes, links=links)
    if divided < len(photos):
        parts = assign_further(samples, groups, parts, seed=seed)
    return [_row(photo, int(group), part) for photo, group, part in zip(photos, groups, parts, strict=True)]


def _row(photo: Photo, group: int, part: Part) -> SplitRow:
    dataset, image_id, content = photo.name
    return SplitRow(
        dataset=dataset,
        image_id=image_id,
        content=content,
        phash=photo.phash,
        group_id=photo.sample.group_id,
        group=group,
        part=part,
    )


def _grown(
    known: Sequence[SplitRow], photos: Sequence[Photo], links: Sequence[tuple[int, int]], *, seed: int
) -> tuple[dict[Name, SplitRow], list[SplitRow]]:
    """Rows of the photos that may be used, by name, and the rows that are new.

    Groups are joined anew over the file and the photos: a patient that a corrected table or a new near-duplicate ties
    to another part is used in one of them only.
    """
    row_of = {row.name: row for row in known}
    fresh = [photo for photo in photos if photo.name not in row_of]
    ids = [row.group_id for row in known] + [photo.sample.group_id for photo in fresh]
    hashes = np.array([row.phash for row in known] + [photo.phash for photo in fresh], dtype=np.uint64)
    place = {row.name: index for index, row in enumerate(known)}
    place |= {photo.name: len(known) + index for index, photo in enumerate(fresh)}
    ties = _ties(known, photos, place) + [(place[photos[a].name], place[photos[b].name]) for a, b in links]
    component = merged_groups(ids, hashes, links=ties)
    part_of = _parts_of_components(component, known, {photo.name for photo in photos}, ids, seed=seed)
    numbers = _numbers_of_components(component, known)
    added = [_row(photo, numbers[c], part_of[c]) for photo in fresh for c in [int(component[place[photo.name]])]]
    rows = row_of | {row.name: row for row in added}
    present = {photo.name: rows[photo.name] for photo in photos}
    return {n: row for n, row in present.items() if row.part is part_of[int(component[place[n]])]}, added


def _ties(known: Sequence[SplitRow], photos: Sequence[Photo], place: Mapping[Name, int]) -> list[tuple[int, int]]:
    """Pairs that share a group of the file, or a patient by today's table."""
    ties, first = [], {}
    for index, row in enumerate(known):
        ties.append((first.setdefault(("group", row.group), index), index))
    by_patient: dict[str, int] = {}
    for photo in photos:
        ties.append((by_patient.setdefault(photo.sample.group_id, place[photo.name]), place[photo.name]))
    return ties


def _parts_of_components(
    component: np.ndarray,
    known: Sequence[SplitRow],
    present: set[Name],
    ids: Sequence[str],
    *,
    seed: int,
) -> dict[int, Part]:
    """The part of each component: of its images that are there, else of those that were, else by a hash."""
    here: dict[int, set[Part]] = {}
    gone: dict[int, set[Part]] = {}
    for index, row in enumerate(known):
        (here if row.name in present else gone).setdefault(int(component[index]), set()).add(row.part)
    names: dict[int, str] = {}
    for index, own in enumerate(component):
        names[int(own)] = min(names.get(int(own), ids[index]), ids[index])
    return {own: _most_guarded(here.get(own) or gone.get(own)) or _by_hash(name, seed) for own, name in names.items()}


def _most_guarded(parts: set[Part] | None) -> Part | None:
    return min(parts, key=GUARDED.index) if parts else None


def _by_hash(name: str, seed: int) -> Part:
    """The same part for the same group whenever it comes, in the shares of the first split."""
    fold = int(hashlib.sha256(f"{seed}/{name}".encode(errors="surrogateescape")).hexdigest()[:8], 16) % FOLDS
    order = [part for part, count in FOLDS_OF_PART.items() for _ in range(count)]
    return order[fold] if fold < len(order) else Part.TRAIN


def _numbers_of_components(component: np.ndarray, known: Sequence[SplitRow]) -> dict[int, int]:
    """The smallest number that a component has in the file, or one that is free."""
    numbers: dict[int, int] = {}
    for own, row in zip(component, known, strict=False):
        numbers[int(own)] = min(numbers.get(int(own), row.group), row.group)
    free = max((row.group for row in known), default=-1) + 1
    for own in component:
        if int(own) not in numbers:
            numbers[int(own)], free = free, free + 1
    return numbers


def _as_asked(usable: Mapping[Name, SplitRow], photos: Sequence[Photo], notes: tuple[str, ...] = ()) -> Split:
    found = [usable.get(photo.name) for photo in photos]
    left_out = [photo.sample.image_id for photo, row in zip(photos, found, strict=True) if row is None]
    if left_out:
        notes += (
            f"{len(left_out):,} images left out (first: {left_out[0]}): since the split was written their patient, a "
            "near-duplicate or another photo of their lesion turned up in a part that must not know them",
        )
    return Split(
        parts=tuple(row.part if row else None for row in found),
        groups=np.array([row.group if row else -1 for row in found], dtype=np.int64),
        notes=notes,
    )


def _read_rows(path: Path, photos: Sequence[Photo]) -> tuple[list[SplitRow], tuple[str, ...]]:
    """The rows of the file, and what has to be said about it. Raises DataError where it is no split file."""
    try:
        with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) == OLD_COLUMNS:
                return _converted(path, list(reader), photos)
            return [_parsed(row) for row in reader], ()
    except (KeyError, TypeError, ValueError, csv.Error) as error:
        raise DataError(f"{path}: not a split file ({error}); move it away to have a new one written") from error


def _parsed(row: Mapping[str, str]) -> SplitRow:
    return SplitRow(
        dataset=row["dataset"],
        image_id=row["image_id"],
        content=sys.intern(row["content"]),  # stands in other tables too
        phash=int(row["phash"], 16),
        group_id=row["group_id"],
        group=int(row["group"]),
        part=Part(row["part"]),
    )


def _converted(
    path: Path, rows: Sequence[Mapping[str, str]], photos: Sequence[Photo]
) -> tuple[list[SplitRow], tuple[str, ...]]:
    """An older file, which knew images by id alone: the images that are there keep their part."""
    old = {(row["dataset"], row["image_id"]): (int(row["group"]), Part(row["part"])) for row in rows}
    kept = [_row(photo, *old[photo.name[:2]]) for photo in photos if photo.name[:2] in old]
    note = f"{path}: written by an older version; converted, {len(kept):,} of {len(rows):,} images keep their part"
    return kept, (note,)


def _text(rows: Iterable[SplitRow]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        phash = f"{row.phash:016x}"
        writer.writerow((row.dataset, row.image_id, row.content, phash, row.group_id, row.group, row.part.value))
    return text.getvalue()
