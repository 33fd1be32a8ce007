"""One model for everybody who uses this program, opened when it is first needed."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runtime import Triage


class SharedModel:
    """Opens the bundle once for all sessions of a process; a failure is not kept, so "try again" tries again."""

    def __init__(self, bundle: Path | None) -> None:
        self._bundle = bundle
        self._lock = threading.Lock()
        self._model: Triage | None = None

    def __call__(self) -> "Triage":
        """The loaded model. Raises `BundleError` when there is none to load."""
        with self._lock:
            if self._model is None:
                self._model = self.load()
            return self._model

    @property
    def loaded(self) -> "Triage | None":
        """The model, if it has been loaded already: drawing a page never waits for it."""
        return self._model

    def load(self) -> "Triage":
        """The model, opened anew. Raises `BundleError` when there is none to load."""
        from runtime import Triage  # not at import: the first frame does not wait for onnxruntime

        return Triage.load(self._bundle)
