"""The squares of a dataset, decoded once: the pixels that a phone would feed the model, and larger ones for views.

Squares are kept by the content of their file, so that a sorted table, a renamed or removed image, or one that came
later never gives an image another's pixels and never costs more than its own work. They stand one behind the other in
one file that only grows (no hole that a full disk turns into a crash), which is then mapped into memory. The pass can
be interrupted at any point and goes on where it stopped; what is found broken is decoded again.
"""

import csv
import mmap
import os
import sys
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

HASH_SIDE = 224
"""Side of the square whose perceptual hash tells near-duplicates, whatever size is asked for: a hash moves with the
resolution, and the parts of all photos would move with it (by that of 192 pixels half of 13,613 photos stand elsewhere,
and a bundle would be judged on photos that it learned from). 224 is the default size, at which the default bundle's
photos were split."""

CHUNK = 64
"""Photos decoded between two writes: what a kill loses."""

PIXELS_NAME, INDEX_NAME = "squares.u8", "index.csv"


@dataclass(frozen=True, slots=True)
class Scanned:
    """What one pass learned of a photo: its content, its 64-bit perceptual hash, or why it could not be read.

    `content` is "" for a file that could not even be opened.
    """

    content: str
    phash: int
    error: str
    side: int = 0
    """of its square in pixels; 0 where it could not be read"""


@dataclass(frozen=True)
class PixelStore:
    """The squares of the samples that were asked for."""

    pixels: np.ndarray
    """uint8 [M, S, S, 3], memory-mapped: the squares of every content that was ever decoded"""
    rows: np.ndarray
    """int64 [N], the row of each sample; -1 where it could not be read"""
    scanned: tuple[Scanned, ...]
    """one per sample, in their order"""


@dataclass(frozen=True)
class LargerSquares:
    """Squares that views are cut from, of no more pixels than their photo has."""

    bytes: np.ndarray
    """uint8 [B], memory-mapped: one square behind the other"""
    starts: np.ndarray
    """int64 [N], where the square of each sample begins; -1 where there is none"""
    sides: np.ndarray
    """int64 [N]"""


@dataclass(frozen=True, kw_only=True)
class _Store:
    """A folder of squares of one kind."""

    folder: Path
    size: int
    """of the squares: their side, or where they are not enlarged the most it can be"""
    enlarged: bool

    @property
    def pixels(self) -> Path:
        return self.folder / PIXELS_NAME

    @property
    def index(self) -> Path:
        return self.folder / INDEX_NAME

    def decoded(self, content: bytes) -> np.ndarray:
        """Raises PhotoError."""
        if self.enlarged:
            return load_square(content, size=self.size)
        return load_square(content, size=self.size, enlarge=False)

    def may_hold(self, side: int) -> bool:
        return side == self.size or (not self.enlarged and 0 < side < self.size)


@dataclass
class _Index:
    """What the index says of each content, and where the squares begin."""

    entries: dict[str, tuple[int, Scanned]]
    starts: list[int]
    """in bytes, by row; the last is where the next square will begin"""

    @property
    def count(self) -> int:
        return len(self.starts) - 1


def build_pixels(samples: Sequence[Sample], *, size: int, folder: Path) -> PixelStore:
    """The squares of the samples, decoded now where the folder does not have them.

    Raises DataError when more than `MAX_UNREADABLE` of the files cannot be read, or the disk refuses.
    """
    store = _Store(folder=folder / f"squares-{size}-{DECODING}", size=size, enlarged=True)
    stamps, known, index = _filled(store, samples)
    found = [_look_up(sample, stamp, known, index) for sample, stamp in zip(samples, stamps, strict=True)]
    pixels = _mapped(store, index).reshape(-1, size, size, 3)
    result = PixelStore(pixels, np.array([row for row, _ in found], dtype=np.int64), tuple(one for _, one in found))
    _check_unreadable(result, samples)
    return result


def build_larger(samples: Sequence[Sample], contents: Sequence[str], *, side: int, folder: Path) -> LargerSquares:
    """Squares of `side` pixels, or of what the photo has; decoded now where the folder does not have them.

    A sample whose file holds something else than `contents` says by now, or cannot be read at this size, has none.
    Raises DataError where the disk refuses.
    """
    store = _Store(folder=folder / f"view-squares-{side}-{DECODING}", size=side, enlarged=False)
    _, _, index = _filled(store, samples)
    nothing = (-1, Scanned("", 0, ""))
    found = [index.entries.get(content, nothing) for content in contents]
    return LargerSquares(
        bytes=_mapped(store, index),
        starts=np.array([-1 if row < 0 else index.starts[row] for row, _ in found], dtype=np.int64),
        sides=np.array([one.side for _, one in found], dtype=np.int64),
    )


def let_go(pixels: np.ndarray) -> None:
    """Mapped pixels that were read no longer count as this process's memory; the system keeps them while it has room.

    They can be read on as before. Nothing for an array that is no map, or where the system cannot do it.
    """
    owner: object = pixels
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        owner.madvise(mmap.MADV_DONTNEED)


