"""Options that several measures have."""

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.outcome import BenchmarkError
from runtime.measure.stream import FULL, QUICK, Plan, sustained, trial
from teacher.options import OPTION, OptionError

UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, kw_only=True)
class OfBundle:
    """A measure of a bundle."""

    bundle: Annotated[Path | None, OPTION] = None
    """bundle folder; without it the one in the package"""


@dataclass(frozen=True, kw_only=True)
class OfPhoto(OfBundle):
    """A measure of a bundle on one photo."""

    photo: Annotated[Path | None, OPTION] = None
    """photo to time; without it a drawn 12-megapixel JPEG"""
    threads: Annotated[int | None, typer.Option(min=1)] = None
    """threads of our model"""


@dataclass(frozen=True, kw_only=True)
class OfLength:
    """A measure by MLPerf's rule for a single stream, or for another length."""

    quick: Annotated[bool, typer.Option("--quick")] = False
    """128 samples and 10 s instead of 1,024 and 60: a first look, never ranked"""
    sustained: Annotated[str, OPTION] = ""
    """go on for so long, such as 10m: what the machine does once it is warm"""
    repeats: Annotated[int | None, typer.Option(min=1)] = None
    """exactly so many samples, however long they take: a trial, never ranked"""
    warmup: Annotated[int, typer.Option(min=0)] = 5
    """turns before, not counted"""

    def plan(self) -> Plan:
        """How long it is measured. Raises OptionError where more than one length is asked for."""
        if sum((self.quick, bool(self.sustained), self.repeats is not None)) > 1:
            raise OptionError("--quick, --sustained and --repeats each say how long: give one of them")
        if self.repeats is not None:
            return trial(self.repeats, warmup=self.warmup)
        chosen = QUICK if self.quick else sustained(seconds_of(self.sustained)) if self.sustained else FULL
        return replace(chosen, warmup=self.warmup)


@dataclass(frozen=True, kw_only=True)
class OfReference(OfPhoto):
    """A measure of a bundle beside the usual way with the same student."""

    fp32: Annotated[Path | None, OPTION] = None
    """ONNX file of the reference, float32 [1, 3, S, S] in; without it the bundle's student is exported"""


@dataclass(frozen=True, kw_only=True)
class OfRun(OfBundle):
    """A measure of a bundle on the photos of a run."""

    run: Annotated[Path, OPTION]
    """run folder that the bundle came from: its photos are asked about"""


@dataclass(frozen=True, kw_only=True)
class OfRuns:
    """A measure of students."""

    run: Annotated[list[Path], OPTION]
    """run folder of a student; give it once per student"""


def checked(path: Path | None, *, option: str) -> None:
    """Raises BenchmarkError where a file was named that is not there."""
    if path is not None and not path.is_file():
        raise BenchmarkError(f"{option} {path}: no such file")


def seconds_of(text: str) -> float:
    """Such as "10m", "90s", "1h" or "600". Raises OptionError."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text.strip())
    if found is None or not float(found[1]):
        raise OptionError(f"--sustained {text}: a time such as 10m or 90s is wanted")
    return float(found[1]) * UNITS[found[2] or "s"]
