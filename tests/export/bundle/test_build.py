"""`build_bundle`: what is written, that it is what the student says, and that nothing else is ever written."""

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from distill.student import Student
from export.bundle.build import Built, ExportOptions, build_bundle
from export.bundle.context import Context, ModelFormat
from export.bundle.formats import FORMATS, write_onnx_fp32, write_onnx_int8
from export.onnx_file.convert import IR_VERSION, OPSET, retuned
from export.onnx_file.module import Temperatures
from export.verify.model_file import Written
from export.verify.parity import LIMITS, GateError
from export.workshop.child import ExportError
from runtime.bundle.load import load_bundle, sha256_of
from runtime.conditions import CONDITIONS
from teacher.data.dataset import Dataset
from teacher.data.splits import Part

FP32 = next(kind for kind in FORMATS if kind.label == "onnx fp32")
INT8 = next(kind for kind in FORMATS if kind.label == "onnx int8")
Damage = Callable[[onnx.ModelProto, Context], None]


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder, empty."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def written_in(folder: Path) -> list[str]:
    """What stands there, hidden or not."""
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("name", ["model.int8.onnx", "model.fp32.onnx"])
def test_every_file_has_the_one_interface(built: Built, name: str) -> None:
    session = onnxruntime.InferenceSession(built.folder / name)
    assert [(i.name, i.type, i.shape) for i in session.get_inputs()] == [("image", "tensor(uint8)", [1, 64, 64, 3])]
    assert {(o.name, o.type, tuple(o.shape)) for o in session.get_outputs()} == {
        ("malignancy", "tensor(float)", (1,)),
        ("conditions", "tensor(float)", (1, 10)),
        ("novelty", "tensor(float)", (1,)),
    }


def test_fp32_answers_as_the_student_does(built: Built, student: Student, photos: Dataset) -> None:
    """The reference is written out here: (x / 255 - mean) / std, heads, temperature, sigmoid and softmax."""
    session = onnxruntime.InferenceSession(built.folder / "model.fp32.onnx")
    calibration = next(file.calibration for file in built.manifest.files if file.precision == "fp32")
    assert calibration is not None
    mean, std = np.array(student.spec.mean), np.array(student.spec.std)
    for index in photos.part(Part.TEST)[:5]:
        pixels = photos.square(int(index))
        normalised = torch.from_numpy(((pixels / 255 - mean) / std).transpose(2, 0, 1)).float()[None]
        with torch.inference_mode():
            answer = student.eval()(normalised)
        malignancy = torch.sigmoid(answer.malignancy / calibration.malignancy_temperature).numpy()
        conditions = torch.softmax(answer.conditions / calibration.conditions_temperature, dim=1).numpy()
        got = session.run(["malignancy", "conditions"], {"image": pixels[None]})
        np.testing.assert_allclose(got[0], malignancy, atol=1e-4)
        np.testing.assert_allclose(got[1], conditions, atol=1e-4)


def test_manifest_is_what_lies_there(built: Built) -> None:
    bundle = load_bundle(built.folder)
    assert bundle.manifest == built.manifest
    assert [(file.format, file.precision) for file in bundle.manifest.files] == [("onnx", "int8"), ("onnx", "fp32")]
    for file in bundle.manifest.files:
        assert file.sha256 == sha256_of(built.folder / file.name)
        assert file.bytes == (built.folder / file.name).stat().st_size
        assert file.operating_points.calibrated
        assert file.novelty_threshold is not None
        assert file.metrics["malignancy_auc"].n == 60


def test_the_student_learnt_something(built: Built) -> None:
    """Without it, agreement and AUC limits would hold for a model that always says the same."""
    for file in built.manifest.files:
        assert file.metrics["malignancy_auc"].value > 0.9


