"""How long the exported files take, through the engine that phones run: side by side, one thread."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from runtime.bundle.load import load_bundle
from runtime.engine import Engine

WARM_UP, ROUNDS = 3, 25
"""Rounds that are not counted, and those that are: each runs every file once, so that a slow moment hits them all."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What one photo takes, from its square to the answer."""

    median_ms: float
    lower_ms: float
    """first quartile"""
    upper_ms: float
    """third quartile"""
    rounds: int


def time_bundles(
    files: Mapping[str, tuple[Path, str]], *, clock: Callable[[], float] = time.thread_time
) -> dict[str, Timing]:
    """By name. files: folder and file of each; `clock` gives the seconds that this thread computed, whatever else a
    machine does in between. Raises BundleError, EngineError."""
    engines = {name: Engine(load_bundle(folder, file=file), threads=1) for name, (folder, file) in files.items()}
    seconds: dict[str, list[float]] = {name: [] for name in engines}
    rng = np.random.default_rng(0)
    photos = {name: rng.integers(0, 256, (one.size, one.size, 3), dtype=np.uint8) for name, one in engines.items()}
    for _ in range(WARM_UP + ROUNDS):
        for name, engine in engines.items():
            started = clock()
            engine.predict(photos[name])
            seconds[name].append(clock() - started)
    return {name: _timing(taken[WARM_UP:]) for name, taken in seconds.items()}


def _timing(seconds: list[float]) -> Timing:
    lower, median, upper = (1e3 * float(value) for value in np.quantile(seconds, (0.25, 0.5, 0.75)))
    return Timing(median_ms=median, lower_ms=lower, upper_ms=upper, rounds=len(seconds))
