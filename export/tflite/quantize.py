"""TFLite INT8 by ai-edge-quantizer: weights per output channel, activations of 8 bits, biases of 32.

From the first convolution (or a later one, by recipe) to the activation of the last, every operator computes in 8 bits;
hard-swish alone does not where that would be slower, but what it reads and writes is in 8 bits.
What comes before (photo to float, normalisation) and after (pooled features, heads, temperatures, sigmoid, softmax,
novelty) stays float: it costs nothing, and its rounding would show in every answer. The file takes uint8 and gives
float32 all the same.

onnx2tf can quantise by itself, but in 2.6.9 its biases carry a wrong quantized_dimension, so it is not used for that.
The ranges of the activations are ours: least-error clipping over calibration photos, or ranges learnt in training. One
is TFLite's: its 8-bit sigmoid has 256 steps from 0 to 1, so the act{k} of a squeeze-and-excite's sigmoid has no say.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from export.int8.activation_ranges import BINS, SUBSAMPLE_ABOVE, SUBSAMPLE_STEP, Histogram, Range, best_ranges
from export.tflite.chain import CONVOLUTIONS, Chain, chain_of
from export.tflite.convert import Probe
from export.tflite.model import Operator, operators, read_model, write_model
from runtime.conditions import CONDITIONS

Ranges = Mapping[str, Range]
"""By the keys of `export.onnx_file.trunk`."""

SLOW_IN_8_BIT = frozenset({"HARD_SWISH"})
"""XNNPACK has no 8-bit hard-swish, and TFLite's own is so slow that a mobilenetv3 in INT8 took 1.6 times as long as in
FP32; between dequantised input and quantised output it takes 0.7 times as long, and the rounding is the same. Sigmoid
(in SiLU) is fast in 8 bit: efficientnet_b0 takes 0.54 either way."""


LEAN_AFTER = 19
"""The first convolutions of a lean recipe, whose weights stay whole: five blocks of a mobilenetv3, as in
`export.int8.recipes`."""

ALL = 1000
"""More convolutions than any student has."""


@dataclass(frozen=True, kw_only=True)
class TfliteRecipe:
    """One way to quantise. Weights are always symmetric int8 per output channel, activations asymmetric int8."""

    name: str
    ranges: str = "least_error"
    """how ranges that are not given are taken from the histograms: a key of `export.int8.activation_ranges.METHODS`"""
    float_convolutions: int = 0
    """how many of the first convolutions stay in float, with all that comes before the next"""
    lean_after: int | None = None
    """of the convolutions in float those after so many keep their weights in 8 bit in the file; None: none does"""
    float_kinds: frozenset[str] = SLOW_IN_8_BIT
    """operators that compute in float wherever they stand"""

    @property
    def full_integer(self) -> bool:
        """Whether everything from the first convolution to the last computes in 8 bit."""
        return not self.float_convolutions and not self.float_kinds


TFLITE_RECIPES = (
    TfliteRecipe(name="s8"),
    TfliteRecipe(name="s8-minmax", ranges="minmax"),
    TfliteRecipe(name="float4-s8", float_convolutions=4),
    TfliteRecipe(name="float10-s8", float_convolutions=10),
    TfliteRecipe(name="float16-s8", float_convolutions=16),
    TfliteRecipe(name="float22-s8", ranges="careful", float_convolutions=22, lean_after=LEAN_AFTER),
    TfliteRecipe(name="float34-s8", ranges="careful", float_convolutions=34, lean_after=LEAN_AFTER),
    TfliteRecipe(name="weights-s8", float_convolutions=ALL, lean_after=LEAN_AFTER),
    TfliteRecipe(name="s8-integer-curves", float_kinds=frozenset()),
)
"""By how much stays in float, so by speed; with `weights-s8` all arithmetic does. The last is for accelerators that
compute nothing in float. A
`mobilenetv2_100` (150 dermoscopic photos) was off in malignancy by up to 0.30 with `s8`, by 0.013 with `float4-s8`."""


def quantise_tflite(
    fp32: bytes,
    photos: Sequence[np.ndarray] = (),
    *,
    ranges: Ranges | None = None,
    recipe: TfliteRecipe = TFLITE_RECIPES[0],
) -> bytes:
    """The INT8 file of an FP32 file that `export.tflite.convert.to_tflite` wrote; metadata and signature are kept.

    `ranges`: what activations take on, by key; where some are missing, `photos` (uint8 [S, S, 3] each) are run to find
    them. Raises ValueError when there is neither, or where the model is no chain of convolutions.
    """
    from ai_edge_quantizer import qtyping, quantizer

    chain = chain_of(operators(read_model(fp32)))
    chosen = quantised_operators(chain, recipe)
    known = dict(ranges or {})
    if missing := _needed_keys(chain, chosen) - known.keys():
        if not photos:
            raise ValueError(f"no range for {', '.join(sorted(missing))} and no photos to find it with")
        known = tflite_ranges(fp32, photos, method=recipe.ranges) | known
    tool = quantizer.Quantizer(bytearray(fp32))
    for operator in chosen:
        tool.add_static_config(_only(operator), qtyping.TFLOperationName(operator.kind), 8, 8)
    for operator in lean_convolutions(chain, recipe):
        tool.add_weight_only_config(_only(operator), qtyping.TFLOperationName(operator.kind), 8)
    for operator in novelty_layers(fp32):
        tool.add_weight_only_config(_only(operator), qtyping.TFLOperationName(operator.kind), 8)
    result = tool.quantize(_statistics(chain, chosen, known) if chosen else None).quantized_model
    if result is None:
        raise ValueError("ai-edge-quantizer gave no model")
    return write_model(read_model(bytes(result)))


def quantised_operators(chain: Chain, recipe: TfliteRecipe) -> list[Operator]:
    """The operators that compute in 8 bits: from some convolution, and the padding in front of it, to the end."""
    if recipe.float_convolutions == ALL:
        return []
    steps = chain.operators
    places = [place for place, step in enumerate(steps) if step.kind in CONVOLUTIONS]
    first = places[min(recipe.float_convolutions, len(places) - 1)]
    if first and steps[first - 1].kind == "PAD" and steps[first - 1].output in steps[first].inputs:
        first -= 1
    return [step for step in steps[first:] if step.kind not in recipe.float_kinds]


def lean_convolutions(chain: Chain, recipe: TfliteRecipe) -> list[Operator]:
    """The convolutions that compute in float with 8-bit weights in the file."""
    if recipe.lean_after is None:
        return []
    in_8_bit = {step.output for step in quantised_operators(chain, recipe)}
    convolutions = [step for step in chain.operators if step.kind in CONVOLUTIONS]
    return [step for step in convolutions[recipe.lean_after :] if step.output not in in_8_bit]


def novelty_layers(fp32: bytes) -> list[Operator]:
    """The layers with novelty's components, where there are those of several domains: in float they are 0.7 MB each.

    The heads are layers of one and of ten rows.
    """
    model = read_model(fp32)
    rows = {tensor.name.decode(): int(tensor.shape[0]) for tensor in model.subgraphs[0].tensors if len(tensor.shape)}
    layers = [step for step in operators(model) if step.kind == "FULLY_CONNECTED"]
    found = [step for step in layers if rows[step.constants[0]] > len(CONDITIONS)]
    return found if len(found) > 1 else []


def _only(operator: Operator) -> str:
    """What the tool finds this operator alone by: it matches names of outputs."""
    return f"^{re.escape(operator.output)};$"


def tflite_ranges(fp32: bytes, photos: Sequence[np.ndarray], *, method: str = "least_error") -> dict[str, Range]:
    """The range of every keyed activation over photos, uint8 [S, S, 3] each. `method`: one of `METHODS`."""
    return best_ranges(collect_tflite(fp32, photos), method=method)


def collect_tflite(fp32: bytes, photos: Sequence[np.ndarray]) -> dict[str, Histogram]:
    """Histograms by key, in two passes over photos: first the extremes, then the counts between them."""
    chain, probe = chain_of(operators(read_model(fp32))), Probe(fp32)
    names = {key: name for name, key in reversed(chain.keys.items())}  # of several tensors of one key the first
    lows, highs = dict.fromkeys(names, np.inf), dict.fromkeys(names, -np.inf)
    for photo in photos:
        tensors = probe.tensors(photo)
        for key, name in names.items():
            lows[key] = min(lows[key], float(tensors[name].min()))
            highs[key] = max(highs[key], float(tensors[name].max()))
    counts = {key: np.zeros(BINS) for key in names}
    for photo in photos:
        tensors = probe.tensors(photo)
        for key, name in names.items():
            limits = lows[key], max(highs[key], lows[key] + 1e-6)  # some width, also where a tensor is constant
            counts[key] += np.histogram(_sample(tensors[name]), bins=BINS, range=limits)[0]
    return {key: Histogram(low=lows[key], high=highs[key], counts=counts[key]) for key in names}


def _needed_keys(chain: Chain, chosen: Sequence[Operator]) -> set[str]:
    touched = {name for operator in chosen for name in (*operator.inputs, operator.output)}
    return {key for name, key in chain.keys.items() if name in touched}


def _statistics(chain: Chain, chosen: Sequence[Operator], ranges: Ranges) -> dict[str, Any]:
    """Ranges in the form of the tool's own calibration: per tensor "min" and "max", of the rank of the map."""
    needed = _needed_keys(chain, chosen)
    by_tensor = {name: ranges[key] for name, key in chain.keys.items() if key in needed} | chain.inner
    shape = (1, 1, 1, 1)
    return {
        name: {"min": np.full(shape, low, np.float32), "max": np.full(shape, high, np.float32)}
        for name, (low, high) in by_tensor.items()
    }


def _sample(tensor: np.ndarray) -> np.ndarray:
    flat = tensor.ravel()
    return flat[::SUBSAMPLE_STEP] if flat.size > SUBSAMPLE_ABOVE else flat
