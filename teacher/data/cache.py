"""The folder of everything derived from one data root: one command writes to it at a time, and it can be cleared."""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from teacher.data.sample import DataError

LOCK_NAME = ".lock"
SPLIT_NAME = "split.csv"
DUPLICATES_NAME = "duplicates.csv"
KEPT = frozenset({LOCK_NAME, SPLIT_NAME, DUPLICATES_NAME, "photos"})
"""What `forget` leaves: the split, which is written once and cannot be derived again with the same parts, the pairs of
photos that it rests on, and the drawings of the embedded dataset, which are its data."""

_OUT_OF_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Holds the folder for this process; waits, and says so once, where another command has it.

    The system lets go of the lock when its process ends, however it ends. Raises DataError where the folder cannot be
    written.
    """
    with clear_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK_NAME)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            print(f"another command is working in {folder}; waiting for it to end", file=sys.stderr, flush=True)
            lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def clear_errors(folder: Path) -> Iterator[None]:
    """What the disk refuses below `folder`, as one line that says what to do."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in _OUT_OF_SPACE:
            advice = "what is finished is kept; free some space, or put the cache on another disk with --cache"
            raise DataError(f"{folder}: the disk is full ({reason}); {advice}") from error
        advice = "make it writable, or choose another folder with --cache"
        raise DataError(f"{folder}: cannot be written ({reason}); {advice}") from error


def clear_partials(folder: Path) -> None:
    """Removes what a kill left of files that were being written; for who has the folder alone. Raises OSError."""
    for path in folder.glob("*.tmp"):
        path.unlink(missing_ok=True)


def check_space(folder: Path, needed: int) -> None:
    """Raises DataError before hours of work where `needed` bytes will not fit."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            f"{folder}: needs {needed / 1e6:,.0f} MB and the disk has {free / 1e6:,.0f} MB left; "
            "free some space, or put the cache on another disk with --cache"
        )


def forget(folder: Path) -> int:
    """Removes what can be derived again (squares, embeddings, soft labels); returns how many bytes that freed."""
    if not folder.is_dir():
        return 0
    freed = 0
    with only_one(folder), clear_errors(folder):
        for path in sorted(folder.iterdir()):
            if path.name not in KEPT:
                freed += _size_of(path)
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return freed


def _size_of(path: Path) -> int:
    if not path.is_dir() or path.is_symlink():
        return path.lstat().st_size
    names = (Path(parent) / name for parent, _, files in os.walk(path) for name in files)
    return sum(name.lstat().st_size for name in names)
