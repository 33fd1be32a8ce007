"""Core ML files: what stands in them, what they answer against PyTorch, and what is refused."""

import io
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
import torch
from coremltools.proto import Model_pb2
from torch import nn

from distill.student import Student
from export.coreml.convert import Precision, coreml_metadata, coreml_outputs, coreml_tensors, to_coreml
from export.coreml.package import read_package
from export.coreml.program import load_program
from export.onnx_file.module import EdgeModule, PhotoStudent, Temperatures, feature_statistics
from export.verify.outputs import Outputs, module_outputs, moved, student_answers
from runtime.conditions import CONDITIONS
from runtime.errors import EngineError
from teacher.data.dataset import Dataset
from teacher.data.splits import Part

PRECISIONS: tuple[Precision, ...] = ("fp16", "int8")
METADATA = {"model_id": "drawn-1", "licence": "CC BY-NC 4.0", "conditions": ",".join(CONDITIONS)}
FAR = 400
"""How far all photos lie from the training photos of the module under test: 400 squared is infinite in fp16."""
ROUNDED = 5e-3
"""What fp16 maps do to the probabilities of these drawings (a random trunk: 0.004 against PyTorch)."""


def edge_module(student: Student, data: Dataset, *, nearer: float = 1.0) -> EdgeModule:
    photos = PhotoStudent(student.eval()).eval()
    train = data.part(Part.TRAIN)[:60]
    features = student_answers(photos, [data.square(int(index)) for index in train]).features
    statistics = feature_statistics(features)
    statistics = replace(statistics, usual=statistics.usual * nearer)
    temperatures = Temperatures(malignancy=1.3, conditions=0.8)
    return EdgeModule(photos, statistics=statistics, temperatures=temperatures).eval()


@pytest.fixture(scope="module")
def module(student: Student, photos: Dataset) -> EdgeModule:
    return edge_module(student, photos, nearer=1 / FAR)


@pytest.fixture(scope="module")
def files(module: EdgeModule) -> Mapping[Precision, bytes]:
    return {precision: to_coreml(module, precision=precision, metadata=METADATA) for precision in PRECISIONS}


@pytest.fixture(scope="module")
def squares(photos: Dataset) -> list[np.ndarray]:
    return [photos.square(int(index)) for index in photos.part(Part.VALIDATION)[:40]]


@pytest.fixture(scope="module")
def expected(module: EdgeModule, squares: list[np.ndarray]) -> Outputs:
    return module_outputs(module, student_answers(module.photo_student, squares))


