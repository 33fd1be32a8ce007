"""Soft labels: for every training image and each of K seeded views, what a teacher that never saw it says.

Cross-fitting: the training part is cut into folds by group; each fold is labelled by a teacher that trained on the
others, because a teacher asked about its own training images only repeats their labels. The student later sees
exactly the stored views ("a good teacher is patient and consistent", Beyer et al. 2022, arXiv:2106.05237).

Every stored label is found by its image's id and content, never by its place in a table (`teacher.label_sets`).
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_model, save_model
from scipy.special import expit, log_softmax
from sklearn.metrics import log_loss, roc_auc_score

from runtime.files import write_json, written_whole
from runtime.photo.decode import DECODING
from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan, view_seed
from teacher.data.cache import clear_errors, only_one
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.label_sets import (
    ROWS_NAME,
    Learned,
    Shown,
    digest_of_rows,
    first_rows,
    folds_of,
    names,
    read_rows,
    still_holds,
    write_rows,
)
from teacher.models.classifiers import BoosterConfig, Boosters, fit_boosters
from teacher.models.encoder import EncoderChoice, TeacherError
from teacher.models.fine_tuning import ANSWER_BATCH, Answers, FinetuneConfig, answer, finetune, steps_per_epoch
from teacher.models.network import Teacher
from teacher.options import OPTION

CONFIG_NAME, REPORT_NAME = "config.json", "report.json"
BLENDS = (0.0, 0.25, 0.5, 0.75)
"""Candidate weights of XGBoost beside the heads; the validation part chooses."""


@dataclass(frozen=True, kw_only=True)
class TeacherConfig:
    """All that decides a set of soft labels, beside the data."""

    encoder: EncoderChoice = field(default_factory=EncoderChoice)
    finetune: FinetuneConfig = field(default_factory=FinetuneConfig)
    booster: BoosterConfig = field(default_factory=BoosterConfig)
    folds: Annotated[int, typer.Option(min=2)] = 2
    """cross-fitting folds of the teacher"""
    views: Annotated[int, typer.Option(min=1)] = 8
    """seeded views per training image"""
    seed: Annotated[int, OPTION] = 0
    """seed of everything"""


@dataclass(frozen=True)
class SoftLabels:
    """What the teacher says of N training images in K views each."""

    seeds: np.ndarray
    """int64 [N, K]"""
    malignancy: np.ndarray
    """float32 [N, K] logits"""
    conditions: np.ndarray
    """float32 [N, K, 10] logits"""


def soft_labels_folder(dataset: Dataset, config: TeacherConfig) -> Path:
    """Where the labels of this teacher for this data live: the newest set that still holds, or a new one."""
    described = json.dumps(asdict(config), sort_keys=True, default=str)
    size = dataset.pixels.shape[1]
    digest = hashlib.sha256(f"{size}-{DECODING}\n{described}".encode()).hexdigest()[:12]
    name = Path(config.encoder.name.replace(":", "-")).name
    sets = dataset.folder / f"soft-labels-{name}-{digest}"
    own = sets / digest_of_rows(_first_rows(dataset, config))
    if own.is_dir():
        return own
    found = [folder for folder in sets.glob("*") if _usable(folder, dataset)]
    return max(found, key=lambda folder: ((folder / ROWS_NAME).stat().st_mtime_ns, folder.name), default=own)


def view_seeds(dataset: Dataset, config: TeacherConfig) -> np.ndarray:
    """int64 [N, K], of the K views of each training image that labels are made for; no teacher is needed for it."""
    numbers = [int(dataset.contents[index], 16) for index in dataset.part(Part.TRAIN)]
    return np.array([[view_seed(config.seed, n, k) for k in range(config.views)] for n in numbers], dtype=np.int64)


def ensure_soft_labels(dataset: Dataset, config: TeacherConfig) -> SoftLabels:
    """The stored labels of the training part, in its order; what is missing is made now.

    A fold that has its teachers is not trained again, an image that has its labels is not labelled again.
    """
    folder = soft_labels_folder(dataset, config)
    labels = _gathered(folder, dataset)
    if labels is not None:
        return labels
    with only_one(folder), clear_errors(folder):
        _fit_missing(dataset, config, folder)
        _label_missing(dataset, config, folder)
        labels = _assembled(_stored(folder), dataset)
        _write_report(dataset, labels, folder)
    return labels


def _usable(folder: Path, dataset: Dataset) -> bool:
    rows = read_rows(folder)
    return rows is not None and (folder / REPORT_NAME).is_file() and still_holds(rows, dataset)


def _first_rows(dataset: Dataset, config: TeacherConfig) -> dict[Shown, Learned]:
    if config.folds < 2:
        raise TeacherError("--folds must be at least 2: with one, the teacher would label its own training images")
    return first_rows(dataset, folds=config.folds, seed=config.seed)


def _fit_missing(dataset: Dataset, config: TeacherConfig, folder: Path) -> None:
    rows = read_rows(folder)
    if rows is None:
        rows = _first_rows(dataset, config)
        write_json(folder / CONFIG_NAME, json.loads(json.dumps(asdict(config), default=str)))
        write_rows(folder, rows)
    for fold in range(config.folds):
        if not (folder / f"fold{fold}.json").is_file():
            _fit_fold(dataset, rows, fold, config, folder)


def _fit_fold(dataset: Dataset, rows: Mapping[Shown, Learned], fold: int, config: TeacherConfig, folder: Path) -> None:
    """Teachers of one fold: they learn from the other folds, and the validation part weighs them."""
    train = dataset.part(Part.TRAIN)
    learn = train[[row is not None and row.fold != fold for row in map(rows.get, names(dataset, train))]]
    torch.manual_seed(config.seed)
    teacher = Teacher(config.encoder)
    steps = config.finetune.epochs * steps_per_epoch(len(learn), config.finetune.batch_size)
    title = f"Teacher {fold + 1}/{config.folds}"
    with progress(f"{title}: fine-tuning", steps) as advance:
        finetune(teacher, dataset, learn, config.finetune, advance)
    plans = {"learn": ViewPlan(learn), "validation": ViewPlan(dataset.part(Part.VALIDATION))}
    batches = sum(steps_per_epoch(len(plan), ANSWER_BATCH) for plan in plans.values())
    with progress(f"{title}: embeddings", batches) as advance:
        said = {name: _answer(teacher, dataset, plan, advance, config) for name, plan in plans.items()}
    boosters = fit_boosters(said["learn"].features, dataset.malignant(learn), dataset.conditions(learn), config.booster)
    blend = _choose_blend(dataset, said["validation"], boosters)
    boosters.save(folder, f"fold{fold}")
    with written_whole(folder / f"fold{fold}.teacher.safetensors") as partial:
        save_model(teacher, str(partial))
    figures = _validation_figures(dataset, said["validation"], boosters, blend)
    # Last, because it says that the fold has its teachers.
    write_json(folder / f"fold{fold}.json", {"blend": blend, "present": boosters.present.tolist(), **figures})


def _label_missing(dataset: Dataset, config: TeacherConfig, folder: Path) -> None:
    train = dataset.part(Part.TRAIN)
    called, seeds = names(dataset, train), view_seeds(dataset, config)
    stored = _stored(folder)
    missing = np.array([name not in stored for name in called], dtype=bool)
    fold_of = folds_of(read_rows(folder) or {}, dataset, folds=config.folds)
    for fold in range(config.folds):
        places = np.flatnonzero(missing & (fold_of == fold))
        if len(places):
            plan = ViewPlan(np.repeat(train[places], config.views), seeds[places].reshape(-1), config.finetune.view)
            malignancy, conditions = _said_by_fold(dataset, plan, fold, config, folder)
            shape = seeds[places].shape
            found = SoftLabels(seeds[places], malignancy.reshape(shape), conditions.reshape(*shape, -1))
            _store(folder, fold, [called[place] for place in places], found)


def _said_by_fold(
    dataset: Dataset, plan: ViewPlan, fold: int, config: TeacherConfig, folder: Path
) -> tuple[np.ndarray, np.ndarray]:
    """Logits of the planned views by the stored teachers of a fold: malignancy [V], conditions [V, 10]."""
    told = json.loads((folder / f"fold{fold}.json").read_text())
    teacher = Teacher(config.encoder)
    load_model(teacher, str(folder / f"fold{fold}.teacher.safetensors"))
    title = f"Teacher {fold + 1}/{config.folds}: soft labels"
    with progress(title, steps_per_epoch(len(plan), ANSWER_BATCH)) as advance:
        said = _answer(teacher.eval(), dataset, plan, advance, config)
    return _blended(said, Boosters.load(folder, f"fold{fold}", np.array(told["present"])), told["blend"])


def _store(folder: Path, fold: int, called: Sequence[Shown], labels: SoftLabels) -> None:
    described = json.dumps(called)
    digest = hashlib.sha256(described.encode(errors="surrogatepass")).hexdigest()[:12]
    arrays = {name: np.ascontiguousarray(array) for name, array in vars(labels).items()}
    with written_whole(folder / f"labels-fold{fold}-{digest}.safetensors") as partial:
        save_file(arrays, partial, metadata={"names": described})


def _stored(folder: Path) -> dict[Shown, tuple[Path, int]]:
    """In which file, and at which place in it, the labels of an image stand."""
    found: dict[Shown, tuple[Path, int]] = {}
    for path in sorted(folder.glob("labels-fold*.safetensors")):
        with safe_open(path, framework="numpy") as file:
            for place, name in enumerate(json.loads(file.metadata()["names"])):
                found[name[0], name[1], name[2], name[3]] = path, place
    return found


def _gathered(folder: Path, dataset: Dataset) -> SoftLabels | None:
    """The labels of the training part, or None where one is missing."""
    stored = _stored(folder)
    if not (folder / REPORT_NAME).is_file() or not stored.keys() >= set(names(dataset, dataset.part(Part.TRAIN))):
        return None
    return _assembled(stored, dataset)


def _assembled(stored: Mapping[Shown, tuple[Path, int]], dataset: Dataset) -> SoftLabels:
    """The labels of the training part in its order, each looked up by its image's name."""
    places = [stored[name] for name in names(dataset, dataset.part(Part.TRAIN))]
    files = {path: load_file(path) for path in {path for path, _ in places}}
    columns = (field.name for field in fields(SoftLabels))
    return SoftLabels(*(np.stack([files[path][column][place] for path, place in places]) for column in columns))


