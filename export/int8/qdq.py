"""Writing the 8-bit model: quantise / dequantise pairs (QDQ), which onnxruntime fuses to integer kernels at loading.

onnxruntime's own quantiser is not used: it takes ten times as long, and leaves two things in float that cost more than
all of its savings on MobileNetV3 (7.0 ms in FP32, 8.4 ms by it, on a CPU with AVX-512):

- Hard-swish. There is no integer kernel for hard-sigmoid, so four float passes go over the largest maps. But
  hard-sigmoid is an addition whose 8-bit output saturates at 0 and 1, and is written as one (QLinearAdd). SiLU's
  sigmoid is a table.
- The photo. Its normalisation ends up in channels-last order, where a multiplication and an addition by three
  constants take a fifth to a third of the whole time. But a photo is bytes already: the scale goes into the first
  convolution's weights, the offset into its bias, and the border that the convolution would pad with zeros, the mean
  colour, is put around the photo. The input is then exact, where quantising the normalised photo would round it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from export.int8.activation_ranges import LEVELS, Range
from export.int8.photo_input import PhotoInput, photo_input
from export.int8.qoperator import as_integer_operators
from export.int8.recipes import Recipe
from export.onnx_file.convert import initializers
from export.onnx_file.trunk import CLIPPING, Layer, blocks, joints, layers, spelled_out
from runtime.conditions import CONDITIONS

FLOAT_GATES = ("hard_sigmoid", "sigmoid")
GATE_RANGE: Range = (0.0, 1.0)
BYTES, FLOATS = "_QuantizeLinear_Output", "_DequantizeLinear_Output"
"""What a tensor's name gets where it is 8 bit, and where it is float again: the names onnxruntime's tools use."""

MOST = np.iinfo(np.int32).max

LARGE_TAIL = 100_000
"""Numbers from which the components of novelty, of all domains together, stand in 8 bit: of one they are 164,000, and
in float would take some students over 5 MB. The heads, layers of one and of ten rows, are 14,000."""


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The 8-bit steps of one tensor: real = scale * (byte - zero)."""

    scale: np.float32
    zero: np.ndarray
    """uint8 or int8, no dimensions"""

    @staticmethod
    def over(limits: Range, *, dtype: str) -> "Grid":
        """255 steps over the range, one of them exactly at zero."""
        low, high = min(limits[0], 0.0), max(limits[1], 0.0)
        scale = np.float32(max((high - low) / LEVELS, 1e-9))
        zero = int(np.clip(np.round(-low / scale), 0, LEVELS)) + np.iinfo(dtype).min
        return Grid(scale=scale, zero=np.array(zero, dtype=dtype))


def quantise(model: onnx.ModelProto, ranges: Mapping[str, Range], *, recipe: Recipe) -> onnx.ModelProto:
    """The FP32 model with 8-bit weights and activations where the recipe wants them. `model` is left as it is.

    `ranges`: what each tensor takes on, by `activation_ranges.best_ranges` or learnt. Raises ValueError where one is
    missing.
    """
    source = spelled_out(model)
    trunk = layers(source)
    limits = bounded(source, trunk, ranges)
    chosen = set(quantised_nodes(model, recipe=recipe))
    writer = _Writer(source, trunk, limits, chosen=chosen, recipe=recipe)
    for node in source.graph.node:
        writer.write(node)
    written = writer.finished()
    return as_integer_operators(written) if recipe.format == "qoperator" else written


def quantised_nodes(model: onnx.ModelProto, *, recipe: Recipe) -> list[str]:
    """Names of the nodes that compute in 8 bit, in execution order; HardSwish is spelled out first.

    What follows the last map (pooled features, a convolution on them, heads, sigmoid, softmax, novelty) stays in
    float: it costs nothing and its rounding would show in every answer, where that of a map is averaged away by the
    pool. With its last convolution in 8 bit a mobilenetv3's novelty had a rank correlation of 0.67 with the student's.
    """
    source = spelled_out(model)
    trunk = layers(source)
    kept = float_layers(trunk, recipe)
    quantised = [layer for layer in trunk if layer.index not in kept]
    chosen = {layer.conv.name for layer in quantised}
    for layer in quantised:
        if recipe.swish == "integer" or len(layer.activation) < 2:
            chosen |= {node.name for node in layer.activation}
    features = {layer.conv.input[0] for layer in trunk if layer.pooled}
    reached = {name for layer in quantised for name in (layer.conv.input[0], layer.before, layer.output)}
    for node in joints(source, trunk):
        if node.output[0] in features:
            continue
        scaled = node.op_type == "Mul" and recipe.squeeze == "weights"
        if any(name in reached for name in node.input) if scaled else all(name in reached for name in node.input):
            chosen.add(node.name)
            reached.add(node.output[0])
    return [node.name for node in source.graph.node if node.name in chosen]


