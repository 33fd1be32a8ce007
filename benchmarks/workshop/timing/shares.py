"""What our way from a photo to its tier takes of other ways' time, out of one measurement of them all."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.workshop.timing.ratios import ratio_of_medians
from runtime.measure.photo_way import TOTAL
from runtime.measure.result import Result

OURS, REFERENCE = "this toolkit", "reference"
"""What the ways are called that every such measurement has."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """What our way takes of another's time, from the photo's file to the answer."""

    way: str
    p50: float
    """milliseconds of that way"""
    share: float
    low: float
    high: float
    """95% bootstrap interval"""
    valid: bool
    """whether both keep to the rule"""

    def cells(self) -> tuple[str, ...]:
        says = "valid" if self.valid else "not ranked: one of the two is invalid"
        return (self.way, f"{self.p50:.1f}", f"{self.share:.2f}", f"{self.low:.2f}-{self.high:.2f}", says)

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))


def shares_of(found: Result, *, seed: int = 0) -> list[Share]:
    """Of every way beside ours."""
    ours, rng = found.row(OURS, TOTAL), np.random.default_rng(seed)
    others = [found.row(subject.name, TOTAL) for subject in found.subjects if subject.name != OURS]
    shares: list[Share] = []
    for row in others:
        share, low, high = ratio_of_medians(row.series, ours.series, rng=rng)
        valid = row.verdict.valid and ours.verdict.valid
        shares.append(Share(way=row.subject, p50=row.series.p50, share=share, low=low, high=high, valid=valid))
    return shares
