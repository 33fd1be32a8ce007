"""Simulated INT8: a student that computes what its exported file will compute, and can still learn.

The student is traced once. Batch norms are folded into their convolutions at every step (with the statistics of the
finished run), weights are rounded to symmetric int8 per output channel, and every tensor that is 8 bit on the device
is rounded there too (`distill.int8.fake_rounding`).

Tensors are named in the order of execution: `input`, `conv{k}` (a convolution's output, batch norm included), `act{k}`
(the activation behind it), `pool{j}`, `mul{j}` (squeeze-and-excite), `add{j}` (residual).
"""

import operator
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

import torch
import typer
from timm.layers.activations import Sigmoid
from timm.layers.norm_act import BatchNormAct2d
from torch import Tensor, fx, nn
from torch.fx.proxy import TraceError
from torch.nn import functional as F

from distill.int8.fake_rounding import UNLIMITED, FoldedConvolution, GatedActivation, Quantiser
from distill.student import Student, StudentOutput
from runtime.errors import SkintagError

Ranges = Mapping[str, tuple[float, float]]
"""low <= 0 <= high of each 8-bit tensor by its key; zero is one of its 256 values"""

ACTIVATIONS: dict[type[nn.Module], Callable[[Tensor], Tensor]] = {
    nn.ReLU: F.relu,
    nn.ReLU6: F.relu6,
    nn.Hardsigmoid: F.hardsigmoid,
    nn.Sigmoid: torch.sigmoid,
    Sigmoid: torch.sigmoid,
}
GATED = (nn.Hardswish, nn.SiLU)
"""Activations that are a product: x times a gate of x, which is 8 bit too."""

LIMITS: dict[Any, tuple[float, float]] = {
    F.relu: (0.0, float("inf")),
    F.relu6: (0.0, 6.0),
    F.hardsigmoid: (0.0, 1.0),
    torch.sigmoid: (0.0, 1.0),
}
"""What an activation can give; a range that is learnt stays within."""

CLIPPING = (F.relu, F.relu6)
"""Activations that a range does along: the convolution in front of them has no 8-bit output of its own."""

KINDS: dict[Any, str] = {
    "placeholder": "input",
    "mean": "pool",
    operator.mul: "mul",
    operator.add: "add",
    **dict.fromkeys(ACTIVATIONS.values(), "act"),
}
"""The word in the key of what a node gives."""

SILENT = (nn.Identity, nn.Dropout)
"""Modules that pass on what they get, in eval mode."""


class SimulationError(SkintagError):
    """A student whose INT8 file cannot be simulated; the message names the operation that is not known."""


@dataclass(frozen=True, kw_only=True)
class Scheme:
    """What is 8 bit: all convolutions but the first `float_convolutions`, with every tensor they read or write."""

    float_convolutions: Annotated[int, typer.Option(min=0)] = 0
    """how many of the first convolutions stay float"""


class Simulation(nn.Module):
    """A student, left in eval mode, with everything that is 8 bit on the device; parameters are the student's own.

    It starts as the student itself: `quantise(True)` turns the rounding on, once the ranges are set.
    """

    def __init__(self, student: Student, scheme: Scheme) -> None:
        """Raises SimulationError where the student has no fixed graph or an operation of its trunk is not known."""
        super().__init__()
        self.spec = student.spec
        self.network = _traced(student.eval())
        keys = _keys(self.network, arch=student.spec.arch)
        inside = _inside(self.network, keys, scheme)
        self.quantisers = _insert_quantisers(self.network, keys, inside)
        within = [_module(self.network, node) for node in inside]
        self._eight_bit = [*(module for module in within if module is not None), *self.quantisers.values()]

    def forward(self, images: Tensor) -> StudentOutput:
        """images: (B, 3, S, S) float, normalised by the spec's mean and std"""
        return self.network(images)

    def quantise(self, on: bool) -> "Simulation":
        for module in self._eight_bit:
            cast(Any, module).quantising = on
        return self

    def ranges(self) -> dict[str, tuple[float, float]]:
        return {key: quantiser.range() for key, quantiser in self.quantisers.items()}

    def set_ranges(self, ranges: Ranges) -> None:
        """Raises SimulationError where the keys are not those of this student's 8-bit tensors."""
        if ranges.keys() != self.quantisers.keys():
            odd = ", ".join(sorted(ranges.keys() ^ self.quantisers.keys())[:5])
            raise SimulationError(f"ranges of another architecture or scheme than this {self.spec.arch} has: {odd}")
        for key, (low, high) in ranges.items():
            self.quantisers[key].start(low, high)


