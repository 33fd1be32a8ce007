"""The chain of convolutions in a TFLite graph, its activations named by the keys of `export.onnx_file.trunk`.

TFLite spells activations in its own way: a ReLU stands inside the convolution, SiLU is LOGISTIC and MUL, the hard
sigmoid is ADD (with a ReLU6 inside) and MUL; padding is an operator. Reading them off the graph rather than carrying
names through the converter holds for any converter, and for files that are quantised already.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from export.int8.activation_ranges import Range
from export.tflite.model import Operator, operators, read_model

CONVOLUTIONS = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D"})
PASSING = frozenset({"PAD", "QUANTIZE", "DEQUANTIZE"})
"""Operators whose output holds the values of their input."""

ACTIVATIONS = frozenset({"HARD_SWISH", "LOGISTIC", "RELU", "RELU6"})
CLIPPING = frozenset({"RELU", "RELU6"})
"""Activations that stand inside an operator."""

SIGMOID_RANGE, RELU6_RANGE = (0.0, 1.0), (0.0, 6.0)


@dataclass(kw_only=True)
class Chain:
    """What lies between the normalised photo and the end of the last convolution; built operator by operator."""

    operators: list[Operator] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    """tensor -> key, in the order of the computation; a padded map has its source's key"""
    inner: dict[str, Range] = field(default_factory=dict)
    """tensors inside an activation, which have no key -> the range they can take on"""
    convolutions: int = 0
    _sources: dict[str, str] = field(default_factory=dict)
    """tensor that only passes values on -> the tensor that they come from"""
    _layers: dict[str, int] = field(default_factory=dict)
    """tensor from which an activation starts or that lies inside one -> number of its convolution"""
    _sigmoids: dict[str, str] = field(default_factory=dict)
    """sigmoid of a tensor -> that tensor"""
    _counts: Counter[str] = field(default_factory=Counter)

    def add(self, operator: Operator) -> None:
        """Take in the next operator. Raises ValueError when it is none of a chain of convolutions."""
        inputs = self._resolved(operator)
        self.operators.append(operator)
        if operator.kind in PASSING:
            self._pass_on(operator, inputs[0])
        elif operator.kind in CONVOLUTIONS:
            self._convolution(operator, inputs[0])
        elif operator.kind == "MEAN":
            self.number("pool", operator)
        elif len(inputs) == 1 and inputs[0] in self._layers:
            self._activation(operator, inputs[0])
        elif operator.kind == "MUL" and (gate := self._gate(inputs)):
            self.inner[gate] = SIGMOID_RANGE
            self._name(operator.output, self.keys.pop(gate))
        elif operator.kind in ("ADD", "MUL") and len(inputs) == 2:
            self.number(operator.kind.lower(), operator)
        else:
            raise ValueError(f"{operator.kind} {operator.output}: no part of a chain of convolutions")

    def number(self, what: str, operator: Operator) -> None:
        """Name an output by its place among all of its kind."""
        self._name(operator.output, f"{what}{self._counts[what]}")
        self._counts[what] += 1

    def is_open(self, operator: Operator) -> bool:
        """Whether an operator continues the activation of the convolution last seen."""
        last = self.convolutions - 1
        continues = operator.kind in ACTIVATIONS | PASSING | {"ADD", "MUL"}
        return continues and any(self._layers.get(name) == last for name in self._resolved(operator))

    def _resolved(self, operator: Operator) -> list[str]:
        return [self._sources.get(name, name) for name in operator.inputs]

    def _name(self, tensor: str, key: str) -> None:
        self.keys[tensor] = key

    def _pass_on(self, operator: Operator, source: str) -> None:
        self._sources[operator.output] = source
        if source in self.keys:
            self._name(operator.output, self.keys[source])
        elif source in self.inner:
            self.inner[operator.output] = self.inner[source]

    def _convolution(self, operator: Operator, source: str) -> None:
        number, self.convolutions = self.convolutions, self.convolutions + 1
        if number == 0:
            self._name(source, "input")
            for copy in [name for name, origin in self._sources.items() if origin == source]:
                self._name(copy, "input")
        if operator.fused in CLIPPING:
            self._name(operator.output, f"act{number}")
        else:
            self._name(operator.output, f"conv{number}")
            self._layers[operator.output] = number

    def _activation(self, operator: Operator, source: str) -> None:
        layer = self._layers[source]
        if operator.kind == "ADD" and operator.fused == "RELU6":
            self.inner[operator.output] = RELU6_RANGE
            self._layers[operator.output] = layer
        elif operator.kind in ACTIVATIONS | {"MUL"}:
            self._name(operator.output, f"act{layer}")
            if operator.kind == "LOGISTIC":
                self._sigmoids[operator.output] = source
                self._layers[operator.output] = layer
        else:
            raise ValueError(f"{operator.kind} {operator.output}: not an activation known here")

    def _gate(self, inputs: Sequence[str]) -> str | None:
        """Of the two factors the one that is the other's sigmoid."""
        return next((name for name in inputs if self._sigmoids.get(name) in set(inputs) - {name}), None)


def chain_of(steps: Sequence[Operator]) -> Chain:
    """The chain in a model's operators. Raises ValueError when there is none or something else stands in it."""
    total = sum(step.kind in CONVOLUTIONS for step in steps)
    if not total:
        raise ValueError("a model without convolutions")
    chain = Chain()
    for step in steps:
        if chain.convolutions == total and not chain.is_open(step):
            if step.kind in PASSING:
                continue  # back to float
            if step.kind == "MEAN":
                chain.number("pool", step)
            break
        if chain.convolutions or step.kind in CONVOLUTIONS | PASSING:
            chain.add(step)
    return chain


def activation_keys(data: bytes) -> dict[str, str]:
    """Tensor -> key of the activations of a file, FP32 or INT8, up to the last pooling.

    Raises EngineError when the bytes are no TFLite file, ValueError when the model is no chain of convolutions.
    """
    return chain_of(operators(read_model(data))).keys
