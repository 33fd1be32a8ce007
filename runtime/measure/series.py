"""Raw times, kept, and the statistics that are derived from them whenever somebody asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

MINUTE = 60.0
DIGITS = 4
"""Of times, once and for all, so that a file holds just what was judged: a tenth of a microsecond."""


@dataclass(frozen=True, kw_only=True)
class Minute:
    """What a minute of the measurement was like."""

    p50: float
    """milliseconds"""
    p90: float
    n: int


@dataclass(frozen=True, kw_only=True)
class Series:
    """The times of one stage: milliseconds each, in the order they were taken."""

    milliseconds: tuple[float, ...]
    """at least one"""
    at: tuple[float, ...]
    """seconds from the start of the measurement to the start of each"""
    seconds: float
    """from the start of the first sample to the end of the last"""

    @property
    def n(self) -> int:
        return len(self.milliseconds)

    @property
    def p50(self) -> float:
        return self._quantile(0.5)

    @property
    def p90(self) -> float:
        return self._quantile(0.9)

    @property
    def p99(self) -> float:
        return self._quantile(0.99)

    @property
    def mean(self) -> float:
        return float(self._values.mean())

    @property
    def fastest(self) -> float:
        return float(self._values.min())

    @property
    def slowest(self) -> float:
        return float(self._values.max())

    @property
    def spread(self) -> float:
        """Interquartile range over the median."""
        return (self._quantile(0.75) - self._quantile(0.25)) / self.p50 if self.p50 else 0.0

    @property
    def drift(self) -> float:
        """Median of the last quarter of the samples over that of the first, less 1: above 0 it became slower."""
        quarter = max(1, self.n // 4)
        first, last = (float(np.median(part)) for part in (self._values[:quarter], self._values[-quarter:]))
        return last / first - 1 if first else 0.0

    @property
    def minutes(self) -> tuple[Minute, ...]:
        """Every minute that holds a sample."""
        minute = (np.asarray(self.at) // MINUTE).astype(int)
        return tuple(_minute(self._values[minute == one]) for one in np.unique(minute))

    @cached_property
    def _values(self) -> npt.NDArray[np.float64]:
        return np.asarray(self.milliseconds, dtype=np.float64)

    def _quantile(self, share: float) -> float:
        return float(np.quantile(self._values, share))


@dataclass(frozen=True, kw_only=True)
class Samples:
    """The times of all stages of one subject; each photo has one time per stage."""

    at: tuple[float, ...]
    """seconds from the start of the measurement to the start of each photo"""
    seconds: float
    """from the start of the first to the end of the last"""
    milliseconds: Mapping[str, tuple[float, ...]]
    """by stage"""

    def of(self, stage: str) -> Series:
        """One stage. Raises KeyError."""
        return Series(milliseconds=self.milliseconds[stage], at=self.at, seconds=self.seconds)


def _minute(values: npt.NDArray[np.float64]) -> Minute:
    p50, p90 = (float(value) for value in np.quantile(values, (0.5, 0.9)))
    return Minute(p50=p50, p90=p90, n=len(values))
