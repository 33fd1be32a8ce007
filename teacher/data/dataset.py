"""The one door to labelled photos: a data root goes in, samples with pixels and parts come out."""

import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from runtime.conditions import CONDITIONS
from runtime.errors import one_line
from teacher.console import progress
from teacher.data.cache import SPLIT_NAME, clear_errors, clear_partials, forget, only_one
from teacher.data.checks import two_labels
from teacher.data.duplicates.table import linked
from teacher.data.pixels import PixelStore, build_larger, build_pixels, let_go
from teacher.data.registry import load_all
from teacher.data.sample import DataError, Sample
from teacher.data.splits import Part, Photo, Split, settle_split, write_split
from teacher.data.synthetic import RECIPE_VERSION, SyntheticConfig, load_synthetic, write_dataset
from teacher.data.synthetic.store import IMAGE_FOLDER
from teacher.data.views.frame import square_side
from teacher.options import OPTION

DEFAULT_CACHE = Path(".cache")

SHOWN = 8
"""Pairs that a note names."""

FURTHER_SHARE = 0.25
"""Drawings beyond `synthetic_count`, as a share of it, that nothing is trained or tested on: 300 of 500 join the
calibration part, the rest validation. Of 2,000 alone `low` would be the lowest score of 81 cancers, which the noise of
8 bit moves, and one of 160 validation photos 0.6% of a gate at 97%. They cost 10 s of a main job of 15 minutes."""


_UNASKED = -2
"""In place of where a square begins, which is -1 where there is none."""


