"""What each file of `datasets/` says about its dataset, and helpers to read the cells that datasets share."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from runtime.conditions import MALIGNANT_CONDITIONS
from teacher.data.found import Loaded
from teacher.data.labels import Label
from teacher.data.sample import DataError, Domain


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """One dataset: its terms, where it comes from, how it is read."""

    name: str
    """such as "ham10000": the name in keys, files and tables"""
    title: str
    licence: str
    commercial: bool
    """whether its terms allow any use; else weights trained on it are for research"""
    citation: str
    how_to_get: str
    domains: tuple[Domain, ...]
    table: str
    """the file that shows that the dataset is there, below the data root"""
    labels: tuple[str, ...]
    """its tables in labels/"""
    published: Mapping[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])
    """counts as published, by name; several where releases differ"""
    load: Callable[[Path], Loaded | None]
    """the dataset under a data root, or None where its table is not there"""


SKIN_TYPES = {text: number for number in range(1, 7) for text in (f"{number}.0", str(number))}
"""Fitzpatrick types as tables spell them."""


def read_skin_type(table: Path, raw: str, *, unknown: tuple[str, ...] = ("",)) -> int | None:
    """The skin type of a cell, None where it is unknown. Raises DataError outside 1-6."""
    if raw in unknown:
        return None
    if raw not in SKIN_TYPES:
        raise DataError(f"{table}: skin type {raw!r} is not one of {', '.join(SKIN_TYPES)}")
    return SKIN_TYPES[raw]


FLAGS = {"true": True, "1": True, "1.0": True, "yes": True, "false": False, "0": False, "0.0": False, "no": False}


def read_flag(table: Path, raw: str, *, column: str) -> bool:
    """A yes or no as tables spell it. Raises DataError for anything else."""
    if raw.casefold() not in FLAGS:
        raise DataError(f"{table}: {column} is {raw!r}; it must be true or false")
    return FLAGS[raw.casefold()]


def is_malignant(label: Label, *, flag: bool = False) -> bool:
    """The one rule: by the condition, by the label's table, or by the dataset's own flag."""
    return label.condition in MALIGNANT_CONDITIONS or label.malignant or flag
