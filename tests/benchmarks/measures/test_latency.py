"""Measurements are of the real thing, whole, and say what they were made on."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from plugin_bundles import MakeBundle
from plugin_photos import draw

from benchmarks.measures.latency import STAGES, measure_latency
from benchmarks.measures.verdicts import verdict_sheet
from runtime.conditions import CONDITIONS
from runtime.errors import BundleError, PhotoError
from runtime.triage import Tier


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    draw(tmp_path / "photo.jpg", 0)
    return tmp_path / "photo.jpg"


def test_all_stages_are_timed_as_often_as_asked(photo: Path, tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    found = measure_latency(photo, bundle=tiny_bundle(tmp_path), repeats=4, warmup=1, threads=1)
    assert tuple(found.stages) == STAGES
    assert {timing.n for timing in found.stages.values()} == {4}
    assert all(0 < timing.p50 <= timing.p90 for timing in found.stages.values())
    assert found.environment["onnxruntime"]
    assert json.loads(json.dumps(found.to_dict()))["bundle"]["bytes"] > 0


def test_the_whole_is_not_less_than_its_model(photo: Path, tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    found = measure_latency(photo, bundle=tiny_bundle(tmp_path), repeats=20, warmup=2, threads=1)
    assert found.stages["total"].mean > found.stages["model"].mean


def test_a_bad_photo_or_bundle_is_said(photo: Path, tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    with pytest.raises(BundleError):
        measure_latency(photo, bundle=tmp_path / "absent", repeats=1, warmup=0, threads=1)
    photo.write_bytes(b"text")
    with pytest.raises(PhotoError):
        measure_latency(photo, bundle=tiny_bundle(tmp_path), repeats=1, warmup=0, threads=1)


def test_the_command_line_ends_in_one_line(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "benchmarks", "latency", "--photo", str(tmp_path / "absent.jpg")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --photo")
    assert "Traceback" not in done.stderr


def test_the_sheet_shows_what_the_bundle_says(tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    path = tmp_path / "sheet.png"
    tiers = verdict_sheet(path, bundle=tiny_bundle(tmp_path, malignancy=0.99, size=64), rows=1)
    assert list(tiers) == list(CONDITIONS)
    assert all(set(seen) <= {Tier.HIGH, Tier.CANNOT_ASSESS} for seen in tiers.values())
    assert Image.open(path).width > Image.open(path).height
