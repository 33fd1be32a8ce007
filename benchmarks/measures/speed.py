"""Photo to tier against the usual way, warm and in turns; and the command line from its start."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image

from benchmarks.outcome import Outcome, Table
from benchmarks.peers.ways import ours, reference
from benchmarks.workshop.choices import OfPhoto, checked
from benchmarks.workshop.environment import Timing, environment, timing
from benchmarks.workshop.photos import photo_or_drawing
from benchmarks.workshop.session_options import measure_options, option_rows
from benchmarks.workshop.turns import Job, TurnError, Warm, time_in_turns
from runtime.bundle.load import load_bundle
from runtime.engine import default_threads
from teacher.console import progress
from teacher.options import OPTION

OURS, REFERENCE, BILINEAR = "ours", "reference", "reference, bilinear"
"""Pillow's `resize` is bicubic unless told otherwise; bilinear is its cheapest that antialiases."""
COLD = "CLI, one photo"
TARGET_RATIO = 0.25
TARGET_COLD_MS = 1000.0


@dataclass(frozen=True, kw_only=True)
class Options(OfPhoto):
    """What `speed` asks."""

    fp32: Annotated[Path | None, OPTION] = None
    """ONNX file of the reference, float32 [1, 3, S, S] in; without it the bundle's student is exported"""
    repeats: Annotated[int, typer.Option(min=1)] = 40
    """counted repeats of each way"""
    starts: Annotated[int, typer.Option(min=1)] = 7
    """counted processes of each kind"""
    options: Annotated[bool, OPTION] = True
    """also compare the options of ONNX Runtime sessions"""
    out: Annotated[Path, OPTION] = Path("artifacts/speed.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """Photo to tier against decoding, resizing and normalising in full and an FP32 model, in turns; and cold starts."""
    checked(options.photo, option="--photo")
    checked(options.fp32, option="--fp32")
    found = _found(options)
    threads = options.threads or default_threads()
    ort = measure_options(options.bundle, repeats=2 * options.repeats, threads=threads) if options.options else {}
    header = ("", "p50 ms", "p90 ms", "fastest", "processor", "ratio", "peak MB")
    title = f"{found.photo} ({found.photo_bytes / 1e6:.1f} MB); reference: {found.fp32}"
    model_alone = [Table("Options of ONNX Runtime, the model alone", header, option_rows(ort))] if ort else []
    return Outcome(
        figures=(options.out, {**found.to_dict(), "options": {name: asdict(way) for name, way in ort.items()}}),
        tables=[Table(title, header, rows(found)), *model_alone],
        lines=[verdict(found), f"all figures: {options.out}"],
    )


def _found(options: Options) -> "Speed":
    loaded = load_bundle(options.bundle)
    with photo_or_drawing(options.photo) as photo, tempfile.TemporaryDirectory() as folder:
        model, name = options.fp32, str(options.fp32)
        if model is None:
            from benchmarks.peers.fp32_twin import fp32_twin  # torch and the exporter: not in the process that is timed

            model = Path(folder) / "fp32.onnx"
            model.write_bytes(fp32_twin(loaded))
            name = f"{loaded.manifest.architecture} of the bundle, exported with torch.onnx"
        return measure_speed(
            photo,
            bundle=options.bundle,
            fp32=model,
            fp32_name=name,
            repeats=options.repeats,
            starts=options.starts,
            threads=options.threads,
        )


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
    warm: dict[str, Warm]
    cold: dict[str, Cold]
    environment: dict[str, Any]

    @property
    def ratio(self) -> float:
        """Median wall time, ours over the reference's."""
        return self.warm[OURS].wall.p50 / self.warm[REFERENCE].wall.p50

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio}


def measure_speed(
    photo: Path, *, bundle: Path | None, fp32: Path, fp32_name: str, repeats: int, starts: int, threads: int | None
) -> Speed:
    """Time both ways `repeats` times each and start `starts` processes of each kind.

    `fp32`: an ONNX file that takes float32 [1, 3, S, S]. Raises TurnError when a way fails.
    """
    ways: dict[str, Job] = {
        OURS: (ours, (photo, bundle, threads)),
        REFERENCE: (reference, (photo, fp32, None)),
        BILINEAR: (reference, (photo, fp32, Image.Resampling.BILINEAR)),
    }
    with progress("Warm", repeats) as advance:
        warm = time_in_turns(ways, repeats=repeats, advance=advance)
    return Speed(
        photo=photo.name,
        photo_bytes=photo.stat().st_size,
        fp32=fp32_name,
        warm=warm,
        cold=_cold(_commands(photo, bundle=bundle, fp32=fp32), starts=starts),
        environment=environment(threads),
    )


def rows(found: Speed) -> list[tuple[str, ...]]:
    """One line per way and per process, for a table."""
    reference = found.warm[REFERENCE].wall.p50
    lines = [
        (
            name,
            *(f"{value:.1f}" for value in (way.wall.p50, way.wall.p90, way.fastest, way.processor.p50)),
            f"{way.wall.p50 / reference:.2f}" if name in found.warm else "",
            f"{way.peak_megabytes:.0f}",
        )
        for name, way in {**found.warm, **found.cold}.items()
    ]
    return lines


def verdict(found: Speed) -> str:
    """The targets, each met or missed, in one line."""
    cold = found.cold[COLD].wall.p50
    said = ("met" if found.ratio < TARGET_RATIO else "missed", "met" if cold < TARGET_COLD_MS else "missed")
    return (
        f"ours / reference {found.ratio:.2f}, target below {TARGET_RATIO}: {said[0]}; "
        f"command line from its start {cold:.0f} ms, target below {TARGET_COLD_MS:.0f}: {said[1]}"
    )


def _commands(photo: Path, *, bundle: Path | None, fp32: Path) -> dict[str, list[str]]:
    """The processes whose cost is measured, from all there is to nothing."""
    named = [] if bundle is None else ["--bundle", str(bundle)]
    arguments = {
        COLD: ["-m", "runtime", str(photo), *named],
        "reference, one photo": ["-m", "benchmarks.peers.reference_way", str(fp32), str(photo)],
        "CLI, --help": ["-m", "runtime", "--help"],
        "import runtime": ["-c", "import runtime"],
        "python alone": ["-c", "pass"],
    }
    return {name: [sys.executable, *given] for name, given in arguments.items()}


def _cold(commands: Mapping[str, list[str]], *, starts: int) -> dict[str, Cold]:
    launcher = [sys.executable, "-m", "benchmarks.workshop.processes", str(starts), json.dumps(commands)]
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
