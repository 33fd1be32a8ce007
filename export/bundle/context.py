"""What every writer of a model file has at hand, and the kinds of file with their writers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx

from export.int8.search import FineTuned
from export.onnx_file.convert import to_onnx
from export.onnx_file.module import EdgeModule
from export.verify.candidates import Opinion, Verdict
from export.verify.latency import Clock, against_fp32
from export.verify.model_file import FileKind, OutputsOf, Written
from export.verify.outputs import Outputs
from export.workshop.child import Cost, Workshop, measured


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
    quick: bool = False
    """whether the first recipe that passes is taken, though another may be faster"""
    note: Callable[[str], None] = lambda _: None
    likely_float: int = 0
    """convolutions that the ONNX INT8 file leaves in float, once it is made"""
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

    def judge_int8(self, outputs_of: OutputsOf) -> Opinion:
        """A judge of a format's INT8 candidates."""
        return lambda data: self.verdict(outputs_of(data, self.judge_photos), "int8")


@dataclass(frozen=True, kw_only=True)
class ModelFormat(FileKind):
    """One kind of model file, and who writes it."""

    write: Callable[[Context], Written]
