"""The other way to write an 8-bit model: integer operators in the file, instead of pairs that are fused at loading."""

from collections.abc import Sequence

import onnx
from onnx import helper

MICROSOFT = "com.microsoft"
"""Domain of onnxruntime's own operators."""

FUSED = {"Conv": "", "Add": MICROSOFT, "Mul": MICROSOFT, "Sigmoid": MICROSOFT, "GlobalAveragePool": MICROSOFT}
"""Operators with an integer form, and its domain."""


def as_integer_operators(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which every float operator between dequantisers and a quantiser is one integer operator."""
    dequantisers = {node.output[0]: node for node in model.graph.node if node.op_type == "DequantizeLinear"}
    readers: dict[str, list[onnx.NodeProto]] = {}
    for node in model.graph.node:
        for name in node.input:
            readers.setdefault(name, []).append(node)
    nodes: list[onnx.NodeProto] = []
    replaced: set[str] = set()
    for node in model.graph.node:
        after = readers.get(node.output[0], [])
        whole = all(name in dequantisers for name in node.input)
        if node.op_type in FUSED and whole and [one.op_type for one in after] == ["QuantizeLinear"]:
            nodes.append(_fused(node, [dequantisers[name] for name in node.input], after[0]))
            replaced.add(after[0].name)
        elif node.name not in replaced:
            nodes.append(node)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    del copy.graph.node[:]
    copy.graph.node.extend(_needed(nodes, {value.name for value in model.graph.output}))
    used = {name for node in copy.graph.node for name in node.input}
    kept = [tensor for tensor in model.graph.initializer if tensor.name in used]
    del copy.graph.initializer[:]
    copy.graph.initializer.extend(kept)
    copy.opset_import.append(helper.make_opsetid(MICROSOFT, 1))
    onnx.checker.check_model(copy)
    return copy


def _fused(node: onnx.NodeProto, given: Sequence[onnx.NodeProto], after: onnx.NodeProto) -> onnx.NodeProto:
    """Each dequantiser has bytes, scale and zero point, as the integer operators want them; a bias only its steps."""
    inputs = [name for one in given[:2] for name in one.input]
    inputs += after.input[1:3]
    if len(given) > 2:
        inputs.append(given[2].input[0])
    fused = helper.make_node(f"QLinear{node.op_type}", inputs, after.output, node.name, domain=FUSED[node.op_type])
    fused.attribute.extend(node.attribute)
    if node.op_type == "GlobalAveragePool":
        fused.attribute.append(helper.make_attribute("channels_last", 0))
    return fused


def _needed(nodes: Sequence[onnx.NodeProto], outputs: set[str]) -> list[onnx.NodeProto]:
    """Without dequantisers that nobody reads any more."""
    wanted = set(outputs)
    kept: list[onnx.NodeProto] = []
    for node in reversed(nodes):
        if wanted & set(node.output):
            kept.append(node)
            wanted |= set(node.input)
    return kept[::-1]
