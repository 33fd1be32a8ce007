"""The trunk computed twice, side by side and layer by layer: in float, and as the 8-bit model rounds it.

What corrects an 8-bit model needs each convolution's input in both, and what it changes must be felt by every later
layer. One pass with a visitor gives that; running the growing model anew for each layer would take half a hundred.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Tensor
from torch.nn import functional as F

from export.int8.photo_input import WHITE, photo_input
from export.int8.qdq import BYTES, clip_limits
from export.onnx_file.convert import initializers
from export.onnx_file.module import INPUT_NAME
from export.onnx_file.trunk import Layer, layers, spelled_out
from export.verify.latency import session_of


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Where a convolution's outputs look."""

    pads: tuple[int, int, int, int]
    """above, left, below, right"""
    stride: int
    groups: int

    @staticmethod
    def of(conv: onnx.NodeProto) -> "Geometry":
        """As the node says it."""
        found = {one.name: (tuple(one.ints) if one.ints else one.i) for one in conv.attribute}
        pads, strides = found.get("pads", (0, 0, 0, 0)), found.get("strides", (1, 1))
        return Geometry(pads=cast(Any, pads), stride=cast(Any, strides)[0], groups=cast(int, found.get("group", 1)))

    def padded(self, given: Tensor) -> Tensor:
        """The input with the zeros around it that the convolution puts there."""
        above, left, below, right = self.pads
        return F.pad(given, (left, right, above, below)) if any(self.pads) else given


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A convolution that is about to run on N photos."""

    layer: Layer
    float_input: Tensor
    """[N, C, H, W], as the FP32 model has it"""
    input: Tensor
    """[N, C, H, W], as the 8-bit model has it"""
    float_weight: Tensor
    weight: Tensor
    """rounded to the steps of `scale`"""
    scale: Tensor
    """[O, 1 or C, 1, 1], what one step of a weight is"""
    bias: Tensor
    limits: tuple[float, float]
    """what the activation clips to; without end where it does not clip"""

    def run(self, given: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        """The convolution's output before its activation."""
        return _convolution(self.layer.conv, given, weight, bias)

    def activate(self, output: Tensor) -> Tensor:
        """The activation, where it only clips; curved ones are left out."""
        return output.clamp(*self.limits)


Visitor = Callable[[Visit], tuple[Tensor, Tensor]]
"""Gives the weight and bias that the 8-bit side goes on with."""


def replay(model: onnx.ModelProto, quantised: onnx.ModelProto, photos: Sequence[np.ndarray], visitor: Visitor) -> None:
    """Run both trunks on the photos, uint8 [S, S, 3] each, with `visitor` at every convolution that is in 8 bit."""
    source = spelled_out(model)
    trunk = layers(source)
    by_name = {layer.conv.name: layer for layer in trunk}
    constants = {name: torch.from_numpy(numpy_helper.to_array(t).copy()) for name, t in initializers(source).items()}
    grids, weights = _grids(quantised), _weights(source, quantised, trunk)
    nodes = _trunk_nodes(source, trunk)
    start = trunk[0].conv.input[0]
    floats = {start: _tensor(source, start, photos)}
    rounded = {start: _on_grid(floats[start], grids.get(start))}
    for place, node in enumerate(nodes):
        layer = by_name.get(node.name)
        if layer is None:
            results = [
                _operation(node, [side.get(n, constants.get(n)) for n in node.input]) for side in (floats, rounded)
            ]
        else:
            results = _both(source, layer, (floats, rounded), constants, weights, visitor)
        name = node.output[0]
        floats[name], rounded[name] = results[0], _on_grid(results[1], grids.get(name))
        needed = {name for later in nodes[place + 1 :] for name in later.input}
        floats = {name: value for name, value in floats.items() if name in needed}
        rounded = {name: value for name, value in rounded.items() if name in needed}


