"""Channels last throughout: the transpositions that onnx2tf leaves in its TFLite graphs, taken out.

onnx2tf carries ONNX's channels-first maps over to TFLite's channels-last convolutions and removes most transpositions
between them, but not around squeeze-and-excite with a hard sigmoid, nor in front of the last pooling. All that happens
there is element by element or an average over height and width, so it can as well be done channels last: the same
numbers, without copying every map twice, and in the form that can be quantised.
"""

from collections import Counter
from copy import copy
from typing import Any

import numpy as np

from export.tflite.chain import CLIPPING, CONVOLUTIONS
from export.tflite.model import INT32, Operator, add_buffer, constant, operators

TO_FIRST, TO_LAST = (0, 3, 1, 2), (0, 2, 3, 1)
"""Permutations that move the channels from the end to the front and back."""

ELEMENTWISE = frozenset({"ADD", "CAST", "HARD_SWISH", "LOGISTIC", "MUL", "RELU", "RELU6"})


def channels_last(model: Any) -> int:
    """Change a float `ModelT` so that no map is channels first; how many operators went.

    Raises RuntimeError where something between two transpositions depends on the layout.
    """
    turning = _Turning(model)
    graph = model.subgraphs[0]
    kept = [each for each, step in zip(graph.operators, operators(model), strict=True) if turning.keeps(each, step)]
    removed = len(graph.operators) - len(kept)
    graph.operators = kept
    return removed


class _Turning:
    """The state of one pass over the operators, in the order of the computation."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.tensors = model.subgraphs[0].tensors
        self.index = {tensor.name.decode(): number for number, tensor in enumerate(self.tensors)}
        self.shapes = [tuple(int(size) for size in tensor.shape) for tensor in self.tensors]
        self.turned: dict[int, int] = {}
        """tensor that was channels first -> the tensor that holds it channels last"""
        self.same: dict[int, int] = {}
        """tensor that was turned back to channels last -> the tensor that holds it"""

    def keeps(self, operator: Any, step: Operator) -> bool:
        """Let one operator work channels last; False where nothing is left for it to do."""
        if self._only_turns(step):
            return False
        if any(self.index[name] in self.turned for name in step.inputs):
            self._turn(operator, step)
        known = self.turned | self.same
        operator.inputs = [known.get(int(number), int(number)) for number in operator.inputs]
        return True

    def _only_turns(self, step: Operator) -> bool:
        """Note what a mere change of layout amounts to; False for any other operator.

        A map of 1x1 is turned by a RESHAPE, any other by a TRANSPOSE.
        """
        source, output = self.index[step.inputs[0]], self.index[step.output]
        before, after = self.shapes[source], self.shapes[output]
        if step.kind == "TRANSPOSE":
            order = tuple(constant(self.model, self.tensors[self.index[step.constants[0]]]).tolist())
            to_first, to_last = order == TO_FIRST, order == TO_LAST
        else:
            maps = step.kind == "RESHAPE" and len(before) == len(after) == 4
            to_first = maps and before[1:3] == after[2:] == (1, 1)
            to_last = maps and before[2:] == after[1:3] == (1, 1)
        if source in self.turned and to_last:
            self.same[output] = self.turned[source]
        elif source not in self.turned and to_first:
            self.turned[output] = self.same.get(source, source)
        else:
            return False
        return True

    def _turn(self, operator: Any, step: Operator) -> None:
        output, source = self.index[step.output], self.index[step.inputs[0]]
        if step.kind == "MEAN" and self._axes(step) == {2, 3}:
            operator.inputs = [operator.inputs[0], self._add_axes(f"{step.output}_axes")]
        elif step.kind == "RESHAPE" and self.shapes[source][2:] == (1, 1):
            pass  # one value per channel: their order is the same in both layouts
        elif not self._is_elementwise(step) or any(self.index[name] not in self.turned for name in step.inputs):
            raise RuntimeError(f"{step.kind} {step.output}: cannot be done channels last")
        else:
            self._turn_constants(operator)
        shape = self.shapes[output]
        if step.kind != "RESHAPE" and len(shape) == 4:
            last = [shape[axis] for axis in TO_LAST]
            self.tensors[output].shape = self.tensors[output].shapeSignature = np.array(last, np.int32)
            self.turned[output] = output

    def _is_elementwise(self, step: Operator) -> bool:
        fixed = [self.shapes[self.index[name]] for name in step.constants]
        return step.kind in ELEMENTWISE and all(int(np.prod(shape)) == 1 or _per_channel(shape) for shape in fixed)

    def _turn_constants(self, operator: Any) -> None:
        """Numbers per channel, (1, C, 1, 1), as (1, 1, 1, C): under another name, for others may read them as well."""
        operator.inputs = [int(number) for number in operator.inputs]
        for place, number in enumerate(operator.inputs):
            if number >= 0 and number not in self.turned and _per_channel(self.shapes[number]):
                tensor = copy(self.tensors[number])
                tensor.name = tensor.name + b"_channels_last"
                tensor.shape = tensor.shapeSignature = np.array((1, 1, 1, self.shapes[number][1]), np.int32)
                operator.inputs[place] = len(self.tensors)
                self.tensors.append(tensor)
                self.shapes.append(tuple(tensor.shape.tolist()))

    def _axes(self, step: Operator) -> set[int]:
        return set(constant(self.model, self.tensors[self.index[step.constants[0]]]).ravel().tolist())

    def _add_axes(self, name: str) -> int:
        from ai_edge_litert import schema_py_generated as schema

        axes = np.array([1, 2], np.int32)
        tensor: Any = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name.encode(), np.array(axes.shape, np.int32), INT32
        tensor.buffer = add_buffer(self.model, axes.tobytes())
        self.tensors.append(tensor)
        self.shapes.append(axes.shape)
        return len(self.tensors) - 1


def _per_channel(shape: tuple[int, ...]) -> bool:
    return len(shape) == 4 and shape[1] > 1 and shape[:1] == (1,) and shape[2:] == (1, 1)


def fuse_clipping(model: Any) -> int:
    """Put every RELU and RELU6 that alone reads a convolution into that convolution; how many.

    onnx2tf does so itself, but not across the transpositions that `channels_last` takes out.
    """
    from ai_edge_litert import schema_py_generated as schema

    graph, steps = model.subgraphs[0], operators(model)
    readers = Counter(name for step in steps for name in step.inputs)
    makers = {step.output: operator for operator, step in zip(graph.operators, steps, strict=True)}
    kinds = {step.output: step.kind for step in steps}
    kept: list[Any] = []
    for operator, step in zip(graph.operators, steps, strict=True):
        source = step.inputs[0]
        fuses = step.kind in CLIPPING and kinds.get(source) in CONVOLUTIONS and readers[source] == 1
        if fuses:
            makers[source].builtinOptions.fusedActivationFunction = getattr(schema.ActivationFunctionType, step.kind)
            makers[source].outputs = operator.outputs
        else:
            kept.append(operator)
    fused = len(graph.operators) - len(kept)
    graph.operators = kept
    return fused
