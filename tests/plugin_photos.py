"""Fixtures that make small data roots in the layout of the real datasets, filled with drawings."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from teacher.data.synthetic import SyntheticConfig, render

HAM_LABELS = ("nv", "mel", "bkl", "bcc", "akiec", "vasc", "df")
SIDE = 48


def draw(path: Path, index: int) -> None:
    """One drawing as an image file."""
    pixels, _ = render(SyntheticConfig(count=index + 1, side=SIDE), index)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])


def make_ham(root: Path, *, count: int = 70, listed: int | None = None) -> Path:
    """A HAM10000 of `count` images in the folder layout of its copy; `listed` rows in all, the rest without image."""
    ids = [f"ISIC_{index:07d}" for index in range(listed or count)]
    rows = [(f"HAM_{index:07d}", image_id, HAM_LABELS[index % 7]) for index, image_id in enumerate(ids)]
    write_table(root / "HAM10000_metadata.csv", ("lesion_id", "image_id", "dx"), rows)
    for index, image_id in enumerate(ids[:count]):
        draw(root / "Skin Cancer" / "Skin Cancer" / f"{image_id}.jpg", index)
    return root


@pytest.fixture
def ham_root(tmp_path: Path) -> Path:
    """Seventy drawings posing as HAM10000, of 75 listed."""
    return make_ham(tmp_path / "photos", count=70, listed=75)