def _filled(
    store: _Store, samples: Sequence[Sample]
) -> tuple[Sequence[Stamp | None], dict[tuple[str, Stamp], str], _Index]:
    """What is known of the samples' files, once the store has the squares of all that can be read."""
    folder = store.folder.parent
    stamps = [_stamp(sample.path) for sample in samples]
    known, index = read_known(folder), _read_index(store)
    if _missing(samples, stamps, known, index):
        with only_one(folder), clear_errors(folder):
            store.folder.mkdir(exist_ok=True)
            known, index = read_known(folder), _healed_index(store)  # another command may have been here
            _decode_missing(samples, stamps, known, index, store)
    return stamps, known, index


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
    store: _Store,
) -> None:
    todo = _missing(samples, stamps, known, index)
    check_space(store.folder, len(todo) * _square_bytes(store.size))
    done = sum(stamp is not None for stamp in stamps) - len(todo)
    with (
        progress("Decoding photos" if store.enlarged else "Squares for views", done + len(todo), done=done) as advance,
        ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,
    ):
        for chunk in _chunks(todo):
            paths = {place: samples[place].path for place in chunk}
            read = pool.map(lambda path: _read_one(path, index.entries, store), paths.values())
            found: dict[tuple[str, Stamp], str] = {}
            fresh: dict[str, tuple[np.ndarray | None, Scanned]] = {}
            for place, (content, square, scanned) in zip(chunk, read, strict=True):
                stamp = stamps[place]
                if content and stamp is not None:
                    if known.get((str(paths[place]), stamp)) != content:
                        found[str(paths[place]), stamp] = content
                    if content not in index.entries:
                        fresh.setdefault(content, (square, scanned))
                advance("")
            _append(store, index, fresh)
            add_known(store.folder.parent, found)
            known.update(found)


def _chunks(places: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(places), CHUNK):
        yield places[start : start + CHUNK]


def _read_one(
    path: Path, entries: Mapping[str, tuple[int, Scanned]], store: _Store
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
        square = store.decoded(content)
    except PhotoError as error:
        return digest, None, Scanned(digest, 0, one_line(str(error).removeprefix("photo: ")))
    # Only the squares that a phone sees tell near-duplicates.
    phash = _hash_of(content, square) if store.enlarged else 0
    return digest, square, Scanned(digest, phash, "", square.shape[0])


def _hash_of(content: bytes, square: np.ndarray) -> int:
    """`square`: that of the content, which is decoded once more where it has another size."""
    seen = square if square.shape[0] == HASH_SIDE else load_square(content, size=HASH_SIDE)
    return int(str(imagehash.phash(Image.fromarray(seen))), 16)


def _append(store: _Store, index: _Index, fresh: Mapping[str, tuple[np.ndarray | None, Scanned]]) -> None:
    """Pixels first, synced, then the lines that say they are there."""
    with store.pixels.open("ab") as file:
        for square, _ in fresh.values():
            if square is not None:
                file.write(square.tobytes())
        file.flush()
        os.fsync(file.fileno())
    lines = []
    for content, (square, scanned) in fresh.items():
        row = -1 if square is None else index.count
        if square is not None:
            index.starts.append(index.starts[-1] + square.nbytes)
        index.entries[content] = row, scanned
        lines.append(_line(content, row, scanned))
    append_rows(store.index, lines)


def _line(content: str, row: int, scanned: Scanned) -> tuple[object, ...]:
    return content, row, f"{scanned.phash:016x}", scanned.error, scanned.side


def _read_index(store: _Store) -> _Index:
    """The index as far as it is sound: up to the first line that is cut, out of order, or without its pixels."""
    index = _Index({}, [0])
    if not store.index.is_file() or not store.pixels.is_file():
        return index
    held = store.pixels.stat().st_size
    text = store.index.read_text(encoding="utf-8", errors="surrogateescape")
    for line in csv.reader(text[: text.rfind("\n") + 1].splitlines()):
        if not _sound(line) or (row := int(line[1])) not in (-1, index.count):
            break
        # Lines from before squares could be smaller do not say the side.
        side = 0 if row < 0 else int(line[4]) if len(line) == 5 else store.size
        end = index.starts[-1] + _square_bytes(side)
        if row >= 0 and (end > held or not store.may_hold(side)):
            break
        content = sys.intern(line[0])
        index.entries[content] = row, Scanned(content, int(line[2], 16), line[3], side)
        if row >= 0:
            index.starts.append(end)
    return index


def _sound(line: Sequence[str]) -> bool:
    if len(line) not in (4, 5) or len(line[0]) != DIGEST_LENGTH or len(line[2]) != 16:
        return False
    digits = all(digit in "0123456789abcdef" for digit in line[2])
    return line[1].removeprefix("-").isdigit() and digits and (len(line) == 4 or line[4].isdigit())


def _healed_index(store: _Store) -> _Index:
    """The sound part of the index, and files that hold just that: what was broken is decoded again."""
    index = _read_index(store)
    with store.pixels.open("ab") as file:
        file.truncate(index.starts[-1])
    lines = [_line(content, row, one) for content, (row, one) in index.entries.items()]
    if not store.index.is_file() or len(lines) != store.index.read_bytes().count(b"\n") or not _ends_whole(store.index):
        store.index.unlink(missing_ok=True)
        append_rows(store.index, lines)
    return index


def _ends_whole(path: Path) -> bool:
    content = path.read_bytes()
    return not content or content.endswith(b"\n")


def _mapped(store: _Store, index: _Index) -> np.ndarray:
    if index.count == 0:
        return np.zeros(0, dtype=np.uint8)
    return np.memmap(store.pixels, dtype=np.uint8, mode="r", shape=(index.starts[-1],))


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
