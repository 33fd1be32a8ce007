"""Making an FP32 model easier to quantise without changing what it computes, and biases that take up the rest.

Cross-layer equalisation (Nagel et al. 2019, arXiv:1906.04721): where one convolution feeds another through nothing that
bends, a channel may be divided by s in the first and multiplied by s in the second. With one scale per weight channel,
as here, the first's weights do not care, nor a depthwise second's; what gains is the tensor between them, whose
channels share one range. So a channel is brought up to the range's end, and where the second convolution mixes
channels, half way on a logarithmic scale between that and equal weights (SmoothQuant, Xiao et al. 2022,
arXiv:2211.10438).

A clip at 6 bends. A channel that reaches it on the photos keeps its scale; others are scaled so that what they reach
stays `MARGIN` below it. Hard-swish and SiLU bend everywhere: nothing is moved through them.
"""

from collections.abc import Sequence

import numpy as np
import onnx
from onnx import numpy_helper
from torch import Tensor

from export.int8.activation_ranges import channel_peaks
from export.int8.qdq import clip_limits
from export.int8.replay import Visit, replay, with_parameters
from export.onnx_file.convert import initializers
from export.onnx_file.trunk import CLIPPING, Layer, consumers, layers, spelled_out

MARGIN = 1.25
"""How much higher than on the calibration photos a channel may go before the clip touches it."""

SPREAD = 32.0
"""No channel is scaled by more than this: one that is silent on the photos must not get weights that explode."""

SILENT = 1e-6


def equalise(model: onnx.ModelProto, photos: Sequence[np.ndarray]) -> onnx.ModelProto:
    """The FP32 model with its channels scaled. photos: uint8 [S, S, 3] each, that show what the channels reach.

    Exact in real numbers on these photos, and on all others that stay within `MARGIN` of them.
    """
    found = pairs(model)
    if not found:
        return model
    peaks = channel_peaks(model, [first.output for first, _ in found], photos)
    weights = {name: numpy_helper.to_array(tensor).copy() for name, tensor in initializers(model).items()}
    changed: dict[str, np.ndarray] = {}
    biases: dict[str, np.ndarray] = {}
    for first, second in found:
        own, other = first.conv.input[1], second.conv.input[1]
        scale = _scales(peaks[first.output], weights[other], second, limit=clip_limits(model, first)[1])
        weights[own] = weights[own] / scale.reshape(-1, 1, 1, 1)
        shape = (-1, 1, 1, 1) if second.depthwise else (1, -1, 1, 1)
        weights[other] = weights[other] * scale.reshape(shape)
        changed[first.conv.name], changed[second.conv.name] = weights[own], weights[other]
        if len(first.conv.input) > 2:
            biases[first.conv.name] = (weights[first.conv.input[2]] / scale).astype(np.float32)
    return with_parameters(model, {name: value.astype(np.float32) for name, value in changed.items()}, biases)


def pairs(model: onnx.ModelProto) -> list[tuple[Layer, Layer]]:
    """Convolutions of which the second alone reads the first, through nothing or through what only clips."""
    trunk = layers(model)
    users = consumers(model)
    readers = {layer.conv.name: layer for layer in trunk}
    found: list[tuple[Layer, Layer]] = []
    for layer in trunk:
        after = users.get(layer.output, [])
        straight = layer.kind in CLIPPING or not layer.kind
        if straight and len(after) == 1 and after[0].name in readers and len(users[layer.before]) == 1:
            second = readers[after[0].name]
            if second.depthwise or _groups(second.conv) == 1:
                found.append((layer, second))
    return found


def correct_biases(model: onnx.ModelProto, quantised: onnx.ModelProto, photos: Sequence[np.ndarray]) -> onnx.ModelProto:
    """The FP32 model with biases that give each 8-bit convolution the mean output, per channel, that it has in float.

    Empirical bias correction of Nagel et al. 2019, before the activation, in execution order: a layer is corrected on
    what the corrected layers before it give. `quantised`: the model as it would be written without.
    """
    biases: dict[str, np.ndarray] = {}

    def correct(visit: Visit) -> tuple[Tensor, Tensor]:
        wanted = visit.run(visit.float_input, visit.float_weight, visit.bias).mean(dim=(0, 2, 3))
        given = visit.run(visit.input, visit.weight, visit.bias).mean(dim=(0, 2, 3))
        bias = visit.bias + wanted - given
        biases[visit.layer.conv.name] = bias.numpy().astype(np.float32)
        return visit.weight, bias

    replay(model, quantised, photos, correct)
    return with_parameters(spelled_out(model), {}, biases)


def _scales(peaks: np.ndarray, weight: np.ndarray, second: Layer, *, limit: float) -> np.ndarray:
    """What each channel between the two is divided by, float64 [C]; 1 leaves it."""
    heard = peaks > SILENT
    if not heard.any():
        return np.ones(len(peaks))
    reach = np.where(heard, peaks, peaks.max()).astype(np.float64)
    if second.depthwise:
        scale = reach / reach.max()
    else:
        columns = np.abs(weight).max(axis=(0, 2, 3)).astype(np.float64)
        scale = np.sqrt(reach / np.maximum(columns, SILENT))
        scale *= (reach / scale).max() / reach.max()
    if np.isfinite(limit):
        scale = np.where(reach * MARGIN >= limit, 1.0, np.maximum(scale, reach * MARGIN / limit))
    return np.where(heard, np.clip(scale, 1 / SPREAD, SPREAD), 1.0)


def _groups(conv: onnx.NodeProto) -> int:
    return next((attribute.i for attribute in conv.attribute if attribute.name == "group"), 1)
