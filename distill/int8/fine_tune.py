"""The quantisation-aware fine-tune: a finished student learns to answer in 8 bit as it does in float.

It trains for a little with simulated INT8 (`distill.int8.simulate`), on the views of the training part that its soft
labels were made for. What it is to match is what it says itself, in float32, of the very same view: labels pull it to
other answers, which the figures of its run do not hold for. How much they may do so beside that is `label_weight`.
"""

import copy
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor, nn
from torch.nn import functional as F

from distill.int8.simulate import Ranges, Scheme, Simulation
from distill.int8.starting_ranges import least_error_ranges
from distill.lessons import Lessons
from distill.losses import LossConfig, distillation_loss
from distill.student import Student, StudentError, StudentOutput
from teacher.console import Advance
from teacher.data.batches import ViewPlan, batch_count, normalise, view_batches
from teacher.data.dataset import Dataset
from teacher.data.sampling import Shifts
from teacher.data.splits import Part
from teacher.data.views import ViewConfig
from teacher.models.checkpoint import Progress, load_checkpoint, save_checkpoint
from teacher.models.config import ANSWER_BATCH
from teacher.options import OPTION, above_zero

CALIBRATION_PHOTOS = 256
"""Training photos that the first ranges are taken from."""

BLOCK = 50
"""Steps between checkpoints."""

MALIGNANCY_WEIGHT = 2.0
"""of the divergence of malignancy, which alone decides the tier, beside 1 for the ten conditions"""

FEATURE_WEIGHT = 1.0
"""of the squared error of the pooled features, as a share of their variance: novelty is measured on them"""

MAX_GRADIENT = 5.0
"""Norm to which gradients are clipped."""


@dataclass(frozen=True, kw_only=True)
class QuantizeConfig:
    """One fine-tune."""

    steps: Annotated[int, typer.Option(min=1)] = 300
    """steps of the fine-tune"""
    batch_size: Annotated[int, typer.Option(min=2)] = 32
    """images per step"""
    lr: Annotated[float, typer.Option(callback=above_zero)] = 1e-4
    """peak learning rate of the weights (AdamW, cosine to zero)"""
    range_lr: Annotated[float, typer.Option(callback=above_zero)] = 3e-3
    """peak learning rate of the logarithm of the ranges' ends"""
    train_size: Annotated[int, typer.Option(min=32)] = 160
    """side of the views, where the student's input is not smaller"""
    label_weight: Annotated[float, typer.Option(min=0, max=1)] = 0.0
    """share of the run's own loss (the teacher's labels of the views, and the dataset's); the rest keeps its answers"""
    scheme: Scheme = field(default_factory=Scheme)
    seed: Annotated[int, OPTION] = 0
    """seed of everything"""


@dataclass(frozen=True, kw_only=True)
class Taught:
    """What a run learned from, and how it was held against it: the same while it learns to answer in 8 bit."""

    lessons: Lessons
    loss: LossConfig


@dataclass(frozen=True, kw_only=True)
class QuantisedStudent:
    """Weights and ranges that belong together: in 8 bit, by this scheme, they say what was measured."""

    student: Student
    """in eval mode; its weights are in float and not on the grid yet"""
    ranges: Ranges
    scheme: Scheme

    def simulation(self) -> Simulation:
        """The student as its INT8 file answers."""
        simulation = Simulation(self.student, self.scheme)
        simulation.set_ranges(self.ranges)
        return simulation.quantise(True)


def rounded_off(
    student: Student, dataset: Dataset, *, scheme: Scheme, seed: int = 0, advance: Advance = lambda _: None
) -> QuantisedStudent:
    """Without any training: the weights as they are, and the ranges with the least rounding error.

    `advance` is called once a batch, `calibration_batches()` times in all.
    """
    spec, train = student.spec, dataset.part(Part.TRAIN)
    plan = ViewPlan(train[np.linspace(0, len(train) - 1, min(CALIBRATION_PHOTOS, len(train))).astype(np.int64)])

    def batches():
        for images in view_batches(dataset, plan, size=spec.image_size, batch_size=ANSWER_BATCH):
            yield normalise(images, spec.mean, spec.std)
            advance("calibrating")

    ranges = least_error_ranges(Simulation(student, scheme), batches(), seed=seed)
    return QuantisedStudent(student=student, ranges=ranges, scheme=scheme)


def calibration_batches(dataset: Dataset) -> int:
    return batch_count(min(CALIBRATION_PHOTOS, len(dataset.part(Part.TRAIN))), ANSWER_BATCH)


def fine_tune(
    start: QuantisedStudent,
    dataset: Dataset,
    seeds: np.ndarray,
    *,
    config: QuantizeConfig,
    view: ViewConfig | None = None,
    taught: Taught | None = None,
    work: Path | None = None,
    advance: Advance = lambda _: None,
) -> QuantisedStudent:
    """Train weights and ranges until the simulated INT8 says what `start.student` says in float.

    seeds: int64 [N, K], of the stored views of the training part, and `view` what they were drawn with. `taught` is
    what `config.label_weight` weighs, needed where that is above 0. With a folder `work` it goes on from the newest
    checkpoint there, with the same result bit for bit. `advance` is called once a step, those of a checkpoint included.
    """
    drawn, views = _draw(dataset, seeds, config)
    plan = ViewPlan(dataset.part(Part.TRAIN)[drawn], seeds[drawn, views], view or ViewConfig())
    learner = _start(start, config)
    labels = _Labels(dataset=dataset, indices=plan.indices, drawn=drawn, views=views, taught=taught)
    reached = load_checkpoint(work, learner.models(), learner.optimizer) if work is not None else None
    done = reached.epoch if reached is not None else 0
    for _ in range(min(done * BLOCK, config.steps)):
        advance("from the checkpoint")
    for block in range(done, batch_count(config.steps, BLOCK)):
        _train_block(learner, config, dataset, plan, labels, block * BLOCK, advance)
        if work is not None:
            progress = Progress(epoch=block + 1, best_epoch=0, best_score=0.0, history=())
            save_checkpoint(work, progress, learner.models(), learner.optimizer, error=StudentError)
    student = learner.student.to(memory_format=torch.contiguous_format)
    return QuantisedStudent(student=student, ranges=learner.simulation.ranges(), scheme=start.scheme)


