"""A kind of model file as its judge sees it: how it is run and looked into, and what its writer says of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from export.onnx_file.module import Temperatures
from export.verify.candidates import Tried
from export.verify.damage import TensorDamage
from export.verify.outputs import Outputs, Squares, Step
from export.workshop.child import Cost


class OutputsOf(Protocol):
    """How a format's files are run."""

    def __call__(self, data: bytes, squares: Squares, /, *, step: Step = ...) -> Outputs: ...


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
class FileKind:
    """One kind of model file: how it is run and looked into."""

    format: str
    precision: str
    file_name: str
    outputs: OutputsOf
    tensors: Callable[[bytes, np.ndarray], Mapping[str, np.ndarray]]
    """float activations of one photo by name"""
    metadata: Callable[[bytes], Mapping[str, str]]
    max_bytes: int | None = None

    @property
    def label(self) -> str:
        """Such as "onnx int8"."""
        return f"{self.format} {self.precision}"
