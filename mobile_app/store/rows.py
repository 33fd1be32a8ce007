"""Records to rows and back: every SQL statement on what is kept, and what of it is sealed.

Names, notes, reports, their models, answers and settings are sealed; ids, times, the region of the body, the share of
the photo and due dates are not: they are what SQL sorts, joins and filters by.
"""

import json
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from mobile_app.body import Half, Place, Region
from mobile_app.store.cipher import Cipher
from mobile_app.store.errors import StoreError, Trouble
from mobile_app.store.records import Judge, Lesion, Shot, from_text, to_text


class Rows:
    """The tables of one open database. Opens no transaction: the store does."""

    def __init__(self, connection: sqlite3.Connection, *, cipher: Cipher) -> None:
        self._connection = connection
        self._cipher = cipher

    def lesions(self, *, search: str, region: Region | None) -> list[Lesion]:
        rows = self._all(
            """SELECT lesion.* FROM lesion LEFT JOIN shot ON shot.lesion_id = lesion.id
            WHERE ? IS NULL OR region = ?
            GROUP BY lesion.id ORDER BY COALESCE(MAX(taken), created) DESC, lesion.id""",
            region,
            region,
        )
        words = _folded(search).split()
        # Not in SQL: sealed names cannot be searched there, and SQLite knows upper and lower case of ASCII only.
        return [lesion for lesion in _parsed(self._lesion, rows) if _holds(lesion, words)]

    def lesion(self, lesion_id: str) -> Lesion:
        for row in self._all("SELECT * FROM lesion WHERE id = ?", lesion_id):
            return _parsed(self._lesion, [row])[0]
        raise StoreError("this spot is no longer kept", reason=Trouble.GONE)

    def has_lesion(self, lesion_id: str) -> bool:
        return bool(self._all("SELECT 1 FROM lesion WHERE id = ?", lesion_id))

    def insert_lesion(self, lesion: Lesion) -> None:
        place = lesion.place
        self._run(
            "INSERT INTO lesion (id, name, region, half, notes, created) VALUES (?, ?, ?, ?, ?, ?)",
            lesion.id,
            self._seal(lesion.name),
            place and place.region,
            place and place.half,
            self._seal(lesion.notes),
            to_text(lesion.created),
        )

    def update_lesion(self, lesion_id: str, *, name: str, place: Place | None, notes: str) -> None:
        self._run(
            "UPDATE lesion SET name = ?, region = ?, half = ?, notes = ? WHERE id = ?",
            self._seal(name),
            place and place.region,
            place and place.half,
            self._seal(notes),
            lesion_id,
        )

    def delete_lesion(self, lesion_id: str) -> None:
        self._run("DELETE FROM lesion WHERE id = ?", lesion_id)

    def shots(self, lesion_id: str) -> list[Shot]:
        rows = self._all("SELECT * FROM shot WHERE lesion_id = ? ORDER BY taken, id", lesion_id)
        return _parsed(self._shot, rows)

    def shot(self, shot_id: str) -> Shot:
        for row in self._all("SELECT * FROM shot WHERE id = ?", shot_id):
            return _parsed(self._shot, [row])[0]
        raise StoreError("this photo is no longer kept", reason=Trouble.GONE)

    def has_shot(self, shot_id: str) -> bool:
        return bool(self._all("SELECT 1 FROM shot WHERE id = ?", shot_id))

    def with_photos(self) -> set[str]:
        """Ids of the shots that have files."""
        return {row["id"] for row in self._all("SELECT id FROM shot WHERE has_photo")}

    def insert_shot(self, shot: Shot) -> None:
        self._run(
            """INSERT INTO shot (id, lesion_id, taken, report, has_photo, size_in_frame, answers, judge)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            shot.id,
            shot.lesion_id,
            to_text(shot.taken),
            self._seal_json(dict(shot.report)),
            shot.has_photo,
            shot.size_in_frame,
            self._seal_json(dict(shot.answers)),
            None if shot.judge is None else self._seal_json(shot.judge.to_dict()),
        )

    def delete_shot(self, shot_id: str) -> None:
        self._run("DELETE FROM shot WHERE id = ?", shot_id)

    def delete_all(self) -> None:
        for table in ("reminder", "shot", "lesion", "setting"):
            self._run(f"DELETE FROM {table}")

    def counts(self) -> tuple[int, int, int]:
        """Lesions, shots, and shots with a photo."""
        row = self._all("SELECT (SELECT COUNT(*) FROM lesion), COUNT(*), COALESCE(SUM(has_photo), 0) FROM shot")[0]
        return row[0], row[1], row[2]

    def setting(self, name: str) -> tuple[Any] | None:
        """The value in a tuple, for it may be None itself; None where it was never set."""
        for row in self._all("SELECT value FROM setting WHERE name = ?", name):
            return (_parsed(self._open_json, [row["value"]])[0],)
        return None

    def set_setting(self, name: str, value: object) -> None:
        self._run("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", name, self._seal_json(value))

    def reminders(self) -> dict[str, date]:
        """The day on which each lesion's next photo is due, soonest first."""
        rows = self._all("SELECT lesion_id, due FROM reminder ORDER BY due, lesion_id")
        return dict(_parsed(lambda row: (row["lesion_id"], date.fromisoformat(row["due"])), rows))

    def set_reminder(self, lesion_id: str, due: date | None) -> None:
        self._run("DELETE FROM reminder WHERE lesion_id = ?", lesion_id)
        if due is not None:
            self._run("INSERT INTO reminder (lesion_id, due) VALUES (?, ?)", lesion_id, due.isoformat())

    def _lesion(self, row: sqlite3.Row) -> Lesion:
        return Lesion(
            id=row["id"],
            name=self._open(row["name"]),
            place=_place(row),
            notes=self._open(row["notes"]),
            created=from_text(row["created"]),
        )

    def _shot(self, row: sqlite3.Row) -> Shot:
        return Shot(
            id=row["id"],
            lesion_id=row["lesion_id"],
            taken=from_text(row["taken"]),
            report=self._open_json(row["report"]),
            has_photo=bool(row["has_photo"]),
            size_in_frame=row["size_in_frame"],
            answers=self._open_json(row["answers"]),
            judge=None if row["judge"] is None else Judge.from_dict(self._open_json(row["judge"])),
        )

    def _seal(self, text: str) -> bytes:
        # "replace": half a surrogate pair, which a keyboard or a JSON file can bring, is no text and has no UTF-8.
        return self._cipher.seal(text.encode(errors="replace"))

    def _open(self, sealed: bytes) -> str:
        return self._cipher.open(sealed).decode()

    def _seal_json(self, value: object) -> bytes:
        return self._seal(json.dumps(value, allow_nan=False))

    def _open_json(self, sealed: bytes) -> Any:
        return json.loads(self._open(sealed))

    def _all(self, statement: str, *values: Any) -> list[sqlite3.Row]:
        return self._connection.execute(statement, values).fetchall()

    def _run(self, statement: str, *values: Any) -> None:
        self._connection.execute(statement, values)


def _place(row: sqlite3.Row) -> Place | None:
    if row["region"] is None:
        return None
    return Place(region=Region(row["region"]), half=row["half"] and Half(row["half"]))


def _parsed[Row, Value](parse: Callable[[Row], Value], rows: Iterable[Row]) -> list[Value]:
    """What the rows say; what this app never wrote is damage, and is told as such."""
    try:
        return [parse(row) for row in rows]
    except (ValueError, TypeError, AttributeError) as problem:
        raise StoreError(
            f"the database holds what no version of this app wrote ({problem})", reason=Trouble.DAMAGED
        ) from problem


def _holds(lesion: Lesion, words: Iterable[str]) -> bool:
    text = _folded(f"{lesion.name}\n{lesion.notes}")
    return all(word in text for word in words)


def _folded(text: str) -> str:
    """Case and ways of writing the same letter made one, for comparing."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
