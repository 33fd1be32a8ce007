"""How fast files are, side by side: each round runs every one of them once, so that a slow moment hits them all."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime

from runtime.engine import session_options

Runnable = Callable[[], object]
"""Runs one photo through a model."""

WARM_UP = 3
"""Rounds that are not counted: caches, lazily packed weights and the CPU's clock settle in them."""

ROUNDS = 25


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What one photo took, over many rounds."""

    median_ms: float
    lower_ms: float
    """first quartile"""
    upper_ms: float
    """third quartile"""
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Latency:
    """A candidate beside the FP32 file it was made from."""

    milliseconds: float
    """median of one photo"""
    ratio: float
    """of the medians, candidate / FP32"""


Clock = Callable[[bytes, bytes], Latency]
"""The FP32 file and a candidate, interleaved."""


def interleaved(
    models: Mapping[str, Runnable], *, rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, Timing]:
    """Time models in turns, `rounds` times after a warm-up. `clock` gives seconds."""
    seconds: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(WARM_UP + rounds):
        for name, run in models.items():
            started = clock()
            run()
            seconds[name].append(clock() - started)
    return {name: _timing(taken[WARM_UP:]) for name, taken in seconds.items()}


def against_fp32(fp32: bytes, candidate: bytes) -> Latency:
    """One thread, in the time that thread computed: what else a machine does in between is not counted."""
    session = session_of(fp32, threads=1)
    _, height, width, channels = session.get_inputs()[0].shape
    photo = np.random.default_rng(0).integers(0, 256, (height, width, channels)).astype(np.uint8)
    models = {"fp32": _runnable(session, photo), "candidate": onnx_runnable(candidate, photo, threads=1)}
    found = interleaved(models, rounds=ROUNDS, clock=time.thread_time)
    median = found["candidate"].median_ms
    return Latency(milliseconds=median, ratio=median / found["fp32"].median_ms)


def onnx_runnable(model: bytes, photo: np.ndarray, *, threads: int = 1) -> Runnable:
    """An ONNX file on one photo, uint8 [S, S, 3], in a session as the device makes it."""
    return _runnable(session_of(model, threads=threads), photo)


def session_of(model: bytes, *, threads: int) -> Any:
    """An onnxruntime session with the options of `runtime.engine`."""
    options = session_options(onnxruntime.SessionOptions(), threads=threads)
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _runnable(session: Any, photo: np.ndarray) -> Runnable:
    feed = {session.get_inputs()[0].name: np.ascontiguousarray(photo[np.newaxis])}
    return lambda: session.run(None, feed)


def _timing(seconds: list[float]) -> Timing:
    lower, median, upper = (1e3 * float(value) for value in np.quantile(seconds, (0.25, 0.5, 0.75)))
    return Timing(median_ms=median, lower_ms=lower, upper_ms=upper, rounds=len(seconds))
