"""Killed with SIGKILL at every step of every operation: what is kept is as before or as after, never between.

Run as a program, this file is the victim: it copies a folder, forks, and the child dies just before its k-th step (a
file is made, written, half written, synced, renamed or removed; a statement that changes the database, its commit
included), for k = 0, 1, 2, ... until one child gets through. The test then opens each folder that was left behind.
"""

import hashlib
import io
import itertools
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Buffer, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mobile_app.store import Store, export_archive, import_archive, set_aside
from mobile_app.store.schema import MIGRATIONS

ROOT = Path(__file__).parents[3]


def jpeg(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 40), (shade, 90, 60)).save(out, format="JPEG")
    return out.getvalue()


class Tripwire:
    """Kills this process at the `at`-th step after `arm`."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.armed = False

    def arm(self) -> None:
        self.armed = True

    def step(self) -> None:
        if not self.armed:
            return
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self.left -= 1

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any, **options: Any) -> Any:
            self.step()
            return function(*arguments, **options)

        return stepping

    def lay(self) -> None:
        """Across everything that changes the disk."""
        wire = self
        for name in ("replace", "rename", "unlink", "fsync", "mkdir", "chmod"):
            setattr(os, name, self.before(getattr(os, name)))
        tempfile.mkstemp = self.before(tempfile.mkstemp)

        class Torn(io.FileIO):
            def write(self, content: Buffer, /) -> int:
                half = len(bytes(content)) // 2
                wire.step()
                first = super().write(bytes(content)[:half])
                wire.step()
                return first + super().write(bytes(content)[half:])

        class Stepping(sqlite3.Connection):
            def execute(self, statement: str, *arguments: Any) -> sqlite3.Cursor:
                if not statement.startswith("SELECT"):
                    wire.step()
                return super().execute(statement, *arguments)

        connect = sqlite3.connect
        os.fdopen = lambda handle, mode: Torn(handle, mode)
        sqlite3.connect = lambda *arguments, **options: connect(*arguments, factory=Stepping, **options)


def add_lesion(store: Store) -> None:
    store.add_lesion(name="new", notes="notes")


def edit_lesion(store: Store) -> None:
    store.edit_lesion(by_name(store, "one"), name="edited", place=None, notes="")


def add_shot(store: Store) -> None:
    store.add_shot(
        by_name(store, "one"), photo=jpeg(200), report={"tier": "high"}, taken=datetime(2026, 9, 1, tzinfo=UTC)
    )


def delete_shot(store: Store) -> None:
    store.delete_shot(store.shots(by_name(store, "one"))[0].id)


def delete_lesion(store: Store) -> None:
    store.delete_lesion(by_name(store, "one"))


def delete_all(store: Store) -> None:
    store.delete_all()


def set_setting(store: Store) -> None:
    store.set_setting("language", "pt")


def set_reminder(store: Store) -> None:
    store.set_reminder(by_name(store, "one"), date(2027, 7, 7))


def import_two(store: Store) -> None:
    import_archive(store, Path(str(store.setting("archive"))))


OPERATIONS = {
    operation.__name__: operation
    for operation in (
        add_lesion,
        edit_lesion,
        add_shot,
        delete_shot,
        delete_lesion,
        delete_all,
        set_setting,
        set_reminder,
        import_two,
    )
}


def by_name(store: Store, name: str) -> str:
    return next(lesion.id for lesion in store.lesions() if lesion.name == name)


def perform(operation: str, folder: Path, wire: Tripwire) -> None:
    wire.lay()
    if operation in ("begin", "update"):
        wire.arm()
        Store(folder)
        return
    if operation == "set aside":
        wire.arm()
        set_aside(folder)
        return
    store = Store(folder)
    wire.arm()
    if operation == "export":
        export_archive(store, folder / "mine.zip")
    else:
        OPERATIONS[operation](store)


def be_killed(operation: str, folder: Path) -> None:
    """Leaves folders 0, 1, 2, ... beside `before`, the last by a child that was not killed."""
    for at in itertools.count():
        shutil.copytree(folder / "before", folder / str(at))
        child = os.fork()
        if child == 0:
            try:
                perform(operation, folder / str(at), Tripwire(at))
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status == 0:
            return
        if status != -signal.SIGKILL:
            sys.exit(f"{operation}: the child failed at step {at}")


def folders_of(case: Path) -> list[Path]:
    """What the killed left, in the order of their deaths; the last is of the one that got through."""
    return sorted((path for path in case.iterdir() if path.name.isdigit()), key=lambda path: int(path.name))


def contents(folder: Path) -> object:
    """All that is kept, without ids, which differ from run to run. Every file has its row and every row its files."""
    with Store(folder) as store:
        reminders = store.reminders()
        shots = {lesion.id: store.shots(lesion.id) for lesion in store.lesions()}
        named = {shot.id for group in shots.values() for shot in group if shot.has_photo}
        for name in ("photos", "thumbnails"):
            assert {path.name for path in (folder / name).iterdir()} == named
        return (
            [
                (
                    lesion.name,
                    lesion.notes,
                    reminders.get(lesion.id),
                    [
                        (shot.taken, shot.report, digest(store.photo(shot.id)), digest(store.thumbnail(shot.id)))
                        for shot in shots[lesion.id]
                    ],
                )
                for lesion in sorted(store.lesions(), key=lambda lesion: lesion.name)
            ],
            store.setting("language"),
        )


def digest(content: bytes) -> str:
    assert content.startswith(b"\xff\xd8")
    assert content.endswith(b"\xff\xd9")
    return hashlib.sha256(content).hexdigest()


def fill(folder: Path, archive: Path) -> None:
    """A store with a little of everything, and beside it an archive that adds to it."""
    with Store(folder.with_name("other")) as store:
        for shade in (10, 30):
            lesion = store.add_lesion(name=f"imported {shade}")
            store.add_shot(lesion.id, photo=jpeg(shade), report={"tier": "low"})
        export_archive(store, archive)
    with Store(folder) as store:
        for name in ("one", "two"):
            lesion = store.add_lesion(name=name, notes=f"notes of {name}")
            for month in (1, 2):
                taken = datetime(2026, month, 1, tzinfo=UTC)
                store.add_shot(lesion.id, photo=jpeg(100 + month), report={"tier": "low"}, taken=taken)
            store.set_reminder(lesion.id, date(2026, 5, 1))
        store.set_setting("language", "fr")
        store.set_setting("archive", str(archive))


def make_old(folder: Path) -> None:
    """As version 1 left it, and with an orphan to sweep."""
    with sqlite3.connect(folder / "store.sqlite3") as database:
        database.execute("DROP TABLE reminder")  # all that version 2 added
        database.execute("ALTER TABLE shot DROP COLUMN judge")  # and version 3
        database.execute("PRAGMA user_version = 1")
    database.close()
    (folder / "photos" / ("e" * 32)).write_bytes(b"an orphan")


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for each case, in it `before` and what each death left; one program kills for all, to be quick."""
    folder = tmp_path_factory.mktemp("killed")
    fill(folder / "full", folder / "other.zip")
    for name in (*OPERATIONS, "export", "update", "set aside"):
        shutil.copytree(folder / "full", folder / "cases" / name / "before")
    (folder / "cases" / "begin" / "before").mkdir(parents=True)
    (folder / "cases" / "export" / "before" / "mine.zip").write_bytes(b"an earlier export")
    make_old(folder / "cases" / "update" / "before")
    command = [sys.executable, __file__, str(folder / "cases")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "cases"


needs_fork = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork and no SIGKILL")


@needs_fork
@pytest.mark.parametrize("operation", OPERATIONS)
def test_killed_anywhere_all_is_as_before_or_as_after(cases: Path, operation: str) -> None:
    seen = [contents(folder) for folder in folders_of(cases / operation)]
    before, after = contents(cases / operation / "before"), seen[-1]
    assert before != after
    turn = seen.index(after)
    assert len(seen) > 3
    assert seen == [before] * turn + [after] * (len(seen) - turn)  # and once it is done, it stays done


@needs_fork
def test_killed_while_it_is_first_made_it_can_be_made_again(cases: Path) -> None:
    seen = [contents(folder) for folder in folders_of(cases / "begin")]
    assert len(seen) > 10
    assert seen == [([], None)] * len(seen)


@needs_fork
def test_killed_while_it_is_brought_to_a_new_version_it_loses_nothing(cases: Path) -> None:
    assert len(MIGRATIONS) == 3
    seen = [contents(folder) for folder in folders_of(cases / "update")]
    assert len(seen) > 10
    assert seen == [contents(cases / "update" / "before")] * len(seen)


@needs_fork
def test_killed_while_it_exports_the_archive_is_whole_or_as_it_was(cases: Path) -> None:
    whole = []
    for folder in folders_of(cases / "export"):
        path = folder / "mine.zip"
        whole.append(path.read_bytes() != b"an earlier export")
        assert contents(folder) == contents(cases / "export" / "before")
        if whole[-1]:
            with Store(folder / "elsewhere") as other:
                assert import_archive(other, path).shots == 4
    assert whole[0] is False
    assert whole[-1] is True


def pieces(folder: Path) -> list[str]:
    """Every file with its content, wherever it lies."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-journal"))
    return sorted(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in files)


@needs_fork
def test_killed_while_it_is_set_aside_no_file_is_lost_and_it_can_be_set_aside_again(cases: Path) -> None:
    before = pieces(cases / "set aside" / "before")
    folders = folders_of(cases / "set aside")
    assert len(folders) > 4
    for folder in folders:
        assert pieces(folder) == before
        set_aside(folder)
        assert pieces(folder) == before
        assert contents(folder) == ([], None)


if __name__ == "__main__":
    for case in sorted(Path(sys.argv[1]).iterdir()):
        be_killed(case.name, case)
