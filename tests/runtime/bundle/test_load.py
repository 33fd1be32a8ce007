"""Bundles: what is written is read back, and nothing damaged or foreign is accepted."""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plugin_bundles import MakeBundle, manifest

from runtime.bundle import load as bundles
from runtime.bundle.json_fields import dump
from runtime.bundle.load import (
    Calibration,
    Figure,
    Frames,
    GroupAssurance,
    Manifest,
    OperatingPoints,
    PredictionSets,
    load_bundle,
    read_manifest,
    write_manifest,
)
from runtime.cli import main
from runtime.errors import BundleError

FIGURE = Figure(value=0.9, low=0.85, high=0.93, n=1000)


def full_manifest() -> Manifest:
    """A manifest with every optional field filled."""
    points = OperatingPoints(
        low=0.11,
        high=0.57,
        calibrated=True,
        target_sensitivity=0.95,
        target_specificity=0.9,
        sensitivity_at_low=FIGURE,
        specificity_at_high=FIGURE,
        method="the third smallest score",
        confidence=0.95,
        groups=(
            GroupAssurance(group="V-VI", assured=True, cancers=80, sensitivity_at_low=FIGURE),
            GroupAssurance(group="unknown", assured=False, cancers=0),
        ),
        domains=(GroupAssurance(group="smartphone", assured=False, cancers=12, sensitivity_at_low=FIGURE),),
    )
    plain = manifest(b"model", points=points, novelty_threshold=3.5)
    file = replace(
        plain.files[0],
        recipe="all-u8",
        determinism="chosen by latency",
        calibration=Calibration(part="calibration", n=900, malignancy_temperature=1.3, conditions_temperature=0.9),
        metrics={"malignancy_auc": FIGURE},
        parity={"malignancy_max": 1e-5},
        novelty_rejection=0.03,
        prediction_sets=PredictionSets(threshold=0.08, target_coverage=0.9, n=900),
    )
    return replace(plain, files=(file,), incomplete=("tflite int8",), toolchain={"onnxruntime": "1.26.0"})


def resealed(change: Callable[[dict[str, Any]], object]) -> str:
    """The full manifest after a change by someone who also renewed the checksum."""
    content = json.loads(full_manifest().to_json())
    del content["checksum"]
    change(content)
    return dump({**content, "checksum": hashlib.sha256(dump(content).encode()).hexdigest()})


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    for written in (full_manifest(), manifest(b"model", points=OperatingPoints())):
        write_manifest(tmp_path, written)
        assert read_manifest(tmp_path) == written
        assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def as_version_2(content: dict[str, Any]) -> None:
    content["schema_version"] = 2
    for file in content["files"]:
        del file["novelty_rejection"], file["prediction_sets"]
        del (
            file["operating_points"]["method"],
            file["operating_points"]["confidence"],
            file["operating_points"]["groups"],
            file["operating_points"]["domains"],
        )


def test_frames_are_written_only_where_there_are_several(tmp_path: Path) -> None:
    plain = full_manifest()
    assert '"frames"' not in plain.to_json()
    assert Manifest.from_json(plain.to_json()).frames == Frames()
    several = replace(plain, frames=Frames(count=4, side=32))
    write_manifest(tmp_path, several)
    assert read_manifest(tmp_path) == several
    assert json.loads(several.to_json())["frames"] == {"count": 4, "side": 32}


@pytest.mark.parametrize(
    "frames",
    [
        {"count": 1, "side": 32},
        {"count": 4},
        {"count": 4, "side": None},
        {"count": 4, "side": 4096},
        {"count": "4", "side": 32},
        {"count": 4, "side": 32, "more": 1},
        4,
        None,
    ],
)
def test_frames_that_make_no_sense_are_refused(frames: object) -> None:
    with pytest.raises(BundleError, match="frames"):
        Manifest.from_json(resealed(lambda content: content.update(frames=frames)))


def test_the_version_before_is_read_with_nothing_assured() -> None:
    old = Manifest.from_json(resealed(as_version_2))
    (file,) = old.files
    assert (file.operating_points.low, file.operating_points.calibrated) == (0.11, True)
    assert (file.operating_points.confidence, file.operating_points.groups, file.prediction_sets) == (None, (), None)


@pytest.mark.parametrize(
    ("version", "words"),
    [(4, "newer than this program (this program reads 2 to 3); update the program"), (1, "too old"), (0, "integer")],
)
def test_other_versions_say_which_side_to_update(version: int, words: str) -> None:
    with pytest.raises(BundleError, match=re.escape(words)):
        Manifest.from_json(resealed(lambda content: content.update(schema_version=version)))


