"""Slow work, and who runs it: the app beside the UI's thread, a test when it likes."""

from collections.abc import Callable

type Work[T] = Callable[[], T]

type Run[T] = Callable[[Work[T], Callable[[T], None]], None]
"""Runs the work somewhere, then hands its result to the second argument on the UI's own thread."""
