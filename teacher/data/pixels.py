"""The canonical squares of a dataset, decoded once: the pixels that a phone would feed the model.

Squares are kept by the content of their file, so that a sorted table, a renamed or removed image, or one that came
later never gives an image another's pixels and never costs more than its own work. They stand one behind the other in
one file that only grows (no hole that a full disk turns into a crash), which is then mapped into memory. The pass can
be interrupted at any point and goes on where it stopped; what is found broken is decoded again.
"""

import csv
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from runtime.errors import PhotoError, one_line
from runtime.photo.decode import DECODING, DEFAULT_LIMITS, load_square
from teacher.console import progress
from teacher.data.cache import check_space, clear_errors, only_one
from teacher.data.contents import DIGEST_LENGTH, Stamp, add_known, append_rows, digest_of, read_known, stamp_of
from teacher.data.sample import DataError, Sample

MAX_UNREADABLE = 0.05
"""Share of unreadable files above which the data root itself is taken to be damaged."""

CHUNK = 64
"""Photos decoded between two writes: what a kill loses."""

PIXELS_NAME, INDEX_NAME = "squares.u8", "index.csv"


@dataclass(frozen=True)
class Scanned:
    """What one pass learned of a photo: its content, its 64-bit perceptual hash, or why it could not be read.

    `content` is "" for a file that could not even be opened.
    """

    content: str
    phash: int
    error: str


@dataclass(frozen=True)
class PixelStore:
    """The squares of the samples that were asked for."""

    pixels: np.ndarray
    """uint8 [M, S, S, 3], memory-mapped: the squares of every content that was ever decoded"""
    rows: np.ndarray
    """int64 [N], the row of each sample; -1 where it could not be read"""
    scanned: tuple[Scanned, ...]
    """one per sample, in their order"""


@dataclass
class _Index:
    """What the index says of each content, and how many squares there are."""

    entries: dict[str, tuple[int, Scanned]]
    count: int


def build_pixels(samples: Sequence[Sample], *, size: int, folder: Path) -> PixelStore:
    """The squares of the samples, decoded now where the folder does not have them.

    Raises DataError when more than `MAX_UNREADABLE` of the files cannot be read, or the disk refuses.
    """
    store = folder / f"squares-{size}-{DECODING}"
    stamps = [_stamp(sample.path) for sample in samples]
    known, index = read_known(folder), _read_index(store, size)
    if _missing(samples, stamps, known, index):
        with only_one(folder), clear_errors(folder):
            store.mkdir(exist_ok=True)
            known, index = read_known(folder), _healed_index(store, size)  # another command may have been here
            _decode_missing(samples, stamps, known, index, store, size=size)
    found = [_look_up(sample, stamp, known, index) for sample, stamp in zip(samples, stamps, strict=True)]
    pixels = _mapped(store, index.count, size)
    result = PixelStore(pixels, np.array([row for row, _ in found], dtype=np.int64), tuple(one for _, one in found))
    _check_unreadable(result, samples)
    return result


def _stamp(path: Path) -> Stamp | None:
    try:
        return stamp_of(path)
    except OSError:  # a link that leads nowhere, a file that went away since it was listed
        return None


def _missing(
    samples: Sequence[Sample],
    stamps: Sequence[Stamp | None],
    known: Mapping[tuple[str, Stamp], str],
    index: _Index,
) -> list[int]:
    """Positions of the samples whose square is not there yet."""
    return [
        place
        for place, (sample, stamp) in enumerate(zip(samples, stamps, strict=True))
        if stamp is not None and known.get((str(sample.path), stamp)) not in index.entries
    ]


def _look_up(
    sample: Sample, stamp: Stamp | None, known: Mapping[tuple[str, Stamp], str], index: _Index
) -> tuple[int, Scanned]:
    content = None if stamp is None else known.get((str(sample.path), stamp))
    if content is None:
        return -1, Scanned("", 0, f"{one_line(str(sample.path))}: cannot be opened")
    return index.entries[content]


def _decode_missing(
    samples: Sequence[Sample],
    stamps: Sequence[Stamp | None],
    known: dict[tuple[str, Stamp], str],
    index: _Index,
    store: Path,
    *,
    size: int,
) -> None:
    todo = _missing(samples, stamps, known, index)
    check_space(store, len(todo) * _square_bytes(size))
    done = sum(stamp is not None for stamp in stamps) - len(todo)
    with (
        progress("Decoding photos", done + len(todo), done=done) as advance,
        ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,
    ):
        for chunk in _chunks(todo):
            paths = {place: samples[place].path for place in chunk}
            read = pool.map(lambda path: _read_one(path, index.entries, size=size), paths.values())
            found: dict[tuple[str, Stamp], str] = {}
            fresh: dict[str, tuple[np.ndarray | None, Scanned]] = {}
            for place, (content, square, scanned) in zip(chunk, read, strict=True):
                stamp = stamps[place]
                if content and stamp is not None:
                    found[str(paths[place]), stamp] = content
                    if content not in index.entries:
                        fresh.setdefault(content, (square, scanned))
                advance("")
            _append(store, index, fresh)
            add_known(store.parent, found)
            known.update(found)


