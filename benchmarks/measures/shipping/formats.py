"""Every format of some students in one table from one run, beside what others' defaults make of the same students."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.outcome import Outcome, Table, write_figures
from benchmarks.peers.converters import (
    DEFAULTS,
    LITERT,
    TF_CONVERTER,
    Made,
    litert_files,
    onnxruntime_default,
    tf_converter_file,
)
from benchmarks.workshop.choices import OfRuns
from distill.run import open_run_data
from distill.student import load_student
from export.bundle.build import Built, ExportOptions, build_bundle, fine_tune_of
from export.saved_model.outputs import has_tensorflow
from export.tflite.convert import tflite_runnable
from export.verify.calibrate import thresholds
from export.verify.judge import Judge
from export.verify.latency import Runnable, interleaved, onnx_runnable
from export.verify.model_file import OutputsOf
from export.verify.outputs import figures
from export.verify.parity import breaches, compare
from export.workshop.stages import Stages, live_stages
from teacher.data.splits import Part
from teacher.options import OPTION

OURS = "this toolkit"

RUNNABLE = {"onnx": onnx_runnable, "tflite": tflite_runnable}
"""Formats that run on this machine; Core ML needs macOS."""


@dataclass(frozen=True, kw_only=True)
class Options(OfRuns):
    """What `formats` asks."""

    peer_python: Annotated[Path | None, OPTION] = None
    """interpreter that has litert-torch, to compare with; see docs/benchmarks.md"""
    rounds: Annotated[int, typer.Option(min=3)] = 60
    """counted rounds of the interleaved timing"""
    fine_tune: Annotated[bool, OPTION] = True
    """fine-tune for 8 bit where no recipe passes"""
    bundles: Annotated[Path, OPTION] = Path("bundles")
    """where the bundles go"""
    out: Annotated[Path, OPTION] = Path("artifacts/formats.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """Every format of some students in one table, beside what other converters make of them."""
    rows: list[Row] = []
    refused: dict[str, str] = {}
    for student in options.run:
        with live_stages() as stages:
            found, failed = measure_formats(
                student,
                out=options.bundles,
                peer_python=options.peer_python,
                rounds=options.rounds,
                stages=stages,
                fine_tune=options.fine_tune,
            )
        rows, refused = [*rows, *found], {**refused, **failed}
        write_figures(options.out, as_json(rows, refused))  # after each student: the next one takes minutes
    lines = [f"refused: {label}: {text}" for label, text in refused.items()]
    return Outcome(tables=[Table("Formats", *table(rows))], lines=[*lines, f"all figures: {options.out}"])


@dataclass(frozen=True, kw_only=True)
class Row:
    """One file of one student."""

    student: str
    maker: str
    """this toolkit or a peer"""
    format: str
    precision: str
    recipe: str
    bytes: int
    auc: float
    """malignancy, test part"""
    max_difference: float
    """of malignancy to the PyTorch student, validation part"""
    mean_difference: float
    tier_agreement: float
    """with the PyTorch student, validation part"""
    photos: int
    milliseconds: float | None
    """median of one photo on one thread; None: the format does not run here"""
    relative: float | None
    """latency as a share of the student's ONNX FP32 file's, interleaved with it"""
    seconds: float
    """to convert"""
    peak_bytes: int
    """memory of the process that converted"""
    passes: bool
    """the gate of its precision"""


@dataclass(frozen=True, kw_only=True)
class _File:
    """A file that was made, by us or by a peer, before its latency is known."""

    maker: str
    made: Made
    figures: Mapping[str, float]
    auc: float
    passes: bool


def measure_formats(
    run: Path, *, out: Path, peer_python: Path | None, rounds: int, stages: Stages, fine_tune: bool
) -> tuple[list[Row], dict[str, str]]:
    """Export a run, let the peers convert the same student, and time all files interleaved.

    Returns the rows, and what was said of files that failed. `peer_python`: an interpreter that has litert-torch.
    """
    built = build_bundle(
        load_student(run),
        open_run_data(run),
        out=out / run.name,
        options=ExportOptions(keep_going=True, examples=False),
        stages=stages,
        fine_tune=fine_tune_of(run) if fine_tune else None,
    )
    files = [*_ours(built), *_peers(built, peer_python, stages)]
    rows = _timed(built.manifest.architecture, files, built.judge, rounds=rounds, stages=stages)
    return rows, {f"{run.name} {label}": text for label, text in built.failures.items()}


def table(rows: Sequence[Row]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and cells."""
    header = (
        "student", "made by", "file", "bytes", "AUC", "max diff", "mean diff", "same tier", "ms", "of FP32", "s", "MB",
        "gate",
    )  # fmt: skip
    return header, [_cells(row) for row in rows]


def as_json(rows: Sequence[Row], failures: Mapping[str, str]) -> dict[str, Any]:
    """Everything, for a file."""
    return {"rows": [asdict(row) for row in rows], "refused": dict(failures)}


