"""The usual ways beside ours: all in turns and in one shape, and the reference does what it says."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import numpy as np
import pytest
import torch
from command_desk import typed
from PIL import Image
from plugin_bundles import MakeBundle
from plugin_photos import draw

from benchmarks.measures.answer_cost.reference import BILINEAR
from benchmarks.peers.fp32_twin import fp32_twin
from benchmarks.peers.reference_way import reference_way
from benchmarks.peers.ways import STAGES
from benchmarks.workshop.timing.least_decoding import REPEATS, least_decoding
from benchmarks.workshop.timing.shares import OURS, REFERENCE, shares_of
from export.onnx_file.frames import cut
from runtime import Triage
from runtime.bundle.load import load_bundle, sha256_of
from runtime.measure.result import Result, schema
from runtime.photo.decode import load_square


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    draw(tmp_path / "photo.jpg", 0)
    return tmp_path / "photo.jpg"


def test_all_ways_take_turns_and_leave_their_raw_times(
    photo: Path, toy_fp32: Path, tmp_path: Path, tiny_bundle: MakeBundle, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle, out = tiny_bundle(tmp_path), tmp_path / "deep" / "reference.json"
    places = ("--photo", photo, "--bundle", bundle, "--fp32", toy_fp32, "--out", out)
    said = typed("benchmarks", "reference", *places, "--repeats", 3, "--warmup", 0, "--threads", 1, capsys=capfd)
    assert said.code == 0, said.err
    jsonschema_rs.validator_for(schema()).validate(json.loads(out.read_text()))
    found = Result.read(out)
    ours, *usual = found.subjects
    assert [ours.name, *(one.name for one in usual)] == [OURS, REFERENCE, BILINEAR]
    assert ours.model.sha256 == sha256_of(bundle / "model.fp32.onnx")
    for one in usual:
        assert tuple(one.samples.milliseconds) == STAGES
        assert one.model.sha256 == sha256_of(toy_fp32)
        assert {len(times) for times in one.samples.milliseconds.values()} == {3}
        assert one.provider.actual == ("CPUExecutionProvider",)
        assert 10e6 < (one.peak_memory_bytes or 0) < 1e9
    share = shares_of(found)[0]
    assert share.share == found.row(OURS, "total").series.p50 / found.row(REFERENCE, "total").series.p50
    assert share.low <= share.share <= share.high
    assert not share.valid, "three samples are a trial"
    last = json.loads(said.out.splitlines()[-1])
    assert [one["way"] for one in last["shares"]] == [REFERENCE, BILINEAR]
    assert "target below 0.25" in said.out
    assert last["least_decoding"]["n"] == REPEATS
    assert "decoding at its least" in said.out


def test_the_least_decoding_is_of_a_jpeg_alone_and_timed_by_the_clock(photo: Path, tmp_path: Path) -> None:
    ticks = iter([0.0, 0.002, 1.0, 1.004])
    found = least_decoding(photo.read_bytes(), repeats=2, clock=lambda: next(ticks))
    assert found is not None
    assert (found.p50, found.n) == (pytest.approx(3.0), 2)
    Image.open(photo).save(tmp_path / "photo.png")
    assert least_decoding((tmp_path / "photo.png").read_bytes()) is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--run", "runs/a", "--fp32", __file__), "--fp32"),
        (("--peer-python", sys.executable), "--run FOLDER"),
        (("--peer-python", "/no/such/python"), "no such file"),
        (("--run", "/no/such/run"), "/no/such/run"),
    ],
)
def test_what_does_not_fit_together_is_one_line(
    words: tuple[str, ...], says: str, photo: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = typed("benchmarks", "reference", "--photo", photo, *words, "--out", tmp_path / "x.json", capsys=capfd)
    assert said.code == 1
    assert says in said.error
    assert not (tmp_path / "x.json").exists()


def test_the_reference_decodes_resizes_and_normalises(photo: Path, toy_fp32: Path) -> None:
    (mean,) = reference_way(toy_fp32.read_bytes())(photo)
    pixels = load_square(photo, size=32) / 255.0
    expected = ((pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).mean()
    assert float(mean) == pytest.approx(expected, abs=0.02)


def test_a_file_with_another_input_is_refused(photo: Path, tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    bundle = tiny_bundle(tmp_path)
    model = bundle / "model.fp32.onnx"
    with pytest.raises(ValueError, match=r"tensor\(uint8\)"):
        reference_way(model.read_bytes())
    options = ("--photo", str(photo), "--bundle", str(bundle), "--out", str(tmp_path / "x.json"), "--fp32")
    words = [sys.executable, "-m", "benchmarks", "reference", *options]
    for given, word in ((model, "uint8"), (tmp_path / "absent.onnx", "no such file")):
        done = subprocess.run([*words, str(given), "--repeats", "1"], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        last = done.stderr.strip().splitlines()[-1]
        assert last.startswith("error: ")
        assert word in last
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_the_twin_of_the_default_bundle_answers_like_it(tmp_path: Path) -> None:
    """Its 8-bit weights as floats: what is left between them is the rounding of activations."""
    import onnxruntime

    bundle = load_bundle()
    frames = bundle.manifest.frames
    twin = fp32_twin(bundle, side=frames.side)
    session = onnxruntime.InferenceSession(twin, providers=["CPUExecutionProvider"])
    triage = Triage(bundle)
    assert bundle.file.calibration is not None
    for index in range(4):
        draw(tmp_path / f"{index}.png", index)
        pixels = load_square(tmp_path / f"{index}.png", size=224)
        image = (pixels.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1)[np.newaxis]
        looks = cut(torch.from_numpy(image), frames, rows=2).numpy()
        logit = np.mean([session.run(None, {session.get_inputs()[0].name: look[np.newaxis]})[0] for look in looks])
        malignancy = 1 / (1 + np.exp(-logit / bundle.file.calibration.malignancy_temperature))
        assert malignancy == pytest.approx(triage.engine.predict(pixels).malignancy, abs=0.1)
