"""What a Core ML program answers, without macOS: the saved program itself, evaluated operation by operation.

Core ML runs on Apple's systems only. To judge a file elsewhere this interpreter reads the package as it will ship
(operations, parameters and weights, none of the objects of the conversion) and computes what the program says. What it
does not know, an operation, a parameter, a type, is an error that names it: nothing is skipped or guessed.

Numbers: a tensor that the program declares fp16 is rounded to fp16 after every operation, one beyond 65504 becomes
infinite. Inside an operation sums are float32, as the neural engine's and the GPU's convolutions are. A device may fuse
operations and round less often, or sum in another order: it differs from this by about one fp16 rounding per layer.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from export.coreml.operations import OPERATIONS, Arguments, affine_dequantize
from export.coreml.package import Constant, Package, TensorType, constant, read_package, tensor_type
from runtime.errors import EngineError

FLOATS = ("fp16", "fp32")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One step of the program."""

    type: str
    inputs: Mapping[str, str]
    """parameter -> name of the value"""
    output: str
    declared: TensorType

    @property
    def label(self) -> str:
        """For messages, such as "conv (input_5_cast_fp16)"."""
        return f"{self.type} ({self.output})"


@dataclass(frozen=True, kw_only=True)
class Program:
    """The main function of a saved program, ready to be asked."""

    input: str
    input_type: TensorType
    constants: Mapping[str, Constant]
    operations: tuple[Operation, ...]
    """what depends on the photo, in order of computation"""
    outputs: tuple[str, ...]

    def run(self, images: Tensor) -> dict[str, Tensor]:
        """images: float (B, 3, S, S), pixel values 0..255 -> the outputs by name, float32 (B, ...).

        Raises EngineError when the program cannot be evaluated on them.
        """
        values = {self.input: self._checked(images)}
        last_use = {
            name: index for index, operation in enumerate(self.operations) for name in operation.inputs.values()
        }
        for index, (operation, result) in enumerate(self._steps(values)):
            values[operation.output] = result
            for name in {*operation.inputs.values()} & values.keys() - {self.input}:
                if last_use[name] == index and name not in self.outputs:
                    del values[name]
        return {name: values[name] for name in self.outputs}

    def run_tracing(self, images: Tensor) -> dict[str, Tensor]:
        """As `run`, but gives the input and every tensor, in order of computation."""
        values = {self.input: self._checked(images)}
        for operation, result in self._steps(values):
            values[operation.output] = result
        return values

    def _steps(self, values: Mapping[str, Tensor]) -> Iterator[tuple[Operation, Tensor]]:
        """Each operation with its result; the caller keeps the results in `values` for those that follow."""
        for operation in self.operations:
            yield operation, _evaluate(operation, values, self.constants, count=len(values[self.input]))

    def _checked(self, images: Tensor) -> Tensor:
        if tuple(images.shape[1:]) != self.input_type.shape[1:]:
            wanted = "x".join(map(str, self.input_type.shape[1:]))
            raise EngineError(f"Core ML program: takes photos of {wanted}, not {'x'.join(map(str, images.shape[1:]))}")
        images = images.to(torch.float32)
        if images.dim() == 4:
            images = images.contiguous(memory_format=torch.channels_last)  # the faster layout for convolutions here
        return _rounded(images, self.input_type.dtype)


def load_program(data: bytes) -> Program:
    """data: a zipped .mlpackage. Raises EngineError when it is damaged or holds what is not known here."""
    return program_of(read_package(data))


def program_of(package: Package) -> Program:
    """The program of a package that was read. Raises EngineError when it holds what is not known here."""
    function = package.specification.mlProgram.functions["main"]
    if len(function.inputs) != 1 or function.opset not in function.block_specializations:
        raise EngineError("Core ML program: no function `main` with one input; export it again")
    block = function.block_specializations[function.opset]
    constants: dict[str, Constant] = {}
    operations: list[Operation] = []
    crops: dict[str, int] = {}
    for entry in block.operations:
        value = _constant_value(entry, package)
        if value is None:
            operations.append(_operation(entry, constants, crops))
            crops[entry.outputs[0].name] = operations[-1].declared.shape[0]
        else:
            constants[entry.outputs[0].name] = value
    return Program(
        input=function.inputs[0].name,
        input_type=tensor_type(function.inputs[0].type),
        constants=constants,
        operations=tuple(operations),
        outputs=tuple(block.outputs),
    )


