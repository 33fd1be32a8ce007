"""Repeats of one stage as percentiles."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Milliseconds of one stage over all counted repeats."""

    p50: float
    p90: float
    mean: float
    n: int


def timing(milliseconds: list[float]) -> Timing:
    """Percentiles of repeats."""
    p50, p90 = np.percentile(milliseconds, (50, 90))
    return Timing(
        p50=round(float(p50), 3),
        p90=round(float(p90), 3),
        mean=round(float(np.mean(milliseconds)), 3),
        n=len(milliseconds),
    )
