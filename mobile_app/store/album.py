"""The photo files: one photo and one thumbnail for each shot, named by the shot's id.

They carry no ending, so that galleries and desktop search pass them by.
"""

import logging
import os
import re
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

from mobile_app.store.cipher import Cipher
from mobile_app.store.errors import StoreError, Trouble
from mobile_app.store.pictures import Pictures
from runtime.files import written_whole

log = logging.getLogger(__name__)

# A photo, or what `write_whole` leaves when the process is killed. Any other file in the folder is not ours to remove.
_OURS = re.compile(r"([0-9a-f]{32})(.*\.tmp)?")


class Album:
    """The files of one store. Methods raise OSError where the disk refuses, StoreError for what cannot be opened."""

    def __init__(self, folder: Path, *, cipher: Cipher) -> None:
        self._photos = folder / "photos"
        self._thumbnails = folder / "thumbnails"
        self._cipher = cipher

    def make(self) -> None:
        """Create the folders, closed to other users of the computer."""
        for folder in (self._photos, self._thumbnails):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def add(self, shot_id: str, pictures: Pictures) -> None:
        """Both files, whole and on the disk itself when this returns, so that a row may name them."""
        self._write(self._photos / shot_id, pictures.photo)
        self._write(self._thumbnails / shot_id, pictures.thumbnail)

    def has(self, shot_id: str) -> bool:
        """Whether both files are there."""
        return all((folder / shot_id).exists() for folder in (self._photos, self._thumbnails))

    def photo(self, shot_id: str) -> bytes:
        return self._read(self._photos / shot_id)

    def thumbnail(self, shot_id: str) -> bytes:
        return self._read(self._thumbnails / shot_id)

    def remove(self, shot_ids: Iterable[str]) -> None:
        for shot_id in shot_ids:
            for folder in (self._photos, self._thumbnails):
                (folder / shot_id).unlink(missing_ok=True)

    def sweep(self, kept: Container[str]) -> None:
        """Remove what a killed process left behind: files of no shot in `kept`, and half-written ones."""
        for path, shot_id in list(self._files()):
            if path.name in kept and path.name == shot_id:
                continue
            try:
                path.unlink()
            except OSError as problem:  # no reason to keep a person from the rest; the next start tries again
                log.warning("%s: an orphan that cannot be removed (%s)", path, problem)

    def is_empty(self) -> bool:
        return not any(self._files())

    def size(self) -> int:
        """Bytes of all files."""
        return sum(path.stat().st_size for path, _ in self._files())

    def _files(self) -> Iterator[tuple[Path, str]]:
        for folder in (self._photos, self._thumbnails):
            for path in folder.iterdir():
                if ours := _OURS.fullmatch(path.name):
                    yield path, ours[1]

    def _write(self, path: Path, content: bytes) -> None:
        with written_whole(path) as partial:
            partial.write_bytes(self._cipher.seal(content))
        _sync_folder(path.parent)

    def _read(self, path: Path) -> bytes:
        try:
            return self._cipher.open(path.read_bytes())
        except FileNotFoundError as problem:
            raise StoreError(
                "the photo's file is missing; the rest of the record is there", reason=Trouble.NO_PHOTO
            ) from problem


def _sync_folder(folder: Path) -> None:
    """Put a rename on the disk itself; Windows opens no folder and needs none of it."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
