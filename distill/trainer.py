"""The training loop, top to bottom: draw views, match the labels, average the weights, validate, save."""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import SafetensorError
from timm.utils import ModelEmaV3
from torch import Tensor, nn

from distill.checks import refuse_hopeless
from distill.config import TrainConfig
from distill.epochs import Row, beside, epoch_line, judged, of_teacher
from distill.evaluate import figures_of_run, predict
from distill.lessons import Lessons
from distill.loop.interruption import Patience, patient
from distill.loop.mixing import Mix, mix_of
from distill.loop.randomness import Randomness
from distill.loop.speed import Speed, Stopwatch, read_speeds, write_speeds
from distill.losses import FeatureMatch, Partner, Targets, distillation_loss
from distill.origin import origin_of, refuse_other_origin
from distill.run import clear_errors, draw_curves, write_history, write_metrics, write_weights
from distill.student import Student, StudentError, StudentOutput, load_first_weights, load_student
from runtime.bundle.load import Figure
from runtime.errors import first_line
from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan, normalise, planned_batches
from teacher.data.dataset import Dataset
from teacher.data.sampling import Sampling, Shifts, sampling_of
from teacher.data.splits import Part
from teacher.models.checkpoint import Progress, drop_checkpoints, load_checkpoint, save_checkpoint
from teacher.models.compute import Batch, Compute, in_common, this_compute
from teacher.models.fine_tuning import steps_per_epoch
from teacher.soft_labels import SoftLabels

MAX_GRADIENT = 5.0
"""Norm to which gradients are clipped: a rare batch of hard views would otherwise undo an epoch."""

CHECKPOINT_MINUTES = 5.0
"""Between checkpoints inside an epoch: what kill -9 or a power cut loses at most. One takes less than a second."""


@dataclass(frozen=True, kw_only=True)
class _Job:
    """What does not change during a run."""

    run: Path
    config: TrainConfig
    dataset: Dataset
    lessons: Lessons
    sampling: Sampling
    origin: dict[str, Any]
    compute: Compute
    steps: int
    """of an epoch"""
    minutes: float
    """between checkpoints inside an epoch"""


@dataclass(kw_only=True)
class _Learner:
    """What changes during a run."""

    student: Student
    forward: Callable[[Tensor], StudentOutput]
    """of the student in training: itself, or what was compiled of it"""
    match: FeatureMatch | None
    ema: ModelEmaV3
    best: Student
    optimizer: torch.optim.AdamW
    batch: Batch
    randomness: Randomness
    reached: Progress
    saved_at: float = field(default_factory=time.monotonic)
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    speeds: list[Speed] = field(default_factory=list)

    @property
    def averaged(self) -> Student:
        return cast(Student, self.ema.module)

    @property
    def learning(self) -> list[nn.Parameter]:
        return [*self.student.parameters(), *(self.match.parameters() if self.match else ())]

    def models(self) -> dict[str, nn.Module]:
        own = {"student": self.student, "ema": self.averaged, "best": self.best, "randomness": self.randomness}
        return own if self.match is None else {**own, "match": self.match}


