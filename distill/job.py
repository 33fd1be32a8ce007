"""A run from its photos to its figures: data looked at, labels made where they are missing, the student trained."""

from pathlib import Path

import typer

from distill.checks import refuse_hopeless, refuse_unfit
from distill.config import TrainConfig
from distill.lessons import lessons_of
from distill.loop.speed import read_speeds, total
from distill.loop.tensorboard import logged
from distill.trainer import CHECKPOINT_MINUTES, train
from runtime.bundle.load import Figure
from teacher.data.dataset import DataOptions, Dataset, describe_parts, open_dataset
from teacher.models.compute import this_compute
from teacher.soft_labels import describe, missing_labels, soft_labels_folder


def checked_data(run: Path, config: TrainConfig) -> Dataset:
    """The photos of a run, once it is sure that a student can be made of them. Raises StudentError."""
    typer.echo(f"run: {run}")
    dataset = looked_at(config.data)
    refuse_unfit(config)
    return dataset


def looked_at(options: DataOptions) -> Dataset:
    """Photos, with what is to be said of them. Raises StudentError where no student at all can be made of them."""
    dataset = open_dataset(options)
    for line in (*dataset.notes, describe_parts(dataset), *refuse_hopeless(dataset)):
        typer.echo(line)
    return dataset


def train_run(
    run: Path,
    config: TrainConfig,
    dataset: Dataset,
    *,
    checkpoint_minutes: float = CHECKPOINT_MINUTES,
    tensorboard: bool = False,
) -> dict[str, dict[str, Figure]]:
    """Begin or go on with the run of a folder, and say how it goes; the figures of validation and test.

    Raises StudentError, TeacherError, DataError.
    """
    if missing := missing_labels(dataset, config.teacher):
        typer.echo(f"No soft labels of teacher {', '.join(missing)} for this data yet: making them first.")
    lessons = lessons_of(dataset, config)
    typer.echo(describe(soft_labels_folder(dataset, config.teacher)))
    if this_compute().processes > 1:
        typer.echo(f"{this_compute().processes} processes share each batch of {config.batch_size}")
    with logged(run, wanted=tensorboard and this_compute().first) as after_epoch:
        found = train(
            run,
            config,
            dataset,
            lessons,
            checkpoint_minutes=checkpoint_minutes,
            say=typer.echo,
            after_epoch=after_epoch,
        )
    if speeds := read_speeds(run, epochs=config.epochs):
        typer.echo(f"speed: {total(speeds)} for views, over {total(speeds).images:,} images")
    return found
