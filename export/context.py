"""What every writer of a model file has at hand, and what it hands back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import onnx

from export.evaluate import Outputs, Squares, Step
from export.graph import EdgeModule, Temperatures
from export.latency import against_fp32
from export.onnx_format import to_onnx
from export.quantize import Clock, FineTuned, Judge, Tried, Verdict
from export.sensitivity import TensorDamage
from export.workshop import Cost, Workshop, measured


class OutputsOf(Protocol):
    """How a format's files are run."""

    def __call__(self, data: bytes, squares: Squares, /, *, step: Step = ...) -> Outputs: ...


@dataclass(kw_only=True)
class Context:
    """One export's common ground. The FP32 model is made once and shared by the formats that start from it."""

    module: EdgeModule
    metadata: Mapping[str, str]
    range_photos: Sequence[np.ndarray]
    """uint8 [S, S, 3] each, of the calibration part"""
    judge_photos: Sequence[np.ndarray]
    verdict: Callable[[Outputs, str], Verdict]
    """of a candidate's answers to `judge_photos`, by the limits of a precision"""
    workshop: Workshop
    fine_tune: Callable[[], FineTuned] | None = None
    """makes the student fit for 8 bit, where no other way helps; None: cannot"""
    clock: Clock = against_fp32
    onnx_recipe: str | None = None
    """the only recipe to try for ONNX INT8; None: search"""
    tflite_recipe: str | None = None
    note: Callable[[str], None] = lambda _: None
    _fp32: tuple[onnx.ModelProto, Cost] | None = field(default=None, repr=False)
    _tuned: FineTuned | None = field(default=None, repr=False)

    def fp32(self) -> tuple[onnx.ModelProto, Cost]:
        """The ONNX FP32 model and what it took; a caller that changes the model makes a copy first."""
        if self._fp32 is None:
            with measured() as cost:
                model = to_onnx(self.module, metadata=self.metadata)
            self._fp32 = model, cost()
        return self._fp32

    def fine_tuned(self) -> FineTuned:
        """The fine-tuned student, made once for all formats that need it."""
        if self._tuned is None:
            assert self.fine_tune is not None
            self._tuned = self.fine_tune()
        return self._tuned

    def judge_int8(self, outputs_of: OutputsOf) -> Judge:
        """A judge of a format's INT8 candidates."""
        return lambda data: self.verdict(outputs_of(data, self.judge_photos), "int8")


@dataclass(frozen=True, kw_only=True)
class Written:
    """The bytes of one model file, and how they came about where there was a choice."""

    data: bytes
    retune: Callable[[Temperatures], bytes]
    """the same file with other temperatures"""
    cost: Cost
    """what it took"""
    recipe: str = ""
    determinism: str = ""
    """why another export may give other bytes; empty: it does not"""
    tried: tuple[Tried, ...] = ()
    damage: tuple[TensorDamage, ...] = ()
    """most damaged tensor first, of the best candidate that is all in 8 bit"""
    baseline: Callable[[], bytes] | None = None
    """gives the float file of the same format, to tell which tensors quantising harmed"""


@dataclass(frozen=True, kw_only=True)
class ModelFormat:
    """One kind of model file: how it is written, run and looked into."""

    format: str
    precision: str
    file_name: str
    write: Callable[[Context], Written]
    outputs: OutputsOf
    tensors: Callable[[bytes, np.ndarray], Mapping[str, np.ndarray]]
    """float activations of one photo by name"""
    metadata: Callable[[bytes], Mapping[str, str]]
    max_bytes: int | None = None

    @property
    def label(self) -> str:
        """Such as "onnx int8"."""
        return f"{self.format} {self.precision}"
