"""Zip archives: chosen members come out whole, nothing lands outside the folder, and a bomb is refused unopened.

A small table beside where the archive was tells what came out of it, so that the next run need not get it again.
"""

import json
import shutil
import stat
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

from runtime.errors import first_line
from runtime.files import write_json, written_whole
from teacher.console import progress
from teacher.data.download.item import MEGABYTE, MOST_IMAGE_BYTES
from teacher.data.sample import DataError

MOST_MEMBERS = 200_000
MOST_RATIO = 100
"""Bytes of a byte: a table shrinks tenfold, a photo hardly, a bomb a thousandfold."""
RECORD = ".unpacked.json"

Place = Callable[[str], str | None]
"""Where a member goes, below the folder, by its name in the archive; None where it is not wanted."""


def unpack(archive: Path, folder: Path, place: Place) -> int:
    """Takes the wanted members out of an archive, then removes it; returns how many there are.

    What is there already stays. Raises DataError for an archive that is damaged or meant to harm, and where the disk
    refuses.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            members = _wanted(archive, file.infolist(), place)
            _check_space(archive, folder, [member for member, _ in members])
            with progress(f"unpacking {archive.name}", len(members)) as advance:
                for member, target in members:
                    _take(file, member, folder / target)
                    advance("")
        write_json(_record(archive), {target: member.file_size for member, target in members})
        archive.unlink()
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        archive.unlink(missing_ok=True)
        raise DataError(f"{archive}: {first_line(error)}; it was removed, the same command gets it again") from error
    except OSError as error:
        raise DataError(f"{error.filename or archive}: {error.strerror or error}; the archive is kept") from error
    return len(members)


def is_unpacked(archive: Path, folder: Path) -> bool:
    """Whether all that an earlier run took out of this archive is still there."""
    try:
        taken = json.loads(_record(archive).read_text(encoding="utf-8"))
        return bool(taken) and all(_within(name) and (folder / name).is_file() for name in taken)
    except (OSError, ValueError, TypeError):
        return False


def by_suffix(**folders: str) -> Place:
    """Members by what their names end in, such as jpg="images/": into that folder, without folders of their own."""

    def place(name: str) -> str | None:
        path = PurePosixPath(name)
        folder = folders.get(path.suffix.lower().removeprefix("."))
        hidden = path.name.startswith(".") or "__MACOSX" in path.parts
        return None if folder is None or hidden else f"{folder}{path.name}"

    return place


def _record(archive: Path) -> Path:
    return archive.with_name(archive.name + RECORD)


def _within(name: str) -> bool:
    """Whether a relative name stays below its folder, on any system."""
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and not set(name) & set("\\:\0")


def _wanted(archive: Path, infos: Sequence[zipfile.ZipInfo], place: Place) -> list[tuple[zipfile.ZipInfo, str]]:
    """Members and their places, each place once. Raises DataError for what no honest archive holds."""
    if len(infos) > MOST_MEMBERS:
        raise DataError(f"{archive}: {len(infos):,} members are more than a dataset has")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        target = None if info.is_dir() else place(info.filename)
        if target is None:
            continue
        if not _within(info.filename) or not _within(target):
            raise DataError(f"{archive}: {info.filename[:100]!r} would land outside the folder; nothing was unpacked")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataError(f"{archive}: {info.filename[:100]!r} is a link; nothing was unpacked")
        if info.file_size > max(MOST_RATIO * info.compress_size, MEGABYTE) or info.file_size > MOST_IMAGE_BYTES:
            raise DataError(f"{archive}: {info.filename[:100]!r} claims {info.file_size:,} bytes; nothing was unpacked")
        members.setdefault(target, info)
    if not members:
        raise DataError(f"{archive}: holds nothing that this dataset needs")
    return [(info, target) for target, info in members.items()]


def _check_space(archive: Path, folder: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    needed, free = sum(member.file_size for member in members), shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(f"{archive}: {needed / 1e9:.1f} GB come out of it and {free / 1e9:.1f} GB are free")


def _take(file: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """One member under its name; zipfile ends with an error where it is longer than it claims or its sum differs."""
    if target.is_file() and target.stat().st_size == member.file_size:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(target) as partial, file.open(member) as source, partial.open("wb") as out:
        shutil.copyfileobj(source, out, MEGABYTE)
