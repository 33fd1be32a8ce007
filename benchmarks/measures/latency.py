"""What a photo costs on this machine, from the file's bytes to the tier, by MLPerf's rule for a single stream.

All files take turns, each in a process of its own; every time is taken before any accuracy, which would heat the
machine. The shape of what comes out is `runtime.measure.result`, which the app writes as well.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.outcome import BenchmarkError, Outcome, Table
from benchmarks.workshop.candidates import onnx_file, tflite_file, torch_student, whole_way
from benchmarks.workshop.checkout import code_here
from benchmarks.workshop.choices import OfPhoto, checked
from benchmarks.workshop.photos import photo_or_drawing
from benchmarks.workshop.turns import Job, TurnError, Worker
from runtime.bundle.load import DEFAULT_BUNDLE, Bundle, load_bundle
from runtime.bundle.manifest import ModelFile
from runtime.engine import default_threads
from runtime.files import written_whole
from runtime.measure.machine import Load, machine, state
from runtime.measure.photo_way import accuracy_of, photo_work
from runtime.measure.result import Accuracy, ColdStart, Result, Row, Subject, photo_of
from runtime.measure.series import Samples
from runtime.measure.stream import FULL, QUICK, Plan, stream, sustained, trial
from teacher.console import progress
from teacher.options import OPTION, OptionError

PYTORCH = "pytorch fp32"
UNITS = {"s": 1, "m": 60, "h": 3600}
PERCENT = 100
"""Steps of the bar: how long it takes is known in time, or in samples, whichever takes longer."""


@dataclass(frozen=True, kw_only=True)
class Options(OfPhoto):
    """What `latency` asks."""

    quick: Annotated[bool, typer.Option("--quick")] = False
    """128 samples and 10 s instead of 1,024 and 60: a first look, never ranked"""
    sustained: Annotated[str, OPTION] = ""
    """go on for so long, such as 10m: what the machine does once it is warm"""
    repeats: Annotated[int | None, typer.Option(min=1)] = None
    """exactly so many samples, however long they take: a trial, never ranked"""
    warmup: Annotated[int, typer.Option(min=0)] = 5
    """turns before, not counted"""
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

    def plan(self) -> Plan:
        """How long it is measured. Raises OptionError where more than one length is asked for."""
        if sum((self.quick, bool(self.sustained), self.repeats is not None)) > 1:
            raise OptionError("--quick, --sustained and --repeats each say how long: give one of them")
        if self.repeats is not None:
            return trial(self.repeats, warmup=self.warmup)
        chosen = QUICK if self.quick else sustained(seconds_of(self.sustained)) if self.sustained else FULL
        return replace(chosen, warmup=self.warmup)


def measure(options: Options) -> Outcome:
    """Photo to tier by MLPerf's single-stream rule: p50 and p90 of each step and file, each with a verdict."""
    checked(options.photo, option="--photo")
    with photo_or_drawing(options.photo) as photo:
        found = measure_latency(photo, options)
    return Outcome(
        files=[(options.out, lambda path: write_result(path, found))],
        tables=[_table(found)],
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
    subjects, others = _timed(_jobs(photo, bundle, options, threads=threads), plan=plan)
    ended = state()
    return Result(
        mode=plan.mode,
        photo=photo_of(data, name=photo.name),
        code=code_here(),
        machine=machine(),
        start=began,
        end=ended,
        others=others,
        subjects=_with_accuracy(subjects, bundle, options),
        cold_starts=tuple(cold),
    )


def seconds_of(text: str) -> float:
    """Such as "10m", "90s", "1h" or "600". Raises OptionError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if found is None or not float(found[1]):
        raise OptionError(f"--sustained {text}: a time such as 10m or 90s is wanted")
    return float(found[1]) * UNITS[found[2] or "s"]


def cold_starts(photo: Path, *, bundle: Path | None, threads: int | None, starts: int) -> list[ColdStart]:
    """The first answer of so many fresh processes; one before them, which fills the file cache, is not counted."""
    words = [str(photo), str(bundle or ""), str(threads or 0)]
    command = [sys.executable, "-m", "benchmarks.workshop.cold_start", *words]
    found: list[ColdStart] = []
    for _ in range(starts + 1 if starts else 0):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise TurnError((done.stderr.strip().splitlines() or ["a fresh process gave no answer"])[-1])
        found.append(ColdStart(**json.loads(done.stdout)))
    return found[1:]


def write_result(path: Path, found: Result) -> None:
    """The JSON of a measurement. Raises BenchmarkError where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as partial:
            partial.write_text(found.to_json())
    except OSError as error:
        raise BenchmarkError(f"--out {path}: cannot be written ({error.strerror})") from error


def lines_of(found: Result) -> list[str]:
    """What the table does not say."""
    on, memory = found.machine, next(subject.peak_memory_bytes for subject in found.subjects)
    about = (on.device, on.processor, f"{on.usable_cores or on.cores} cores", on.system)
    lines = [", ".join(word for word in about if word)]
    if found.cold_starts:
        lines.append(f"cold start, median of {len(found.cold_starts)}: {_cold(found.cold_starts)}")
    if memory:
        lines.append(f"peak memory of {found.subjects[0].name}: {memory / 1e6:.0f} MB")
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


def _timed(jobs: Mapping[str, Job], *, plan: Plan) -> tuple[list[Subject], float | None]:
    """Every job in turns, and the share of the machine that others had meanwhile."""
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(job)) for name, job in jobs.items()}
        about = {name: worker.ask("about") for name, worker in workers.items()}
        load = Load(processes=[worker.process for worker in workers.values()])
        works = {name: _asking(worker) for name, worker in workers.items()}
        with progress("Timing", PERCENT) as advance:
            taken = stream(works, plan=plan, wanted=_bar(advance)) or {}
        others = load.others()
        whole = next(iter(jobs))
        peak = round(workers[whole].ask("peak") * 1e6)
        return [_subject(name, about[name], taken[name], peak if name == whole else None) for name in jobs], others


def _asking(worker: Worker) -> Callable[[], Mapping[str, float]]:
    return lambda: worker.ask("found")


def _bar(advance: Callable[[str], None]) -> Callable[[float], bool]:
    shown = 0

    def wanted(share: float) -> bool:
        nonlocal shown
        while shown < int(PERCENT * share):
            advance("")
            shown += 1
        return True

    return wanted


def _subject(name: str, about: Any, samples: Samples, peak: int | None) -> Subject:
    """Only the whole way has a peak of its own: the others' processes hold what they were loaded with."""
    return Subject(
        name=name,
        model=about.model,
        engine=about.engine,
        threads=about.threads,
        provider=about.provider,
        samples=samples,
        peak_memory_bytes=peak,
    )


def _with_accuracy(subjects: list[Subject], bundle: Bundle, options: Options) -> tuple[Subject, ...]:
    files = {_label(file): file for file in bundle.manifest.files}
    if options.run is None:
        return tuple(replace(one, accuracy=accuracy_of(files[one.name])) for one in subjects)
    from benchmarks.workshop.accuracy import measured_auc  # torch: not before the last time was taken

    found: dict[str, Accuracy] = measured_auc(
        [one.name for one in subjects], bundle=bundle, run=options.run, photos=options.accuracy_photos
    )
    return tuple(replace(one, accuracy=found[one.name]) for one in subjects)


def _table(found: Result) -> Table:
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