def train(
    run: Path,
    config: TrainConfig,
    dataset: Dataset,
    lessons: Lessons | SoftLabels,
    *,
    stop_after: int | None = None,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    say: Callable[[str], None] = lambda _: None,
    after_step: Callable[[int, int], None] = lambda _epoch, _step: None,
    after_epoch: Callable[[Row], None] = lambda _: None,
) -> dict[str, dict[str, Figure]]:
    """Train the student of a run folder, from its newest checkpoint where it has one.

    Returns the figures of the validation and test parts. On one CPU process bit for bit the same for the same seed,
    data, machine kind and thread count, interrupted anywhere or not: everything drawn depends on (seed, epoch, step)
    only, and checkpoints hold the rest. `stop_after` ends the run, as an interruption would, after that many epochs.
    `say` is given one line an epoch, `after_epoch` its figures, `after_step` the whole epochs that are done and the
    steps of the next one. Raises StudentError where the data cannot make a student, the run began with other data or
    another configuration, the loss is no number any more, no epoch was better than the start, or the disk refuses.
    """
    refuse_hopeless(dataset)
    lessons = Lessons(lessons) if isinstance(lessons, SoftLabels) else lessons
    job = _job(run, config, dataset, lessons, checkpoint_minutes)
    _be_exact(job.compute)
    learner = _start(job)
    _go_on(learner, job)
    dataset.squares_for_views(dataset.part(Part.TRAIN))  # all of them now: photos that vanish later are not missed
    last = config.epochs if stop_after is None else min(stop_after, config.epochs)
    done = learner.reached.epoch * job.steps + learner.reached.step
    with (
        patient(together=job.compute.processes > 1) as patience,
        progress("Training the student", config.epochs * job.steps, done=done) as advance,
    ):
        try:
            while learner.reached.epoch < last:
                _train_epoch(learner, job, patience, advance, after_step)
                after_epoch(_validate(learner, job, say))
                _keep(learner, job)
        except KeyboardInterrupt:
            with patience:
                _keep_interrupted(learner, job)
            raise
    if learner.reached.epoch < config.epochs:
        return {}
    return _finish(learner, job)


def _job(run: Path, config: TrainConfig, dataset: Dataset, lessons: Lessons, minutes: float) -> _Job:
    compute = this_compute()
    if config.batch_size < 2 * compute.processes:  # an epoch's last batch may be half of one
        raise StudentError(
            f"--batch-size {config.batch_size} is for all {compute.processes} processes together: give at least "
            f"{2 * compute.processes}"
        )
    indices = dataset.part(Part.TRAIN)
    return _Job(
        run=run,
        config=config,
        dataset=dataset,
        lessons=lessons,
        sampling=sampling_of([dataset.samples[index] for index in indices], config.sampling),
        origin=origin_of(config, dataset, lessons),
        compute=compute,
        steps=steps_per_epoch(len(indices), config.batch_size),
        minutes=minutes,
    )


def _be_exact(compute: Compute) -> None:
    """A GPU has no deterministic form of some operations: there they warn."""
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # without it CUDA's products refuse
    torch.use_deterministic_algorithms(True, warn_only=compute.device.type != "cpu")


def _start(job: _Job) -> _Learner:
    config, compute = job.config, job.compute
    torch.manual_seed(config.seed)
    student = Student(config.student_spec)
    if config.init is not None:
        load_first_weights(student, config.init)
    compute.place(student)
    ema = ModelEmaV3(student, decay=config.ema_decay, use_warmup=True, warmup_power=0.75)
    best = Student(config.student_spec).eval()
    match = _match(student, job)
    every = [*student.parameters(), *(match.parameters() if match else ())]
    decayed = [p for p in every if p.ndim > 1]
    plain = [p for p in every if p.ndim <= 1]  # biases and norms are not shrunk
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}],
        lr=config.lr,
        fused=True,  # one pass over all tensors: a student has hundreds of small ones
    )
    batch = Batch(compute)
    in_common(student, batch)
    return _Learner(
        student=student,
        forward=torch.compile(student, dynamic=False) if config.compile else student,
        match=match,
        ema=ema,
        best=best,
        optimizer=optimizer,
        batch=batch,
        randomness=Randomness(compute.device),
        reached=Progress(epoch=0, best_epoch=0, best_score=-math.inf, history=(), origin=job.origin),
    )


def _match(student: Student, job: _Job) -> FeatureMatch | None:
    """What holds the student's features against the teacher's, where they weigh anything."""
    if not job.config.loss.feature_weight:
        return None
    if job.lessons.embeddings is None:
        raise StudentError("--feature-weight asks for the teacher's embeddings of the views, and none were given")
    width, dimensions = student.malignancy_head.in_features, job.lessons.embeddings.rows.shape[2]
    return job.compute.place(FeatureMatch(folds=job.lessons.folds, width=width, dimensions=dimensions))


