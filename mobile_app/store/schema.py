"""The database: how it is opened, its numbered versions, and which cipher it was made with.

The journal is a rollback journal, truncated after each transaction, and not a WAL: there is one writer and no reader
beside it, and a WAL would hold deleted text until a checkpoint, where `secure_delete` does not reach.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from mobile_app.store.cipher import Cipher, Plain
from mobile_app.store.errors import StoreError, Trouble

MIGRATIONS: Sequence[Sequence[str]] = (
    (  # 1: lesions, shots, settings. BLOBs are what a cipher may seal; the rest is what SQL sorts and joins by.
        "CREATE TABLE mark (one INTEGER PRIMARY KEY CHECK (one = 1), sealed INTEGER NOT NULL, word BLOB NOT NULL)",
        """CREATE TABLE lesion (
            id TEXT PRIMARY KEY, name BLOB NOT NULL, region TEXT, half TEXT, notes BLOB NOT NULL, created TEXT NOT NULL
        )""",
        """CREATE TABLE shot (
            id TEXT PRIMARY KEY, lesion_id TEXT NOT NULL REFERENCES lesion (id) ON DELETE CASCADE,
            taken TEXT NOT NULL, report BLOB NOT NULL, has_photo INTEGER NOT NULL, size_in_frame REAL,
            answers BLOB NOT NULL
        )""",
        "CREATE INDEX shot_by_lesion ON shot (lesion_id, taken)",
        "CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL)",
    ),
    (  # 2: when the next photo of a lesion is due
        """CREATE TABLE reminder (
            lesion_id TEXT PRIMARY KEY REFERENCES lesion (id) ON DELETE CASCADE, due TEXT NOT NULL
        )""",
    ),
    (  # 3: which model judged; NULL where that was not recorded
        "ALTER TABLE shot ADD COLUMN judge BLOB",
    ),
)
"""What leads from each version to the next. Never changed once shipped; a new version is a new entry."""

_WAIT_S = 0.5
"""How long another app that is just closing may still hold the database."""
_WORD = b"skintag-edge store"


def connect(path: Path) -> sqlite3.Connection:
    """The database, made where there is none, and held by this process alone until it is closed.

    Raises StoreError when another program holds it, when it is newer than this one or damaged; it is not changed then.
    """
    connection = sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
    try:
        connection.row_factory = sqlite3.Row
        _hold(connection)
        _check_version(connection)
        _check_sound(connection)
        # FULL: once a call returns, a power cut takes nothing back. Deleted text is overwritten, in no file copied.
        for setting in ("journal_mode = TRUNCATE", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {setting}")
        connection.execute("PRAGMA temp_store = MEMORY")
    except BaseException:
        connection.close()
        raise
    return connection


def version_of(connection: sqlite3.Connection) -> int:
    """0 for a database that has just been made."""
    return connection.execute("PRAGMA user_version").fetchone()[0]


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to the newest version; each step happens wholly or not at all."""
    for number, statements in enumerate(MIGRATIONS[version_of(connection) :], start=version_of(connection) + 1):
        with transaction(connection):
            for statement in statements:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is done inside, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite may have rolled back by itself; the first error is the one to tell
            connection.execute("ROLLBACK")
        raise


def recognise(connection: sqlite3.Connection, cipher: Cipher) -> None:
    """Remember in a new database which cipher it is for; raise StoreError when an old one is for another."""
    mark = connection.execute("SELECT sealed, word FROM mark").fetchone()
    sealed = not isinstance(cipher, Plain)
    if mark is None:
        connection.execute("INSERT INTO mark VALUES (1, ?, ?)", (sealed, cipher.seal(_WORD)))
        return
    if sealed and not mark["sealed"]:
        raise StoreError("what is kept here is not sealed; open it without a key", reason=Trouble.UNSEALED)
    if mark["sealed"] and not sealed:
        raise StoreError("what is kept here is sealed; its key is needed", reason=Trouble.SEALED)
    if not _opens(cipher, mark["word"]):
        raise StoreError("this key does not open what is kept here", reason=Trouble.WRONG_KEY)


def sealed_mark(path: Path) -> bool | None:
    """Whether the database was begun with a key; None where there is none yet. Raises sqlite3.Error, StoreError."""
    if not path.is_file():
        return None
    with closing(sqlite3.connect(path, timeout=_WAIT_S)) as connection, _in_use_is_said():
        if version_of(connection) == 0:
            return None
        mark = connection.execute("SELECT sealed FROM mark").fetchone()
        return None if mark is None else bool(mark[0])


def refuse_if_held(path: Path) -> None:
    """Raise StoreError where another process has the database open; a damaged one is nobody's."""
    if not path.is_file():
        return
    with closing(sqlite3.connect(path, timeout=_WAIT_S, isolation_level=None)) as connection:
        try:
            _hold(connection)
        except sqlite3.DatabaseError as problem:
            if not isinstance(problem, sqlite3.OperationalError):  # no database at all
                return
            raise


def _opens(cipher: Cipher, word: bytes) -> bool:
    try:
        return cipher.open(word) == _WORD
    except StoreError:
        return False


def _hold(connection: sqlite3.Connection) -> None:
    """Keep every other process out: it would take a photo whose row is not yet committed for an orphan."""
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    with _in_use_is_said():
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")


@contextmanager
def _in_use_is_said() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as problem:
        if problem.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise StoreError(
                "what is kept is in use by another window of this app; close that one first", reason=Trouble.IN_USE
            ) from problem
        raise


def _check_version(connection: sqlite3.Connection) -> None:
    version = version_of(connection)
    if version > len(MIGRATIONS):
        raise StoreError(
            f"what is kept here is of version {version}, this app knows {len(MIGRATIONS)}; install the newer app again",
            reason=Trouble.NEWER,
        )


def _check_sound(connection: sqlite3.Connection) -> None:
    found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreError(f"the database is damaged ({found}); restore it from an archive", reason=Trouble.DAMAGED)
