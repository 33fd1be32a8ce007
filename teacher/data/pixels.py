"""The canonical squares of a dataset, decoded once: the pixels that a phone would feed the model.

One pass over the photos fills a memory-mapped array, notes a perceptual hash of each, and finds the files that
cannot be read. The pass can be interrupted at any point and goes on where it stopped.
"""

import csv
import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from runtime.errors import PhotoError
from runtime.photo.decode import DECODING, load_square
from teacher.console import progress
from teacher.data.sample import DataError, Sample

MAX_UNREADABLE = 0.05
"""Share of unreadable files above which the data root itself is taken to be damaged."""

CHUNK = 64
"""Photos decoded between two flushes: what a kill loses."""


@dataclass(frozen=True)
class Scanned:
    """What one pass learned of a photo: its 64-bit perceptual hash, or why it could not be read."""

    image_id: str
    phash: int
    error: str


@dataclass(frozen=True)
class PixelStore:
    """pixels: uint8 [N, S, S, 3], one row per sample in their order; rows of unreadable files are zero."""

    pixels: np.ndarray
    scanned: tuple[Scanned, ...]

    @property
    def unreadable(self) -> tuple[Scanned, ...]:
        return tuple(row for row in self.scanned if row.error)


def build_pixels(samples: Sequence[Sample], *, size: int, folder: Path) -> PixelStore:
    """The squares of the samples, from the folder's cache where it is complete.

    Raises DataError when more than `MAX_UNREADABLE` of the files cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = f"{size}-{DECODING}-{_digest(samples)}"
    array_path, table_path = folder / f"pixels-{key}.npy", folder / f"scan-{key}.csv"
    shape = (len(samples), size, size, 3)
    if not array_path.is_file():
        table_path.unlink(missing_ok=True)
        _create_array(array_path, shape)
    pixels = np.load(array_path, mmap_mode="r+")
    done = _read_scan(table_path)
    if len(done) < len(samples):
        _scan(samples, done, pixels, table_path, size=size)
        done = _read_scan(table_path)
    store = PixelStore(np.load(array_path, mmap_mode="r"), tuple(done))
    _check_unreadable(store, samples)
    return store


def _digest(samples: Sequence[Sample]) -> str:
    """Names the list of files by path, size and time of change, so that a changed file is decoded again."""
    hasher = hashlib.sha256()
    for sample in samples:
        stat = sample.path.stat()
        hasher.update(f"{sample.image_id}|{sample.path}|{stat.st_size}|{stat.st_mtime_ns}\n".encode())
    return hasher.hexdigest()[:12]


def _create_array(path: Path, shape: tuple[int, ...]) -> None:
    partial = path.with_suffix(".partial.npy")
    np.lib.format.open_memmap(partial, mode="w+", dtype=np.uint8, shape=shape).flush()
    os.replace(partial, path)


def _read_scan(path: Path) -> list[Scanned]:
    """The complete rows of the scan; a row cut off by a kill is dropped from the file."""
    if not path.is_file():
        return []
    text = path.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return [Scanned(image_id, int(phash, 16), error) for image_id, phash, error in csv.reader(whole.splitlines())]


def _scan(
    samples: Sequence[Sample], done: Sequence[Scanned], pixels: np.ndarray, table_path: Path, *, size: int
) -> None:
    todo = range(len(done), len(samples))
    with (
        progress("Decoding photos", len(samples), done=len(done)) as advance,
        ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,
        table_path.open("a", newline="") as table,
    ):
        writer = csv.writer(table, lineterminator="\n")
        for chunk in _chunks(todo):
            rows = pool.map(lambda index: _scan_one(samples[index], pixels, index, size=size), chunk)
            for row in rows:
                writer.writerow((row.image_id, f"{row.phash:016x}", row.error))
                advance("")
            table.flush()


def _chunks(indices: range) -> Iterator[range]:
    for start in range(0, len(indices), CHUNK):
        yield indices[start : start + CHUNK]


def _scan_one(sample: Sample, pixels: np.ndarray, index: int, *, size: int) -> Scanned:
    try:
        square = load_square(sample.path, size=size)
    except PhotoError as error:
        return Scanned(sample.image_id, 0, " ".join(str(error).split()))
    pixels[index] = square
    return Scanned(sample.image_id, int(str(imagehash.phash(Image.fromarray(square))), 16), "")


def _check_unreadable(store: PixelStore, samples: Sequence[Sample]) -> None:
    bad = store.unreadable
    if len(bad) > MAX_UNREADABLE * len(samples):
        names = ", ".join(row.image_id for row in bad[:5])
        raise DataError(
            f"{len(bad)} of {len(samples)} images cannot be read (more than {MAX_UNREADABLE:.0%}), first: {names}; "
            f"{bad[0].error}. Is the copy of the data complete?"
        )
