"""`python -m distill`: soft labels to a student."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from distill.checks import refuse_hopeless, refuse_unfit
from distill.config import TrainConfig
from distill.evaluate import open_student, stored_teacher
from distill.int8.fine_tune import BLOCK, QuantizeConfig
from distill.int8.quantised_student import FOLDER, ensure_quantised, read_agreement
from distill.run import CURVES_NAME, DEFAULT_RUNS, create_run, free_folder, is_finished, newest_run, read_config
from distill.student import StudentError, student_spec
from distill.trainer import CHECKPOINT_MINUTES
from distill.trainer import train as train_student
from runtime.bundle.load import Figure
from runtime.photo.decode import INPUT_SIZE
from teacher.console import figure_text, print_table, run_cli
from teacher.data.dataset import Dataset, describe_parts, open_dataset
from teacher.evaluation.command import EvaluateOptions, judge_and_show, refuse_contradictions
from teacher.models.compute import this_compute
from teacher.models.config import ENCODER_OPTIONS, TeacherNames
from teacher.options import OPTION, Draft, View, from_dataclasses, values_of
from teacher.soft_labels import describe, ensure_soft_labels, missing_labels, soft_labels_folder

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@dataclass(frozen=True)
class Profile:
    """Defaults that differ between the embedded drawings and real photos."""

    epochs: int
    batch_size: int
    image_size: int
    lr: float
    soft_weight: float
    teacher_epochs: int
    teacher_lr: float
    views: int
    train_share: float | None = None
    """side of the training views as a share of the input's, where smaller"""

    def train_size(self, image_size: int) -> int | None:
        """The side of the training views, a multiple of 32 as strides want it."""
        return None if self.train_share is None else 32 * round(self.train_share * image_size / 32)


# The drawings must be learnt from scratch within minutes on two cores, hence the small input; photos keep the size that
# pretrained trunks expect. The drawings' teacher knows drawings before the job begins: it is tuned gently, and weighs
# more than the labels. (14 epochs of 96-pixel views in batches of 16 ended at a test AUC of 0.78.)
SYNTHETIC = Profile(
    epochs=18,
    batch_size=32,
    image_size=128,
    lr=2e-3,
    soft_weight=0.7,
    teacher_epochs=2,
    teacher_lr=1e-4,
    views=4,
)
PHOTOS = Profile(
    epochs=12,
    batch_size=32,
    image_size=INPUT_SIZE,
    lr=1e-3,
    soft_weight=0.3,
    teacher_epochs=8,
    teacher_lr=1e-3,
    views=6,
)
UNSET = {one.name for one in fields(Profile)} - {"train_share"} | {"train_size"}
"""Options whose default the profile decides."""

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


