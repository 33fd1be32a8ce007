"""The one exception of this room, and the boundary that turns what SQLite and the disk raise into it."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

from runtime.errors import SkintagError

_FULL = (errno.ENOSPC, errno.EDQUOT)


class Trouble(StrEnum):
    """What is wrong, for `mobile_app.locales.problems` to say in a person's language."""

    FAILED = "failed"
    """the disk or SQLite refuses for a reason that only the English text names"""
    FULL = "full"
    IN_USE = "in_use"
    DAMAGED = "damaged"
    NEWER = "newer"
    NO_DATABASE = "no_database"
    SEALED = "sealed"
    UNSEALED = "unsealed"
    WRONG_KEY = "wrong_key"
    CANNOT_SEAL = "cannot_seal"
    GONE = "gone"
    NO_PHOTO = "no_photo"
    ARCHIVE = "archive"
    KEY_LOST = "key_lost"
    KEYS_SILENT = "keys_silent"
    KEYS_FOREIGN = "keys_foreign"


class StoreError(SkintagError):
    """What is kept cannot be read, or something new cannot be kept. One line; what was kept before still is."""

    def __init__(self, message: str, *, reason: Trouble = Trouble.FAILED) -> None:
        super().__init__(message)
        self.reason = reason


@contextmanager
def store_errors(doing: str) -> Iterator[None]:
    """Raise StoreError, "`doing`: the reason", for whatever SQLite or the disk refuses inside."""
    try:
        yield
    except sqlite3.Error as problem:
        full = getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        raise StoreError(f"{doing}: {problem}", reason=Trouble.FULL if full else Trouble.FAILED) from problem
    except OSError as problem:
        full = problem.errno in _FULL
        reason = Trouble.FULL if full else Trouble.FAILED
        raise StoreError(f"{doing}: {_reason(problem)}", reason=reason) from problem


def _reason(problem: OSError) -> str:
    if problem.errno in _FULL:
        return "the disk is full"
    return problem.strerror or str(problem)
