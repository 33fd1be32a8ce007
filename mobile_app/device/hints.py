"""Which of the camera's preview frames are judged, and when what is said of them changes. Knows nothing of Flet."""

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from mobile_app.work import Run
from runtime.errors import PhotoError
from runtime.photo.quality import QualityProblem

log = logging.getLogger(__name__)

PAUSE = 0.5
"""Seconds from the end of one judgement to the first frame that is judged after it: a phone has other work to do."""


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What was found on one frame."""

    problem: QualityProblem | None


class Hints:
    """What the frames say, told once two in a row agree: a hint that flickers helps nobody.

    One frame is judged at a time and the next one `PAUSE` later at the earliest; what arrives meanwhile is dropped.
    """

    def __init__(
        self,
        *,
        judge: Callable[[bytes], QualityProblem | None],
        run: Run[Judged | None],
        tell: Callable[[QualityProblem | None], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`judge` raises PhotoError for a frame that cannot be decoded; `tell` may be told the same again."""
        self._judge = judge
        self._run = run
        self._tell = tell
        self._clock = clock
        self._last: Judged | None = None
        self._judging = False
        self._next_from = -math.inf
        self._turn = 0

    def see(self, frame: bytes) -> None:
        """A frame has arrived, as an encoded picture."""
        if self._judging or self._clock() < self._next_from:
            return
        self._judging = True
        turn = self._turn
        self._run(lambda: self._judged(frame), lambda found: self._found(turn, found))

    def forget(self) -> None:
        """The frames have ended: no earlier one says anything about what the camera sees next."""
        self._turn += 1
        self._last = None

    def _judged(self, frame: bytes) -> Judged | None:
        """None for a frame that says nothing: a hint that fails to come takes nothing away."""
        try:
            return Judged(problem=self._judge(frame))
        except PhotoError:
            return None
        except Exception:
            log.exception("a preview frame could not be judged")
            return None

    def _found(self, turn: int, found: Judged | None) -> None:
        self._judging = False
        self._next_from = self._clock() + PAUSE
        if found is None or turn != self._turn:
            return
        agreed, self._last = found == self._last, found
        if agreed:
            self._tell(found.problem)
