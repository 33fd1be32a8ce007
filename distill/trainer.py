"""The training loop, top to bottom: draw views, match the labels, average the weights, validate, save."""

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import save_file
from timm.utils import ModelEmaV3
from torch import Tensor, nn

from distill.checks import refuse_hopeless
from distill.config import TrainConfig
from distill.evaluate import calibration_threshold, figures, predict
from distill.losses import Targets, distillation_loss
from distill.run import clear_errors, draw_curves, write_history, write_metrics
from distill.student import WEIGHTS_NAME, Student, StudentError, StudentOutput, load_student, load_trunk_weights
from runtime.bundle.load import Figure
from runtime.files import written_whole
from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan, normalise, view_batches
from teacher.data.dataset import Dataset
from teacher.data.sampling import Sampling, Shifts, sampling_of
from teacher.data.splits import Part
from teacher.models.answers import quick_scores
from teacher.models.checkpoint import Progress, drop_checkpoints, load_checkpoint, save_checkpoint
from teacher.models.compute import this_compute
from teacher.models.fine_tuning import steps_per_epoch
from teacher.soft_labels import SoftLabels

MAX_GRADIENT = 5.0
"""Norm to which gradients are clipped: a rare batch of hard views would otherwise undo an epoch."""


@dataclass
class _Learner:
    """What changes during a run."""

    student: Student
    ema: ModelEmaV3
    best: Student
    optimizer: torch.optim.AdamW

    @property
    def averaged(self) -> Student:
        return cast(Student, self.ema.module)

    def models(self) -> dict[str, nn.Module]:
        return {"student": self.student, "ema": self.averaged, "best": self.best}


def train(
    run: Path, config: TrainConfig, dataset: Dataset, labels: SoftLabels, *, stop_after: int | None = None
) -> dict[str, dict[str, Figure]]:
    """Train the student of a run folder, from its newest checkpoint where it has one.

    Returns the figures of the validation and test parts. Bit for bit the same for the same seed, data, machine kind and
    thread count, interrupted or not: everything drawn depends on (seed, epoch) only. `stop_after` ends the run, as an
    interruption would, after that many epochs. Raises StudentError where the data cannot make a student, the loss is no
    number any more, no epoch was better than the start, or the disk refuses.
    """
    refuse_hopeless(dataset)
    torch.use_deterministic_algorithms(True)
    learner = _start(config)
    indices = dataset.part(Part.TRAIN)
    sampling = sampling_of([dataset.samples[index] for index in indices], config.sampling)
    reached = load_checkpoint(run, learner.models(), learner.optimizer) or Progress(
        epoch=0, best_epoch=0, best_score=-math.inf, history=()
    )
    steps = steps_per_epoch(len(indices), config.batch_size)
    last = config.epochs if stop_after is None else min(stop_after, config.epochs)
    with progress("Training the student", config.epochs * steps, done=reached.epoch * steps) as advance:
        while reached.epoch < last:
            loss = _train_epoch(learner, config, dataset, labels, sampling, reached.epoch, advance)
            reached = _validate(learner, dataset, reached, loss)
            save_checkpoint(run, reached, learner.models(), learner.optimizer, error=StudentError)
            with clear_errors(run):
                write_history(run, reached.history)
    if reached.epoch < config.epochs:
        return {}
    return _finish(run, learner, dataset, reached)


def _start(config: TrainConfig) -> _Learner:
    torch.manual_seed(config.seed)
    student = Student(config.student_spec)
    if config.init is not None:
        load_trunk_weights(student, config.init)
    student.to(memory_format=torch.channels_last)
    ema = ModelEmaV3(student, decay=config.ema_decay, use_warmup=True, warmup_power=0.75)
    best = Student(config.student_spec).eval()
    decayed = [p for p in student.parameters() if p.ndim > 1]
    plain = [p for p in student.parameters() if p.ndim <= 1]  # biases and norms are not shrunk
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=config.lr,
        fused=True,  # one pass over all tensors: a student has hundreds of small ones
    )
    return _Learner(student, ema, best, optimizer)


