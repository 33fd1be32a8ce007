"""Learned rounding: up or down for each weight, whichever keeps a layer's output (AdaRound).

Nagel et al. 2020, arXiv:2004.10568: rounding each weight to the nearest step keeps the weights, not what they compute.
A variable per weight, between down (0) and up (1), is trained on the layer's output over calibration photos, with a
penalty that drives it to either end. The layer reads what the 8-bit layers before it give, so that it also makes up for
their errors; the activation is part of the output where it clips.
"""

from collections.abc import Sequence

import numpy as np
import onnx
import torch
from torch import Tensor
from torch.nn import functional as F

from export.int8.replay import Geometry, Visit, replay, with_parameters
from export.onnx_file.trunk import spelled_out

STEPS = 250
"""Updates per layer; the paper takes 10,000 on a GPU. Most of the gain is in the first hundreds."""

PHOTOS_A_STEP, WINDOW = 8, 14
"""A step looks at a window of so many rows and columns of some photos' outputs: whole maps take ten times as long."""

RATE = 1e-2
PENALTY = 0.01
STIFF, SOFT = 20.0, 2.0
"""The penalty's exponent, from a flat valley at the start of its time to a steep one at the end."""

FREE = 0.2
"""Share of the steps without penalty."""

LOW, HIGH = -0.1, 1.1
"""The sigmoid is stretched to these ends and cut at 0 and 1, so that both are reached."""

MOST_STEPS = 127
AT_THE_END = MOST_STEPS - 0.5
"""Weights beyond this many steps define the channel's scale and stay."""


def learn_rounding(
    model: onnx.ModelProto, quantised: onnx.ModelProto, photos: Sequence[np.ndarray], *, steps: int = STEPS
) -> onnx.ModelProto:
    """The FP32 model with its weights on the 8-bit grid, rounded as learned: quantising them to nearest keeps that.

    `quantised`: the model as it would be written with rounding to nearest. The same input gives the same weights.
    """
    weights: dict[str, np.ndarray] = {}
    generator = torch.Generator().manual_seed(0)

    def learn(visit: Visit) -> tuple[Tensor, Tensor]:
        weight = _learned(visit, steps=steps, generator=generator)
        weights[visit.layer.conv.name] = weight.numpy().astype(np.float32)
        return weight, visit.bias

    replay(model, quantised, photos, learn)
    return with_parameters(spelled_out(model), weights, {})


def _learned(visit: Visit, *, steps: int, generator: torch.Generator) -> Tensor:
    """The layer's weight with the better rounding of the two: learned or to nearest."""
    with torch.no_grad():
        target = visit.activate(visit.run(visit.float_input, visit.float_weight, visit.bias))
        units = visit.float_weight / visit.scale
        below = units.floor()
        share = (units - below).clamp(0.01, 0.99)
        power = target.square().mean().clamp(min=1e-12)
    fixed = units.abs() > AT_THE_END
    shape = Geometry.of(visit.layer.conv)
    padded = shape.padded(visit.input)
    choice = torch.logit((share - LOW) / (HIGH - LOW)).requires_grad_()
    optimiser = torch.optim.Adam([choice], lr=RATE)
    for step in range(steps):
        wanted, given = _window(target, padded, shape, kernel=units.shape[2], generator=generator)
        up = _up(choice)
        weight = torch.where(fixed, visit.weight, (below + up).clamp(-MOST_STEPS, MOST_STEPS) * visit.scale)
        output = visit.activate(F.conv2d(given, weight, visit.bias, stride=shape.stride, groups=shape.groups))
        error = (output - wanted).square().mean() / power
        loss = error + PENALTY * _penalty(up, step / steps)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        chosen = (below + (_up(choice) >= 0.5)).clamp(-MOST_STEPS, MOST_STEPS) * visit.scale
        learned = torch.where(fixed, visit.float_weight, chosen)
        return learned if _error(visit, learned, target) < _error(visit, visit.weight, target) else visit.float_weight


def _window(
    target: Tensor, padded: Tensor, shape: Geometry, *, kernel: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """The same random place of some photos' outputs and of the inputs that they look at."""

    def draw(end: int, count: int = 1) -> Tensor:
        return torch.randint(end, (count,), generator=generator)

    some = draw(len(target), PHOTOS_A_STEP)
    spans: list[tuple[slice, slice]] = []
    for length in target.shape[2:]:
        size = min(WINDOW, length)
        start = int(draw(length - size + 1))
        first, last = start * shape.stride, (start + size - 1) * shape.stride + kernel
        spans.append((slice(start, start + size), slice(first, last)))
    (rows, input_rows), (columns, input_columns) = spans
    return target[:, :, rows, columns][some], padded[:, :, input_rows, input_columns][some]


def _up(choice: Tensor) -> Tensor:
    return (choice.sigmoid() * (HIGH - LOW) + LOW).clamp(0, 1)


def _penalty(up: Tensor, progress: float) -> Tensor:
    """0 where every weight has decided, near 1 where none has. progress: 0 to 1."""
    if progress < FREE:
        return up.new_zeros(())
    stiffness = STIFF + (SOFT - STIFF) * (progress - FREE) / (1 - FREE)
    return (1 - (2 * up - 1).abs().pow(stiffness)).mean()


def _error(visit: Visit, weight: Tensor, target: Tensor) -> float:
    return float((visit.activate(visit.run(visit.input, weight, visit.bias)) - target).square().mean())
