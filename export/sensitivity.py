"""Which tensors quantising damaged: the signal-to-noise ratio of each, a model in 8 bit against the one in float."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from export.graph import INPUT_NAME
from export.onnx_format import initializers
from export.qdq import BYTES, FLOATS
from export.ranges import tensor_names
from runtime.engine import session_options

MOST_DB = 120.0
"""What a tensor without any noise counts as."""

STEPS = "_steps"
FUSED_SCALES = {"QLinearConv": 6, "QLinearAdd": 6, "QLinearMul": 6, "QLinearSigmoid": 3, "QLinearGlobalAveragePool": 3}
"""Where the output's scale stands among the inputs of an integer operator; its zero point comes next."""


@dataclass(frozen=True, kw_only=True)
class TensorDamage:
    """What became of one tensor."""

    name: str
    snr_db: float
    """power of the signal over power of the error, in decibels; at most `MOST_DB`"""


def damage(baseline: Mapping[str, np.ndarray], damaged: Mapping[str, np.ndarray]) -> list[TensorDamage]:
    """Signal-to-noise of the tensors that both have, the most damaged first. Stack photos for a mean over them.

    Raises ValueError where no tensor is in both, or one has two shapes.
    """
    shared = [name for name in baseline if name in damaged]
    if not shared:
        raise ValueError("the two models have no tensor in common")
    for name in shared:
        if baseline[name].shape != damaged[name].shape:
            raise ValueError(f"{name}: shapes {baseline[name].shape} and {damaged[name].shape} differ")
    found = [TensorDamage(name=name, snr_db=snr_db(baseline[name], damaged[name])) for name in shared]
    return sorted(found, key=lambda entry: entry.snr_db)


def stacked(photos: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The tensors of several photos, by name, one photo after the other along a new first axis."""
    return {name: np.stack([tensors[name] for tensors in photos]) for name in photos[0]}


def snr_db(signal: np.ndarray, received: np.ndarray) -> float:
    """10 log10 of the signal's power over the error's; not a number in `received` counts as no signal at all."""
    power = float(np.square(signal, dtype=np.float64).sum())
    error = float(np.square(np.subtract(received, signal, dtype=np.float64)).sum())
    if not np.isfinite(error):
        return -MOST_DB
    if error <= power * 10 ** (-MOST_DB / 10):
        return MOST_DB
    return max(float(10 * np.log10(max(power, 1e-300) / error)), -MOST_DB)


def onnx_tensors(data: bytes, square: np.ndarray) -> dict[str, np.ndarray]:
    """Every float map and the outputs, by the FP32 model's names, in execution order; 8-bit maps are dequantised.

    square: uint8 [S, S, 3].
    """
    model = onnx.ModelProto.FromString(data)
    outputs = [value.name for value in model.graph.output]
    places = {**_maps(model), **{name: name for name in outputs}}
    _expose(model, [place for name, place in places.items() if name not in outputs])
    options = session_options(onnxruntime.SessionOptions(), threads=1)
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    values = cast(Sequence[np.ndarray], session.run(list(places.values()), {INPUT_NAME: square[None]}))
    return dict(zip(places, values, strict=True))


def _maps(model: onnx.ModelProto) -> dict[str, str]:
    """FP32 name -> the tensor of this model that holds its values in float. Adds dequantisers to integer operators."""
    inferred = onnx.shape_inference.infer_shapes(model)
    produced = set(tensor_names(inferred))
    constants = initializers(model)
    found: dict[str, str] = {}
    extra: list[onnx.NodeProto] = []
    for node in model.graph.node:
        name = node.output[0]
        if node.op_type in FUSED_SCALES and name.endswith(BYTES):
            place = FUSED_SCALES[node.op_type]
            plain = name.removesuffix(BYTES)
            extra.append(
                helper.make_node("DequantizeLinear", [name, *node.input[place : place + 2]], [f"{plain}{STEPS}"])
            )
            found[plain] = f"{plain}{STEPS}"
        elif node.op_type == "DequantizeLinear" and name.endswith(FLOATS) and node.input[0] not in constants:
            found[name.removesuffix(FLOATS)] = name
        elif name in produced and not name.endswith(FLOATS):
            found.setdefault(name, name)
    model.graph.node.extend(extra)
    return found


def _expose(model: onnx.ModelProto, names: Sequence[str]) -> None:
    model.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