class _Tracer(fx.Tracer):
    """Records a student as folded convolutions, activations, means, products and sums."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[str, nn.Module] = {}

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        known = isinstance(m, (nn.Conv2d, BatchNormAct2d, *ACTIVATIONS))
        return known or super().is_leaf_module(m, module_qualified_name)

    def call_module(self, m: nn.Module, forward: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if isinstance(m, SILENT):
            return args[0]
        if type(m) is nn.Conv2d and m.padding_mode == "zeros":
            return self._call(FoldedConvolution(m), args)
        if isinstance(m, GATED):
            return self._call(GatedActivation(m), args)
        if isinstance(m, BatchNormAct2d):
            return self._norm(m, args[0])
        if type(m) in ACTIVATIONS:
            return ACTIVATIONS[type(m)](args[0])
        if isinstance(m, nn.AdaptiveAvgPool2d) and m.output_size in (1, (1, 1)):
            return args[0].mean((2, 3), keepdim=True)
        return super().call_module(m, forward, args, kwargs)

    def _call(self, module: nn.Module, args: tuple[Any, ...]) -> fx.Proxy:
        name = f"made{len(self.made)}"
        self.made[name] = module
        return self.create_proxy("call_module", name, args, {})

    def _norm(self, norm: BatchNormAct2d, x: fx.Proxy) -> Any:
        """Fold it into the convolution in front of it; what remains is its activation."""
        folded = self.made.get(str(x.node.target))
        if not isinstance(folded, FoldedConvolution) or folded.norm is not None or x.node.users:
            raise SimulationError("a batch norm that follows no convolution cannot be folded")
        folded.norm = norm
        act = cast(nn.Module, norm.act)
        return self.call_module(act, act.forward, (x,), {})


def _traced(student: Student) -> fx.GraphModule:
    tracer = _Tracer()
    try:
        graph = tracer.trace(student)
    except (TraceError, TypeError) as error:
        raise SimulationError(f"{student.spec.arch} cannot be quantised: it has no fixed graph ({error})") from error
    parts = {**dict(student.named_modules()), **dict(student.named_parameters()), **dict(student.named_buffers())}
    return fx.GraphModule({**parts, **tracer.made}, graph)


def _keys(network: fx.GraphModule, *, arch: str) -> dict[fx.Node, str]:
    """The key of each tensor from the image to the activation of the last convolution, in the order of execution."""
    keys: dict[fx.Node, str] = {}
    counts: Counter[str] = Counter()
    for node in _trunk(network):
        kind = _kind(network, node)
        if kind == "act" and not keys[node.all_input_nodes[0]].startswith("conv"):
            kind = ""
        if not kind:
            raise SimulationError(f"{arch} cannot be quantised: {node.name} has no 8-bit form that is known here")
        keys[node] = kind if kind == "input" else f"{kind}{counts['conv'] - 1 if kind == 'act' else counts[kind]}"
        counts[kind] += 1
    return keys


def _trunk(network: fx.GraphModule) -> list[fx.Node]:
    nodes = list(network.graph.nodes)
    last = [node for node in nodes if _kind(network, node) == "conv"][-1]
    acts = [user for user in last.users if _kind(network, user) == "act"]
    return nodes[: nodes.index(acts[0] if acts else last) + 1]


def _kind(network: fx.GraphModule, node: fx.Node) -> str:
    """The word in a node's key, or nothing for an operation that has none."""
    if node.op == "call_module":
        return {FoldedConvolution: "conv", GatedActivation: "act"}.get(type(_module(network, node)), "")
    return KINDS.get(node.op if node.op == "placeholder" else node.target, "")


def _module(network: fx.GraphModule, node: fx.Node) -> nn.Module | None:
    return network.get_submodule(str(node.target)) if node.op == "call_module" else None


def _inside(network: fx.GraphModule, keys: Mapping[fx.Node, str], scheme: Scheme) -> list[fx.Node]:
    """The nodes that compute in 8 bit: from some convolution on."""
    order = list(keys)
    convolutions = [node for node in order if keys[node].startswith("conv")]
    return order[order.index(convolutions[min(scheme.float_convolutions, len(convolutions) - 1)]) :]


def _insert_quantisers(
    network: fx.GraphModule, keys: Mapping[fx.Node, str], inside: Sequence[fx.Node]
) -> dict[str, Quantiser]:
    """Round all that an 8-bit operation reads or writes: the quantiser of each such tensor by its key."""
    eight_bit = set(inside)
    read_or_written = [node for node in keys if node in eight_bit or eight_bit & set(node.users)]
    found: dict[str, Quantiser] = {}
    for node in read_or_written:
        if not all(user.target in CLIPPING for user in node.users):  # else the clipping alone is seen
            found[keys[node]] = Quantiser(LIMITS.get(node.target, UNLIMITED))
    for node in read_or_written:
        if keys[node] in found:
            network.add_submodule(keys[node], found[keys[node]])
            _insert(network.graph, node, keys[node])
    network.graph.lint()
    network.recompile()
    return found


def _insert(graph: fx.Graph, node: fx.Node, name: str) -> None:
    """The quantiser behind a node, or in the place of a clipping activation."""
    stands_in = node.target in CLIPPING
    with graph.inserting_after(node):
        rounded = graph.call_module(name, (node.args[0] if stands_in else node,))
    node.replace_all_uses_with(rounded, delete_user_cb=lambda user: user is not rounded)
    if stands_in:
        graph.erase_node(node)
