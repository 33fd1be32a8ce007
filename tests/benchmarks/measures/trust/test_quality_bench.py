"""The table of the photo gate counts what the gate says, on every tone, and says so in three files."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plugin_photos import make_ham

from benchmarks.measures.trust.quality import (
    TONES,
    DefectRow,
    Refusals,
    cells,
    drawings,
    header,
    markdown,
    measure_table,
    sheet,
)
from benchmarks.workshop.photos.defects import DEFECTS, Defect
from runtime.photo.quality import measure_quality

SIDE = 96


def refusals(n: int, refused: int) -> Refusals:
    return Refusals(n=n, problems={"blurred": refused} if refused else {})


def test_every_defect_is_judged_on_every_tone() -> None:
    table = measure_table(data=None, count=1, side=SIDE)
    assert [row.defect for row in table.rows] == [defect.name for defect in DEFECTS]
    assert all(tuple(row.tones) == tuple(TONES.values()) for row in table.rows)
    assert {found.n for row in table.rows for found in row.tones.values()} == {1}
    assert table.sound == {}
    assert markdown(table).count("\n| ") == 2 + len(DEFECTS)
    assert all(len(cells(row)) == len(header(table)) for row in table.rows)
    assert json.loads(json.dumps(table.to_dict()))["environment"]["numpy"]


def test_the_figures_are_the_gates_own() -> None:
    table = measure_table(data=None, count=2, side=SIDE)
    by_name = {row.defect: row for row in table.rows}
    for defect in DEFECTS[:4]:
        said = [measure_quality(defect.spoil(p, seed=i)).problem for i, p in enumerate(drawings(6, 2, SIDE))]
        found = by_name[defect.name].tones["VI"]
        assert sum(found.problems.values()) == sum(problem is not None for problem in said)


def test_the_gap_is_in_points_between_tones() -> None:
    row = DefectRow(defect="x", expected=None, tones={"I": refusals(50, 1), "VI": refusals(50, 4)}, real={})
    assert row.gap == pytest.approx(6.0)


def test_real_photos_are_counted_and_damaged_ones_left_out(tmp_path: Path) -> None:
    root = make_ham(tmp_path, count=5)
    (root / "Skin Cancer" / "Skin Cancer" / "broken.jpg").write_bytes(b"\xff\xd8\xff damaged")
    table = measure_table(data=root, count=2, side=SIDE)
    assert table.sound["HAM10000"].n == 5
    assert 1 <= table.rows[0].real["HAM10000"].n <= 2
    assert "HAM10000" in markdown(table)


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_defect_keeps_the_form_and_repeats_itself(defect: Defect) -> None:
    (pixels,) = drawings(3, 1, SIDE)
    first, second = (defect.spoil(pixels, seed=3) for _ in range(2))
    assert first.shape == pixels.shape
    assert first.dtype == np.uint8
    assert np.array_equal(first, second)
    assert np.array_equal(first, pixels) == (defect.name == "sound")


def test_the_sheet_has_a_row_per_defect(tmp_path: Path) -> None:
    sheet(tmp_path / "sheet.png")
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.height > len(DEFECTS) * 96
        assert image.width > len(TONES) * 96


def test_a_folder_without_photos_is_said_in_one_line(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "benchmarks", "quality", "--data", str(tmp_path), "--out", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --data")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_command_writes_its_three_files(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "benchmarks", "quality", "--count", "1", "--out", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"quality.json", "quality.md", "quality.jpg"}
    assert "blur, sigma 6" in (tmp_path / "quality.md").read_text()