def test_a_version_3_manifest_may_leave_nothing_out() -> None:
    def forgetful(content: dict[str, Any]) -> None:
        del content["files"][0]["operating_points"]["groups"]

    with pytest.raises(BundleError, match="'groups' is missing"):
        Manifest.from_json(resealed(forgetful))


def test_numpy_numbers_can_be_written() -> None:
    figure = Figure(value=np.float32(0.5), low=np.float64(0.4), high=np.float64(0.6), n=np.int64(3))  # type: ignore[arg-type]
    plain = full_manifest()
    text = replace(plain, files=(replace(plain.files[0], metrics={"auc": figure}),)).to_json()
    assert Manifest.from_json(text).files[0].metrics["auc"] == Figure(value=0.5, low=0.4, high=0.6, n=3)


def test_a_number_that_is_not_finite_is_not_written(tmp_path: Path) -> None:
    plain = full_manifest()
    broken = replace(plain.files[0], metrics={"auc": replace(FIGURE, value=float("nan"))})
    with pytest.raises(BundleError, match="not finite"):
        write_manifest(tmp_path, replace(plain, files=(broken,)))
    assert list(tmp_path.iterdir()) == []


def test_windows_line_ends_are_no_damage() -> None:
    text = full_manifest().to_json()
    assert Manifest.from_json(text.replace("\n", "\r\n")) == full_manifest()


def test_one_flipped_byte_anywhere_in_the_manifest_is_refused(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, manifest(b"model", points=OperatingPoints()))
    sound = path.read_bytes()
    for at in range(len(sound)):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ (1 << at % 8)]) + sound[at + 1 :])
        with pytest.raises(BundleError):
            read_manifest(tmp_path)


def test_one_flipped_byte_in_a_model_file_is_refused(tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path)
    path = bundle / "model.fp32.onnx"
    sound = path.read_bytes()
    assert load_bundle(bundle).model == sound
    for at in range(0, len(sound), 7):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x01]) + sound[at + 1 :])
        with pytest.raises(BundleError, match=r"model\.fp32\.onnx: damaged"):
            load_bundle(bundle)


def test_damage_in_a_file_that_would_not_run_is_refused_too(tmp_path: Path) -> None:
    plain = full_manifest()
    other = replace(plain.files[0], name="model.int8.onnx", precision="int8")
    write_manifest(tmp_path, replace(plain, files=(plain.files[0], other)))
    (tmp_path / "model.fp32.onnx").write_bytes(b"model")
    (tmp_path / "model.int8.onnx").write_bytes(b"model")
    assert load_bundle(tmp_path, file="model.int8.onnx").file == other
    assert load_bundle(tmp_path).file == plain.files[0]
    (tmp_path / "model.int8.onnx").write_bytes(b"mOdel")
    with pytest.raises(BundleError, match=r"model\.int8\.onnx: damaged"):
        load_bundle(tmp_path, file="model.fp32.onnx")


@pytest.mark.parametrize("content", [b"", b"model and more", b"mode"])
def test_a_model_file_of_another_length_is_refused(content: bytes, tmp_path: Path) -> None:
    write_manifest(tmp_path, full_manifest())
    (tmp_path / "model.fp32.onnx").write_bytes(content)
    with pytest.raises(BundleError, match="damaged"):
        load_bundle(tmp_path)


def test_missing_pieces_are_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="not a bundle folder"):
        load_bundle(tmp_path)
    write_manifest(tmp_path, full_manifest())
    with pytest.raises(BundleError, match=r"model\.fp32\.onnx: missing"):
        load_bundle(tmp_path)
    with pytest.raises(BundleError, match=r"no ONNX file 'other\.onnx'"):
        load_bundle(tmp_path, file="other.onnx")
    (tmp_path / "model.fp32.onnx").mkdir()
    with pytest.raises(BundleError, match="not a regular file"):
        load_bundle(tmp_path)