def _answer(teacher: Teacher, dataset: Dataset, plan: ViewPlan, advance: Advance, config: TeacherConfig) -> Answers:
    return answer(teacher, dataset, plan, advance, precision=config.finetune.precision)


def _blended(said: Answers, boosters: Boosters, blend: float) -> tuple[np.ndarray, np.ndarray]:
    """(1 - blend) x heads + blend x XGBoost, in logits: malignancy [N], conditions [N, 10]."""
    conditions = log_softmax(said.conditions, axis=1)
    if blend == 0:
        return said.malignancy, conditions
    malignancy = (1 - blend) * said.malignancy + blend * boosters.malignancy_logits(said.features)
    return malignancy, (1 - blend) * conditions + blend * boosters.condition_logits(said.features)


def _choose_blend(dataset: Dataset, said: Answers, boosters: Boosters) -> float:
    """The blend with the least log loss of malignancy on the validation part."""
    labels = dataset.malignant(dataset.part(Part.VALIDATION))
    losses = [
        log_loss(labels, _probability(_blended(said, boosters, blend)[0]), labels=[False, True]) for blend in BLENDS
    ]
    return BLENDS[int(np.argmin(losses))]


def _validation_figures(dataset: Dataset, said: Answers, boosters: Boosters, blend: float) -> dict[str, float]:
    labels = dataset.malignant(dataset.part(Part.VALIDATION))
    named = {"heads": 0.0, "blended": blend}
    return {
        f"validation_auc_{name}": float(roc_auc_score(labels, _blended(said, boosters, weight)[0]))
        for name, weight in named.items()
    }


def _probability(logits: np.ndarray) -> np.ndarray:
    """float64, clipped at 30 logits: there it can still be told from 0 and 1."""
    return expit(np.clip(logits.astype(np.float64), -30, 30))


def _write_report(dataset: Dataset, labels: SoftLabels, folder: Path) -> None:
    """How good the labels are on the images they were made for, which no teacher of theirs has seen."""
    train = dataset.part(Part.TRAIN)
    right = labels.conditions.mean(axis=1).argmax(axis=1) == dataset.conditions(train)
    report = {
        "images": len(train),
        "views": int(labels.seeds.shape[1]),
        "malignancy_auc": float(roc_auc_score(dataset.malignant(train), labels.malignancy.mean(axis=1))),
        "condition_accuracy": float(right.mean()),
    }
    write_json(folder / REPORT_NAME, report)


def describe(folder: Path) -> str:
    """One line on a finished set of labels."""
    report = json.loads((folder / REPORT_NAME).read_text())
    return (
        f"soft labels of {report['images']:,} images x {report['views']} views; on images unseen by their teacher: "
        f"malignancy AUC {report['malignancy_auc']:.3f}, condition accuracy {report['condition_accuracy']:.3f}"
    )
