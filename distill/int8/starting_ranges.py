"""Where learning an 8-bit range starts: the clipping with the least rounding error over some views."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn

from distill.int8.fake_rounding import STEPS, grid
from distill.int8.simulate import Ranges, Simulation

SAMPLES = 4096
"""Values drawn per tensor and batch of 64: over 4 batches 16,000, of which a share of 0.001 still counts 16."""

SHRINKS = torch.linspace(1.0, 0.3, 36).tolist()
"""Shares of the full range that are tried."""

LEAST_RANGE = 1e-6
"""Width of the range of a tensor that was zero throughout."""


@torch.inference_mode()
def least_error_ranges(simulation: Simulation, batches: Iterable[Tensor], *, seed: int = 0) -> Ranges:
    """A range for every 8-bit tensor of a simulation, from what it takes on without rounding.

    batches: float (B, 3, S, S), normalised. The seed draws the values that are looked at.
    """
    generator = torch.Generator().manual_seed(seed)
    drawn: dict[str, list[Tensor]] = {key: [] for key in simulation.quantisers}

    def draw(key: str, value: Tensor) -> None:
        ends = torch.stack(value.aminmax())
        drawn[key].append(torch.cat([ends, value.take(torch.randint(value.numel(), (SAMPLES,), generator=generator))]))

    hooks = [_on_output(quantiser, key, draw) for key, quantiser in simulation.quantisers.items()]
    simulation.quantise(False)
    for images in batches:
        simulation(images)
    for hook in hooks:
        hook.remove()
    return {key: least_error_range(torch.cat(values)) for key, values in drawn.items()}


def least_error_range(values: Tensor) -> tuple[float, float]:
    """The range, zero included, with the least mean squared error of 8-bit rounding. values: float [N].

    Rare peaks are cut for finer steps; first above, then below.
    """
    low, high = min(values.min().item(), 0.0), max(values.max().item(), LEAST_RANGE)
    high = min((high * share for share in SHRINKS), key=lambda end: _squared_error(values, low, end))
    return min((low * share for share in SHRINKS), key=lambda end: _squared_error(values, end, high)), high


def _squared_error(values: Tensor, low: float, high: float) -> float:
    step, zero = grid(low, high)
    return (values.div(step).round_().clamp_(-zero, STEPS - zero).mul_(step) - values).square_().mean().item()


def _on_output(module: nn.Module, key: str, draw: Any) -> Any:
    return module.register_forward_hook(lambda _module, _inputs, output: draw(key, output))