def _constant_value(entry: Any, package: Package) -> Constant | None:
    """What a const or constexpr operation gives; None for one that depends on the photo."""
    if entry.type == "const":
        return constant(entry.attributes["val"], package)
    if entry.type != "constexpr_affine_dequantize":
        return None
    declared = tensor_type(entry.outputs[0].type)
    arguments = Arguments(
        operation=f"{entry.type} ({entry.outputs[0].name})",
        values={},
        constants={name: constant(value, package) for name, value in entry.attributes.items() if name != "name"},
        declared=declared,
    )
    weights = _rounded(affine_dequantize(arguments), declared.dtype)
    arguments.check_all_read()
    return _of_declared_shape(weights, declared.shape, arguments.operation)


def _operation(entry: Any, constants: Mapping[str, Constant], crops: Mapping[str, int]) -> Operation:
    """crops: how many of one photo each value before it holds."""
    if entry.type not in OPERATIONS:
        name = entry.outputs[0].name if entry.outputs else "without output"
        raise EngineError(
            f"Core ML program: the operation {entry.type} ({name}) is not known here; export.coreml.operations needs it"
        )
    if len(entry.outputs) != 1 or entry.blocks:
        raise EngineError(f"Core ML program: {entry.type} with nested blocks or several outputs is not known here")
    operation = Operation(
        type=entry.type,
        inputs=dict(_bound(entry)),
        output=entry.outputs[0].name,
        declared=tensor_type(entry.outputs[0].type),
    )
    known = {1, *(crops.get(name, 1) for name in operation.inputs.values())}
    made = not operation.declared.shape or operation.declared.shape[0] not in known
    if operation.declared.dtype not in FLOATS or (made and entry.type != "concat"):
        raise EngineError(f"Core ML program: {operation.label} gives {operation.declared}, which is not known here")
    if not set(operation.inputs.values()) - constants.keys():
        raise EngineError(f"Core ML program: {operation.label} of constants only is not known here")
    return operation


def _bound(entry: Any) -> Iterator[tuple[str, str]]:
    """Parameter and name of each value; the values of a concat are a list."""
    for parameter in entry.inputs:
        names = [argument.name for argument in entry.inputs[parameter].arguments]
        listed = entry.type == "concat" and parameter == "values"
        if not all(names) or (len(names) != 1 and not listed):
            raise EngineError(f"Core ML program: {entry.type} with {parameter} given as a list is not known here")
        yield from (
            ((f"{parameter}{place}", name) for place, name in enumerate(names)) if listed else [(parameter, names[0])]
        )


@torch.inference_mode()
def _evaluate(
    operation: Operation, values: Mapping[str, Tensor], constants: Mapping[str, Constant], *, count: int
) -> Tensor:
    arguments = Arguments(
        operation=operation.label,
        values={parameter: values[name] for parameter, name in operation.inputs.items() if name in values},
        constants={parameter: constants[name] for parameter, name in operation.inputs.items() if name in constants},
        declared=operation.declared,
        count=count,
    )
    if len(arguments.values) + len(arguments.constants) != len(operation.inputs):
        raise EngineError(f"Core ML program: {operation.label} uses a value that was not computed; export it again")
    try:
        result = OPERATIONS[operation.type](arguments)
    except (RuntimeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise EngineError(
            f"Core ML program: {operation.label} cannot be computed ({reason}); export it again"
        ) from error
    arguments.check_all_read()
    crops, *rest = operation.declared.shape
    result = _of_declared_shape(result, (crops * count, *rest), operation.label)
    return _rounded(result, operation.declared.dtype)


def _of_declared_shape(tensor: Tensor, shape: tuple[int, ...], label: str) -> Tensor:
    if tuple(tensor.shape) != shape:
        raise EngineError(f"Core ML program: {label} gives {tuple(tensor.shape)} where {shape} is declared")
    return tensor


def _rounded(tensor: Tensor, dtype: str) -> Tensor:
    return tensor.half().float() if dtype == "fp16" else tensor
