"""Hints on preview frames: which frames are judged, when a hint changes, and what is no frame."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from mobile_app.device.hints import PAUSE, Hints, Judged
from mobile_app.photo.darkroom import problem_of_frame
from mobile_app.work import Work
from runtime import PhotoError
from runtime.photo.quality import QualityProblem
from teacher.data.synthetic import SyntheticConfig, render

SHARP, BLURRED, DARK = b"sharp", b"blurred", b"dark"
PROBLEMS = {SHARP: None, BLURRED: QualityProblem.BLURRED, DARK: QualityProblem.TOO_DARK}
NO_PICTURE, NO_ROOM = b"no picture", b"no room"


def judge(frame: bytes) -> QualityProblem | None:
    if frame == NO_PICTURE:
        raise PhotoError("not a photo")
    if frame == NO_ROOM:
        raise MemoryError("no room")
    return PROBLEMS[frame]


@dataclass
class Phone:
    """Hints whose clock and whose work the test drives."""

    now: float = 0.0
    told: list[QualityProblem | None] = field(default_factory=list)
    pending: list[tuple[Work[Judged | None], Callable[[Judged | None], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.hints = Hints(
            judge=judge,
            run=lambda work, done: self.pending.append((work, done)),
            tell=self.told.append,
            clock=lambda: self.now,
        )

    def finish(self) -> None:
        work, done = self.pending.pop()
        done(work())

    def judges(self, *frames: bytes) -> None:
        """Each as soon as it would not be dropped."""
        for frame in frames:
            self.now += PAUSE
            self.hints.see(frame)
            self.finish()


def test_frames_are_dropped_while_one_is_judged() -> None:
    phone = Phone()
    phone.hints.see(SHARP)
    phone.now += 100 * PAUSE
    phone.hints.see(BLURRED)
    assert len(phone.pending) == 1


def test_a_frame_soon_after_the_last_one_was_judged_is_dropped() -> None:
    """The pause begins when the judgement ends: however slow the phone is, it rests between two."""
    phone = Phone()
    phone.hints.see(SHARP)
    phone.now += 3 * PAUSE
    phone.finish()
    phone.now += 0.9 * PAUSE
    phone.hints.see(SHARP)
    assert not phone.pending
    phone.now += 0.2 * PAUSE
    phone.hints.see(SHARP)
    assert phone.pending


@given(st.lists(st.tuples(st.floats(0.0, 2 * PAUSE), st.booleans()), max_size=40))
def test_never_two_at_once_and_never_two_within_the_pause(steps: list[tuple[float, bool]]) -> None:
    """Frames come at any rate, and judgements take however long."""
    phone = Phone()
    ended: float | None = None
    for passed, finishes in steps:
        phone.now += passed
        before = len(phone.pending)
        phone.hints.see(SHARP)
        assert len(phone.pending) <= 1
        if len(phone.pending) > before:
            assert ended is None or phone.now >= ended + PAUSE
        if finishes and phone.pending:
            phone.finish()
            ended = phone.now


def test_one_frame_alone_says_nothing() -> None:
    phone = Phone()
    phone.judges(BLURRED)
    assert phone.told == []
    phone.judges(BLURRED)
    assert phone.told == [QualityProblem.BLURRED]


def test_a_good_frame_is_told_as_well() -> None:
    phone = Phone()
    phone.judges(SHARP, SHARP)
    assert phone.told == [None]


FRAMES = st.sampled_from([*PROBLEMS, NO_PICTURE, NO_ROOM])


@given(st.lists(FRAMES, max_size=30))
def test_what_is_shown_is_what_the_last_two_that_agreed_said(frames: list[bytes]) -> None:
    phone = Phone()
    judged: list[QualityProblem | None] = []
    for frame in frames:
        phone.judges(frame)
        judged += [PROBLEMS[frame]] if frame in PROBLEMS else []
        agreeing = [first for first, second in pairwise(judged) if first == second]
        assert phone.told[-1:] == agreeing[-1:]


def test_frames_that_take_turns_change_nothing() -> None:
    phone = Phone()
    phone.judges(SHARP, SHARP, *10 * [DARK, BLURRED])
    assert phone.told == [None]


@pytest.mark.parametrize("nothing", [NO_PICTURE, NO_ROOM])
def test_a_frame_that_cannot_be_judged_says_nothing_and_stops_nothing(nothing: bytes) -> None:
    phone = Phone()
    phone.judges(nothing, nothing)
    assert phone.told == []
    phone.judges(BLURRED, nothing, BLURRED)
    assert phone.told == [QualityProblem.BLURRED]


def test_what_was_seen_before_the_camera_went_off_is_forgotten() -> None:
    phone = Phone()
    phone.judges(BLURRED)
    phone.now += PAUSE
    phone.hints.see(BLURRED)
    phone.hints.forget()
    phone.finish()
    phone.judges(BLURRED)
    assert phone.told == []
    phone.judges(BLURRED)
    assert phone.told == [QualityProblem.BLURRED]


def test_one_at_a_time_holds_across_a_visit_to_another_screen() -> None:
    phone = Phone()
    phone.hints.see(SHARP)
    phone.hints.forget()
    phone.now += 100 * PAUSE
    phone.hints.see(SHARP)
    assert len(phone.pending) == 1


def spot() -> Image.Image:
    pixels, _ = render(SyntheticConfig(count=1, side=480), 0)
    return Image.fromarray(pixels)


def encoded(image: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    image.save(out, format=form)
    return out.getvalue()


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("turn", [0, 90])
def test_a_frame_is_judged_by_its_centre_square_however_it_is_turned(form: str, turn: int) -> None:
    """Black beside it is not in the finder, either."""
    wide = Image.new("RGB", (960, 480), "black")
    wide.paste(spot(), (240, 0))
    assert problem_of_frame(encoded(wide.rotate(turn, expand=True), form)) is None


def test_a_blurred_and_a_dark_frame_have_their_problems() -> None:
    blurred = spot().filter(ImageFilter.GaussianBlur(24))
    assert problem_of_frame(encoded(blurred, "JPEG")) is QualityProblem.BLURRED
    black = Image.new("RGB", (480, 480), (3, 3, 3))
    assert problem_of_frame(encoded(black, "JPEG")) is QualityProblem.TOO_DARK


@pytest.mark.parametrize("frame", [b"", b"\xff\xd8\xff", b"raw levels of a sensor", encoded(spot(), "JPEG")[:5000]])
def test_what_is_no_picture_is_no_good_frame(frame: bytes) -> None:
    with pytest.raises(PhotoError):
        problem_of_frame(frame)