def edited(data: bytes, edit: Callable[[Any], None]) -> bytes:
    """The file with its specification changed, as valid a zip as before."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in contents if name.endswith("model.mlmodel"))
    specification = Model_pb2.Model.FromString(contents[name])
    edit(specification)
    contents[name] = specification.SerializeToString()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in contents.items():
            archive.writestr(path, content)
    return packed.getvalue()


def operations(specification: Any) -> Any:
    function = specification.mlProgram.functions["main"]
    return function.block_specializations[function.opset].operations


def test_fp16_answers_as_the_student_does(files, squares, expected) -> None:
    outputs = coreml_outputs(files["fp16"], squares)
    np.testing.assert_allclose(outputs.malignancy, expected.malignancy, atol=0.01)
    np.testing.assert_allclose(outputs.conditions, expected.conditions, atol=0.02)
    assert np.abs(outputs.malignancy - expected.malignancy).mean() < 2e-3
    assert expected.novelty.min() > 256  # so that fp16 would have overflowed
    np.testing.assert_allclose(outputs.novelty, expected.novelty, rtol=0.01)
    assert np.ptp(expected.malignancy) > 0.5


def test_a_declared_prior_is_one_addition_to_the_logit(module, squares) -> None:
    rare = module.retuned(replace(module.temperatures, shift=-2.5))
    outputs = coreml_outputs(to_coreml(rare, precision="fp16", metadata=METADATA), squares)
    expected = module_outputs(rare, student_answers(module.photo_student, squares))
    np.testing.assert_allclose(outputs.malignancy, expected.malignancy, atol=0.01)
    usual = module_outputs(module, student_answers(module.photo_student, squares))
    np.testing.assert_allclose(expected.malignancy, moved(usual, -2.5).malignancy, atol=1e-6)


def test_8_bit_weights_answer_nearly_so(files, squares, expected) -> None:
    outputs, half = (coreml_outputs(files[precision], squares) for precision in ("int8", "fp16"))
    difference = np.abs(outputs.malignancy - expected.malignancy)
    assert np.abs(half.malignancy - expected.malignancy).max() < difference.max() < 0.1
    assert (outputs.conditions.argmax(axis=1) == expected.conditions.argmax(axis=1)).mean() >= 0.9
    assert len(files["int8"]) < 0.7 * len(files["fp16"])


def test_8_bit_weights_are_the_folded_weights_on_a_grid_per_channel(files, module) -> None:
    folded = folded_weights(module.photo_student.student.trunk)
    program = load_program(files["int8"])
    stored = [program.constants[step.inputs["weight"]] for step in program.operations if step.type == "conv"]
    assert len(stored) == len(folded) > 10
    for found, wanted in zip(stored, folded, strict=True):
        assert isinstance(found, torch.Tensor)
        scale = wanted.abs().amax(dim=(1, 2, 3), keepdim=True) / 127
        if wanted.numel() > 512:
            levels = found / (found.abs().amax(dim=(1, 2, 3), keepdim=True) / 127)
            assert (levels - levels.round()).abs().max() < 127 / 2**10  # fp16 has 11 bits
            assert ((found - wanted).abs() <= 0.75 * scale).all()  # half a step, and fp16's rounding of 127 steps
        else:
            assert ((found - wanted).abs() <= 1e-3 * wanted.abs() + 1e-7).all()


def folded_weights(trunk: nn.Module) -> list[torch.Tensor]:
    """The weights of the convolutions in order, each with the batch norm that follows it folded in."""
    found: list[torch.Tensor] = []
    for layer in trunk.modules():
        if isinstance(layer, nn.Conv2d):
            found.append(layer.weight.detach())
        elif isinstance(layer, nn.BatchNorm2d):
            assert layer.running_var is not None
            found[-1] = found[-1] * (layer.weight / (layer.running_var + layer.eps).sqrt()).detach().view(-1, 1, 1, 1)
    return found


def test_the_interface_is_that_of_every_format(files) -> None:
    for data in files.values():
        description = read_package(data).specification.description
        (image,) = description.input
        assert (image.name, image.type.WhichOneof("Type")) == ("image", "imageType")
        assert (image.type.imageType.width, image.type.imageType.height) == (64, 64)
        assert image.type.imageType.colorSpace == image.type.imageType.ColorSpace.Value("RGB")
        arrays = {output.name: output.type.multiArrayType for output in description.output}
        shapes = {name: tuple(array.shape) for name, array in arrays.items()}
        assert shapes == {"malignancy": (1,), "conditions": (1, 10), "novelty": (1,)}
        assert all(array.dataType == array.ArrayDataType.Value("FLOAT32") for array in arrays.values())


def test_maps_are_half_precision_and_what_follows_them_is_not(files) -> None:
    for data in files.values():
        for step in load_program(data).operations:
            if step.type != "cast":
                assert step.declared.dtype == ("fp16" if len(step.declared.shape) == 4 else "fp32"), step.label


def test_metadata_stands_inside(files) -> None:
    for precision, data in files.items():
        metadata = coreml_metadata(data)
        assert metadata == {**METADATA, "precision": precision, "converter": f"coremltools {ct.__version__}"}
        shown = read_package(data).specification.description.metadata
        assert (shown.license, shown.versionString) == (METADATA["licence"], METADATA["model_id"])


def test_nothing_of_this_machine_stands_inside(files) -> None:
    for data in files.values():
        for trace in (
            str(Path(__file__).parents[3]),
            str(Path.home()),
            sys.prefix,
            "site-packages",
            "/tmp",
            "Traceback",
        ):
            assert trace.encode() not in data
        assert b"conversion_date" not in data


def test_coremltools_opens_the_unpacked_file(files, tmp_path: Path) -> None:
    for precision, data in files.items():
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
            archive.extractall(tmp_path)
        opened = ct.models.MLModel(str(tmp_path / f"model.{precision}.mlpackage"), skip_model_load=True)
        assert opened.user_defined_metadata["model_id"] == "drawn-1"
        assert [output.name for output in opened.get_spec().description.output] == [
            "malignancy",
            "conditions",
            "novelty",
        ]


def test_converting_again_gives_the_same_bytes(files, module) -> None:
    assert to_coreml(module, precision="int8", metadata=METADATA) == files["int8"]


def test_the_batch_does_not_change_an_answer(files, squares) -> None:
    steps: list[int] = []
    together = coreml_outputs(files["fp16"], squares[:20], step=lambda: steps.append(1))
    alone = [coreml_outputs(files["fp16"], [square]) for square in squares[:20]]
    assert len(steps) == 20
    # CPUs differ in how they add up a batch, and an fp16 map rounds the sums to 1/2048. Photos mixed up would show:
    assert np.ptp(together.malignancy) > 100 * ROUNDED
    np.testing.assert_allclose(together.malignancy, [one.malignancy[0] for one in alone], atol=ROUNDED)
    np.testing.assert_allclose(together.conditions, [one.conditions[0] for one in alone], atol=ROUNDED)


def test_tensors_are_those_of_the_student(files, module, squares) -> None:
    tensors = coreml_tensors(files["fp16"], squares[0])
    first = next(layer for layer in module.photo_student.student.trunk.modules() if isinstance(layer, nn.BatchNorm2d))
    seen: list[torch.Tensor] = []
    hook = first.register_forward_hook(lambda _layer, _input, output: seen.append(output))
    student_answers(module.photo_student, squares[:1])
    hook.remove()
    wanted = seen[0].numpy()  # timm's batch norm applies the activation too
    same = [name for name, t in tensors.items() if t.shape == wanted.shape and np.allclose(t, wanted, atol=0.02)]
    assert len(same) == 1
    assert next(iter(tensors)) == "image"
    assert {name for name, tensor in tensors.items() if tensor.ndim != 4} == {"malignancy", "conditions", "novelty"}
    assert all(tensor.dtype == np.float32 and len(tensor) == 1 for tensor in tensors.values())


def test_a_damaged_file_is_refused(files, squares) -> None:
    data = files["int8"]
    middle, last = len(data) // 2, data.rindex(b"Manifest.json")
    flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
    for damaged in (b"", b"not a zip", data[:middle], data[: last - 1], flipped):
        with pytest.raises(EngineError, match=r"Core ML package: damaged or no zipped \.mlpackage") as caught:
            coreml_outputs(damaged, squares[:1])
        assert "\n" not in str(caught.value)
        with pytest.raises(EngineError):
            coreml_metadata(damaged)
        with pytest.raises(EngineError):
            coreml_tensors(damaged, squares[0])


def test_no_flipped_bit_makes_anything_but_an_engine_error(files, squares, expected) -> None:
    """In the zip's own tables a bit may be without meaning (a time, a permission); then the answer is as it was."""
    data = files["fp16"]
    wanted = coreml_outputs(data, squares[:1])
    rng = np.random.default_rng(0)
    tables = [at for name in (b"PK\1\2", b"PK\5\6", b"PK\3\4") for at in found_at(data, name)]
    positions = [at + int(offset) for at in tables for offset in rng.integers(0, 46, 6)]
    for position in (at for at in positions if at < len(data)):
        damaged = data[:position] + bytes([data[position] ^ (1 << int(rng.integers(8)))]) + data[position + 1 :]
        try:
            outputs = coreml_outputs(damaged, squares[:1])
        except EngineError:
            continue
        assert outputs.malignancy == wanted.malignancy