def float_layers(trunk: Sequence[Layer], recipe: Recipe) -> set[int]:
    """Numbers of the convolutions that the recipe computes in float."""
    kept = {*range(min(recipe.float_first, len(trunk) - 1)), *recipe.float_also}
    kept |= {layer.index for layer in trunk if layer.pooled}
    kept |= {layer.index for block in blocks(trunk)[: recipe.float_blocks] for layer in block}
    if recipe.float_last:
        kept.add(len(trunk) - 1)
    if recipe.squeeze == "weights":
        kept |= {layer.index for layer in trunk if layer.squeeze}
    return kept


def _lean(trunk: Sequence[Layer], recipe: Recipe) -> set[int]:
    if recipe.lean_after is None:
        return set()
    return {layer.index for block in blocks(trunk)[recipe.lean_after : recipe.float_blocks] for layer in block}


def bounded(model: onnx.ModelProto, trunk: Sequence[Layer], ranges: Mapping[str, Range]) -> dict[str, Range]:
    """The ranges, cut to what an activation can give: in 8 bit it is the range that clips."""
    within = dict(ranges)
    for layer in trunk:
        if layer.output in ranges and layer.kind in (*CLIPPING, *FLOAT_GATES):
            low, high = clip_limits(model, layer)
            given = ranges[layer.output]
            within[layer.output] = (max(given[0], low), min(given[1], high))
        if len(layer.activation) == 2:
            within[layer.activation[0].output[0]] = GATE_RANGE
    return within


def clip_limits(model: onnx.ModelProto, layer: Layer) -> Range:
    """The least and the largest value that the layer's activation lets through."""
    if layer.kind in FLOAT_GATES:
        return GATE_RANGE
    if layer.kind != "clip":
        return (0.0, np.inf) if layer.kind == "relu" else (-np.inf, np.inf)
    constants = initializers(model)
    low, high = (float(numpy_helper.to_array(constants[name]).item()) for name in layer.activation[0].input[1:3])
    return low, high


