"""What a figure depends on beside the code, and the percentiles it is given as."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from runtime.measure.machine import machine


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Milliseconds of one stage over all counted repeats."""

    p50: float
    p90: float
    mean: float
    n: int


def environment(threads: int | None) -> dict[str, Any]:
    """What a figure depends on beside the code."""
    found = machine()
    return {
        "cpu": found.processor,
        "cores": found.cores,
        "threads": threads or "default",
        "system": found.system,
        "python": found.python,
        **found.packages,
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
