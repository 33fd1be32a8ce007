"""Local features of every photo, taken once and kept on disk by the content of the file.

SIFT (Lowe 2004) on the grey canonical square, descriptors as RootSIFT (Arandjelovic and Zisserman 2012). They stand one
behind the other in a file that only grows; an index beside it says whose they are. A kill loses one chunk at most, and
what is found broken is taken again.
"""

import csv
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Self

import cv2
import numpy as np

from runtime.errors import PhotoError
from runtime.photo.decode import DECODING, DEFAULT_LIMITS, load_square
from teacher.console import progress
from teacher.data.cache import check_space
from teacher.data.contents import DIGEST_LENGTH, Stamp, add_known, append_rows, digest_of, read_known, stamp_of
from teacher.data.sample import Sample

SIDE = 224
"""Pixels of the square that is looked at, whatever `--image-size` trains on: the result does not depend on it."""

MAX_KEYPOINTS = 300
CONTRAST = 0.02
"""Half of SIFT's usual threshold: dermoscopic photos are smooth, and have 118 keypoints in the middle with it."""

STEPS = 256
"""Of a pixel, in which a keypoint's place is kept: 224 x 256 fits 16 bits."""

RECORD = np.dtype([("x", "<u2"), ("y", "<u2"), ("descriptor", "u1", 128)])
"""One keypoint: 132 bytes, so that 47,000 photos take 1.9 GB of disk at most."""

CHUNK = 64
HELD = 1000
"""Photos whose keypoints stay in memory: 150 MB."""

FOLDER_NAME = f"features-1-{DECODING}"
RECORDS_NAME, INDEX_NAME = "keypoints.bin", "index.csv"


@dataclass(frozen=True)
class Features:
    """The keypoints of one photo."""

    points: np.ndarray
    """float32 [K, 2], pixels of the square"""
    descriptors: np.ndarray
    """float32 [K, 128], of length 1"""


class FeatureStore:
    """Keypoints by content, read from disk when they are asked for."""

    def __init__(self, folder: Path, places: dict[str, tuple[int, int]]) -> None:
        self._file = (folder / RECORDS_NAME).open("rb")
        self._places = places
        self.read = lru_cache(HELD)(self._read)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __contains__(self, content: str) -> bool:
        return content in self._places

    def count(self, content: str) -> int:
        return self._places[content][1]

    def _read(self, content: str) -> Features:
        start, count = self._places[content]
        size = RECORD.itemsize
        # Not a memory map: its pages would count as memory of this process.
        records = np.frombuffer(os.pread(self._file.fileno(), count * size, start * size), dtype=RECORD)
        points = np.stack([records["x"], records["y"]], axis=1).astype(np.float32) / STEPS
        descriptors = records["descriptor"].astype(np.float32)
        return Features(points, descriptors / np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1))


def take_features(samples: Sequence[Sample], folder: Path) -> tuple[FeatureStore, list[str | None]]:
    """The features of all photos, and the content of each (None where it cannot be opened).

    The caller holds the folder's lock. Raises OSError, and DataError where the disk has too little room.
    """
    own = folder / FOLDER_NAME
    own.mkdir(exist_ok=True)
    places, known = _healed(own), read_known(folder)
    stamps = [_stamp(sample.path) for sample in samples]
    todo = [i for i, stamp in enumerate(stamps) if stamp and known.get((str(samples[i].path), stamp)) not in places]
    check_space(own, len(todo) * MAX_KEYPOINTS * RECORD.itemsize)
    cv2.setNumThreads(1)  # photos go beside each other, so that threads within one would only wait
    with (
        progress("Looking for local features", len(samples), done=len(samples) - len(todo)) as advance,
        ThreadPoolExecutor(max_workers=os.cpu_count()) as pool,
    ):
        for start in range(0, len(todo), CHUNK):
            chunk = todo[start : start + CHUNK]
            found: dict[tuple[str, Stamp], str] = {}
            fresh: dict[str, np.ndarray] = {}
            for place, one in zip(chunk, pool.map(_features_of, (samples[i].path for i in chunk)), strict=True):
                stamp = stamps[place]
                if one is not None and stamp is not None:
                    found[str(samples[place].path), stamp] = one[0]
                    if one[0] not in places:
                        fresh[one[0]] = one[1]
                advance("")
            _append(own, places, fresh)
            add_known(folder, {name: content for name, content in found.items() if known.get(name) != content})
            known.update(found)
    contents = [stamp and known.get((str(sample.path), stamp)) for sample, stamp in zip(samples, stamps, strict=True)]
    return FeatureStore(own, places), [content or None for content in contents]


