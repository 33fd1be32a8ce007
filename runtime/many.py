"""Many photos: which files of a folder to judge, and judging them one after the other."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from runtime.answer.report import Outcome, Report
from runtime.errors import PhotoError, one_line
from runtime.photo.decode import PhotoSource

PHOTO_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".mpo", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".heic", ".heif"}
)
"""Files of a folder that are taken for photos. HEIC cannot be read: it is among them so that the answer says so,
instead of leaving out without a word the photos that an iPhone took."""


class Assessor(Protocol):
    """What judges one photo, such as `runtime.Triage`."""

    def assess(self, source: PhotoSource, *, language: str | None = None) -> Report: ...


def assess_many(
    assessor: Assessor, sources: Iterable[PhotoSource], *, language: str | None = None
) -> Iterator[tuple[str, Outcome]]:
    """Judge each source when its turn comes; see `Triage.assess_many`."""
    for number, source in enumerate(sources, start=1):
        yield _name_of(source, number), _outcome(assessor, source, language=language)


def find_photos(
    paths: Iterable[str | os.PathLike[str]], *, on_problem: Callable[[PhotoError], None] | None = None
) -> Iterator[str]:
    """The paths of photos, folders walked in sorted order: hidden files and other suffixes are passed over.

    A path that is no folder is given back as it stands, whatever its suffix: who names a file wants it judged. Links
    to folders are not followed. `on_problem` is told of folders that cannot be read or hold no photo; the walk goes on.
    """
    tell = on_problem or _ignore
    for named in paths:
        path = os.fspath(named)
        if not _is_folder(path):
            yield path
            continue
        found = False
        for photo in _walk(path, tell=tell):
            found = True
            yield photo
        if not found:
            tell(
                PhotoError(
                    f"{one_line(path)}: no photo in this folder (looked for {', '.join(sorted(PHOTO_SUFFIXES))})"
                )
            )


def _outcome(assessor: Assessor, source: PhotoSource, *, language: str | None) -> Outcome:
    try:
        return assessor.assess(source, language=language)
    except PhotoError as error:
        return PhotoError(str(error))  # the one that was raised keeps the photo's bytes alive in its traceback


def _name_of(source: PhotoSource, number: int) -> str:
    """The path, a stream's own name, or "photo 3" for the third source."""
    if isinstance(source, (str, os.PathLike)):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else f"photo {number}"


def _is_folder(path: str) -> bool:
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (OSError, ValueError):  # ValueError: a NUL byte in the name
        return False


def _walk(folder: str, *, tell: Callable[[PhotoError], None]) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        tell(PhotoError(f"{one_line(str(error.filename))}: cannot be read ({error.strerror})"))

    for here, folders, files in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in PHOTO_SUFFIXES:
                yield os.path.join(here, name)


def _ignore(_: PhotoError) -> None:
    return None
