"""The interpreter of saved Core ML programs: hand-made programs against NumPy, and what it must refuse."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coremltools as ct
import numpy as np
import pytest
import torch
from coremltools.converters.mil import Builder as mb
from coremltools.converters.mil.mil import Program as MilProgram
from coremltools.proto import Model_pb2

from export.coreml.program import load_program
from runtime.errors import EngineError

PHOTOS = 3
MAP, ROW = (1, 4, 7, 6), (1, 12)
RNG = np.random.default_rng(0)

Build = Callable[[Any], Any]
Package = Callable[..., bytes]


@pytest.fixture
def package(tmp_path: Path) -> Package:
    """Writes a program of one operation as coremltools saves it, and zips the folder."""

    def write(build: Build, *, shape: tuple[int, ...] = MAP, fp16: bool = False) -> bytes:
        def body(x: Any) -> Any:
            return build(x)

        program: MilProgram = mb.program(input_specs=[mb.TensorSpec(shape=shape)], opset_version=ct.target.iOS16)(body)
        model = ct.convert(
            program,
            convert_to="mlprogram",
            minimum_deployment_target=ct.target.iOS16,
            compute_precision=ct.precision.FLOAT16 if fp16 else ct.precision.FLOAT32,
            pass_pipeline=ct.PassPipeline.DEFAULT if fp16 else ct.PassPipeline.EMPTY,
            skip_model_load=True,
        )
        folder = tmp_path / "made.mlpackage"
        model.save(str(folder))
        return zipped(folder)

    return write


def zipped(folder: Path) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(folder.parent))
    return packed.getvalue()


def edited(data: bytes, edit: Callable[[Any], None]) -> bytes:
    """The package with its specification changed, as valid a zip as before."""
    files = contents(data)
    name = next(name for name in files if name.endswith("model.mlmodel"))
    specification = Model_pb2.Model.FromString(files[name])
    edit(specification)
    return rezipped({**files, name: specification.SerializeToString()})


def contents(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rezipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def steps(specification: Any, kind: str) -> list[Any]:
    function = specification.mlProgram.functions["main"]
    operations = function.block_specializations[function.opset].operations
    return [operation for operation in operations if operation.type == kind]


def drawn(*shape: int) -> np.ndarray:
    return RNG.normal(0, 2, shape).astype(np.float32)


def answer(data: bytes, images: np.ndarray) -> np.ndarray:
    (output,) = load_program(data).run(torch.from_numpy(images)).values()
    return output.numpy()


def naive_conv(
    x: np.ndarray,
    weight: np.ndarray,
    *,
    pad: tuple[int, int, int, int],
    strides: tuple[int, int] = (1, 1),
    dilations: tuple[int, int] = (1, 1),
    groups: int = 1,
) -> np.ndarray:
    """A convolution by its definition: one output value at a time. pad: top, bottom, left, right."""
    x = np.pad(x, ((0, 0), (0, 0), pad[:2], pad[2:]))
    outputs, inputs, kernel_height, kernel_width = weight.shape
    height = (x.shape[2] - (kernel_height - 1) * dilations[0] - 1) // strides[0] + 1
    width = (x.shape[3] - (kernel_width - 1) * dilations[1] - 1) // strides[1] + 1
    result = np.zeros((len(x), outputs, height, width), dtype=np.float64)
    for channel, row, column in np.ndindex(outputs, height, width):
        first = channel // (outputs // groups) * inputs
        top, left = row * strides[0], column * strides[1]
        rows = slice(top, top + (kernel_height - 1) * dilations[0] + 1, dilations[0])
        columns = slice(left, left + (kernel_width - 1) * dilations[1] + 1, dilations[1])
        window = x[:, first : first + inputs, rows, columns]
        result[:, channel, row, column] = (window * weight[channel]).sum(axis=(1, 2, 3))
    return result


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def softmax(x: np.ndarray, axis: int) -> np.ndarray:
    exponentials = np.exp(x - x.max(axis=axis, keepdims=True))
    return exponentials / exponentials.sum(axis=axis, keepdims=True)


FILTER, PER_CHANNEL, TABLE = drawn(1, 4, 1, 1), drawn(4), drawn(1, 5, 12)
GAMMA, BETA, MEAN, VARIANCE = drawn(4), drawn(4), drawn(4), np.abs(drawn(4)) + 0.5
WEIGHT, BIAS = drawn(5, 12), drawn(5)


def column(values: np.ndarray) -> np.ndarray:
    return values[None, :, None, None]


def crops(x: Any) -> list[Any]:
    """The upper and the lower five of seven rows."""
    return [mb.slice_by_index(x=x, begin=[0, 0, top, 0], end=[1, 4, top + 5, 6]) for top in (0, 2)]


def joined(x: np.ndarray, axis: int) -> np.ndarray:
    return np.concatenate([x, np.maximum(x, 0)], axis=axis)


OPERATIONS: dict[str, tuple[tuple[int, ...], Build, Callable[[np.ndarray], np.ndarray]]] = {
    "add a constant": (MAP, lambda x: mb.add(x=x, y=FILTER), lambda x: x + FILTER),
    "add a scalar": (ROW, lambda x: mb.add(x=np.float32(1.5), y=x), lambda x: x + 1.5),
    "sub from a constant": (MAP, lambda x: mb.sub(x=FILTER, y=x), lambda x: FILTER - x),
    "sub a table": (
        (1, 1, 12),
        lambda x: mb.sub(x=x, y=TABLE),
        lambda x: x - TABLE,
    ),
    "mul by itself": (MAP, lambda x: mb.mul(x=x, y=x), lambda x: x * x),
    "mul by its mean": (
        MAP,
        lambda x: mb.mul(x=x, y=mb.reduce_mean(x=x, axes=[2, 3], keep_dims=True)),
        lambda x: x * x.mean(axis=(2, 3), keepdims=True),
    ),
    "real_div": (MAP, lambda x: mb.real_div(x=x, y=FILTER), lambda x: x / FILTER),
    "batch_norm": (
        MAP,
        lambda x: mb.batch_norm(x=x, mean=MEAN, variance=VARIANCE, gamma=GAMMA, beta=BETA, epsilon=np.float32(0.25)),
        lambda x: (x - column(MEAN)) / np.sqrt(column(VARIANCE) + 0.25) * column(GAMMA) + column(BETA),
    ),
    "relu": (MAP, lambda x: mb.relu(x=x), lambda x: np.maximum(x, 0)),
    "relu6": (MAP, lambda x: mb.relu6(x=x), lambda x: x.clip(0, 6)),
    "clip": (MAP, lambda x: mb.clip(x=x, alpha=-0.5, beta=1.25), lambda x: x.clip(-0.5, 1.25)),
    "thresholded_relu": (MAP, lambda x: mb.thresholded_relu(x=x, alpha=-1.0), lambda x: np.where(x >= -1, x, 0)),
    "sigmoid": (MAP, lambda x: mb.sigmoid(x=x), sigmoid),
    "sigmoid_hard": (
        MAP,
        lambda x: mb.sigmoid_hard(x=x, alpha=0.3, beta=0.4),
        lambda x: (x * 0.3 + 0.4).clip(0, 1),
    ),
    "silu": (MAP, lambda x: mb.silu(x=x), lambda x: x * sigmoid(x)),
    "softmax, last axis": (ROW, lambda x: mb.softmax(x=x, axis=-1), lambda x: softmax(x, 1)),
    "softmax over channels": (MAP, lambda x: mb.softmax(x=x, axis=1), lambda x: softmax(x, 1)),
    "reduce_mean, negative axes": (
        MAP,
        lambda x: mb.reduce_mean(x=x, axes=[-2, -1], keep_dims=False),
        lambda x: x.mean(axis=(2, 3)),
    ),
    "reduce_sum": (MAP, lambda x: mb.reduce_sum(x=x, axes=[1], keep_dims=True), lambda x: x.sum(axis=1, keepdims=True)),
    "square": (MAP, lambda x: mb.square(x=x), np.square),
    "sqrt of a square": (MAP, lambda x: mb.sqrt(x=mb.square(x=x)), np.abs),
    "reshape": (MAP, lambda x: mb.reshape(x=x, shape=[1, 28, 6]), lambda x: x.reshape(len(x), 28, 6)),
    "slice_by_index": (
        MAP,
        lambda x: mb.slice_by_index(x=x, begin=[0, 1, 2, 0], end=[1, 3, 7, 6]),
        lambda x: x[:, 1:3, 2:7],
    ),
    "slice_by_index, open ends and steps": (
        MAP,
        lambda x: mb.slice_by_index(
            x=x,
            begin=[0, 1, 2, 1],
            end=[1, 3, 5, 6],
            stride=[1, 1, 2, 3],
            begin_mask=[True, True, False, False],
            end_mask=[True, False, True, False],
        ),
        lambda x: x[:, :3, 2::2, 1:6:3],
    ),
    "reverse": (MAP, lambda x: mb.reverse(x=x, axes=[3, 1]), lambda x: x[:, ::-1, :, ::-1]),
    "concat of channels": (MAP, lambda x: mb.concat(values=[x, mb.relu(x=x)], axis=1), lambda x: joined(x, 1)),
    "the mean of two crops": (
        MAP,
        lambda x: mb.reduce_mean(x=mb.relu(x=mb.concat(values=crops(x), axis=0)), axes=[0], keep_dims=True),
        lambda x: (np.maximum(x[:, :, :5], 0) + np.maximum(x[:, :, 2:], 0)) / 2,
    ),
    "crops as rows": (
        MAP,
        lambda x: mb.reduce_mean(
            x=mb.reshape(x=mb.concat(values=crops(x), axis=0), shape=[2, 120]), axes=[0], keep_dims=True
        ),
        lambda x: (x[:, :, :5].reshape(len(x), -1) + x[:, :, 2:].reshape(len(x), -1)) / 2,
    ),
    "squeeze and expand_dims": (
        (1, 4, 1, 6),
        lambda x: mb.expand_dims(x=mb.squeeze(x=x, axes=[2]), axes=[-1, 1]),
        lambda x: x[:, None, :, 0, :, None],
    ),
    "linear": (ROW, lambda x: mb.linear(x=x, weight=WEIGHT, bias=BIAS), lambda x: x @ WEIGHT.T + BIAS),
    "8-bit weights, one scale": (
        ROW,
        lambda x: mb.mul(
            x=x,
            y=mb.constexpr_affine_dequantize(
                quantized_data=np.arange(12, dtype=np.uint8)[None],
                zero_point=np.uint8(3),
                scale=np.float32(0.5),
                axis=0,
            ),
        ),
        lambda x: x * (np.arange(12)[None] - 3) * 0.5,
    ),
    "8-bit weights, a scale per column": (
        ROW,
        lambda x: mb.mul(
            x=x,
            y=mb.constexpr_affine_dequantize(
                quantized_data=(np.arange(12, dtype=np.int8) - 6)[None],
                zero_point=np.arange(12, dtype=np.int8),
                scale=np.linspace(0.1, 1, 12, dtype=np.float32),
                axis=1,
            ),
        ),
        lambda x: x * -6 * np.linspace(0.1, 1, 12),
    ),
}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_gives_what_numpy_gives_for_every_photo(name: str, package: Package) -> None:
    shape, build, expected = OPERATIONS[name]
    images = drawn(PHOTOS, *shape[1:])
    found = answer(package(build, shape=shape), images)
    for photo in range(PHOTOS):
        np.testing.assert_allclose(found[photo : photo + 1], expected(images[photo : photo + 1]), atol=2e-6, rtol=1e-5)


CONVOLUTIONS: dict[str, tuple[tuple[int, ...], dict[str, Any], dict[str, Any]]] = {
    "plain": ((5, 4, 3, 3), {"pad_type": "valid"}, {"pad": (0, 0, 0, 0)}),
    "symmetric": ((5, 4, 3, 3), {"pad_type": "custom", "pad": [1, 1, 2, 2]}, {"pad": (1, 1, 2, 2)}),
    "asymmetric, strided": (
        (5, 4, 3, 2),
        {"pad_type": "custom", "pad": [0, 1, 2, 0], "strides": [2, 1]},
        {"pad": (0, 1, 2, 0), "strides": (2, 1)},
    ),
    "depthwise": ((4, 1, 3, 3), {"pad_type": "custom", "pad": [1] * 4, "groups": 4}, {"pad": (1,) * 4, "groups": 4}),
    "two groups": ((6, 2, 1, 1), {"pad_type": "valid", "groups": 2}, {"pad": (0, 0, 0, 0), "groups": 2}),
    "dilated": ((5, 4, 3, 2), {"pad_type": "valid", "dilations": [2, 3]}, {"pad": (0,) * 4, "dilations": (2, 3)}),
    # 7x6 with a 3x3 kernel and stride 2 gives 4x3: 2 rows and 1 column are missing, the odd one goes after.
    "same": ((5, 4, 3, 3), {"pad_type": "same", "strides": [2, 2]}, {"pad": (1, 1, 0, 1), "strides": (2, 2)}),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolution_gives_what_its_definition_gives(name: str, package: Package) -> None:
    shape, options, meaning = CONVOLUTIONS[name]
    weight, images = drawn(*shape), drawn(PHOTOS, *MAP[1:])
    bias = drawn(shape[0]) if name != "depthwise" else np.zeros(shape[0], dtype=np.float32)
    biased = {"bias": bias} if name != "depthwise" else {}
    found = answer(package(lambda x: mb.conv(x=x, weight=weight, **biased, **options)), images)
    np.testing.assert_allclose(found, naive_conv(images, weight, **meaning) + column(bias), atol=2e-5)


def test_a_tensor_in_half_precision_is_rounded_after_every_operation(package: Package) -> None:
    data = package(lambda x: mb.silu(x=mb.relu(x=mb.add(x=x, y=FILTER))), fp16=True)
    images = drawn(PHOTOS, *MAP[1:])
    summed = images.astype(np.float16).astype(np.float32) + FILTER.astype(np.float16).astype(np.float32)
    rectified = np.maximum(summed.astype(np.float16), 0).astype(np.float32)
    np.testing.assert_array_equal(answer(data, images), (rectified * sigmoid(rectified)).astype(np.float16))


def test_half_precision_overflows_to_infinity(package: Package) -> None:
    data = package(lambda x: mb.square(x=x), fp16=True)
    images = np.full((1, *MAP[1:]), 256, dtype=np.float32)
    assert np.isposinf(answer(data, images)).all()
    assert np.isfinite(answer(data, images - 1)).all()


def test_tracing_gives_every_tensor_in_order(package: Package) -> None:
    data = package(lambda x: mb.relu(x=mb.add(x=x, y=FILTER, name="first"), name="second"))
    images = torch.from_numpy(drawn(2, *MAP[1:]))
    traced = load_program(data).run_tracing(images)
    assert list(traced) == ["x", "first", "second"]
    assert torch.equal(traced["second"], torch.relu(images + torch.from_numpy(FILTER)))


REFUSED: dict[str, tuple[tuple[int, ...], Build, str]] = {
    "unknown operation": (MAP, lambda x: mb.erf(x=x, name="strange"), r"operation erf \(strange\) is not known"),
    "padding type": (
        MAP,
        lambda x: mb.conv(x=x, weight=drawn(5, 4, 3, 3), pad_type="same_lower"),
        r"conv \(.*pad_type same_lower.*not known",
    ),
    "mean over photos": (
        MAP,
        lambda x: mb.reduce_mean(x=x, axes=[0, 1], keep_dims=True),
        r"reduce_mean \(.*across photos",
    ),
    "softmax over photos": (MAP, lambda x: mb.softmax(x=x, axis=-4), r"softmax \(.*across photos"),
    "reverse over photos": (MAP, lambda x: mb.reverse(x=x, axes=[0]), r"reverse \(.*across photos"),
    "steps backwards": (
        MAP,
        lambda x: mb.slice_by_index(
            x=x, begin=[0, 3, 0, 0], end=[1, 0, 7, 6], stride=[1, -1, 1, 1], end_mask=[False, True, False, False]
        ),
        r"slice_by_index \(.*not known",
    ),
    "interleaved channels": (
        MAP,
        lambda x: mb.concat(values=[x, mb.relu(x=x)], axis=1, interleave=True),
        r"concat \(.*interleave.*not known",
    ),
    "crops added to their photo's": (
        (1, 4, 7, 1),
        lambda x: mb.add(x=mb.concat(values=[x, mb.relu(x=x)], axis=0), y=mb.sigmoid(x=x)),
        r"add \(.*cannot be computed|add \(.*where .* is declared",
    ),
    "reshape over photos": (MAP, lambda x: mb.reshape(x=x, shape=[4, 42]), r"reshape \(.*not known"),
    "inferred reshape": (MAP, lambda x: mb.reshape(x=x, shape=[1, -1]), r"reshape \(.*shape = \(1, -1\).*not known"),
    "constant as long as a batch": (
        (1, 1),
        lambda x: mb.add(x=x, y=np.ones((PHOTOS, 1), np.float32)),
        r"add \(.*not known",
    ),
    "ranks that would mix photos": (
        (1, PHOTOS),
        lambda x: mb.mul(x=x, y=mb.reduce_sum(x=x, axes=[1], keep_dims=False)),
        r"mul \(.*not known",
    ),
    "integers": (MAP, lambda x: mb.cast(x=x, dtype="int32"), r"int32.*not known"),
    "truth values": (MAP, lambda x: mb.cast(x=x, dtype="bool"), r"bool.*not known"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_known_is_an_error_that_names_it(name: str, package: Package) -> None:
    shape, build, message = REFUSED[name]
    with pytest.raises(EngineError, match=message):
        answer(package(build, shape=shape), drawn(PHOTOS, *shape[1:]))


def test_a_parameter_that_nothing_reads_is_an_error(package: Package) -> None:
    def rename(specification: Any) -> None:
        (operation,) = steps(specification, "clip")
        operation.inputs["slope"].CopyFrom(operation.inputs["beta"])

    data = edited(package(lambda x: mb.clip(x=x, alpha=0.0, beta=1.0)), rename)
    with pytest.raises(EngineError, match=r"clip \(.*the parameter slope is not known"):
        answer(data, drawn(*MAP))


def test_a_missing_parameter_is_an_error(package: Package) -> None:
    def forget(specification: Any) -> None:
        (operation,) = steps(specification, "conv")
        del operation.inputs["strides"]

    data = edited(package(lambda x: mb.conv(x=x, weight=drawn(5, 4, 3, 3), strides=[2, 2])), forget)
    with pytest.raises(EngineError, match=r"conv \(.*strides = None is not known"):
        answer(data, drawn(*MAP))


def test_a_result_of_another_shape_than_declared_is_an_error(package: Package) -> None:
    def lie(specification: Any) -> None:
        (operation,) = steps(specification, "relu")
        operation.outputs[0].type.tensorType.dimensions[1].constant.size = 9

    with pytest.raises(EngineError, match=r"relu \(.*\(3, 4, 7, 6\) where \(3, 9, 7, 6\) is declared"):
        answer(edited(package(lambda x: mb.relu(x=x)), lie), drawn(PHOTOS, *MAP[1:]))


def test_a_photo_of_another_size_is_an_error(package: Package) -> None:
    with pytest.raises(EngineError, match="takes photos of 4x7x6, not 4x7x7"):
        answer(package(lambda x: mb.relu(x=x)), drawn(1, 4, 7, 7))


def test_damaged_weights_are_an_error(package: Package) -> None:
    weight = drawn(64, 4, 3, 3)  # large enough to stand in the weight file
    files = contents(package(lambda x: mb.conv(x=x, weight=weight)))
    name = next(name for name in files if name.endswith("weight.bin"))
    blobs = files[name]
    assert weight.tobytes() in blobs
    without = {path: content for path, content in files.items() if path != name}
    for damaged, message in (
        (without, "weight file .* is missing"),
        ({**files, name: blobs[:70]}, "too short"),
        ({**files, name: blobs[:-64]}, "weights where .* are declared"),
        ({**files, name: blobs[:64] + b"\0\0\0\0" + blobs[68:]}, "no fp32 weights at offset 64"),
        ({**files, name: blobs[:68] + b"\1\0\0\0" + blobs[72:]}, "no fp32 weights at offset 64"),
    ):
        with pytest.raises(EngineError, match=message):
            load_program(rezipped(damaged))
