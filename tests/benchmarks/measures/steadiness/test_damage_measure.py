"""Each damage is done to each photo, and every outcome is counted once."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plugin_bundles import MakeBundle

from benchmarks.measures.steadiness.damage import Options, measure
from benchmarks.outcome import BenchmarkError
from benchmarks.workshop.photos.damaged_files import DAMAGES


def draw(folder: Path, count: int) -> Path:
    folder.mkdir()
    for seed in range(count):
        pixels = np.random.default_rng(seed).integers(60, 200, (12, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((160, 120)).save(folder / f"{seed}.png")
    return folder


def test_every_outcome_is_counted_once(tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    photos = draw(tmp_path / "photos", 3)
    options = Options(
        photos=[photos], count=2, format=["JPEG", "PNG"], bundle=tiny_bundle(tmp_path), out=tmp_path / "d"
    )
    found = measure(options)
    assert found.figures is not None
    rows = found.figures[1]["damage"]
    assert [row["damage"] for row in rows] == ["none", *DAMAGES] * 2
    assert all(row["refused"] + row["cannot_assess"] + row["low"] + row["higher"] == 2 for row in rows)
    assert all(row["refused"] == (0 if row["damage"] == "none" else 2) for row in rows if row["format"] == "PNG")
    assert measure(options) == found


def test_unknown_formats_and_too_few_photos_are_one_line(tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    photos, bundle = draw(tmp_path / "photos", 1), tiny_bundle(tmp_path)
    with pytest.raises(BenchmarkError, match="--format XCF"):
        measure(Options(photos=[photos], format=["XCF"], bundle=bundle))
    with pytest.raises(BenchmarkError, match="two photos"):
        measure(Options(photos=[photos], bundle=bundle))
