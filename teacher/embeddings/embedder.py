"""A frozen encoder on this machine's device: what it wants to be fed, and its answers to a batch."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from teacher.data.batches import normalise
from teacher.embeddings.keys import Space
from teacher.embeddings.store import SHARD_ROWS
from teacher.models.compute import Compute, this_compute
from teacher.models.config import EncoderChoice, Precision
from teacher.models.network import Teacher

CPU_BATCH = 16
"""Views a single-threaded forward takes at once: a view of EfficientNetV2-B0 costs 38 ms alone, 26 ms among 8 and 24 ms
among 32, and a large SigLIP's activations still fit (0.3 GB a thread)."""

FIRST_TRY = 16


@dataclass(frozen=True, kw_only=True)
class Embedder:
    """A network in eval mode on its device."""

    network: nn.Module
    """(B, 3, S, S) float, normalised -> (B, D)"""
    architecture: str
    model: str
    """digest of architecture and weights"""
    size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    compute: Compute
    precision: Precision = "auto"

    def space(self, square: int) -> Space:
        """Where the rows of plain views stand that are made from squares of this side."""
        return Space(
            architecture=self.architecture,
            model=self.model,
            square=square,
            size=self.size,
            mean=self.mean,
            std=self.std,
            precision=str(self.compute.dtype(self.precision)).removeprefix("torch."),
        )

    @torch.inference_mode()
    def __call__(self, views: Tensor) -> np.ndarray:
        """Embeddings of a batch, float32 [B, D]. views: uint8 (B, 3, S, S)."""
        images = normalise(views.to(self.compute.device, non_blocking=True), self.mean, self.std)
        with self.compute.autocast(self.precision):
            rows = self.network(images)
        return rows.float().cpu().numpy()


def embedder_of(choice: EncoderChoice, *, precision: Precision = "auto", fold: bool = True) -> Embedder:
    """The encoder of a choice as it comes, not fine-tuned. Raises TeacherError where it cannot be built.

    What a preset draws at random is drawn by a fixed seed: the same choice is the same model in every command. `fold`:
    as in `embedder_of_teacher`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        teacher = Teacher(choice)
    return embedder_of_teacher(teacher, choice.name, precision=precision, fold=fold)


def embedder_of_teacher(teacher: Teacher, name: str, *, precision: Precision = "auto", fold: bool = True) -> Embedder:
    """The encoder of a teacher with the weights that it has now.

    fold: on a CPU in float32, normalisations go into the convolutions before them. Rows move by less than 1e-5, a
    hundredth of what the store's float16 rounds off, so that they stay rows of the same model.
    """
    compute = this_compute()
    network = teacher.encoder.eval()
    model = weights_digest(name, network.state_dict())
    exact = compute.device.type == "cpu" and compute.dtype(precision) is torch.float32
    return Embedder(
        model=model,
        network=compute.place(network.folded() if fold and exact else network),
        architecture=name,
        size=teacher.image_size,
        mean=tuple(teacher.mean),
        std=tuple(teacher.std),
        compute=compute,
        precision=precision,
    )


def weights_digest(architecture: str, tensors: Mapping[str, Tensor]) -> str:
    """16 hexadecimal digits of the architecture's name and of every weight: name, type, shape and bytes."""
    digest = hashlib.sha256(architecture.encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()[:16]


def batch_size_of(embedder: Embedder) -> int:
    """Views to compute at once: a fixed number on a CPU, on a GPU as many as its memory takes."""
    if embedder.compute.device.type == "cpu":
        return CPU_BATCH
    shape = (3, embedder.size, embedder.size)
    return largest_batch(lambda count: embedder(torch.zeros((count, *shape), dtype=torch.uint8)))


def largest_batch(attempt: Callable[[int], object], *, most: int = SHARD_ROWS) -> int:
    """The largest power of two, up to a shard, that the device's memory takes as a batch; at least 1."""
    count = min(FIRST_TRY, most)
    while not _fits(attempt, count):
        if count == 1:
            return 1
        count //= 2
    while count < most and _fits(attempt, 2 * count):
        count *= 2
    return count


def _fits(attempt: Callable[[int], object], count: int) -> bool:
    try:
        attempt(count)
    except torch.OutOfMemoryError:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return False
    return True
