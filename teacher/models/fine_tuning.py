"""Two-head fine-tuning of a teacher, and its answers to views."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

import numpy as np
import torch
import typer
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import get_cosine_schedule_with_warmup

from teacher.console import Advance
from teacher.data.batches import ViewPlan, normalise, view_batches, view_seed
from teacher.data.dataset import Dataset
from teacher.data.sampling import SamplingConfig, Shifts, sampling_of
from teacher.data.views import ViewConfig
from teacher.models.network import Teacher
from teacher.options import OPTION

ANSWER_BATCH = 64
"""Views a network is asked about at once."""


Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True, kw_only=True)
class FinetuneConfig:
    """How a teacher learns."""

    epochs: Annotated[int, typer.Option("--teacher-epochs", min=1)] = 12
    """fine-tuning epochs of the teacher"""
    batch_size: int = 32
    lr: Annotated[float, typer.Option("--teacher-lr")] = 1e-3
    """peak learning rate of the teacher; a pretrained encoder wants about 3e-4"""
    weight_decay: float = 0.02
    warmup_share: float = 0.1
    """of all steps"""
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    precision: Annotated[Precision, OPTION] = "float32"
    """of the arithmetic: bfloat16 is faster where the CPU has it (AVX512-BF16)"""
    seed: Annotated[int, OPTION] = 0
    """seed of everything"""
    view: ViewConfig = field(default_factory=ViewConfig)
    """of the views that the teacher learns from and is then asked about, and that the student sees"""


def finetune(teacher: Teacher, dataset: Dataset, indices: np.ndarray, config: FinetuneConfig, advance: Advance) -> None:
    """Train the teacher in place on the given samples; `advance` is called once a step."""
    sampling = sampling_of([dataset.samples[index] for index in indices], config.sampling)
    optimizer = torch.optim.AdamW(teacher.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    steps = config.epochs * steps_per_epoch(len(indices), config.batch_size)
    schedule = get_cosine_schedule_with_warmup(optimizer, int(config.warmup_share * steps), steps)
    torch.manual_seed(config.seed)
    teacher.train()
    for epoch in range(config.epochs):
        drawn = sampling.draw(np.random.default_rng((config.seed, epoch)))
        plan = _epoch_plan(indices, drawn, config, epoch)
        batches = view_batches(dataset, plan, size=teacher.image_size, batch_size=config.batch_size)
        for step, (images, part) in enumerate(zip(batches, plan.slices(config.batch_size), strict=True)):
            with autocast(config.precision):
                output = teacher(normalise(images, teacher.mean, teacher.std))
            loss = hard_loss(
                output.malignancy.float(),
                output.conditions.float(),
                malignant=torch.from_numpy(dataset.malignant(part.indices)).float(),
                condition_labels=torch.from_numpy(dataset.conditions(part.indices)),
                shifts=sampling.shifts(drawn[step * config.batch_size : (step + 1) * config.batch_size]),
            )
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(teacher.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            advance(f"loss {loss.item():.3f}")
    teacher.eval()


def steps_per_epoch(count: int, batch_size: int) -> int:
    return -(-count // batch_size)


def autocast(precision: str) -> torch.autocast:
    """Mixed precision on the CPU: convolutions in bfloat16, the rest as it was."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bfloat16")


def hard_loss(
    malignancy: Tensor, conditions: Tensor, *, malignant: Tensor, condition_labels: Tensor, shifts: Shifts
) -> Tensor:
    """Binary cross-entropy of malignancy plus cross-entropy of the conditions, at the drawn frequencies.

    malignancy: (B,) logits; conditions: (B, 10) logits; malignant: float (B,), 0 or 1; condition_labels: int64 (B,).
    """
    by_odds, by_class = torch.from_numpy(shifts.malignancy), torch.from_numpy(shifts.conditions)
    losses = F.binary_cross_entropy_with_logits(malignancy + by_odds, malignant, reduction="none") + F.cross_entropy(
        conditions + by_class, condition_labels, reduction="none"
    )
    return weighted_mean(losses, shifts)


def weighted_mean(losses: Tensor, shifts: Shifts) -> Tensor:
    """The mean of a batch's losses (B,), each with the weight of its image where weights act in the loss."""
    return losses.mean() if shifts.weights is None else (losses * torch.from_numpy(shifts.weights)).mean()


@dataclass(frozen=True)
class Answers:
    """malignancy: float32 [N] logits; conditions: float32 [N, 10] logits; features: float32 [N, D]."""

    malignancy: np.ndarray
    conditions: np.ndarray
    features: np.ndarray


@torch.inference_mode()
def ask(
    network: nn.Module,
    dataset: Dataset,
    plan: ViewPlan,
    *,
    size: int,
    mean: Sequence[float],
    std: Sequence[float],
    precision: str = "float32",
    advance: Advance = lambda _: None,
) -> Answers:
    """What a network with two heads, in eval mode, says of the planned views.

    `size`, `mean` and `std` are its input's; `advance` is called once a batch of ANSWER_BATCH.
    """
    outputs = []
    for images in view_batches(dataset, plan, size=size, batch_size=ANSWER_BATCH):
        with autocast(precision):
            output = network(normalise(images, mean, std))
        outputs.append([tensor.float().numpy() for tensor in output])
        advance("")
    return Answers(*(np.concatenate(column) for column in zip(*outputs, strict=True)))


def answer(
    teacher: Teacher, dataset: Dataset, plan: ViewPlan, advance: Advance, *, precision: str = "float32"
) -> Answers:
    """The teacher's logits and embeddings for the planned views."""
    size, mean, std = teacher.image_size, teacher.mean, teacher.std
    return ask(teacher, dataset, plan, size=size, mean=mean, std=std, precision=precision, advance=advance)


def _epoch_plan(indices: np.ndarray, drawn: np.ndarray, config: FinetuneConfig, epoch: int) -> ViewPlan:
    seeds = [view_seed(config.seed, epoch * len(indices) + place, 1) for place in range(len(drawn))]
    return ViewPlan(indices[drawn], np.array(seeds, dtype=np.int64), config.view)