def _train_epoch(
    learner: _Learner,
    config: TrainConfig,
    dataset: Dataset,
    labels: SoftLabels,
    sampling: Sampling,
    epoch: int,
    advance: Advance,
) -> float:
    """One pass; returns the mean loss."""
    torch.manual_seed(config.seed * 100_003 + epoch)  # dropout; the prime keeps runs with neighbouring seeds apart
    rng = np.random.default_rng((config.seed, epoch))
    drawn = sampling.draw(rng)
    steps = steps_per_epoch(len(drawn), config.batch_size)
    drawn = drawn[: steps * config.batch_size]
    views = rng.integers(labels.seeds.shape[1], size=len(drawn))
    plan = ViewPlan(dataset.part(Part.TRAIN)[drawn], labels.seeds[drawn, views], config.teacher.finetune.view)
    size = config.train_size or config.student_spec.image_size
    learner.student.train()
    losses = []
    batches = view_batches(dataset, plan, size=size, batch_size=config.batch_size)
    for step, images in enumerate(batches):
        _set_lr(learner.optimizer, learning_rate(config, epoch + step / steps))
        at = slice(step * config.batch_size, (step + 1) * config.batch_size)
        targets = _targets(dataset, plan.indices[at], labels, drawn[at], views[at])
        losses.append(_step(learner, config, images, targets, sampling.shifts(drawn[at])))
        learner.ema.update(learner.student, step=epoch * steps + step)
        advance(f"epoch {epoch + 1}/{config.epochs} loss {losses[-1]:.3f}")
    return float(np.mean(losses))


def _step(learner: _Learner, config: TrainConfig, images: Tensor, targets: Targets, shifts: Shifts) -> float:
    spec = config.student_spec
    with this_compute().autocast(config.precision):
        output = learner.student(normalise(images, spec.mean, spec.std))
    output = StudentOutput(*(tensor.float() for tensor in output))
    loss = distillation_loss(output, targets, config=config.loss, shifts=shifts)
    _refuse_no_number(learner, loss.item(), "loss")
    learner.optimizer.zero_grad()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(learner.student.parameters(), MAX_GRADIENT)
    _refuse_no_number(learner, norm.item(), "gradient")
    learner.optimizer.step()
    return loss.item()


def _refuse_no_number(learner: _Learner, value: float, what: str) -> None:
    if not math.isfinite(value):
        rate = learner.optimizer.param_groups[0]["lr"]
        raise StudentError(
            f"the student's {what} is no number any more, at a learning rate of {rate:.1e}: the last checkpoint is "
            "kept; start again with a smaller --lr, or with --precision float32"
        )


def learning_rate(config: TrainConfig, epoch: float) -> float:
    """Linear warm-up, then half a cosine to 1% of the peak (Loshchilov & Hutter 2017). epoch: with its fraction."""
    if epoch < config.warmup_epochs:
        return config.lr * (epoch + 1e-3) / config.warmup_epochs
    share = (epoch - config.warmup_epochs) / max(config.epochs - config.warmup_epochs, 1e-9)
    return config.lr * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(share, 1.0))))


def _set_lr(optimizer: torch.optim.Optimizer, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr


def _targets(
    dataset: Dataset, indices: np.ndarray, labels: SoftLabels, drawn: np.ndarray, views: np.ndarray
) -> Targets:
    return Targets(
        malignant=torch.from_numpy(dataset.malignant(indices)).float(),
        conditions=torch.from_numpy(dataset.conditions(indices)),
        soft_malignancy=torch.from_numpy(labels.malignancy[drawn, views]),
        soft_conditions=torch.from_numpy(labels.conditions[drawn, views]),
    )


def _validate(learner: _Learner, dataset: Dataset, reached: Progress, loss: float) -> Progress:
    """Judge the averaged weights; keep them where they are the best so far."""
    indices = dataset.part(Part.VALIDATION)
    said = predict(learner.averaged, dataset, indices)
    _refuse_no_number(learner, float(said.malignancy.sum() + said.conditions.sum()), "answer")
    scores = quick_scores(said, dataset.malignant(indices), dataset.conditions(indices))
    score = (scores["malignancy_auc"] + scores["conditions_macro_auc"]) / 2  # NaN, where one is unknown, is never best
    epoch = reached.epoch + 1
    reached = replace(reached, epoch=epoch, history=(*reached.history, {"epoch": epoch, "loss": loss, **scores}))
    if score > reached.best_score:
        learner.best.load_state_dict(learner.averaged.state_dict())
        reached = replace(reached, best_epoch=epoch, best_score=score)
    return reached


def _finish(run: Path, learner: _Learner, dataset: Dataset, reached: Progress) -> dict[str, dict[str, Figure]]:
    if reached.best_epoch == 0:
        raise StudentError(f"{run}: no epoch was better than the untrained start, so there is no student to keep")
    with clear_errors(run), written_whole(run / WEIGHTS_NAME) as partial:
        save_file({name: value.contiguous() for name, value in learner.best.state_dict().items()}, partial)
    student = load_student(run)
    threshold = calibration_threshold(student, dataset)
    judged = (Part.VALIDATION, Part.TEST)
    found = {part.value: figures(student, dataset, part, threshold=threshold) for part in judged}
    with clear_errors(run):
        draw_curves(run, reached.history)
        write_metrics(run, reached, found)
        drop_checkpoints(run)
    return found
