"""ONNX INT8: static quantisation (QDQ, per-channel weights) by the first recipe that agrees with FP32.

What harms is known from measuring (a `mobilenetv2_100`, 350 dermoscopic photos): the weights and ranges of the first
blocks. All convolutions in 8 bit kept 93% of the tiers, the first four in float 96%, the first 22 98%; the first
sixteen weigh 0.1 MB more. Squeeze-and-excite branches in float break the size limit (mobilenetv3 9.1 MB,
efficientnet_b0 6.4 MB). Depthwise convolutions alone in float is a trap: onnxruntime 1.26 answers differently (65%)
from its own unoptimised graph (98%), so the float part is always a prefix, and a candidate is judged as devices run it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import QuantType
from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

from export.ranges import Histogram, Range, best_ranges

MAX_BYTES = 5_000_000
"""What one INT8 file may weigh."""

MAX_FLOAT_SHARE = 0.5
"""Share of the convolutions that a recipe may leave in float: beyond it a file would be INT8 in name only."""

OP_TYPES = ("Conv", "Clip", "Relu", "Add", "Mul", "GlobalAveragePool")
ACTIVATION_TYPES = {"uint8": QuantType.QUInt8, "int8": QuantType.QInt8}


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to quantise. Weights are always symmetric int8 per output channel."""

    name: str
    activations: str = "uint8"
    """uint8 or int8, asymmetric"""
    ranges: str = "least_error"
    """how activation ranges are taken from the histograms: minmax or least_error"""
    float_convolutions: int = 0
    """how many of the first convolutions stay in float"""


RECIPES = (
    Recipe(name="all-u8"),
    Recipe(name="all-s8", activations="int8"),
    Recipe(name="float4-u8", float_convolutions=4),
    Recipe(name="float10-u8", float_convolutions=10),
    Recipe(name="float16-u8", float_convolutions=16),
    Recipe(name="float22-u8", float_convolutions=22),
)
"""In the order of what stays in float, so of cost: the first that agrees well enough is taken."""


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One candidate and what came of it."""

    recipe: Recipe
    bytes: int
    agreement: float
    """share of calibration photos with the tier of the PyTorch student"""


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """The chosen model and all candidates that were measured for it."""

    model: onnx.ModelProto
    recipe: Recipe
    tried: tuple[Tried, ...]


def search(
    model: onnx.ModelProto,
    histograms: Mapping[str, Histogram],
    *,
    agreement: Callable[[bytes], float],
    enough: float,
    recipes: Sequence[Recipe] = RECIPES,
    note: Callable[[str], None] = lambda _: None,
) -> Quantised:
    """The first recipe whose agreement is `enough`, or else the one with the most agreement.

    Candidates above `MAX_BYTES` are passed over as long as another fits.
    """
    measured: list[tuple[Tried, onnx.ModelProto]] = []
    ranges = {method: best_ranges(histograms, method=method) for method in {recipe.ranges for recipe in recipes}}
    for recipe in _applicable(model, recipes):
        candidate = quantise(model, ranges[recipe.ranges], recipe=recipe)
        data = candidate.SerializeToString()
        tried = Tried(recipe=recipe, bytes=len(data), agreement=agreement(data))
        measured.append((tried, candidate))
        note(f"{recipe.name}: {tried.agreement:.1%}")
        if tried.agreement >= enough and tried.bytes <= MAX_BYTES:
            break
    best, chosen = max(measured, key=lambda entry: (entry[0].bytes <= MAX_BYTES, entry[0].agreement))
    return Quantised(model=chosen, recipe=best.recipe, tried=tuple(tried for tried, _ in measured))


def quantise(model: onnx.ModelProto, ranges: Mapping[str, Range], *, recipe: Recipe) -> onnx.ModelProto:
    """The model with 8-bit weights and activations where the recipe wants them. `model` is left as it is.

    `ranges`: what each float map takes on, by `export.ranges.best_ranges`.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    quantizer = QDQQuantizer(
        copy,
        per_channel=True,
        reduce_range=False,
        weight_qType=QuantType.QInt8,
        activation_qType=ACTIVATION_TYPES[recipe.activations],
        tensors_range=_tensors_data(ranges),
        nodes_to_quantize=quantised_nodes(model, recipe=recipe),
        nodes_to_exclude=[],
        op_types_to_quantize=list(OP_TYPES),
        extra_options={},
    )
    quantizer.quantize_model()
    quantizer.model.topological_sort()
    quantised = quantizer.model.model
    del quantised.graph.value_info[:]  # shapes of tensors that are no longer there
    onnx.checker.check_model(quantised)
    return quantised


def quantised_nodes(model: onnx.ModelProto, *, recipe: Recipe) -> list[str]:
    """Names of the nodes that the recipe quantises: from some convolution to the activation of the last one.

    What follows the last convolution (pooled features, heads, sigmoid, softmax, novelty) stays in float: it costs
    nothing and its rounding would show in every answer.
    """
    nodes = list(model.graph.node)
    convolutions = [index for index, node in enumerate(nodes) if node.op_type == "Conv"]
    first = convolutions[min(recipe.float_convolutions, len(convolutions) - 1)]
    last = _end_of_trunk(nodes, convolutions[-1])
    return [node.name for node in nodes[first : last + 1] if node.op_type in OP_TYPES]


def _applicable(model: onnx.ModelProto, recipes: Sequence[Recipe]) -> Iterator[Recipe]:
    """Recipes that quantise most of this model, without those that come to the same.

    Raises ValueError when none is left.
    """
    most = MAX_FLOAT_SHARE * sum(node.op_type == "Conv" for node in model.graph.node)
    seen: set[tuple[object, ...]] = set()
    for recipe in recipes:
        key = (recipe.activations, recipe.ranges, *quantised_nodes(model, recipe=recipe))
        if key not in seen and recipe.float_convolutions <= most:
            seen.add(key)
            yield recipe
    if not seen:
        raise ValueError(f"no recipe of {', '.join(recipe.name for recipe in recipes)} quantises most of this model")


def _end_of_trunk(nodes: Sequence[onnx.NodeProto], last: int) -> int:
    after = last + 1
    return after if after < len(nodes) and nodes[after].op_type in ("Clip", "Relu") else last


def _tensors_data(ranges: Mapping[str, Range]) -> TensorsData:
    data: dict[str, Any] = {name: (np.float32(low), np.float32(high)) for name, (low, high) in ranges.items()}
    return TensorsData(CalibrationMethod.MinMax, data)
