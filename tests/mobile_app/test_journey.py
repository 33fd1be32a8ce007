"""The way through the screens, without a window: which screen follows what, and which never does."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_app.state import (
    Analysing,
    Assessor,
    CannotAssess,
    Fault,
    Journey,
    Malfunction,
    Photo,
    PhotoRefused,
    Screen,
    Verdict,
    Welcome,
    Work,
)
from runtime import BundleError, EngineError, PhotoError, Reason, Report, Tier


def report(tier: Tier) -> Report:
    return Report(
        tier=tier,
        malignancy=None,
        conditions=(),
        novelty=None,
        reason_codes=(Reason.UNFAMILIAR,),
        model_id="fake",
        calibrated=True,
    )


@dataclass
class FakeModel:
    """Answers by the photo's bytes: a tier's name gives that tier, an exception's name raises it."""

    photos: list[bytes] = field(default_factory=list)

    def assess(self, source: BinaryIO) -> Report:
        data = source.read()
        self.photos.append(data)
        errors: dict[bytes, Exception] = {
            b"PhotoError": PhotoError(f"{source.name}: not a photo"),
            b"EngineError": EngineError("the model answered NaN"),
            b"MemoryError": MemoryError("no room"),
        }
        if data in errors:
            raise errors[data]
        return report(Tier(data.decode()))


