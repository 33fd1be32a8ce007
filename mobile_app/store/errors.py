"""The one exception of this room, and the boundary that turns what SQLite and the disk raise into it."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from runtime.errors import SkintagError


class StoreError(SkintagError):
    """What is kept cannot be read, or something new cannot be kept. One line; what was kept before still is."""


@contextmanager
def store_errors(doing: str) -> Iterator[None]:
    """Raise StoreError, "`doing`: the reason", for whatever SQLite or the disk refuses inside."""
    try:
        yield
    except sqlite3.Error as problem:
        raise StoreError(f"{doing}: {problem}") from problem
    except OSError as problem:
        raise StoreError(f"{doing}: {_reason(problem)}") from problem


def _reason(problem: OSError) -> str:
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    return problem.strerror or str(problem)
