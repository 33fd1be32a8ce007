"""`python -m teacher`: data roots to soft labels."""

from pathlib import Path
from typing import Annotated

import typer

from teacher.console import run_cli
from teacher.data.dataset import DEFAULT_CACHE, DataOptions, describe_parts, open_dataset
from teacher.models.encoder import EncoderChoice
from teacher.models.fine_tuning import FinetuneConfig
from teacher.models.siglip import PRESETS
from teacher.models.trunks import TIMM_PREFIX
from teacher.soft_labels import TeacherConfig, describe, ensure_soft_labels, soft_labels_folder

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.command()
def data(
    data: Annotated[
        Path | None, typer.Option(help="Folder of labelled photos; without it the synthetic dataset.")
    ] = None,
    cache: Annotated[Path, typer.Option(help="Folder for decoded pixels and the split file.")] = DEFAULT_CACHE,
    image_size: Annotated[int, typer.Option(min=32, help="Side of the canonical squares in pixels.")] = 224,
    seed: Annotated[int, typer.Option(help="Seed of the split.")] = 0,
) -> None:
    """Load, check and split a data root; say what was found."""
    dataset = open_dataset(DataOptions(root=data, cache=cache, image_size=image_size, seed=seed))
    for note in dataset.notes:
        typer.echo(note)
    typer.echo(f"{describe_parts(dataset)}\nsplit file: {dataset.split_path}")


@app.command(name="soft-labels")
def soft_labels(
    data: Annotated[
        Path | None, typer.Option(help="Folder of labelled photos; without it the synthetic dataset.")
    ] = None,
    teacher: Annotated[
        str, typer.Option(help=f"{', '.join(PRESETS)}, a SigLIP checkpoint or folder, or {TIMM_PREFIX}NAME.")
    ] = "tiny",
    teacher_init: Annotated[Path | None, typer.Option(help="safetensors with the trunk of a timm teacher.")] = None,
    teacher_size: Annotated[int | None, typer.Option(min=32, help="Input side of a timm teacher.")] = None,
    teacher_epochs: Annotated[int, typer.Option(min=1, help="Fine-tuning epochs.")] = 12,
    teacher_lr: Annotated[float, typer.Option(help="Peak learning rate; pretrained: about 3e-4.")] = 1e-3,
    folds: Annotated[int, typer.Option(min=2, help="Cross-fitting folds.")] = 2,
    views: Annotated[int, typer.Option(min=1, help="Seeded views per training image.")] = 8,
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    image_size: Annotated[int, typer.Option(min=32, help="Side of the canonical squares in pixels.")] = 224,
    cache: Annotated[Path, typer.Option(help="Folder for everything derived from the data.")] = DEFAULT_CACHE,
    seed: Annotated[int, typer.Option(help="Seed of everything.")] = 0,
) -> None:
    """Train cross-fitted teachers and store what they say of every training image in every view."""
    dataset = open_dataset(DataOptions(root=data, cache=cache, image_size=image_size, seed=seed))
    config = TeacherConfig(
        encoder=EncoderChoice(name=teacher, init=teacher_init, image_size=teacher_size),
        finetune=FinetuneConfig(epochs=teacher_epochs, lr=teacher_lr, precision=precision, seed=seed),
        folds=folds,
        views=views,
        seed=seed,
    )
    ensure_soft_labels(dataset, config)
    folder = soft_labels_folder(dataset, config)
    typer.echo(f"{describe(folder)}\n{folder}")


def main() -> None:
    run_cli(app)
