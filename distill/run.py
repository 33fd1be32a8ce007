"""Run folders: where a run's weights, configuration, history and figures live."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import save_file

from distill.config import TrainConfig, from_json, to_json
from distill.student import CONFIG_NAME, METRICS_NAME, WEIGHTS_NAME, Student, StudentError
from runtime.bundle.load import Figure
from runtime.errors import first_line
from runtime.files import write_json, written_whole
from teacher.data.dataset import Dataset, open_dataset
from teacher.models.checkpoint import Progress

DEFAULT_RUNS = Path("runs")
HISTORY_NAME, CURVES_NAME = "history.csv", "curves.png"


def create_run(runs: Path, config: TrainConfig, *, name: str | None = None) -> Path:
    """A new run folder with its config in it. Raises StudentError where the name is taken, or the disk refuses."""
    run = free_folder(runs, config, name=name)
    with clear_errors(run):
        run.mkdir(parents=True, exist_ok=True)
        write_json(run / CONFIG_NAME, to_json(config))
    return run


def free_folder(runs: Path, config: TrainConfig, *, name: str | None = None) -> Path:
    """Where a new run would go; nothing is written yet. Raises StudentError where the name is taken."""
    source = "synthetic" if config.data.root is None else config.data.root.resolve().name
    run = runs / (name or f"{config.student}-{source}-{datetime.now():%Y%m%d-%H%M%S}")
    if (run / CONFIG_NAME).exists():
        raise StudentError(f"{run} exists; choose another --name, or continue it with --resume")
    return run


@contextmanager
def clear_errors(run: Path) -> Iterator[None]:
    """What the disk refuses of a run, as one line that says what is left and what to do."""
    try:
        yield
    except (OSError, SafetensorError) as error:  # safetensors reports a full disk in a type of its own
        raise StudentError(
            f"{run}: cannot be written ({first_line(error)}); what was there is kept: free some space or make the "
            "folder writable, then continue with --resume"
        ) from error


def read_config(run: Path) -> TrainConfig:
    """The configuration of a run. Raises StudentError where it cannot be read."""
    path = run / CONFIG_NAME
    try:
        return from_json(json.loads(path.read_text()))
    except FileNotFoundError as error:
        raise StudentError(f"{run}: not a run folder ({CONFIG_NAME} is missing)") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StudentError(f"{path}: not a configuration of this version ({error})") from error


def open_run_data(run: Path) -> Dataset:
    """The dataset a run was trained on, with the same split."""
    return open_dataset(read_config(run).data)


def is_finished(run: Path) -> bool:
    return (run / WEIGHTS_NAME).is_file() and (run / METRICS_NAME).is_file()


def newest_run(runs: Path, *, finished: bool) -> Path:
    """The run whose config was written last, among the finished or the unfinished ones."""
    found = [path.parent for path in runs.glob(f"*/{CONFIG_NAME}") if is_finished(path.parent) is finished]
    if not found:
        kind = "finished" if finished else "unfinished"
        raise StudentError(f"no {kind} run in {runs}/; make one with: python -m distill train --student mobilenetv3")
    return max(found, key=lambda run: ((run / CONFIG_NAME).stat().st_mtime_ns, run.name))


def write_history(run: Path, rows: Sequence[dict[str, float]]) -> None:
    """history.csv: one line per epoch; nothing is written before the first."""
    if not rows:
        return
    with written_whole(run / HISTORY_NAME) as partial, partial.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_weights(run: Path, student: Student) -> None:
    """student.safetensors: the finished student."""
    with written_whole(run / WEIGHTS_NAME) as partial:
        save_file({name: value.contiguous() for name, value in student.state_dict().items()}, partial)


def write_metrics(run: Path, progress: Progress, figures: dict[str, dict[str, Figure]]) -> None:
    """metrics.json: the figures of each part, with intervals."""
    parts = {part: {name: asdict(figure) for name, figure in own.items()} for part, own in figures.items()}
    write_json(run / METRICS_NAME, {"epochs": progress.epoch, "best_epoch": progress.best_epoch, **parts})


def draw_curves(run: Path, rows: Sequence[dict[str, float]]) -> None:
    """curves.png: the loss, and the validation figures over the epochs, those of the averaged weights drawn through."""
    from matplotlib.figure import Figure as Canvas

    canvas = Canvas(figsize=(9, 3.5), layout="constrained")
    left, right = canvas.subplots(1, 2)
    epochs = [row["epoch"] for row in rows]
    left.plot(epochs, [row["loss"] for row in rows])
    left.set(xlabel="epoch", ylabel="training loss")
    for name in ("malignancy_auc", "conditions_macro_auc", "condition_accuracy"):
        right.plot(epochs, [row[name] for row in rows], label=name.replace("_", " "))
    for name, style in (("student_malignancy_auc", "--"), ("teacher_malignancy_auc", ":")):
        if name in rows[0]:
            right.plot(epochs, [row[name] for row in rows], style, color="C0", label=name.replace("_", " "))
    right.set(xlabel="epoch", ylabel="validation")
    right.legend()
    with written_whole(run / CURVES_NAME) as partial:
        canvas.savefig(partial, dpi=110, format="png")
