"""TFLite files: what they answer against PyTorch, what stands in them in 8 bit, and what is refused.

The converters work in child processes, as they do in an export, that can open no connection and start no process.
"""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from distill.student import Student
from export.int8.sensitivity import onnx_tensors
from export.onnx_file.convert import to_onnx
from export.onnx_file.module import EdgeModule, PhotoStudent, Temperatures, feature_statistics
from export.onnx_file.trunk import activation_keys as onnx_keys
from export.tflite.chain import activation_keys, chain_of
from export.tflite.convert import tflite_outputs, tflite_runnable, tflite_tensors
from export.tflite.model import (
    ALIGNMENT,
    Operator,
    constant,
    labelled_tflite,
    operators,
    read_model,
    retuned_tflite,
    tflite_metadata,
    write_model,
)
from export.tflite.quantize import TFLITE_RECIPES, quantise_tflite
from export.verify.damage import snr_db
from export.verify.outputs import Outputs, module_outputs, student_answers
from runtime.conditions import CONDITIONS
from runtime.errors import EngineError
from teacher.data.dataset import Dataset
from teacher.data.splits import Part

METADATA = {"model_id": "drawn-1", "licence": "CC BY-NC 4.0", "conditions": ",".join(CONDITIONS)}
TEMPERATURES = Temperatures(malignancy=1.3, conditions=1.0)  # 1: a factor that a converter could drop
CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")
CHANNELS = {"CONV_2D": 0, "DEPTHWISE_CONV_2D": 3}
"""Axis of a weight that counts the output's channels."""

CONVERT = """
import json, socket, subprocess, sys
from pathlib import Path
import numpy as np, onnx, torch
from export.tflite.convert import to_tflite
from export.tflite.chain import activation_keys
from export.tflite.quantize import TFLITE_RECIPES, quantise_tflite

def refuse(*args, **options):
    raise RuntimeError("a connection or a process of the converter's own")

socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
subprocess.Popen.__init__ = refuse
folder = Path(sys.argv[1])
photos = list(np.load(folder / "photos.npy"))
fp32 = to_tflite(onnx.load(folder / "model.onnx"), metadata=json.loads(sys.argv[2]), work=folder / "work")
keys = dict.fromkeys(activation_keys(fp32).values())
given = {key: (-1 - place / 64, 2 + place / 32) for place, key in enumerate(keys)}
recipes = {recipe.name: recipe for recipe in TFLITE_RECIPES}
files = {
    "fp32": fp32,
    "int8": quantise_tflite(fp32, photos),
    "float4": quantise_tflite(fp32, photos, recipe=recipes["float4-s8"]),
    "given": quantise_tflite(fp32, ranges=given),
}
for name, data in files.items():
    (folder / name).write_bytes(data)
(folder / "given.json").write_text(json.dumps(given))
"""

Files = Mapping[str, bytes]


def edge_module(student: Student, data: Dataset) -> EdgeModule:
    photos = PhotoStudent(student.eval()).eval()
    train = data.part(Part.TRAIN)[:60]
    features = student_answers(photos, [data.square(int(index)) for index in train]).features
    statistics = feature_statistics(features)
    return EdgeModule(photos, statistics=statistics, temperatures=TEMPERATURES).eval()


