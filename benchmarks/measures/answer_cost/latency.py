"""What a photo costs on this machine, from the file's bytes to the tier, by MLPerf's rule for a single stream.

All files take turns, each in a process of its own; every time is taken before any accuracy, which would heat the
machine. The shape of what comes out is `runtime.measure.result`, which the app writes as well.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.outcome import Outcome, Table, write_text
from benchmarks.workshop.choices import OfLength, OfPhoto, checked
from benchmarks.workshop.photos.sources import photo_or_drawing
from benchmarks.workshop.timing.candidates import onnx_file, tflite_file, torch_student, whole_way
from benchmarks.workshop.timing.streamed import measured
from benchmarks.workshop.timing.turns import Job, TurnError
from runtime.bundle.load import DEFAULT_BUNDLE, Bundle, load_bundle
from runtime.bundle.manifest import ModelFile
from runtime.engine import default_threads
from runtime.measure.machine import state
from runtime.measure.photo_way import accuracy_of, photo_work
from runtime.measure.result import Accuracy, ColdStart, Result, Row, Subject
from teacher.options import OPTION

PYTORCH = "pytorch fp32"


@dataclass(frozen=True, kw_only=True)
class Options(OfPhoto, OfLength):
    """What `latency` asks."""

    run: Annotated[Path | None, OPTION] = None
    """run folder of the bundle's student: PyTorch beside its files, and the accuracy of each on the run's test part"""
    accuracy_photos: Annotated[int, typer.Option(min=2)] = 300
    """photos of the run's test part for the accuracy, evenly spread"""
    alone: Annotated[bool, typer.Option("--alone")] = False
    """only the file that the app would run, not the bundle's others beside it"""
    starts: Annotated[int, typer.Option(min=0)] = 5
    """fresh processes for the cold start"""
    out: Annotated[Path, OPTION] = Path("artifacts/latency.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """Photo to tier by MLPerf's single-stream rule: p50 and p90 of each step and file, each with a verdict."""
    checked(options.photo, option="--photo")
    with photo_or_drawing(options.photo) as photo:
        found = measure_latency(photo, options)
    return Outcome(
        files=[(options.out, lambda path: write_text(path, found.to_json()))],
        tables=[table_of(found)],
        lines=[*lines_of(found), f"all figures: {options.out}"],
        document=found.summary(),
    )


def measure_latency(photo: Path, options: Options) -> Result:
    """Raises PhotoError or BundleError where the photo or the bundle cannot be used, MeasureError for a photo that the
    gate refuses, TurnError where a file fails."""
    plan, bundle = options.plan(), load_bundle(options.bundle)
    threads = options.threads or default_threads()
    data = photo.read_bytes()
    photo_work(_triage(bundle, threads), data)  # whatever is wrong is said before anything is started
    began = state()
    cold = cold_starts(photo, bundle=options.bundle, threads=options.threads, starts=options.starts)
    jobs = _jobs(photo, bundle, options, threads=threads)
    found = measured(photo, data, jobs, plan=plan, whole=[next(iter(jobs))], began=began)
    subjects = _with_accuracy(found.subjects, bundle, options)  # after all times and the state at their end
    return replace(found, subjects=subjects, cold_starts=tuple(cold))


def cold_starts(photo: Path, *, bundle: Path | None, threads: int | None, starts: int) -> list[ColdStart]:
    """The first answer of so many fresh processes; one before them, which fills the file cache, is not counted."""
    words = [str(photo), str(bundle or ""), str(threads or 0)]
    command = [sys.executable, "-m", "benchmarks.workshop.programs.cold_start", *words]
    found: list[ColdStart] = []
    for _ in range(starts + 1 if starts else 0):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise TurnError((done.stderr.strip().splitlines() or ["a fresh process gave no answer"])[-1])
        found.append(ColdStart(**json.loads(done.stdout)))
    return found[1:]


def lines_of(found: Result) -> list[str]:
    """What the table does not say."""
    on = found.machine
    about = (on.device, on.processor, f"{on.usable_cores or on.cores} cores", on.system)
    lines = [", ".join(word for word in about if word)]
    if found.cold_starts:
        lines.append(f"cold start, median of {len(found.cold_starts)}: {_cold(found.cold_starts)}")
    for subject in found.subjects:
        if subject.peak_memory_bytes:
            lines.append(f"peak memory of {subject.name}: {subject.peak_memory_bytes / 1e6:.0f} MB")
    for row in found.rows:
        if len(row.series.minutes) > 1 and row.stage in ("total", "model"):
            minutes = ", ".join(f"{one.p50:.1f} / {one.p90:.1f}" for one in row.series.minutes)
            lines.append(f"{row.subject}, {row.stage}, p50 / p90 of each minute: {minutes}")
    reasons = [f"{row.subject}, {row.stage}: {row.verdict.text}" for row in found.rows if not row.verdict.valid]
    return [*lines, *reasons, *(f"note: {warning}" for warning in found.warnings)]


def _cold(starts: tuple[ColdStart, ...]) -> str:
    middle = sorted(starts, key=lambda one: (one.imports or 0) + one.session + one.first_answer)[len(starts) // 2]
    return f"import {middle.imports or 0:.0f} ms, session {middle.session:.0f}, first answer {middle.first_answer:.0f}"


def _triage(bundle: Bundle, threads: int) -> Any:
    from runtime.assess import Triage

    return Triage(bundle, threads=threads)


def _jobs(photo: Path, bundle: Bundle, options: Options, *, threads: int) -> dict[str, Job]:
    """The file that the app runs first, then the others of the bundle that run here, then PyTorch."""
    first = bundle.file
    jobs: dict[str, Job] = {_label(first): (whole_way, (photo, options.bundle, threads))}
    if not options.alone:
        folder = options.bundle or DEFAULT_BUNDLE
        for file in bundle.manifest.files:
            if file.format == "onnx" and file.name != first.name:
                jobs[_label(file)] = (onnx_file, (photo, options.bundle, file.name, threads))
            elif file.format == "tflite":
                jobs[_label(file)] = (tflite_file, (photo, folder, file.name, threads))
        if options.run is not None:
            jobs[PYTORCH] = (torch_student, (photo, options.run, threads))
    return jobs


def _label(file: ModelFile) -> str:
    return f"{file.format} {file.precision}"


def _with_accuracy(subjects: Sequence[Subject], bundle: Bundle, options: Options) -> tuple[Subject, ...]:
    files = {_label(file): file for file in bundle.manifest.files}
    if options.run is None:
        return tuple(replace(one, accuracy=accuracy_of(files[one.name])) for one in subjects)
    from benchmarks.workshop.accuracy import measured_auc  # torch: not before the last time was taken

    found: dict[str, Accuracy] = measured_auc(
        [one.name for one in subjects], bundle=bundle, run=options.run, photos=options.accuracy_photos
    )
    return tuple(replace(one, accuracy=found[one.name]) for one in subjects)


def table_of(found: Result) -> Table:
    """A row for each stage of each file."""
    title = f"{found.photo.name} ({found.photo.bytes / 1e6:.1f} MB), {found.mode}"
    header = ("file", "stage", "p50 ms", "p90 ms", "spread", "drift", "AUC", "verdict")
    accuracy = {subject.name: _auc(subject) for subject in found.subjects}
    return Table(title, header, [_cells(row, accuracy[row.subject]) for row in found.rows])


def _auc(subject: Subject) -> str:
    auc = None if subject.accuracy is None else subject.accuracy.figures.get("malignancy_auc")
    return "" if auc is None else f"{auc:.3f}"


def _cells(row: Row, auc: str) -> tuple[str, ...]:
    series = row.series
    figures = (f"{series.p50:.2f}", f"{series.p90:.2f}", f"{series.spread:.1%}", f"{series.drift:+.1%}")
    return (row.subject, row.stage, *figures, auc, "valid" if row.verdict.valid else "invalid")
