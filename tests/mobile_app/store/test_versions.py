"""Old, new and damaged databases: an old one loses nothing, the others are told and left as they are."""

import sqlite3
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from mobile_app.body import Half, Place, Region
from mobile_app.store import Lesion, Shot, Store, StoreError
from mobile_app.store.schema import MIGRATIONS

LESION_ID, SHOT_ID = "a" * 32, "b" * 32

# As the first release wrote it, by hand and not from the program's own list: that list must still lead on from here.
VERSION_1 = f"""
CREATE TABLE mark (one INTEGER PRIMARY KEY CHECK (one = 1), sealed INTEGER NOT NULL, word BLOB NOT NULL);
CREATE TABLE lesion (
    id TEXT PRIMARY KEY, name BLOB NOT NULL, region TEXT, half TEXT, notes BLOB NOT NULL, created TEXT NOT NULL);
CREATE TABLE shot (
    id TEXT PRIMARY KEY, lesion_id TEXT NOT NULL REFERENCES lesion (id) ON DELETE CASCADE, taken TEXT NOT NULL,
    report BLOB NOT NULL, has_photo INTEGER NOT NULL, size_in_frame REAL, answers BLOB NOT NULL);
CREATE INDEX shot_by_lesion ON shot (lesion_id, taken);
CREATE TABLE setting (name TEXT PRIMARY KEY, value BLOB NOT NULL);
INSERT INTO mark VALUES (1, 0, CAST('skintag-edge store' AS BLOB));
INSERT INTO lesion VALUES ('{LESION_ID}', CAST('old mole' AS BLOB), 'palm', 'left', CAST('é' AS BLOB),
    '2025-01-02T03:04:05.000006+00:00');
INSERT INTO shot VALUES ('{SHOT_ID}', '{LESION_ID}', '2025-02-03T04:05:06.000000+00:00',
    CAST('{{"tier": "low"}}' AS BLOB), 1, 0.5, CAST('{{"changed": true}}' AS BLOB));
INSERT INTO setting VALUES ('language', CAST('"fr"' AS BLOB));
PRAGMA user_version = 1;
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The folder of an app of version 1, with a photo."""
    database = sqlite3.connect(tmp_path / "store.sqlite3")
    database.executescript(VERSION_1)
    database.close()
    for name in ("photos", "thumbnails"):
        (tmp_path / name).mkdir()
        (tmp_path / name / SHOT_ID).write_bytes(name.encode())
    return tmp_path


def script(folder: Path, statements: str) -> None:
    database = sqlite3.connect(folder / "store.sqlite3")
    database.executescript(statements)
    database.close()


def test_a_database_of_version_1_loses_nothing_and_can_do_what_is_new(old: Path) -> None:
    for _ in range(2):
        with Store(old) as store:
            (lesion,) = store.lesions()
            assert lesion == Lesion(
                id=LESION_ID,
                name="old mole",
                place=Place(region=Region.PALM, half=Half.LEFT),
                notes="é",
                created=datetime(2025, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
            )
            assert store.shots(LESION_ID) == [
                Shot(
                    id=SHOT_ID,
                    lesion_id=LESION_ID,
                    taken=datetime(2025, 2, 3, 4, 5, 6, tzinfo=UTC),
                    report={"tier": "low"},
                    has_photo=True,
                    size_in_frame=0.5,
                    answers={"changed": True},
                )
            ]
            assert store.shot(SHOT_ID).judge is None, "which model it was, nobody knows any more"
            assert (store.photo(SHOT_ID), store.thumbnail(SHOT_ID)) == (b"photos", b"thumbnails")
            assert store.setting("language") == "fr"
            store.set_reminder(LESION_ID, date(2026, 1, 1))
    with Store(old) as store:
        assert store.reminders() == {LESION_ID: date(2026, 1, 1)}


def test_a_migration_that_fails_half_way_leaves_the_old_version(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = (*MIGRATIONS, ("CREATE TABLE half_done (x)", "DELETE FROM shot", "NONSENSE"))
    with monkeypatch.context() as patch:
        patch.setattr("mobile_app.store.schema.MIGRATIONS", broken)
        with pytest.raises(StoreError, match="cannot be opened"):
            Store(old)
    with Store(old) as store:
        assert store.photo(SHOT_ID) == b"photos"
    database = sqlite3.connect(old / "store.sqlite3")
    assert database.execute("SELECT COUNT(*) FROM sqlite_master WHERE name = 'half_done'").fetchone() == (0,)
    database.close()


def test_a_newer_database_is_told_and_not_touched(old: Path) -> None:
    script(old, "PRAGMA user_version = 99")
    (old / "photos" / ("c" * 32)).write_bytes(b"named by a table that this program does not know")
    before = {path: path.read_bytes() for path in old.rglob("*") if path.is_file()}
    with pytest.raises(StoreError, match="version 99, this app knows 3; install the newer app"):
        Store(old)
    assert {path: path.read_bytes() for path in old.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("where", [0, 100, 4096])
def test_a_damaged_database_is_told_and_its_photos_stay(old: Path, where: int) -> None:
    path = old / "store.sqlite3"
    content = bytearray(path.read_bytes())
    content[where : where + 600] = b"\xa5" * 600
    path.write_bytes(content)
    with pytest.raises(StoreError) as told:
        Store(old)
    assert "\n" not in str(told.value)
    assert (old / "photos" / SHOT_ID).read_bytes() == b"photos"
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE lesion SET region = 'tail'",
        "UPDATE lesion SET created = 'yesterday'",
        "UPDATE lesion SET created = '2025-01-01'",
        "UPDATE lesion SET name = x'ff'",
        "UPDATE lesion SET name = 5",
    ],
)
def test_rows_that_no_version_wrote_are_told(old: Path, change: str) -> None:
    script(old, change)
    with Store(old) as store, pytest.raises(StoreError, match="no version of this app wrote"):
        store.lesions()


def test_a_report_that_is_no_json_is_told(old: Path) -> None:
    script(old, "UPDATE shot SET report = CAST('{' AS BLOB)")
    with Store(old) as store, pytest.raises(StoreError, match="no version of this app wrote"):
        store.shots(LESION_ID)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "file" / "store")
