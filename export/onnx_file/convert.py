"""ONNX FP32: the module as one self-contained, checked ONNX model."""

from collections.abc import Iterator, Mapping

import numpy as np
import onnx
import onnxsim
import torch
from onnx import numpy_helper

from export.onnx_file.module import INPUT_NAME, OUTPUT_NAMES, EdgeModule, Temperatures
from export.onnx_file.trees import label_places, plant

OPSET = 18
"""The lowest opset that torch's dynamo exporter writes natively. onnxruntime runs it from 1.14 (February 2023) on, the
oldest that phones with a current app still carry; per-channel QDQ needs 13, HardSwish 14."""

IR_VERSION = 8
"""The file format that belongs to opset 18. The exporter writes 10, which onnxruntime before 1.18 refuses."""


def to_onnx(module: EdgeModule, *, metadata: Mapping[str, str]) -> onnx.ModelProto:
    """Export, simplify and check. The model takes one photo and has static shapes; `metadata` stands inside it.

    Raises RuntimeError when a step fails.
    """
    size = module.spec.image_size
    example = torch.zeros(1, size, size, 3, dtype=torch.uint8)
    label_places(module)
    program = torch.onnx.export(
        module.eval(),
        (example,),
        dynamo=True,
        opset_version=OPSET,
        input_names=[INPUT_NAME],
        output_names=list(OUTPUT_NAMES),
        verbose=False,
    )
    if program is None:
        raise RuntimeError("torch.onnx.export gave no program")
    exported = program.model_proto
    plant(exported, module)
    model, equal = onnxsim.simplify(exported)
    if not equal:
        raise RuntimeError("onnxsim: the simplified model answers differently")
    pool_globally(model)
    model = onnx.shape_inference.infer_shapes(_without_traces(model), strict_mode=True)
    model.ir_version = IR_VERSION
    onnx.helper.set_model_props(model, dict(metadata))
    onnx.checker.check_model(model, full_check=True)
    return model


def pool_globally(model: onnx.ModelProto) -> int:
    """Write ReduceMean over height and width as GlobalAveragePool, which onnxruntime can quantise; how many."""
    nodes = [node for node in model.graph.node if _averages_the_map(node, model)]
    for node in nodes:
        node.op_type = "GlobalAveragePool"
        del node.input[1:]
        del node.attribute[:]
    return len(nodes)


SHIFT_NAME = "malignancy_shift"
"""The constant that a declared share of malignant lesions adds to the malignancy's logit, where a file has one."""


def retuned(model: onnx.ModelProto, temperatures: Temperatures) -> onnx.ModelProto:
    """A copy with other temperatures: the divisors in front of the sigmoid and the softmax, and what is added then.

    The outputs' own only: a transformer is full of softmax. Raises RuntimeError when the model has no such division.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    _without_shift(copy)
    wanted: dict[str, float] = {"malignancy": temperatures.malignancy, "conditions": temperatures.conditions}
    divisions = {node.output[0]: node for node in copy.graph.node if node.op_type == "Div"}
    constants = initializers(copy)
    for node in copy.graph.node:
        division = divisions.get(node.input[0]) if node.output[0] in wanted else None
        if division is not None and division.input[1] in constants:
            tensor = constants[division.input[1]]
            value = np.full(tuple(tensor.dims), wanted.pop(node.output[0]), np.float32)
            tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))
    if wanted:
        raise RuntimeError(f"no division by a temperature in front of {', '.join(wanted)}")
    if temperatures.shift:
        _add_shift(copy, temperatures.shift)
    return copy


def _without_shift(model: onnx.ModelProto) -> None:
    """Take the addition of a former shift out again, in place."""
    graph = model.graph
    for addition in [node for node in graph.node if SHIFT_NAME in node.input]:
        for node in graph.node:
            node.input[:] = [addition.input[0] if name == addition.output[0] else name for name in node.input]
        graph.node.remove(addition)
        graph.initializer.remove(initializers(model)[SHIFT_NAME])


def _add_shift(model: onnx.ModelProto, shift: float) -> None:
    """Add a constant to what the sigmoid of the malignancy reads, in place."""
    graph = model.graph
    last = next(node for node in graph.node if node.output[0] == OUTPUT_NAMES[0])
    graph.initializer.append(numpy_helper.from_array(np.array(shift, np.float32), SHIFT_NAME))
    addition = onnx.helper.make_node("Add", [last.input[0], SHIFT_NAME], [f"{SHIFT_NAME}ed"], f"{SHIFT_NAME}_add")
    last.input[0] = addition.output[0]
    graph.node.insert(list(graph.node).index(last), addition)


def labelled(model: onnx.ModelProto, **metadata: str) -> onnx.ModelProto:
    """A copy with more metadata inside."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    known = onnx_metadata(copy)
    del copy.metadata_props[:]
    onnx.helper.set_model_props(copy, {**known, **metadata})
    return copy


def onnx_metadata(model: onnx.ModelProto | bytes) -> dict[str, str]:
    """What stands inside a model."""
    proto = onnx.ModelProto.FromString(model) if isinstance(model, bytes) else model
    return {entry.key: entry.value for entry in proto.metadata_props}


def initializers(model: onnx.ModelProto) -> dict[str, onnx.TensorProto]:
    """The model's constant tensors by name."""
    return {tensor.name: tensor for tensor in model.graph.initializer}


def values(model: onnx.ModelProto) -> Iterator[onnx.ValueInfoProto]:
    """Every tensor whose type and shape are known: inputs, outputs and what lies between."""
    yield from model.graph.input
    yield from model.graph.value_info
    yield from model.graph.output


def rank_of(name: str, model: onnx.ModelProto) -> int | None:
    """The number of dimensions of a tensor, or None where it is unknown."""
    for value in values(model):
        if value.name == name:
            return len(value.type.tensor_type.shape.dim)
    return None


def _averages_the_map(node: onnx.NodeProto, model: onnx.ModelProto) -> bool:
    if node.op_type != "ReduceMean" or len(node.input) != 2 or rank_of(node.input[0], model) != 4:
        return False
    axes = initializers(model).get(node.input[1])
    keeps = [attribute.i for attribute in node.attribute if attribute.name == "keepdims"] or [1]
    return axes is not None and keeps == [1] and {axis % 4 for axis in numpy_helper.to_array(axes).tolist()} == {2, 3}


def _without_traces(model: onnx.ModelProto) -> onnx.ModelProto:
    """The exporter notes Python stack traces, with paths of the machine, at every node: none of that ships."""
    clean = onnx.ModelProto()
    clean.CopyFrom(model)
    clean.doc_string = ""
    del clean.metadata_props[:]
    graph = clean.graph
    for entry in (graph, *graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        entry.doc_string = ""
        del entry.metadata_props[:]
    return clean
