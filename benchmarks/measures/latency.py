"""What a photo costs on this machine, from the file's bytes to the tier, stage by stage."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.outcome import Outcome, Table
from benchmarks.workshop.choices import OfPhoto, checked
from benchmarks.workshop.environment import Timing, environment, timing
from benchmarks.workshop.photos import photo_or_drawing
from runtime.assess import Triage
from runtime.photo.decode import load_square
from runtime.photo.quality import measure_quality
from teacher.console import Advance, progress
from teacher.options import OPTION

STAGES = ("decode", "quality", "model", "total")


@dataclass(frozen=True, kw_only=True)
class Options(OfPhoto):
    """What `latency` asks."""

    repeats: Annotated[int, typer.Option(min=1)] = 50
    """counted repeats"""
    warmup: Annotated[int, typer.Option(min=0)] = 5
    """repeats before, not counted"""
    out: Annotated[Path, OPTION] = Path("artifacts/latency.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """Photo to tier: p50 and p90 of each stage, with the environment, as a table and as JSON."""
    checked(options.photo, option="--photo")
    with photo_or_drawing(options.photo) as photo:
        found = measure_latency(
            photo,
            bundle=options.bundle,
            repeats=options.repeats,
            warmup=options.warmup,
            threads=options.threads,
        )
    bundle, machine = found.bundle, found.environment
    title = f"{bundle['model_id']} {bundle['precision']}, {found.photo} ({found.photo_bytes / 1e6:.1f} MB)"
    rows = [(stage, f"{t.p50:.2f}", f"{t.p90:.2f}") for stage in STAGES if (t := found.stages[stage])]
    return Outcome(
        figures=(options.out, found.to_dict()),
        tables=[Table(title, ("stage", "p50 ms", "p90 ms"), rows)],
        lines=[
            f"bundle loaded in {found.load_ms:.0f} ms; {machine['cpu']}, {machine['cores']} cores",
            f"all figures: {options.out}",
        ],
    )


@dataclass(frozen=True, kw_only=True)
class Latency:
    """One measurement, ready for JSON."""

    photo: str
    photo_bytes: int
    bundle: dict[str, Any]
    load_ms: float
    """reading, checking and starting the bundle, once"""
    stages: dict[str, Timing]
    environment: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def measure_latency(photo: Path, *, bundle: Path | None, repeats: int, warmup: int, threads: int | None) -> Latency:
    """Time `repeats` assessments of one photo after `warmup` uncounted ones.

    `total` is timed on its own, not added up, so that it holds what the stages leave out. Raises PhotoError or
    BundleError where the photo or the bundle cannot be used.
    """
    started = time.perf_counter()
    triage = Triage.load(bundle, threads=threads)
    load_ms = (time.perf_counter() - started) * 1e3
    data = photo.read_bytes()
    with progress("Timing", warmup + repeats) as advance:
        rounds = [_one_round(triage, data, advance) for _ in range(warmup + repeats)][warmup:]
    file = triage.bundle.file
    return Latency(
        photo=photo.name,
        photo_bytes=len(data),
        bundle={
            "model_id": triage.bundle.manifest.model_id,
            "file": file.name,
            "precision": file.precision,
            "bytes": file.bytes,
            "input_side": triage.engine.size,
        },
        load_ms=round(load_ms, 3),
        stages={stage: timing([r[stage] for r in rounds]) for stage in STAGES},
        environment=environment(threads),
    )


def _one_round(triage: Triage, data: bytes, advance: Advance) -> dict[str, float]:
    size = triage.engine.size
    pixels, decode = _timed(lambda: load_square(data, size=size))
    _, quality = _timed(lambda: measure_quality(pixels))
    _, model = _timed(lambda: triage.engine.predict(pixels))
    _, total = _timed(lambda: triage.assess(data))
    advance("")
    return {"decode": decode, "quality": quality, "model": model, "total": total}


def _timed[T](work: Callable[[], T]) -> tuple[T, float]:
    """The result, and the milliseconds it took."""
    started = time.perf_counter()
    result = work()
    return result, (time.perf_counter() - started) * 1e3
