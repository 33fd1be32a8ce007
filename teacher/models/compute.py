"""The one place that decides where training computes: CUDA, MPS or CPU, in one process or many, in which precision.

`accelerate` finds the device and the other processes, which `torchrun -m teacher ...` starts, or `accelerate launch`
on GPUs (with `--cpu` that starts one process, whatever it is told). Each process takes its share of every batch, and
what a batch has in common (gradients, batch statistics, what dropout draws) is made common, so that many processes
learn what one would have learned from the same batch, within rounding. On one process of a CPU all of it is bit for bit
reproducible; across devices, process counts and precisions it is not, as sums are formed in another order.
"""

import atexit
import os
import types
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch
from accelerate import PartialState
from accelerate.utils import broadcast_object_list, gather, reduce
from torch import Tensor, nn
from torch.distributed.nn.functional import all_reduce
from torch.nn import functional as F

from teacher.models.config import Precision, TeacherError

# What it names in its place is private; said once a layer, step and process, the notice would drown a log.
warnings.filterwarnings("ignore", "torch.distributed.nn.functional.all_reduce is deprecated", FutureWarning)


@dataclass(frozen=True, kw_only=True)
class Compute:
    """Where this process computes, and which share of a batch is its own."""

    device: torch.device
    process: int
    """0 for the one that writes and speaks"""
    processes: int

    @property
    def first(self) -> bool:
        return self.process == 0

    def share(self, count: int) -> slice:
        """This process's rows of a batch of `count`; the shares of all are the batch, in order."""
        return slice(count * self.process // self.processes, count * (self.process + 1) // self.processes)

    def dtype(self, precision: Precision) -> torch.dtype:
        """What products are computed in here."""
        return _dtype(self.device.type, precision)

    def autocast(self, precision: Precision) -> torch.autocast:
        """Mixed precision: products in the short type, sums and norms as they were."""
        dtype = self.dtype(precision)
        return torch.autocast(self.device.type, dtype=dtype, enabled=dtype is not torch.float32)

    def place[M: nn.Module](self, network: M) -> M:
        """The network on this device, in the memory layout that its kernels prefer."""
        network.to(self.device)
        return network.to(memory_format=torch.channels_last)

    def gathered(self, rows: np.ndarray, count: int) -> np.ndarray:
        """The rows of all processes in order; `rows` are the `share(count)` of this one."""
        if self.processes == 1:
            return rows
        longest = -(-count // self.processes)
        padded = np.zeros((longest, *rows.shape[1:]), dtype=rows.dtype)
        padded[: len(rows)] = rows
        found = gather(torch.from_numpy(padded).to(self.device)).cpu().numpy()  # pyright: ignore[reportAttributeAccessIssue]
        shares = (replace(self, process=number).share(count) for number in range(self.processes))
        parts = [found[n * longest : n * longest + one.stop - one.start] for n, one in enumerate(shares)]
        return np.concatenate(parts)

    def add_up(self, parameters: Iterable[nn.Parameter]) -> None:
        """The gradients of all processes, added up in each: theirs are of sums that the whole batch divides."""
        if self.processes == 1:
            return
        own = [one.grad for one in parameters if one.grad is not None]
        flat = reduce(torch.cat([grad.reshape(-1) for grad in own]), reduction="sum")
        at = 0
        for grad in own:
            grad.copy_(flat[at : at + grad.numel()].view_as(grad))  # pyright: ignore[reportIndexIssue]
            at += grad.numel()

    def summed(self, *values: float) -> tuple[float, ...]:
        """The sums over all processes of what each has."""
        if self.processes == 1:
            return values
        found = reduce(torch.tensor(values, dtype=torch.float64, device=self.device), reduction="sum")
        return tuple(found.tolist())  # pyright: ignore[reportAttributeAccessIssue]

    def agreed(self, text: str) -> str:
        """The first process's, in all of them: such as a name with the time in it."""
        return text if self.processes == 1 else broadcast_object_list([text])[0]

    def wait(self) -> None:
        """Until every process is here, such as for a file that the first one writes."""
        if self.processes > 1:
            PartialState().wait_for_everyone()


@cache
def this_compute() -> Compute:
    """The device and place of this process. Raises TeacherError where the processes cannot find each other."""
    try:
        # accelerate looks for a CPU's other processes only where it is told to compute there.
        state = PartialState(cpu=_wants_cpu() or not torch.accelerator.is_available())
    except (RuntimeError, ValueError) as error:
        raise TeacherError(f"the processes of this command cannot reach each other: {error}") from error
    if state.device is None:
        raise TeacherError("accelerate found no device to compute on, not even the CPU")
    if state.num_processes > 1:
        atexit.register(_leave_the_others)
    return Compute(device=state.device, process=state.process_index, processes=state.num_processes)


def _leave_the_others() -> None:
    """Threads of the group that still run where Python has ended would abort a process that has done its work."""
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def _wants_cpu() -> bool:
    """Whether `accelerate launch --cpu` started this command."""
    return os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")


def _dtype(device: str, precision: Precision) -> torch.dtype:
    if precision == "auto":
        return torch.bfloat16 if device == "cuda" and torch.cuda.is_bf16_supported() else torch.float32
    return {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}[precision]


class Batch:
    """Which rows of the batch at hand are this process's: what `in_common` modules ask while they compute."""

    def __init__(self, compute: Compute) -> None:
        self.compute, self.count = compute, 0

    def begin(self, count: int) -> slice:
        """A batch of `count` rows over all processes; returns this process's."""
        self.count = count
        return self.compute.share(count)


def in_common(network: nn.Module, batch: Batch) -> None:
    """Makes a network's batch statistics and random draws those of the whole batch; nothing for one process.

    The modules keep their names and tensors, so that weights are the same files with one process or many.
    """
    if batch.compute.processes == 1:
        return
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.forward = types.MethodType(_common_norm, module)
        elif isinstance(module, nn.Dropout) or type(module).__name__ == "DropPath":
            module.forward = types.MethodType(_common_drop(batch), module)


def _common_norm(self: nn.modules.batchnorm._BatchNorm, x: Tensor) -> Tensor:
    """Batch normalisation (Ioffe & Szegedy 2015) over the rows of all processes; timm's variants drop and activate."""
    if self.training:
        x = _normed_over_all(self, x)
    else:
        x = F.batch_norm(x, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps)
    for after in ("drop", "act"):
        x = getattr(self, after, nn.Identity())(x)
    return x


def _normed_over_all(norm: nn.modules.batchnorm._BatchNorm, x: Tensor) -> Tensor:
    axes = [axis for axis in range(x.ndim) if axis != 1]
    wide = x.float()
    count = wide.new_tensor([wide.numel() / wide.shape[1]])
    sums = all_reduce(torch.cat([wide.sum(axes), wide.square().sum(axes), count]))
    total = sums[-1]
    mean, square = (sums[:-1] / total).chunk(2)
    variance = (square - mean.square()).clamp_min(0)
    if norm.track_running_stats and norm.running_mean is not None and norm.running_var is not None:
        momentum = 0.1 if norm.momentum is None else norm.momentum
        with torch.no_grad():
            norm.num_batches_tracked += 1  # pyright: ignore[reportOperatorIssue]
            norm.running_mean.lerp_(mean, momentum)
            norm.running_var.lerp_(variance * total / (total - 1), momentum)
    shape = [1, -1] + [1] * (x.ndim - 2)
    normal = (wide - mean.view(shape)) * torch.rsqrt(variance.view(shape) + norm.eps)
    return (normal * norm.weight.view(shape) + norm.bias.view(shape)).to(x.dtype)


def _common_drop(batch: Batch):  # a method for whichever module
    def forward(self: nn.Module, x: Tensor) -> Tensor:
        share = getattr(self, "p", getattr(self, "drop_prob", 0.0))
        if not self.training or not share:
            return x
        shape = (batch.count, *(x.shape[1:] if isinstance(self, nn.Dropout) else [1] * (x.ndim - 1)))
        kept = torch.empty(shape, device=x.device).bernoulli_(1 - share).div_(1 - share)
        return x * kept[batch.compute.share(batch.count)].to(x.dtype)

    return forward
