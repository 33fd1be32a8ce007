"""ONNX FP16: weights of half the size, arithmetic as it was.

onnxruntime computes in float32 on CPUs whatever a file holds: of a model all in half precision it would make one with
casts around every operation, slower than FP32. Here it widens the weights once, when the file is loaded, and what an
activation of a transformer may exceed (65,504) cannot matter.
"""

import numpy as np
import onnx
from onnx import numpy_helper

from export.onnx_file.convert import initializers

LEAST_NUMBERS = 1024
"""Of a tensor that is worth it: biases, norms, temperatures and the like stay as they are."""

KEPT = frozenset({"components", "feature_mean", "strange_weights"})
"""What novelty is measured with: a small difference of large sums."""


def halved(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose larger weights are float16 with a cast behind each; what float16 cannot hold stays float32."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    graph, casts = copy.graph, []
    for name, tensor in initializers(copy).items():
        if tensor.data_type != onnx.TensorProto.FLOAT or _kept(name) or np.prod(tensor.dims) < LEAST_NUMBERS:
            continue
        values = numpy_helper.to_array(tensor)
        if np.abs(values).max() > np.finfo(np.float16).max:
            continue
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], f"{name}_cast", to=onnx.TensorProto.FLOAT))
    nodes = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts, *nodes])
    onnx.checker.check_model(copy, full_check=True)
    return copy


def _kept(name: str) -> bool:
    """Those of further domains bear a number."""
    return name.rstrip("0123456789") in KEPT