def with_parameters(
    model: onnx.ModelProto, weights: Mapping[str, np.ndarray], biases: Mapping[str, np.ndarray]
) -> onnx.ModelProto:
    """A copy in which convolutions, by their node's name, have other weights and biases."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    constants = initializers(copy)
    for node in copy.graph.node:
        if node.name in weights:
            constants[node.input[1]].CopyFrom(numpy_helper.from_array(weights[node.name], node.input[1]))
        if node.name in biases:
            name = f"{node.input[1]}_adjusted_bias"
            node.input[:] = [*node.input[:2], name]
            copy.graph.initializer.append(numpy_helper.from_array(biases[node.name], name))
    used = {name for node in copy.graph.node for name in node.input}
    kept = [tensor for tensor in copy.graph.initializer if tensor.name in used]
    del copy.graph.initializer[:]
    copy.graph.initializer.extend({tensor.name: tensor for tensor in kept}.values())
    return copy


def _both(
    source: onnx.ModelProto,
    layer: Layer,
    sides: tuple[Mapping[str, Tensor], Mapping[str, Tensor]],
    constants: Mapping[str, Tensor],
    weights: Mapping[str, tuple[Tensor, Tensor]],
    visitor: Visitor,
) -> list[Tensor]:
    conv = layer.conv
    float_input, given = (side[conv.input[0]] for side in sides)
    float_weight = constants[conv.input[1]]
    bias = constants[conv.input[2]] if len(conv.input) > 2 else torch.zeros(len(float_weight))
    in_float = _convolution(conv, float_input, float_weight, bias)
    if conv.name not in weights:
        return [in_float, _convolution(conv, given, float_weight, bias)]
    weight, scale = weights[conv.name]
    weight, own_bias = visitor(
        Visit(
            layer=layer,
            float_input=float_input,
            input=given,
            float_weight=float_weight,
            weight=weight,
            scale=scale,
            bias=bias,
            limits=clip_limits(source, layer),
        )
    )
    return [in_float, _convolution(conv, given, weight, own_bias)]


def _weights(
    source: onnx.ModelProto, quantised: onnx.ModelProto, trunk: Sequence[Layer]
) -> dict[str, tuple[Tensor, Tensor]]:
    """Rounded weights and their steps of every 8-bit convolution, in units of the FP32 model's weights."""
    constants = {name: numpy_helper.to_array(tensor) for name, tensor in initializers(quantised).items()}
    found: dict[str, tuple[Tensor, Tensor]] = {}
    for layer in trunk:
        per_input = np.ones((1, 1, 1, 1), np.float64)
        name = layer.conv.input[1]
        photo = photo_input(source, layer.conv) if f"{name}_of_pixels_quantized" in constants else None
        if photo is not None:
            name, per_input = f"{name}_of_pixels", 1 / (WHITE * photo.scale).reshape(1, 3, 1, 1)
        if f"{name}_quantized" in constants:
            scale = constants[f"{name}_scale"].reshape(-1, 1, 1, 1) * per_input
            weight = constants[f"{name}_quantized"] * scale
            found[layer.conv.name] = torch.from_numpy(weight).float(), torch.from_numpy(scale).float()
    return found


def _grids(quantised: onnx.ModelProto) -> dict[str, tuple[float, int, int, int]]:
    """Scale, zero point and ends of every tensor that has steps."""
    constants = {name: numpy_helper.to_array(tensor) for name, tensor in initializers(quantised).items()}
    found: dict[str, tuple[float, int, int, int]] = {}
    for node in quantised.graph.node:
        if node.op_type == "QuantizeLinear":
            scale, zero = (constants[name] for name in node.input[1:3])
            info = np.iinfo(zero.dtype)
            found[node.output[0].removesuffix(BYTES)] = (float(scale), int(zero), int(info.min), int(info.max))
    return found


def _on_grid(value: Tensor, grid: tuple[float, int, int, int] | None) -> Tensor:
    if grid is None:
        return value
    scale, zero, low, high = grid
    return ((value / scale).round_().add_(zero).clamp_(low, high).sub_(zero)).mul_(scale)


def _trunk_nodes(source: onnx.ModelProto, trunk: Sequence[Layer]) -> list[onnx.NodeProto]:
    nodes = list(source.graph.node)
    names = [node.name for node in nodes]
    return nodes[names.index(trunk[0].conv.name) : names.index(trunk[-1].nodes[-1].name) + 1]


def _tensor(model: onnx.ModelProto, name: str, photos: Sequence[np.ndarray]) -> Tensor:
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None))
    session = session_of(copy.SerializeToString(), threads=1)
    return torch.from_numpy(np.concatenate([session.run([name], {INPUT_NAME: photo[None]})[0] for photo in photos]))


def _operation(node: onnx.NodeProto, given: Sequence[Tensor | None]) -> Tensor:
    inputs = [cast(Tensor, value) for value in given]
    attributes = {attribute.name: attribute.f for attribute in node.attribute}
    match node.op_type:
        case "Relu":
            return inputs[0].relu()
        case "Clip":
            return inputs[0].clamp(float(inputs[1]), float(inputs[2]))
        case "HardSigmoid":
            return (inputs[0] * attributes.get("alpha", 0.2) + attributes.get("beta", 0.5)).clamp_(0, 1)
        case "Sigmoid":
            return inputs[0].sigmoid()
        case "Mul":
            return inputs[0] * inputs[1]
        case "Add":
            return inputs[0] + inputs[1]
        case "GlobalAveragePool":
            return inputs[0].mean(dim=(2, 3), keepdim=True)
        case other:
            raise ValueError(f"{other}: the trunk of a student has no such operation")


def _convolution(conv: onnx.NodeProto, given: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    shape = Geometry.of(conv)
    return F.conv2d(shape.padded(given), weight, bias, stride=shape.stride, groups=shape.groups)
