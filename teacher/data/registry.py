"""The datasets that can be read: every module of `datasets/` joins by itself, by its `DATASET`."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from teacher.data import datasets
from teacher.data.checks import differences
from teacher.data.found import Loaded
from teacher.data.sample import DataError
from teacher.data.spec import DatasetSpec


def all_datasets() -> tuple[DatasetSpec, ...]:
    """Every dataset, in the order of names. Raises DataError for a module of `datasets/` without a `DATASET`."""
    specs: list[DatasetSpec] = []
    for module in iter_modules(datasets.__path__):
        spec = getattr(import_module(f"{datasets.__name__}.{module.name}"), "DATASET", None)
        if not isinstance(spec, DatasetSpec):
            raise DataError(f"teacher/data/datasets/{module.name}.py has no DATASET, which says what it reads")
        specs.append(spec)
    return tuple(sorted(specs, key=lambda spec: spec.name))


def dataset(name: str) -> DatasetSpec:
    """The dataset of a name. Raises DataError that lists the names."""
    specs = {spec.name: spec for spec in all_datasets()}
    if name not in specs:
        raise DataError(f"no dataset {name!r}; there are: {', '.join(specs)}")
    return specs[name]


def load_all(root: Path) -> tuple[Loaded, ...]:
    """What each dataset's loader found under a data root.

    Raises DataError where none found anything, or where a table is wrong.
    """
    if not root.is_dir():
        raise DataError(f"--data {root}: no such folder")
    loaded = tuple(found for spec in all_datasets() if (found := spec.load(root)) is not None)
    if not loaded:
        raise DataError(
            f"{root}: no known dataset here (looked for {', '.join(spec.table for spec in all_datasets())}; "
            "docs/data.md shows the layout)"
        )
    return loaded


def warnings_of(found: Loaded) -> tuple[str, ...]:
    """What is odd about a dataset's tables, counts far from the published ones first."""
    return (*differences(dataset(found.dataset).published, found.counts), *found.warnings)
