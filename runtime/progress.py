"""One line on a terminal: how many photos are done and how long the rest will take."""

import time
from collections.abc import Callable
from typing import TextIO

from runtime.answer.locales import Texts

_EVERY = 0.1
"""Seconds between two drawings: the eye sees no more, and a slow terminal shall not slow the photos down."""
_ERASE = "\r\x1b[K"
"""Back to the start of the line, and clear it (ECMA-48)."""


class Progress:
    """Draws on a terminal and nowhere else: a log file gets nothing."""

    def __init__(
        self,
        total: int,
        *,
        texts: Texts,
        stream: TextIO,
        hidden: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._total = total
        self._texts = texts
        self._stream = stream
        self._clock = clock
        self._visible = stream.isatty() and not hidden
        self._start = clock()
        self._drawn_at = float("-inf")

    def update(self, done: int) -> None:
        """Show that `done` photos, at least one, have been judged."""
        now = self._clock()
        if not self._visible or (now - self._drawn_at < _EVERY and done < self._total):
            return
        self._drawn_at = now
        left = (now - self._start) / done * (self._total - done)
        line = self._texts.progress.format(done=done, total=self._total, left=clock_time(left))
        self._stream.write(_ERASE + line)
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away, before something else is written or at the end."""
        if self._visible:
            self._stream.write(_ERASE)
            self._stream.flush()


def clock_time(seconds: float) -> str:
    """0:07, 12:30, 1:02:03."""
    minutes, second = divmod(round(seconds), 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"
