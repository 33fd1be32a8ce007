"""What a photo costs on this machine, from the file's bytes to the tier, stage by stage."""

import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from runtime.assess import Triage
from runtime.photo.decode import load_square
from runtime.photo.quality import measure_quality
from teacher.console import Advance, progress

STAGES = ("decode", "quality", "model", "total")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Milliseconds of one stage over all counted repeats."""

    p50: float
    p90: float
    mean: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Latency:
    """One measurement, ready for JSON."""

    photo: str
    photo_bytes: int
    bundle: dict[str, Any]
    load_ms: float
    """reading, checking and starting the bundle, once"""
    stages: dict[str, Timing]
    environment: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure_latency(photo: Path, *, bundle: Path | None, repeats: int, warmup: int, threads: int | None) -> Latency:
    """Time `repeats` assessments of one photo after `warmup` uncounted ones.

    `total` is timed on its own, not added up, so that it holds what the stages leave out. Raises PhotoError or
    BundleError where the photo or the bundle cannot be used.
    """
    started = time.perf_counter()
    triage = Triage.load(bundle, threads=threads)
    load_ms = (time.perf_counter() - started) * 1e3
    data = photo.read_bytes()
    with progress("Timing", warmup + repeats) as advance:
        rounds = [_one_round(triage, data, advance) for _ in range(warmup + repeats)][warmup:]
    file = triage.bundle.file
    return Latency(
        photo=photo.name,
        photo_bytes=len(data),
        bundle={
            "model_id": triage.bundle.manifest.model_id,
            "file": file.name,
            "precision": file.precision,
            "bytes": file.bytes,
            "input_side": triage.engine.size,
        },
        load_ms=round(load_ms, 3),
        stages={stage: timing([r[stage] for r in rounds]) for stage in STAGES},
        environment=environment(threads),
    )


def environment(threads: int | None) -> dict[str, Any]:
    """What a figure depends on beside the code."""
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "threads": threads or "default",
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("onnxruntime", "numpy", "pillow")},
    }


def _one_round(triage: Triage, data: bytes, advance: Advance) -> dict[str, float]:
    size = triage.engine.size
    pixels, decode = _timed(lambda: load_square(data, size=size))
    _, quality = _timed(lambda: measure_quality(pixels))
    _, model = _timed(lambda: triage.engine.predict(pixels))
    _, total = _timed(lambda: triage.assess(data))
    advance("")
    return {"decode": decode, "quality": quality, "model": model, "total": total}


def _timed[T](work: Callable[[], T]) -> tuple[T, float]:
    """The result, and the milliseconds it took."""
    started = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - started) * 1e3


def timing(milliseconds: list[float]) -> Timing:
    """Percentiles of repeats."""
    p50, p90 = np.percentile(milliseconds, (50, 90))
    return Timing(
        p50=round(float(p50), 3),
        p90=round(float(p90), 3),
        mean=round(float(np.mean(milliseconds)), 3),
        n=len(milliseconds),
    )


def _cpu_name() -> str:
    """The processor as the kernel names it; platform.processor() is empty on most Linux machines."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Hardware"))]
    return names[0] if names else platform.machine()
