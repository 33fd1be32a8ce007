"""What each run of a sweep came to, and what all seeds of a variant came to together."""

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import numpy as np

from distill.evaluate import plain_figures, predict
from distill.student import METRICS_NAME, WEIGHTS_NAME, load_student
from distill.sweep.options import SweepError
from distill.sweep.plan import Entry
from distill.sweep.stages import digest_of
from distill.sweep.timing import Timing
from runtime.bundle.load import Figure, ModelFile, read_manifest
from runtime.files import write_json, written_whole
from teacher.data.dataset import Dataset
from teacher.data.sample import Sample
from teacher.data.splits import Part
from teacher.evaluation.groups import GROUPINGS, groups_of
from teacher.models.answers import Answers

ByGroup = Mapping[str, Mapping[str, Mapping[str, Figure]]]
"""Figures by grouping, group and name."""

GROUPS_NAME = "groups"
"""Folder beside the runs."""

BY = ("domain", "tone_group")
"""Groupings of the test part whose figures stand beside those of all of it."""


@dataclass(frozen=True, kw_only=True)
class Exported:
    """The file that ships."""

    file: str
    bytes: int
    metrics: Mapping[str, Figure]
    """of the file itself, on the test part"""
    latency: Timing | None = None


@dataclass(frozen=True, kw_only=True)
class Result:
    """One run, judged on the test part."""

    name: str
    variant: str
    student: str
    recipe: str
    point: Mapping[str, Any]
    seed: int
    best_epoch: int
    figures: Mapping[str, Figure]
    """with 95% intervals, as the run stores them"""
    groups: ByGroup
    student_bytes: int
    """of its float32 weights"""
    exported: Exported | None = None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A figure over the seeds of a variant."""

    mean: float
    deviation: float | None
    """standard deviation of the seeds; None of one"""
    values: tuple[float, ...] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A student and a recipe at one point of the grid, over its seeds."""

    name: str
    seeds: tuple[int, ...]
    figures: Mapping[str, Spread]
    """such as `malignancy_auc`, `domain/clinical/malignancy_auc`, `megabytes`, `milliseconds`, `int8_malignancy_auc`"""


def result_of(entry: Entry, run: Path, bundle: Path, dataset: Dataset) -> Result:
    """Of a finished run. Raises StudentError, BundleError."""
    metrics = json.loads((run / METRICS_NAME).read_text())
    return Result(
        name=entry.name,
        variant=entry.variant,
        student=entry.student,
        recipe=entry.recipe,
        point=entry.point,
        seed=entry.config.seed,
        best_epoch=metrics["best_epoch"],
        figures={name: _figure(one) for name, one in metrics[Part.TEST.value].items()},
        groups=_by_group(run, dataset),
        student_bytes=(run / WEIGHTS_NAME).stat().st_size,
        exported=_exported(bundle) if entry.export else None,
    )


def variants_of(results: Sequence[Result]) -> list[Variant]:
    """In the order of their first run."""
    found: dict[str, list[Result]] = {}
    for one in results:
        found.setdefault(one.variant, []).append(one)
    return [_variant(name, own) for name, own in found.items()]


def columns_of(result: Result) -> dict[str, float]:
    """Every value of a run by the name of its column; what is not known is NaN."""
    found = {name: one.value for name, one in result.figures.items()}
    for grouping, groups in result.groups.items():
        for group, figures in groups.items():
            found |= {f"{grouping}/{group}/{name}": one.value for name, one in figures.items()}
    found["megabytes"] = (result.exported.bytes if result.exported else result.student_bytes) / 1e6
    if result.exported:
        found |= {f"int8_{name}": one.value for name, one in result.exported.metrics.items()}
        if result.exported.latency:
            found["milliseconds"] = result.exported.latency.median_ms
    return found


def to_json(results: Sequence[Result], variants: Sequence[Variant], failed: Mapping[str, str]) -> dict[str, Any]:
    """Plain values."""
    return {
        "runs": [asdict(one) for one in results],
        "variants": [asdict(one) for one in variants],
        "failed": dict(failed),
    }


