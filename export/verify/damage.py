"""How much of a tensor's signal is left: a model in 8 bit against the one in float, tensor by tensor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MOST_DB = 120.0
"""What a tensor without any noise counts as."""


@dataclass(frozen=True, kw_only=True)
class TensorDamage:
    """What became of one tensor."""

    name: str
    snr_db: float
    """power of the signal over power of the error, in decibels; at most `MOST_DB`"""


def damage(baseline: Mapping[str, np.ndarray], damaged: Mapping[str, np.ndarray]) -> list[TensorDamage]:
    """Signal-to-noise of the tensors that both have, the most damaged first. Stack photos for a mean over them.

    Raises ValueError where no tensor is in both, or one has two shapes.
    """
    shared = [name for name in baseline if name in damaged]
    if not shared:
        raise ValueError("the two models have no tensor in common")
    for name in shared:
        if baseline[name].shape != damaged[name].shape:
            raise ValueError(f"{name}: shapes {baseline[name].shape} and {damaged[name].shape} differ")
    found = [TensorDamage(name=name, snr_db=snr_db(baseline[name], damaged[name])) for name in shared]
    return sorted(found, key=lambda entry: entry.snr_db)


def stacked(photos: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The tensors of several photos, by name, one photo after the other along a new first axis."""
    return {name: np.stack([tensors[name] for tensors in photos]) for name in photos[0]}


def snr_db(signal: np.ndarray, received: np.ndarray) -> float:
    """10 log10 of the signal's power over the error's; not a number in `received` counts as no signal at all."""
    power = float(np.square(signal, dtype=np.float64).sum())
    error = float(np.square(np.subtract(received, signal, dtype=np.float64)).sum())
    if not np.isfinite(error):
        return -MOST_DB
    if error <= power * 10 ** (-MOST_DB / 10):
        return MOST_DB
    return max(float(10 * np.log10(max(power, 1e-300) / error)), -MOST_DB)
