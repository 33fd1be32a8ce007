"""Measuring this device: one measurement at a time, beside the UI's thread, and stopped by a tap. Knows no Flet."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from mobile_app.photo.journey import drawn_step
from mobile_app.visit.handout import app_version
from mobile_app.work import Run

if TYPE_CHECKING:
    from runtime import Triage
    from runtime.measure.result import Result, Row

log = logging.getLogger(__name__)

_ONE = threading.Lock()
"""Of a process: on a page that serves many, two would measure each other."""


@dataclass(frozen=True)
class Idle:
    """Nothing has been measured yet, or it was stopped."""


@dataclass(frozen=True, kw_only=True)
class Going:
    """It goes on."""

    share: float
    """of it that is done, 0 to 1"""


@dataclass(frozen=True, kw_only=True)
class Done:
    """It came to its end."""

    result: "Result"

    @property
    def whole(self) -> "Row":
        """From the photo's bytes to the report."""
        from runtime.measure.photo_way import TOTAL

        return self.result.row(self.result.subjects[0].name, TOTAL)


@dataclass(frozen=True, kw_only=True)
class Failed:
    """It could not be made."""

    problem: Exception
    busy: bool = False
    """another one goes on"""


Measured = Idle | Going | Done | Failed


class Measure(Protocol):
    """Slow: measures, tells the share that is done, and ends with None once it is told that nobody wants it."""

    def __call__(self, wanted: Callable[[float], bool], /) -> "Result | None": ...


class BusyError(Exception):
    """Another measurement goes on in this process."""


class Measuring:
    """One user's measurement. `changed` is called after each change of `now`."""

    def __init__(
        self,
        *,
        measure: Measure,
        run: Run[Measured],
        post: Callable[[Callable[[], None]], object],
        changed: Callable[[], None],
    ) -> None:
        """`post`: from the thread of slow work, has something called on the UI's own thread."""
        self.now: Measured = Idle()
        self._measure = measure
        self._run = run
        self._post = post
        self._changed = changed
        self._turn = 0

    def begin(self) -> None:
        """Measure, unless that is being done already."""
        if isinstance(self.now, Going):
            return
        self._turn += 1
        turn = self._turn
        self._go(Going(share=0.0))
        self._run(lambda: self._measured(turn), lambda found: self._arrive(turn, found))

    def stop(self) -> None:
        """It is not wanted any more: nothing is left of it."""
        if isinstance(self.now, Going):
            self._turn += 1
            self._go(Idle())

    def leave(self) -> None:
        """The page is closed: whatever goes on ends, and nothing is drawn any more."""
        self._turn += 1

    def _measured(self, turn: int) -> Measured:
        """On the thread of slow work."""
        shown = 0

        def wanted(share: float) -> bool:
            nonlocal shown
            if drawn_step(share) != shown:
                shown = drawn_step(share)
                self._post(lambda: self._arrive(turn, Going(share=share)))
            return turn == self._turn

        try:
            found = self._measure(wanted)
        except BusyError as problem:
            return Failed(problem=problem, busy=True)
        except Exception as problem:  # a page tells the user; the log keeps what a developer needs
            log.exception("the device could not be measured")
            return Failed(problem=problem)
        return Idle() if found is None else Done(result=found)

    def _arrive(self, turn: int, found: Measured) -> None:
        if turn == self._turn:
            self._go(found)

    def _go(self, now: Measured) -> None:
        self.now = now
        self._changed()


def measure_of(open_model: Callable[[], "Triage"]) -> Measure:
    """Measures by the rule of `runtime.measure`, the same as the command line's `latency`, on the same drawn photo.

    `open_model`: opens the bundle anew, for that is measured as well.
    """

    def measure(wanted: Callable[[float], bool], /) -> "Result | None":
        if not _ONE.acquire(blocking=False):
            raise BusyError
        try:
            from runtime.measure.drawing import NAME, drawn_photo
            from runtime.measure.photo_way import measure_photo
            from runtime.measure.result import code_of
            from runtime.measure.stream import FULL

            code, photo = code_of(version=app_version() or "unknown"), drawn_photo()
            return measure_photo(open_model, photo, name=NAME, plan=FULL, code=code, wanted=wanted)
        finally:
            _ONE.release()

    return measure


def file_name(result: "Result") -> str:
    """Of a result file: no two of one device share one."""
    return f"skintag-measurement-{''.join(letter for letter in result.start.time[:19] if letter not in ':')}.json"
