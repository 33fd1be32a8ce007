"""Where a session's spots are kept: on this device for good, or in a folder that goes when the page is closed."""

import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mobile_app.session import Kept
from mobile_app.store import Store, StoreError, store_folder


class Keeper(Protocol):
    """Gives each session its store."""

    def open(self) -> Kept: ...

    def close(self, kept: Kept) -> None:
        """A session has ended."""
        ...

    def close_all(self) -> None:
        """The program ends."""
        ...


class OnDevice:
    """One folder for every session of the program, as one process has it open at a time.

    A folder that cannot be opened leaves an app that judges photos; the next session tries again.
    """

    def __init__(self, folder: Callable[[], Path] = store_folder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._store: Store | None = None

    def open(self) -> Kept:
        with self._lock:
            try:
                self._store = self._store or Store(self._folder())
            except StoreError as problem:
                return Kept(store=None, problem=str(problem))
            return Kept(store=self._store)

    def close(self, kept: Kept) -> None:
        """Others may have it open, and so may this person again in a moment."""

    def close_all(self) -> None:
        if self._store is not None:
            self._store.close()


class PerVisit:
    """A page for several people: each visit has a folder of its own that nobody else sees, gone when it ends."""

    def __init__(self) -> None:
        self._stores: list[Store] = []

    def open(self) -> Kept:
        folder = Path(tempfile.mkdtemp(prefix="skintag-visit-"))
        try:
            store = Store(folder)
        except StoreError as problem:
            shutil.rmtree(folder, ignore_errors=True)
            return Kept(store=None, problem=str(problem), session_only=True)
        self._stores.append(store)
        return Kept(store=store, session_only=True)

    def close(self, kept: Kept) -> None:
        if kept.store in self._stores:
            self._stores.remove(kept.store)
            kept.store.close()
            shutil.rmtree(kept.store.folder, ignore_errors=True)

    def close_all(self) -> None:
        for store in list(self._stores):
            self.close(Kept(store=store, session_only=True))
