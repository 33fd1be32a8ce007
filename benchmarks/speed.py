"""Photo to tier against the usual way, warm and in turns; and the command line from its start."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks.latency import Timing, environment, timing
from benchmarks.reference_way import reference_way
from benchmarks.turns import Job, TurnError, Warm, time_in_turns
from runtime.assess import Triage
from teacher.console import progress

OURS, REFERENCE, BILINEAR = "ours", "reference", "reference, bilinear"
"""Pillow's `resize` is bicubic unless told otherwise; bilinear is its cheapest that antialiases."""
COLD = "CLI, one photo"
TARGET_RATIO = 0.25
TARGET_COLD_MS = 1000.0


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
        OURS: (_ours, (photo, bundle, threads)),
        REFERENCE: (_reference, (photo, fp32, None)),
        BILINEAR: (_reference, (photo, fp32, Image.Resampling.BILINEAR)),
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


def _ours(photo: Path, bundle: Path | None, threads: int | None) -> Callable[[], object]:
    triage = Triage.load(bundle, threads=threads)
    return lambda: triage.assess(photo)


def _reference(photo: Path, fp32: Path, resample: Image.Resampling | None) -> Callable[[], object]:
    answer = reference_way(fp32.read_bytes(), resample=resample)
    return lambda: answer(photo)


def _commands(photo: Path, *, bundle: Path | None, fp32: Path) -> dict[str, list[str]]:
    """The processes whose cost is measured, from all there is to nothing."""
    named = [] if bundle is None else ["--bundle", str(bundle)]
    arguments = {
        COLD: ["-m", "runtime", str(photo), *named],
        "reference, one photo": ["-m", "benchmarks.reference_way", str(fp32), str(photo)],
        "CLI, --help": ["-m", "runtime", "--help"],
        "import runtime": ["-c", "import runtime"],
        "python alone": ["-c", "pass"],
    }
    return {name: [sys.executable, *given] for name, given in arguments.items()}


def _cold(commands: Mapping[str, list[str]], *, starts: int) -> dict[str, Cold]:
    launcher = [sys.executable, "-m", "benchmarks.processes", str(starts), json.dumps(commands)]
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
