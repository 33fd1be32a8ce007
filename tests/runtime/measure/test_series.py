"""Figures are derived from raw times, and an invalid one says why."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.measure.series import Series
from runtime.measure.stream import FULL, Plan, stream, sustained, trial
from runtime.measure.verdict import RULE, Fault, judge

TIMES = st.lists(st.floats(0.01, 1e5), min_size=1, max_size=200)


def series(milliseconds: list[float], *, seconds: float = 61.0) -> Series:
    at = np.linspace(0, seconds, len(milliseconds), endpoint=False)
    return Series(milliseconds=tuple(milliseconds), at=tuple(at.tolist()), seconds=seconds)


STEADY = [20.0, 20.4, 20.8, 21.2] * 256


@given(TIMES)
def test_figures_keep_their_order(times: list[float]) -> None:
    found = series(times)
    tiny = 1e-9 * found.slowest
    assert found.fastest <= found.p50 <= found.p90 <= found.p99 <= found.slowest
    assert found.fastest - tiny <= found.mean <= found.slowest + tiny
    assert found.spread >= 0
    assert sum(minute.n for minute in found.minutes) == found.n


@given(TIMES, st.floats(0.1, 10))
def test_spread_and_drift_do_not_depend_on_the_unit(times: list[float], factor: float) -> None:
    one, other = series(times), series([factor * time for time in times])
    assert other.spread == pytest.approx(one.spread, rel=1e-6, abs=1e-9)
    assert other.drift == pytest.approx(one.drift, rel=1e-6, abs=1e-9)


def test_each_minute_has_its_own_figures() -> None:
    slow, fast = series([10.0] * 60 + [30.0] * 60, seconds=120.0).minutes
    assert (slow.p50, slow.p90, slow.n) == (10, 10, 60)
    assert (fast.p50, fast.p90, fast.n) == (30, 30, 60)


def test_a_steady_figure_by_the_rule_is_valid() -> None:
    verdict = judge(series(STEADY), others=0.01)
    assert verdict.valid
    assert verdict.text == "valid"


@pytest.mark.parametrize(
    ("found", "others", "fault"),
    [
        (series(STEADY[:-1]), 0.0, Fault.SAMPLES),
        (series(STEADY, seconds=59.9), 0.0, Fault.SECONDS),
        (series([20.0, 22.5] * 512), 0.0, Fault.SPREAD),
        (series([20.0] * 768 + [21.1] * 256), 0.0, Fault.DRIFT),
        (series([21.1] * 256 + [20.0] * 768), 0.0, Fault.DRIFT),
        (series(STEADY), 0.06, Fault.LOAD),
    ],
)
def test_whatever_is_wrong_is_named_with_what_is_allowed(found: Series, others: float, fault: Fault) -> None:
    verdict = judge(found, others=others)
    assert [reason.fault for reason in verdict.reasons] == [fault]
    assert not verdict.valid
    assert verdict.text.startswith("invalid: ")


def test_a_machine_that_does_not_tell_its_load_is_no_fault() -> None:
    assert judge(series(STEADY), others=None).valid


def test_the_rule_is_that_of_mlperf() -> None:
    assert (RULE.samples, RULE.seconds) == (1024, 60)
    assert (FULL.samples, FULL.seconds) == (1024, 60)


class Time:
    """A clock that moves only when something is done."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now

    def takes(self, seconds: float) -> dict[str, float]:
        self.now += seconds
        return {"model": 1e3 * seconds}


def test_the_stream_runs_until_there_are_enough_samples_and_enough_time() -> None:
    time = Time()
    (found,) = (stream({"a": lambda: time.takes(0.05)}, plan=FULL, clock=time) or {}).values()
    assert len(found.at) == 1200  # 1,024 would take 51 s
    assert found.seconds == pytest.approx(60)
    time = Time()
    (found,) = (stream({"a": lambda: time.takes(0.5)}, plan=FULL, clock=time) or {}).values()
    assert len(found.at) == 1024
    assert judge(found.of("model"), others=None).valid


def test_subjects_take_turns_and_the_warm_up_does_not_count() -> None:
    time, order = Time(), []

    def work(name: str, seconds: float) -> dict[str, float]:
        order.append(name)
        return time.takes(seconds)

    found = stream({"a": lambda: work("a", 1.0), "b": lambda: work("b", 2.0)}, plan=trial(3, warmup=2), clock=time)
    assert found is not None
    assert order == ["a", "b"] * 5
    assert found["a"].milliseconds["model"] == pytest.approx((1000,) * 3)
    assert found["a"].at == (0, 3, 6)
    assert found["b"].at == (1, 4, 7)
    assert found["b"].seconds == 9


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_what_is_no_longer_wanted_ends_at_once(turns: int) -> None:
    time, told = Time(), []

    def wanted(share: float) -> bool:
        told.append(share)
        return len(told) <= turns

    plan = Plan(mode="trial", samples=10, seconds=0, warmup=1)
    assert stream({"a": lambda: time.takes(1.0)}, plan=plan, wanted=wanted, clock=time) is None
    assert len(told) == turns + 1
    assert told == [0.0, *(turn / 10 for turn in range(1, turns + 1))]


def test_the_share_never_goes_back() -> None:
    time, told = Time(), []
    works = {"a": lambda: time.takes(next(lengths))}
    lengths = itertools.cycle([0.01, 0.2])
    assert stream(works, plan=sustained(90), wanted=lambda share: told.append(share) is None, clock=time)
    assert told == sorted(told)
    assert told[-1] == 1.0
