"""The way through the screens, without a window: which screen follows what, and which never does."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from app_bench import BLURRED, Bench, FakeModel, broken, photo, report
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mobile_app.photo.darkroom import darkroom
from mobile_app.photo.framing import Framing, largest
from mobile_app.photo.journey import Journey
from mobile_app.photo.screens import (
    Analysing,
    CannotAssess,
    Check,
    Fault,
    Looked,
    Malfunction,
    Opening,
    PhotoRefused,
    Shooting,
    Verdict,
    Welcome,
)
from runtime import Reason, Tier
from runtime.photo.quality import QualityProblem


def test_starts_at_welcome_and_shows_that_a_photo_is_being_opened() -> None:
    bench = Bench()
    assert bench.journey.screen == Welcome()
    bench.journey.choose(photo(b"low"))
    assert bench.shown == [Opening(photo=photo(b"low"))]


def test_an_opened_photo_is_framed_before_it_is_judged() -> None:
    bench = Bench()
    screen = bench.check(b"low")
    assert isinstance(screen, Check)
    assert screen.framing == screen.guess
    assert screen.answer is None
    bench.journey.judge()
    assert bench.journey.screen == Analysing(photo=photo(b"low"))


def test_a_photo_that_cannot_be_judged_says_so_before_it_is() -> None:
    bench = Bench()
    bench.check(BLURRED)
    bench.finish()
    screen = bench.journey.screen
    assert isinstance(screen, Check)
    assert isinstance(screen.answer, CannotAssess)
    assert screen.answer.report.reason_codes == (QualityProblem.BLURRED,)


@pytest.mark.parametrize("data", [b"low", b"moderate", b"high", b"cannot assess", BLURRED])
@pytest.mark.parametrize("moved", [False, True])
def test_the_check_says_what_the_answer_will_be(data: bytes, moved: bool) -> None:
    """What is said before the tap and what is said after it are one and the same."""
    bench = Bench()
    bench.check(data)
    if moved:
        bench.journey.reframe(framing_of(bench).zoomed(1.2))
        bench.journey.measure()
    while bench.pending:
        bench.finish()
    check = bench.journey.screen
    assert isinstance(check, Check)
    assert check.answer is not None
    assert check.answer.framing == check.framing
    bench.journey.judge()
    assert bench.journey.screen is check.answer
    assert not bench.pending
    assert isinstance(check.answer, CannotAssess) is (data in (b"cannot assess", BLURRED))


def framing_of(bench: Bench) -> Framing:
    assert isinstance(bench.journey.screen, Check)
    return bench.journey.screen.framing


def test_of_many_places_of_rest_only_the_last_is_judged() -> None:
    """However fast the square is moved, one is being judged and one waits: work never piles up."""
    bench = Bench()
    bench.check(b"low")
    for _ in range(20):
        bench.journey.reframe(framing_of(bench).zoomed(1.01 * framing_of(bench).zoom))
        bench.journey.measure()
        assert len(bench.pending) == 1
    last = framing_of(bench)
    bench.finish()
    assert framing_of(bench) == last
    assert isinstance(bench.journey.screen, Check)
    assert bench.journey.screen.answer is None
    bench.finish()
    assert not bench.pending
    assert isinstance(bench.journey.screen, Check)
    assert bench.journey.screen.answer is not None
    assert bench.journey.screen.answer.framing == last


def test_a_square_that_was_judged_is_not_judged_again() -> None:
    bench = Bench()
    bench.check(b"low")
    bench.finish()
    bench.journey.measure()
    assert not bench.pending


def test_a_tap_before_the_answer_waits_for_the_square_as_it_lies() -> None:
    bench = Bench()
    bench.check(b"low")
    bench.journey.reframe(framing_of(bench).zoomed(1.2))
    moved = framing_of(bench)
    bench.journey.judge()
    bench.finish()
    assert isinstance(bench.journey.screen, Analysing)
    bench.finish()
    assert isinstance(bench.journey.screen, Verdict)
    assert bench.journey.screen.framing == moved


def test_a_check_whose_model_is_broken_says_so_without_a_tap() -> None:
    bench = Bench(open_model=broken)
    bench.check(b"low")
    bench.finish()
    assert isinstance(bench.journey.screen, Malfunction)
    assert bench.journey.screen.photo == photo(b"low")


@pytest.mark.parametrize("data", [b"low", b"cannot assess"])
def test_from_an_answer_the_way_leads_back_to_its_square(data: bytes) -> None:
    bench = Bench()
    bench.check(data)
    bench.journey.reframe(framing_of(bench).zoomed(1.2))
    moved = framing_of(bench)
    bench.journey.judge()
    while bench.pending:
        bench.finish()
    answered = bench.journey.screen
    bench.journey.back_to_square()
    assert framing_of(bench) == moved
    assert isinstance(bench.journey.screen, Check)
    assert bench.journey.screen.answer == answered
    bench.journey.measure()
    assert not bench.pending
    bench.journey.reframe(moved.zoomed(1.5))
    bench.journey.judge()
    bench.finish()
    assert isinstance(bench.journey.screen, Verdict | CannotAssess)
    assert bench.journey.screen.framing == moved.zoomed(1.5)


def test_a_map_that_comes_late_does_not_bring_the_answer_back() -> None:
    bench = Bench()
    bench.judge(b"low")
    bench.journey.look()
    bench.journey.back_to_square()
    bench.finish()
    assert isinstance(bench.journey.screen, Check)
    bench.journey.judge()
    assert isinstance(bench.journey.screen, Verdict)
    assert bench.journey.screen.looked is Looked.NOT_ASKED


def test_a_check_changes_its_language_too() -> None:
    bench = Bench()
    bench.check(b"cannot assess")
    bench.finish()
    bench.journey.speak("fr")
    assert isinstance(bench.journey.screen, Check)
    assert bench.journey.screen.answer is not None
    assert bench.journey.screen.answer.report.language == "fr"


def test_the_square_is_judged_with_its_neighbours() -> None:
    model = FakeModel()
    bench = Bench(open_model=lambda: model)
    bench.judge(b"low")
    assert model.neighbours == [len(list(largest(Image.new("L", (400, 300))).neighbours()))]


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
    assert Bench().check(b"PhotoError") == PhotoRefused(reason="spot.jpg: not a photo")


HEIC = b"\x00\x00\x00\x18ftypheic" + bytes(200)


@pytest.mark.parametrize(("data", "heic"), [(HEIC, True), (b"\xff\xd8\xff and no more", False)])
def test_a_heic_that_cannot_be_read_is_known_as_one(data: bytes, heic: bool) -> None:
    """Its advice is another one: "as the camera saved it" is just what cannot be read."""
    bench = Bench()
    bench.journey._darkroom = darkroom()
    refused = bench.check(data)
    assert isinstance(refused, PhotoRefused)
    assert refused.heic is heic
    assert refused.reason.startswith("spot.jpg: ")


@pytest.mark.parametrize(("data", "fault"), [(b"EngineError", Fault.BUNDLE), (b"MemoryError", Fault.UNEXPECTED)])
def test_a_failure_is_a_malfunction_that_keeps_the_photo(data: bytes, fault: Fault) -> None:
    screen = Bench().judge(data)
    assert isinstance(screen, Malfunction)
    assert screen.fault is fault
    assert screen.photo == photo(data)
    assert screen.detail


def test_the_square_moves_under_what_is_measured() -> None:
    """A slow measurement does not move the square back to where it was when it began."""
    bench = Bench()
    first = bench.check(b"low")
    assert isinstance(first, Check)
    bench.journey.measure()
    moved = first.framing.zoomed(1.2).moved(0.05, 0.0)
    bench.journey.reframe(moved)
    bench.finish()
    assert isinstance(bench.journey.screen, Check)
    assert bench.journey.screen.framing == moved


def test_only_the_check_can_be_framed_and_judged() -> None:
    bench = Bench()
    framing = Framing(width=400, height=300, x=200, y=150, side=300)
    for action in (lambda: bench.journey.reframe(framing), bench.journey.measure, bench.journey.judge):
        action()
    assert bench.journey.screen == Welcome()
    assert not bench.pending


def test_where_the_model_looked_is_shown_on_request() -> None:
    bench = Bench()
    bench.judge(b"low")
    bench.journey.look()
    assert isinstance(bench.journey.screen, Verdict)
    assert bench.journey.screen.looked is Looked.LOOKING
    bench.finish()
    assert bench.journey.screen.looked is Looked.SHOWN
    assert bench.journey.screen.overlay == b"map of low"
    bench.journey.look()
    assert not bench.pending


@pytest.mark.parametrize("data", [b"moderate", b"high"])
def test_a_map_that_cannot_be_made_takes_no_verdict_away(data: bytes) -> None:
    bench = Bench()
    bench.judge(data)
    bench.journey.look()
    bench.finish()
    assert isinstance(bench.journey.screen, Verdict)
    assert bench.journey.screen.looked is Looked.NONE
    assert bench.journey.screen.report.tier.value.encode() == data


def test_an_answer_changes_its_language_and_nothing_else() -> None:
    bench = Bench(language="es")
    before = bench.judge(b"high")
    assert isinstance(before, Verdict)
    assert before.report.language == "es"
    bench.journey.look()
    bench.journey.speak("fr")
    bench.finish()
    after = bench.journey.screen
    assert isinstance(after, Verdict)
    assert after.report == report(Tier.HIGH, language="fr")
    assert after.preview == before.preview
    assert after.looked is Looked.NONE


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


def test_try_again_takes_the_kept_photo_once_the_bundle_is_mended() -> None:
    bench = Bench(open_model=broken)
    assert isinstance(bench.judge(b"high"), Malfunction)
    bench.open_model = FakeModel
    bench.journey.try_again()
    bench.finish()
    bench.journey.judge()
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
    bench.journey.choose(photo(b"high"))
    bench.finish(0)
    assert isinstance(bench.journey.screen, Opening)


def test_the_answer_for_an_earlier_photo_is_dropped() -> None:
    bench = Bench()
    bench.check(b"low")
    bench.journey.judge()
    bench.journey.choose(photo(b"high"))
    bench.finish(1)
    bench.finish(0)
    assert isinstance(bench.journey.screen, Check)
    assert bench.journey.screen.photo.data == b"high"


def test_the_camera_is_a_screen_that_a_photo_leaves() -> None:
    bench = Bench()
    bench.journey.shoot()
    assert bench.journey.screen == Shooting()
    bench.journey.camera_ready()
    assert bench.journey.screen == Shooting(ready=True)
    bench.journey.choose(photo(b"low"))
    bench.journey.camera_ready()
    bench.journey.no_camera("permission refused")
    assert isinstance(bench.journey.screen, Opening)


def test_no_camera_is_said_where_it_was_asked_for() -> None:
    bench = Bench()
    bench.journey.shoot()
    bench.journey.no_camera("permission refused")
    assert bench.journey.screen == Shooting(problem="permission refused")
    bench.journey.start_over()
    bench.journey.no_camera("too late")
    assert bench.journey.screen == Welcome()


def test_a_hint_is_shown_once_the_camera_is_ready_and_drawn_only_when_it_changes() -> None:
    bench = Bench()
    bench.journey.shoot()
    bench.journey.hint(QualityProblem.BLURRED)
    assert bench.journey.screen == Shooting()
    bench.journey.camera_ready()
    bench.shown.clear()
    for problem in (QualityProblem.BLURRED, QualityProblem.BLURRED, None, None, QualityProblem.GLARE):
        bench.journey.hint(problem)
    blurred, good, glare = (
        Shooting(ready=True, judged=True, hint=hint) for hint in (QualityProblem.BLURRED, None, QualityProblem.GLARE)
    )
    assert bench.shown == [blurred, good, glare]


@pytest.mark.parametrize(
    "leave",
    [
        lambda journey: journey.start_over(),
        lambda journey: journey.choose(photo(b"low")),
        lambda journey: journey.no_camera("the photo failed"),
    ],
    ids=["start over", "photo taken", "photo failed"],
)
@pytest.mark.parametrize("problem", [None, QualityProblem.BLURRED])
def test_a_late_hint_changes_no_other_screen(leave: Callable[[Journey], None], problem: QualityProblem | None) -> None:
    bench = Bench()
    bench.journey.shoot()
    bench.journey.camera_ready()
    leave(bench.journey)
    before = bench.journey.screen
    bench.journey.hint(problem)
    assert bench.journey.screen == before


def test_the_next_visit_to_the_camera_begins_without_a_hint() -> None:
    bench = Bench()
    bench.journey.shoot()
    bench.journey.camera_ready()
    bench.journey.hint(QualityProblem.BLURRED)
    bench.journey.start_over()
    bench.journey.shoot()
    bench.journey.camera_ready()
    assert bench.journey.screen == Shooting(ready=True)


def test_starting_over_forgets_the_photo_that_is_being_judged() -> None:
    bench = Bench()
    bench.check(b"low")
    bench.journey.judge()
    bench.journey.start_over()
    bench.finish()
    assert bench.journey.screen == Welcome()


PHOTOS = st.sampled_from([b"low", b"high", b"cannot assess", BLURRED, b"PhotoError", b"EngineError", b"MemoryError"])
TAPS = [
    "judge", "measure", "look", "start_over", "try_again", "warm_up", "shoot", "camera_ready", "back_to_square",
]  # fmt: skip
STEPS = st.one_of(
    st.tuples(st.just("choose"), PHOTOS),
    st.tuples(st.sampled_from(TAPS), st.none()),
    st.tuples(st.just("reframe"), st.floats(1, 3)),
    st.tuples(st.just("finish"), st.integers(0, 3)),
    st.tuples(st.just("speak"), st.sampled_from(["en", "fr"])),
)


@given(st.lists(STEPS, max_size=25))
def test_no_sequence_of_taps_gives_a_verdict_to_another_photo(
    steps: list[tuple[str, bytes | int | float | str | None]],
) -> None:
    """Above all: what could not be judged never ends in a tier, whatever is tapped and whatever arrives late."""
    bench = Bench()
    last_chosen = b""
    for action, value in steps:
        if action == "choose" and isinstance(value, bytes):
            last_chosen = value
            bench.journey.choose(photo(value))
        elif action == "finish" and isinstance(value, int):
            if value < len(bench.pending):
                bench.finish(value)
        elif action == "reframe" and isinstance(value, float):
            if isinstance(bench.journey.screen, Check):
                bench.journey.reframe(bench.journey.screen.framing.zoomed(value))
        elif action == "speak" and isinstance(value, str):
            bench.journey.speak(value)
        else:
            getattr(bench.journey, action)()
        screen = bench.journey.screen
        if isinstance(screen, Verdict):
            assert screen.photo.data == last_chosen
            assert screen.report.tier.value.encode() == last_chosen
        if last_chosen not in (b"low", b"high"):
            assert not isinstance(screen, Verdict)


@pytest.mark.parametrize(
    ("module", "stranger"),
    [
        ("mobile_app.visit.session", "flet"),
        ("mobile_app.device.hints", "flet"),
        ("mobile_app.paper", "flet"),
        ("mobile_app.main", "onnxruntime"),
        ("mobile_app.cli", "flet"),
    ],
)
def test_imports_stay_light(module: str, stranger: str) -> None:
    """State without flet; the first frame without onnxruntime; wrong options answered without either."""
    code = f"import sys, {module}; sys.exit({stranger!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_photo_on_its_way_is_told_in_whole_percents_and_can_be_stopped() -> None:
    bench = Bench()
    came = bench.journey.expect("spot.jpg")
    for share in (0.001, 0.002, 0.5, 0.501):
        assert came(share)
    assert [screen.share for screen in bench.shown if isinstance(screen, Opening)] == [0.0, 0.5]
    bench.journey.start_over()
    assert not came(0.9)
    assert bench.journey.screen == Welcome()


def test_another_photo_takes_the_place_of_one_on_its_way() -> None:
    bench = Bench()
    came = bench.journey.expect("first.jpg")
    assert isinstance(bench.check(b"low"), Check)
    assert not came(1.0)


def test_a_file_that_is_not_even_read_is_refused_with_its_reason() -> None:
    bench = Bench()
    bench.journey.refuse("spot.tif: 70 MB")
    assert bench.journey.screen == PhotoRefused(reason="spot.tif: 70 MB")


def test_a_photo_that_never_came_is_not_opened_again() -> None:
    bench = Bench()
    bench.journey.expect("spot.jpg")
    gone = bench.journey.screen
    bench.journey.start_over()
    bench.journey.resume(gone)
    assert bench.journey.screen == Welcome()
