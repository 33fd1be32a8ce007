"""The 8-bit student of a run: made once, kept in the run's folder `quantized/`, measured before and after."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from scipy.special import expit

from distill.int8.fine_tune import (
    QuantisedStudent,
    QuantizeConfig,
    Taught,
    calibration_batches,
    fine_tune,
    rounded_off,
)
from distill.int8.simulate import Scheme, Simulation
from distill.lessons import lessons_of
from distill.run import METRICS_NAME, open_run_data, read_config
from distill.student import CONFIG_NAME, WEIGHTS_NAME, Student, StudentError, load_student
from runtime.bundle.manifest import OperatingPoints
from runtime.errors import first_line
from runtime.files import write_json
from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan, batch_count
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.models.answers import Answers, ask, quick_scores
from teacher.models.config import ANSWER_BATCH, TeacherConfig
from teacher.soft_labels import view_seeds

FOLDER = "quantized"
RANGES_NAME = "ranges.json"
WORK_PREFIX = "quantizing-"
"""Of the folder with checkpoints while it is made."""

MISSED, ALARMED = 0.05, 0.05
"""Shares of the cancers below the low threshold, and of the benign above the high one, by which tiers are compared."""

Start = Callable[[int], Callable[[], None]]
"""Told how many steps there will be, it gives what moves a progress bar by one."""


def ensure_quantised(
    run: Path, *, config: QuantizeConfig | None = None, dataset: Dataset | None = None, start: Start | None = None
) -> QuantisedStudent:
    """The 8-bit student of a finished run; made now unless it is there already, of the same weights by the same config.

    Without a config it is that of the one that is there. Interrupted, it goes on from its newest checkpoint. Without
    `start` it draws its own progress bar. Raises StudentError where the run is unknown or unfinished, SimulationError
    where its architecture cannot be quantised.
    """
    config = config or _stored_quantize_config(run) or QuantizeConfig()
    parent = load_student(run)
    identity = {"config": asdict(config), "parent": _sha256(run / WEIGHTS_NAME)}
    found = load_quantised(run) if _stored_identity(run) == identity else None
    if found is not None:
        return found
    dataset = dataset or open_run_data(run)
    work = run / f"{WORK_PREFIX}{hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]}"
    trained = read_config(run)
    taught = Taught(lessons=lessons_of(dataset, trained), loss=trained.loss) if config.label_weight else None
    with _shown(start, _total_steps(dataset, config)) as advance:
        made, metrics = _make(parent, dataset, trained.teacher, taught, config, work, advance)
    _write(run, made, identity, metrics)
    for leftover in run.glob(f"{WORK_PREFIX}*"):
        shutil.rmtree(leftover)
    return made


def load_quantised(run: Path) -> QuantisedStudent | None:
    """The 8-bit student that was made of a run, or None. Raises StudentError where its files cannot be read."""
    folder = run / FOLDER
    if not (folder / CONFIG_NAME).is_file():
        return None
    student = load_student(run)
    try:
        scheme = Scheme(**json.loads((folder / CONFIG_NAME).read_text())["config"]["scheme"])
        ranges = {key: (low, high) for key, (low, high) in json.loads((folder / RANGES_NAME).read_text()).items()}
        student.load_state_dict(load_file(folder / WEIGHTS_NAME))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise StudentError(
            f"{folder}: not a quantised student of this version ({first_line(error)}); delete it"
        ) from error
    return QuantisedStudent(student=student, ranges=ranges, scheme=scheme)


def read_agreement(run: Path) -> dict[str, Any]:
    """metrics.json of the 8-bit student: `n` validation photos, and the figures `before` and `after` the fine-tune."""
    return json.loads((run / FOLDER / METRICS_NAME).read_text())


def agreement(wanted: Answers, said: Answers, *, malignant: np.ndarray, conditions: np.ndarray) -> dict[str, float]:
    """How far 8 bit is from float32 on the same N photos, and the AUC of each.

    Tiers are told by thresholds that each side takes from its own scores, as an export does.
    """
    before, after = (expit(answers.malignancy.astype(np.float64)) for answers in (wanted, said))
    return {
        "tier_agreement": float((_tiers(before, malignant) == _tiers(after, malignant)).mean()),
        "malignancy_mean_difference": float(np.abs(before - after).mean()),
        "malignancy_max_difference": float(np.abs(before - after).max()),
        "condition_agreement": float((wanted.conditions.argmax(axis=1) == said.conditions.argmax(axis=1)).mean()),
        "feature_error": float(np.sqrt(np.square(said.features - wanted.features).mean() / wanted.features.var())),
        "float32_auc": quick_scores(wanted, malignant, conditions)["malignancy_auc"],
        "int8_auc": quick_scores(said, malignant, conditions)["malignancy_auc"],
    }


def _make(
    parent: Student,
    dataset: Dataset,
    teacher: TeacherConfig,
    taught: Taught | None,
    config: QuantizeConfig,
    work: Path,
    advance: Advance,
) -> tuple[QuantisedStudent, dict[str, Any]]:
    """The fine-tuned student, and its agreement with its parent on the validation part."""
    indices = dataset.part(Part.VALIDATION)

    def say(simulation: Simulation, note: str) -> Answers:
        spec, told = simulation.spec, (lambda _: advance(note))
        plan = ViewPlan(indices)
        return ask(simulation, dataset, plan, size=spec.image_size, mean=spec.mean, std=spec.std, advance=told)

    def compared(quantised: QuantisedStudent, note: str) -> dict[str, float]:
        labels = {"malignant": dataset.malignant(indices), "conditions": dataset.conditions(indices)}
        return agreement(wanted, say(quantised.simulation(), note), **labels)

    wanted = say(Simulation(parent, config.scheme), "float32")
    first = rounded_off(parent, dataset, scheme=config.scheme, seed=config.seed, advance=advance)
    before = compared(first, "before")
    seeds, view = view_seeds(dataset, teacher), teacher.finetune.view
    made = fine_tune(first, dataset, seeds, config=config, view=view, taught=taught, work=work, advance=advance)
    return made, {"n": len(indices), "before": before, "after": compared(made, "after")}


def _total_steps(dataset: Dataset, config: QuantizeConfig) -> int:
    judged = batch_count(len(dataset.part(Part.VALIDATION)), ANSWER_BATCH)
    return config.steps + 3 * judged + calibration_batches(dataset)


def _tiers(scores: np.ndarray, malignant: np.ndarray) -> np.ndarray:
    """0, 1, 2 by two thresholds from the scores' own ranks. scores: [N]; malignant: bool [N]."""
    low, high = OperatingPoints().low, OperatingPoints().high
    if malignant.any() and not malignant.all():
        low = float(np.quantile(scores[malignant], MISSED, method="lower"))
        high = max(low, float(np.quantile(scores[~malignant], 1 - ALARMED, method="higher")))
    return (scores >= low).astype(int) + (scores >= high)


