"""`python -m export`: the newest finished run becomes a bundle, or a clear message why not."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from distill.run import DEFAULT_RUNS, newest_run, open_run_data
from distill.student import load_student
from export.bundle.build import Built, ExportOptions, build_bundle, fine_tune_of, judge_of
from export.bundle.bundle_report import describe, figure_rows
from export.bundle.calibration_report import CALIBRATION_NAME
from export.bundle.check import Checked, check_bundle
from export.bundle.context import ModelFormat
from export.bundle.formats import FORMATS
from export.bundle.recalibrate import recalibrate, targets_of
from export.bundle.recover import recover_run
from export.bundle.sign import PUBLIC_NAME, make_keys, sign_bundle
from export.verify.calibrate import Targets
from export.verify.parity import LIMITS
from export.workshop.child import ExportError
from export.workshop.stages import live_stages
from runtime.bundle.load import Manifest, read_manifest
from teacher.console import print_table, run_cli
from teacher.data.dataset import DEFAULT_CACHE, DataOptions

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Student to bundle, proven equal or not written.")

GATE = LIMITS["int8"]

RunOption = Annotated[Path | None, typer.Option(help="run folder; without it the newest finished run")]
RunsOption = Annotated[Path, typer.Option(help="folder of runs that the newest is looked for in")]
NameOption = Annotated[str | None, typer.Option(help="name of the bundle; without it the run's")]
OutOption = Annotated[Path, typer.Option(help="folder the bundle is written into")]
FormatsOption = Annotated[str, typer.Option(help="with commas: onnx,tflite,coreml")]
PrecisionsOption = Annotated[str, typer.Option(help="with commas: int8,fp32,fp16")]
OnnxRecipeOption = Annotated[str | None, typer.Option(help="the only ONNX INT8 recipe to try; else a search")]
TfliteRecipeOption = Annotated[str | None, typer.Option(help="the only TFLite INT8 recipe to try; else a search")]
FineTuneOption = Annotated[bool, typer.Option(help="fine-tune the student where no recipe passes")]
KeepGoingOption = Annotated[bool, typer.Option("--keep-going", help="build the others where a file fails its gate")]
ExamplesOption = Annotated[bool, typer.Option(help="a row of photos in the report; they keep their dataset's terms")]
AucOption = Annotated[float, typer.Option(help="gate of INT8: largest drop of malignancy AUC")]
DropOption = Annotated[float, typer.Option(help="gate of INT8: largest drop of sensitivity at `low`")]
AgreementOption = Annotated[float, typer.Option(help="gate of INT8: least share of photos with the student's tier")]
ConditionOption = Annotated[
    float, typer.Option(help="gate of INT8: least share with the student's likeliest condition")
]
MeanOption = Annotated[float, typer.Option(help="gate of INT8: largest mean difference of malignancy")]
SensitivityOption = Annotated[float, typer.Option(help="share of cancers that must reach the `low` threshold")]
SpecificityOption = Annotated[float, typer.Option(help="share of benign lesions that must stay below `high`")]
ConfidenceOption = Annotated[float, typer.Option(help="chance that `low` keeps its target; 0: on average only")]
CoverageOption = Annotated[float, typer.Option(help="share of photos whose condition is in its set of likely ones")]
RejectionOption = Annotated[float, typer.Option(help="share of ordinary photos that may be called unfamiliar")]
LicenceOption = Annotated[str | None, typer.Option(help="licence text; without it derived from the training data")]


def main() -> None:
    """Entry point of `python -m export`."""
    run_cli(app)


def _export_command(formats_default: str) -> Callable[..., None]:
    """The command that exports; `all`, `onnx`, `tflite` and `coreml` differ in the formats they build."""

    def export(
        run: RunOption = None,
        runs: RunsOption = DEFAULT_RUNS,
        name: NameOption = None,
        out: OutOption = Path("bundles"),
        formats: FormatsOption = formats_default,
        precisions: PrecisionsOption = "int8,fp32,fp16",
        onnx_recipe: OnnxRecipeOption = None,
        tflite_recipe: TfliteRecipeOption = None,
        fine_tune: FineTuneOption = True,
        keep_going: KeepGoingOption = False,
        examples: ExamplesOption = True,
        max_auc_drop: AucOption = GATE.auc_drop,
        max_sensitivity_drop: DropOption = GATE.sensitivity_drop,
        min_tier_agreement: AgreementOption = GATE.tier_agreement,
        min_condition_agreement: ConditionOption = GATE.condition_agreement,
        max_mean_difference: MeanOption = GATE.malignancy_mean_difference or 1.0,
        target_sensitivity: SensitivityOption = Targets().sensitivity,
        target_specificity: SpecificityOption = Targets().specificity,
        confidence: ConfidenceOption = Targets().confidence,
        coverage: CoverageOption = Targets().coverage,
        novelty_rejection: RejectionOption = Targets().novelty_rejection,
        licence: LicenceOption = None,
    ) -> None:
        int8 = replace(
            GATE,
            auc_drop=max_auc_drop,
            sensitivity_drop=max_sensitivity_drop,
            tier_agreement=min_tier_agreement,
            condition_agreement=min_condition_agreement,
            malignancy_mean_difference=max_mean_difference,
        )
        options = ExportOptions(
            formats=_chosen(formats, precisions),
            targets=Targets(
                sensitivity=target_sensitivity,
                specificity=target_specificity,
                confidence=confidence,
                coverage=coverage,
                novelty_rejection=novelty_rejection,
            ),
            limits={**LIMITS, "int8": int8},
            onnx_recipe=onnx_recipe,
            tflite_recipe=tflite_recipe,
            keep_going=keep_going,
            examples=examples,
            licence=licence,
        )
        run = run or newest_run(runs, finished=True)
        print(f"exporting {run}: {', '.join(kind.label for kind in options.formats)}")
        student, data = load_student(run), open_run_data(run)
        with _log_shown(), live_stages() as stages:
            built = build_bundle(
                student,
                data,
                out=out / (name or run.resolve().name),
                options=options,
                stages=stages,
                fine_tune=fine_tune_of(run) if fine_tune else None,
            )
        _show(built)
        if built.failures:
            raise ExportError(f"{built.folder} is incomplete: {'; '.join(built.failures.values())}")

    return export


for _name, _formats, _help in (
    ("all", "onnx,tflite,coreml", "Every format: ONNX, TFLite and Core ML, each proven equal to the student."),
    ("onnx", "onnx", "ONNX only, FP32 and INT8."),
    ("tflite", "tflite", "TFLite only, FP32 and INT8."),
    ("coreml", "coreml", "Core ML only, FP16 and 8-bit weights."),
):
    app.command(_name, help=_help)(_export_command(_formats))


@app.command("check")
def check(
    bundle: Annotated[Path, typer.Argument(help="bundle folder")],
    run: Annotated[Path | None, typer.Option(help="the run it came from: its files pass their gate again")] = None,
) -> None:
    """Verify a bundle that exists: sha256, interface and metadata of every file; with --run its figures too."""
    judge = None
    with live_stages() as stages:
        if run is not None:
            options = ExportOptions(targets=targets_of(read_manifest(bundle).files[0]))
            judge = judge_of(load_student(run), open_run_data(run), options=options, stages=stages)
        manifest, files = check_bundle(bundle, judge=judge)
    _show_checked(bundle, manifest, files)


@app.command("calibrate")
def calibrate(
    bundle: Annotated[Path | None, typer.Argument(help="bundle folder; without it the one of the run in --out")] = None,
    run: RunOption = None,
    runs: RunsOption = DEFAULT_RUNS,
    out: OutOption = Path("bundles"),
    sensitivity: SensitivityOption = Targets().sensitivity,
    specificity: SpecificityOption = Targets().specificity,
    confidence: ConfidenceOption = Targets().confidence,
    coverage: CoverageOption = Targets().coverage,
    novelty_rejection: RejectionOption = Targets().novelty_rejection,
) -> None:
    """Derive the thresholds of a bundle anew, for other targets, without retraining or converting anything."""
    targets = Targets(
        sensitivity=sensitivity,
        specificity=specificity,
        confidence=confidence,
        coverage=coverage,
        novelty_rejection=novelty_rejection,
    )
    run = run or newest_run(runs, finished=True)
    bundle = bundle or out / run.resolve().name
    read_manifest(bundle)  # before the minutes that the photos take
    with live_stages() as stages:
        options = ExportOptions(targets=targets)
        judge = judge_of(load_student(run), open_run_data(run), options=options, stages=stages)
        manifest = recalibrate(bundle, judge)
    _show_calibrated(bundle, manifest)


@app.command("keys")
def keys(folder: Annotated[Path, typer.Argument(help="folder to put the two files into")]) -> None:
    """Make a key pair to sign bundles with."""
    private, public = make_keys(folder)
    print(f"{private}: keep it secret\n{public}: give it to everyone who should verify your bundles")


@app.command("sign")
def sign(
    bundle: Annotated[Path, typer.Argument(help="bundle folder")],
    key: Annotated[Path, typer.Option(help="private key, as `keys` makes it")],
) -> None:
    """Sign a bundle; devices that have the public key then refuse any other."""
    print(f"signed: {sign_bundle(bundle, key=key)}")
    print(f"next: uv run python -m runtime photo.jpg --bundle {bundle} --public-key {PUBLIC_NAME}")


@app.command("recover")
def recover(
    bundle: Annotated[Path | None, typer.Argument(help="bundle folder; without it the one in the package")] = None,
    data: Annotated[Path | None, typer.Option(help="photos it was trained on; without it the synthetic ones")] = None,
    name: Annotated[str | None, typer.Option(help="name of the run; without it the model's id")] = None,
    runs: RunsOption = DEFAULT_RUNS,
    cache: Annotated[Path, typer.Option(help="folder for everything derived from the data")] = DEFAULT_CACHE,
    seed: Annotated[int, typer.Option(help="seed of the split")] = 0,
) -> None:
    """A run folder out of a bundle's ONNX file: to audit it, build other formats, or calibrate it anew."""
    run = recover_run(bundle, data=DataOptions(root=data, cache=cache, seed=seed), runs=runs, name=name)
    print(f"recovered: {run}\nnext: uv run python -m export all --run {run}")


