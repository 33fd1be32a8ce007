"""A TFLite file as an object: read, written, labelled, and seen as a list of operators.

The object is the `ModelT` of the schema that `ai_edge_litert` ships. Everything of that library is imported where it is
needed: it is heavy, and the rest of the export does without it.
"""

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from export.onnx_file.module import OUTPUT_NAMES, Temperatures
from runtime.errors import EngineError

IDENTIFIER = b"TFL3"
"""Bytes 4 to 8 of every TFLite file."""

ALIGNMENT = 16
"""Where constants start in the file: a multiple of this, as the schema asks for (`Buffer.data`, force_align)."""

RESERVED = frozenset({"min_runtime_version", "TFLITE_METADATA", "CONVERSION_METADATA", "reduced_precision_support"})
"""Metadata entries of TFLite's own, which are no text of ours."""

FLOAT32, INT32 = 0, 2
"""Numbers of these types in the schema (TensorType)."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One step of the computation, tensors by name."""

    kind: str
    """the schema's name, such as CONV_2D"""
    inputs: tuple[str, ...]
    """computed tensors only"""
    constants: tuple[str, ...]
    output: str
    fused: str = "NONE"
    """activation inside the operator: NONE, RELU, RELU6"""


def read_model(data: bytes) -> Any:
    """The file as a `ModelT`. Raises EngineError when it is none."""
    from ai_edge_litert import schema_py_generated as schema

    if len(data) < 16 or data[4:8] != IDENTIFIER:
        raise EngineError(f"no TFLite file: {len(data)} bytes without the mark {IDENTIFIER.decode()}")
    try:
        return schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(data, 0))
    except Exception as error:  # whatever a wrong offset leads to: struct.error, IndexError, UnicodeDecodeError ...
        raise EngineError(f"damaged TFLite file ({type(error).__name__}: {error})") from error


def write_model(model: Any) -> bytes:
    """The bytes of a `ModelT`, without tensors and buffers that nothing uses, which it loses.

    Constants are aligned; the library's own packing starts them at any byte.
    """
    import flatbuffers

    _drop_unused_tensors(model)
    _drop_unused_buffers(model)
    aligned = copy(model)
    aligned.buffers = [_AlignedBuffer(_content(buffer)) for buffer in model.buffers]
    builder = flatbuffers.Builder(1 << 20)
    builder.Finish(aligned.Pack(builder), file_identifier=IDENTIFIER)
    return bytes(builder.Output())


def operators(model: Any) -> list[Operator]:
    """The computation in the order it is done."""
    from ai_edge_litert import schema_py_generated as schema

    kinds, fusions = _names(schema.BuiltinOperator), _names(schema.ActivationFunctionType)
    graph = model.subgraphs[0]
    names = [tensor.name.decode() for tensor in graph.tensors]
    fixed = [len(_content(model.buffers[tensor.buffer])) > 0 for tensor in graph.tensors]
    found: list[Operator] = []
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        used = [int(index) for index in operator.inputs if index >= 0]
        found.append(
            Operator(
                kind=kinds[max(code.builtinCode, code.deprecatedBuiltinCode)],
                inputs=tuple(names[index] for index in used if not fixed[index]),
                constants=tuple(names[index] for index in used if fixed[index]),
                output=names[int(operator.outputs[0])],
                fused=fusions[getattr(operator.builtinOptions, "fusedActivationFunction", 0)],
            )
        )
    return found


def constant(model: Any, tensor: Any) -> np.ndarray:
    """The values of a constant tensor of type float32, int32 or int8."""
    from ai_edge_litert import schema_py_generated as schema

    types = {FLOAT32: np.float32, INT32: np.int32, schema.TensorType.INT8: np.int8}
    return np.frombuffer(_content(model.buffers[tensor.buffer]), types[tensor.type]).reshape(tuple(tensor.shape))


def tflite_metadata(data: bytes) -> dict[str, str]:
    """What stands inside a file. Raises EngineError when it is none."""
    try:
        return dict(_entries(read_model(data)))
    except LookupError as error:
        raise EngineError(f"damaged TFLite file ({error})") from error


def labelled_tflite(data: bytes, **metadata: str) -> bytes:
    """The same file with more metadata inside."""
    model = read_model(data)
    set_metadata(model, {**dict(_entries(model)), **metadata})
    return write_model(model)


def set_metadata(model: Any, metadata: Mapping[str, str]) -> None:
    """Replace the metadata of a `ModelT`: one entry per key, its text in a buffer."""
    from ai_edge_litert import schema_py_generated as schema

    model.metadata = []
    for key, text in sorted(metadata.items()):
        entry: Any = schema.MetadataT()
        entry.name, entry.buffer = key.encode(), add_buffer(model, text.encode())
        model.metadata.append(entry)


def add_buffer(model: Any, content: bytes) -> int:
    """Append a buffer; its number."""
    from ai_edge_litert import schema_py_generated as schema

    buffer: Any = schema.BufferT()
    buffer.data = content
    model.buffers.append(buffer)
    return len(model.buffers) - 1


SHIFT_NAME = "malignancy_shift"
"""The constant that a declared share of malignant lesions adds to the malignancy's logit, where a file has one."""


