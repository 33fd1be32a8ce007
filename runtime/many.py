"""Many photos: which files of a folder to judge, and judging them one after the other."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from runtime.answer.locales.texts import Texts
from runtime.answer.report import Outcome, Report
from runtime.errors import PhotoError, Refusal, one_line
from runtime.photo import magic
from runtime.photo.decode import PhotoSource

PHOTO_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".mpo"),
        *(".png", ".webp", ".tif", ".tiff", ".bmp", ".dib", ".gif", ".avif", ".heic", ".heif", ".hif"),
    }
)
"""Files of a folder that are taken for photos whatever is in them: one that turns out damaged or empty is then an error
with a name, instead of a photo that is missing without a word. Any other file is a photo if its content is one."""
_RAW_SUFFIXES = frozenset([".dng", ".nef", ".nrw", ".cr2", ".cr3", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"])
"""What cameras write before they make a photo of it. Many look like TIFF, of which only a small preview is read."""
_SHOWN_NAMES = 3
"""Names given of each kind of file that was passed over."""


class Passed(StrEnum):
    """Why a file of a folder was passed over."""

    HIDDEN = "hidden"
    """its name starts with a dot, such as those that macOS leaves beside every photo on other disks"""
    EMPTY = "empty"
    VIDEO = "video"
    RAW = "raw"
    OTHER_PICTURE = "other_picture"
    NO_PHOTO = "no_photo"


@dataclass(frozen=True, kw_only=True)
class PassedOver:
    """A file of a folder that is not judged."""

    path: str
    reason: Passed


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
    paths: Iterable[str | os.PathLike[str]],
    *,
    on_problem: Callable[[PhotoError], None] | None = None,
    on_passed_over: Callable[[PassedOver], None] | None = None,
) -> Iterator[str]:
    """The paths of photos, folders walked in sorted order: what a file holds decides, or a photo's suffix.

    A path that is no folder is given back as it stands: who names a file wants it judged. Links to folders are not
    followed. `on_problem` is told of folders that cannot be read or hold no photo, `on_passed_over` of each file that
    is none; the walk goes on.
    """
    tell, pass_over = on_problem or _ignore, on_passed_over or _ignore
    for named in paths:
        path = os.fspath(named)
        if not _is_folder(path):
            yield path
            continue
        found = False
        for file in _walk(path, tell=tell):
            reason = _why_not(file)
            if reason is None:
                found = True
                yield file
            else:
                pass_over(PassedOver(path=file, reason=reason))
        if not found:
            tell(
                PhotoError(
                    "no photo in this folder (a photo's content decides, not its name)",
                    reason=Refusal.NO_PHOTOS,
                    photo=one_line(path),
                )
            )


def passed_over_line(passed: Iterable[PassedOver], *, texts: Texts) -> str:
    """One line that says how many files of each kind were passed over, and names the first of them; "" for none."""
    names: dict[Passed, list[str]] = {}
    for file in passed:
        names.setdefault(file.reason, []).append(one_line(os.path.basename(file.path)))
    groups = (f"{texts.passed_over_of(reason)}: {_some(names[reason])}" for reason in Passed if reason in names)
    files = "; ".join(groups)
    return texts.passed_over.format(count=sum(map(len, names.values())), files=files) if files else ""


def _some(names: list[str]) -> str:
    return f"{len(names)} ({', '.join(names[:_SHOWN_NAMES])}{', ...' if len(names) > _SHOWN_NAMES else ''})"


def _outcome(assessor: Assessor, source: PhotoSource, *, language: str | None) -> Outcome:
    try:
        return assessor.assess(source, language=language)
    except PhotoError as error:
        return error.of(error.photo)  # the one that was raised keeps the photo's bytes alive in its traceback


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
    """Every file, and hidden folders, which are not entered."""

    def unreadable(error: OSError) -> None:
        tell(PhotoError(f"cannot be read ({error.strerror})", photo=one_line(str(error.filename))))

    for here, folders, files in os.walk(folder, onerror=unreadable):
        hidden = [name for name in folders if name.startswith(".")]
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted([*files, *hidden]):
            yield os.path.join(here, name)


def _why_not(path: str) -> Passed | None:
    """Why a file of a folder is no photo; None for one that is to be judged, or tried and refused by name."""
    suffix = Path(path).suffix.lower()
    if os.path.basename(path).startswith("."):
        return Passed.HIDDEN
    if suffix in PHOTO_SUFFIXES:
        return None
    if suffix in _RAW_SUFFIXES:
        return Passed.RAW
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a pipe would block for ever
            return Passed.NO_PHOTO
        with open(path, "rb") as file:
            return _of_content(file.read(magic.HEAD))
    except FileNotFoundError:  # a link to what is gone
        return Passed.NO_PHOTO
    except OSError:  # said by name, with the reason, when its turn comes
        return None


def _of_content(head: bytes) -> Passed | None:
    if not head:
        return Passed.EMPTY
    if magic.is_video(head):
        return Passed.VIDEO
    if magic.is_other_picture(head):
        return Passed.OTHER_PICTURE
    return None if magic.is_photo(head) else Passed.NO_PHOTO


def _ignore(_: object) -> None:
    return None
