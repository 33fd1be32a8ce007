"""What each image file holds, by its bytes: the name under which everything derived from it is kept.

A file is read again when its size or a time of change differs from the last look; else its digest comes from a table
beside the other derived files.
"""

import csv
import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TABLE_NAME = "files.csv"
DIGEST_LENGTH = 32
"""Hexadecimal digits kept of SHA-256: 128 bits, so that two different files of a billion meet with 1e-21."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """How a file looked from outside. Its time of change moves with every write, also where a copy keeps the other."""

    size: int
    modified: int
    changed: int


def digest_of(content: bytes) -> str:
    """The name of these bytes: 32 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()[:DIGEST_LENGTH]


def stamp_of(path: Path) -> Stamp:
    """Raises OSError where there is no such file."""
    status = path.stat()
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def read_known(folder: Path) -> dict[tuple[str, Stamp], str]:
    """Digests by path and stamp, as far as the table can be read; lines that a kill cut off count as unknown."""
    path = folder / TABLE_NAME
    if not path.is_file():
        return {}
    known = {}
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        for row in csv.reader(file):
            if len(row) == 5 and len(row[4]) == DIGEST_LENGTH and all(text.isdigit() for text in row[1:4]):
                known[row[0], Stamp(*map(int, row[1:4]))] = sys.intern(row[4])  # stands in other tables too
    return known


def add_known(folder: Path, found: Mapping[tuple[str, Stamp], str]) -> None:
    """Appends to the table. Raises OSError."""
    lines = [(path, stamp.size, stamp.modified, stamp.changed, digest) for (path, stamp), digest in found.items()]
    append_rows(folder / TABLE_NAME, lines)


def append_rows(path: Path, rows: Iterable[tuple[object, ...]]) -> None:
    """Adds lines to a CSV and syncs it; a line that an earlier kill cut off is ended first. Raises OSError."""
    # surrogateescape: names of files may hold bytes that are no UTF-8.
    with path.open("a+", newline="", encoding="utf-8", errors="surrogateescape") as file:
        if _cut_off(path):
            file.write("\n")
        csv.writer(file, lineterminator="\n").writerows(rows)
        file.flush()
        os.fsync(file.fileno())


def _cut_off(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
