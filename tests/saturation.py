"""Whether this CPU's 8-bit kernels saturate, by one convolution: a second way beside `runtime.overflow`.

x86 without VNNI multiplies bytes with `vpmaddubsw`, which adds two neighbouring products and clips the sum to 16 bit:
2 * 255 * 127 is 64,770 and becomes 32,767. Weights in 7 bit (`reduce_range`) fit; so does the session option
`session.x64quantprecision`, which takes slower instructions. CPUs with VNNI and arm64 add in 32 bit.
"""

from dataclasses import dataclass

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CHANNELS = 64
PIXEL, WEIGHT, REDUCED_WEIGHT = 255, 127, 63
STEPS = 200
"""What the exact sum is as an 8-bit output."""


@dataclass(frozen=True, kw_only=True)
class Saturation:
    """What is left of a sum of the largest products, as a share of the exact sum: 1 is exact, 0.51 saturated."""

    plain: float
    reduced: float
    """with 7-bit weights"""
    precise: float
    """with session.x64quantprecision"""

    @property
    def saturates(self) -> bool:
        """Whether full 8-bit weights can give wrong sums here."""
        return abs(self.plain - 1) > 1 / STEPS


def measure_saturation() -> Saturation:
    """One convolution of the largest pixels with the largest weights, in onnxruntime, held against the exact sum."""
    return Saturation(
        plain=_share(WEIGHT, precise=False),
        reduced=_share(REDUCED_WEIGHT, precise=False),
        precise=_share(WEIGHT, precise=True),
    )


def _share(weight: int, *, precise: bool) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.x64quantprecision", "1" if precise else "0")
    model = _model(weight, exact=CHANNELS * PIXEL * weight)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    given = np.full((1, CHANNELS, 4, 4), PIXEL, np.uint8)
    answer = np.asarray(session.run(None, {"x": given})[0], np.float64)
    return float(answer.mean()) / STEPS


def _model(weight: int, *, exact: int) -> bytes:
    """QLinearConv of CHANNELS x CHANNELS x 1 x 1, whose output is `STEPS` where the sum is exact."""
    constants = {
        "one": np.float32(1),
        "zero": np.uint8(0),
        "w": np.full((CHANNELS, CHANNELS, 1, 1), weight, np.int8),
        "ones": np.ones(CHANNELS, np.float32),
        "zeros": np.zeros(CHANNELS, np.int8),
        "step": np.float32(exact / STEPS),
    }
    node = helper.make_node("QLinearConv", ["x", "one", "zero", "w", "ones", "zeros", "step", "zero"], ["y"])
    shape = [1, CHANNELS, 4, 4]
    graph = helper.make_graph(
        [node],
        "saturation",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, shape)],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, shape)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return model.SerializeToString()
