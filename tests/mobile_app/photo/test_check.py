"""What the check says of a square before the tap is the answer: the bundle that ships, on real photos."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from mobile_app.photo.darkroom import Photo, darkroom, open_picture, square_of
from mobile_app.photo.framing import Framing
from mobile_app.photo.journey import Journey
from mobile_app.photo.screens import CannotAssess, Check, Screen, Verdict
from runtime.assess import Triage
from runtime.triage import Tier

NO_SKIN = ("china.jpg", "flower.jpg", "coffee_v3.png", "brick.png", "logo.png")


@pytest.fixture(scope="module")
def triage() -> Triage:
    return Triage.load(threads=1)


def journey(triage: Triage) -> Journey:
    """The app's own, with work that is done at once and nothing to look at."""

    def run(work: Callable[[], Screen], done: Callable[[Screen], None]) -> None:
        done(work())

    return Journey(
        open_model=lambda: triage,
        darkroom=darkroom(),
        overlay=lambda model, square: None,
        run=run,
        show=lambda screen: None,
        language=lambda: "en",
    )


def opened(path: Path) -> Photo:
    return Photo(name=path.name, data=path.read_bytes())


def assert_the_check_is_the_answer(path: Path, *, triage: Triage, move: Callable[[Framing], Framing]) -> Tier:
    app = journey(triage)
    app.choose(opened(path))
    assert isinstance(app.screen, Check), app.screen
    app.reframe(move(app.screen.framing))
    app.measure()
    told = app.screen
    assert isinstance(told, Check)
    assert isinstance(told.answer, Verdict | CannotAssess), "the square lies at rest, and nothing was said of it"
    app.judge()
    assert isinstance(app.screen, Verdict | CannotAssess)
    assert app.screen.report == told.answer.report
    picture = open_picture(opened(path))
    neighbours = [square_of(picture, beside) for beside in told.framing.neighbours()]
    assert app.screen.report == triage.assess(square_of(picture, told.framing), neighbours=neighbours)
    return app.screen.report.tier


MOVES: dict[str, Callable[[Framing], Framing]] = {
    "as proposed": lambda framing: framing,
    "moved": lambda framing: framing.zoomed(1.5).moved(0.1, -0.1),
}


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("name", NO_SKIN)
def test_what_is_no_skin_is_told_before_the_tap(name: str, move: str, triage: Triage, shared_photos: Path) -> None:
    path = shared_photos / "not_skin" / name
    tier = assert_the_check_is_the_answer(path, triage=triage, move=MOVES[move])
    assert tier is not Tier.LOW


@pytest.mark.parametrize("move", MOVES)
def test_the_check_of_a_spot_is_its_answer(move: str, triage: Triage, shared_data: Path, shared_photos: Path) -> None:
    spots = sorted((shared_data / "pad_ufes" / "images").glob("*.png"))[::40]
    plain = sorted((shared_photos / "plain_skin").glob("*.jpg"))[:1]
    judge = partial(assert_the_check_is_the_answer, triage=triage, move=MOVES[move])
    tiers = {judge(path) for path in [*spots, *plain]}
    assert len(tiers) > 1, "one and the same answer for all would prove nothing"
