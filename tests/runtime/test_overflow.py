"""Whether 8-bit products overflow here decides which kernels the engine asks for."""

import sys
from types import ModuleType
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from saturation import measure_saturation

from runtime import engine, overflow
from runtime.overflow import products_overflow

EXACT = "session.x64quantprecision"


class Options:
    """What is asked of ONNX Runtime."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}

    def add_session_config_entry(self, name: str, value: str) -> None:
        self.entries[name] = value


def answering(sums: np.ndarray | Exception) -> ModuleType:
    """An onnxruntime whose processor says that."""

    class Session:
        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def run(self, *_: Any) -> list[np.ndarray]:
            if isinstance(sums, Exception):
                raise sums
            return [sums]

    module = ModuleType("onnxruntime")
    vars(module).update(SessionOptions=Options, InferenceSession=Session)
    return module


def asked_of(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the engine asks for where onnxruntime is `module`."""
    monkeypatch.setitem(sys.modules, "onnxruntime", module)
    monkeypatch.setattr(engine, "products_overflow", products_overflow.__wrapped__)
    options = Options()
    engine.session_options(options, threads=1)
    return options.entries[EXACT]


def test_it_is_found_as_on_a_convolution_here() -> None:
    assert products_overflow() == measure_saturation().saturates


@pytest.mark.parametrize(
    ("sums", "exact_kernels"),
    [
        (np.full((4, 8), 259_080, np.int32), "0"),
        (np.full((4, 8), 131_068, np.int32), "1"),  # an EPYC of the third generation
        (np.where(np.arange(32).reshape(4, 8) == 31, 131_068, 259_080), "1"),
        (RuntimeError("no such operator in this build"), "1"),
    ],
)
def test_exact_kernels_are_asked_for_where_products_overflow(
    sums: np.ndarray | Exception, exact_kernels: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked_of(answering(sums), monkeypatch) == exact_kernels


def test_the_file_is_one_multiplication() -> None:
    shapes = {"a": (TensorProto.UINT8, [4, 8]), "b": (TensorProto.INT8, [8, 8]), "y": (TensorProto.INT32, [4, 8])}
    a, b, y = (helper.make_tensor_value_info(name, *kind) for name, kind in shapes.items())
    graph = helper.make_graph([helper.make_node("MatMulInteger", ["a", "b"], ["y"])], "p", [a, b], [y])
    written = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 10)], ir_version=4, producer_name="")
    assert onnx.load_from_string(vars(overflow)["_MULTIPLICATION"]) == written
