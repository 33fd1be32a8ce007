"""Timing in turns, and whether this CPU's byte products saturate."""

from collections.abc import Callable

import numpy as np
import pytest
from saturation import CHANNELS, PIXEL, REDUCED_WEIGHT, STEPS, WEIGHT, Saturation, measure_saturation
from toy_onnx import SIDE, toy_model, toy_photos

from export.int8.preparation import Preparation
from export.int8.qdq import quantise
from export.int8.recipes import BASE
from export.verify.latency import WARM_UP, against_fp32, interleaved, onnx_runnable, session_of


class Machine:
    """A clock that stands still but for the models that run."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def model(self, name: str, seconds: Callable[[int], float]) -> Callable[[], None]:
        """One that takes `seconds` of its n-th run."""

        def run() -> None:
            self.now += seconds(self.order.count(name))
            self.order.append(name)

        return run


def test_models_run_in_turns_and_the_first_rounds_do_not_count() -> None:
    machine = Machine()
    models = {
        "steady": machine.model("steady", lambda n: 9.0 if n < WARM_UP else 0.004),
        "rising": machine.model("rising", lambda n: 0.001 * (n - WARM_UP + 1)),
    }
    found = interleaved(models, rounds=5, clock=lambda: machine.now)
    assert machine.order == ["steady", "rising"] * (WARM_UP + 5)
    steady, rising = found["steady"], found["rising"]
    assert (steady.lower_ms, steady.median_ms, steady.upper_ms) == pytest.approx((4, 4, 4))
    assert (rising.lower_ms, rising.median_ms, rising.upper_ms) == pytest.approx((2, 3, 4))
    assert rising.rounds == 5


def test_a_candidate_is_timed_beside_its_fp32_model() -> None:
    model = toy_model("clip")
    int8 = quantise(*Preparation(model, toy_photos(2)).of(BASE), recipe=BASE)
    found = against_fp32(model.SerializeToString(), int8.SerializeToString())
    assert found.milliseconds > 0
    assert found.ratio > 0


def test_sessions_are_as_the_device_makes_them() -> None:
    """Two threads that spin while idle would drain a battery, and be faster than any device is."""
    options = session_of(toy_model("relu").SerializeToString(), threads=2).get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (2, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"


def test_a_runnable_answers() -> None:
    run = onnx_runnable(toy_model("relu").SerializeToString(), np.zeros((SIDE, SIDE, 3), np.uint8))
    malignancy, conditions, novelty = run()  # type: ignore[misc]
    assert conditions.sum() == pytest.approx(1, abs=1e-5)
    assert np.isfinite([malignancy.item(), novelty.item()]).all()


def test_saturation_is_reported_as_it_is_on_this_cpu() -> None:
    """Held against two sums worked out here: the exact one, and pairs of products that are clipped to 16 bit."""
    clipped = CHANNELS // 2 * min(2 * PIXEL * WEIGHT, 2**15 - 1) / (CHANNELS * PIXEL * WEIGHT)
    assert 2 * PIXEL * REDUCED_WEIGHT < 2**15
    found = measure_saturation()
    assert found.reduced == pytest.approx(1, abs=1 / STEPS)
    assert found.precise == pytest.approx(1, abs=1 / STEPS)
    right = [share for share in (1.0, clipped) if found.plain == pytest.approx(share, abs=1.5 / STEPS)]
    assert len(right) == 1
    assert found.saturates == (right[0] != 1.0)
    if has_vnni():
        assert not found.saturates


def has_vnni() -> bool:
    try:
        with open("/proc/cpuinfo") as file:
            return "vnni" in file.read()
    except OSError:
        return False


def test_a_saturated_sum_is_called_that() -> None:
    assert Saturation(plain=0.505, reduced=1.0, precise=1.0).saturates
    assert not Saturation(plain=1.0, reduced=1.0, precise=1.0).saturates
