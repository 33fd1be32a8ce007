"""The photo files as they lie on the disk: only their headers are read."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image

from teacher.console import progress
from teacher.data.registry import all_datasets
from teacher.data.sample import Sample

LONG, SMALL = 2.0, 100
"""Sides of more than 2 to 1 and short sides under 100 pixels: what a lesion is hardly seen on."""


@dataclass(frozen=True, kw_only=True)
class PhotoFile:
    """One file."""

    place: int
    """of its sample"""
    source: str
    width: int
    height: int
    bytes: int

    @property
    def short(self) -> int:
        return min(self.width, self.height)

    @property
    def aspect(self) -> float:
        """The longer side in shorter ones."""
        return max(self.width, self.height) / max(self.short, 1)


@dataclass(frozen=True, kw_only=True)
class SizeRow:
    """The files of one dataset and domain."""

    source: str
    files: int
    usual: str
    """the most frequent size, and its share"""
    short: str
    """shortest, median and longest short side"""
    aspect: str
    kilobytes: int
    """median"""


def photo_files(samples: Sequence[Sample]) -> tuple[PhotoFile, ...]:
    """The files that can be opened."""
    titles = {spec.name: spec.title for spec in all_datasets()}
    found: list[PhotoFile] = []
    with progress("Reading sizes", len(samples)) as advance, ThreadPoolExecutor(4) as pool:
        for place, size in enumerate(pool.map(_size, samples)):
            advance("")
            if size is not None:
                source = f"{titles.get(samples[place].dataset, samples[place].dataset)}, {samples[place].domain}"
                found.append(PhotoFile(place=place, source=source, width=size[0], height=size[1], bytes=size[2]))
    return tuple(found)


def size_rows(files: Sequence[PhotoFile]) -> tuple[SizeRow, ...]:
    """A row per dataset and domain."""
    return tuple(
        _row(source, [one for one in files if one.source == source]) for source in sorted({one.source for one in files})
    )


def odd_shapes(files: Sequence[PhotoFile]) -> list[PhotoFile]:
    """Very long or very small photos, the oddest first."""
    odd = [one for one in files if one.aspect > LONG or one.short < SMALL]
    return sorted(odd, key=lambda one: (one.short / one.aspect, one.place))


def _row(source: str, files: Sequence[PhotoFile]) -> SizeRow:
    short, aspect = np.array([one.short for one in files]), np.array([one.aspect for one in files])
    sizes, counts = np.unique([(one.width, one.height) for one in files], axis=0, return_counts=True)
    width, height = sizes[counts.argmax()]
    return SizeRow(
        source=source,
        files=len(files),
        usual=f"{width} x {height} ({counts.max() / len(files):.0%})",
        short=f"{short.min()} / {int(np.median(short))} / {short.max()}",
        aspect=f"{np.median(aspect):.2f} / {aspect.max():.2f}",
        kilobytes=round(float(np.median([one.bytes for one in files])) / 1e3),
    )


def _size(sample: Sample) -> tuple[int, int, int] | None:
    """Width, height, bytes; None where the file went away or holds no header by now."""
    try:
        with Image.open(sample.path) as image:
            return *image.size, sample.path.stat().st_size
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
