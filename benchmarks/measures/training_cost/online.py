"""How much faster does a student learn from stored labels than with its teacher at work, as in timm's distillation?

The online way is timm's own: its image folder, its loader, its augmentations, and `timm.task.LogitDistillationTask`,
which asks the teacher about every batch. Ours asks the teacher once about each stored view and then trains with
`distill.trainer`, its views, loss and average of the weights included. Same pictures, architectures, input, batch,
optimizer, number of threads and precision; both take turns, an epoch each. Nothing here depends on what the weights
are, so they are random. The teacher's own fine-tuning is in neither.
"""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import timm
import torch
import typer
from PIL import Image
from timm.data import ImageDataset, create_loader
from timm.optim import create_optimizer_v2
from timm.task import LogitDistillationTask
from timm.utils import ModelEmaV3
from torch import nn

from benchmarks.outcome import Outcome, Table
from benchmarks.workshop.environment import environment
from distill.config import TrainConfig
from distill.run import create_run
from distill.student import student_spec
from distill.trainer import train
from runtime.conditions import CONDITIONS
from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan
from teacher.data.dataset import DataOptions, Dataset, open_dataset
from teacher.data.splits import Part
from teacher.models.answers import ask
from teacher.models.compute import this_compute
from teacher.models.config import TIMM_PREFIX, EncoderChoice, Precision, TeacherConfig
from teacher.models.network import Teacher
from teacher.options import OPTION
from teacher.soft_labels import SoftLabels

TARGET = 3.0
"""Times as many images a second as with the teacher at work."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `online` asks."""

    teacher: Annotated[str, OPTION] = "vit_base_patch16_siglip_224"
    """timm name of the teacher"""
    student: Annotated[str, OPTION] = "mobilenetv3"
    """as for `distill train`"""
    size: Annotated[int, typer.Option(min=32)] = 224
    """side of the input of both, in pixels: timm's task shows both the same"""
    count: Annotated[int, typer.Option(min=200)] = 200
    """drawings; about two thirds of them are learned from"""
    views: Annotated[int, typer.Option(min=1)] = 4
    """stored views of each"""
    epochs: Annotated[int, typer.Option(min=1)] = 12
    """of a whole training, for the bill at the end"""
    rounds: Annotated[int, typer.Option(min=1)] = 3
    """epochs of each way that are timed"""
    batch_size: Annotated[int, typer.Option(min=2)] = 16
    """images per step"""
    workers: Annotated[int, typer.Option(min=0)] = os.cpu_count() or 1
    """processes of timm's loader; 0 draws in the training's own"""
    precision: Annotated[Precision, OPTION] = "float32"
    """of the arithmetic of both"""
    out: Annotated[Path, OPTION] = Path("artifacts/online.json")
    """where the JSON goes"""


@dataclass(frozen=True, kw_only=True)
class Found:
    """Seconds of one image, in each round."""

    online: tuple[float, ...]
    stored: tuple[float, ...]
    label: float
    """what the teacher takes for one view"""

    @property
    def ratio(self) -> float:
        """Of images a second, from medians."""
        return float(np.median(self.online) / np.median(self.stored))

    def bill(self, *, epochs: int, views: int) -> tuple[float, float]:
        """Seconds for each image of a whole training: online, and stored with the labels that are made for it."""
        stored = float(np.median(self.stored))
        return epochs * float(np.median(self.online)), epochs * stored + views * self.label


def measure(options: Options) -> Outcome:
    """Images a second of timm's online distillation and of training from stored labels, with the same teacher."""
    with tempfile.TemporaryDirectory() as folder, _quiet_timm():
        found, learned_from = _found(options, Path(folder))
    online, stored = found.bill(epochs=options.epochs, views=options.views)
    figures = {
        "options": {name: str(value) for name, value in asdict(options).items()},
        "environment": environment(None),
        "images": learned_from,
        **asdict(found),
        "ratio": found.ratio,
        "whole_training_ratio": online / stored,
    }
    return Outcome(
        figures=(options.out, figures),
        tables=[_table(found, options)],
        lines=[
            f"training from stored labels is {found.ratio:.2f} times as fast (target {TARGET:.0f})",
            f"{options.epochs} epochs, labels of {options.views} views made for them: {online / stored:.2f} times",
            f"all figures: {options.out}",
        ],
    )


def _table(found: Found, options: Options) -> Table:
    rows = [
        ("timm, teacher at work", f"{1 / float(np.median(found.online)):.1f}", _span(found.online)),
        ("from stored labels", f"{1 / float(np.median(found.stored)):.1f}", _span(found.stored)),
        ("making the labels", f"{1 / found.label:.1f}", ""),
    ]
    title = f"{options.student} from {options.teacher}, {options.size} pixels, batches of {options.batch_size}"
    return Table(title, ("way", "images a second", "rounds"), rows)


def _span(seconds: tuple[float, ...]) -> str:
    return f"{1 / max(seconds):.1f} to {1 / min(seconds):.1f}"