@app.command("formats")
def formats() -> None:
    """List the formats of a bundle."""
    print_table("Formats of a bundle", ("format", "file"), [(kind.label, kind.file_name) for kind in FORMATS])


def _chosen(formats: str, precisions: str) -> tuple[ModelFormat, ...]:
    wanted_formats = _words("--formats", formats, known=[kind.format for kind in FORMATS])
    wanted_precisions = _words("--precisions", precisions, known=[kind.precision for kind in FORMATS])
    chosen = tuple(k for k in FORMATS if k.format in wanted_formats and k.precision in wanted_precisions)
    if not chosen:
        raise ExportError(f"--formats {formats} --precisions {precisions}: no such file; `formats` lists what there is")
    return chosen


def _words(option: str, text: str, *, known: list[str]) -> list[str]:
    wanted = [part.strip() for part in text.split(",") if part.strip()]
    if not wanted or set(wanted) - set(known):
        raise ExportError(f"{option} {text}: choose from {', '.join(dict.fromkeys(known))}")
    return wanted


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
    print(f"next: uv run python -m runtime photo.jpg --bundle {built.folder}")


def _show_calibrated(bundle: Path, manifest: Manifest) -> None:
    rows = [
        (
            f"{file.format} {file.precision}",
            f"{file.operating_points.low:.4f}",
            f"{file.operating_points.high:.4f}",
            *(describe(file.metrics.get(name)) for name in ("sensitivity_at_low", "specificity_at_high")),
        )
        for file in manifest.files
    ]
    header = ("file", "low", "high", "sensitivity at low, test part", "specificity at high, test part")
    print_table(f"{bundle}: {manifest.files[0].operating_points.method or 'uncalibrated'}", header, rows)
    print(f"target, bound and achieved figures: {bundle / CALIBRATION_NAME}")


def _show_checked(bundle: Path, manifest: Manifest, files: Sequence[Checked]) -> None:
    rows = [(f"{c.file.format} {c.file.precision}", f"{c.file.bytes:,}", c.file.sha256[:12], _again(c)) for c in files]
    print_table(f"{bundle}: {manifest.model_id}, sound", ("file", "bytes", "sha256", "same tier as the student"), rows)
    if manifest.incomplete:
        print(f"incomplete: {', '.join(manifest.incomplete)} failed when it was made")


def _again(checked: Checked) -> str:
    parity, what = (checked.file.parity, "when made") if checked.parity is None else (checked.parity, "now")
    return f"{parity['tier_agreement']:.1%} {what}" if "tier_agreement" in parity else "-"
