"""The one door to labelled photos: a data root goes in, samples with pixels and parts come out."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from runtime.conditions import CONDITIONS
from teacher.console import progress
from teacher.data.found import Loaded
from teacher.data.ham10000 import load_ham10000
from teacher.data.pad_ufes import load_pad_ufes
from teacher.data.pixels import Scanned, build_pixels
from teacher.data.sample import DataError, Sample
from teacher.data.splits import Part, read_or_write_split
from teacher.data.synthetic import SyntheticConfig, load_synthetic, write_dataset
from teacher.options import OPTION

LOADERS: tuple[Callable[[Path], Loaded | None], ...] = (load_ham10000, load_pad_ufes)
DEFAULT_CACHE = Path(".cache")

FURTHER_SHARE = 0.25
"""Drawings beyond `synthetic_count`, as a share of it, that nothing is trained or tested on: 300 of 500 join the
calibration part, the rest validation. Of 2,000 alone `low` would be the lowest score of 81 cancers, which the noise of
8 bit moves, and one of 160 validation photos 0.6% of a gate at 97%. They cost 10 s of a main job of 15 minutes."""


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
    """Samples that can be read and have a part, with their canonical squares."""

    samples: tuple[Sample, ...]
    pixels: np.ndarray
    """uint8 [M, S, S, 3], memory-mapped; row `rows[i]` belongs to sample i"""
    rows: np.ndarray
    parts: tuple[Part, ...]
    folder: Path
    """where everything derived from this data root is cached"""
    split_path: Path
    notes: tuple[str, ...]

    def part(self, part: Part) -> np.ndarray:
        """Indices of the samples of one part, in their order."""
        return np.array([index for index, own in enumerate(self.parts) if own is part], dtype=np.int64)

    def square(self, index: int) -> np.ndarray:
        """The canonical square of a sample, uint8 [S, S, 3]."""
        return self.pixels[self.rows[index]]

    def malignant(self, indices: np.ndarray) -> np.ndarray:
        """bool [len(indices)]"""
        return np.array([self.samples[index].malignant for index in indices], dtype=bool)

    def conditions(self, indices: np.ndarray) -> np.ndarray:
        """int64 [len(indices)], positions in `runtime.conditions.CONDITIONS`"""
        return np.array([CONDITIONS.index(self.samples[index].condition) for index in indices], dtype=np.int64)


def open_dataset(options: DataOptions) -> Dataset:
    """Load, decode and split the photos of a data root; all but the first time from the cache.

    Raises DataError when the root holds no known dataset, a label is unknown, or too many files are damaged.
    """
    root, folder = _locate(options)
    samples, notes = _load(root, options)
    store = build_pixels(samples, size=options.image_size, folder=folder)
    split_path = folder / "split.csv"
    divided = None if options.root is not None else options.synthetic_count
    part_of = read_or_write_split(split_path, samples, store.scanned, seed=options.seed, divided=divided)
    kept = [index for index, sample in enumerate(samples) if _usable(sample, store.scanned[index], part_of)]
    notes += tuple(f"unreadable, left out: {row.image_id} ({row.error})" for row in store.unreadable)
    late = len(samples) - len(store.unreadable) - len(kept)
    notes += (f"{late:,} images came after the split was written and are left out",) if late else ()
    return Dataset(
        samples=tuple(samples[index] for index in kept),
        pixels=store.pixels,
        rows=np.array(kept, dtype=np.int64),
        parts=tuple(part_of[samples[index].image_id] for index in kept),
        folder=folder,
        split_path=split_path,
        notes=notes,
    )


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
        name = f"synthetic-{options.synthetic_count}+{_further(options)}-{options.seed}"
        return options.cache / name / "photos", options.cache / name
    if not options.root.is_dir():
        raise DataError(f"--data {options.root}: no such folder")
    resolved = options.root.resolve()
    digest = hashlib.sha256(str(resolved).encode()).hexdigest()[:8]
    return options.root, options.cache / f"{resolved.name}-{digest}"


def _load(root: Path, options: DataOptions) -> tuple[Sequence[Sample], tuple[str, ...]]:
    if options.root is None:
        return _load_embedded(root, options), ()
    loaded = [found for load in LOADERS if (found := load(root)) is not None]
    if not loaded:
        raise DataError(
            f"{root}: no known dataset here (looked for HAM10000_metadata.csv and pad_ufes/metadata.csv; docs/data.md "
            "shows the layout)"
        )
    samples = tuple(sample for found in loaded for sample in found.samples)
    if not samples:
        raise DataError(f"{root}: tables but no images ({'; '.join(found.describe() for found in loaded)})")
    return samples, tuple(found.describe() for found in loaded)


def _load_embedded(root: Path, options: DataOptions) -> Sequence[Sample]:
    """The drawings; where they are unfinished or some are missing, those are drawn first."""
    try:
        return load_synthetic(root)
    except DataError:
        config = SyntheticConfig(count=options.synthetic_count + _further(options), seed=options.seed)
        with progress("Drawing synthetic lesions", config.count) as advance:
            write_dataset(config, root, progress=lambda _done, _total: advance(""))
        return load_synthetic(root)


def _further(options: DataOptions) -> int:
    return round(FURTHER_SHARE * options.synthetic_count)


def _usable(sample: Sample, scanned: Scanned, part_of: dict[str, Part]) -> bool:
    return not scanned.error and sample.image_id in part_of