@dataclass(frozen=True, kw_only=True)
class DataOptions:
    """What a command must know to open its data; two commands with equal options see the same samples."""

    root: Annotated[Path | None, typer.Option("--data")] = None
    """folder of labelled photos; without it the synthetic dataset"""
    image_size: Annotated[int, typer.Option(min=32)] = 224
    """side of the canonical squares in pixels"""
    cache: Annotated[Path, OPTION] = DEFAULT_CACHE
    """folder for everything derived from the data: decoded pixels, split files, soft labels"""
    seed: Annotated[int, OPTION] = 0
    """seed of the split, and of the synthetic dataset"""
    synthetic_count: Annotated[int, typer.Option(min=200)] = 2000
    """drawings in the synthetic dataset; a quarter as many again serve thresholds and the judging of files alone"""


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Samples that can be read and have a part, with their canonical squares.

    In the order of dataset and id, so that nothing derived depends on how a table was sorted.
    """

    samples: tuple[Sample, ...]
    contents: tuple[str, ...]
    """what each file holds, 32 hexadecimal digits: with the id the name of everything derived from an image"""
    pixels: np.ndarray
    """uint8 [M, S, S, 3], memory-mapped; row `rows[i]` belongs to sample i"""
    rows: np.ndarray
    parts: tuple[Part, ...]
    groups: np.ndarray
    """int64 [N]: images of one patient or lesion, and their near-duplicates, have the same number"""
    folder: Path
    """where everything derived from this data root is cached"""
    split_path: Path
    notes: tuple[str, ...]
    stored: bool = True
    """whether there are files, which larger squares can be decoded from; else views are cut from the squares at hand"""
    torn: frozenset[int] = frozenset()
    """samples whose picture stands here again under another label: nothing is learned from or judged by them"""

    def part(self, part: Part) -> np.ndarray:
        """Indices of the samples of one part, in their order, without pictures that have two labels."""
        own = [index for index, own in enumerate(self.parts) if own is part and index not in self.torn]
        return np.array(own, dtype=np.int64)

    def square(self, index: int) -> np.ndarray:
        """The canonical square of a sample, uint8 [S, S, 3]: what the device sees."""
        return self.pixels[self.rows[index]]

    def squares_for_views(self, indices: np.ndarray) -> Callable[[int], np.ndarray]:
        """From each of these samples to the square that its views are cut from, uint8 [T, T, 3].

        They are larger than what the device sees, up to `square_side` where the photo has so many pixels, so that a
        crop is not enlarged. Decoded the first time they are asked for. Raises DataError where the disk refuses.
        """
        if not self.stored:
            return self.square
        self._view_squares.prepare(indices)
        return self._view_squares.square

    def let_go(self) -> None:
        """Squares that were read no longer count as memory of this process; they can be read on as before."""
        let_go(self.pixels)
        self._view_squares.let_go()

    @cached_property
    def _view_squares(self) -> "_ViewSquares":
        return _ViewSquares(self)

    def malignant(self, indices: np.ndarray) -> np.ndarray:
        """bool [len(indices)]"""
        return np.array([self.samples[index].malignant for index in indices], dtype=bool)

    def conditions(self, indices: np.ndarray) -> np.ndarray:
        """int64 [len(indices)], positions in `runtime.conditions.CONDITIONS`"""
        return np.array([CONDITIONS.index(self.samples[index].condition) for index in indices], dtype=np.int64)


class _ViewSquares:
    """The larger squares that were asked for so far."""

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset
        self._bytes = np.zeros(0, dtype=np.uint8)
        self._starts = np.full(len(dataset.samples), _UNASKED, dtype=np.int64)
        self._sides = np.zeros(len(dataset.samples), dtype=np.int64)

    def prepare(self, indices: np.ndarray) -> None:
        asked = np.unique(indices)
        new = asked[self._starts[asked] == _UNASKED]
        if not len(new):
            return
        data = self._dataset
        found = build_larger(
            [data.samples[index] for index in new],
            [data.contents[index] for index in new],
            side=square_side(data.pixels.shape[1]),
            folder=data.folder,
        )
        # The map of before is a part of the new one: a square never moves.
        self._bytes, self._starts[new], self._sides[new] = found.bytes, found.starts, found.sides

    def let_go(self) -> None:
        let_go(self._bytes)

    def square(self, index: int) -> np.ndarray:
        start, side = self._starts[index], self._sides[index]
        if start < 0:
            return self._dataset.square(index)
        return self._bytes[start : start + side * side * 3].reshape(side, side, 3)


def open_dataset(options: DataOptions) -> Dataset:
    """Load, decode and split the photos of a data root; all but the first time from the cache.

    Raises DataError when the root holds no known dataset, a label is unknown, or too many files are damaged.
    """
    root, folder = _locate(options)
    samples, notes = _load(root, options)
    samples = sorted(samples, key=lambda sample: (sample.dataset, sample.image_id))
    store = build_pixels(samples, size=options.image_size, folder=folder)
    readable = [index for index, row in enumerate(store.scanned) if not row.error]
    photos = [_photo(samples[index], store, index) for index in readable]
    split_path = folder / SPLIT_NAME
    divided = None if options.root is not None else options.synthetic_count
    links = linked(folder, [photo.content for photo in photos])
    split = _settled(split_path, photos, seed=options.seed, divided=divided, links=links)
    kept = [place for place, part in enumerate(split.parts) if part is not None]
    notes += tuple(_unreadable(samples[index], row.error) for index, row in enumerate(store.scanned) if row.error)
    shown = [photos[place] for place in kept]
    rows = store.rows[[readable[place] for place in kept]]
    torn = list(two_labels(shown, lambda place: store.pixels[rows[place]]))
    return Dataset(
        samples=tuple(photo.sample for photo in shown),
        contents=tuple(photo.content for photo in shown),
        pixels=store.pixels,
        rows=rows,
        parts=tuple(part for part in split.parts if part is not None),
        groups=split.groups[kept],
        folder=folder,
        split_path=split_path,
        notes=(*notes, *split.notes, *_told(shown, torn)),
        torn=frozenset(place for pair in torn for place in pair),
    )


def samples_of(options: DataOptions) -> tuple[Sequence[Sample], Path]:
    """The samples of a data root, none of them opened yet, and the folder of what is derived from it.

    Raises DataError as `open_dataset`.
    """
    root, folder = _locate(options)
    return _load(root, options)[0], folder


def forget_derived(options: DataOptions) -> tuple[Path, int]:
    """Clears what was derived from a data root; returns the folder and the bytes it freed.

    The split file and the table of duplicates stay.
    """
    _, folder = _locate(options)
    return folder, forget(folder)


def grouped_folds(
    dataset: Dataset, indices: np.ndarray, *, folds: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Cross-validation over some samples, whole patients to one fold, stratified by dataset x condition.

    indices: int64 [M], such as all photos of one domain, whatever their part. Returns (learn, judge) pairs of sample
    indices; every sample is judged once. For figures of small domains, which one test part leaves too wide.
    Raises DataError where there are fewer patients than folds.
    """
    from sklearn.model_selection import StratifiedGroupKFold  # takes seconds, and only a split and this need it

    patients = len(np.unique(dataset.groups[indices]))
    if folds < 2 or patients < folds:
        raise DataError(f"{folds} folds of {patients} patients or lesions: at least 2 folds, and a patient for each")
    strata = [f"{dataset.samples[index].dataset}/{dataset.samples[index].condition}" for index in indices]
    cut = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():  # a condition rarer than the folds stands in some of them only
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        pairs = list(cut.split(indices, strata, dataset.groups[indices]))
    return [(indices[learn], indices[judge]) for learn, judge in pairs]


