"""A sweep from its file to its table: what is there is kept, what is missing is made, what went wrong is said."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import typer

from distill.checks import refuse_unfit
from distill.config import TrainConfig
from distill.job import looked_at
from distill.run import clear_errors
from distill.sweep.options import SweepError
from distill.sweep.picture import draw
from distill.sweep.plan import Entry, Plan
from distill.sweep.results import Result, result_of, to_json, variants_of, write_csv
from distill.sweep.stages import export_stage, quantize_stage, refuse_no_exporter, state_of, train_stage
from distill.sweep.table import markdown, summary
from distill.sweep.timing import time_bundles
from runtime.errors import SkintagError
from runtime.files import write_json, written_whole
from teacher.console import print_table
from teacher.data.dataset import DataOptions, Dataset
from teacher.models.compute import this_compute

BUNDLES_NAME = "bundles"
JSON_NAME, CSV_NAME, PAGE_NAME, PICTURE_NAME = "sweep.json", "sweep.csv", "sweep.md", "sweep.png"


def show_plan(plan: Plan, folder: Path) -> None:
    """What would be run, and how far it is. Raises SweepError where a run was begun with other options."""
    rows = [(one.name, _stages(one), state_of(one, folder / one.name)) for one in plan.entries]
    print_table(f"{folder}: {len(rows)} runs", ("run", "stages", "so far"), rows, right=())


def carry_out(plan: Plan, folder: Path) -> None:
    """Every run of the plan, then what they came to. Raises SweepError where one of them failed, once all are done."""
    if this_compute().processes > 1:
        raise SweepError("a sweep is one process, which trains one student after another: start it without a launcher")
    for entry in plan.entries:
        state_of(entry, folder / entry.name)
    if any(entry.export for entry in plan.entries):
        refuse_no_exporter()
    opened = _checked(plan.entries)
    results: list[Result] = []
    failed: dict[str, str] = {}
    try:
        for number, entry in enumerate(plan.entries, start=1):
            typer.echo(f"\nrun {number} of {len(plan.entries)}: {folder / entry.name}")
            try:
                results.append(_one(entry, folder, opened[entry.config.data]))
            except SkintagError as error:  # the others are worth their time all the same
                failed[entry.name] = str(error)
                typer.echo(f"failed: {error}", err=True)
    finally:
        if results or failed:
            results = _timed(results, folder / BUNDLES_NAME)
            _write(plan.name, folder, results, failed)
    if results:
        print_table(f"{folder}: test part, mean ± standard deviation over seeds", *summary(variants_of(results)))
    typer.echo(f"all figures: {folder / PAGE_NAME}; beside it {JSON_NAME}, {CSV_NAME}, {PICTURE_NAME}")
    if failed:
        raise SweepError(
            f"{len(failed)} of {len(plan.entries)} runs failed: {', '.join(failed)}; why stands in {PAGE_NAME}"
        )


def _stages(entry: Entry) -> str:
    stages = {"train": True, "quantize": entry.quantize is not None, "export": entry.export}
    return ", ".join(name for name, wanted in stages.items() if wanted)


def _checked(entries: Sequence[Entry]) -> dict[DataOptions, Dataset]:
    """The photos of all runs, once it is sure that a student can be made of each: before hours are spent on the first.

    Raises StudentError, DataError.
    """
    opened = {options: looked_at(options) for options in dict.fromkeys(entry.config.data for entry in entries)}
    for config in {_shape(entry.config): entry.config for entry in entries}.values():
        refuse_unfit(config)
    return opened


def _shape(config: TrainConfig) -> object:
    """What `refuse_unfit` looks at."""
    return config.student_spec, config.init, config.train_size


def _one(entry: Entry, folder: Path, dataset: Dataset) -> Result:
    run, bundles = folder / entry.name, folder / BUNDLES_NAME
    train_stage(entry, run, dataset)
    quantize_stage(entry, run, dataset)
    export_stage(entry, run, bundles)
    return result_of(entry, run, bundles / entry.name, dataset)


def _timed(results: Sequence[Result], bundles: Path) -> list[Result]:
    """All files in one go, so that they can be compared whatever else the machine did while each was made."""
    files = {one.name: (bundles / one.name, one.exported.file) for one in results if one.exported}
    taken = time_bundles(files)
    return [
        one if one.exported is None else replace(one, exported=replace(one.exported, latency=taken[one.name]))
        for one in results
    ]


def _write(name: str, folder: Path, results: Sequence[Result], failed: Mapping[str, str]) -> None:
    variants = variants_of(results)
    with clear_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / JSON_NAME, {"name": name, **to_json(results, variants, failed)})
        write_csv(folder / CSV_NAME, results)
        draw(variants, folder / PICTURE_NAME)
        with written_whole(folder / PAGE_NAME) as partial:
            partial.write_text(markdown(name, results, variants, failed), encoding="utf-8")
