"""What is done for one run of a sweep, each stage once: train, fine-tune for 8 bit, export."""

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import typer

from distill.int8.quantised_student import ensure_quantised
from distill.job import train_run
from distill.run import create_run, is_finished, read_config
from distill.student import CONFIG_NAME, WEIGHTS_NAME
from distill.sweep.options import SweepError
from distill.sweep.plan import Entry
from runtime.files import write_json
from teacher.data.dataset import Dataset
from teacher.options import values_of

MADE_OF_NAME = "made-of.json"
"""Beside the bundles: which weights each was made of, and how."""

INT8_RECIPE = "fine-tuned"
"""Of the export, where the stage `quantize` went before it."""


def state_of(entry: Entry, run: Path) -> str:
    """In one word. Raises SweepError where the folder holds a run of other options."""
    if not (run / CONFIG_NAME).exists():
        return "new"
    there = read_config(run)
    if there != entry.config:
        before, now = values_of(there), values_of(entry.config)
        differing = [f"--{name.replace('_', '-')} is {before[name]} there" for name in now if now[name] != before[name]]
        raise SweepError(
            f"{run}: was begun with other options than the file has by now ({', '.join(differing) or 'its defaults'}); "
            "delete it, or give the sweep another name"
        )
    return "finished" if is_finished(run) else "unfinished"


def refuse_no_exporter() -> None:
    """Raises SweepError where what `python -m export` needs is not installed."""
    if find_spec("onnx") is None or find_spec("onnxsim") is None:
        raise SweepError("export = true needs the extra `export`: uv sync --group export, or leave it out of the file")


def train_stage(entry: Entry, run: Path, dataset: Dataset) -> None:
    """Begin or go on; what is finished stays as it is. Raises StudentError."""
    if is_finished(run):
        typer.echo(f"{entry.name}: finished before, kept")
        return
    if not (run / CONFIG_NAME).exists():
        create_run(run.parent, entry.config, name=run.name)
    train_run(run, entry.config, dataset)


def quantize_stage(entry: Entry, run: Path, dataset: Dataset) -> None:
    if entry.quantize is not None:
        ensure_quantised(run, config=entry.quantize, dataset=dataset)


def export_stage(entry: Entry, run: Path, bundles: Path) -> None:
    """ONNX INT8 by `python -m export onnx`, in a process of its own: `export` stands above this room.

    Raises SweepError where no file passes its gate; why stands above, in its own words.
    """
    if not entry.export:
        return
    made_of = {"weights": digest_of(run / WEIGHTS_NAME), "quantize": _plain(entry)}
    known = _made_of(bundles)
    if known.get(entry.name) == made_of and (bundles / entry.name / "manifest.json").is_file():
        return
    command = [sys.executable, "-m", "export", "onnx", "--precisions", "int8", "--run", str(run), "--out", str(bundles)]
    if entry.quantize is not None:
        command += ["--onnx-recipe", INT8_RECIPE]
    if code := _child(command):
        raise SweepError(f"{entry.name}: the export ended with status {code}; why stands above")
    write_json(bundles / MADE_OF_NAME, {**known, entry.name: made_of})


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _child(command: list[str]) -> int:
    """Its exit status. Interrupted, it is told to end too, and waited for: it leaves nothing half done."""
    with subprocess.Popen(command) as process:
        try:
            return process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise


def _made_of(bundles: Path) -> dict[str, Any]:
    try:
        found = json.loads((bundles / MADE_OF_NAME).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _plain(entry: Entry) -> Any:
    return None if entry.quantize is None else json.loads(json.dumps(asdict(entry.quantize)))