def _ours(built: Built) -> list[_File]:
    return [
        _File(
            maker=OURS,
            made=Made(
                format=file.entry.format,
                precision=file.entry.precision,
                recipe=file.entry.recipe,
                data=file.data,
                cost=file.written.cost,
            ),
            figures=file.entry.parity,
            auc=file.entry.metrics["malignancy_auc"].value,
            passes=True,
        )
        for file in built.files
    ]


def _peers(built: Built, peer_python: Path | None, stages: Stages) -> list[_File]:
    judge = built.judge
    fp32 = next(file.data for file in built.files if file.label == "onnx fp32")
    squares = judge.photos[Part.CALIBRATION].squares
    with stages.stage(f"Peer: {DEFAULTS}"):
        defaults, outputs_of = onnxruntime_default(fp32, squares)
    files = [_held(judge, DEFAULTS, defaults, outputs_of, stages)]
    if has_tensorflow():
        with stages.stage(f"Peer: {TF_CONVERTER}"):
            one, outputs_of = tf_converter_file(fp32)
        files.append(_held(judge, TF_CONVERTER, one, outputs_of, stages))
    if peer_python is not None:
        with stages.stage(f"Peer: {LITERT}"):
            made, outputs_of = litert_files(judge.reference.module, squares, python=peer_python)
        files += [_held(judge, LITERT, one, outputs_of, stages) for one in made]
    return files


def _held(judge: Judge, maker: str, made: Made, outputs_of: OutputsOf, stages: Stages) -> _File:
    """A peer's file against the student, by thresholds from its own answers, as ours are."""
    parts = (Part.CALIBRATION, Part.VALIDATION, Part.TEST)
    answers = {}
    for part in parts:
        squares = judge.photos[part].squares
        with stages.stage(f"{maker} {made.precision}: {part.value}", total=len(squares)) as step:
            answers[part] = outputs_of(made.data, squares, step=step)
    own = thresholds(answers[Part.CALIBRATION], judge.photos[Part.CALIBRATION].cases, targets=judge.targets)
    found = compare(
        judge.reference.outputs[Part.VALIDATION],
        answers[Part.VALIDATION],
        malignant=judge.photos[Part.VALIDATION].malignant,
        reference_thresholds=judge.reference.thresholds,
        own_thresholds=own,
    )
    test = judge.photos[Part.TEST]
    auc = figures(answers[Part.TEST], test.malignant, test.conditions, own)["malignancy_auc"].value
    passes = not breaches(found, judge.limits[made.precision])
    return _File(maker=maker, made=made, figures=found, auc=auc, passes=passes)


def _timed(student: str, files: Sequence[_File], judge: Judge, *, rounds: int, stages: Stages) -> list[Row]:
    photo = judge.photos[Part.TEST].squares[0]
    runnable: dict[str, Runnable] = {
        f"{number}": RUNNABLE[file.made.format](file.made.data, photo, threads=1)
        for number, file in enumerate(files)
        if file.made.format in RUNNABLE
    }
    with stages.stage("Timing, interleaved"):
        found = interleaved(runnable, rounds=rounds, clock=time.thread_time)  # what else runs meanwhile is not counted
    fp32 = next(n for n, f in enumerate(files) if (f.maker, f.made.format, f.made.precision) == (OURS, "onnx", "fp32"))
    base = found[f"{fp32}"].median_ms
    return [
        _row(student, file, found[f"{n}"].median_ms if f"{n}" in found else None, base) for n, file in enumerate(files)
    ]


def _row(student: str, file: _File, milliseconds: float | None, base: float) -> Row:
    made = file.made
    return Row(
        student=student,
        maker=file.maker,
        format=made.format,
        precision=made.precision,
        recipe=made.recipe,
        bytes=len(made.data),
        auc=file.auc,
        max_difference=file.figures["malignancy_max_difference"],
        mean_difference=file.figures["malignancy_mean_difference"],
        tier_agreement=file.figures["tier_agreement"],
        photos=int(file.figures["photos"]),
        milliseconds=milliseconds,
        relative=None if milliseconds is None else milliseconds / base,
        seconds=made.cost.seconds,
        peak_bytes=made.cost.peak_bytes,
        passes=file.passes,
    )


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.student,
        row.maker,
        f"{row.format} {row.precision}" + (f" ({row.recipe})" if row.recipe else ""),
        f"{row.bytes:,}",
        f"{row.auc:.4f}",
        f"{row.max_difference:.4f}",
        f"{row.mean_difference:.4f}",
        f"{row.tier_agreement:.1%}",
        "-" if row.milliseconds is None else f"{row.milliseconds:.2f}",
        "-" if row.relative is None else f"{row.relative:.2f}",
        f"{row.seconds:.1f}",
        f"{row.peak_bytes / 1e6:,.0f}",
        "passes" if row.passes else "fails",
    )
