"""SavedModel and TensorFlow's own interpreter: what is said without TensorFlow, and what is answered with it."""

import importlib.util
import io
import json
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import export.saved_model.outputs as asked
from benchmarks.peers.converters import tf_converter_file
from distill.student import Student
from export.bundle.build import Built, ExportOptions, build_bundle
from export.bundle.check import check_bundle, second_opinions
from export.bundle.formats import FORMATS, SAVED_MODEL
from export.cli import main
from export.saved_model.package import labelled_saved_model, saved_model_metadata, unpacked
from export.verify.outputs import file_outputs
from export.verify.parity import GateError
from export.workshop.child import Cost, ExportError, Workshop
from export.workshop.zipped import zipped
from runtime.errors import EngineError
from teacher.data.dataset import Dataset

TENSORFLOW = importlib.util.find_spec("tensorflow") is not None
needs_tensorflow = pytest.mark.skipif(not TENSORFLOW, reason="needs the extra `tensorflow` (600 MB)")

SOUND = {"saved_model.pb": b"graph", "variables/variables.index": b"\0", "assets.extra/skintag.json": b'{"a": "b"}'}


@pytest.fixture
def _without_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "tensorflow" else find(name, *more)
    )


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["export", *words])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0)


@pytest.mark.usefixtures("_without_tensorflow")
@pytest.mark.parametrize("words", [("saved_model",), ("all", "--formats", "onnx,saved_model"), ("check",)])
def test_without_tensorflow_one_line_says_how_to_get_it(
    words: tuple[str, ...], built: Built, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    more = (str(built.folder), "--with", "tensorflow") if words == ("check",) else ("--run", "nowhere")
    assert run(monkeypatch, *words, *more) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "needs TensorFlow, which is not installed: pip install 'skintag-edge[tensorflow]'" in line


def test_formats_says_what_the_extra_brings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "formats") == 0
    assert SAVED_MODEL.file_name in capsys.readouterr().out
    assert SAVED_MODEL not in FORMATS, "nobody gets it, or needs TensorFlow, who does not ask"


def test_a_package_is_what_went_in() -> None:
    data = zipped(SOUND)
    assert unpacked(data) == SOUND
    assert zipped(unpacked(data)) == data
    said = saved_model_metadata(labelled_saved_model(data, precision="fp32"))
    assert said == {"a": "b", "precision": "fp32"}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"other": b""}, "no saved_model.pb"),
        ({**SOUND, "../outside": b""}, "would lie outside"),
        ({**SOUND, "/etc/outside": b""}, "would lie outside"),
    ],
)
def test_a_zip_that_is_no_saved_model_is_refused(files: Mapping[str, bytes], said: str) -> None:
    with pytest.raises(EngineError, match=said):
        unpacked(zipped(files))


@pytest.mark.parametrize("said", [b"", b"[]", b"\xff"])
def test_a_package_that_says_nothing_is_refused(said: bytes) -> None:
    with pytest.raises(EngineError, match=r"nothing readable in assets\.extra"):
        saved_model_metadata(zipped({**SOUND, "assets.extra/skintag.json": said}))


def test_bytes_that_are_no_zip_are_refused() -> None:
    for data in (b"", b"PK\3\4", zipped(SOUND)[:-40]):
        with pytest.raises(EngineError, match="damaged or no zip"):
            unpacked(data)


def stand_in(monkeypatch: pytest.MonkeyPatch, built: Built, *, moved: float) -> None:
    """A TensorFlow that converts to whatever and answers as ONNX FP32 does, malignancy moved."""
    fp32 = next(file for file in built.files if file.label == "onnx fp32")
    kind = next(kind for kind in FORMATS if kind.label == "onnx fp32")

    def work(_: Workshop, task: str, files: Mapping[str, bytes]) -> tuple[bytes, Cost]:
        if task == "saved-model":
            said = {**SOUND, "assets.extra/skintag.json": files["metadata.json"]}
            return zipped(said), Cost()
        found = kind.outputs(fp32.data, list(np.load(io.BytesIO(files["photos.npy"]))))
        malignancy = np.clip(found.malignancy + moved, 0, 1)
        stream = io.BytesIO()
        np.save(stream, np.column_stack([malignancy, found.conditions, found.novelty]))
        return stream.getvalue(), Cost()

    monkeypatch.setattr(asked, "require_tensorflow", lambda what: None)
    monkeypatch.setattr("export.bundle.formats.require_tensorflow", lambda what: None)
    monkeypatch.setattr("export.bundle.build.toolchain", lambda *packages: dict.fromkeys(packages, "1"))
    monkeypatch.setattr(Workshop, "run", work)


