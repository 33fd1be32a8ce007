"""What a figure depends on beside the code, and the percentiles it is given as."""

import os
import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Milliseconds of one stage over all counted repeats."""

    p50: float
    p90: float
    mean: float
    n: int


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