class _Writer:
    """Writes the nodes of the FP32 model one by one, in 8 bit where they are chosen."""

    def __init__(
        self,
        source: onnx.ModelProto,
        trunk: Sequence[Layer],
        ranges: Mapping[str, Range],
        *,
        chosen: set[str],
        recipe: Recipe,
    ) -> None:
        self.source, self.recipe, self.chosen, self.ranges = source, recipe, chosen, ranges
        self.layers = {node.name: layer for layer in trunk for node in layer.nodes}
        self.constants = {name: numpy_helper.to_array(tensor) for name, tensor in initializers(source).items()}
        self.nodes: list[onnx.NodeProto] = []
        self.made: set[str] = {*(value.name for value in source.graph.input), *self.constants}
        self.grids: dict[str, Grid] = {}
        squeeze = {layer.index for layer in trunk if layer.squeeze and recipe.squeeze == "weights"}
        pooled = {layer.index for layer in trunk if layer.pooled}
        self.components = self._large_tail()
        last = {trunk[-1].index} if recipe.float_last else set()
        self.small = squeeze | pooled | last | _lean(trunk, recipe)
        """convolutions in float whose weights are stored in 8 bit"""
        first = trunk[0].conv
        self.photo = photo_input(source, first) if recipe.photo == "bytes" and first.name in chosen else None

    def write(self, node: onnx.NodeProto) -> None:
        """Write one node of the FP32 model, and what leads its inputs there."""
        if self.photo is not None and node.name in self.photo.replaces:
            return
        layer = self.layers.get(node.name)
        if node.name not in self.chosen:
            self._write_float(node, layer)
        elif node.op_type == "Conv" and layer is not None:
            self._write_convolution(node, layer)
        elif layer is None or layer.kind not in CLIPPING:  # a convolution's 8-bit output has been clipped by its range
            self._write_operation(node)

    def finished(self) -> onnx.ModelProto:
        """The model, checked, with the constants that it uses."""
        model = onnx.ModelProto()
        model.CopyFrom(self.source)
        del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
        model.graph.node.extend(self.nodes)
        used = {name for node in self.nodes for name in node.input}
        model.graph.initializer.extend(
            numpy_helper.from_array(value, name) for name, value in self.constants.items() if name in used
        )
        onnx.checker.check_model(model)
        return model

    def _write_float(self, node: onnx.NodeProto, layer: Layer | None) -> None:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        copy.input[:] = [self._float(name) for name in node.input]
        if self._stored_small(node, layer):
            copy.input[1] = self._unpacked(node.input[1])
        self.nodes.append(copy)
        self.made.update(node.output)

    def _stored_small(self, node: onnx.NodeProto, layer: Layer | None) -> bool:
        """Whether a float node's weights are 8 bit in the file."""
        if node.op_type == "Gemm":
            return node.input[1] in self.components
        return node.op_type == "Conv" and layer is not None and layer.index in self.small

    def _large_tail(self) -> set[str]:
        """Names of the components, where they are large."""
        rows = {node.input[1] for node in self.source.graph.node if node.op_type == "Gemm"}
        found = {name for name in rows if name in self.constants and len(self.constants[name]) > len(CONDITIONS)}
        return found if sum(self.constants[name].size for name in found) >= LARGE_TAIL else set()

    def _write_convolution(self, node: onnx.NodeProto, layer: Layer) -> None:
        weight = self.constants[node.input[1]]
        bias = self.constants[node.input[2]] if len(node.input) > 2 else np.zeros(len(weight), np.float32)
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        source, name = node.input[0], node.input[1]
        if self.photo is not None and node.name == self.photo.conv:
            weight, bias = self.photo.folded(weight, bias)
            source, name = f"{source}_pixels", f"{name}_of_pixels"
            self._write_photo(self.photo, source)
            for attribute in copy.attribute:
                if attribute.name == "pads":
                    attribute.ints[:] = [0, 0, 0, 0]
        given = self._dequantised(source)
        scale = self._grid(source).scale
        least = np.abs(bias).astype(np.float64) / (float(scale) * MOST)
        weights = self._weights(name, weight, least=least)
        biases = self._biases(f"{name}_bias", bias, scale * self.constants[f"{name}_scale"])
        copy.input[:] = [given, weights, biases]
        clips = layer.kind in CLIPPING and layer.activation[0].name in self.chosen
        self.nodes.append(copy)
        self._quantise(node.output[0], layer.output if clips else node.output[0])

    def _write_operation(self, node: onnx.NodeProto) -> None:
        copy = onnx.NodeProto()
        copy.CopyFrom(node)
        if node.op_type == "HardSigmoid":
            copy = self._gate(node)
        else:
            copy.input[:] = [self._dequantised(name) for name in node.input]
        self.nodes.append(copy)
        self._quantise(node.output[0], node.output[0])

    def _gate(self, node: onnx.NodeProto) -> onnx.NodeProto:
        """A hard-sigmoid, alpha * x + beta between 0 and 1, as a sum: the same bytes with alpha times their scale."""
        attributes = {attribute.name: attribute.f for attribute in node.attribute}
        x, y = node.input[0], node.output[0]
        self._bytes(x)
        grid = self._grid(x)
        slope = self._constant(f"{y}_slope", grid.scale * np.float32(attributes.get("alpha", 0.2)))
        self._node("DequantizeLinear", [f"{x}{BYTES}", slope, f"{x}_zero_point"], f"{y}_slanted")
        step = np.array(100, grid.zero.dtype)
        offset = [
            self._constant(f"{y}_beta", step),
            self._constant(f"{y}_beta_scale", np.float32(attributes.get("beta", 0.5) / step)),
            self._constant(f"{y}_beta_zero_point", np.zeros_like(step)),
        ]
        self._node("DequantizeLinear", offset, f"{y}_offset")
        return helper.make_node("Add", [f"{y}_slanted", f"{y}_offset"], [y], node.name)

    def _write_photo(self, photo: PhotoInput, name: str) -> None:
        """The photo as the 8-bit tensor that the first convolution reads, with its border."""
        unsigned = Grid(scale=np.float32(1 / LEVELS), zero=np.array(photo.zero, np.uint8))
        signed = self.recipe.activations == "int8"
        constants, nodes = photo.nodes(f"{name}_bytes" if signed else f"{name}{BYTES}", prefix=name)
        self.constants.update(constants)
        self.nodes.extend(nodes)
        if not signed:
            self.grids[name] = unsigned
            self.made.add(f"{name}{BYTES}")
        else:
            self.grids[name] = Grid(scale=unsigned.scale, zero=np.array(photo.zero - 128, np.int8))
            parts = [self._constant(f"{name}_step", unsigned.scale), self._constant(f"{name}_mean", unsigned.zero)]
            self._node("DequantizeLinear", [f"{name}_bytes", *parts], name)

    def _quantise(self, source: str, target: str) -> None:
        """Bytes of the float tensor `source`, known as `target` from here on."""
        grid = self._grid(target)
        parts = [self._constant(f"{target}_scale", grid.scale), self._constant(f"{target}_zero_point", grid.zero)]
        self._node("QuantizeLinear", [source, *parts], f"{target}{BYTES}")

    def _bytes(self, name: str) -> str:
        if f"{name}{BYTES}" not in self.made:
            self._quantise(name, name)
        return f"{name}{BYTES}"

    def _dequantised(self, name: str) -> str:
        """The tensor in float, rounded to its steps."""
        if f"{name}{FLOATS}" not in self.made:
            grid, given = self._grid(name), self._bytes(name)
            parts = [self._constant(f"{name}_scale", grid.scale), self._constant(f"{name}_zero_point", grid.zero)]
            self._node("DequantizeLinear", [given, *parts], f"{name}{FLOATS}")
        return f"{name}{FLOATS}"

    def _float(self, name: str) -> str:
        """The tensor for a float node: as it was computed, or from its bytes where nothing else is left."""
        return name if name in self.made or not name else self._dequantised(name)

    def _grid(self, name: str) -> Grid:
        if name not in self.grids:
            if name not in self.ranges:
                raise ValueError(f"no range is given for the tensor {name}")
            self.grids[name] = Grid.over(self.ranges[name], dtype=self.recipe.activations)
        return self.grids[name]

    def _weights(self, name: str, weight: np.ndarray, *, least: np.ndarray) -> str:
        """For an integer convolution. `least`: scales below which a bias would not fit into 32 bits."""
        steps, scale = self._steps(weight, least=least)
        return self._per_channel(name, steps, scale)

    def _steps(self, weight: np.ndarray, *, least: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Symmetric steps, int8 in the shape of the weight, and their scale per output channel."""
        levels = 63 if self.recipe.reduce_range else 127
        peaks = np.abs(weight).reshape(len(weight), -1).max(axis=1).astype(np.float64)
        scale = np.maximum(np.maximum(peaks / levels, least), 1e-12).astype(np.float32)
        return np.clip(np.round(weight / _by_row(scale, weight)), -levels, levels).astype(np.int8), scale

    def _unpacked(self, name: str) -> str:
        """Weights that are small in the file only: steps times scale by plain operators, which onnxruntime works out
        once, when it loads the file. It would keep a DequantizeLinear for each photo: a whole trunk of them took 2.0
        times FP32's time, the last convolution of a mobilenetv3 alone 4% of an INT8 file's."""
        weight = self.constants[name]
        steps, scale = self._steps(weight)
        rows = _by_row(scale, weight)
        parts = [self._constant(f"{name}_quantized", steps), self._constant(f"{name}_scale", rows)]
        self._node("Cast", parts[:1], f"{name}_steps{FLOATS}", to=TensorProto.FLOAT)
        self._node("Mul", [f"{name}_steps{FLOATS}", parts[1]], f"{name}{FLOATS}")
        return f"{name}{FLOATS}"

    def _biases(self, name: str, bias: np.ndarray, scale: np.ndarray) -> str:
        steps = np.clip(np.round(bias / scale.astype(np.float64)), -MOST, MOST).astype(np.int32)
        return self._per_channel(name, steps, scale.astype(np.float32))

    def _per_channel(self, name: str, steps: np.ndarray, scale: np.ndarray) -> str:
        parts = [
            self._constant(f"{name}_quantized", steps),
            self._constant(f"{name}_scale", scale),
            self._constant(f"{name}_zero_point", np.zeros(len(steps), steps.dtype)),
        ]
        self._node("DequantizeLinear", parts, f"{name}{FLOATS}", axis=0)
        return f"{name}{FLOATS}"

    def _node(self, kind: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:
        self.nodes.append(helper.make_node(kind, inputs, [output], f"{output}_{kind}", **attributes))
        self.made.add(output)

    def _constant(self, name: str, value: np.ndarray | np.generic) -> str:
        self.constants[name] = np.asarray(value)
        return name


def _by_row(scale: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """[C] as it multiplies a weight of C output channels."""
    return scale.reshape(-1, *[1] * (weight.ndim - 1))