def describe_parts(dataset: Dataset) -> str:
    """One line such as "train 4,206 (703 malignant), validation 495 (83) ..."."""
    texts = []
    for part in Part:
        indices = dataset.part(part)
        texts.append(f"{part} {len(indices):,} ({int(dataset.malignant(indices).sum()):,} malignant)")
    return ", ".join(texts)


def _locate(options: DataOptions) -> tuple[Path, Path]:
    """The data root and its own folder in the cache, named after it."""
    if options.root is None:
        name = f"synthetic-{RECIPE_VERSION}-{options.synthetic_count}+{_further(options)}-{options.seed}"
        return options.cache / name / "photos", options.cache / name
    if not options.root.is_dir():
        raise DataError(f"--data {options.root}: no such folder")
    resolved = options.root.resolve()
    digest = hashlib.sha256(str(resolved).encode()).hexdigest()[:8]
    return options.root, options.cache / f"{resolved.name}-{digest}"


def _load(root: Path, options: DataOptions) -> tuple[Sequence[Sample], tuple[str, ...]]:
    if options.root is None:
        return _load_embedded(root, options), ()
    loaded = load_all(root)
    samples = tuple(sample for found in loaded for sample in found.samples)
    if not samples:
        raise DataError(f"{root}: tables but no images ({'; '.join(found.describe() for found in loaded)})")
    return samples, tuple(found.describe() for found in loaded)


def _load_embedded(root: Path, options: DataOptions) -> Sequence[Sample]:
    """The drawings; where they are unfinished or some are missing, those are drawn first."""
    try:
        return load_synthetic(root)
    except DataError:
        with only_one(root.parent), clear_errors(root.parent):
            return _drawn(root, options)


def _drawn(root: Path, options: DataOptions) -> Sequence[Sample]:
    """By this command, or by another one while this one waited for the folder."""
    try:
        return load_synthetic(root)
    except DataError:
        for folder in (root, root / IMAGE_FOLDER):
            clear_partials(folder)
        config = SyntheticConfig(count=options.synthetic_count + _further(options), seed=options.seed)
        with progress("Drawing synthetic lesions", config.count) as advance:
            write_dataset(config, root, progress=lambda _done, _total: advance(""))
        return load_synthetic(root)


def _further(options: DataOptions) -> int:
    return round(FURTHER_SHARE * options.synthetic_count)


def _photo(sample: Sample, store: PixelStore, index: int) -> Photo:
    row = store.scanned[index]
    return Photo(sample=sample, content=row.content, phash=row.phash)


def _told(photos: Sequence[Photo], torn: Sequence[tuple[int, int]]) -> tuple[str, ...]:
    """One note on all pictures with two labels, by name."""
    if not torn:
        return ()
    ends = [(photos[left].sample, photos[right].sample) for left, right in torn]
    named = [f"{one.key} is {one.raw_label} and {other.key} is {other.raw_label}" for one, other in ends]
    more = f" and {len(named) - SHOWN:,} more" if len(named) > SHOWN else ""
    return (
        f"one picture, two labels, left out of all parts ({len(named):,} pairs): {'; '.join(named[:SHOWN])}{more}; "
        "correct the table to have them back",
    )


def _unreadable(sample: Sample, reason: str) -> str:
    return f"unreadable, left out: {sample.image_id} ({one_line(str(sample.path))}: {reason})"


def _settled(
    path: Path, photos: Sequence[Photo], *, seed: int, divided: int | None, links: Sequence[tuple[int, int]]
) -> Split:
    """The split, read; or under the folder's lock written, so that two commands at once agree on one."""
    if path.is_file():
        split, changed = settle_split(path, photos, seed=seed, divided=divided, links=links)
        if changed is None:
            return split
    with only_one(path.parent), clear_errors(path.parent):
        clear_partials(path.parent)
        split, changed = settle_split(path, photos, seed=seed, divided=divided, links=links)
        if changed is not None:
            write_split(path, changed)
        return split
