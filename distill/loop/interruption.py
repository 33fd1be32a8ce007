"""Ctrl-C and SIGTERM while a student learns: a step is done whole or not at all, and what was reached is kept."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType


class Patience:
    """What arrives inside `with patience:` waits for its end; outside it raises KeyboardInterrupt at once."""

    def __init__(self, *, together: bool) -> None:
        """`together`: one of several processes, which must all stop after the same step. It then only notes what
        arrived, for its owner to agree on with the others."""
        self.told = False
        self._together, self._busy = together, False

    def __enter__(self) -> None:
        self._busy = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._busy = False
        if self.told and error is None and not self._together:
            raise KeyboardInterrupt

    def tell(self, *_: object) -> None:
        """A handler of signals."""
        self.told = True
        if not self._busy and not self._together:
            raise KeyboardInterrupt


@contextmanager
def patient(*, together: bool) -> Iterator[Patience]:
    """Heeds SIGINT and SIGTERM with patience; a signal that this process was told to ignore stays ignored."""
    patience = Patience(together=together)
    if threading.current_thread() is not threading.main_thread():  # elsewhere no handler can be set
        yield patience
        return
    heeded = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) is not signal.SIG_IGN]
    before = {one: signal.signal(one, patience.tell) for one in heeded}
    try:
        yield patience
    finally:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_DFL if handler is None else handler)