def converting(model: onnx.ModelProto, squares: Sequence[np.ndarray], folder: Path, *, seed: int) -> subprocess.Popen:
    folder.mkdir(parents=True)
    onnx.save(model, folder / "model.onnx")
    np.save(folder / "photos.npy", np.stack(squares))
    environment = {**os.environ, "PYTHONHASHSEED": str(seed), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", CONVERT, str(folder), json.dumps(METADATA)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def converted(child: subprocess.Popen, folder: Path) -> Files:
    _, errors = child.communicate()
    assert child.returncode == 0, errors[-3000:]
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture(scope="module")
def module(student: Student, photos: Dataset) -> EdgeModule:
    return edge_module(student, photos)


@pytest.fixture(scope="module")
def model(module: EdgeModule) -> onnx.ModelProto:
    return to_onnx(module, metadata=METADATA)


@pytest.fixture(scope="module")
def both(model: onnx.ModelProto, photos: Dataset, tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, Files]:
    """The same conversion in two processes, with sets in two orders and folders of two lengths."""
    squares = [photos.square(int(index)) for index in photos.part(Part.CALIBRATION)[:12]]
    folders = [tmp_path_factory.mktemp("first") / "here", tmp_path_factory.mktemp("other") / "somewhere" / "else"]
    children = [converting(model, squares, folder, seed=seed) for seed, folder in enumerate(folders)]
    first, second = (converted(child, folder) for child, folder in zip(children, folders, strict=True))
    return first, second


@pytest.fixture(scope="module")
def files(both: tuple[Files, Files]) -> Files:
    return both[0]


@pytest.fixture(scope="module")
def squares(photos: Dataset) -> list[np.ndarray]:
    return [photos.square(int(index)) for index in photos.part(Part.VALIDATION)[:40]]


@pytest.fixture(scope="module")
def expected(module: EdgeModule, squares: list[np.ndarray]) -> Outputs:
    return module_outputs(module, student_answers(module.photo_student, squares))


def tensors_of(data: bytes) -> dict[str, Any]:
    return {tensor.name.decode(): tensor for tensor in read_model(data).subgraphs[0].tensors}


def convolutions(data: bytes) -> list[Operator]:
    return [step for step in operators(read_model(data)) if step.kind in CONVOLUTIONS]


def is_in_8_bit(data: bytes) -> list[bool]:
    tensors = tensors_of(data)
    return [tensors[step.constants[0]].type == INT8 for step in convolutions(data)]


INT8, INT32 = 9, 2  # numbers of the schema


def edited(data: bytes, edit: Callable[[Any], None]) -> bytes:
    changed = read_model(data)
    edit(changed)
    return write_model(changed)


def output_entry(changed: Any, name: str) -> Any:
    return next(entry for entry in changed.signatureDefs[0].outputs if entry.name == name.encode())


def test_fp32_answers_as_the_student_does(files: Files, squares: list[np.ndarray], expected: Outputs) -> None:
    outputs = tflite_outputs(files["fp32"], squares)
    np.testing.assert_allclose(outputs.malignancy, expected.malignancy, atol=2e-5)
    np.testing.assert_allclose(outputs.conditions, expected.conditions, atol=5e-5)
    np.testing.assert_allclose(outputs.novelty, expected.novelty, rtol=1e-4)


def test_fp32_is_channels_last_throughout(files: Files) -> None:
    assert "TRANSPOSE" not in {step.kind for step in operators(read_model(files["fp32"]))}


def test_int8_answers_nearly_as_the_student_does(files: Files, squares: list[np.ndarray], expected: Outputs) -> None:
    outputs = tflite_outputs(files["int8"], squares)
    assert np.abs(outputs.malignancy - expected.malignancy).mean() < 0.1
    assert np.corrcoef(outputs.malignancy, expected.malignancy)[0, 1] > 0.9
    assert (outputs.conditions.argmax(axis=1) == expected.conditions.argmax(axis=1)).mean() > 0.75


def test_every_convolution_has_8_bit_weights_per_channel(files: Files) -> None:
    """Symmetric, the largest weight of a channel at 127; biases of 32 bits in steps of input times weight."""
    fp32, int8 = read_model(files["fp32"]), read_model(files["int8"])
    before, after = tensors_of(files["fp32"]), tensors_of(files["int8"])
    steps = convolutions(files["int8"])
    assert len(steps) == 17
    for step in steps:
        (weight, bias), source = (after[name] for name in step.constants), after[step.inputs[0]]
        floats = constant(fp32, before[step.constants[0]])
        axis = CHANNELS[step.kind]
        largest = np.abs(floats).max(axis=tuple(set(range(4)) - {axis}))
        assert weight.type == INT8
        assert weight.quantization.quantizedDimension == axis
        assert source.type == after[step.output].type == INT8
        np.testing.assert_allclose(weight.quantization.scale, largest / 127, rtol=1e-6)
        assert not np.any(weight.quantization.zeroPoint)
        assert not np.any(bias.quantization.zeroPoint)
        assert bias.type == INT32
        assert bias.quantization.quantizedDimension == 0
        np.testing.assert_allclose(
            bias.quantization.scale, source.quantization.scale * weight.quantization.scale, rtol=1e-6
        )
        wanted = constant(fp32, before[step.constants[1]]) / bias.quantization.scale
        np.testing.assert_allclose(constant(int8, bias), wanted, atol=0.6, rtol=1e-6)


def test_what_follows_the_last_convolution_stays_float(files: Files) -> None:
    steps, tensors = operators(read_model(files["int8"])), tensors_of(files["int8"])
    last = max(place for place, step in enumerate(steps) if step.kind in CONVOLUTIONS)
    back = next(place for place in range(last, len(steps)) if steps[place].kind == "DEQUANTIZE")
    assert [step.kind for step in steps[last + 1 : back]] == ["LOGISTIC", "MUL"]
    assert not any(tensors[name].type == INT8 for step in steps[back + 1 :] for name in (step.output, *step.inputs))
    assert sum(step.kind == "DEQUANTIZE" for step in steps) == 1


def test_the_first_convolutions_stay_in_float(files: Files) -> None:
    assert is_in_8_bit(files["float4"]) == [False] * 4 + [True] * 13
    assert len(files["int8"]) < len(files["float4"]) < len(files["fp32"])


def test_weights_alone_can_be_8_bit(files: Files, squares: list[np.ndarray], expected: Outputs) -> None:
    """Needs no ranges; all arithmetic is float, and answers are nearer to the student's than with 8-bit maps."""
    recipe = next(recipe for recipe in TFLITE_RECIPES if recipe.name == "weights-s8")
    data = quantise_tflite(files["fp32"], recipe=replace(recipe, lean_after=2))
    tensors = tensors_of(data)
    assert sum(tensor.type == INT8 for tensor in tensors.values()) == 17 - 2
    computed = {name for step in convolutions(data) for name in (step.output, step.inputs[0])}
    assert not any(tensors[name].type == INT8 for name in computed)
    assert len(data) < 0.6 * len(files["fp32"])
    answers = [tflite_outputs(one, squares).malignancy for one in (data, files["int8"])]
    off = [np.abs(answer - expected.malignancy).mean() for answer in answers]
    assert off[0] < off[1]


def test_given_ranges_arrive_at_their_tensors(files: Files) -> None:
    given: dict[str, tuple[float, float]] = json.loads(files["given.json"])
    tensors, keys = tensors_of(files["given"]), activation_keys(files["given"])
    fixed = {step.output for step in operators(read_model(files["given"])) if step.kind == "LOGISTIC"}
    checked: set[str] = set()
    for name, key in keys.items():
        if name in fixed or tensors[name].type != INT8:
            continue
        low, high = given[key]
        found = tensors[name].quantization
        np.testing.assert_allclose(found.scale, [(high - low) / 255], rtol=1e-5)
        assert found.zeroPoint.tolist() == [round(-128 - low / found.scale[0])]
        checked.add(key)
    gates = {key for name, key in keys.items() if name in fixed}
    assert checked == given.keys() - gates - {"pool2"}  # the last pooling is float
    assert len(gates) == 2
    assert {"input", "conv0", "act0", "act16", "mul1", "pool1"} <= checked


def test_tensors_bear_the_keys_of_the_onnx_model(
    files: Files, model: onnx.ModelProto, squares: list[np.ndarray]
) -> None:
    theirs = onnx_tensors(model.SerializeToString(), squares[0])
    ours, keys = tflite_tensors(files["fp32"], squares[0]), activation_keys(files["fp32"])
    wanted = {key: theirs[name] for name, key in onnx_keys(model).items() if name in theirs}
    assert set(keys.values()) == set(onnx_keys(model).values())
    for name, key in keys.items():
        if not name.endswith("_padded") and key in wanted:
            np.testing.assert_allclose(ours[name].transpose(0, 3, 1, 2), wanted[key], atol=1e-3, err_msg=key)


def test_tensors_of_both_files_can_be_compared_by_name(files: Files, squares: list[np.ndarray]) -> None:
    fp32, int8 = (tflite_tensors(files[name], squares[0]) for name in ("fp32", "int8"))
    assert list(fp32) == [name for name in int8 if name in fp32]
    assert list(fp32)[-3:] == ["malignancy", "conditions", "novelty"]
    assert min(snr_db(fp32[name], int8[name]) for name in fp32 if fp32[name].ndim == 4) > 3
    assert sum(snr_db(fp32[name], int8[name]) < 60 for name in fp32) > 40  # all but the normalised photo


def test_metadata_stands_in_every_file(files: Files) -> None:
    assert tflite_metadata(files["fp32"]) == tflite_metadata(files["int8"]) == METADATA
    labelled = labelled_tflite(files["int8"], precision="int8", model_id="drawn-2")
    assert tflite_metadata(labelled) == METADATA | {"precision": "int8", "model_id": "drawn-2"}


def test_a_relabelled_file_answers_the_same(files: Files, squares: list[np.ndarray]) -> None:
    before, after = (
        tflite_outputs(data, squares[:3]) for data in (files["int8"], labelled_tflite(files["int8"], a="b"))
    )
    np.testing.assert_array_equal(before.conditions, after.conditions)


@pytest.mark.parametrize("name", ["fp32", "int8"])
def test_other_temperatures(files: Files, module: EdgeModule, squares: list[np.ndarray], name: str) -> None:
    own, other = Temperatures(malignancy=1.3, conditions=1.0), Temperatures(malignancy=0.7, conditions=1.9)
    before = tflite_outputs(files[name], squares[:8])
    after = tflite_outputs(retuned_tflite(files[name], other), squares[:8])
    logits = own.malignancy * np.log(before.malignancy / (1 - before.malignancy))
    np.testing.assert_allclose(after.malignancy, 1 / (1 + np.exp(-logits / other.malignancy)), atol=1e-5)
    np.testing.assert_array_equal(after.novelty, before.novelty)
    assert np.abs(after.conditions - before.conditions).max() > 1e-3
    assert retuned_tflite(retuned_tflite(files[name], other), own) == retuned_tflite(files[name], own)


@pytest.mark.parametrize("name", ["fp32", "int8"])
def test_another_prior_moves_the_logit_and_can_be_taken_back(
    files: Files, squares: list[np.ndarray], name: str
) -> None:
    own = Temperatures(malignancy=1.3, conditions=1.0)
    plain = retuned_tflite(files[name], own)
    rare = retuned_tflite(files[name], replace(own, shift=-2.5))
    before, after = (tflite_outputs(data, squares[:8]) for data in (plain, rare))
    logits = np.log(before.malignancy / (1 - before.malignancy))
    np.testing.assert_allclose(after.malignancy, 1 / (1 + np.exp(2.5 - logits)), atol=1e-5)
    np.testing.assert_array_equal(after.conditions, before.conditions)
    assert retuned_tflite(rare, own) == plain
    assert retuned_tflite(retuned_tflite(files[name], replace(own, shift=1.0)), replace(own, shift=-2.5)) == rare


def test_a_conversion_repeats_byte_for_byte(both: tuple[Files, Files]) -> None:
    assert both[0].keys() == both[1].keys()
    assert all(both[0][name] == both[1][name] for name in ("fp32", "int8", "float4", "given"))


def test_no_path_of_this_machine_stands_in_a_file(files: Files) -> None:
    for name in ("fp32", "int8"):
        assert not [word for word in (b"/tmp", b"/home", b"site-packages", b".py", b"Traceback") if word in files[name]]


def test_constants_are_aligned(files: Files) -> None:
    for name in ("fp32", "int8"):
        data, model = files[name], read_model(files[name])
        contents = [b"" if buffer.data is None else bytes(buffer.data) for buffer in model.buffers]
        weights = [content for content in contents if len(set(content[:ALIGNMENT])) > ALIGNMENT // 2]
        assert len(weights) > 10
        assert {data.index(content) % ALIGNMENT for content in weights} == {0}


def test_answers_do_not_depend_on_the_cores(
    files: Files, squares: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for cores in (1, 3):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        found.append(tflite_outputs(files["int8"], squares[:9]))
    np.testing.assert_array_equal(found[0].malignancy, found[1].malignancy)


def test_every_photo_is_a_step(files: Files, squares: list[np.ndarray]) -> None:
    steps: list[int] = []
    tflite_outputs(files["int8"], squares[:5], step=lambda: steps.append(1))
    assert len(steps) == 5


def test_a_file_can_be_timed(files: Files, squares: list[np.ndarray]) -> None:
    run = tflite_runnable(files["int8"], squares[0])
    run()
    run()


def test_another_converters_names_are_refused(files: Files, squares: list[np.ndarray]) -> None:
    def rename(changed: Any) -> None:
        changed.signatureDefs[0].inputs[0].name = b"args_0"
        for place, entry in enumerate(changed.signatureDefs[0].outputs):
            entry.name = f"output_{place}".encode()

    foreign = edited(files["fp32"], rename)
    with pytest.raises(EngineError, match=r"inputs args_0 uint8 \[1, 64, 64, 3\] instead of image"):
        tflite_outputs(foreign, squares[:2])


def test_swapped_outputs_are_refused(files: Files, squares: list[np.ndarray]) -> None:
    def swap(changed: Any) -> None:
        one, two = output_entry(changed, "malignancy"), output_entry(changed, "conditions")
        one.tensorIndex, two.tensorIndex = two.tensorIndex, one.tensorIndex

    with pytest.raises(EngineError, match=r"outputs .*malignancy float32 \[1, 10\].* instead of"):
        tflite_outputs(edited(files["fp32"], swap), squares[:1])


def test_a_missing_signature_is_refused(files: Files, squares: list[np.ndarray]) -> None:
    def drop(changed: Any) -> None:
        changed.signatureDefs = []

    with pytest.raises(EngineError, match="signature serving_default"):
        tflite_outputs(edited(files["fp32"], drop), squares[:1])


def test_another_size_of_photo_is_refused(files: Files) -> None:
    with pytest.raises(EngineError, match=r"instead of image uint8 \[1, 32, 32, 3\]"):
        tflite_outputs(files["fp32"], [np.zeros((32, 32, 3), np.uint8)])


def test_an_answer_that_is_no_probability_is_refused(files: Files, squares: list[np.ndarray]) -> None:
    def spoil(changed: Any) -> None:
        step = next(step for step in operators(changed) if step.kind == "FULLY_CONNECTED")
        tensor = tensors_of(files["fp32"])[step.constants[1]]
        changed.buffers[tensor.buffer].data = np.full(tuple(tensor.shape), np.nan, np.float32).tobytes()

    with pytest.raises(EngineError, match="not a probability"):
        tflite_outputs(edited(files["fp32"], spoil), squares[:1])


@pytest.mark.parametrize("share", [0.0, 0.00003, 0.3, 0.7, 0.999])
def test_a_cut_file_is_refused(files: Files, squares: list[np.ndarray], share: float) -> None:
    cut = files["int8"][: int(share * len(files["int8"]))]
    for use in (lambda: tflite_outputs(cut, squares[:1]), lambda: tflite_tensors(cut, squares[0])):
        with pytest.raises(EngineError, match="TFLite file"):
            use()
    with pytest.raises(EngineError, match="TFLite file"):
        tflite_metadata(cut)


def test_something_else_is_refused(squares: list[np.ndarray]) -> None:
    content = io.BytesIO()
    np.save(content, np.zeros(1000))
    for use in (lambda data: tflite_outputs(data, squares[:1]), tflite_metadata, activation_keys):
        with pytest.raises(EngineError, match="TFLite file"):
            use(content.getvalue())


def test_without_ranges_and_photos_nothing_is_quantised(files: Files) -> None:
    with pytest.raises(ValueError, match=r"no range for act0, .* and no photos"):
        quantise_tflite(files["fp32"])


def test_a_model_that_is_no_chain_is_refused() -> None:
    conv = Operator(kind="CONV_2D", inputs=("image",), constants=("w", "b"), output="map")
    odd = Operator(kind="CONCATENATION", inputs=("map", "map"), constants=(), output="twice")
    again = Operator(kind="CONV_2D", inputs=("twice",), constants=("w", "b"), output="end")
    with pytest.raises(ValueError, match="CONCATENATION twice: no part of a chain"):
        chain_of([conv, odd, again])
    with pytest.raises(ValueError, match="without convolutions"):
        chain_of([odd])


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["mobilenetv2_100", "mobilenetv3_large_100", "efficientnet_b0", "efficientnet_lite0"])
def test_the_students(
    arch: str,
    make_student: Callable[[str, Dataset], Student],
    photos: Dataset,
    squares: list[np.ndarray],
    tmp_path: Path,
) -> None:
    """Squeeze-and-excite, hard-swish, hard sigmoid, SiLU and ReLU6 all come out right, and in 8 bit."""
    module = edge_module(make_student(arch, photos), photos)
    expected = module_outputs(module, student_answers(module.photo_student, squares))
    model = to_onnx(module, metadata=METADATA)
    folder = tmp_path / arch
    files = converted(converting(model, squares[:12], folder, seed=0), folder)
    fp32, int8 = (tflite_outputs(files[name], squares) for name in ("fp32", "int8"))
    # With random weights the features of an efficientnet_b0 hardly vary: its fitted heads magnify any rounding.
    slack = 30 if arch == "efficientnet_b0" else 1
    np.testing.assert_allclose(fp32.malignancy, expected.malignancy, atol=slack * 1e-4)
    np.testing.assert_allclose(fp32.conditions, expected.conditions, atol=slack * 2e-4)
    np.testing.assert_allclose(fp32.novelty, expected.novelty, rtol=slack * 1e-3)
    assert np.isfinite(int8.malignancy).all()
    keys = activation_keys(files["fp32"])
    before, after = (tflite_tensors(files[name], squares[0]) for name in ("fp32", "int8"))
    # Of answers nothing can be asked: photos hardly differ in what is left of them behind 80 random convolutions.
    assert min(snr_db(before[name], after[name]) for name in keys if name in after) > 10
    assert all(is_in_8_bit(files["int8"]))
    assert "TRANSPOSE" not in {s.kind for s in operators(read_model(files["int8"]))}
    assert set(activation_keys(files["fp32"]).values()) == set(onnx_keys(model).values())
    assert len(files["int8"]) < 5_500_000
