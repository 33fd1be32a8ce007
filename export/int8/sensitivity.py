"""Every tensor of an ONNX file on one photo, in float and by the FP32 model's names: what `verify.damage` compares."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from export.int8.activation_ranges import tensor_names
from export.int8.qdq import BYTES, FLOATS
from export.onnx_file.convert import initializers
from export.onnx_file.module import INPUT_NAME
from runtime.engine import session_options

STEPS = "_steps"
FUSED_SCALES = {"QLinearConv": 6, "QLinearAdd": 6, "QLinearMul": 6, "QLinearSigmoid": 3, "QLinearGlobalAveragePool": 3}
"""Where the output's scale stands among the inputs of an integer operator; its zero point comes next."""


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
