"""`python -m export`: the newest finished run becomes a bundle, or a clear message why not."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from distill.run import DEFAULT_RUNS, newest_run, open_run_data
from distill.student import load_student
from export.bundle.build import Built, ExportOptions, build_bundle, fine_tune_of, judge_of, options_of
from export.bundle.bundle_report import describe, figure_rows
from export.bundle.calibration_report import CALIBRATION_NAME
from export.bundle.check import Checked, Opinion, check_bundle, second_opinions
from export.bundle.context import ModelFormat
from export.bundle.formats import FORMATS, SAVED_MODEL, STUDENT_FORMATS, TEACHER_FORMATS
from export.bundle.recalibrate import check_movable, prevalence_of, recalibrate, targets_of
from export.bundle.recover import recover_run
from export.bundle.sign import PUBLIC_NAME, make_keys, sign_bundle
from export.bundle.teacher import open_served, refuse_other_photos
from export.saved_model.outputs import require_tensorflow
from export.verify.calibrate import Targets
from export.verify.parity import LIMITS, Limits
from export.workshop.child import ExportError
from export.workshop.stages import live_stages
from runtime.bundle.load import DEFAULT_BUNDLE, Frames, Manifest, read_manifest
from teacher.console import print_table, run_cli
from teacher.data.dataset import DataOptions, open_dataset
from teacher.options import OPTION, View, from_dataclasses

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Student to bundle, proven equal or not written.")

INT8_GATE = LIMITS["int8"]


@dataclass(frozen=True, kw_only=True)
class Runs:
    """Which run a command is about."""

    run: Annotated[Path | None, OPTION] = None
    """run folder; without it the newest finished run"""
    runs: Annotated[Path, OPTION] = DEFAULT_RUNS
    """folder of runs that the newest is looked for in"""

    def chosen(self) -> Path:
        return self.run or newest_run(self.runs, finished=True)


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where a bundle goes and which files it holds."""

    name: Annotated[str | None, OPTION] = None
    """name of the bundle; without it the run's"""
    out: Annotated[Path, OPTION] = Path("bundles")
    """folder the bundle is written into"""
    formats: Annotated[str, OPTION]
    """with commas: onnx,tflite,coreml,saved_model"""
    precisions: Annotated[str, OPTION] = "int8,fp32,fp16"
    """with commas: int8,fp32,fp16"""
    fine_tune: Annotated[bool, OPTION] = True
    """fine-tune the student where no recipe passes"""


class Engine(StrEnum):
    """Who is asked once more."""

    TENSORFLOW = "tensorflow"


SERVED = Target(formats="onnx", precisions="fp32,fp16")
"""What a teacher is written as."""

FOR_STUDENTS = ("onnx_recipe", "tflite_recipe", "quick", "frames", "frame_side")
"""Options about 8 bit and frames, which a teacher's bundle does not have."""

SHORT_TARGETS = {name: f"target_{name}" for name in ("sensitivity", "specificity")}
"""The options that `calibrate` calls by the shorter name."""


def main() -> None:
    """Entry point of `python -m export`."""
    run_cli(app)


def _export_command(formats_default: str) -> Callable[..., None]:
    """The command that exports; `all`, `onnx`, `tflite` and `coreml` differ in the formats they build."""

    @from_dataclasses
    def export(
        runs: Runs,
        target: Target = Target(formats=formats_default),
        options: Annotated[ExportOptions, View(names=SHORT_TARGETS)] = ExportOptions(),
        int8: Limits = INT8_GATE,
    ) -> None:
        kinds = _chosen(target.formats, target.precisions)
        if SAVED_MODEL in kinds:
            require_tensorflow("a SavedModel")  # before the minutes that the photos take
        run = runs.chosen()
        print(f"exporting {run}: {', '.join(kind.label for kind in kinds)}")
        _show(_build(run, target, replace(options, formats=kinds, limits={**LIMITS, "int8": int8})))

    return export


def _build(run: Path, target: Target, options: ExportOptions) -> Built:
    """The bundle of a run. Raises ExportError where files of it are missing, once it was shown."""
    student, data = load_student(run), open_run_data(run)
    with _log_shown(), live_stages() as stages:
        return build_bundle(
            student,
            data,
            out=target.out / (target.name or run.resolve().name),
            options=options,
            stages=stages,
            fine_tune=fine_tune_of(run) if target.fine_tune else None,
        )


for _name, _formats, _help in (
    ("all", "onnx,tflite,coreml", "Every format: ONNX, TFLite and Core ML, each proven equal to the student."),
    ("onnx", "onnx", "ONNX only, FP32 and INT8."),
    ("tflite", "tflite", "TFLite only, FP32 and INT8."),
    ("coreml", "coreml", "Core ML only, FP16 and 8-bit weights."),
    ("saved_model", "saved_model", "SavedModel only, FP32, for TensorFlow Serving; needs the extra `tensorflow`."),
):
    app.command(_name, help=_help)(_export_command(_formats))


@app.command("teacher")
@from_dataclasses
def teacher(
    folder: Annotated[Path, typer.Argument(help="folder of finished soft labels, as `teacher soft-labels` says it")],
    data: Annotated[DataOptions, View(without=["image_size"])],
    fold: Annotated[
        int | None, typer.Option(help="number of the one fold whose teachers are written, from 0; without it all")
    ] = None,
    target: Annotated[Target, View(without=["formats", "fine_tune"])] = SERVED,
    options: Annotated[ExportOptions, View(names=SHORT_TARGETS, without=FOR_STUDENTS)] = ExportOptions(),
) -> None:
    """The teacher behind a set of soft labels, networks and XGBoost, as a bundle that `runtime serve` serves."""
    kinds = _chosen("onnx", target.precisions, known=TEACHER_FORMATS)
    served = open_served(folder, fold=fold)
    spec = served.network.spec
    print(f"exporting {folder}: {', '.join(kind.label for kind in kinds)}")
    photos = open_dataset(replace(data, image_size=spec.image_size))
    refuse_other_photos(folder, photos, data)
    with _log_shown(), live_stages() as stages:
        built = build_bundle(
            served.network,
            photos,
            out=target.out / (target.name or spec.arch),
            options=replace(options, formats=kinds),
            stages=stages,
            card=served.card,
        )
    _show(built)
    print(f"or: uv run python -m runtime serve --bundle {built.folder}")


