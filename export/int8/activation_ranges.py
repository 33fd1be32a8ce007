"""Activation ranges: what each tensor of the FP32 model takes on over calibration photos."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from export.onnx_file.convert import values
from export.onnx_file.module import INPUT_NAME

BINS = 2048
LEVELS = 255
"""Steps of an 8-bit activation."""

SUBSAMPLE_ABOVE = 10_000
SUBSAMPLE_STEP = 3
"""Of a large map every third value enters the histogram: 3 divides no power of two, so all columns take part."""

SHRINKS = np.linspace(1.0, 0.3, 36)
"""Shares of the full range that are tried when the best clipping is looked for."""

SWEEPS = 2
"""How often the ends are looked at again, one given the other."""

KEPT = 0.9999
"""Share of the values within a percentile range."""

CLIPPED_WEIGHS = 8.0
"""How much more the squared error of a clipped value weighs than that of a rounded one in a careful range: rounding
averages out over a map, clipping does not. A synthetic student's photos near its novelty threshold lost 0.20 of 2.2 of
their novelty to least-error ranges, and 1.4% of all photos changed into or out of "cannot assess"; with 8, 0.6%."""

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class Histogram:
    """The distribution of one tensor's values over [low, high]."""

    low: float
    high: float
    counts: np.ndarray
    """float [BINS]"""


def collect(model: onnx.ModelProto, photos: Sequence[np.ndarray]) -> dict[str, Histogram]:
    """Histograms of every float map between the photo and the pooled features. photos: uint8 [S, S, 3] each."""
    names = tensor_names(model)
    session = onnxruntime.InferenceSession(_exposing(model, names).SerializeToString(), _quiet())
    lows, highs = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    for photo in photos:
        tensors = cast(list[np.ndarray], session.run(names, {INPUT_NAME: photo[None]}))
        lows = np.minimum(lows, [tensor.min() for tensor in tensors])
        highs = np.maximum(highs, [tensor.max() for tensor in tensors])
    counts = np.zeros((len(names), BINS))
    for photo in photos:
        for row, tensor in enumerate(cast(list[np.ndarray], session.run(names, {INPUT_NAME: photo[None]}))):
            counts[row] += np.histogram(_sample(tensor), bins=BINS, range=_proper(lows[row], highs[row]))[0]
    return {name: Histogram(low=float(lows[i]), high=float(highs[i]), counts=counts[i]) for i, name in enumerate(names)}


def channel_peaks(model: onnx.ModelProto, names: Sequence[str], photos: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """The largest absolute value of each channel of the named maps over the photos: float [C] each."""
    session = onnxruntime.InferenceSession(_exposing(model, names).SerializeToString(), _quiet())
    peaks: dict[str, np.ndarray] = {}
    for photo in photos:
        tensors = cast(list[np.ndarray], session.run(names, {INPUT_NAME: photo[None]}))
        for name, tensor in zip(names, tensors, strict=True):
            found = np.abs(tensor).max(axis=(0, 2, 3))
            peaks[name] = np.maximum(peaks[name], found) if name in peaks else found
    return peaks


def tensor_names(model: onnx.ModelProto) -> list[str]:
    """The float tensors of rank 4, in the order the model computes them."""
    produced = [name for node in model.graph.node for name in node.output]
    maps = {
        value.name
        for value in values(model)
        if value.type.tensor_type.elem_type == TensorProto.FLOAT and len(value.type.tensor_type.shape.dim) == 4
    }
    return [name for name in produced if name in maps]


def full_range(histogram: Histogram) -> Range:
    """Every value seen, and zero, which 8-bit padding and ReLU need to hit exactly."""
    return min(histogram.low, 0.0), max(histogram.high, 0.0)


def least_error_range(histogram: Histogram) -> Range:
    """The clipping with the least mean squared error of 8-bit rounding: rare peaks are cut for finer steps."""
    return _least(histogram, clipped_weighs=1.0)


def careful_range(histogram: Histogram) -> Range:
    """As `least_error_range`, but what is clipped weighs `CLIPPED_WEIGHS` times as much."""
    return _least(histogram, clipped_weighs=CLIPPED_WEIGHS)


def _least(histogram: Histogram, *, clipped_weighs: float) -> Range:
    low, high = full_range(histogram)
    edges = np.linspace(*_proper(histogram.low, histogram.high), BINS + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    return _descend(
        low, high, lambda pair: _squared_error(centres, histogram.counts, pair, clipped_weighs=clipped_weighs)
    )


def _descend(low: float, high: float, error: Callable[[Range], float]) -> Range:
    """The best share of both ends together, then of each end in turn: a seventh of the work of trying all pairs."""
    share = min(SHRINKS, key=lambda share: error((low * share, high * share)))
    best = low * share, high * share
    for _ in range(SWEEPS):
        best = min(((best[0], high * share) for share in SHRINKS), key=error)
        best = min(((low * share, best[1]) for share in SHRINKS), key=error)
    return float(best[0]), float(best[1])


def percentile_range(histogram: Histogram) -> Range:
    """`KEPT` of all values, the rest cut off in equal parts below and above; and zero."""
    low, high = _proper(histogram.low, histogram.high)
    share = np.cumsum(histogram.counts) / histogram.counts.sum()
    edges = np.linspace(low, high, BINS + 1)
    beyond = (1 - KEPT) / 2
    return (
        min(float(edges[np.searchsorted(share, beyond, side="right")]), 0.0),
        max(float(edges[min(int(np.searchsorted(share, 1 - beyond)) + 1, BINS)]), 0.0),
    )


METHODS = {
    "minmax": full_range,
    "least_error": least_error_range,
    "careful": careful_range,
    "percentile": percentile_range,
}


def best_ranges(histograms: Mapping[str, Histogram], *, method: str) -> dict[str, Range]:
    """`method`: "minmax" (every value seen), "least_error" (peaks clipped), "careful" (peaks clipped less) or
    "percentile" (few values clipped).
    """
    return {name: METHODS[method](histogram) for name, histogram in histograms.items()}


def _squared_error(centres: np.ndarray, counts: np.ndarray, pair: Range, *, clipped_weighs: float) -> float:
    low, high = pair
    step = max((high - low) / LEVELS, 1e-12)
    zero = np.round(-low / step)
    steps = np.round(centres / step) + zero
    inside = np.clip(steps, 0, LEVELS)
    error = ((inside - zero) * step - centres) ** 2
    return float((np.where(steps == inside, error, clipped_weighs * error) * counts).sum())


def _sample(tensor: np.ndarray) -> np.ndarray:
    flat = tensor.ravel()
    return flat[::SUBSAMPLE_STEP] if flat.size > SUBSAMPLE_ABOVE else flat


def _proper(low: float, high: float) -> Range:
    """A range of some width, also where a tensor is constant."""
    return (low, high) if high > low else (low, low + 1e-6)


def _exposing(model: onnx.ModelProto, names: Sequence[str]) -> onnx.ModelProto:
    exposed = onnx.ModelProto()
    exposed.CopyFrom(model)
    del exposed.graph.output[:]
    exposed.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in names)
    return exposed


def _quiet() -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # sums in a fixed order: the same ranges each time
    options.log_severity_level = 3
    return options