def test_a_saved_model_is_judged_and_told_like_every_file(
    built: Built,
    student: Student,
    photos: Dataset,
    options: ExportOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only = replace(options, formats=(SAVED_MODEL,))
    stand_in(monkeypatch, built, moved=0.0)
    made = build_bundle(student, photos, out=tmp_path / "sound", options=only)
    (entry,) = made.manifest.files
    assert (entry.name, entry.format, entry.precision) == (SAVED_MODEL.file_name, "saved_model", "fp32")
    assert entry.parity["tier_agreement"] == 1.0
    assert entry.operating_points.calibrated
    assert "tensorflow" in made.manifest.toolchain
    assert [checked.file.name for checked in check_bundle(made.folder)[1]] == [SAVED_MODEL.file_name]
    stand_in(monkeypatch, built, moved=0.3)
    with pytest.raises(GateError, match="saved_model fp32 fails its gate"):
        build_bundle(student, photos, out=tmp_path / "moved", options=only)
    assert not (tmp_path / "moved").exists()


def test_a_bundle_without_tflite_has_no_second_opinion(
    built: Built, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    stand_in(monkeypatch, built, moved=0.0)
    monkeypatch.setattr("export.cli.require_tensorflow", lambda what: None)
    assert run(monkeypatch, "check", str(built.folder), "--with", "tensorflow") == 1
    assert "holds no TFLite file" in capfd.readouterr().err


def test_what_tensorflow_stumbles_over_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def work(_: Workshop, task: str, files: Mapping[str, bytes]) -> Any:
        raise ExportError(f"{task} failed", log=("first", "KeyError: 'serving_default'"))

    monkeypatch.setattr(asked, "require_tensorflow", lambda what: None)
    monkeypatch.setattr(Workshop, "run", work)
    with pytest.raises(EngineError, match=r"TensorFlow does not run it \(KeyError: 'serving_default'\)"):
        SAVED_MODEL.outputs(zipped(SOUND), [np.zeros((64, 64, 3), np.uint8)])


@pytest.mark.slow
@needs_tensorflow
def test_with_tensorflow_both_kinds_of_file_pass_their_gates(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    """One export: a SavedModel with the bundle's interface, and TFLite that both interpreters answer alike."""
    kinds = (SAVED_MODEL, *(kind for kind in FORMATS if kind.label == "tflite fp32"))
    made = build_bundle(student, photos, out=tmp_path / "both", options=replace(options, formats=kinds))
    saved = made.files[0]
    assert saved.entry.parity["malignancy_max_difference"] < 1e-4
    said = saved_model_metadata(saved.data)
    assert (said["model_id"], said["precision"]) == (made.manifest.model_id, "fp32")
    (opinion,) = second_opinions(made.folder, judge=made.judge)
    assert opinion.malignancy < 1e-4
    assert opinion.parity is not None
    assert opinion.parity["tier_agreement"] == 1.0
    with zipfile.ZipFile(made.folder / SAVED_MODEL.file_name) as archive:
        archive.extractall(tmp_path / "served" / "1")
    assert json.loads((tmp_path / "served" / "1" / "assets.extra" / "skintag.json").read_text())["model_id"]


@pytest.mark.slow
@needs_tensorflow
def test_the_other_backend_answers_as_the_direct_one(built: Built, photos: Dataset) -> None:
    fp32 = next(file.data for file in built.files if file.label == "onnx fp32")
    made, outputs_of = tf_converter_file(fp32)
    squares = [photos.square(index) for index in range(8)]
    found, wanted = outputs_of(made.data, squares), file_outputs(fp32, squares)
    assert np.abs(found.malignancy - wanted.malignancy).max() < 1e-4
    assert np.abs(found.conditions - wanted.conditions).max() < 1e-4