def found_at(data: bytes, mark: bytes) -> list[int]:
    return [at for at in range(len(data)) if data.startswith(mark, at)]


def rename_input(specification: Any) -> None:
    specification.description.input[0].name = "photo"


def swap_colours(specification: Any) -> None:
    image = specification.description.input[0].type.imageType
    image.colorSpace = image.ColorSpace.Value("BGR")


def halve_output(specification: Any) -> None:
    array = specification.description.output[0].type.multiArrayType
    array.dataType = array.ArrayDataType.Value("FLOAT16")


def swap_outputs(specification: Any) -> None:
    first, second = specification.description.output[1].name, specification.description.output[2].name
    specification.description.output[1].name, specification.description.output[2].name = second, first


def no_program(specification: Any) -> None:
    specification.ClearField("mlProgram")


def unknown_operation(specification: Any) -> None:
    next(operation for operation in operations(specification) if operation.type == "silu").type = "gelu"


def no_number(specification: Any) -> None:
    """The bias of the malignancy head becomes NaN."""
    head = next(operation for operation in operations(specification) if operation.type == "linear")
    bias = head.inputs["bias"].arguments[0].name
    constant = next(operation for operation in operations(specification) if operation.outputs[0].name == bias)
    constant.attributes["val"].immediateValue.tensor.floats.values[:] = [float("nan")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (rename_input, "one image named image"),
        (swap_colours, "takes BGR 64x64 instead of RGB 64x64"),
        (halve_output, "the outputs are .*FLOAT16"),
        (swap_outputs, "the outputs are"),
        (no_program, "holds no ML program"),
        (unknown_operation, r"the operation gelu \(.*\) is not known here"),
        (no_number, "malignancy = nan"),
    ],
)
def test_a_file_that_is_not_the_student_is_refused(change, message, files, squares) -> None:
    with pytest.raises(EngineError, match=message):
        coreml_outputs(edited(files["fp16"], change), squares[:1])


