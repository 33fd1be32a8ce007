"""The trunk of an exported FP32 model as a list of convolutions, and the names its tensors travel under.

All students are chains of convolutions with residual additions and squeeze-and-excite. A tensor is known by what it is,
numbered in execution order from 0, so that ranges learnt in PyTorch can be used in any format:

    input   the normalised image             pool{j}  output of a global average pool
    conv{k} a convolution, before its        mul{j}   output of a squeeze-and-excite multiplication
            activation                       add{j}   output of a residual addition
    act{k}  output of its activation
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import onnx

from export.onnx_file.convert import initializers

GATES = {"HardSigmoid": "hard_swish", "Sigmoid": "silu"}
"""x times one of these of x itself is an activation."""

PLAIN = {"Relu": "relu", "Clip": "clip", "HardSwish": "hard_swish", "HardSigmoid": "hard_sigmoid", "Sigmoid": "sigmoid"}
CLIPPING = frozenset({"relu", "clip"})
"""Activations that an 8-bit range performs by itself, by where it ends."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A convolution and the activation behind it."""

    index: int
    conv: onnx.NodeProto
    kind: str
    """relu, clip, hard_swish, silu, hard_sigmoid, sigmoid, or "" for none"""
    activation: tuple[onnx.NodeProto, ...]
    output: str
    """tensor after the activation"""
    squeeze: bool
    """whether it stands in a squeeze-and-excite branch"""
    depthwise: bool
    pooled: bool
    """whether it reads pooled features instead of a map, as MobileNetV3's last one does"""

    @property
    def nodes(self) -> tuple[onnx.NodeProto, ...]:
        """The convolution and its activation."""
        return (self.conv, *self.activation)

    @property
    def before(self) -> str:
        """tensor before the activation"""
        return self.conv.output[0]


def consumers(model: onnx.ModelProto) -> dict[str, list[onnx.NodeProto]]:
    """The nodes that read each tensor."""
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    return users


def layers(model: onnx.ModelProto) -> list[Layer]:
    """The convolutions in the order they are computed."""
    users, constants = consumers(model), initializers(model)
    squeezed: set[str] = set()
    pooled: set[str] = set()
    found: list[Layer] = []
    for node in model.graph.node:
        if node.op_type == "GlobalAveragePool":
            squeezed.add(node.output[0])
            pooled.add(node.output[0])
        if node.op_type != "Conv":
            continue
        kind, activation = _activation(node.output[0], users)
        output = activation[-1].output[0] if activation else node.output[0]
        squeeze = node.input[0] in squeezed and _leads_to_a_product(output, users)
        if squeeze:
            squeezed |= {node.output[0], output}
        groups = next((attribute.i for attribute in node.attribute if attribute.name == "group"), 1)
        depthwise = groups > 1 and constants[node.input[1]].dims[1] == 1
        found.append(
            Layer(
                index=len(found),
                conv=node,
                kind=kind,
                activation=activation,
                output=output,
                squeeze=squeeze,
                depthwise=depthwise,
                pooled=node.input[0] in pooled and not squeeze,
            )
        )
    return found


def blocks(trunk: Sequence[Layer]) -> list[list[Layer]]:
    """The convolutions outside of squeeze-and-excite, up to each that ends a block: nothing bends its output.

    In all students that is the projection of an inverted residual; the stem counts to the first block.
    """
    found: list[list[Layer]] = [[]]
    for layer in trunk:
        if not layer.squeeze:
            found[-1].append(layer)
            if not layer.kind:
                found.append([])
    return [block for block in found if block]


def joints(model: onnx.ModelProto, trunk: Sequence[Layer]) -> Iterator[onnx.NodeProto]:
    """Pools, squeeze-and-excite products and residual additions up to the end of the last convolution."""
    nodes = list(model.graph.node)
    owned = {node.name for layer in trunk for node in layer.nodes}
    first = next(index for index, node in enumerate(nodes) if node.name == trunk[0].conv.name)
    last = max(index for index, node in enumerate(nodes) if node.name in owned)
    constants = initializers(model)
    for node in nodes[first : last + 1]:
        fixed = any(name in constants for name in node.input)
        if node.name not in owned and node.op_type in ("GlobalAveragePool", "Mul", "Add") and not fixed:
            yield node


def activation_keys(model: onnx.ModelProto) -> dict[str, str]:
    """Tensor name -> key, in execution order: what an all-8-bit model quantises, and the pooled features.

    A convolution followed by nothing or by a curved activation has conv{k}; one followed by relu or clip only act{k}.
    """
    trunk = layers(model)
    keys = {trunk[0].conv.input[0]: "input"}
    for layer in trunk:
        if layer.kind not in CLIPPING:
            keys[layer.before] = f"conv{layer.index}"
        if layer.kind:
            keys[layer.output] = f"act{layer.index}"
    counts = {"GlobalAveragePool": 0, "Mul": 0, "Add": 0}
    for node in (*joints(model, trunk), *_final_pool(model, trunk)):
        keys[node.output[0]] = f"{_JOINT_NAMES[node.op_type]}{counts[node.op_type]}"
        counts[node.op_type] += 1
    places = {name: place for place, node in enumerate(model.graph.node) for name in node.output}
    return dict(sorted(keys.items(), key=lambda item: places[item[0]]))


_JOINT_NAMES = {"GlobalAveragePool": "pool", "Mul": "mul", "Add": "add"}


def spelled_out(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which every HardSwish is a HardSigmoid and a multiplication, the form that can be quantised."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    nodes: list[onnx.NodeProto] = []
    for node in copy.graph.node:
        nodes.extend(_hard_swish_nodes(node) if node.op_type == "HardSwish" else [node])
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return onnx.shape_inference.infer_shapes(copy, strict_mode=True)


def _hard_swish_nodes(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    x, y = node.input[0], node.output[0]
    gate = f"{y}_gate"
    return [
        onnx.helper.make_node("HardSigmoid", [x], [gate], f"{node.name}_gate", alpha=1 / 6, beta=0.5),
        onnx.helper.make_node("Mul", [x, gate], [y], node.name),
    ]


def _activation(name: str, users: Mapping[str, Sequence[onnx.NodeProto]]) -> tuple[str, tuple[onnx.NodeProto, ...]]:
    readers = users.get(name, [])
    if len(readers) == 1 and readers[0].op_type in PLAIN:
        return PLAIN[readers[0].op_type], (readers[0],)
    gates = [node for node in readers if node.op_type in GATES]
    products = [node for node in readers if node.op_type == "Mul"]
    if len(readers) == 2 and len(gates) == 1 and len(products) == 1 and gates[0].output[0] in products[0].input:
        return GATES[gates[0].op_type], (gates[0], products[0])
    return "", ()


def _leads_to_a_product(name: str, users: Mapping[str, Sequence[onnx.NodeProto]]) -> bool:
    """Whether the tensor scales a map: not so for a convolution behind the last pool, as MobileNetV3 has one."""
    readers = users.get(name, [])
    if any(node.op_type == "Mul" for node in readers):
        return True
    return any(_leads_to_a_product(node.output[0], users) for node in readers if node.op_type in ("Conv", *PLAIN))


def _final_pool(model: onnx.ModelProto, trunk: Sequence[Layer]) -> list[onnx.NodeProto]:
    last = trunk[-1].output
    return [node for node in model.graph.node if node.op_type == "GlobalAveragePool" and node.input[0] == last]
