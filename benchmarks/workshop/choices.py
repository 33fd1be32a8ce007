"""Options that several measures have."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.outcome import BenchmarkError
from teacher.options import OPTION


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