def _found(options: Options, folder: Path) -> tuple[Found, int]:
    config = _config(options, folder)
    dataset = open_dataset(config.data)
    pictures = dataset.part(Part.TRAIN)
    teacher = Teacher(config.teacher.encoder).eval()
    with progress("Making labels", 1) as advance:
        labels, label = _labels(teacher, dataset, config)
        advance("")
    jpegs = folder / "pictures"
    _write_pictures(dataset, pictures, jpegs)
    online_epoch, stored_epoch = _online(options, jpegs), _stored(config, dataset, labels, folder / "runs")
    online, stored = [], []
    with progress("Learning in turns", 2 * (options.rounds + 1)) as advance:
        for number in range(options.rounds + 1):
            pair = [_timed(way, advance) for way in (online_epoch, stored_epoch)]
            if number:  # the first is the warm-up
                online.append(pair[0])
                stored.append(pair[1])
    return Found(online=tuple(online), stored=tuple(stored), label=label), len(pictures)


def _timed(epoch: Callable[[], list[tuple[int, float]]], advance: Advance) -> float:
    """Seconds of one image, from the end of the first step to that of the last: how a loader starts is in neither."""
    steps = epoch()
    advance("")
    return (steps[-1][1] - steps[0][1]) / sum(images for images, _ in steps[1:])


def _config(options: Options, folder: Path) -> TrainConfig:
    data = DataOptions(image_size=options.size, cache=folder / "cache", synthetic_count=options.count)
    encoder = EncoderChoice(name=f"{TIMM_PREFIX}{options.teacher}", image_size=options.size)
    return TrainConfig(
        student=options.student,
        student_spec=student_spec(options.student, image_size=options.size),
        data=data,
        teacher=TeacherConfig(encoder=encoder, views=options.views),
        epochs=options.rounds + 1,
        batch_size=options.batch_size,
        precision=options.precision,
        lr=1e-4,
    )


def _labels(teacher: Teacher, dataset: Dataset, config: TrainConfig) -> tuple[SoftLabels, float]:
    """Of all views of the training part, and the seconds that one took."""
    indices, views = dataset.part(Part.TRAIN), config.teacher.views
    seeds = np.arange(len(indices) * views, dtype=np.int64).reshape(len(indices), views)
    plan = ViewPlan(np.repeat(indices, views), seeds.ravel())
    began = time.perf_counter()
    said = ask(
        teacher,
        dataset,
        plan,
        size=teacher.image_size,
        mean=teacher.mean,
        std=teacher.std,
        precision=config.precision,
    )
    taken = (time.perf_counter() - began) / len(plan)
    shape = (len(indices), views)
    return SoftLabels(seeds, said.malignancy.reshape(shape), said.conditions.reshape(*shape, -1)), taken


def _write_pictures(dataset: Dataset, indices: np.ndarray, folder: Path) -> None:
    """A folder per condition, as timm and torchvision have it."""
    for condition in CONDITIONS:
        (folder / condition.value).mkdir(parents=True)
    for index in indices:
        name = CONDITIONS[int(dataset.conditions(np.array([index]))[0])].value
        Image.fromarray(np.asarray(dataset.square(int(index)))).save(folder / name / f"{index}.jpg", quality=90)


def _online(options: Options, folder: Path) -> Callable[[], list[tuple[int, float]]]:
    """An epoch of timm's way: images and time after each step."""
    compute, count = this_compute(), len(CONDITIONS)
    loader = create_loader(
        ImageDataset(str(folder)),
        input_size=(3, options.size, options.size),
        batch_size=options.batch_size,
        is_training=True,
        num_workers=options.workers,
        persistent_workers=options.workers > 0,
        use_prefetcher=False,
    )
    student = timm.create_model(student_spec(options.student, image_size=options.size).arch, num_classes=count)
    teacher = _teacher(options, count)
    task = LogitDistillationTask(student, teacher, task_loss_weight=0.3, temperature=2.0, verbose=False)
    task.to(compute.device).train()
    optimizer = create_optimizer_v2(student, opt="adamw", lr=1e-4, weight_decay=0.02)
    average = ModelEmaV3(student, decay=0.998)

    def epoch() -> list[tuple[int, float]]:
        steps = []
        for images, target in loader:
            with compute.autocast(options.precision):
                loss = task(images.to(compute.device), target.to(compute.device))["loss"]
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(student.parameters(), 5.0)
            optimizer.step()
            average.update(student)
            steps.append((len(images), time.perf_counter()))
        return steps

    return epoch


def _teacher(options: Options, count: int) -> nn.Module:
    """A transformer must be told the size of its input, which a convolutional network does not know."""
    try:
        return timm.create_model(options.teacher, num_classes=count, img_size=options.size)
    except TypeError:
        return timm.create_model(options.teacher, num_classes=count)


def _stored(
    config: TrainConfig, dataset: Dataset, labels: SoftLabels, runs: Path
) -> Callable[[], list[tuple[int, float]]]:
    """One more epoch of the trainer's way: the run goes on where it stopped."""
    run = create_run(runs, config)
    done = 0

    def epoch() -> list[tuple[int, float]]:
        nonlocal done
        steps: list[tuple[int, float]] = []

        def note(epochs: int, step: int) -> None:
            steps.append((config.batch_size, time.perf_counter()))

        done += 1
        train(run, config, dataset, labels, stop_after=done, after_step=note)
        return steps

    return epoch


@contextmanager
def _quiet_timm() -> Iterator[None]:
    """timm's remarks on models without weights are no news here."""
    logger = logging.getLogger("timm")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