def features_of(square: np.ndarray) -> np.ndarray:
    """The keypoints of a square, uint8 [S, S, 3], as RECORD [K], the strongest MAX_KEYPOINTS."""
    sift = cv2.SIFT.create(nfeatures=MAX_KEYPOINTS, contrastThreshold=CONTRAST)
    points, descriptors = sift.detectAndCompute(cv2.cvtColor(square, cv2.COLOR_RGB2GRAY), np.empty(0))
    count = min(len(points), MAX_KEYPOINTS)
    records = np.zeros(count, dtype=RECORD)
    if count:
        places = np.array([point.pt for point in points[:count]]).clip(0, SIDE - 1)
        records["x"], records["y"] = np.rint(places * STEPS).T
        first = descriptors[:count]
        root = np.sqrt(first / np.maximum(first.sum(axis=1, keepdims=True), 1))
        records["descriptor"] = np.rint(root * 255)
    return records


def _stamp(path: Path) -> Stamp | None:
    try:
        return stamp_of(path)
    except OSError:
        return None


def _features_of(path: Path) -> tuple[str, np.ndarray] | None:
    """Content and keypoints; none of a file that is no photo."""
    try:
        with path.open("rb") as file:
            content = file.read(DEFAULT_LIMITS.max_bytes + 1)
    except OSError:
        return None
    try:
        return digest_of(content), features_of(load_square(content, size=SIDE))
    except PhotoError:
        return digest_of(content), np.zeros(0, dtype=RECORD)


def _append(own: Path, places: dict[str, tuple[int, int]], fresh: dict[str, np.ndarray]) -> None:
    """Keypoints first, synced, then the lines that say they are there."""
    path = own / RECORDS_NAME
    end = path.stat().st_size // RECORD.itemsize
    with path.open("ab") as file:
        for records in fresh.values():
            file.write(records.tobytes())
        file.flush()
        os.fsync(file.fileno())
    lines = []
    for content, records in fresh.items():
        places[content] = end, len(records)
        lines.append((content, end, len(records)))
        end += len(records)
    append_rows(own / INDEX_NAME, lines)


def _healed(own: Path) -> dict[str, tuple[int, int]]:
    """The sound part of the index, up to the first line that is cut or without its keypoints; the rest is removed."""
    path, records = own / INDEX_NAME, own / RECORDS_NAME
    records.touch()
    path.touch()
    held, end = records.stat().st_size // RECORD.itemsize, 0
    text = path.read_text(encoding="utf-8", errors="replace")
    lines = list(csv.reader(text[: text.rfind("\n") + 1].splitlines()))
    places: dict[str, tuple[int, int]] = {}
    for line in lines:
        if len(line) != 3 or len(line[0]) != DIGEST_LENGTH or not (line[1].isdigit() and line[2].isdigit()):
            break
        if int(line[1]) != end or end + int(line[2]) > held:
            break
        places[line[0]] = end, int(line[2])
        end += int(line[2])
    with records.open("ab") as file:
        file.truncate(end * RECORD.itemsize)
    if len(places) != len(lines) or not text.endswith("\n"):
        path.unlink()
        append_rows(path, [(content, *place) for content, place in places.items()])
    return places
