"""Everything in one zip, and back: for a new phone, a backup, or a doctor.

The zip is NOT sealed, whatever the store's cipher: names, notes and photos are there for anyone who has the file. That
is its purpose, and the one who saves it should be told.

    manifest.json       {"format", "version", "lesions": [...], "shots": [...]}
    photos/<id>.jpg     for each shot with a photo

Settings belong to the device and stay there; thumbnails are made again.
"""

import json
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from mobile_app.body import Half, Place, Region
from mobile_app.store.errors import StoreError, Trouble, store_errors
from mobile_app.store.records import Judge, Lesion, Shot, from_text, to_text
from mobile_app.store.store import Store
from runtime.files import written_whole

_FORMAT, _VERSION = "skintag-edge archive", 1
_MANIFEST = "manifest.json"

# What an archive may cost whoever opens it. A photo as the store writes it is at most 2 MB.
_MAX_FILES = 20_000
_MAX_MANIFEST_BYTES = 32_000_000
_MAX_PHOTO_BYTES = 20_000_000
_MAX_BYTES = 4_000_000_000
_CODINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)

_ID = re.compile(r"[0-9a-f]{32}")
_PHOTO = re.compile(r"photos/[0-9a-f]{32}\.jpg")


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What an import added; what was there already is not counted."""

    lesions: int
    shots: int


class Unwanted(StoreError):
    """An import was stopped: nothing of it was kept."""


def export_archive(store: Store, path: Path) -> None:
    """Write everything to `path`, unsealed, whole or not at all. Raises StoreError."""
    # Unsealed photos: for nobody but who exports them.
    with (
        store_errors(f"{path}: cannot be written"),
        written_whole(path, mode=0o600) as partial,
        partial.open("wb") as out,
    ):
        write_archive(store, out)


def write_archive(store: Store, out: BinaryIO) -> None:
    """Write everything to a stream, unsealed: a phone's "save as" takes bytes and no path. Raises StoreError."""
    with store_errors("the archive cannot be written"), store.still(), zipfile.ZipFile(out, "w") as archive:
        lesions, reminders = store.lesions(), store.reminders()
        shots = [shot for lesion in lesions for shot in store.shots(lesion.id)]
        manifest = {
            "format": _FORMAT,
            "version": _VERSION,
            "lesions": [_lesion_to_json(lesion, reminders.get(lesion.id)) for lesion in lesions],
            "shots": [_shot_to_json(shot) for shot in shots],
        }
        archive.writestr(_MANIFEST, json.dumps(manifest, indent=1), compress_type=zipfile.ZIP_DEFLATED)
        for shot in shots:
            if shot.has_photo:
                archive.writestr(_photo_name(shot.id), store.photo(shot.id))


def import_archive(store: Store, source: Path | BinaryIO, *, wanted: Callable[[], bool] = lambda: True) -> Merged:
    """Add what an archive holds and the store does not, all or nothing; what is there is never changed.

    The archive may come from anywhere: whatever is wrong with it is a StoreError, and nothing of it is kept then.
    `wanted` is asked before each photo; once it says no, `Unwanted` is raised.
    """
    # zipfile and json raise a dozen exception types on hostile bytes: the boundary is here.
    try:
        with zipfile.ZipFile(source) as archive:
            return _merge(store, archive, wanted)
    except StoreError:
        raise
    except OSError as problem:
        raise StoreError(
            f"the archive cannot be read ({problem.strerror or problem})", reason=Trouble.ARCHIVE
        ) from problem
    except Exception as problem:
        raise StoreError(
            f"not an archive of this app, or a damaged one ({problem or type(problem).__name__})",
            reason=Trouble.ARCHIVE,
        ) from problem


def _merge(store: Store, archive: zipfile.ZipFile, wanted: Callable[[], bool]) -> Merged:
    entries = _checked_entries(archive)
    manifest = _manifest(_content(archive, entries, _MANIFEST, limit=_MAX_MANIFEST_BYTES))
    lesions = [_lesion_from_json(item) for item in _list(manifest["lesions"])]
    shots = [_shot_from_json(item) for item in _list(manifest["shots"])]
    reminders = {item["id"]: date.fromisoformat(item["due"]) for item in manifest["lesions"] if item["due"] is not None}
    _check_belonging(lesions, shots, entries)

    def photo(shot_id: str) -> bytes:
        if not wanted():
            raise Unwanted("the import was stopped")
        return _content(archive, entries, _photo_name(shot_id), limit=_MAX_PHOTO_BYTES)

    added_lesions, added_shots = store.merge(lesions, shots, photo=photo, reminders=reminders)
    return Merged(lesions=added_lesions, shots=added_shots)


