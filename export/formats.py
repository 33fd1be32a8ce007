"""The formats a bundle can hold, as data: the one list of what is built and what is not built yet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import onnx

from export import quantize
from export.graph import EdgeModule
from export.onnx_format import to_onnx
from export.ranges import collect

NOT_BUILT_YET = ("tflite fp32", "tflite int8", "coreml fp16", "coreml int8")
"""Formats of the design that no code here writes: named wherever all formats are listed."""


class Judge(Protocol):
    """Tells a search how good a candidate is."""

    def __call__(self, model: bytes, /) -> float:
        """Share of calibration photos with the tier of the PyTorch student."""
        ...


@dataclass(kw_only=True)
class Context:
    """What a writer has at hand. The FP32 model is made once and shared by the formats that start from it."""

    module: EdgeModule
    metadata: Mapping[str, str]
    range_photos: Sequence[np.ndarray]
    """uint8 [S, S, 3] each, of the calibration part"""
    judge: Judge
    enough_agreement: float
    note: Callable[[str], None] = lambda _: None
    recipes: Sequence[quantize.Recipe] = quantize.RECIPES
    _fp32: onnx.ModelProto | None = field(default=None, repr=False)

    def fp32(self) -> onnx.ModelProto:
        """The ONNX FP32 model; a caller that changes it makes a copy first."""
        if self._fp32 is None:
            self._fp32 = to_onnx(self.module, metadata=self.metadata)
        return self._fp32


@dataclass(frozen=True, kw_only=True)
class Written:
    """The bytes of one model file, and how they came about where there was a choice."""

    data: bytes
    recipe: str = ""
    tried: tuple[quantize.Tried, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ModelFormat:
    """One kind of model file and the function that writes it."""

    format: str
    precision: str
    file_name: str
    write: Callable[[Context], Written]
    max_bytes: int | None = None

    @property
    def label(self) -> str:
        """Such as "onnx int8"."""
        return f"{self.format} {self.precision}"


def write_onnx_fp32(context: Context) -> Written:
    """The exported model as it is."""
    return Written(data=_with_precision(context.fp32(), "fp32").SerializeToString())


def write_onnx_int8(context: Context) -> Written:
    """The exported model quantised by the first recipe that agrees well enough."""
    model = context.fp32()
    found = quantize.search(
        model,
        collect(model, context.range_photos),
        agreement=context.judge,
        enough=context.enough_agreement,
        recipes=context.recipes,
        note=context.note,
    )
    data = _with_precision(found.model, "int8", recipe=found.recipe.name).SerializeToString()
    return Written(data=data, recipe=found.recipe.name, tried=found.tried)


# INT8 first: it is what phones take, and the runtime runs the first ONNX file of a manifest.
FORMATS = (
    ModelFormat(
        format="onnx",
        precision="int8",
        file_name="model.int8.onnx",
        write=write_onnx_int8,
        max_bytes=quantize.MAX_BYTES,
    ),
    ModelFormat(format="onnx", precision="fp32", file_name="model.fp32.onnx", write=write_onnx_fp32),
)


def _with_precision(model: onnx.ModelProto, precision: str, **more: str) -> onnx.ModelProto:
    labelled = onnx.ModelProto()
    labelled.CopyFrom(model)
    metadata = {entry.key: entry.value for entry in labelled.metadata_props}
    del labelled.metadata_props[:]
    onnx.helper.set_model_props(labelled, {**metadata, "precision": precision, **more})
    return labelled
