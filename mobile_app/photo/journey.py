"""One user's way from a photo to an answer, without a window: nothing here knows of Flet.

Slow work (loading the model, opening and judging a photo) goes through the `Run` it is given, so that tests decide when
it ends and the app keeps it off the UI thread.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from mobile_app.photo.darkroom import Darkroom, Photo
from mobile_app.photo.framing import Framing
from mobile_app.photo.screens import (
    Analysing,
    CannotAssess,
    Check,
    Fault,
    Looked,
    Malfunction,
    Opening,
    PhotoRefused,
    Screen,
    Shooting,
    Verdict,
    Welcome,
)
from mobile_app.work import Run, Work
from runtime.answer.locales import texts_for
from runtime.errors import BundleError, EngineError, PhotoError
from runtime.photo.decode import Pixels
from runtime.photo.magic import is_heic
from runtime.photo.quality import QualityProblem
from runtime.triage import Tier

if TYPE_CHECKING:
    from runtime import Report

log = logging.getLogger(__name__)


class Assessor(Protocol):
    """What the app needs from `runtime.Triage`."""

    def assess(self, source: Pixels, *, language: str | None = None, neighbours: Iterable[Pixels] = ()) -> "Report": ...


class Journey:
    """A photo's way through the screens.

    `screen` is what to show; `show` is called with every new one. An answer that arrives after the user has moved on
    is dropped, so a late verdict never replaces what another photo led to.

    The square is judged as soon as it comes to rest, so that what cannot be judged is said before anyone asks for a
    judgement. One square is being judged at a time, and of those that came to rest meanwhile only the last follows.
    """

    def __init__(
        self,
        *,
        open_model: Callable[[], Assessor],
        darkroom: Darkroom,
        overlay: Callable[[Assessor, Pixels], bytes | None],
        run: Run[Screen],
        show: Callable[[Screen], None],
        language: Callable[[], str],
    ) -> None:
        """`overlay`: JPEG of the square with what mattered to the model marked, None where there is no such map."""
        self.screen: Screen = Welcome()
        self._open_model = open_model
        self._darkroom = darkroom
        self._overlay = overlay
        self._run = run
        self._show = show
        self._language = language
        self._turn = 0
        self._in_hand: Check | None = None
        """whose square is being judged"""
        self._next: Check | None = None
        """whose square is judged after that"""
        self._awaited: Check | None = None
        """whose answer was asked for before it was there"""

    def warm_up(self) -> None:
        """Load the model while the user looks for a photo; a bundle that cannot be used shows at once."""
        self._begin(self._load)

    def shoot(self) -> None:
        """Turn to the camera."""
        self._turn += 1
        self._go(Shooting())

    def camera_ready(self) -> None:
        """A photo can be taken now."""
        if isinstance(self.screen, Shooting):
            self._go(Shooting(ready=True))

    def hint(self, problem: QualityProblem | None) -> None:
        """What the camera sees has been judged; None: a photo taken now would do."""
        if isinstance(self.screen, Shooting) and self.screen.ready:
            told = replace(self.screen, judged=True, hint=problem)
            if told != self.screen:
                self._go(told)

    def no_camera(self, problem: str) -> None:
        """The camera cannot be used; whoever is elsewhere by now is not told."""
        if isinstance(self.screen, Shooting):
            self._go(Shooting(problem=problem))

    def choose(self, photo: Photo) -> None:
        """Open a photo that the user picked."""
        self._go(Opening(photo=photo))
        self._begin(lambda: self._opened(photo))

    def expect(self, name: str) -> Callable[[float], bool]:
        """A photo is on its way. What is given back takes the share that is here, and says whether it is wanted."""
        self._turn += 1
        turn = self._turn
        self._go(Opening(photo=Photo(name=name, data=b""), share=0.0))

        def came(share: float) -> bool:
            if turn != self._turn:
                return False
            if isinstance(self.screen, Opening) and drawn_step(share) != drawn_step(self.screen.share or 0.0):
                self._go(replace(self.screen, share=share))
            return True

        return came

    def refuse(self, reason: str, *, unsent: bool = False) -> None:
        """A file that is not even read: the reason names it. `unsent`: it did not arrive."""
        self._turn += 1
        self._go(PhotoRefused(reason=reason, unsent=unsent))

    def reframe(self, framing: Framing) -> None:
        """Move or zoom the square; where it comes to rest, `measure`."""
        if isinstance(self.screen, Check):
            self._go(replace(self.screen, framing=framing))

    def measure(self) -> None:
        """Judge the square, as it now lies, and say whether that can be done."""
        if isinstance(self.screen, Check) and self.screen.answer is None:
            self._judge_soon(self.screen)

    def judge(self) -> None:
        """Show the answer on the square."""
        if not isinstance(self.screen, Check):
            return
        chosen = self.screen
        if chosen.answer is not None:
            self._go(chosen.answer)
            return
        self._awaited = chosen
        self._go(Analysing(photo=chosen.photo))
        self._judge_soon(chosen)

    def back_to_square(self) -> None:
        """From the answer to the square it is about, to move it and have it judged anew."""
        if isinstance(self.screen, Verdict | CannotAssess):
            self._turn += 1  # a map that is being made belongs to the answer that is left here
            left = self.screen
            if isinstance(left, Verdict) and left.looked is Looked.LOOKING:
                left = replace(left, looked=Looked.NOT_ASKED)
            self._go(Check(photo=left.photo, picture=left.picture, guess=left.guess, framing=left.framing, last=left))

    def look(self) -> None:
        """Where did the model look? Only a verdict can be asked: a map would make any other photo look judged."""
        if isinstance(self.screen, Verdict) and self.screen.looked is Looked.NOT_ASKED:
            asked = self.screen
            self._go(replace(asked, looked=Looked.LOOKING))
            self._begin(lambda: self._looked_at(asked))

    def resume(self, screen: Screen) -> None:
        """Show a screen that was on show before; what had only begun begins again."""
        self._turn += 1
        match screen:
            case Opening(share=float()):  # its file never came
                self._go(Welcome())
            case Opening() | Analysing():
                self.choose(screen.photo)
            case Shooting():
                self._go(Shooting())
            case Verdict(looked=Looked.LOOKING):
                self._go(replace(screen, looked=Looked.NOT_ASKED))
            case _:
                self._go(screen)

    def start_over(self) -> None:
        """Back to the start; whatever is still being judged is forgotten."""
        self._turn += 1
        self._go(Welcome())

    def try_again(self) -> None:
        """After a malfunction: open the photo that was kept, or look for the model once more."""
        kept = self.screen.photo if isinstance(self.screen, Malfunction) else None
        if kept is not None:
            self.choose(kept)
            return
        self._go(Welcome())
        self.warm_up()

    def speak(self, language: str) -> None:
        """Say what is on show in another language: a report holds codes, its words follow."""
        if isinstance(self.screen, Verdict | CannotAssess):
            self._go(_in_language(self.screen, language))
        elif isinstance(self.screen, Check) and self.screen.last is not None:
            self._go(replace(self.screen, last=_in_language(self.screen.last, language)))

    def _begin(self, work: Work[Screen]) -> None:
        self._turn += 1
        turn = self._turn
        self._run(work, lambda screen: self._arrive(turn, screen))

    def _arrive(self, turn: int, screen: Screen) -> None:
        if turn == self._turn:
            self._go(_onto(self.screen, screen))
            self.measure()  # a photo that was opened lies at rest

    def _judge_soon(self, asked: Check) -> None:
        if self._in_hand is None:
            self._take_in_hand(asked)
        else:
            self._next = None if _same_square(self._in_hand, asked) else asked

    def _take_in_hand(self, asked: Check) -> None:
        self._in_hand, self._next = asked, None
        self._run(lambda: self._judged(asked), lambda screen: self._was_judged(asked, screen))

    def _was_judged(self, asked: Check, screen: Screen) -> None:
        self._in_hand = None
        if self._next is not None:
            self._take_in_hand(self._next)
        if isinstance(screen, Verdict | CannotAssess):
            screen = _in_language(screen, self._language())
        here = self.screen
        if isinstance(here, Check) and here.picture is asked.picture:
            self._go(replace(here, last=screen) if isinstance(screen, Verdict | CannotAssess) else screen)
        elif isinstance(here, Analysing) and self._awaited is not None and _same_square(self._awaited, asked):
            self._go(screen)

    def _go(self, screen: Screen) -> None:
        self.screen = screen
        self._show(screen)

    def _load(self) -> Screen:
        return _guarded(lambda: (self._open_model(), Welcome())[1], photo=None)

    def _opened(self, photo: Photo) -> Screen:
        return _guarded(lambda: self._first_look(photo), photo=photo)

    def _first_look(self, photo: Photo) -> Screen:
        try:
            picture = self._darkroom.open(photo)
        except PhotoError as problem:
            return PhotoRefused(reason=texts_for(self._language()).refusal_of(problem), heic=is_heic(photo.data))
        guess = self._darkroom.guess(picture)
        return Check(photo=photo, picture=picture, guess=guess, framing=guess)

    def _judged(self, chosen: Check) -> Screen:
        return _guarded(lambda: self._answer(chosen), photo=chosen.photo)

    def _answer(self, chosen: Check) -> Screen:
        picture, framing = chosen.picture, chosen.framing
        try:
            report = self._open_model().assess(
                self._darkroom.square(picture, framing),
                language=self._language(),
                neighbours=(self._darkroom.square(picture, beside) for beside in framing.neighbours()),
            )
        except PhotoError as problem:
            refused = problem.of(chosen.photo.name)
            return PhotoRefused(reason=texts_for(self._language()).refusal_of(refused))
        answered = CannotAssess if report.tier is Tier.CANNOT_ASSESS else Verdict
        return answered(
            photo=chosen.photo,
            report=report,
            preview=self._darkroom.preview(picture, framing),
            picture=picture,
            guess=chosen.guess,
            framing=framing,
        )

    def _looked_at(self, asked: Verdict) -> Screen:
        """A map that cannot be made takes no verdict away."""
        try:
            overlay = self._overlay(self._open_model(), self._darkroom.square(asked.picture, asked.framing))
        except Exception:
            log.exception("no map of where the model looked")
            overlay = None
        return replace(asked, looked=Looked.NONE if overlay is None else Looked.SHOWN, overlay=overlay or b"")


_STEPS = 20
"""In which a file on its way is drawn: while every percent was, "Cancel" waited behind a hundred drawings."""


def drawn_step(share: float) -> int:
    """Of the bar that shows this share of a file, 0 to 1: only another one is worth a drawing."""
    return int(_STEPS * share)


def _onto(now: Screen, later: Screen) -> Screen:
    """What slow work found out, on what the user has done to the screen meanwhile: changed its language, say."""
    match now, later:
        case Verdict(), Verdict():
            return replace(now, looked=later.looked, overlay=later.overlay)
        case _:
            return later


def _same_square(one: Check, other: Check) -> bool:
    return one.picture is other.picture and one.framing == other.framing


def _in_language[Said: Verdict | CannotAssess](said: Said, language: str) -> Said:
    """The same answer, whose report holds codes, in other words."""
    return replace(said, report=replace(said.report, language=language))


def _guarded(work: Work[Screen], *, photo: Photo | None) -> Screen:
    """The work's screen, or the malfunction that it ran into: the app never ends in a crash or a blank page."""
    try:
        return work()
    except (BundleError, EngineError) as problem:
        return Malfunction(fault=Fault.BUNDLE, detail=str(problem), photo=photo)
    except Exception as problem:  # a screen tells the user; the log keeps what a developer needs
        log.exception("the app could not answer")
        return Malfunction(fault=Fault.UNEXPECTED, detail=f"{type(problem).__name__}: {problem}", photo=photo)
