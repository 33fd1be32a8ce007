"""`benchmarks calibration` and `benchmarks novelty`: what a bundle promises, asked of a student of three epochs."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_desk import Said, typed
from PIL import Image
from plugin_bundles import MakeBundle
from plugin_photos import draw
from plugin_training import SIZE, SMALL_STUDENT

from benchmarks.peers.ways import STAGES
from distill.config import TrainConfig
from distill.run import create_run
from distill.student import load_student
from distill.trainer import train
from export.onnx_file.convert import to_onnx
from export.onnx_file.module import Temperatures
from export.verify.reference import module_of, photos_of
from export.workshop.stages import Stages
from runtime.bundle.load import read_manifest, sha256_of, write_manifest
from runtime.measure.result import Result
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.soft_labels import SoftLabels


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> Path:
    """A finished run."""
    made = create_run(tmp_path_factory.mktemp("runs"), small_config, name="small")
    train(made, small_config, small_data, small_labels)
    return made


@pytest.fixture(scope="module")
def bundle(run: Path, small_data: Dataset, tiny_bundle: MakeBundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run's student as a bundle, in FP32 and with default thresholds."""
    module = module_of(
        load_student(run),
        photos_of(small_data, Part.TRAIN),
        temperatures=Temperatures(),
        statistics_photos=60,
        stages=Stages.silent(),
    )
    model = to_onnx(module, metadata={}).SerializeToString()
    return tiny_bundle(tmp_path_factory.mktemp("bundle"), model=model, size=SIZE)


def calibration(run: Path, bundle: Path, out: Path, *more: object, capsys: pytest.CaptureFixture[str]) -> Said:
    places = ("--run", run, "--bundle", bundle, "--out", out)
    return typed("benchmarks", "calibration", *places, *more, capsys=capsys)