def test_without_a_bundle_inside_the_package_one_line_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bundles, "DEFAULT_BUNDLE", tmp_path / "default_bundle")
    assert main(["photo.jpg"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: no model inside this installation")
    assert "--bundle" in captured.err
    assert len(captured.err.splitlines()) == 1


def set_in(*keys: str | int, to: object) -> Callable[[dict[str, Any]], object]:
    def change(content: dict[str, Any]) -> None:
        inner: Any = content
        for key in keys[:-1]:
            inner = inner[key]
        inner[keys[-1]] = to

    return change


POINTS = ("files", 0, "operating_points")
SCHEMA_ERRORS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "newer schema": (set_in("schema_version", to=4), "schema version 4"),
    "schema as text": (set_in("schema_version", to="1"), "schema_version"),
    "missing model id": (lambda content: content.pop("model_id"), "'model_id' is missing"),
    "empty model id": (set_in("model_id", to=" "), "model_id"),
    "unknown key": (set_in("treshold", to=0.5), "unknown 'treshold'"),
    "unknown key inside": (set_in(*POINTS, "hihg", to=0.5), "unknown 'hihg'"),
    "conditions in another order": (lambda content: content["conditions"].reverse(), "in this order"),
    "nine conditions": (lambda content: content["conditions"].pop(), "in this order"),
    "low above high": (set_in(*POINTS, "low", to=0.9), "above"),
    "low below zero": (set_in(*POINTS, "low", to=-0.1), "'low'"),
    "high above one": (set_in(*POINTS, "high", to=1.5), "'high'"),
    "high as text": (set_in(*POINTS, "high", to="0.6"), "'high'"),
    "high as a boolean": (set_in(*POINTS, "high", to=True), "'high'"),
    "huge integer": (set_in("files", 0, "novelty_threshold", to=10**400), "novelty_threshold"),
    "calibrated as a number": (set_in(*POINTS, "calibrated", to=1), "calibrated"),
    "no operating points": (set_in(*POINTS, to=None), "operating_points"),
    "no files": (set_in("files", to=[]), "at least one file"),
    "the same file twice": (lambda content: content["files"].append(content["files"][0]), "none twice"),
    "files as an object": (set_in("files", to={}), "must be a list"),
    "path out of the bundle": (set_in("files", 0, "name", to="../model.onnx"), "plain file name"),
    "absolute path": (set_in("files", 0, "name", to="/model.onnx"), "plain file name"),
    "short sha256": (set_in("files", 0, "sha256", to="abc"), "64 hexadecimal"),
    "unknown format": (set_in("files", 0, "format", to="pickle"), "must be one of onnx"),
    "negative size": (set_in("files", 0, "bytes", to=-1), "'bytes'"),
    "other colour order": (set_in("input", "colour", to="BGR"), "must be one of RGB"),
    "not square": (set_in("input", "width", to=128), "not square"),
    "figure without n": (lambda content: content["files"][0]["metrics"]["malignancy_auc"].pop("n"), "'n' is missing"),
    "temperature zero": (set_in("files", 0, "calibration", "malignancy_temperature", to=0), "malignancy_temperature"),
    "training data as text": (set_in("training_data", to="HAM10000"), "must be a list"),
}


@pytest.mark.parametrize("name", SCHEMA_ERRORS)
def test_a_manifest_against_the_schema_is_refused(name: str) -> None:
    change, complaint = SCHEMA_ERRORS[name]
    with pytest.raises(BundleError, match=complaint) as caught:
        Manifest.from_json(resealed(change))
    assert str(caught.value).isprintable()


def test_resealing_an_unchanged_manifest_is_accepted() -> None:
    """Proves that the schema tests above fail for their change and not for their checksum."""
    assert Manifest.from_json(resealed(lambda content: None)) == full_manifest()


def test_an_edit_without_a_new_checksum_is_refused() -> None:
    text = full_manifest().to_json().replace('"low": 0.11', '"low": 0.51')
    with pytest.raises(BundleError, match="checksum"):
        Manifest.from_json(text)


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 100_000, '{"schema_version": NaN}', '{"a": 1, "a": 1}', "9" * 5000],
    ids=["empty", "open", "list", "null", "deep", "NaN", "twice", "long"],
)
def test_what_is_no_manifest_at_all_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(BundleError):
        read_manifest(tmp_path)


def test_a_manifest_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BundleError, match="UTF-8"):
        read_manifest(tmp_path)


@pytest.mark.parametrize(
    ("low", "high"), [(float("nan"), 0.6), (0.3, float("nan")), (0.7, 0.6), (-0.1, 0.5), (0.1, 1.1)]
)
def test_operating_points_that_make_no_sense_cannot_exist(low: float, high: float) -> None:
    with pytest.raises(BundleError):
        OperatingPoints(low=low, high=high)