def _chunks(places: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(places), CHUNK):
        yield places[start : start + CHUNK]


def _read_one(
    path: Path, entries: Mapping[str, tuple[int, Scanned]], *, size: int
) -> tuple[str, np.ndarray | None, Scanned]:
    """The content of a file, and its square unless that content has one."""
    try:
        with path.open("rb") as file:  # one byte more than is allowed tells that it is too large
            content = file.read(DEFAULT_LIMITS.max_bytes + 1)
    except OSError:
        return "", None, Scanned("", 0, "")
    digest = digest_of(content)
    if digest in entries:
        return digest, None, entries[digest][1]
    try:
        square = load_square(content, size=size)
    except PhotoError as error:
        return digest, None, Scanned(digest, 0, one_line(str(error).removeprefix("photo: ")))
    return digest, square, Scanned(digest, int(str(imagehash.phash(Image.fromarray(square))), 16), "")


def _append(store: Path, index: _Index, fresh: Mapping[str, tuple[np.ndarray | None, Scanned]]) -> None:
    """Pixels first, synced, then the lines that say they are there."""
    with (store / PIXELS_NAME).open("ab") as file:
        for square, _ in fresh.values():
            if square is not None:
                file.write(square.tobytes())
        file.flush()
        os.fsync(file.fileno())
    lines = []
    for content, (square, scanned) in fresh.items():
        row = -1 if square is None else index.count
        index.count += square is not None
        index.entries[content] = row, scanned
        lines.append((content, row, f"{scanned.phash:016x}", scanned.error))
    append_rows(store / INDEX_NAME, lines)


def _read_index(store: Path, size: int) -> _Index:
    """The index as far as it is sound: up to the first line that is cut, out of order, or without its pixels."""
    path, pixels = store / INDEX_NAME, store / PIXELS_NAME
    entries: dict[str, tuple[int, Scanned]] = {}
    if not path.is_file() or not pixels.is_file():
        return _Index(entries, 0)
    held, count = pixels.stat().st_size // _square_bytes(size), 0
    text = path.read_text(encoding="utf-8", errors="surrogateescape")
    for line in csv.reader(text[: text.rfind("\n") + 1].splitlines()):
        if not _sound(line) or (row := int(line[1])) not in (-1, count) or row >= held:
            break
        entries[line[0]] = row, Scanned(line[0], int(line[2], 16), line[3])
        count += row == count
    return _Index(entries, count)


def _sound(line: Sequence[str]) -> bool:
    if len(line) != 4 or len(line[0]) != DIGEST_LENGTH or len(line[2]) != 16:
        return False
    return line[1].removeprefix("-").isdigit() and all(digit in "0123456789abcdef" for digit in line[2])


def _healed_index(store: Path, size: int) -> _Index:
    """The sound part of the index, and files that hold just that: what was broken is decoded again."""
    index = _read_index(store, size)
    with (store / PIXELS_NAME).open("ab") as file:
        file.truncate(index.count * _square_bytes(size))
    path = store / INDEX_NAME
    lines = [(content, row, f"{one.phash:016x}", one.error) for content, (row, one) in index.entries.items()]
    if not path.is_file() or len(lines) != path.read_bytes().count(b"\n") or not _ends_whole(path):
        path.unlink(missing_ok=True)
        append_rows(path, lines)
    return index


def _ends_whole(path: Path) -> bool:
    content = path.read_bytes()
    return not content or content.endswith(b"\n")


def _mapped(store: Path, count: int, size: int) -> np.ndarray:
    if count == 0:
        return np.zeros((0, size, size, 3), dtype=np.uint8)
    return np.memmap(store / PIXELS_NAME, dtype=np.uint8, mode="r", shape=(count, size, size, 3))


def _square_bytes(size: int) -> int:
    return size * size * 3


def _check_unreadable(store: PixelStore, samples: Sequence[Sample]) -> None:
    bad = [(sample, row) for sample, row in zip(samples, store.scanned, strict=True) if row.error]
    if len(bad) > MAX_UNREADABLE * len(samples):
        names = ", ".join(sample.image_id for sample, _ in bad[:5])
        raise DataError(
            f"{len(bad)} of {len(samples)} images cannot be read (more than {MAX_UNREADABLE:.0%}), first: {names}; "
            f"{bad[0][0].path}: {bad[0][1].error}. Is the copy of the data complete?"
        )
