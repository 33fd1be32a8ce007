"""What a sweep file asks for: students x recipes x a grid x seeds, each of them the configuration of one run.

    seeds = [0, 1, 2]           # of the student's training; photos, split and teacher are those of the option `seed`

    [defaults]                  # any options of `distill train`, without their dashes
    data = "photos"
    epochs = 12
    export = true               # and two stages: ONNX INT8, timed through `runtime` ...
    quantize = true             # ... or made by a fine-tune first, a table being options of `distill quantize`

    [students.mobilenetv3]      # a name of `--student`, and options of its own
    [students.mobilenetv2]
    init = "weights/trunk.safetensors"

    [recipes.hard]
    soft-weight = 0
    [recipes.kd]
    labels = "plain"

    [grid]                      # every combination of these
    lr = [0.001, 0.002]

What stands further down outranks what stands above. A JSON file has the same shape.
"""

import itertools
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from distill.config import TrainConfig
from distill.int8.fine_tune import QuantizeConfig
from distill.sweep.options import SweepError, near, quantize_config, train_config
from runtime.errors import first_line

DEFAULTS, STUDENTS, RECIPES, GRID, SEEDS, NAME = "defaults", "students", "recipes", "grid", "seeds", "name"
KEYS: Mapping[str, None] = dict.fromkeys((DEFAULTS, STUDENTS, RECIPES, GRID, SEEDS, NAME))
STAGES = ("export", "quantize")
"""Keys beside the options of `distill train`."""

OWN = {"name": "the name of the file or its key `name`", "runs": "--runs of `distill sweep`", "resume": "the sweep"}
"""Options of `distill train` that a sweep decides by itself, and by what."""

MAX_RUNS = 1000
"""A grid that was meant to be smaller; the runs of two cores for months."""

_FIT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Names that become those of folders."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One run of a sweep."""

    student: str
    recipe: str
    """empty where the file names none"""
    point: Mapping[str, Any]
    """of the grid, by option"""
    config: TrainConfig
    export: bool
    quantize: QuantizeConfig | None

    @property
    def variant(self) -> str:
        """Such as "mobilenetv3-kd-lr0.001": all but the seed, which is what means are taken over."""
        point = (f"{name}{value}" for name, value in self.point.items())
        return "-".join(re.sub(r"[^A-Za-z0-9._-]+", "_", part) for part in (self.student, self.recipe, *point) if part)

    @property
    def name(self) -> str:
        """Of its run folder."""
        return f"{self.variant}-s{self.config.seed}"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole sweep."""

    name: str
    entries: tuple[Entry, ...]
    """seed by seed, so that what was interrupted can be compared as far as it came"""


def read_plan(file: Path) -> Plan:
    """Raises SweepError where the file cannot be read, or an option, a key or a student in it is not known."""
    content = _content(file)
    for key in content:
        if key not in KEYS:
            raise SweepError(f"{file}: no key {key!r}{near(key, KEYS)}; it takes {', '.join(KEYS)}")
    name = content.get(NAME, file.stem)
    if not isinstance(name, str) or not _FIT.fullmatch(name):
        raise SweepError(f"{file}: the name {name!r} is no name for a folder: letters, digits, dots and dashes are")
    entries = tuple(_entries(content, file))
    if doubles := [one for one, many in itertools.groupby(sorted(entry.name for entry in entries)) if len([*many]) > 1]:
        raise SweepError(f"{file}: two runs would be called {doubles[0]}; a value stands twice, or names are too alike")
    return Plan(name=name, entries=entries)


def _content(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
        content = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except OSError as error:
        raise SweepError(f"{file}: cannot be read ({first_line(error)})") from error
    except (ValueError, RecursionError) as error:
        kind = "JSON" if file.suffix.lower() == ".json" else "TOML"
        raise SweepError(f"{file}: no {kind} ({first_line(error)})") from error
    if not isinstance(content, dict):
        raise SweepError(f"{file}: a table is wanted, with {', '.join(KEYS)}")
    return content


def _entries(content: Mapping[str, Any], file: Path) -> Iterator[Entry]:
    defaults = _table(content.get(DEFAULTS, {}), f"{file}: {DEFAULTS}")
    students = _tables(content, STUDENTS, file) or {str(defaults.get("student", "mobilenetv3")): {}}
    recipes = _tables(content, RECIPES, file) or {"": {}}
    points, seeds = _points(content, file), _seeds(content, file)
    if (count := len(seeds) * len(students) * len(recipes) * len(points)) > MAX_RUNS:
        raise SweepError(f"{file}: {count:,} runs, and {MAX_RUNS:,} are the most; a smaller grid is wanted")
    for seed in seeds:
        for (student, own), (recipe, said), point in itertools.product(students.items(), recipes.items(), points):
            named = {"student": student} if content.get(STUDENTS) else {}
            yield _entry(student, recipe, point, {**defaults, **named, **own, **said, **point}, seed, file)


def _entry(
    student: str, recipe: str, point: Mapping[str, Any], values: Mapping[str, Any], seed: int, file: Path
) -> Entry:
    where = f"{file}: {' '.join(part for part in (student, recipe) if part)}"
    for name in values:
        if name in OWN:
            raise SweepError(f"{where}: {name} is decided by {OWN[name]}; leave it out")
    options = {name: value for name, value in values.items() if name not in STAGES}
    export, quantize = values.get("export", False), values.get("quantize", False)
    if not isinstance(export, bool):
        raise SweepError(f"{where}: export = {export!r}: true or false is wanted")
    if not isinstance(quantize, bool | dict):
        raise SweepError(f"{where}: quantize = {quantize!r}: true, false or a table of options is wanted")
    table = quantize if isinstance(quantize, dict) else {}
    return Entry(
        student=student,
        recipe=recipe,
        point=point,
        config=replace(train_config(options, where=where), seed=seed),
        export=export,
        quantize=None if quantize is False else quantize_config(table, where=f"{where}: quantize"),
    )


def _points(content: Mapping[str, Any], file: Path) -> list[dict[str, Any]]:
    grid = _table(content.get(GRID, {}), f"{file}: {GRID}")
    for name, values in grid.items():
        if name in STAGES or name == "student":
            raise SweepError(f"{file}: {GRID}: {name} stands in {STUDENTS} or {RECIPES}")
        if not isinstance(values, list) or not values:
            raise SweepError(f"{file}: {GRID}: {name} = {values!r}: a list of values is wanted")
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def _seeds(content: Mapping[str, Any], file: Path) -> list[int]:
    seeds = content.get(SEEDS, [0])
    fit = isinstance(seeds, list) and seeds and all(type(one) is int and 0 <= one < 2**31 for one in seeds)
    if not fit:
        raise SweepError(f"{file}: {SEEDS} = {seeds!r}: a list of whole numbers from 0 is wanted, such as [0, 1, 2]")
    return seeds


def _tables(content: Mapping[str, Any], key: str, file: Path) -> dict[str, dict[str, Any]]:
    tables = _table(content.get(key, {}), f"{file}: {key}")
    for name, own in tables.items():
        if not _FIT.fullmatch(name):
            raise SweepError(
                f"{file}: {key}: {name!r} becomes part of a folder's name; use letters, digits, dots, dashes"
            )
        _table(own, f"{file}: {key}.{name}")
    return tables


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SweepError(f"{where} = {value!r}: a table is wanted")
    return value
