"""Fixtures that make tiny bundles: a real manifest and a real ONNX file whose answers the test chooses."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import pytest

from runtime.bundle.load import InputSpec, Manifest, ModelFile, OperatingPoints, write_manifest
from runtime.conditions import CONDITIONS, Condition

DEFAULT_POINTS = OperatingPoints()
Conditions = Condition | Mapping[Condition, float] | Sequence[float] | None


class MakeBundle(Protocol):
    """What the fixture `tiny_bundle` is. Every photo gets the same answer."""

    def __call__(
        self,
        folder: Path,
        *,
        malignancy: float = 0.1,
        conditions: Conditions = None,
        novelty: float = 0.0,
        points: OperatingPoints = DEFAULT_POINTS,
        novelty_threshold: float | None = None,
        size: int = 64,
        model: bytes | None = None,
    ) -> Path: ...


@pytest.fixture(scope="session")
def tiny_bundle() -> MakeBundle:
    """make(folder, ...) writes a bundle into folder/"bundle" and returns that path."""
    return make_bundle


def make_bundle(
    folder: Path,
    *,
    malignancy: float = 0.1,
    conditions: Conditions = None,
    novelty: float = 0.0,
    points: OperatingPoints = DEFAULT_POINTS,
    novelty_threshold: float | None = None,
    size: int = 64,
    model: bytes | None = None,
) -> Path:
    """A bundle whose model answers with the given constants.

    `conditions`: ten probabilities, a mapping (the rest of 1 is spread over the others), the likeliest condition, or
    None for a mole. `model`: other bytes in place of the model file, hashed into the manifest as they are.
    """
    bundle = folder / "bundle"
    bundle.mkdir(parents=True)
    if model is None:
        model = model_bytes(malignancy=malignancy, conditions=spread(conditions), novelty=novelty, size=size)
    (bundle / "model.fp32.onnx").write_bytes(model)
    write_manifest(bundle, manifest(model, points=points, novelty_threshold=novelty_threshold, size=size))
    return bundle


def manifest(
    model: bytes, *, points: OperatingPoints, novelty_threshold: float | None = None, size: int = 64
) -> Manifest:
    """The manifest of a tiny bundle with one ONNX file."""
    file = ModelFile(
        name="model.fp32.onnx",
        format="onnx",
        precision="fp32",
        bytes=len(model),
        sha256=hashlib.sha256(model).hexdigest(),
        operating_points=points,
        novelty_threshold=novelty_threshold,
    )
    return Manifest(
        model_id="tiny",
        architecture="constants",
        created="2026-11-23",
        licence="none",
        training_data=("nothing",),
        input=InputSpec(height=size, width=size),
        files=(file,),
    )


def spread(conditions: Conditions) -> list[float]:
    """Ten probabilities out of a condition, a partial mapping or ten numbers."""
    if conditions is None:
        conditions = Condition.MELANOCYTIC_NEVUS
    if isinstance(conditions, Condition):
        conditions = {conditions: 0.82}
    if not isinstance(conditions, Mapping):
        return [float(value) for value in conditions]
    others = [name for name in CONDITIONS if name not in conditions]
    rest = (1.0 - math.fsum(conditions.values())) / max(len(others), 1)
    return [float(conditions.get(name, rest)) for name in CONDITIONS]


def model_bytes(
    *,
    malignancy: float,
    conditions: Sequence[float],
    novelty: float,
    size: int,
    input_name: str = "image",
    output_names: Sequence[str] = ("malignancy", "conditions", "novelty"),
) -> bytes:
    """An ONNX model: image uint8 [1, size, size, 3] in, the three constants out whatever the photo shows."""
    from onnx import TensorProto, helper

    image = helper.make_tensor_value_info(input_name, TensorProto.UINT8, [1, size, size, 3])
    nodes = [
        helper.make_node("Cast", [input_name], ["pixels"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["pixels"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
    ]
    constants = [helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0])]
    outputs = []
    shaped = ([1], [malignancy]), ([1, len(conditions)], conditions), ([1], [novelty])
    for name, (shape, values) in zip(output_names, shaped, strict=True):
        constants.append(helper.make_tensor(f"{name}_value", TensorProto.FLOAT, shape, values))
        nodes.append(helper.make_node("Add", ["nothing", f"{name}_value"], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
    graph = helper.make_graph(nodes, "tiny", [image], outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    return model.SerializeToString()


@pytest.fixture
def toy_fp32(tmp_path: Path) -> Path:
    """An ONNX file in place of a student in float: float32 [1, 3, 32, 32] -> its mean."""
    from onnx import TensorProto, helper

    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 32, 32])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, [])
    graph = helper.make_graph([helper.make_node("ReduceMean", ["x"], ["y"], keepdims=0)], "mean", [given], [made])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    (tmp_path / "fp32.onnx").write_bytes(model.SerializeToString())
    return tmp_path / "fp32.onnx"
