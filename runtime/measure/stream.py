"""One photo after the other, the next as soon as the last is done: MLPerf's single stream.

Several subjects take turns, photo by photo, so that a slow moment of the machine hits them all.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from runtime.measure.series import DIGITS, Samples
from runtime.measure.verdict import RULE

Work = Callable[[], Mapping[str, float]]
"""Judges one photo once; milliseconds by stage, the same stages each time."""
Clock = Callable[[], float]
"""Seconds from any moment."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long something is measured: until there are so many samples, and for so long."""

    mode: str
    """full, quick, sustained or trial"""
    samples: int
    seconds: float
    warmup: int = 5
    """turns before, not counted"""

    def share(self, samples: int, seconds: float) -> float:
        """How much of it is done, 0 to 1."""
        return min(1.0, samples / self.samples, seconds / self.seconds if self.seconds else 1.0)


FULL = Plan(mode="full", samples=RULE.samples, seconds=RULE.seconds)
QUICK = Plan(mode="quick", samples=128, seconds=10.0)


def sustained(seconds: float) -> Plan:
    """For longer than the rule asks: what a device does once it is warm."""
    return Plan(mode="sustained", samples=RULE.samples, seconds=max(seconds, RULE.seconds))


def trial(samples: int, *, warmup: int) -> Plan:
    """So many samples, however long they take: to see that all is well."""
    return Plan(mode="trial", samples=samples, seconds=0.0, warmup=warmup)


def stream(
    works: Mapping[str, Work],
    *,
    plan: Plan,
    wanted: Callable[[float], bool] = lambda _: True,
    clock: Clock = time.perf_counter,
) -> dict[str, Samples] | None:
    """The times of each subject. `wanted` is told after each turn how much is done, 0 to 1; None once it says no."""
    for _ in range(plan.warmup):
        for work in works.values():
            work()
        if not wanted(0.0):
            return None
    taken: dict[str, list[tuple[float, Mapping[str, float]]]] = {name: [] for name in works}
    began, turns, now = clock(), 0, 0.0
    while plan.share(turns, now) < 1.0:
        for name, work in works.items():
            at = clock() - began
            taken[name].append((at, work()))
        turns, now = turns + 1, clock() - began
        if not wanted(plan.share(turns, now)):
            return None
    return {name: _samples(rounds, seconds=now) for name, rounds in taken.items()}


def _samples(rounds: list[tuple[float, Mapping[str, float]]], *, seconds: float) -> Samples:
    stages = rounds[0][1]
    return Samples(
        at=tuple(round(at, DIGITS) for at, _ in rounds),
        seconds=round(seconds, DIGITS),
        milliseconds={stage: tuple(round(found[stage], DIGITS) for _, found in rounds) for stage in stages},
    )
