"""Is a figure worth comparing? By rules that were written down before it was measured."""

from dataclasses import dataclass
from enum import StrEnum

from runtime.measure.series import Series


class Fault(StrEnum):
    """Why a figure is invalid: shown, but never ranked."""

    SAMPLES = "too_few_samples"
    SECONDS = "too_short"
    SPREAD = "spread"
    DRIFT = "drift"
    LOAD = "other_load"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What a valid figure keeps to."""

    samples: int = 1024
    """MLPerf's rule for a single stream: at least so many"""
    seconds: float = 60.0
    """and at least so long"""
    spread: float = 0.10
    """interquartile range over the median, at most"""
    drift: float = 0.05
    """the last quarter's median against the first's, up or down, at most"""
    others: float = 0.05
    """share of all cores' time that others had meanwhile, at most"""


RULE = Rule()


@dataclass(frozen=True, kw_only=True)
class Reason:
    """What was found, and what is allowed."""

    fault: Fault
    found: float
    limit: float

    @property
    def text(self) -> str:
        """In English; the app has its own words."""
        found, limit = self.found, self.limit
        match self.fault:
            case Fault.SAMPLES:
                return f"{found:.0f} samples, {limit:.0f} are needed"
            case Fault.SECONDS:
                return f"{found:.0f} s, {limit:.0f} are needed"
            case Fault.SPREAD:
                return f"spread (IQR / median) {found:.0%}, at most {limit:.0%}"
            case Fault.DRIFT:
                return f"drift of the last quarter {found:+.0%}, at most {limit:.0%}"
            case Fault.LOAD:
                return f"other load on the machine {found:.0%}, at most {limit:.0%}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Valid, or invalid with all that is wrong."""

    reasons: tuple[Reason, ...] = ()

    @property
    def valid(self) -> bool:
        return not self.reasons

    @property
    def text(self) -> str:
        return "valid" if self.valid else "invalid: " + "; ".join(reason.text for reason in self.reasons)


def judge(series: Series, *, others: float | None, rule: Rule = RULE) -> Verdict:
    """`others`: share of all cores' time that others had meanwhile; None where it cannot be read, which is no fault."""
    checks = (
        (Fault.SAMPLES, series.n, rule.samples, series.n < rule.samples),
        (Fault.SECONDS, series.seconds, rule.seconds, series.seconds < rule.seconds),
        (Fault.SPREAD, series.spread, rule.spread, series.spread > rule.spread),
        (Fault.DRIFT, series.drift, rule.drift, abs(series.drift) > rule.drift),
        (Fault.LOAD, others or 0.0, rule.others, others is not None and others > rule.others),
    )
    return Verdict(
        reasons=tuple(
            Reason(fault=fault, found=float(found), limit=limit) for fault, found, limit, broken in checks if broken
        )
    )