def _go_on(learner: _Learner, job: _Job) -> None:
    """From the newest checkpoint, where there is one."""
    try:
        found = load_checkpoint(job.run, learner.models(), learner.optimizer)
    except (OSError, SafetensorError, RuntimeError, ValueError, KeyError, TypeError) as error:
        raise StudentError(
            f"{job.run}: its checkpoint cannot be read ({first_line(error)}); it is damaged, or of another version: "
            "start another run"
        ) from error
    if found is not None:
        refuse_other_origin(job.run, found.origin or {"config": {}, "data": {}}, job.origin)
        learner.reached = found
        learner.speeds = read_speeds(job.run, epochs=found.epoch)
    job.compute.wait()  # all must have read before the first one writes


def _train_epoch(
    learner: _Learner, job: _Job, patience: Patience, advance: Advance, after_step: Callable[[int, int], None]
) -> None:
    """What is left of an epoch: all of it, or the steps after those of a checkpoint."""
    config, compute, epoch, first = job.config, job.compute, learner.reached.epoch, learner.reached.step
    rng = np.random.default_rng((config.seed, epoch))
    drawn = job.sampling.draw(rng)[: job.steps * config.batch_size]
    seen = job.lessons.labels.seeds
    views = rng.integers(seen.shape[1], size=len(drawn))
    indices, seeds = job.dataset.part(Part.TRAIN)[drawn], seen[drawn, views]
    whole = ViewPlan(indices, seeds, config.teacher.finetune.view).slices(config.batch_size)
    counts = [len(part) for part in whole]
    mixes = [
        mix_of(config.mixup, seed=config.seed, epoch=epoch, step=step, count=count) for step, count in enumerate(counts)
    ]
    own = [part.slice(_places(mix, compute, len(part))) for part, mix in zip(whole, mixes, strict=True)]
    if first:
        learner.randomness.restore()
    else:
        torch.manual_seed(config.seed * 100_003 + epoch)  # dropout; the prime keeps neighbouring seeds apart
    learner.student.train()
    size = config.train_size or config.student_spec.image_size
    learner.stopwatch.begin()
    batches = learner.stopwatch.timed(planned_batches(job.dataset, own[first:], size=size), counts[first:])
    for step, images in enumerate(batches, start=first):
        rows = np.arange(counts[step]) + step * config.batch_size
        with patience:
            _set_lr(learner.optimizer, learning_rate(config, epoch + step / job.steps))
            mine = np.arange(counts[step])[learner.batch.begin(counts[step])]
            task = _task(job, indices[rows], drawn[rows], views[rows], mine, mixes[step])
            loss, stop = _step(learner, job, images, task, patience.told)
            learner.ema.update(learner.student, step=epoch * job.steps + step)
            learner.reached = replace(learner.reached, step=step + 1, losses=(*learner.reached.losses, loss))
        advance(f"epoch {epoch + 1}/{config.epochs} loss {loss:.3f}")
        if step + 1 < job.steps and time.monotonic() - learner.saved_at >= 60 * job.minutes:
            _keep(learner, job)
        after_step(epoch, step + 1)
        if stop:
            raise KeyboardInterrupt


def _places(mix: Mix | None, compute: Compute, count: int) -> slice | np.ndarray:
    """Of a batch, the places that this process draws views of: its own and, where views are mixed, their partners."""
    own = compute.share(count)
    return own if mix is None else mix.needed(np.arange(count)[own])


@dataclass(frozen=True, kw_only=True)
class _Task:
    """What one step asks of this process."""

    mine: np.ndarray
    """int64 [B], its places in the batch"""
    share: float
    """of the batch that these are"""
    targets: Targets
    shifts: Shifts
    mix: Mix | None
    partner: Partner | None


def _task(
    job: _Job, indices: np.ndarray, drawn: np.ndarray, views: np.ndarray, mine: np.ndarray, mix: Mix | None
) -> _Task:
    """indices, drawn, views: of the whole batch."""

    def known(places: np.ndarray) -> tuple[Targets, Shifts]:
        own = indices[places], drawn[places], views[places]
        return job.lessons.targets(job.dataset, *own, job.compute.device), job.sampling.shifts(drawn[places])

    targets, shifts = known(mine)
    partner = None
    if mix is not None:
        others, their_shifts = known(mix.partner[mine])
        partner = Partner(share=mix.share, targets=others, shifts=their_shifts)
    share = len(mine) / len(drawn)
    return _Task(mine=mine, share=share, targets=targets, shifts=shifts, mix=mix, partner=partner)