def test_int8_is_quantised_and_small(built: Built) -> None:
    model = onnx.load(built.folder / "model.int8.onnx")
    kinds = {tensor.name: tensor.data_type for tensor in model.graph.initializer}
    producers = {name: node for node in model.graph.node for name in node.output}
    convolutions = [node for node in model.graph.node if node.op_type == "Conv"]
    dequantised = [producers[node.input[1]] for node in convolutions if node.input[1] in producers]
    assert len(dequantised) > len(convolutions) / 2
    assert {kinds[node.input[0]] for node in dequantised} == {onnx.TensorProto.INT8}
    sizes = {file.precision: file.bytes for file in built.manifest.files}
    assert sizes["int8"] < 0.7 * sizes["fp32"]
    assert {tensor.op_type for tensor in model.graph.node} >= {"QuantizeLinear", "DequantizeLinear"}


@pytest.mark.parametrize("name", ["model.int8.onnx", "model.fp32.onnx"])
def test_a_file_without_its_manifest_says_what_it_is(built: Built, name: str) -> None:
    model = onnx.load(built.folder / name)
    inside = {entry.key: entry.value for entry in model.metadata_props}
    assert inside["model_id"] == built.manifest.model_id
    assert inside["conditions"].split(",") == list(CONDITIONS)
    assert inside["licence"] == built.manifest.licence
    assert "synthetic" in inside["licence"]
    assert inside["precision"] == name.split(".")[1]
    assert (model.opset_import[0].version, model.ir_version) == (OPSET, IR_VERSION)


def test_no_path_of_the_machine_is_in_any_file(built: Built) -> None:
    for path in built.folder.iterdir():
        content = path.read_bytes()
        for trace in (str(Path.cwd()).encode(), b"site-packages", b"stack_trace"):
            assert trace not in content, (path.name, trace)


def test_the_report_has_the_figures_and_its_picture(built: Built) -> None:
    text = (built.folder / "report.md").read_text(encoding="utf-8")
    for file in built.manifest.files:
        assert f"{file.metrics['malignancy_auc'].value:.3f}" in text
    assert "How the files were made" in text
    assert "Recipes tried for onnx int8" in text
    for name in ("agreement.png", "examples.png"):
        assert name in text
        assert (built.folder / name).read_bytes().startswith(b"\x89PNG")


