"""`python -m distill`: soft labels to a student."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from distill.common_prior import common_prior_run
from distill.config import TrainConfig
from distill.evaluate import open_student, stored_teacher
from distill.int8.fine_tune import BLOCK, QuantizeConfig
from distill.int8.quantised_student import FOLDER, ensure_quantised, read_agreement
from distill.job import checked_data, train_run
from distill.loop.tensorboard import refuse_no_tensorboard
from distill.recipe import AS_OPTIONS, config_of
from distill.run import CURVES_NAME, DEFAULT_RUNS, create_run, free_folder, is_finished, newest_run, read_config
from distill.student import StudentError
from distill.sweep.carry_out import carry_out, show_plan
from distill.sweep.plan import read_plan
from distill.trainer import CHECKPOINT_MINUTES
from runtime.bundle.load import Figure
from teacher.console import figure_text, print_table, run_cli
from teacher.data.dataset import Dataset, open_dataset
from teacher.evaluation.command import EvaluateOptions, judge_and_show, refuse_contradictions
from teacher.models.compute import this_compute
from teacher.models.config import ENCODER_OPTIONS, TeacherNames
from teacher.options import OPTION, Draft, from_dataclasses, values_of

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


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
    tensorboard: Annotated[bool, typer.Option("--tensorboard")] = False
    """write each epoch's figures for TensorBoard too, into the run folder (extra `tensorboard`)"""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a student is judged on."""

    root: Annotated[Path | None, typer.Option("--data")] = None
    """folder of other labelled photos than those of its run"""


@app.command()
@from_dataclasses
def train(
    context: typer.Context,
    draft: Annotated[Draft[TrainConfig], AS_OPTIONS],
    teachers: TeacherNames,
    choice: RunChoice,
) -> None:
    """Train a student from soft labels, making the labels first where they are missing."""
    if choice.tensorboard:
        refuse_no_tensorboard()
    if choice.resume:
        given = {name: value for name, value in draft.values.items() if _given(context, name)}
        named = any(_given(context, name) for name in ENCODER_OPTIONS)
        _resume(choice, given, teachers if named else None)
        return
    config = config_of(draft, teachers)
    compute = this_compute()
    run = Path(compute.agreed(str(free_folder(choice.runs, config, name=choice.name))))
    dataset = checked_data(run, config)
    if compute.first:
        create_run(run.parent, config, name=run.name)
    compute.wait()
    _train_and_report(run, config, dataset, choice)


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
    _train_and_report(run, config, checked_data(run, config), choice)


def _given(context: typer.Context, name: str) -> bool:
    """Whether an option stands on the command line; else its value is a default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


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


@app.command("common-prior")
def common_prior(
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    name: Annotated[str | None, typer.Option(help="Name of the new run; else RUN-common-prior.")] = None,
    runs: Annotated[Path | None, typer.Option(help="Folder of runs; else the one that RUN lies in.")] = None,
) -> None:
    """Take out of a finished student what it says of a lesion because of where its photo comes from."""
    made, moved = common_prior_run(run, runs or run.parent, name=name)
    rows = [
        (source, f"{one.photos:,}", f"{one.malignant / one.photos:.0%}", f"{one.wanted:+.2f}", f"{one.mean:+.2f}")
        for source, one in moved.items()
    ]
    header = ("photos of", "to learn from", "malignant", "logit to be moved by", "moved by, mean")
    print_table(made.name, header, rows)
    typer.echo(f"next: uv run python -m export all --run {made}")


@app.command()
def sweep(
    file: Annotated[Path, typer.Argument(help="TOML or JSON: students, recipes, a grid, seeds; docs/distill.md.")],
    runs: Annotated[Path, typer.Option(help="Folder that the sweep's own is made in.")] = DEFAULT_RUNS,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list what would be run.")] = False,
) -> None:
    """Train, export and judge many students and recipes from one file; what is there already is kept."""
    plan = read_plan(file)
    folder = runs / plan.name
    if dry_run:
        show_plan(plan, folder)
        return
    try:
        carry_out(plan, folder)
    except KeyboardInterrupt:
        typer.echo("interrupted: every whole step is saved; the same command goes on from there", err=True)
        raise


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


def _train_and_report(run: Path, config: TrainConfig, dataset: Dataset, choice: RunChoice) -> None:
    try:
        found = train_run(
            run, config, dataset, checkpoint_minutes=choice.checkpoint_minutes, tensorboard=choice.tensorboard
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