def test_photos_of_another_size_are_refused(files) -> None:
    with pytest.raises(EngineError, match="takes RGB 64x64 instead of RGB 65x65 photos"):
        coreml_outputs(files["fp16"], [np.zeros((65, 65, 3), dtype=np.uint8)])


def test_macos_asks_core_ml_itself(files, squares, expected, monkeypatch: pytest.MonkeyPatch) -> None:
    """Core ML is not here: in its place stands a model that takes and gives what coremltools documents."""
    program = load_program(files["fp16"])

    class Model:
        def __init__(self, path: str) -> None:
            assert (Path(path) / "Manifest.json").is_file()

        def predict(self, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
            assert inputs["image"].mode == "RGB"
            planes = torch.from_numpy(np.asarray(inputs["image"]).copy()).permute(2, 0, 1)[None]
            return {name: value.numpy() for name, value in reversed(program.run(planes).items())}

    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(ct.models, "MLModel", Model)
    outputs = coreml_outputs(files["fp16"], squares[:3])
    np.testing.assert_allclose(outputs.malignancy, expected.malignancy[:3], atol=0.01)
    np.testing.assert_allclose(outputs.conditions, expected.conditions[:3], atol=0.02)


READ_ALONE = """
import sys
from pathlib import Path
import export.coreml.convert
from export.coreml.program import load_program
program = load_program(Path(sys.argv[1]).read_bytes())
assert program.outputs == ("malignancy", "conditions", "novelty"), program.outputs
assert "coremltools" not in sys.modules
"""


@pytest.mark.slow
def test_reading_a_file_does_not_load_the_converter(files, tmp_path: Path) -> None:
    (tmp_path / "model.zip").write_bytes(files["int8"])
    run_python(READ_ALONE, tmp_path / "model.zip")


def run_python(code: str, *arguments: object) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


CONVERT = """
import hashlib
import torch
from distill.student import Student, student_spec
from export.coreml.convert import to_coreml
from export.onnx_file.module import EdgeModule, FeatureStatistics, PhotoStudent, Temperatures
torch.manual_seed(0)
student = Student(student_spec("test_efficientnet", image_size=64, drop_rate=0.0))
width = student.malignancy_head.in_features
statistics = FeatureStatistics(mean=torch.randn(width), components=torch.randn(3, width), usual=torch.tensor(0.5))
module = EdgeModule(PhotoStudent(student), statistics=statistics, temperatures=Temperatures())
for precision in ("fp16", "int8"):
    data = to_coreml(module, precision=precision, metadata={"b": "2", "a": "1", "c": "3"})
    print(hashlib.sha256(data).hexdigest())
"""


@pytest.mark.slow
def test_two_processes_give_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    found: set[str] = set()
    for seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", seed)
        found.add(run_python(CONVERT))
    assert len(found) == 1
    assert len(set(found.pop().split())) == 2


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["mobilenetv2_100", "mobilenetv3_large_100", "efficientnet_b0", "efficientnet_lite0"])
def test_the_students_of_the_command_line(
    arch: str, make_student, make_drawings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A random trunk magnifies rounding (82 layers of efficientnet_b0: 0.14 in FP16; a trained mobilenetv2 has 0.01).
    So that the operations are right is shown by the same program without any fp16, and the file with 8-bit weights is
    held against PyTorch with those weights."""
    data = make_drawings({Part.TRAIN: 60, Part.VALIDATION: 20}, side=96)
    student: Student = make_student(arch, data)
    silence_a_channel(student)
    module = edge_module(student, data)
    squares = [data.square(int(index)) for index in data.part(Part.VALIDATION)]
    expected = module_outputs(module, student_answers(module.photo_student, squares))
    with monkeypatch.context() as patched:
        patched.setattr("export.coreml.convert._is_of_the_trunk", lambda operation: False)
        exact = coreml_outputs(to_coreml(module, precision="fp16", metadata=METADATA), squares)
    np.testing.assert_allclose(exact.malignancy, expected.malignancy, atol=1e-3)
    np.testing.assert_allclose(exact.conditions, expected.conditions, atol=1e-3)
    np.testing.assert_allclose(exact.novelty, expected.novelty, rtol=1e-3)
    with_8_bits = with_8_bit_weights(module)
    wanted: dict[Precision, Outputs] = {
        "fp16": expected,
        "int8": module_outputs(with_8_bits, student_answers(with_8_bits.photo_student, squares)),
    }
    for precision in PRECISIONS:
        written = to_coreml(module, precision=precision, metadata=METADATA)
        difference = np.abs(coreml_outputs(written, squares).malignancy - wanted[precision].malignancy)
        print(arch, precision, len(written), f"largest {difference.max():.5f}, mean {difference.mean():.5f}")
        assert difference.mean() <= 0.05


def with_8_bit_weights(module: EdgeModule) -> EdgeModule:
    """A copy whose convolutions have the weights that 8 bit per channel leave of the folded ones."""
    copied = deepcopy(module)
    trunk = copied.photo_student.student.trunk
    convolutions = [layer for layer in trunk.modules() if isinstance(layer, nn.Conv2d)]
    with torch.no_grad():
        for layer, folded in zip(convolutions, folded_weights(trunk), strict=True):
            if folded.numel() > 512:
                scale = folded.abs().amax(dim=(1, 2, 3), keepdim=True) / 127
                layer.weight.mul_((folded / scale).round() * scale / folded.where(folded != 0, 1.0))
    return copied


def silence_a_channel(student: Student) -> None:
    """As in trained networks: a factor of batch norm so small that weights and their scale are zero in fp16."""
    first = next(layer for layer in student.trunk.modules() if isinstance(layer, nn.BatchNorm2d))
    with torch.no_grad():
        first.weight[0] = 1e-12
