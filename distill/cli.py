"""`python -m distill`: soft labels to a student."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from distill.config import TrainConfig
from distill.int8.fine_tune import BLOCK, QuantizeConfig
from distill.int8.quantised_student import FOLDER, ensure_quantised, read_agreement
from distill.int8.simulate import Scheme
from distill.run import CURVES_NAME, DEFAULT_RUNS, create_run, is_finished, newest_run, read_config
from distill.student import STUDENTS, StudentError, student_spec
from distill.trainer import train as train_student
from runtime.bundle.load import Figure
from runtime.photo.decode import INPUT_SIZE
from teacher.console import figure_text, print_table, run_cli
from teacher.data.dataset import DEFAULT_CACHE, DataOptions, describe_parts, open_dataset
from teacher.models.encoder import EncoderChoice
from teacher.models.fine_tuning import FinetuneConfig
from teacher.models.siglip import PRESETS
from teacher.models.trunks import TIMM_PREFIX
from teacher.soft_labels import TeacherConfig, describe, ensure_soft_labels, soft_labels_folder

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)

Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Profile:
    """Defaults that differ between the embedded drawings and real photos."""

    epochs: int
    image_size: int
    lr: float
    soft_weight: float
    teacher_epochs: int
    views: int


# The drawings must be learnt from scratch within minutes on two cores, hence the small input; photos keep the size
# that pretrained trunks expect.
SYNTHETIC = Profile(epochs=18, image_size=128, lr=2e-3, soft_weight=0.3, teacher_epochs=6, views=4)
PHOTOS = Profile(epochs=12, image_size=INPUT_SIZE, lr=1e-3, soft_weight=0.3, teacher_epochs=8, views=6)

_LABELS = {
    "malignancy_auc": "malignancy AUC",
    "malignancy_sensitivity": "malignancy sensitivity (threshold from calibration, target 95%)",
    "malignancy_specificity": "malignancy specificity at the same threshold",
    "sensitivity_at_specificity_80": "malignancy sensitivity at 80% specificity",
    "condition_accuracy": "conditions accuracy",
    "conditions_macro_auc": "conditions macro-AUC",
}
_AGREEMENT_LABELS = {
    "tier_agreement": "same tier by malignancy",
    "malignancy_mean_difference": "malignancy, mean difference",
    "malignancy_max_difference": "malignancy, largest difference",
    "condition_agreement": "same likeliest condition",
    "feature_error": "features, error beside their spread",
    "int8_auc": "malignancy AUC",
}


@app.command()
def train(
    student: Annotated[str, typer.Option(help=f"{', '.join(STUDENTS)}, or any timm model name.")] = "mobilenetv3",
    data: Annotated[
        Path | None, typer.Option(help="Folder of labelled photos; without it the synthetic dataset.")
    ] = None,
    init: Annotated[Path | None, typer.Option(help="safetensors with a pretrained trunk in timm's names.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs (18 synthetic, 12 photos).")] = None,
    batch_size: Annotated[int, typer.Option(min=2, help="Images per step.")] = 32,
    lr: Annotated[float | None, typer.Option(help="Peak learning rate.")] = None,
    weight_decay: Annotated[float, typer.Option(help="Of AdamW, on weights only.")] = 0.02,
    ema_decay: Annotated[float, typer.Option(help="Of the averaged weights.")] = 0.998,
    drop_rate: Annotated[float, typer.Option(help="Dropout before the heads.")] = 0.2,
    soft_weight: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of the teacher's labels in the loss.")
    ] = None,
    sampling_power: Annotated[float, typer.Option(min=0, max=1, help="0: the data's frequencies; 1: all equal.")] = 0.5,
    image_size: Annotated[int | None, typer.Option(min=32, help="Side of the student's input.")] = None,
    train_size: Annotated[int | None, typer.Option(min=32, help="Side of the training views, where smaller.")] = None,
    precision: Annotated[Precision, typer.Option(help="bfloat16 is faster where the CPU has it.")] = "float32",
    teacher: Annotated[
        str, typer.Option(help=f"{', '.join(PRESETS)}, a SigLIP checkpoint or folder, or {TIMM_PREFIX}NAME.")
    ] = "tiny",
    teacher_init: Annotated[Path | None, typer.Option(help="safetensors with the trunk of a timm teacher.")] = None,
    teacher_size: Annotated[int | None, typer.Option(min=32, help="Input side of a timm teacher.")] = None,
    teacher_epochs: Annotated[int | None, typer.Option(min=1, help="Fine-tuning epochs of the teacher.")] = None,
    teacher_lr: Annotated[float, typer.Option(help="Peak learning rate of the teacher.")] = 1e-3,
    folds: Annotated[int, typer.Option(min=2, help="Cross-fitting folds of the teacher.")] = 2,
    views: Annotated[int | None, typer.Option(min=1, help="Seeded views per training image.")] = None,
    synthetic_count: Annotated[int, typer.Option(min=200, help="Drawings in the synthetic dataset.")] = 2000,
    seed: Annotated[int, typer.Option(help="Seed of everything.")] = 0,
    name: Annotated[str | None, typer.Option(help="Name of the run folder.")] = None,
    runs: Annotated[Path, typer.Option(help="Folder of runs.")] = DEFAULT_RUNS,
    cache: Annotated[Path, typer.Option(help="Folder for everything derived from the data.")] = DEFAULT_CACHE,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the newest unfinished run (or --name).")] = False,
) -> None:
    """Train a student from soft labels, making the labels first where they are missing."""
    if resume:
        run = runs / name if name else newest_run(runs, finished=False)
        _train_run(run, read_config(run))
        return
    profile = SYNTHETIC if data is None else PHOTOS
    size = image_size or profile.image_size
    config = TrainConfig(
        student=student,
        student_spec=student_spec(student, image_size=size, drop_rate=drop_rate),
        data=DataOptions(root=data, image_size=size, cache=cache, seed=seed, synthetic_count=synthetic_count),
        teacher=TeacherConfig(
            encoder=EncoderChoice(name=teacher, init=teacher_init, image_size=teacher_size),
            finetune=FinetuneConfig(
                epochs=teacher_epochs or profile.teacher_epochs, lr=teacher_lr, precision=precision, seed=seed
            ),
            folds=folds,
            views=views or profile.views,
            seed=seed,
        ),
        init=init,
        epochs=epochs or profile.epochs,
        batch_size=batch_size,
        lr=lr or profile.lr,
        weight_decay=weight_decay,
        ema_decay=ema_decay,
        soft_weight=profile.soft_weight if soft_weight is None else soft_weight,
        sampling_power=sampling_power,
        train_size=train_size,
        precision=precision,
        seed=seed,
    )
    _train_run(create_run(runs, config, name=name), config)


@app.command()
def quantize(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    steps: Annotated[int, typer.Option(min=1, help="Steps of the fine-tune.")] = QuantizeConfig.steps,
    batch_size: Annotated[int, typer.Option(min=2, help="Images per step.")] = QuantizeConfig.batch_size,
    lr: Annotated[float, typer.Option(help="Peak learning rate of the weights.")] = QuantizeConfig.lr,
    range_lr: Annotated[float, typer.Option(help="And of the logarithm of the ranges.")] = QuantizeConfig.range_lr,
    train_size: Annotated[
        int, typer.Option(min=32, help="Side of the views, where the student's input is not smaller.")
    ] = QuantizeConfig.train_size,
    float_convolutions: Annotated[int, typer.Option(min=0, help="How many of the first convolutions stay float.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of everything.")] = 0,
) -> None:
    """Fine-tune a finished student with simulated INT8 until it answers in 8 bit as in float."""
    config = QuantizeConfig(
        steps=steps,
        batch_size=batch_size,
        lr=lr,
        range_lr=range_lr,
        train_size=train_size,
        scheme=Scheme(float_convolutions=float_convolutions),
        seed=seed,
    )
    try:
        ensure_quantised(run, config=config)
    except KeyboardInterrupt:
        typer.echo(f"interrupted: every {BLOCK} whole steps are saved; the same command goes on from there", err=True)
        raise
    _report_agreement(run)


def _report_agreement(run: Path) -> None:
    found = read_agreement(run)
    before, after = found["before"], found["after"]
    rows = [(label, *(f"{side[key]:.4f}" for side in (before, after))) for key, label in _AGREEMENT_LABELS.items()]
    header = ("simulated INT8 beside float32", "before", "after")
    print_table(f"{run.name}: {found['n']} validation photos, float32 AUC {after['float32_auc']:.4f}", header, rows)
    typer.echo(f"weights and ranges: {run / FOLDER}\nnext: uv run python -m export all --run {run}")


def _train_run(run: Path, config: TrainConfig) -> None:
    if is_finished(run):
        raise StudentError(f"{run} is finished; nothing to resume")
    typer.echo(f"run: {run}")
    dataset = open_dataset(config.data)
    for line in (*dataset.notes, describe_parts(dataset)):
        typer.echo(line)
    folder = soft_labels_folder(dataset, config.teacher)
    if not (folder / "report.json").is_file():
        typer.echo(f"No soft labels of teacher {config.teacher.encoder.name} for this data yet: making them first.")
    labels = ensure_soft_labels(dataset, config.teacher)
    typer.echo(describe(folder))
    try:
        found = train_student(run, config, dataset, labels)
    except KeyboardInterrupt:
        typer.echo(f"interrupted: all whole epochs are saved. Continue: {_resume_command(run)}", err=True)
        raise
    _report(run, found)


def _resume_command(run: Path) -> str:
    return f"uv run python -m distill train --resume --runs {run.parent} --name {run.name}"


def _report(run: Path, found: dict[str, dict[str, Figure]]) -> None:
    rows = [
        (label, *(figure_text(found[part][key]) for part in ("validation", "test"))) for key, label in _LABELS.items()
    ]
    print_table(f"{run.name}: figures with 95% intervals", ("figure", "validation", "test"), rows)
    typer.echo(f"weights, history and {CURVES_NAME}: {run}\nnext: uv run python -m export all --run {run}")


def main() -> None:
    run_cli(app)
