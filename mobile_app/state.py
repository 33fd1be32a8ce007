"""What the app shows and what a tap changes, without a window: nothing here knows of Flet.

A `Screen` is a value; a `Journey` is one user's way through them. Slow work (loading the model, judging a photo)
goes through the `Run` it is given, so that tests decide when it ends and the app keeps it off the UI thread.
"""

import io
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO, Protocol

from runtime.errors import BundleError, EngineError, PhotoError
from runtime.triage import Tier

if TYPE_CHECKING:
    from runtime import Report

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Photo:
    """One picked photo: the file's name, for the eye only, and its bytes. Lives in memory, never on disk."""

    name: str
    data: bytes = field(repr=False)


class NamedBytes(io.BytesIO):
    """A photo's bytes as a stream with a name, so that `runtime` can say which file it could not read."""

    def __init__(self, photo: Photo) -> None:
        super().__init__(photo.data)
        self.name = photo.name


class Fault(StrEnum):
    """Why the app itself, not the photo, could not answer."""

    BUNDLE = "bundle"  # no model, or one that is not what its manifest says or answers nonsense
    UNEXPECTED = "unexpected"  # anything that nobody foresaw, out of memory included


@dataclass(frozen=True)
class Welcome:
    """The start: pick a photo."""


@dataclass(frozen=True, kw_only=True)
class Analysing:
    """The photo is being judged."""

    photo: Photo


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A tier of low, moderate or high."""

    photo: Photo
    report: "Report"
    preview: bytes = field(repr=False)  # JPEG of the square that was judged


@dataclass(frozen=True, kw_only=True)
class CannotAssess:
    """No tier: the report says why and what to do."""

    photo: Photo
    report: "Report"
    preview: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class PhotoRefused:
    """The file could not be read as a photo; the reason starts with its name."""

    reason: str


@dataclass(frozen=True, kw_only=True)
class Malfunction:
    """The app could not answer. The photo, if one was picked, is kept for another try."""

    fault: Fault
    detail: str
    photo: Photo | None = None


Screen = Welcome | Analysing | Verdict | CannotAssess | PhotoRefused | Malfunction


class Assessor(Protocol):
    """What the app needs from `runtime.Triage`."""

    def assess(self, source: BinaryIO) -> "Report": ...


Work = Callable[[], Screen]
Run = Callable[[Work, Callable[[Screen], None]], None]
"""Runs the work somewhere, then hands its screen to the second argument on the UI's own thread."""


class Journey:
    """One user's way from a photo to a verdict.

    `screen` is what to show; `show` is called with every new one. An answer that arrives after the user has moved on
    is dropped, so a late verdict never replaces what another photo led to.
    """

    def __init__(
        self,
        *,
        open_model: Callable[[], Assessor],
        preview: Callable[[bytes], bytes],
        run: Run,
        show: Callable[[Screen], None],
    ) -> None:
        self.screen: Screen = Welcome()
        self._open_model = open_model
        self._preview = preview
        self._run = run
        self._show = show
        self._turn = 0

    def warm_up(self) -> None:
        """Load the model while the user looks for a photo; a bundle that cannot be used shows at once."""
        self._begin(self._load)

    def choose(self, photo: Photo) -> None:
        """Judge a photo that the user picked."""
        self._go(Analysing(photo=photo))
        self._begin(lambda: self._judge(photo))

    def start_over(self) -> None:
        """Back to the start; whatever is still being judged is forgotten."""
        self._turn += 1
        self._go(Welcome())

    def try_again(self) -> None:
        """After a malfunction: judge the photo that was kept, or look for the model once more."""
        kept = self.screen.photo if isinstance(self.screen, Malfunction) else None
        if kept is not None:
            self.choose(kept)
            return
        self._go(Welcome())
        self.warm_up()

    def _begin(self, work: Work) -> None:
        self._turn += 1
        turn = self._turn
        self._run(work, lambda screen: self._arrive(turn, screen))

    def _arrive(self, turn: int, screen: Screen) -> None:
        if turn == self._turn:
            self._go(screen)

    def _go(self, screen: Screen) -> None:
        self.screen = screen
        self._show(screen)

    def _load(self) -> Screen:
        return _guarded(lambda: (self._open_model(), Welcome())[1], photo=None)

    def _judge(self, photo: Photo) -> Screen:
        return _guarded(lambda: self._answer(photo), photo=photo)

    def _answer(self, photo: Photo) -> Screen:
        try:
            report = self._open_model().assess(NamedBytes(photo))
            preview = self._preview(photo.data)
        except PhotoError as problem:
            return PhotoRefused(reason=str(problem))
        answer = CannotAssess if report.tier is Tier.CANNOT_ASSESS else Verdict
        return answer(photo=photo, report=report, preview=preview)


def _guarded(work: Work, *, photo: Photo | None) -> Screen:
    """The work's screen, or the malfunction that it ran into: the app never ends in a crash or a blank page."""
    try:
        return work()
    except (BundleError, EngineError) as problem:
        return Malfunction(fault=Fault.BUNDLE, detail=str(problem), photo=photo)
    except Exception as problem:  # a screen tells the user; the log keeps what a developer needs
        log.exception("the app could not answer")
        return Malfunction(fault=Fault.UNEXPECTED, detail=f"{type(problem).__name__}: {problem}", photo=photo)