@dataclass(frozen=True, kw_only=True)
class RunChoice:
    """Which run a training is."""

    name: Annotated[str | None, OPTION] = None
    """name of the run folder"""
    runs: Annotated[Path, OPTION] = DEFAULT_RUNS
    """folder of runs"""
    resume: Annotated[bool, typer.Option("--resume")] = False
    """continue the newest unfinished run (or --name)"""
    checkpoint_minutes: Annotated[float, typer.Option(min=0)] = CHECKPOINT_MINUTES
    """minutes between checkpoints inside an epoch; 0 makes one after every step"""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a student is judged on."""

    root: Annotated[Path | None, typer.Option("--data")] = None
    """folder of other labelled photos than those of its run"""


@app.command()
@from_dataclasses
def train(
    context: typer.Context,
    draft: Annotated[Draft[TrainConfig], View(unset=UNSET, without=ENCODER_OPTIONS)],
    teachers: TeacherNames,
    choice: RunChoice,
) -> None:
    """Train a student from soft labels, making the labels first where they are missing."""
    if choice.resume:
        given = {name: value for name, value in draft.values.items() if _given(context, name)}
        named = any(_given(context, name) for name in ENCODER_OPTIONS)
        _resume(choice, given, teachers if named else None)
        return
    draft = draft.filled(_defaults(draft.values))
    given = draft.values
    spec = student_spec(given["student"], image_size=given["image_size"], drop_rate=given["drop_rate"])
    config = draft.finished(student_spec=spec)
    config = replace(config, teacher=teachers.of(config.teacher))
    compute = this_compute()
    run = Path(compute.agreed(str(free_folder(choice.runs, config, name=choice.name))))
    dataset = _checked_data(run, config)
    if compute.first:
        create_run(run.parent, config, name=run.name)
    compute.wait()
    _train_run(run, config, dataset, choice)


def _resume(choice: RunChoice, given: Mapping[str, Any], teachers: TeacherNames | None) -> None:
    """`given`, `teachers`: what stands on the command line."""
    run = choice.runs / choice.name if choice.name else newest_run(choice.runs, finished=False)
    config = read_config(run)
    known = values_of(config)
    told = [
        f"--{name.replace('_', '-')} is {known[name]} there"
        for name, value in given.items()
        if name in known and known[name] != value
    ]
    if teachers is not None and teachers.of(config.teacher) != config.teacher:
        told.append(f"--teacher is {', '.join(one.encoder.name for one in config.teacher.members)} there")
    if told:
        raise StudentError(
            f"--resume goes on with the options that {run} began with, and these are others: {', '.join(told)}; "
            "leave them out, or start another run without --resume"
        )
    if is_finished(run):
        raise StudentError(f"{run} is finished; nothing to resume")
    _train_run(run, config, _checked_data(run, config), choice)


def _given(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line; else its value is a default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    profile = SYNTHETIC if given["data"] is None else PHOTOS
    plain = {name: value for name, value in asdict(profile).items() if name in UNSET}
    return {**plain, "train_size": profile.train_size(given["image_size"] or profile.image_size)}


@app.command()
@from_dataclasses
def quantize(run: Annotated[Path, typer.Argument(help="Folder of a finished run.")], config: QuantizeConfig) -> None:
    """Fine-tune a finished student with simulated INT8 until it answers in 8 bit as in float."""
    try:
        ensure_quantised(run, config=config)
    except KeyboardInterrupt:
        typer.echo(f"interrupted: every {BLOCK} whole steps are saved; the same command goes on from there", err=True)
        raise
    _report_agreement(run)


@app.command()
@from_dataclasses
def evaluate(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")], source: Source, options: EvaluateOptions
) -> None:
    """Judge a finished student as `python -m teacher evaluate` judges bundles, beside its teacher where that can be."""
    refuse_contradictions(options)
    judged, config = open_student(run), read_config(run)
    dataset = open_dataset(config.data if source.root is None else replace(config.data, root=source.root))
    beside = stored_teacher(run, dataset, options.part) if source.root is None else {}
    judge_and_show(judged, dataset, options, beside=beside)


def _report_agreement(run: Path) -> None:
    found = read_agreement(run)
    before, after = found["before"], found["after"]
    rows = [(label, *(f"{side[key]:.4f}" for side in (before, after))) for key, label in _AGREEMENT_LABELS.items()]
    header = ("simulated INT8 beside float32", "before", "after")
    print_table(f"{run.name}: {found['n']} validation photos, float32 AUC {after['float32_auc']:.4f}", header, rows)
    typer.echo(f"weights and ranges: {run / FOLDER}\nnext: uv run python -m export all --run {run}")


def _checked_data(run: Path, config: TrainConfig) -> Dataset:
    """The photos of a run, once it is sure that a student can be made of them. Raises StudentError."""
    typer.echo(f"run: {run}")
    dataset = open_dataset(config.data)
    for line in (*dataset.notes, describe_parts(dataset), *refuse_hopeless(dataset)):
        typer.echo(line)
    refuse_unfit(config)
    return dataset


def _train_run(run: Path, config: TrainConfig, dataset: Dataset, choice: RunChoice) -> None:
    if missing := missing_labels(dataset, config.teacher):
        typer.echo(f"No soft labels of teacher {', '.join(missing)} for this data yet: making them first.")
    labels = ensure_soft_labels(dataset, config.teacher)
    typer.echo(describe(soft_labels_folder(dataset, config.teacher)))
    if this_compute().processes > 1:
        typer.echo(f"{this_compute().processes} processes share each batch of {config.batch_size}")
    try:
        found = train_student(
            run, config, dataset, labels, checkpoint_minutes=choice.checkpoint_minutes, say=typer.echo
        )
    except KeyboardInterrupt:
        typer.echo(f"interrupted: every whole step is saved. Continue: {_resume_command(run)}", err=True)
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