def retuned_tflite(data: bytes, temperatures: Temperatures) -> bytes:
    """The same file with other temperatures: the factors in front of the sigmoid and the softmax, and what is added
    then.

    Raises RuntimeError when the file has no such factors.
    """
    model = read_model(data)
    _without_shift(model)
    wanted = {"malignancy": temperatures.malignancy, "conditions": temperatures.conditions}
    tensors = {tensor.name.decode(): tensor for tensor in model.subgraphs[0].tensors}
    steps = {operator.output: operator for operator in operators(model)}
    for output, temperature in wanted.items():
        product = steps[steps[output].inputs[0]]
        if product.kind != "MUL" or len(product.constants) != 1:
            raise RuntimeError(f"no factor for the temperature in front of {output}")
        factor = tensors[product.constants[0]]
        content = np.full_like(constant(model, factor), 1.0 / temperature)
        model.buffers[factor.buffer].data = content.tobytes()
    if temperatures.shift:
        _add_shift(model, temperatures.shift)
    return write_model(model)


def _without_shift(model: Any) -> None:
    """Take the addition of a former shift out again, in place; what only it used goes when the file is written."""
    graph, constants = model.subgraphs[0], [step.constants for step in operators(model)]
    for addition in [one for one, own in zip(graph.operators, constants, strict=True) if SHIFT_NAME in own]:
        source, moved = int(addition.inputs[0]), int(addition.outputs[0])
        graph.operators.remove(addition)
        for operator in graph.operators:
            operator.inputs = [source if number == moved else number for number in operator.inputs]


def _add_shift(model: Any, shift: float) -> None:
    """Add a constant to what the sigmoid of the malignancy reads, in place."""
    from ai_edge_litert import schema_py_generated as schema

    graph = model.subgraphs[0]
    place = next(at for at, step in enumerate(operators(model)) if step.output == OUTPUT_NAMES[0])
    last = graph.operators[place]
    source = int(last.inputs[0])
    moved, fixed = copy(graph.tensors[source]), copy(graph.tensors[source])
    moved.name, fixed.name = f"{SHIFT_NAME}ed".encode(), SHIFT_NAME.encode()
    fixed.shape, fixed.shapeSignature = [1], None
    fixed.buffer = add_buffer(model, np.array([shift], np.float32).tobytes())
    graph.tensors += [moved, fixed]
    addition: Any = schema.OperatorT()
    addition.opcodeIndex = _code_of(model, schema.BuiltinOperator.ADD)
    addition.inputs, addition.outputs = [source, len(graph.tensors) - 1], [len(graph.tensors) - 2]
    addition.builtinOptionsType, addition.builtinOptions = schema.BuiltinOptions.AddOptions, schema.AddOptionsT()
    last.inputs = [len(graph.tensors) - 2]
    graph.operators.insert(place, addition)


def _code_of(model: Any, kind: int) -> int:
    """The number of an operator kind in the file's list, where it is added if it is missing."""
    from ai_edge_litert import schema_py_generated as schema

    codes = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    if kind not in codes:
        code: Any = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = kind
        code.version = 1
        model.operatorCodes.append(code)
        codes.append(kind)
    return codes.index(kind)


@dataclass(frozen=True)
class _AlignedBuffer:
    """Stands in for the schema's `BufferT` while a model is packed."""

    content: bytes

    def Pack(self, builder: Any) -> int:
        """Called by `ModelT.Pack`."""
        from ai_edge_litert import schema_py_generated as schema

        vector = None
        if self.content:
            builder.StartVector(1, len(self.content), ALIGNMENT)
            builder.head = builder.head - len(self.content)
            builder.Bytes[builder.head : builder.head + len(self.content)] = self.content
            vector = builder.EndVector()
        schema.BufferStart(builder)
        if vector is not None:
            schema.BufferAddData(builder, vector)
        return schema.BufferEnd(builder)


def _drop_unused_tensors(model: Any) -> None:
    graph = model.subgraphs[0]
    used = {int(number) for number in (*graph.inputs, *graph.outputs)}
    for operator in graph.operators:
        used.update(int(number) for number in (*operator.inputs, *operator.outputs) if number >= 0)
    new = {old: number for number, old in enumerate(sorted(used))} | {-1: -1}
    graph.tensors = [graph.tensors[old] for old in sorted(used)]
    for holder in (graph, *graph.operators):
        holder.inputs = [new[int(number)] for number in holder.inputs]
        holder.outputs = [new[int(number)] for number in holder.outputs]
    for signature in model.signatureDefs:
        for entry in (*signature.inputs, *signature.outputs):
            entry.tensorIndex = new[entry.tensorIndex]


def _drop_unused_buffers(model: Any) -> None:
    holders = [*model.subgraphs[0].tensors, *(model.metadata or [])]
    used = sorted({0, *(holder.buffer for holder in holders)})  # buffer 0 stands for "none"
    new = {old: number for number, old in enumerate(used)}
    model.buffers = [model.buffers[old] for old in used]
    for holder in holders:
        holder.buffer = new[holder.buffer]


def _content(buffer: Any) -> bytes:
    return b"" if buffer.data is None else bytes(buffer.data)


def _entries(model: Any) -> Iterator[tuple[str, str]]:
    for entry in model.metadata or []:
        name = entry.name.decode(errors="replace")
        if name not in RESERVED:
            yield name, _content(model.buffers[entry.buffer]).decode(errors="replace")


def _names(enumeration: type) -> dict[int, str]:
    return {number: name for name, number in vars(enumeration).items() if isinstance(number, int)}
