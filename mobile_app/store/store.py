"""The store: everything the app keeps, behind one door.

A shot is its files and then its row: the files are whole and on the disk before the row that names them is committed,
and a delete removes the row first. Whatever moment a process dies at, the shot is wholly there or wholly not; files
that no row names are removed at the next start.
"""

import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mobile_app.body import Place, Region
from mobile_app.store.album import Album
from mobile_app.store.cipher import Cipher, Plain
from mobile_app.store.errors import StoreError, Trouble, store_errors
from mobile_app.store.pictures import Pictures, make_pictures
from mobile_app.store.records import Judge, Lesion, Shot, Usage, new_id, now
from mobile_app.store.rows import Rows
from mobile_app.store.schema import (
    connect,
    migrate,
    recognise,
    refuse_if_held,
    sealed_mark,
    transaction,
    version_of,
)

_DATABASE = "store.sqlite3"


class Store:
    """What one person keeps in one folder. Close it, or use it in a `with`.

    Any thread may call it; calls wait for each other. One process has it open at a time. All methods raise StoreError
    when the disk or the database refuses, and then nothing has changed.
    """

    def __init__(self, folder: Path, *, cipher: Cipher = Plain(), keep_photos: bool = True) -> None:
        """Open, or begin, what is kept in `folder`. Raises StoreError: a wrong key, a newer version, damage, in use."""
        self.keep_photos = keep_photos
        """Whether new shots keep their photo; those already kept stay."""
        self.folder = folder
        self._lock = threading.RLock()
        self._merging = threading.Lock()
        self._path = folder / _DATABASE
        self._album = Album(folder, cipher=cipher)
        with store_errors(f"{folder}: cannot be opened"):
            self._prepare(folder)
            self._connection = connect(self._path)
        self._rows = Rows(self._connection, cipher=cipher)
        try:
            with store_errors(f"{folder}: cannot be opened"):
                self._begin(cipher)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the folder go. Every later call raises StoreError."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def still(self) -> Iterator[None]:
        """Nothing changes meanwhile, for reading several things that belong together."""
        with self._lock:
            yield

    def add_lesion(
        self, *, name: str, place: Place | None = None, notes: str = "", created: datetime | None = None
    ) -> Lesion:
        lesion = Lesion(id=new_id(), name=name, place=place, notes=notes, created=created or now())
        with self._writing("the spot cannot be kept"):
            self._rows.insert_lesion(lesion)
            return self._rows.lesion(lesion.id)

    def rename(self, lesion_id: str, name: str) -> Lesion:
        """Another name, the rest as it is."""
        with self._writing("the name cannot be kept"):
            lesion = self._rows.lesion(lesion_id)
            self._rows.update_lesion(lesion_id, name=name, place=lesion.place, notes=lesion.notes)
            return self._rows.lesion(lesion_id)

    def edit_lesion(self, lesion_id: str, *, name: str, place: Place | None, notes: str) -> Lesion:
        with self._writing("the change cannot be kept"):
            self._rows.update_lesion(lesion_id, name=name, place=place, notes=notes)
            return self._rows.lesion(lesion_id)

    def add_shot(
        self,
        lesion_id: str,
        *,
        photo: bytes,
        report: Mapping[str, Any],
        size_in_frame: float | None = None,
        answers: Mapping[str, bool] | None = None,
        taken: datetime | None = None,
        judge: Judge | None = None,
    ) -> Shot:
        """Keep one photo with its answer: pixels only, at most 2048 on the longest side. Raises PhotoError too.

        `report` is `Report.to_dict()`; `size_in_frame` the spot's share of the photo, 0-1; `taken` now if not said;
        `judge` the model that answered.
        """
        pictures = make_pictures(photo) if self.keep_photos else None  # slow, so before the lock is taken
        shot = Shot(
            id=new_id(),
            lesion_id=lesion_id,
            taken=taken or now(),
            report=report,
            has_photo=pictures is not None,
            size_in_frame=size_in_frame,
            answers=answers or {},
            judge=judge,
        )
        with self._writing("the photo cannot be kept") as touched:
            self._rows.lesion(lesion_id)
            self._insert(shot, pictures, touched)
            return self._rows.shot(shot.id)

    def lesions(self, *, search: str = "", region: Region | None = None) -> list[Lesion]:
        """Those with the newest shot first; all words of `search` are in the name or the notes."""
        with self._reading("the spots cannot be read"):
            return self._rows.lesions(search=search, region=region)

    def lesion(self, lesion_id: str) -> Lesion:
        with self._reading("the spot cannot be read"):
            return self._rows.lesion(lesion_id)

    def shots(self, lesion_id: str) -> list[Shot]:
        """Oldest first."""
        with self._reading("the photos cannot be read"):
            return self._rows.shots(lesion_id)

    def shot(self, shot_id: str) -> Shot:
        with self._reading("the photo cannot be read"):
            return self._rows.shot(shot_id)

    def photo(self, shot_id: str) -> bytes:
        """The JPEG. Raises StoreError where none was kept."""
        return self._picture(shot_id, self._album.photo)

    def thumbnail(self, shot_id: str) -> bytes:
        """A JPEG of at most 256 pixels a side. Raises StoreError where no photo was kept."""
        return self._picture(shot_id, self._album.thumbnail)

    def delete_shot(self, shot_id: str) -> None:
        """One that is not there is no error: two taps are one."""
        with self._writing("the photo cannot be deleted") as touched:
            if self._rows.has_shot(shot_id):  # else no id of ours, and no name for a file
                touched.append(shot_id)
            self._rows.delete_shot(shot_id)

    def delete_lesion(self, lesion_id: str) -> None:
        """With its shots, their files and its reminder. One that is not there is no error."""
        with self._writing("the spot cannot be deleted") as touched:
            touched.extend(shot.id for shot in self._rows.shots(lesion_id))
            self._rows.delete_lesion(lesion_id)

    def delete_all(self) -> None:
        """Every lesion, shot, file, reminder and setting: as new, but for whether it is sealed.

        The database is written anew, so that no deleted text is left in it. What flash memory keeps beneath, no
        program reaches: that is what the device's encryption is for.
        """
        with self._writing("what is kept cannot be deleted"):
            self._rows.delete_all()
        with self._reading("the last traces of what was deleted cannot be removed"):
            self._album.sweep(self._rows.with_photos())
            self._connection.execute("VACUUM")

    def setting(self, name: str, default: Any = None) -> Any:
        with self._reading("the settings cannot be read"):
            found = self._rows.setting(name)
            return default if found is None else found[0]

    def set_setting(self, name: str, value: object) -> None:
        """`value` is whatever JSON can say; ValueError or TypeError otherwise."""
        with self._writing("the setting cannot be kept"):
            self._rows.set_setting(name, value)

    def reminders(self) -> dict[str, date]:
        """For each lesion that has one, the day its next photo is due, soonest first."""
        with self._reading("the reminders cannot be read"):
            return self._rows.reminders()

    def set_reminder(self, lesion_id: str, due: date | None) -> None:
        """The day the next photo is due; None for no reminder."""
        with self._writing("the reminder cannot be kept"):
            self._rows.lesion(lesion_id)
            self._rows.set_reminder(lesion_id, due)

    def usage(self) -> Usage:
        with self._reading("what is kept cannot be counted"):
            lesions, shots, photos = self._rows.counts()
            size = self._path.stat().st_size + self._album.size()
        return Usage(lesions=lesions, shots=shots, photos=photos, bytes=size)

    def merge(
        self,
        lesions: Iterable[Lesion],
        shots: Iterable[Shot],
        *,
        photo: Callable[[str], bytes],
        reminders: Mapping[str, date],
    ) -> tuple[int, int]:
        """Add the records whose ids are new, all or none; how many lesions and shots that were.

        What is there is never changed. `photo` gives the bytes for a shot's id; what it raises ends the merge.
        """
        doing, shots = "the records cannot be added", list(shots)
        prepared: list[str] = []
        with self._merging, store_errors(doing):
            try:
                for shot in self._strangers(shots):
                    pictures = make_pictures(photo(shot.id))  # slow, so before the lock is taken
                    prepared.append(shot.id)
                    with self._lock:
                        self._album.add(shot.id, pictures)
                with self._writing(doing) as touched:
                    touched.extend(prepared)
                    return self._add_new(list(lesions), shots, photo, reminders, touched)
            except BaseException:
                with suppress(Exception), self._lock:
                    self._tidy(prepared)
                raise

    def _strangers(self, shots: Iterable[Shot]) -> list[Shot]:
        """Those whose photos are to be kept, and are not yet."""
        with self._lock:
            return [shot for shot in shots if shot.has_photo and self.keep_photos and not self._rows.has_shot(shot.id)]

    def _add_new(
        self,
        lesions: list[Lesion],
        shots: list[Shot],
        photo: Callable[[str], bytes],
        reminders: Mapping[str, date],
        touched: list[str],
    ) -> tuple[int, int]:
        new_lesions = [lesion for lesion in lesions if not self._rows.has_lesion(lesion.id)]
        for lesion in new_lesions:
            self._rows.insert_lesion(lesion)
            self._rows.set_reminder(lesion.id, reminders.get(lesion.id))
        new_shots = [shot for shot in shots if not self._rows.has_shot(shot.id)]
        for shot in new_shots:
            kept = shot.has_photo and self.keep_photos
            missing = kept and not self._album.has(shot.id)  # everything was deleted while the photos were made ready
            self._insert(replace(shot, has_photo=kept), make_pictures(photo(shot.id)) if missing else None, touched)
        return len(new_lesions), len(new_shots)

    def _prepare(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._album.make()
        self._path.touch(mode=0o600)

    def _begin(self, cipher: Cipher) -> None:
        if version_of(self._connection) == 0 and not self._album.is_empty():
            # A backup restored in part, most likely: going on would take every photo for an orphan.
            raise StoreError(
                "there are photos but no database; put store.sqlite3 back beside them, or move them away",
                reason=Trouble.NO_DATABASE,
            )
        migrate(self._connection)
        recognise(self._connection, cipher)
        self._album.sweep(self._rows.with_photos())

    def _insert(self, shot: Shot, pictures: Pictures | None, touched: list[str]) -> None:
        touched.append(shot.id)
        if pictures is not None:
            self._album.add(shot.id, pictures)
        self._rows.insert_shot(shot)

    def _picture(self, shot_id: str, read: Callable[[str], bytes]) -> bytes:
        with self._reading("the photo cannot be read"):
            if not self._rows.shot(shot_id).has_photo:
                raise StoreError("this photo was judged but not kept", reason=Trouble.NO_PHOTO)
            return read(shot_id)

    @contextmanager
    def _reading(self, doing: str) -> Iterator[None]:
        with self._lock, store_errors(doing):
            yield

    @contextmanager
    def _writing(self, doing: str) -> Iterator[list[str]]:
        """One transaction. Ids put into the list it gives are looked at afterwards, however it ended: files of those
        that no row names, added in vain or deleted, are removed."""
        touched: list[str] = []
        with self._lock, store_errors(doing):
            try:
                with transaction(self._connection):
                    yield touched
            except BaseException:
                with suppress(Exception):  # the next start sweeps; the first error is the one to tell
                    self._tidy(touched)
                raise
            self._tidy(touched)

    def _tidy(self, touched: Iterable[str]) -> None:
        kept = self._rows.with_photos() if touched else set()
        self._album.remove(set(touched) - kept)


def is_sealed(folder: Path) -> bool | None:
    """Whether what is kept in `folder` needs a key; None where nothing is kept yet. Raises StoreError."""
    with store_errors(f"{folder}: cannot be opened"):
        return sealed_mark(folder / _DATABASE)


def set_aside(folder: Path) -> None:
    """Move what is kept in `folder`, and cannot be opened, into a folder inside it: `Store` then begins anew.

    The database goes last: killed before that, all is as it was but for photos, and this can be done again. Raises
    StoreError, also where another window has it open.
    """
    with store_errors(f"{folder}: cannot be set aside"):
        refuse_if_held(folder / _DATABASE)
        aside = Path(tempfile.mkdtemp(prefix="unreadable-", dir=folder))
        for name in ("photos", "thumbnails", f"{_DATABASE}-journal", _DATABASE):
            if (folder / name).exists():
                (folder / name).rename(aside / name)
