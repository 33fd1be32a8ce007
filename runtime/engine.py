"""Running the model file of a bundle with ONNX Runtime.

`onnxruntime` is imported when the first engine is made, not before: reading a manifest or the tiers needs none of it.
"""

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from runtime.bundle.load import Bundle
from runtime.conditions import CONDITIONS
from runtime.errors import EngineError, first_line
from runtime.overflow import products_overflow
from runtime.photo.decode import Pixels
from runtime.prediction import Prediction

_MAX_DEFAULT_THREADS = 4
"""More do not make a model of a few megabytes faster."""

PROVIDERS = ("CPUExecutionProvider",)
"""What is asked for: the one that every device has, and whose answers were judged."""

OUTPUT_SHAPES: dict[str, list[int]] = {"malignancy": [1], "conditions": [1, len(CONDITIONS)], "novelty": [1]}
"""Every model file's float32 outputs."""


class _Node(Protocol):
    """What onnxruntime, which carries no types, says of an input or output."""

    name: str
    type: str
    shape: Sequence[int | str | None]


class _Session(Protocol):
    """The part of `onnxruntime.InferenceSession` used here."""

    def run(self, names: Sequence[str], feed: Mapping[str, Pixels]) -> Sequence[npt.NDArray[Any]]: ...

    def get_inputs(self) -> Sequence[_Node]: ...

    def get_outputs(self) -> Sequence[_Node]: ...

    def get_providers(self) -> Sequence[str]: ...


class Engine:
    """One loaded model. Safe to share between threads."""

    def __init__(self, bundle: Bundle, *, threads: int | None = None) -> None:
        """Load the model. `threads` None: the cores this process may use, at most four. Raises EngineError."""
        self.size = bundle.manifest.input.height
        """side of the square input in pixels"""
        self.threads = _thread_count(threads)
        """that the model is computed on"""
        self._name = str(bundle.folder / bundle.file.name)
        self._session = self._start(bundle.model, threads=self.threads)
        self._check_interface()

    @property
    def providers(self) -> tuple[str, ...]:
        """What ONNX Runtime really computes on; it falls back from what it was asked for without a word."""
        return tuple(self._session.get_providers())

    def predict(self, pixels: Pixels) -> Prediction:
        """Judge one photo, uint8 [S, S, 3]. Raises EngineError when the answer is not made of probabilities."""
        wanted = (self.size, self.size, 3)
        if pixels.shape != wanted or pixels.dtype != np.uint8:
            raise EngineError(f"{self._name}: wants uint8 {wanted}, got {pixels.dtype} {pixels.shape}")
        outputs = self._run(pixels)
        try:
            return Prediction(
                malignancy=float(outputs["malignancy"][0]),
                conditions=tuple(float(value) for value in outputs["conditions"][0]),
                novelty=float(outputs["novelty"][0]),
            )
        except EngineError as error:
            raise EngineError(f"{self._name}: {error}") from error

    def _run(self, pixels: Pixels) -> dict[str, npt.NDArray[np.float32]]:
        names = list(OUTPUT_SHAPES)
        try:
            answers = self._session.run(names, {"image": pixels[np.newaxis]})
        except Exception as error:  # onnxruntime's own exceptions share no base class
            raise EngineError(f"{self._name}: the model failed ({first_line(error)})") from error
        outputs = {name: np.asarray(answer, dtype=np.float32) for name, answer in zip(names, answers, strict=True)}
        for name, expected in OUTPUT_SHAPES.items():
            if list(outputs[name].shape) != expected:
                raise EngineError(f"{self._name}: output {name!r} has shape {outputs[name].shape}, not {expected}")
        return outputs

    def _start(self, model: bytes, *, threads: int) -> _Session:
        # Official builds from 1.29 on report their use to Microsoft and leave a device id in the home folder, unless
        # this is set before they are imported. Nothing about a photo of someone's skin may leave the device.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        try:
            onnxruntime = import_module("onnxruntime")
        except ImportError as error:
            raise EngineError(f"onnxruntime cannot be imported ({error}); install it again") from error
        try:
            options = session_options(onnxruntime.SessionOptions(), threads=threads)
            return onnxruntime.InferenceSession(model, sess_options=options, providers=list(PROVIDERS))
        except Exception as error:  # onnxruntime's own exceptions share no base class
            raise EngineError(f"{self._name}: cannot be loaded ({first_line(error)})") from error

    def _check_interface(self) -> None:
        """The model must be what its manifest says: a wrong size or a missing output would give nonsense tiers."""
        inputs = {node.name: (node.type, list(node.shape)) for node in self._session.get_inputs()}
        outputs = {node.name: (node.type, list(node.shape)) for node in self._session.get_outputs()}
        wanted_inputs = {"image": ("tensor(uint8)", [1, self.size, self.size, 3])}
        wanted_outputs = {name: ("tensor(float)", shape) for name, shape in OUTPUT_SHAPES.items()}
        for kind, found, wanted in (("inputs", inputs, wanted_inputs), ("outputs", outputs, wanted_outputs)):
            if found != wanted:
                raise EngineError(f"{self._name}: does not match its manifest: {kind} {found}, expected {wanted}")


def session_options(options: Any, *, threads: int) -> Any:
    """Fill an `onnxruntime.SessionOptions` as this engine runs models. Whoever times a model wants the same."""
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4  # fatal only: what goes wrong is raised, and said in one line
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads must not drain a battery
    # Where 8-bit products overflow, a default bundle's malignancy was off by up to 0.08, by 0.008 with exact kernels.
    # These are slower on every x86, and where nothing overflows the usual ones give the same bits sooner.
    options.add_session_config_entry("session.x64quantprecision", "1" if products_overflow() else "0")
    return options


def default_threads() -> int:
    """The cores this process may use, at most four."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, _MAX_DEFAULT_THREADS)


def _thread_count(threads: int | None) -> int:
    if threads is None:
        return default_threads()
    if threads < 1:
        raise EngineError(f"{threads} threads: at least 1 is needed")
    return threads
