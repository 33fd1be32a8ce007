"""What other devices were measured at: a small table that the app shows beside its own figures.

`known.json` is written by `python -m benchmarks collect results/*.json --known runtime/measure/known.json`, out of
result files that hold the raw times; only valid rows stand in it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from runtime.bundle.json_fields import parse
from runtime.errors import BundleError
from runtime.files import json_text
from runtime.measure.photo_way import TOTAL
from runtime.measure.result import Result, ResultError

KNOWN_PATH = Path(__file__).with_name("known.json")


@dataclass(frozen=True, kw_only=True)
class Known:
    """A device that was measured by the rule."""

    device: str
    """make and model where they are told, else the processor, and the cores"""
    model_id: str
    photo_sha256: str
    measured: str
    """day, ISO"""
    p50: float
    """photo to tier, milliseconds"""
    p90: float


def known_of(results: Sequence[Result]) -> tuple[Known, ...]:
    """The valid ones of some results, the quickest first: photo to tier, of the file that answers."""
    return tuple(sorted(_valid(results), key=lambda one: (one.p90, one.device)))


def read_known(path: Path = KNOWN_PATH) -> tuple[Known, ...]:
    """The quickest first. Raises ResultError where the file cannot be read."""
    try:
        rows = parse(path.read_text(encoding="utf-8"), where=path.name).objects("devices")
        found = [
            Known(
                device=row.text("device"),
                model_id=row.text("model_id"),
                photo_sha256=row.text("photo_sha256"),
                measured=row.text("measured"),
                p50=row.number("p50", low=0.0),
                p90=row.number("p90", low=0.0),
            )
            for row in rows
        ]
    except (OSError, UnicodeDecodeError, BundleError) as error:
        raise ResultError(f"{path.name}: the table of known devices cannot be read ({error})") from error
    return tuple(sorted(found, key=lambda one: (one.p90, one.device)))


def known_devices() -> tuple[Known, ...]:
    """Those that stand in the package; none where their table cannot be read, for it is only there to compare with."""
    try:
        return read_known()
    except ResultError:
        return ()


def known_text(known: Sequence[Known]) -> str:
    """What the file holds."""
    return json_text({"devices": [asdict(one) for one in known]}, indent=1) + "\n"


def _valid(results: Sequence[Result]) -> Iterator[Known]:
    for result in results:
        own, on = result.subjects[0], result.machine
        row = result.row(own.name, TOTAL)
        if row.verdict.valid:
            cores = on.usable_cores or on.cores
            yield Known(
                device=f"{on.device or on.processor}{f', {cores} cores' if cores else ''}",
                model_id=own.model.model_id,
                photo_sha256=result.photo.sha256,
                measured=result.start.time[:10],
                p50=round(row.series.p50, 1),
                p90=round(row.series.p90, 1),
            )
