"""What lies in a data root: tables read as text, images by their id, and what a loader made of both."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from filecmp import cmp
from itertools import chain
from pathlib import Path

import pandas as pd

from teacher.data.labels import folded
from teacher.data.sample import DataError, Sample

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})
NOT_PHOTOS = ("mask", "segmentation", "superpixel", "groundtruth", "heatmap")
"""A folder whose name holds one of these keeps drawings about photos, often under the very names of the photos."""

FEW = 0.1
"""Share of images found below which a loader says where it looked: most likely it looked in the wrong place."""

Row = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The samples of one dataset whose image is present, and those whose image is not."""

    dataset: str
    samples: tuple[Sample, ...]
    absent: tuple[Sample, ...] = ()
    """listed, but without an image here; their path is where none was found"""
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    """rows, lesions and so on of the table, by the names of `DatasetSpec.published`"""
    notes: tuple[str, ...] = ()
    """what was left out or passed over, one line each"""
    warnings: tuple[str, ...] = ()
    """what is odd about the tables, one line each"""
    looked: str = ""

    @property
    def listed(self) -> int:
        return len(self.samples) + len(self.absent)

    def describe(self) -> str:
        """One line for people, such as "ham10000: 5,984 of 10,015 images found"."""
        if not self.listed:
            return "; ".join((f"{self.dataset}: no images listed", *self.notes))
        line = f"{self.dataset}: {len(self.samples):,} of {self.listed:,} images found"
        if self.looked and len(self.samples) < FEW * self.listed:
            line += f" (looked in {self.looked})"
        return "; ".join((line, *self.notes))


def split_by_presence(samples: Iterator[Sample], images: "Images") -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    """The samples whose image is there, and the others; their paths are what `Images.path` said."""
    present: list[Sample] = []
    absent: list[Sample] = []
    for sample in samples:
        (absent if sample.path == images.nowhere else present).append(sample)
    return tuple(present), tuple(absent)