@contextmanager
def _shown(start: Start | None, total: int) -> Iterator[Advance]:
    if start is not None:
        step = start(total)
        yield lambda _note: step()
        return
    with progress("Fine-tuning for 8 bit", total) as advance:
        yield advance


def _write(run: Path, made: QuantisedStudent, identity: Mapping[str, Any], metrics: Mapping[str, Any]) -> None:
    """The folder, written aside and renamed."""
    folder, aside = run / FOLDER, run / f"{FOLDER}.partial"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir()
    tensors = {name: value.contiguous() for name, value in made.student.state_dict().items()}
    save_file(tensors, aside / WEIGHTS_NAME)
    write_json(aside / RANGES_NAME, {key: list(ends) for key, ends in made.ranges.items()})
    write_json(aside / METRICS_NAME, metrics)
    write_json(aside / CONFIG_NAME, identity)
    shutil.rmtree(folder, ignore_errors=True)
    aside.rename(folder)


def _stored_identity(run: Path) -> Any:
    """What made the 8-bit student that is there; None where there is none that can be told."""
    try:
        stored = json.loads((run / FOLDER / CONFIG_NAME).read_text())
        return {**stored, "config": {**asdict(QuantizeConfig()), **stored["config"]}}  # options may have come later
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _stored_quantize_config(run: Path) -> QuantizeConfig | None:
    """The config of the 8-bit student that is there."""
    stored = _stored_identity(run)
    try:
        return stored and QuantizeConfig(**{**stored["config"], "scheme": Scheme(**stored["config"]["scheme"])})
    except TypeError:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
