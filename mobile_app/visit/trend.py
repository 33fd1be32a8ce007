"""A spot over time as points of a plot: when, what result, how large. Knows nothing of Flet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mobile_app.visit.spots import Reading
from runtime.answer.advice import AdviceKind

NEAREST = 0.03
"""Share of the width that lies between two photos at least: those of one day must not hide each other."""
_URGENCY = (AdviceKind.LOW, AdviceKind.TREATMENT, AdviceKind.MODERATE, AdviceKind.HIGH)
_TOPS = (2, 4, 10, 20, 40, 60, 80, 100)
"""Percent; half of each is a whole number, too."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """One photo in the plot."""

    across: float
    """from 0, the first photo, to 1, the newest"""
    kind: AdviceKind | None
    """None where there is no result, or none that can be read"""
    percent: float | None
    """of the frame; None where it was not measured"""


def points_of(readings: Sequence[Reading]) -> tuple[Point, ...]:
    """One point for each photo, oldest first."""
    places = _across([reading.shot.taken for reading in readings])
    return tuple(_point(across, reading) for across, reading in zip(places, readings, strict=True))


def levels_of(points: Sequence[Point]) -> tuple[AdviceKind, ...]:
    """The results to mark, the more urgent the later. "Treatment" is rare and only marked where it occurs."""
    found = {point.kind for point in points}
    return tuple(kind for kind in _URGENCY if kind is not AdviceKind.TREATMENT or kind in found)


def top_of(points: Sequence[Point]) -> int:
    """Percent at the upper end of the sizes: a round number that all are below."""
    most = max((point.percent for point in points if point.percent is not None), default=0.0)
    return next((top for top in _TOPS if most <= top), _TOPS[-1])


def _point(across: float, reading: Reading) -> Point:
    kind = None if reading.report is None else reading.report.advice.kind
    size = reading.shot.size_in_frame
    return Point(
        across=across, kind=kind if kind in _URGENCY else None, percent=None if size is None else round(100 * size, 1)
    )


def _across(taken: Sequence[datetime]) -> list[float]:
    """In proportion to time, but for photos so close that they would be one dot: these are moved apart."""
    span = (taken[-1] - taken[0]).total_seconds() if taken else 0.0
    places: list[float] = []
    for moment in taken:
        in_time = (moment - taken[0]).total_seconds() / span if span else 0.0
        places.append(max(in_time, places[-1] + NEAREST) if places else in_time)
    widest = places[-1] if places else 0.0
    return [place / widest for place in places] if widest else places
