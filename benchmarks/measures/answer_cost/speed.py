"""The command line from its start beside the usual way as a script; and what options of ONNX Runtime cost or save.

How long a photo takes once all is loaded is `latency`'s question, and how much less than the usual way `reference`'s.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.outcome import Outcome, Table
from benchmarks.workshop.choices import OfReference, checked
from benchmarks.workshop.environment import environment
from benchmarks.workshop.photos.sources import photo_or_drawing
from benchmarks.workshop.timing.percentiles import Timing, timing
from benchmarks.workshop.timing.session_options import measure_options, option_rows
from benchmarks.workshop.timing.turns import TurnError
from runtime.bundle.load import load_bundle
from runtime.engine import default_threads
from teacher.options import OPTION

COLD, REFERENCE = "CLI, one photo", "reference, one photo"
TARGET_COLD_MS = 1000.0


@dataclass(frozen=True, kw_only=True)
class Options(OfReference):
    """What `speed` asks."""

    repeats: Annotated[int, typer.Option(min=1)] = 80
    """counted repeats of each choice of options"""
    starts: Annotated[int, typer.Option(min=1)] = 7
    """counted processes of each kind"""
    options: Annotated[bool, OPTION] = True
    """also compare the options of ONNX Runtime sessions"""
    out: Annotated[Path, OPTION] = Path("artifacts/speed.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """Whole processes from their start: the command line, the usual way as a script; and ONNX Runtime's options."""
    checked(options.photo, option="--photo")
    checked(options.fp32, option="--fp32")
    found = _found(options)
    threads = options.threads or default_threads()
    ort = measure_options(options.bundle, repeats=options.repeats, threads=threads) if options.options else {}
    title = f"{found.photo} ({found.photo_bytes / 1e6:.1f} MB); reference: {found.fp32}"
    header = ("", "p50 ms", "p90 ms", "fastest", "processor")
    choices = (*header, "ratio", "peak MB")
    model_alone = [Table("Options of ONNX Runtime, the model alone", choices, option_rows(ort))] if ort else []
    return Outcome(
        figures=(options.out, {**asdict(found), "options": {name: asdict(way) for name, way in ort.items()}}),
        tables=[Table(title, (*header, "peak MB"), rows(found)), *model_alone],
        lines=[verdict(found), f"all figures: {options.out}"],
    )


def _found(options: Options) -> "Speed":
    from benchmarks.peers.fp32_twin import reference_file  # torch and the exporter

    with (
        photo_or_drawing(options.photo) as photo,
        reference_file(options.fp32, load_bundle(options.bundle)) as (fp32, name),
    ):
        return measure_speed(photo, bundle=options.bundle, fp32=fp32, fp32_name=name, starts=options.starts)


@dataclass(frozen=True, kw_only=True)
class Cold:
    """Whole processes, from start to end. Milliseconds."""

    wall: Timing
    processor: Timing
    fastest: float
    peak_megabytes: float


@dataclass(frozen=True, kw_only=True)
class Speed:
    """One measurement, ready for JSON."""

    photo: str
    photo_bytes: int
    fp32: str
    """which model the reference ran"""
    cold: dict[str, Cold]
    environment: dict[str, Any]


def measure_speed(photo: Path, *, bundle: Path | None, fp32: Path, fp32_name: str, starts: int) -> Speed:
    """Start `starts` processes of each kind in turns.

    `fp32`: an ONNX file that takes float32 [1, 3, S, S]. Raises TurnError when a process fails.
    """
    return Speed(
        photo=photo.name,
        photo_bytes=photo.stat().st_size,
        fp32=fp32_name,
        cold=_cold(_commands(photo, bundle=bundle, fp32=fp32), starts=starts),
        environment=environment(None),
    )


def rows(found: Speed) -> list[tuple[str, ...]]:
    """One line per kind of process, for a table."""
    return [
        (
            name,
            *(f"{value:.1f}" for value in (kind.wall.p50, kind.wall.p90, kind.fastest, kind.processor.p50)),
            f"{kind.peak_megabytes:.0f}",
        )
        for name, kind in found.cold.items()
    ]


def verdict(found: Speed) -> str:
    """The target, met or missed, in one line."""
    cold = found.cold[COLD].wall.p50
    said = "met" if cold < TARGET_COLD_MS else "missed"
    return f"command line from its start {cold:.0f} ms, target below {TARGET_COLD_MS:.0f}: {said}"


def _commands(photo: Path, *, bundle: Path | None, fp32: Path) -> dict[str, list[str]]:
    """The processes whose cost is measured, from all there is to nothing."""
    named = [] if bundle is None else ["--bundle", str(bundle)]
    arguments = {
        COLD: ["-m", "runtime", str(photo), *named],
        REFERENCE: ["-m", "benchmarks.peers.reference_way", str(fp32), str(photo)],
        "CLI, --help": ["-m", "runtime", "--help"],
        "import runtime": ["-c", "import runtime"],
        "python alone": ["-c", "pass"],
    }
    return {name: [sys.executable, *given] for name, given in arguments.items()}


def _cold(commands: Mapping[str, list[str]], *, starts: int) -> dict[str, Cold]:
    launcher = [sys.executable, "-m", "benchmarks.workshop.programs.processes", str(starts), json.dumps(commands)]
    done = subprocess.run(launcher, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TurnError((done.stderr.strip().splitlines() or ["no answer"])[-1])
    return {name: _summary(taken) for name, taken in json.loads(done.stdout).items()}


def _summary(taken: list[list[float]]) -> Cold:
    wall, processor, peak = (list(values) for values in zip(*taken, strict=True))
    return Cold(
        wall=timing(wall),
        processor=timing(processor),
        fastest=round(min(wall), 3),
        peak_megabytes=round(max(peak), 1),
    )