def write_csv(path: Path, results: Sequence[Result]) -> None:
    """One line a run: its names, then every value, those of figures with the ends of their interval. Raises OSError."""
    rows = [_csv_row(one) for one in results]
    header = list(dict.fromkeys(name for row in rows for name in row))
    with written_whole(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=header, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _csv_row(result: Result) -> dict[str, Any]:
    row: dict[str, Any] = {
        "run": result.name,
        "student": result.student,
        "recipe": result.recipe,
        "seed": result.seed,
        **result.point,
        "best_epoch": result.best_epoch,
    }
    for name, value in columns_of(result).items():
        row[name] = "" if math.isnan(value) else value
        if (figure := result.figures.get(name)) is not None:
            row |= {f"{name}_low": figure.low, f"{name}_high": figure.high}
    return row


def _variant(name: str, results: Sequence[Result]) -> Variant:
    every = [columns_of(one) for one in results]
    names = dict.fromkeys(column for own in every for column in own)
    values = {column: [own[column] for own in every if not math.isnan(own.get(column, math.nan))] for column in names}
    return Variant(
        name=name,
        seeds=tuple(one.seed for one in results),
        figures={column: _spread(own) for column, own in values.items() if own},
    )


def _spread(values: Sequence[float]) -> Spread:
    return Spread(
        mean=fmean(values), deviation=stdev(values) if len(values) > 1 else None, values=tuple(map(float, values))
    )


def _by_group(run: Path, dataset: Dataset) -> ByGroup:
    """Kept beside the runs: a sweep that goes on does not ask every student again."""
    kept, weights = run.parent / GROUPS_NAME / f"{run.name}.json", digest_of(run / WEIGHTS_NAME)
    stored = _stored(kept)
    if stored.get("weights") == weights:
        return _each(stored["groups"], _figure)
    found = _judged(run, dataset)
    kept.parent.mkdir(exist_ok=True)
    write_json(kept, {"weights": weights, "groups": _each(found, asdict)})
    return found


def _stored(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _each(groups: Mapping[str, Mapping[str, Mapping[str, Any]]], change: Callable[[Any], Any]) -> dict[str, Any]:
    return {
        grouping: {group: {name: change(one) for name, one in figures.items()} for group, figures in own.items()}
        for grouping, own in groups.items()
    }


def _judged(run: Path, dataset: Dataset) -> ByGroup:
    indices = dataset.part(Part.TEST)
    said = predict(load_student(run), dataset, indices)
    samples = [dataset.samples[index] for index in indices]
    return {
        name: {
            group: plain_figures(_some(said, places), dataset.malignant(own), dataset.conditions(own))
            for group, places, own in _members(name, samples, indices)
        }
        for name in BY
    }


def _members(
    grouping: str, samples: Sequence[Sample], indices: np.ndarray
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    groups = groups_of(GROUPINGS[grouping], samples)
    return ((name, places, indices[places]) for name, places in zip(groups.names, groups.members, strict=True))


def _some(said: Answers, places: np.ndarray) -> Answers:
    return Answers(said.malignancy[places], said.conditions[places], said.features[places])


def _exported(bundle: Path) -> Exported | None:
    if not (bundle / "manifest.json").is_file():
        return None
    file = int8_file(bundle)
    return Exported(file=file.name, bytes=file.bytes, metrics=file.metrics)


def int8_file(bundle: Path) -> ModelFile:
    """The ONNX INT8 file of a bundle. Raises SweepError where it has none, BundleError where it cannot be read."""
    for file in read_manifest(bundle).files:
        if (file.format, file.precision) == ("onnx", "int8"):
            return file
    raise SweepError(f"{bundle}: no ONNX INT8 file in it; delete it, and the sweep makes it anew")


def _figure(values: Mapping[str, Any]) -> Figure:
    """As metrics.json has it, where null is not known."""
    known: dict[str, Any] = {name: math.nan if one is None else one for name, one in values.items()}
    return Figure(**known)