def test_calibration_halves_the_photos_that_no_choice_was_made_on(
    run: Path, bundle: Path, small_data: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "deep" / "calibration.json"
    said = calibration(run, bundle, out, "--splits", 20, "--sensitivity", 0.8, "--confidence", 0.5, capsys=capfd)
    assert said.code == 0, said.err
    pool = np.concatenate([small_data.part(part) for part in (Part.CALIBRATION, Part.TEST)])
    assert f"{len(pool)} photos, {small_data.malignant(pool).sum()} cancers" in said.out
    assert out.with_suffix(".png").stat().st_size > 0
    promised, average = json.loads(out.read_text())["bounds"]
    assert (promised["promise"], average["promise"]) == (0.5, None)
    for bound in (promised, average):
        assert bound["target"] == 0.8
        kept = [split["pool_sensitivity"] >= 0.8 for split in bound["splits"]]
        assert len(kept) == 20
        assert bound["kept_on_the_pool"] == pytest.approx(np.mean(kept))
        assert 0 <= bound["predicted"] <= 1
    # What holds on average needs no margin: its threshold never lies below the one with a margin.
    assert all(a["low"] >= p["low"] for a, p in zip(average["splits"], promised["splits"], strict=True))


def test_calibration_is_the_same_for_the_same_seed(
    run: Path, bundle: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    paths = [tmp_path / name for name in ("one.json", "again.json", "other.json")]
    for path, seed in zip(paths, (1, 1, 2), strict=True):
        said = calibration(run, bundle, path, "--splits", 10, "--confidence", 0.5, "--seed", seed, capsys=capfd)
        assert said.code == 0, said.err
    one, again, other = (path.read_bytes() for path in paths)
    assert one == again
    assert one != other


def test_novelty_counts_every_photo_and_compares_five_scores(
    run: Path, bundle: Path, small_data: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "walls", tmp_path / "novelty.json"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(6):
        Image.fromarray(rng.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    Image.new("RGB", (SIZE, SIZE)).save(folder / "black.png")
    (folder / "broken.jpg").write_bytes(b"no photo")
    places = ("--run", run, "--bundle", bundle, "--photos", folder, "--out", out)
    said = typed("benchmarks", "novelty", *places, capsys=capfd)
    assert said.code == 0, said.err
    found = json.loads(out.read_text())
    (strange,) = found["strange"]
    assert (strange["name"], strange["unreadable"], sum(strange["tiers"].values())) == ("walls", 1, 7)
    assert strange["tiers"]["cannot assess"] >= 1  # the black one
    assert found["lesions"] == len(small_data.part(Part.TEST))
    assert len(found["compared"]) == 5
    assert sum("exported" in score["score"] for score in found["compared"]) == 1
    for score in found["compared"]:
        assert score["score"].split()[0] in said.out
        assert 0 <= score["rejected"] <= 1
        assert 0 <= score["noticed"]["walls"] <= 1
        assert score["auroc"]["walls"] > 0.5  # noise is stranger than unseen drawings by any of them


@pytest.mark.parametrize("command", ["calibration", "novelty"])
def test_a_run_or_bundle_that_is_none_is_one_line(
    command: str, run: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (photos := tmp_path / "photos").mkdir()
    more = ("--photos", photos) if command == "novelty" else ()
    for wrong in (("--run", tmp_path), ("--run", run, "--bundle", tmp_path / "none")):
        said = typed("benchmarks", command, *wrong, *more, "--out", tmp_path / "out.json", capsys=capfd)
        assert said.code == 1
        assert str(wrong[-1]) in said.error
    assert not (tmp_path / "out.json").exists()


@pytest.mark.slow
def test_latency_times_the_student_beside_its_file_and_then_asks_how_good_each_is(
    run: Path, bundle: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    draw(tmp_path / "photo.jpg", 0)
    places = ("--run", run, "--bundle", bundle, "--photo", tmp_path / "photo.jpg", "--out", tmp_path / "latency.json")
    said = typed("benchmarks", "latency", *places, "--repeats", 2, "--starts", 0, "--accuracy-photos", 10, capsys=capfd)
    assert said.code == 0, said.err
    found = Result.read(tmp_path / "latency.json")
    file, student = found.subjects
    assert (file.name, student.name) == ("onnx fp32", "pytorch fp32")
    assert tuple(student.samples.milliseconds) == ("model",)
    assert student.model.sha256 == sha256_of(run / "student.safetensors")
    for subject in (file, student):
        assert subject.accuracy is not None
        assert subject.accuracy.source == "measured"
        assert subject.accuracy.figures["photos"] == 10
    assert file.accuracy == student.accuracy, "one student's answers, as float and as file"


@pytest.mark.slow
def test_a_run_is_timed_as_the_reference_does_it_and_as_a_converter_makes_it(
    run: Path, bundle: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    draw(tmp_path / "photo.jpg", 0)
    out = tmp_path / "reference.json"
    places = ("--run", run, "--photo", tmp_path / "photo.jpg", "--out", out)
    other = typed("benchmarks", "reference", *places, "--repeats", 2, capsys=capfd)
    assert other.code == 1
    assert "the bundle's mobilenet" in other.error
    tell_architecture(bundle, SMALL_STUDENT)
    said = typed("benchmarks", "reference", *places, "--bundle", bundle, "--repeats", 2, "--warmup", 1, capsys=capfd)
    assert said.code == 0, said.err
    ours, reference, peer = Result.read(out).subjects
    assert (reference.engine.split()[0], peer.name) == ("torch", "onnxruntime defaults, onnx int8")
    assert reference.model.sha256 == sha256_of(run / "student.safetensors")
    assert peer.model.bytes < ours.model.bytes
    assert tuple(peer.samples.milliseconds) == tuple(reference.samples.milliseconds) == STAGES


def tell_architecture(bundle: Path, architecture: str) -> None:
    """What the tiny bundle's manifest does not know of its model."""
    write_manifest(bundle, replace(read_manifest(bundle), architecture=architecture))
