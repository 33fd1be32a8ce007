"""What a loader found: the samples, and what is listed but absent."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pandas as pd

from teacher.data.sample import DataError, Sample

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """The samples of one dataset whose image is present, and how many its table lists."""

    dataset: str
    samples: tuple[Sample, ...]
    listed: int
    notes: tuple[str, ...] = field(default=())

    def describe(self) -> str:
        """One line for people, such as "ham10000: 5,984 of 10,015 images found"."""
        line = f"{self.dataset}: {len(self.samples):,} of {self.listed:,} images found"
        return "; ".join((line, *self.notes))


def index_images(folders: list[Path]) -> dict[str, Path]:
    """Every image below the folders by its file name without suffix; the first of two equal names wins."""
    found: dict[str, Path] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in IMAGE_SUFFIXES:
                found.setdefault(path.stem, path)
    return found


def read_table(path: Path, needed: tuple[str, ...], *, key: str) -> list[dict[str, str]]:
    """The rows of a CSV as text, one per value of the column `key` (the first wins); an empty cell is "".

    Raises DataError where it is no table or lacks a needed column.
    """
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, OSError) as error:  # pandas' parser errors are ValueErrors
        raise DataError(f"{path}: cannot be read as a table ({error})") from error
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise DataError(f"{path}: column {', '.join(missing)} is missing (there are: {', '.join(frame.columns)})")
    return cast(list[dict[str, str]], frame.drop_duplicates(key).to_dict("records"))


def unknown_labels(table: Path, unknown: set[str], known: list[str]) -> DataError:
    """The error for labels that no table maps: guessing a label is worse than stopping."""
    named = ", ".join(sorted(label or "(empty)" for label in unknown))
    return DataError(f"{table}: unknown label {named} (known: {', '.join(known)})")