def _checked_entries(archive: zipfile.ZipFile) -> Mapping[str, zipfile.ZipInfo]:
    """The files by name. Nothing is ever unpacked under such a name; strange ones are refused all the same."""
    entries = archive.infolist()
    if len(entries) > _MAX_FILES:
        _refuse(f"{len(entries)} files, more than {_MAX_FILES}")
    if sum(entry.file_size for entry in entries) > _MAX_BYTES:
        _refuse(f"more than {_MAX_BYTES / 1e9:.0f} GB unpacked")
    by_name = {entry.filename: entry for entry in entries}
    if len(by_name) < len(entries):
        _refuse("a name twice")
    for entry in entries:
        if entry.filename != _MANIFEST and not _PHOTO.fullmatch(entry.filename):
            _refuse(f"a file that is not of this app, {entry.filename[:80]}")
        if entry.compress_type not in _CODINGS:
            _refuse(f"{entry.filename} is packed in a way this app never does")
    return by_name


def _content(archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], name: str, *, limit: int) -> bytes:
    """One file, unpacked, with its checksum checked. `file_size` is what zipfile stops reading at."""
    if name not in entries:
        _refuse(f"{name} is missing")
    if entries[name].file_size > limit:
        _refuse(f"{name} has more than {limit / 1e6:.0f} MB unpacked")
    return archive.read(entries[name])


def _manifest(content: bytes) -> Mapping[str, Any]:
    manifest = json.loads(content, parse_constant=lambda word: _refuse(f"{word} is no number"))
    if not isinstance(manifest, dict) or manifest.get("format") != _FORMAT:
        _refuse("the manifest is of something else")
    if manifest.get("version") != _VERSION:
        _refuse(f"version {manifest.get('version')!r}, this app knows {_VERSION}")
    return manifest


def _check_belonging(lesions: list[Lesion], shots: list[Shot], entries: Mapping[str, zipfile.ZipInfo]) -> None:
    """Every shot has its lesion, every photo its shot, and no id stands for two things."""
    lesion_ids, shot_ids = {lesion.id for lesion in lesions}, {shot.id for shot in shots}
    if len(lesion_ids) < len(lesions) or len(shot_ids) < len(shots):
        _refuse("an id twice")
    if not {shot.lesion_id for shot in shots} <= lesion_ids:
        _refuse("a photo of a spot that is not in it")
    named = {_photo_name(shot.id) for shot in shots if shot.has_photo}
    if missing := named - set(entries):
        _refuse(f"{min(missing)} is missing")
    if strays := set(entries) - named - {_MANIFEST}:
        _refuse(f"{min(strays)} belongs to nothing")


def _lesion_to_json(lesion: Lesion, due: date | None) -> dict[str, Any]:
    place = lesion.place
    return {
        "id": lesion.id,
        "name": lesion.name,
        "region": place and place.region,
        "half": place and place.half,
        "notes": lesion.notes,
        "created": to_text(lesion.created),
        "due": due and due.isoformat(),
    }


def _lesion_from_json(item: Mapping[str, Any]) -> Lesion:
    region, half = item["region"], item["half"]
    place = None if region is None else Place(region=Region(region), half=None if half is None else Half(half))
    return Lesion(
        id=_id(item["id"]),
        name=_text(item["name"]),
        place=place,
        notes=_text(item["notes"]),
        created=from_text(item["created"]),
    )


def _shot_to_json(shot: Shot) -> dict[str, Any]:
    return {
        "id": shot.id,
        "lesion_id": shot.lesion_id,
        "taken": to_text(shot.taken),
        "report": dict(shot.report),
        "has_photo": shot.has_photo,
        "size_in_frame": shot.size_in_frame,
        "answers": dict(shot.answers),
        "judge": shot.judge and shot.judge.to_dict(),
    }


def _shot_from_json(item: Mapping[str, Any]) -> Shot:
    share, judge = item["size_in_frame"], item.get("judge")  # older archives do not name the model
    if not isinstance(item["report"], dict) or not isinstance(item["has_photo"], bool):
        _refuse("a photo's report is of the wrong kind")
    if not all(isinstance(answer, bool) for answer in dict(item["answers"]).values()):
        _refuse("an answer is neither yes nor no")
    return Shot(
        id=_id(item["id"]),
        lesion_id=_id(item["lesion_id"]),
        taken=from_text(item["taken"]),
        report=item["report"],
        has_photo=item["has_photo"],
        size_in_frame=None if share is None else float(share),
        answers=item["answers"],
        judge=None if judge is None else Judge.from_dict(judge),
    )


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        _refuse("an id that this app never gave")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        _refuse("a name or note that is no text")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        _refuse("no list of spots and photos")
    return value


def _photo_name(shot_id: str) -> str:
    return f"photos/{shot_id}.jpg"


def _refuse(reason: str) -> NoReturn:
    raise StoreError(f"the archive cannot be used: {reason}", reason=Trouble.ARCHIVE)