class Images:
    """The images below some folders, by their file name without suffix.

    Links are followed, each folder once, so that a loop ends. Folders of masks, AppleDouble files, dangling links and
    names that are no UTF-8 are passed over and counted. Two different files for one id are an error as soon as the id
    is asked for; only files `elsewhere` give way to those in the documented folders.
    """

    def __init__(self, root: Path, *folders: str, elsewhere: str = "") -> None:
        """`folders` below the root hold photos as documented; `elsewhere` is searched for what they lack."""
        self.root, self.nowhere = root, root / "(no image)"
        self._folders = [name for name in folders if (root / name).is_dir()]
        self._skipped: dict[str, list[str]] = {}
        self._seen: set[tuple[int, int]] = set()
        self._found: dict[str, list[Path]] = {}
        self._spare: dict[str, list[Path]] = {}
        for name in self._folders:
            self._index(root / name, self._found)
        if elsewhere and (root / elsewhere).is_dir():
            self._index(root / elsewhere, self._spare)
        self.looked = ", ".join(f"{name}/" for name in (*self._folders, elsewhere) if name) or (
            f"{', '.join(f'{name}/' for name in folders)}: no such folders"
        )

    def path(self, *ids: str) -> Path:
        """The image of the first id that has one, else `nowhere`. Raises DataError where it has two different files."""
        for image_id in ids:
            for place in (self._found, self._spare):
                if image_id in place:
                    return self._only(image_id, place[image_id])
        return self.nowhere

    def stems(self) -> Iterator[str]:
        """The names of all images without suffix, each once."""
        return iter(dict.fromkeys(chain(self._found, self._spare)))

    def all_paths(self) -> list[Path]:
        """Every image, in the order of its path."""
        return sorted(path for paths in chain(self._found.values(), self._spare.values()) for path in paths)

    def notes(self) -> tuple[str, ...]:
        """What was passed over, one line a reason, with an example."""
        return tuple(
            f"passed over {len(names):,} {reason}, such as {names[0]}" for reason, names in self._skipped.items()
        )

    def _only(self, image_id: str, paths: list[Path]) -> Path:
        for other in paths[1:]:
            if not _same_file(paths[0], other):
                raise DataError(
                    f"{image_id}: two different files, {self._shown(paths[0])} and {self._shown(other)}; which is the "
                    "photo? Move the other one out of this folder, or into one whose name says mask"
                )
        return paths[0]

    def _index(self, folder: Path, into: dict[str, list[Path]]) -> None:
        """Every image below the folder, in the order of names; a folder that was walked already is not walked again."""
        waiting = [folder]
        while waiting:
            inner: list[Path] = []
            for entry in self._entries(waiting.pop()):
                try:
                    self._sort(entry, Path(entry.path), inner, into)
                except OSError as error:
                    self._skip("files that cannot be read", Path(entry.path), why=error.strerror)
            waiting += reversed(inner)

    def _entries(self, folder: Path) -> list[os.DirEntry[str]]:
        """What is in a folder, by name; nothing where it was walked already or cannot be read."""
        if not self._is_new(folder):
            return []
        try:
            with os.scandir(folder) as listing:
                return sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            self._skip("folders that cannot be read", folder, why=error.strerror)
            return []

    def _sort(self, entry: os.DirEntry[str], path: Path, inner: list[Path], into: dict[str, list[Path]]) -> None:
        if not _is_utf8(entry.name):
            self._skip("names that are no UTF-8 (rename them)", path)
        elif entry.name.startswith("._") or entry.name == "__MACOSX":
            return  # AppleDouble: what macOS writes beside a file on a foreign disk
        elif entry.is_symlink() and not path.exists():
            self._skip("links that lead nowhere", path)
        elif entry.is_dir():
            if any(word in folded(entry.name).replace(" ", "") for word in NOT_PHOTOS):
                self._skip("folders of masks", path)
            else:
                inner.append(path)
        elif path.suffix.lower() in IMAGE_SUFFIXES and entry.is_file():
            into.setdefault(path.stem, []).append(path)

    def _is_new(self, folder: Path) -> bool:
        try:
            status = folder.stat()
        except OSError:
            return False
        if (place := (status.st_dev, status.st_ino)) in self._seen:
            return False
        self._seen.add(place)
        return True

    def _skip(self, reason: str, path: Path, *, why: str | None = None) -> None:
        self._skipped.setdefault(reason, []).append(self._shown(path) + (f" ({why})" if why else ""))

    def _shown(self, path: Path) -> str:
        """A path below the root, in characters that any terminal takes."""
        text = os.fspath(path.relative_to(self.root))
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def image_id(cell: str) -> str:
    """The id in a cell: without folders, and without the suffix of an image."""
    name = cell.replace("\\", "/").rsplit("/", 1)[-1]
    stem, dot, suffix = name.rpartition(".")
    return stem if stem and f"{dot}{suffix}".lower() in IMAGE_SUFFIXES else name


def read_table(path: Path, needed: tuple[str, ...] = ()) -> list[Row]:
    """The rows of a CSV as text, without blanks around them; an empty cell is "".

    Raises DataError where it is no table or lacks a needed column.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(f"{path}: cannot be read as a table ({' '.join(str(error).split())})") from error
    frame.columns = [str(name).strip() for name in frame.columns]
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        there = f"there are: {', '.join(frame.columns)}"
        raise DataError(f"{path}: column {', '.join(missing)} is missing ({there}); columns are parted by commas")
    frame = frame.fillna("")  # what a row is short of
    columns = [[str(cell).strip() for cell in frame.iloc[:, number].tolist()] for number in range(frame.shape[1])]
    return [dict(zip(frame.columns, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other) or cmp(one, other, shallow=False)
    except OSError:  # gone since it was listed: nothing that could be mistaken
        return True


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