@dataclass
class Bench:
    """A journey whose slow work waits in `pending` until the test finishes it, in any order."""

    open_model: Callable[[], Assessor] = FakeModel
    shown: list[Screen] = field(default_factory=list)
    pending: list[tuple[Work, Callable[[Screen], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journey = Journey(
            open_model=lambda: self.open_model(),
            preview=lambda data: b"preview of " + data,
            run=lambda work, done: self.pending.append((work, done)),
            show=self.shown.append,
        )

    def finish(self, index: int = 0) -> None:
        work, done = self.pending.pop(index)
        done(work())

    def judge(self, data: bytes) -> Screen:
        self.journey.choose(Photo(name="spot.jpg", data=data))
        self.finish()
        return self.journey.screen


def broken() -> Assessor:
    raise BundleError("model.onnx is damaged: its checksum does not match")


def test_starts_at_welcome_and_shows_that_a_photo_is_being_judged() -> None:
    bench = Bench()
    assert bench.journey.screen == Welcome()
    bench.journey.choose(Photo(name="spot.jpg", data=b"low"))
    assert bench.shown == [Analysing(photo=Photo(name="spot.jpg", data=b"low"))]


@pytest.mark.parametrize("tier", [Tier.LOW, Tier.MODERATE, Tier.HIGH])
def test_a_tier_becomes_a_verdict_with_the_judged_square(tier: Tier) -> None:
    screen = Bench().judge(tier.value.encode())
    assert isinstance(screen, Verdict)
    assert screen.report == report(tier)
    assert screen.preview == b"preview of " + tier.value.encode()


def test_cannot_assess_is_a_screen_of_its_own() -> None:
    screen = Bench().judge(b"cannot assess")
    assert isinstance(screen, CannotAssess)
    assert screen.report.reason_codes == (Reason.UNFAMILIAR,)


def test_a_file_that_is_no_photo_is_refused_by_name() -> None:
    assert Bench().judge(b"PhotoError") == PhotoRefused(reason="spot.jpg: not a photo")


@pytest.mark.parametrize(
    ("data", "fault"),
    [(b"EngineError", Fault.BUNDLE), (b"MemoryError", Fault.UNEXPECTED), (b"gibberish", Fault.UNEXPECTED)],
)
def test_a_failure_is_a_malfunction_that_keeps_the_photo(data: bytes, fault: Fault) -> None:
    screen = Bench().judge(data)
    assert isinstance(screen, Malfunction)
    assert screen.fault is fault
    assert screen.photo == Photo(name="spot.jpg", data=data)
    assert screen.detail


def test_a_damaged_bundle_shows_without_any_photo_being_picked() -> None:
    bench = Bench(open_model=broken)
    bench.journey.warm_up()
    bench.finish()
    expected = "model.onnx is damaged: its checksum does not match"
    assert bench.journey.screen == Malfunction(fault=Fault.BUNDLE, detail=expected)


def test_warming_up_a_sound_bundle_stays_at_welcome() -> None:
    bench = Bench()
    bench.journey.warm_up()
    bench.finish()
    assert bench.journey.screen == Welcome()


def test_try_again_judges_the_kept_photo_once_the_bundle_is_mended() -> None:
    bench = Bench(open_model=broken)
    assert isinstance(bench.judge(b"high"), Malfunction)
    bench.open_model = FakeModel
    bench.journey.try_again()
    bench.finish()
    assert isinstance(bench.journey.screen, Verdict)


def test_try_again_without_a_photo_looks_for_the_bundle_once_more() -> None:
    bench = Bench(open_model=broken)
    bench.journey.warm_up()
    bench.finish()
    bench.journey.try_again()
    assert bench.journey.screen == Welcome()
    bench.finish()
    assert isinstance(bench.journey.screen, Malfunction)


def test_a_load_that_ends_late_does_not_take_the_photo_away() -> None:
    bench = Bench()
    bench.journey.warm_up()
    bench.journey.choose(Photo(name="spot.jpg", data=b"high"))
    bench.finish(0)
    assert isinstance(bench.journey.screen, Analysing)


def test_the_answer_for_an_earlier_photo_is_dropped() -> None:
    bench = Bench()
    bench.journey.choose(Photo(name="first.jpg", data=b"low"))
    bench.journey.choose(Photo(name="second.jpg", data=b"high"))
    bench.finish(1)
    bench.finish(0)
    assert isinstance(bench.journey.screen, Verdict)
    assert bench.journey.screen.photo.name == "second.jpg"


def test_starting_over_forgets_the_photo_that_is_being_judged() -> None:
    bench = Bench()
    bench.journey.choose(Photo(name="spot.jpg", data=b"low"))
    bench.journey.start_over()
    bench.finish()
    assert bench.journey.screen == Welcome()


PHOTOS = st.sampled_from([b"low", b"high", b"cannot assess", b"PhotoError", b"EngineError", b"MemoryError"])
STEPS = st.one_of(
    st.tuples(st.just("choose"), PHOTOS),
    st.tuples(st.sampled_from(["start_over", "try_again", "warm_up"]), st.none()),
    st.tuples(st.just("finish"), st.integers(0, 3)),
)


@given(st.lists(STEPS, max_size=25))
def test_no_sequence_of_taps_gives_a_verdict_to_another_photo(steps: list[tuple[str, bytes | int | None]]) -> None:
    """Above all: what could not be judged never ends in a tier, whatever is tapped and whatever arrives late."""
    bench = Bench()
    last_chosen = b""
    for action, value in steps:
        if action == "choose" and isinstance(value, bytes):
            last_chosen = value
            bench.journey.choose(Photo(name="spot.jpg", data=value))
        elif action == "finish" and isinstance(value, int):
            if value < len(bench.pending):
                bench.finish(value)
        else:
            getattr(bench.journey, action)()
        screen = bench.journey.screen
        if isinstance(screen, Verdict):
            assert screen.photo.data == last_chosen
            assert screen.report.tier.value.encode() == last_chosen
        if last_chosen not in (b"low", b"high"):
            assert not isinstance(screen, Verdict)


def test_a_photo_does_not_print_its_pixels() -> None:
    assert "secret" not in repr(Photo(name="spot.jpg", data=b"secret"))


@pytest.mark.parametrize(
    ("module", "stranger"),
    [("mobile_app.state", "flet"), ("mobile_app.main", "onnxruntime"), ("mobile_app.cli", "flet")],
)
def test_imports_stay_light(module: str, stranger: str) -> None:
    """State without flet; the first frame without onnxruntime; wrong options answered without either."""
    code = f"import sys, {module}; sys.exit({stranger!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