def _step(learner: _Learner, job: _Job, images: Tensor, task: _Task, told: bool) -> tuple[float, bool]:
    """The loss of the whole batch, and whether one of several processes was told to stop."""
    config, compute, spec = job.config, job.compute, job.config.student_spec
    with compute.autocast(config.precision):
        shown = normalise(images.to(compute.device, non_blocking=True), spec.mean, spec.std)
        output = learner.forward(shown if task.mix is None else task.mix.mixed(shown, task.mine))
    output = StudentOutput(*(tensor.float() for tensor in output))
    loss = distillation_loss(
        output, task.targets, config=config.loss, shifts=task.shifts, match=learner.match, partner=task.partner
    )
    value, stop = compute.summed(loss.item() * task.share, float(told and compute.processes > 1))
    _refuse_no_number(learner, value, "loss")
    learner.optimizer.zero_grad()
    (loss * task.share).backward()
    compute.add_up(learner.learning)
    norm = torch.nn.utils.clip_grad_norm_(learner.learning, MAX_GRADIENT)
    _refuse_no_number(learner, norm.item(), "gradient")
    learner.optimizer.step()
    return value, stop > 0


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


def _validate(learner: _Learner, job: _Job, say: Callable[[str], None]) -> Row:
    """Judge the averaged weights; keep them where they are the best so far. The others stand beside them."""
    reached, dataset = learner.reached, job.dataset
    said = predict(learner.averaged, dataset, dataset.part(Part.VALIDATION))
    _refuse_no_number(learner, float(said.malignancy.sum() + said.conditions.sum()), "answer")
    scores = judged(said, dataset)
    score = (scores["malignancy_auc"] + scores["conditions_macro_auc"]) / 2  # NaN, where one is unknown, is never best
    others = beside(cast(Student, learner.student.eval()), dataset) | of_teacher(job.run, dataset, reached.history)
    row = {"epoch": reached.epoch + 1, "loss": float(np.mean(reached.losses)), **scores, **others}
    history = (*reached.history, row)
    reached = replace(reached, epoch=reached.epoch + 1, step=0, losses=(), history=history)
    best = score > reached.best_score
    if best:
        learner.best.load_state_dict(learner.averaged.state_dict())
        reached = replace(reached, best_epoch=reached.epoch, best_score=score)
    learner.reached = reached
    speed = learner.stopwatch.speed(reached.epoch)
    learner.speeds.append(speed)
    say(epoch_line(row, epochs=job.config.epochs, best=best, speed=str(speed)))
    return {**row, "images_per_second": speed.images_per_second, "waiting": speed.waiting}


def _keep(learner: _Learner, job: _Job) -> None:
    """A checkpoint of where the learner stands, and the history of its whole epochs."""
    learner.saved_at = time.monotonic()
    if not job.compute.first:
        return
    learner.randomness.note()
    save_checkpoint(job.run, learner.reached, learner.models(), learner.optimizer, error=StudentError)
    with clear_errors(job.run):
        write_history(job.run, learner.reached.history)
        write_speeds(job.run, learner.speeds)


def _keep_interrupted(learner: _Learner, job: _Job) -> None:
    _keep(learner, job)
    if job.compute.first and learner.reached.history:
        with clear_errors(job.run):
            draw_curves(job.run, learner.reached.history)


def _finish(learner: _Learner, job: _Job) -> dict[str, dict[str, Figure]]:
    run, dataset, reached = job.run, job.dataset, learner.reached
    if reached.best_epoch == 0:
        raise StudentError(f"{run}: no epoch was better than the untrained start, so there is no student to keep")
    if job.compute.first:
        with clear_errors(run):
            write_weights(run, learner.best)
    job.compute.wait()
    student = load_student(run).to(job.compute.device)
    found = figures_of_run(student, dataset)
    if job.compute.first:
        with clear_errors(run):
            draw_curves(run, reached.history)
            write_metrics(run, reached, found)
            drop_checkpoints(run)
    job.compute.wait()
    return found
