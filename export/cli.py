"""`python -m export all`: the newest finished run becomes a bundle, or a clear message why not."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from distill.run import DEFAULT_RUNS, newest_run, open_run_data
from distill.student import load_student
from export.build import Built, ExportError, ExportOptions, build_bundle
from export.calibrate import Targets
from export.console import live_stages
from export.formats import FORMATS, NOT_BUILT_YET
from export.parity import LIMITS
from export.report import figure_rows
from teacher.console import print_table, run_cli

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Student to bundle, proven equal or not written.")

RunOption = Annotated[Path | None, typer.Option(help="run folder; without it the newest finished run")]
RunsOption = Annotated[Path, typer.Option(help="folder of runs that the newest is looked for in")]
NameOption = Annotated[str | None, typer.Option(help="name of the bundle; without it the run's")]
OutOption = Annotated[Path, typer.Option(help="folder the bundle is written into")]
PrecisionsOption = Annotated[str, typer.Option(help="which files the bundle holds, with commas: int8,fp32")]
AucOption = Annotated[float, typer.Option(help="gate of INT8: largest drop of malignancy AUC")]
AgreementOption = Annotated[float, typer.Option(help="gate of INT8: least share of photos with the student's tier")]
SensitivityOption = Annotated[float, typer.Option(help="share of cancers that must reach the `low` threshold")]
SpecificityOption = Annotated[float, typer.Option(help="share of benign lesions that must stay below `high`")]
LicenceOption = Annotated[str | None, typer.Option(help="licence text; without it derived from the training data")]


def main() -> None:
    """Entry point of `python -m export`."""
    run_cli(app)


@app.command("all")
def export_all(
    run: RunOption = None,
    runs: RunsOption = DEFAULT_RUNS,
    name: NameOption = None,
    out: OutOption = Path("bundles"),
    precisions: PrecisionsOption = "int8,fp32",
    max_auc_drop: AucOption = LIMITS["int8"].auc_drop,
    min_tier_agreement: AgreementOption = LIMITS["int8"].tier_agreement,
    target_sensitivity: SensitivityOption = Targets().sensitivity,
    target_specificity: SpecificityOption = Targets().specificity,
    licence: LicenceOption = None,
) -> None:
    """Every format there is: ONNX INT8 and FP32 today."""
    int8 = replace(LIMITS["int8"], auc_drop=max_auc_drop, tier_agreement=min_tier_agreement)
    options = ExportOptions(
        precisions=_precisions(precisions),
        targets=Targets(sensitivity=target_sensitivity, specificity=target_specificity),
        limits={**LIMITS, "int8": int8},
        licence=licence,
    )
    run = run or newest_run(runs, finished=True)
    _announce(run)
    student, data = load_student(run), open_run_data(run)
    with _log_shown(), live_stages() as stages:
        built = build_bundle(student, data, out=out / (name or run.resolve().name), options=options, stages=stages)
    _show(built)


@app.command("formats")
def formats() -> None:
    """List the formats: what is built and what is not built yet."""
    rows = [(kind.label, kind.file_name) for kind in FORMATS] + [(label, "not built yet") for label in NOT_BUILT_YET]
    print_table("Formats of a bundle", ("format", "file"), rows)


def _precisions(text: str) -> tuple[str, ...]:
    known = tuple(kind.precision for kind in FORMATS)
    wanted = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [part for part in wanted if part not in known]
    if unknown or not wanted:
        raise ExportError(f"--precisions {text}: choose from {', '.join(known)}")
    return wanted


def _announce(run: Path) -> None:
    print(f"exporting {run}: {', '.join(kind.label for kind in FORMATS)}")
    print(f"not built yet: {', '.join(NOT_BUILT_YET)}")


@contextmanager
def _log_shown() -> Iterator[None]:
    """When a converter fails, the last lines it wrote stand above the error."""
    try:
        yield
    except ExportError as error:
        for line in error.log:
            print(f"  | {line}", file=sys.stderr)
        raise


def _show(built: Built) -> None:
    header, rows = figure_rows(built.reference_figures, built.manifest.files)
    print_table(f"{built.folder}: figures with 95% intervals", header, rows)
    print(f"not built yet: {', '.join(NOT_BUILT_YET)}")
    print(f"next: uv run python -m runtime photo.jpg --bundle {built.folder}")
