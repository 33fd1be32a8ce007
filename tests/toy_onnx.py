"""A student in a few kilobytes, as the exporter writes one: a stem, a residual with squeeze-and-excite, heads."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIDE, WIDTH, EXPANDED, FEATURES = 32, 8, 24, 32
CONVOLUTIONS = 10
"""stem, depthwise, projection; expansion, depthwise, two of squeeze-and-excite, projection (added); one that nothing
bends; head"""


def toy_model(activation: str, *, seed: int = 0, residuals: int = 1) -> onnx.ModelProto:
    """FP32, with random weights. activation: relu, clip, hard_swish or silu, everywhere outside of the branch."""
    return _Toy(activation, np.random.default_rng(seed)).model(residuals)


def toy_photos(count: int, *, seed: int = 1) -> list[np.ndarray]:
    """Coloured blobs on unlike grounds, uint8 [SIDE, SIDE, 3] each."""
    rng = np.random.default_rng(seed)
    grounds = rng.uniform(0, 255, (count, 1, 1, 3))
    coarse = grounds + rng.normal(0, 60, (count, SIDE // 4, SIDE // 4, 3))
    return list(coarse.clip(0, 255).repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8))


class _Toy:
    def __init__(self, activation: str, rng: np.random.Generator) -> None:
        self.activation, self.rng = activation, rng
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.count = 0

    def model(self, residuals: int) -> onnx.ModelProto:
        x = self.node("Transpose", ["image"], perm=[0, 3, 1, 2])
        x = self.node("Cast", [x], to=TensorProto.FLOAT)
        mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        x = self.node("Mul", [x, self.constant((1 / (255 * std)).reshape(1, 3, 1, 1))])
        x = self.node("Add", [x, self.constant((-mean / std).reshape(1, 3, 1, 1))])
        x = self.bent(self.conv(x, 3, WIDTH, kernel=3, stride=2))
        x = self.conv(self.bent(self.depthwise(x, WIDTH)), WIDTH, WIDTH)
        for _ in range(residuals):
            x = self.residual(x)
        x = self.conv(self.conv(x, WIDTH, WIDTH), WIDTH, FEATURES)
        pooled = self.node("GlobalAveragePool", [self.bent(x)])
        features = self.node("Reshape", [pooled, self.constant(np.array([1, FEATURES]))])
        self.heads(features)
        shapes = {"malignancy": [1], "conditions": [1, 10], "novelty": [1]}
        graph = helper.make_graph(
            self.nodes,
            "toy",
            [helper.make_tensor_value_info("image", TensorProto.UINT8, [1, SIDE, SIDE, 3])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()],
            [numpy_helper.from_array(value, name) for name, value in self.constants.items()],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
        return onnx.shape_inference.infer_shapes(model, strict_mode=True, check_type=True)

    def residual(self, x: str) -> str:
        inner = self.bent(self.depthwise(self.bent(self.conv(x, WIDTH, EXPANDED)), EXPANDED))
        gate = self.node("Relu", [self.conv(self.node("GlobalAveragePool", [inner]), EXPANDED, 4)])
        gate = self.node("HardSigmoid", [self.conv(gate, 4, EXPANDED)], alpha=1 / 6, beta=0.5)
        scaled = self.node("Mul", [inner, gate])
        return self.node("Add", [self.conv(scaled, EXPANDED, WIDTH), x])

    def heads(self, features: str) -> None:
        logit = self.node("Gemm", [features, self.constant(self.rng.normal(0, 0.8, (FEATURES, 1)))])
        self.node("Sigmoid", [self.node("Reshape", [logit, self.constant(np.array([1]))])], output="malignancy")
        logits = self.node("Gemm", [features, self.constant(self.rng.normal(0, 0.8, (FEATURES, 10)))])
        self.node("Softmax", [logits], output="conditions")
        squared = self.node("Mul", [features, features])
        self.node("ReduceMean", [squared, self.constant(np.array([1]))], output="novelty", keepdims=0)

    def conv(self, x: str, given: int, made: int, *, kernel: int = 1, stride: int = 1, groups: int = 1) -> str:
        weight = self.rng.normal(0, (given // groups * kernel**2) ** -0.5, (made, given // groups, kernel, kernel))
        weight *= np.exp(self.rng.normal(0, 0.7, (made, 1, 1, 1)))  # channels of unlike size, as trained ones are
        names = [x, self.constant(weight), self.constant(self.rng.normal(0.3, 0.3, made))]
        pads = [kernel // 2] * 4
        return self.node("Conv", names, pads=pads, strides=[stride] * 2, group=groups, kernel_shape=[kernel] * 2)

    def depthwise(self, x: str, width: int) -> str:
        return self.conv(x, width, width, kernel=3, groups=width)

    def bent(self, x: str) -> str:
        match self.activation:
            case "relu":
                return self.node("Relu", [x])
            case "clip":
                return self.node("Clip", [x, self.constant(np.array(0.0)), self.constant(np.array(6.0))])
            case "hard_swish":
                return self.node("HardSwish", [x])
            case _:
                return self.node("Mul", [x, self.node("Sigmoid", [x])])

    def node(self, kind: str, inputs: list[str], *, output: str = "", **attributes: Any) -> str:
        self.count += 1
        name = output or f"{kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [name], f"node_{name}", **attributes))
        return name

    def constant(self, value: np.ndarray) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants[name] = value if value.dtype == np.int64 else value.astype(np.float32)
        return name