def test_no_photo_is_shown_where_none_may_be(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    quick = replace(options, formats=(FP32,), examples=False)
    folder = build_bundle(student, photos, out=tmp_path / "plain", options=quick).folder
    assert {path.name for path in folder.iterdir()} == {
        "manifest.json",
        "model.fp32.onnx",
        "report.md",
        "agreement.png",
        "calibration.md",
        "calibration.png",
    }
    assert "examples" not in (folder / "report.md").read_text(encoding="utf-8").lower()


def test_exporting_again_gives_the_same_bytes(
    built: Built, student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    again = build_bundle(student, photos, out=tmp_path / "again", options=options)
    for path in built.folder.iterdir():
        if path.name != "report.md":  # it tells seconds and memory
            assert (again.folder / path.name).read_bytes() == path.read_bytes(), path.name


def test_a_bundle_is_replaced_and_no_other_folder_is(
    built: Built, student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    quick = replace(options, formats=(FP32,))
    out = tmp_path / "name"
    build_bundle(student, photos, out=out, options=quick)
    (out / "stale.txt").write_text("of the old bundle")
    build_bundle(student, photos, out=out, options=quick)
    assert not (out / "stale.txt").exists()
    assert written_in(tmp_path) == ["name"]
    foreign = tmp_path / "holiday"
    foreign.mkdir()
    (foreign / "photo.jpg").write_bytes(b"mine")
    with pytest.raises(ExportError, match="not a bundle"):
        build_bundle(student, photos, out=foreign, options=quick)
    assert (foreign / "photo.jpg").read_bytes() == b"mine"


def _changed(write_first: ModelFormat, change: Damage) -> ModelFormat:
    """A format whose writer is the real one with damage done to the model."""

    def write(context: Context) -> Written:
        written = write_first.write(context)

        def changed(data: bytes) -> bytes:
            model = onnx.ModelProto.FromString(data)
            change(model, context)
            return model.SerializeToString()

        return replace(written, data=changed(written.data), retune=lambda t: changed(written.retune(t)))

    return replace(write_first, write=write)


def _initializer(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    return next(tensor for tensor in model.graph.initializer if tensor.name == name)


def _set(tensor: onnx.TensorProto, array: np.ndarray) -> None:
    tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), tensor.name))


def _head(model: onnx.ModelProto) -> onnx.NodeProto:
    """The layer of the ten conditions."""
    for node in model.graph.node:
        if node.op_type == "Gemm" and _initializer(model, node.input[1]).dims[0] == len(CONDITIONS):
            return node
    raise AssertionError("no layer with ten outputs")


def swap_two_conditions(model: onnx.ModelProto, _: Context) -> None:
    order = [1, 0, *range(2, len(CONDITIONS))]
    for name in _head(model).input[1:]:
        tensor = _initializer(model, name)
        _set(tensor, numpy_helper.to_array(tensor)[order])


def drop_the_temperatures(model: onnx.ModelProto, _: Context) -> None:
    model.CopyFrom(retuned(model, Temperatures()))


def damage_a_scale(model: onnx.ModelProto, _: Context) -> None:
    """The scale of the last convolution's input, thirty times too large."""
    convolution = [node for node in model.graph.node if node.op_type == "Conv"][-1]
    producer = next(node for node in model.graph.node if convolution.input[0] in node.output)
    scale = _initializer(model, producer.input[1])
    _set(scale, numpy_helper.to_array(scale) * 30)


@pytest.mark.parametrize(
    ("kind", "damage", "words"),
    [
        (FP32, swap_two_conditions, ("onnx fp32", "conditions_max_difference", "at most 0.001")),
        (INT8, swap_two_conditions, ("onnx int8", "conditions_out_of_order 2", "at most 0")),
        (FP32, drop_the_temperatures, ("onnx fp32", "malignancy_max_difference", "at most 0.001")),
        (INT8, damage_a_scale, ("onnx int8", "at least")),
    ],
)
def test_a_damaged_file_is_refused(
    kind: ModelFormat,
    damage: Damage,
    words: tuple[str, ...],
    student: Student,
    photos: Dataset,
    options: ExportOptions,
    tmp_path: Path,
) -> None:
    broken = replace(options, formats=(_changed(kind, damage),))
    with pytest.raises(GateError) as caught:
        build_bundle(student, photos, out=tmp_path / "refused", options=broken)
    for word in (*words, "60 validation photos", "No bundle was written"):
        assert word in str(caught.value)
    assert written_in(tmp_path) == []


def test_int8_without_range_calibration_is_refused(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    """Ranges taken from one photo of the mean colour, which normalisation makes zero, say nothing about lesions."""

    def write(context: Context) -> Written:
        blind = replace(context, range_photos=[np.full((64, 64, 3), (124, 116, 104), np.uint8)])
        return write_onnx_int8(blind)

    blind_options = replace(options, formats=(replace(INT8, write=write),))
    with pytest.raises(GateError, match="onnx int8 fails its gate"):
        build_bundle(student, photos, out=tmp_path / "refused", options=blind_options)
    assert written_in(tmp_path) == []


def test_nan_and_oversize_files_are_refused(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    def poison(model: onnx.ModelProto, _: Context) -> None:
        name = _head(model).input[2]
        _set(_initializer(model, name), np.full(len(CONDITIONS), np.nan, np.float32))

    for kind, words in (
        (_changed(FP32, poison), "not a probability"),
        (replace(FP32, max_bytes=1000), "at most 1,000"),
    ):
        with pytest.raises(GateError, match=words):
            build_bundle(student, photos, out=tmp_path / "refused", options=replace(options, formats=(kind,)))
    assert written_in(tmp_path) == []


def test_a_refusal_leaves_the_old_bundle_alone(
    built: Built, student: Student, photos: Dataset, options: ExportOptions
) -> None:
    before = {path.name: path.read_bytes() for path in built.folder.iterdir()}
    strict = {**LIMITS, "fp32": replace(LIMITS["fp32"], malignancy_max_difference=-1.0)}
    with pytest.raises(GateError, match="malignancy_max_difference"):
        build_bundle(student, photos, out=built.folder, options=replace(options, formats=(FP32,), limits=strict))
    assert {path.name: path.read_bytes() for path in built.folder.iterdir()} == before
    assert written_in(built.folder.parent) == [built.folder.name]


def chatty_failure(_: Context) -> Written:
    print("chatter of the converter")
    raise ValueError("operator not supported")


def test_a_failing_converter_is_named_with_its_last_words(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path, temporary: Path
) -> None:
    """Its whole log is kept where the error says; nothing else is left anywhere."""
    broken = replace(options, formats=(replace(FP32, write=chatty_failure),))
    with pytest.raises(ExportError, match="Converting to onnx fp32 failed: ValueError: operator not") as caught:
        build_bundle(student, photos, out=tmp_path / "refused", options=broken)
    assert caught.value.log[-1] == "chatter of the converter"
    assert written_in(tmp_path) == []
    (kept,) = temporary.iterdir()
    assert f"(whole output: {kept})" in str(caught.value)
    assert "chatter of the converter" in kept.read_text()


def test_an_incomplete_bundle_carries_no_path_of_this_machine(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path, temporary: Path
) -> None:
    """The command's last words name the kept log; the report that travels does not."""
    broken = replace(INT8, write=chatty_failure)
    out = tmp_path / "some"
    made = build_bundle(student, photos, out=out, options=replace(options, formats=(broken, FP32), keep_going=True))
    assert str(temporary) in made.failures["onnx int8"]
    report = (out / "report.md").read_text(encoding="utf-8")
    assert "Incomplete" in report
    assert "operator not supported" in report
    assert str(temporary) not in report
    assert written_in(tmp_path) == ["some"]


@pytest.mark.parametrize("ending", [KeyboardInterrupt, SystemExit])
def test_nothing_is_left_of_an_export_that_is_stopped(
    student: Student,
    photos: Dataset,
    options: ExportOptions,
    tmp_path: Path,
    temporary: Path,
    ending: type[BaseException],
) -> None:
    def write(context: Context) -> Written:
        (context.workshop.folder / "half a model").write_bytes(bytes(1000))
        raise ending

    stopped = replace(options, formats=(replace(FP32, write=write),))
    with pytest.raises(ending):
        build_bundle(student, photos, out=tmp_path / "bundles" / "stopped", options=stopped)
    assert written_in(tmp_path / "bundles") == []
    assert written_in(temporary) == []


def test_a_place_that_cannot_be_written_is_said_before_the_work(
    student: Student, photos: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ExportError, match=r"file/x: cannot be written"):
        build_bundle(student, photos, out=tmp_path / "file" / "x", options=ExportOptions(formats=()))


def test_too_few_cancers_leave_the_defaults_and_say_so(
    make_drawings: Callable[..., Dataset],
    student: Student,
    options: ExportOptions,
    tmp_path: Path,
) -> None:
    few = make_drawings({Part.TRAIN: 40, Part.CALIBRATION: 30, Part.VALIDATION: 20, Part.TEST: 20})
    quick = replace(options, formats=(FP32,))
    manifest = build_bundle(student, few, out=tmp_path / "few", options=quick).manifest
    points = manifest.files[0].operating_points
    assert (points.low, points.high, points.calibrated) == (0.3, 0.6, False)
    assert manifest.files[0].calibration is None
    assert "not calibrated" in (tmp_path / "few" / "report.md").read_text(encoding="utf-8")


def test_a_missing_part_is_refused(make_drawings: Callable[..., Dataset], student: Student, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no photos in the parts test"):
        build_bundle(
            student, make_drawings({Part.TRAIN: 4, Part.CALIBRATION: 4, Part.VALIDATION: 4}), out=tmp_path / "x"
        )
    assert written_in(tmp_path) == []


def test_the_manifest_is_json_of_the_contract(built: Built) -> None:
    content = json.loads((built.folder / "manifest.json").read_text(encoding="utf-8"))
    assert content["schema_version"] == 3
    assert content["input"]["layout"] == "NHWC"
    assert [file["calibration"]["part"] for file in content["files"]] == ["calibration"] * 2
    assert content["incomplete"] == []
    digests = [hashlib.sha256((built.folder / file["name"]).read_bytes()).hexdigest() for file in content["files"]]
    assert [file["sha256"] for file in content["files"]] == digests


def test_writers_are_the_ones_listed() -> None:
    assert (INT8.write, FP32.write) == (write_onnx_int8, write_onnx_fp32)
