"""What this machine allows at best: a lower bound of a model's latency, layer by layer (Williams et al. 2009).

A convolution takes at least its multiplications at the machine's peak, and at least its bytes at the machine's
bandwidth. Both are measured here, on one thread, with the kernels that run the model: the peak on a large 1 x 1
convolution in float and in 8 bit, the bandwidth on copying a block that no inner cache holds.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from benchmarks.outcome import Outcome, Table
from benchmarks.peers.student_files import bare_module
from benchmarks.workshop.choices import OfRuns
from distill.student import load_student
from export.onnx_file.convert import to_onnx
from export.verify.latency import session_of
from teacher.options import OPTION

CHANNELS, SIDE = 256, 56
"""Of the convolution that shows the peak: 205 million products, weights that stay in the L1 and L2 caches."""

COPIED_BYTES = 16_000_000
"""More than an L2 cache of these years holds, as the largest feature maps are."""

REPEATS = 12


@dataclass(frozen=True, kw_only=True)
class Options(OfRuns):
    """What `roofline` asks."""

    out: Annotated[Path, OPTION] = Path("artifacts/roofline.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """The least time this machine could take for a student, in float and in 8 bit, on one thread."""
    machine, found = bounds(options.run)
    header = ("student", "million products", "FP32 ms, at least", "INT8 ms, at least", "ratio", "FP32 waits for memory")
    speeds = (
        f"one thread: {machine.float_products / 1e9:.0f} billion multiply-adds/s in float32, "
        f"{machine.integer_products / 1e9:.0f} in 8 bit; {machine.bandwidth / 1e9:.1f} GB/s"
    )
    return Outcome(
        figures=(options.out, as_json(machine, found)),
        tables=[Table("Roofline", header, [_cells(name, b) for name, b in found.items()])],
        lines=[speeds],
    )


def as_json(machine: "Machine", found: Mapping[str, "Bound"]) -> dict[str, Any]:
    """The machine and every student's bounds."""
    students = {name: {**asdict(bound), "ratio": bound.ratio} for name, bound in found.items()}
    return {"one_thread": asdict(machine), "students": students}


def _cells(student: str, b: "Bound") -> tuple[str, ...]:
    return (
        student,
        f"{b.products / 1e6:,.0f}",
        f"{b.float_ms:.2f}",
        f"{b.integer_ms:.2f}",
        f"{b.ratio:.2f}",
        f"{b.memory_bound:.0%}",
    )


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One thread of this machine."""

    float_products: float
    """multiply-adds per second in float32"""
    integer_products: float
    """multiply-adds per second, uint8 x int8"""
    bandwidth: float
    """bytes per second, read plus written"""


@dataclass(frozen=True, kw_only=True)
class Bound:
    """Lower bounds of one model, in milliseconds."""

    products: int
    float_ms: float
    integer_ms: float
    memory_bound: float
    """share of the float bound that waits for memory"""

    @property
    def ratio(self) -> float:
        """The best that 8 bit can be, as a share of float."""
        return self.integer_ms / self.float_ms


def measure_machine() -> Machine:
    """Measure one thread; the best of several repeats counts, as a bound wants."""
    weights = np.random.default_rng(0).integers(-127, 128, (CHANNELS, CHANNELS, 1, 1)).astype(np.int8)
    products = CHANNELS * CHANNELS * SIDE * SIDE
    return Machine(
        float_products=products / _best_seconds(_float_model(weights)),
        integer_products=products / _best_seconds(_integer_model(weights)),
        bandwidth=2 * COPIED_BYTES / _copy_seconds(),
    )


def bounds(runs: Sequence[Path]) -> tuple[Machine, dict[str, Bound]]:
    """The machine, and the bounds of each run's student by its architecture."""
    machine = measure_machine()
    return machine, {
        student.spec.arch: bound(to_onnx(bare_module(student), metadata={}), machine)
        for student in map(load_student, runs)
    }


def bound(model: onnx.ModelProto, machine: Machine) -> Bound:
    """The lower bounds of an FP32 model with static shapes, over its convolutions; the rest counts as free."""
    layers = list(_layers(model))
    float_times = [(p / machine.float_products, 4 * b / machine.bandwidth) for p, b in layers]
    integer_times = [(p / machine.integer_products, b / machine.bandwidth) for p, b in layers]
    total = sum(map(max, float_times))
    waiting = sum(memory for compute, memory in float_times if memory > compute)
    return Bound(
        products=sum(p for p, _ in layers),
        float_ms=1e3 * total,
        integer_ms=1e3 * sum(map(max, integer_times)),
        memory_bound=waiting / total,
    )


def _layers(model: onnx.ModelProto) -> Iterator[tuple[int, int]]:
    """Multiply-adds, and the numbers read and written, of each convolution."""
    shapes = {
        value.name: [dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in (*model.graph.input, *model.graph.value_info, *model.graph.output)
    }
    weights = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Conv":
            weight, output = weights[node.input[1]], shapes[node.output[0]]
            products = int(np.prod(output) * np.prod(weight[1:]))
            yield products, int(np.prod(shapes[node.input[0]]) + np.prod(output) + np.prod(weight))


def _float_model(weights: np.ndarray) -> bytes:
    node = helper.make_node("Conv", ["x", "w"], ["y"])
    return _model([node], {"w": weights.astype(np.float32)}, TensorProto.FLOAT)


def _integer_model(weights: np.ndarray) -> bytes:
    names = ["x", "s", "zx", "w", "s", "zw", "t", "zx"]
    constants = {
        "s": np.float32(0.02),
        "t": np.float32(0.5),
        "zx": np.uint8(128),
        "zw": np.int8(0),
        "w": weights,
    }
    node = helper.make_node("QLinearConv", names, ["y"])
    return _model([node], {name: np.asarray(value) for name, value in constants.items()}, TensorProto.UINT8)


def _model(nodes: list[onnx.NodeProto], constants: dict[str, np.ndarray], kind: int) -> bytes:
    shape = [1, CHANNELS, SIDE, SIDE]
    graph = helper.make_graph(
        nodes,
        "peak",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind, shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    return model.SerializeToString()


def _best_seconds(model: bytes) -> float:
    session = session_of(model, threads=1)
    kind = np.uint8 if session.get_inputs()[0].type == "tensor(uint8)" else np.float32
    photo = np.ones((1, CHANNELS, SIDE, SIDE), kind)
    return min(_seconds(lambda: session.run(None, {"x": photo})) for _ in range(REPEATS))


def _copy_seconds() -> float:
    source = np.ones(COPIED_BYTES, np.uint8)
    target = np.empty_like(source)
    return min(_seconds(lambda: np.copyto(target, source)) for _ in range(REPEATS))


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
