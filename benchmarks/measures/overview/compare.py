"""Is one measurement faster than another, and by how much? Only of what can be compared."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from benchmarks.outcome import BenchmarkError, Outcome, Table
from benchmarks.workshop.timing.ratios import ratio_of_medians
from runtime.measure.result import Result, Row, Subject
from teacher.options import OPTION


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `compare` asks."""

    anyway: Annotated[bool, typer.Option("--anyway")] = False
    """compare also what was measured on another device, photo, version, or number of threads"""
    seed: Annotated[int, OPTION] = 0
    """seed of the bootstrap"""
    out: Annotated[Path, OPTION] = Path("artifacts/compare.json")
    """where the JSON goes"""


def measure(
    first: Annotated[Path, typer.Argument(help="A result file of `latency`, or of the app.", show_default=False)],
    second: Annotated[Path, typer.Argument(help="Another one; the ratio is this one's over the first's.")],
    options: Options,
) -> Outcome:
    """The ratio of the medians of two measurements, with a 95% bootstrap interval; refuses what differs otherwise."""
    one, other = Result.read(first), Result.read(second)
    differences = differences_of(one, other)
    if differences and not options.anyway:
        raise BenchmarkError(f"{first} and {second} differ in {'; '.join(differences)}: --anyway compares them")
    ratios = ratios_of(one, other, seed=options.seed)
    if not ratios:
        raise BenchmarkError(f"{first} and {second} have no file and stage in common")
    found = {
        "first": str(first),
        "second": str(second),
        "differences": differences,
        "ratios": list(map(asdict, ratios)),
    }
    header = ("file", "stage", "first p50 ms", "second p50 ms", "ratio", "95%", "says")
    return Outcome(
        figures=(options.out, found),
        tables=[Table(f"{second} over {first}", header, [_cells(ratio) for ratio in ratios])],
        lines=[*(f"note: they differ in {difference}" for difference in differences), f"all figures: {options.out}"],
        document=found,
    )


@dataclass(frozen=True, kw_only=True)
class Ratio:
    """One stage of one file in both measurements."""

    subject: str
    stage: str
    first_p50: float
    second_p50: float
    ratio: float
    """of the medians, second over first"""
    low: float
    high: float
    """95% bootstrap interval"""
    says: str


def differences_of(one: Result, other: Result) -> list[str]:
    """What makes two measurements no comparison of the code or the model."""
    pairs: list[tuple[str, Any, Any]] = [
        ("device", one.machine.device, other.machine.device),
        ("processor", one.machine.processor, other.machine.processor),
        ("cores", one.machine.usable_cores, other.machine.usable_cores),
        ("memory", one.machine.memory_bytes, other.machine.memory_bytes),
        ("system", one.machine.system, other.machine.system),
        ("Python", one.machine.python, other.machine.python),
        *((name, *_both(name, one, other)) for name in sorted({*one.machine.packages, *other.machine.packages})),
        ("photo", one.photo.sha256[:12], other.photo.sha256[:12]),
        *_of_subjects(one, other),
    ]
    return [f"{name} ({first} and {second})" for name, first, second in pairs if first != second]


def ratios_of(one: Result, other: Result, *, seed: int = 0) -> list[Ratio]:
    """Of every file and stage that both have."""
    seconds = {(row.subject, row.stage): row for row in other.rows}
    rng = np.random.default_rng(seed)
    pairs = [(row, seconds[row.subject, row.stage]) for row in one.rows if (row.subject, row.stage) in seconds]
    return [_ratio(first, second, rng=rng) for first, second in pairs]


def _both(name: str, one: Result, other: Result) -> tuple[str | None, str | None]:
    return one.machine.packages.get(name), other.machine.packages.get(name)


def _of_subjects(one: Result, other: Result) -> list[tuple[str, Any, Any]]:
    seconds = {subject.name: subject for subject in other.subjects}
    pairs = [(subject, seconds[subject.name]) for subject in one.subjects if subject.name in seconds]
    return [difference for first, second in pairs for difference in _of_pair(first, second)]


def _of_pair(first: Subject, second: Subject) -> list[tuple[str, Any, Any]]:
    return [
        (f"threads of {first.name}", first.threads, second.threads),
        (f"engine of {first.name}", first.engine, second.engine),
        (f"execution provider of {first.name}", first.provider.actual, second.provider.actual),
    ]


def _ratio(first: Row, second: Row, *, rng: np.random.Generator) -> Ratio:
    ratio, low, high = ratio_of_medians(first.series, second.series, rng=rng)
    return Ratio(
        subject=first.subject,
        stage=first.stage,
        first_p50=first.series.p50,
        second_p50=second.series.p50,
        ratio=ratio,
        low=low,
        high=high,
        says=_says(first, second, low=low, high=high),
    )


def _says(first: Row, second: Row, *, low: float, high: float) -> str:
    if not (first.verdict.valid and second.verdict.valid):
        which = [name for name, row in (("first", first), ("second", second)) if not row.verdict.valid]
        return f"not ranked: the {' and the '.join(which)} is invalid"
    if low <= 1 <= high:
        return "no difference shown"
    return "second is slower" if low > 1 else "second is faster"


def _cells(ratio: Ratio) -> tuple[str, ...]:
    return (
        ratio.subject,
        ratio.stage,
        f"{ratio.first_p50:.2f}",
        f"{ratio.second_p50:.2f}",
        f"{ratio.ratio:.3f}",
        f"{ratio.low:.3f}-{ratio.high:.3f}",
        ratio.says,
    )
