"""Measurements are of the real thing, whole, and say what they were made on."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
from command_desk import typed
from plugin_bundles import MakeBundle
from plugin_photos import draw

from benchmarks.measures.answer_cost.latency import Options, measure_latency
from benchmarks.workshop.choices import seconds_of
from runtime.bundle.load import sha256_of
from runtime.errors import BundleError, PhotoError
from runtime.measure.photo_way import STAGES
from runtime.measure.result import Result, schema
from teacher.options import OptionError


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    draw(tmp_path / "photo.jpg", 0)
    return tmp_path / "photo.jpg"


def test_all_stages_are_timed_as_often_as_asked(photo: Path, tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    bundle = tiny_bundle(tmp_path)
    found = measure_latency(photo, Options(bundle=bundle, repeats=20, warmup=1, starts=1, threads=1))
    series = {row.stage: row.series for row in found.rows}
    assert tuple(series) == STAGES
    assert {one.n for one in series.values()} == {20}
    assert all(0 <= one.p50 <= one.p90 for one in series.values())
    assert series["total"].mean > series["model"].mean
    assert not any(row.verdict.valid for row in found.rows), "20 samples are a trial"
    (subject,) = found.subjects
    assert subject.threads == 1
    assert subject.provider.actual == ("CPUExecutionProvider",)
    assert subject.model.sha256 == sha256_of(bundle / "model.fp32.onnx")
    assert 10e6 < (subject.peak_memory_bytes or 0) < 1e9
    (cold,) = found.cold_starts
    assert cold.imports
    assert cold.session > 0
    assert cold.first_answer > 0
    assert found.photo.sha256 == sha256_of(photo)
    assert found.machine.packages["onnxruntime"]


def test_a_bad_photo_or_bundle_is_said(photo: Path, tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    with pytest.raises(BundleError):
        measure_latency(photo, Options(bundle=tmp_path / "absent", repeats=1))
    photo.write_bytes(b"text")
    with pytest.raises(PhotoError):
        measure_latency(photo, Options(bundle=tiny_bundle(tmp_path), repeats=1))


def test_the_last_line_is_the_result_without_its_times(
    photo: Path, tmp_path: Path, tiny_bundle: MakeBundle, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "latency.json"
    places = ("--photo", photo, "--bundle", tiny_bundle(tmp_path), "--out", out)
    said = typed("benchmarks", "latency", *places, "--repeats", 3, "--warmup", 0, "--starts", 0, capsys=capfd)
    assert said.code == 0, said.err
    jsonschema_rs.validator_for(schema()).validate(json.loads(out.read_text()))
    last, found = json.loads(said.out.splitlines()[-1]), Result.read(out)
    assert last["rows"] == found.to_dict()["rows"]
    assert "samples" not in last["subjects"][0]
    assert "3 samples, 1024 are needed" in last["rows"][0]["reasons"][0]["text"]


def test_the_length_of_a_measurement() -> None:
    full, quick, long = Options().plan(), Options(quick=True).plan(), Options(sustained="10m").plan()
    assert (full.mode, full.samples, full.seconds) == ("full", 1024, 60)
    assert (quick.mode, quick.samples, quick.seconds) == ("quick", 128, 10)
    assert (long.mode, long.samples, long.seconds) == ("sustained", 1024, 600)
    assert Options(repeats=7, warmup=0).plan().samples == 7
    assert [seconds_of(text) for text in ("90s", "1h", "75", "1.5m")] == [90, 3600, 75, 90]
    for wrong in ("", "ten", "0m", "-5m", "nan", "5d"):
        with pytest.raises(OptionError, match="10m"):
            seconds_of(wrong)
    with pytest.raises(OptionError, match="one of them"):
        Options(quick=True, repeats=3).plan()


def test_the_command_line_ends_in_one_line(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "benchmarks", "latency", "--photo", str(tmp_path / "absent.jpg")]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("error: --photo")
    assert "Traceback" not in done.stderr