@dataclass(frozen=True, kw_only=True)
class _Learner:
    student: Student
    simulation: Simulation
    """of `student`, rounding"""
    teacher: Simulation
    """of what `student` was at first, not rounding: batch norms folded are faster"""
    optimizer: torch.optim.AdamW

    def models(self) -> dict[str, nn.Module]:
        return {"student": self.student, "ranges": nn.ModuleDict(self.simulation.quantisers)}


def _start(start: QuantisedStudent, config: QuantizeConfig) -> _Learner:
    student = copy.deepcopy(start.student).to(memory_format=torch.channels_last)
    learning = QuantisedStudent(student=student, ranges=start.ranges, scheme=start.scheme).simulation()
    ranges = [quantiser.stretch for quantiser in learning.quantisers.values()]
    groups = [{"params": list(student.parameters()), "lr": config.lr}, {"params": ranges, "lr": config.range_lr}]
    return _Learner(
        student=student,
        simulation=learning,
        teacher=Simulation(start.student, start.scheme),
        optimizer=torch.optim.AdamW(groups, betas=(0.9, 0.99), weight_decay=0.0, fused=True),
    )


@dataclass(frozen=True, kw_only=True)
class _Labels:
    """What is known of the drawn views, besides what the student itself says of them."""

    dataset: Dataset
    indices: np.ndarray
    """int64 [M], of samples"""
    drawn: np.ndarray
    """int64 [M], their places in the training part"""
    views: np.ndarray
    taught: Taught | None

    def loss(self, said: StudentOutput, step: int, batch_size: int) -> Tensor:
        """Photos come as often as the data has them, so nothing shifts their frequencies."""
        assert self.taught is not None, "label_weight needs what the run was taught"
        part = slice(step * batch_size, (step + 1) * batch_size)
        own = self.indices[part], self.drawn[part], self.views[part]
        targets = self.taught.lessons.targets(self.dataset, *own, said.malignancy.device)
        count, classes = said.conditions.shape
        shifts = Shifts(
            malignancy=np.zeros(count, np.float32), conditions=np.zeros((count, classes), np.float32), weights=None
        )
        return distillation_loss(said, targets, config=self.taught.loss, shifts=shifts)


def _draw(dataset: Dataset, seeds: np.ndarray, config: QuantizeConfig) -> tuple[np.ndarray, np.ndarray]:
    """Each step's photos, by their place in the training part, and views: every photo once before any comes again."""
    rng = np.random.default_rng((config.seed, config.steps))
    size, count = len(dataset.part(Part.TRAIN)), config.steps * config.batch_size
    rounds = [rng.permutation(size) for _ in range(batch_count(count, size))]
    return np.concatenate(rounds)[:count], rng.integers(seeds.shape[1], size=count)


def _train_block(
    learner: _Learner,
    config: QuantizeConfig,
    dataset: Dataset,
    plan: ViewPlan,
    labels: _Labels,
    first: int,
    advance: Advance,
) -> None:
    spec = learner.student.spec
    part = slice(first * config.batch_size, (first + BLOCK) * config.batch_size)
    assert plan.seeds is not None
    batches = view_batches(
        dataset,
        ViewPlan(plan.indices[part], plan.seeds[part], plan.config),
        size=min(config.train_size, spec.image_size),
        batch_size=config.batch_size,
    )
    for step, images in enumerate(batches, start=first):
        _set_learning_rates(learner.optimizer, config, share=step / config.steps)
        loss = _step(learner, config, normalise(images, spec.mean, spec.std), labels, step)
        advance(f"loss {loss:.3f}")


def _step(learner: _Learner, config: QuantizeConfig, images: Tensor, labels: _Labels, step: int) -> float:
    with torch.no_grad():
        wanted = learner.teacher(images)
    said = learner.simulation(images)
    loss = _divergence(said, wanted)
    if config.label_weight:
        taught = labels.loss(said, step, config.batch_size)
        loss = (1 - config.label_weight) * loss + config.label_weight * taught
    learner.optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(learner.student.parameters(), MAX_GRADIENT)
    learner.optimizer.step()
    return loss.item()


def _set_learning_rates(optimizer: torch.optim.Optimizer, config: QuantizeConfig, *, share: float) -> None:
    """Half a cosine down to zero. `share` of all steps that are done."""
    factor = 0.5 * (1 + math.cos(math.pi * share))
    for group, peak in zip(optimizer.param_groups, (config.lr, config.range_lr), strict=True):
        group["lr"] = peak * factor


def _divergence(said: StudentOutput, wanted: StudentOutput) -> Tensor:
    """How far answers are from what is wanted: 0 where they are the same."""
    soft = wanted.malignancy.sigmoid()
    malignancy = F.binary_cross_entropy_with_logits(said.malignancy, soft) - F.binary_cross_entropy(soft, soft)
    conditions = F.kl_div(
        said.conditions.log_softmax(dim=1), wanted.conditions.log_softmax(dim=1), reduction="batchmean", log_target=True
    )
    features = (said.features - wanted.features).square().mean() / wanted.features.var(dim=0).mean()
    return MALIGNANCY_WEIGHT * malignancy + conditions + FEATURE_WEIGHT * features