@app.command("check")
def check(
    bundle: Annotated[Path, typer.Argument(help="bundle folder")],
    run: Annotated[Path | None, typer.Option(help="the run it came from: its files pass their gate again")] = None,
    second: Annotated[
        Engine | None, typer.Option("--with", help="run the TFLite files once more, by TensorFlow's own interpreter")
    ] = None,
) -> None:
    """Verify a bundle that exists: sha256, interface and metadata of every file; with --run its figures too."""
    judge = None
    if second is not None:
        require_tensorflow("--with tensorflow")
    with live_stages() as stages:
        if run is not None:
            before = read_manifest(bundle)
            options = options_of(before, targets=targets_of(before.files[0]), prevalence=prevalence_of(before))
            judge = judge_of(load_student(run), open_run_data(run), options=options, stages=stages)
        manifest, files = check_bundle(bundle, judge=judge)
        again = [] if second is None else second_opinions(bundle, judge=judge)
    _show_checked(bundle, manifest, files)
    if second is not None:
        _show_opinions(bundle, again)


@app.command("calibrate")
@from_dataclasses
def calibrate(
    runs: Runs,
    targets: Targets,
    bundle: Annotated[Path | None, typer.Argument(help="bundle folder; without it the one of the run in --out")] = None,
    out: Annotated[Path, typer.Option(help="folder the bundle is written into")] = Path("bundles"),
    prevalence: Annotated[
        float | None,
        typer.Option(help="share of malignant lesions in use, such as 0.1; without it the one the bundle was made for"),
    ] = None,
) -> None:
    """Derive the thresholds of a bundle anew, for other targets or another prevalence, without retraining or
    converting anything."""
    run = runs.chosen()
    bundle = bundle or out / run.resolve().name
    before = read_manifest(bundle)  # before the minutes that the photos take
    wanted = prevalence_of(before) if prevalence is None else prevalence
    options = options_of(before, targets=targets, prevalence=wanted)
    check_movable(before, prevalence)
    with live_stages() as stages:
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
@from_dataclasses
def recover(
    data: Annotated[DataOptions, View(without=["image_size"])],
    bundle: Annotated[Path | None, typer.Argument(help="Bundle folder; without it the one in the package.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; without it the model's id.")] = None,
    runs: Annotated[Path, typer.Option(help="Folder of runs.")] = DEFAULT_RUNS,
) -> None:
    """A run folder out of a bundle's ONNX file: to audit it, build other formats, or calibrate it anew."""
    run = recover_run(bundle, data=data, runs=runs, name=name)
    print(f"recovered: {run}\nnext: uv run python -m export all --run {run}{_frame_options(bundle)}")


@app.command("formats")
def formats() -> None:
    """List the formats of a bundle."""
    for title, kinds in (
        ("Formats of a bundle", FORMATS),
        ("Formats of a teacher's bundle", TEACHER_FORMATS),
        ("With the extra `tensorflow`", (SAVED_MODEL,)),
    ):
        print_table(title, ("format", "file"), [(kind.label, kind.file_name) for kind in kinds])


def _chosen(
    formats: str, precisions: str, *, known: Sequence[ModelFormat] = STUDENT_FORMATS
) -> tuple[ModelFormat, ...]:
    wanted_formats = _words("--formats", formats, known=[kind.format for kind in known])
    wanted_precisions = _words("--precisions", precisions, known=[kind.precision for kind in known])
    chosen = tuple(k for k in known if k.format in wanted_formats and k.precision in wanted_precisions)
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


def _frame_options(bundle: Path | None) -> str:
    """What to export with for the same frames: a run does not say them."""
    frames = read_manifest(bundle or DEFAULT_BUNDLE).frames
    return "" if frames == Frames() else f" --frames {frames.count} --frame-side {frames.side}"


def _show(built: Built) -> None:
    header, rows = figure_rows(built.reference_figures, built.manifest.files)
    print_table(f"{built.folder}: figures with 95% intervals", header, rows)
    print(f"next: uv run python -m runtime photo.jpg --bundle {built.folder}")
    if built.failures:
        raise ExportError(f"{built.folder} is incomplete: {'; '.join(built.failures.values())}")


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


def _show_opinions(bundle: Path, found: Sequence[Opinion]) -> None:
    if not found:
        raise ExportError(f"--with tensorflow: {bundle} holds no TFLite file")
    rows = [
        (
            f"{one.file.format} {one.file.precision}",
            str(one.photos),
            f"{one.malignancy:.2g}",
            f"{one.conditions:.2g}",
            "-" if one.parity is None else f"{one.parity['tier_agreement']:.1%}",
        )
        for one in found
    ]
    header = ("file", "photos", "malignancy: largest difference", "conditions", "same tier as the student")
    print_table(f"{bundle}: TensorFlow's interpreter beside ai-edge-litert's", header, rows)


def _again(checked: Checked) -> str:
    parity, what = (checked.file.parity, "when made") if checked.parity is None else (checked.parity, "now")
    return f"{parity['tier_agreement']:.1%} {what}" if "tier_agreement" in parity else "-"
