"""Soft labels: for every training image and each of K seeded views, what a teacher that never saw it says.

Cross-fitting: the training part is cut into folds by group; each fold is labelled by a teacher that trained on the
others, because a teacher asked about its own training images only repeats their labels. The student later sees
exactly the stored views ("a good teacher is patient and consistent", Beyer et al. 2022, arXiv:2106.05237).
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from safetensors.numpy import load_file, save_file
from safetensors.torch import save_model
from scipy.special import expit, log_softmax
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from runtime.conditions import CONDITIONS
from runtime.files import write_json, written_whole
from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan, view_seed
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.models.classifiers import BoosterConfig, Boosters, fit_boosters
from teacher.models.encoder import EncoderChoice, TeacherError
from teacher.models.fine_tuning import ANSWER_BATCH, Answers, FinetuneConfig, answer, finetune, steps_per_epoch
from teacher.models.network import Teacher
from teacher.options import OPTION

LABELS_NAME = "soft_labels.safetensors"
CONFIG_NAME = "config.json"
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
    """Where the labels of this teacher for this split live; a change of either is another folder."""
    described = json.dumps(asdict(config), sort_keys=True, default=str) + dataset.split_path.read_text()
    size = dataset.pixels.shape[1]
    digest = hashlib.sha256(f"{size}\n{described}".encode()).hexdigest()[:12]
    name = Path(config.encoder.name.replace(":", "-")).name
    return dataset.folder / f"soft-labels-{name}-{digest}"


def view_seeds(dataset: Dataset, config: TeacherConfig) -> np.ndarray:
    """int64 [N, K], of the K views of each training image that labels are made for; no teacher is needed for it."""
    train = dataset.part(Part.TRAIN)
    return np.array([[view_seed(config.seed, int(i), k) for k in range(config.views)] for i in train], dtype=np.int64)


def ensure_soft_labels(dataset: Dataset, config: TeacherConfig) -> SoftLabels:
    """The stored labels, or new ones made now (a fold that is already labelled is not made again)."""
    folder = soft_labels_folder(dataset, config)
    if not (folder / LABELS_NAME).is_file():
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / CONFIG_NAME, json.loads(json.dumps(asdict(config), default=str)))
        _make_soft_labels(dataset, config, folder)
    return _read_soft_labels(folder / LABELS_NAME, dataset)


def _read_soft_labels(path: Path, dataset: Dataset) -> SoftLabels:
    tensors = load_file(path)
    labelled, images = len(tensors["seeds"]), len(dataset.part(Part.TRAIN))
    if labelled != images:
        raise TeacherError(f"{path}: labels {labelled} images, the training part has {images}; delete it")
    return SoftLabels(tensors["seeds"], tensors["malignancy"], tensors["conditions"])


def _make_soft_labels(dataset: Dataset, config: TeacherConfig, folder: Path) -> None:
    train = dataset.part(Part.TRAIN)
    seeds = view_seeds(dataset, config)
    labels = {
        "seeds": seeds,
        "malignancy": np.zeros(seeds.shape, dtype=np.float32),
        "conditions": np.zeros((*seeds.shape, len(CONDITIONS)), dtype=np.float32),
    }
    folds = _folds(dataset, train, config)
    for number, held_out in enumerate(folds):
        path = folder / f"fold{number}.safetensors"
        if not path.is_file():
            _label_fold(dataset, train, held_out, seeds, config, path, f"{number + 1}/{len(folds)}")
        fold = load_file(path)
        labels["malignancy"][held_out] = fold["malignancy"]
        labels["conditions"][held_out] = fold["conditions"]
    _write_report(dataset, train, labels, folder)
    _save_arrays(folder / LABELS_NAME, labels)


def _folds(dataset: Dataset, train: np.ndarray, config: TeacherConfig) -> list[np.ndarray]:
    """Positions within the training part, one array per fold, whole groups together."""
    if config.folds < 2:
        raise TeacherError("--folds must be at least 2: with one, the teacher would label its own training images")
    groups = [dataset.samples[index].group_id for index in train]
    cut = StratifiedGroupKFold(config.folds, shuffle=True, random_state=config.seed)
    return [held_out for _, held_out in cut.split(train, dataset.conditions(train), groups)]


def _label_fold(
    dataset: Dataset,
    train: np.ndarray,
    held_out: np.ndarray,
    seeds: np.ndarray,
    config: TeacherConfig,
    path: Path,
    title: str,
) -> None:
    learn = np.delete(train, held_out)
    torch.manual_seed(config.seed)
    teacher = Teacher(config.encoder)
    steps = config.finetune.epochs * steps_per_epoch(len(learn), config.finetune.batch_size)
    with progress(f"Teacher {title}: fine-tuning", steps) as advance:
        finetune(teacher, dataset, learn, config.finetune, advance)
    plans = {
        "learn": ViewPlan(learn),
        "validation": ViewPlan(dataset.part(Part.VALIDATION)),
        "views": ViewPlan(np.repeat(train[held_out], config.views), seeds[held_out].reshape(-1)),
    }
    batches = sum(steps_per_epoch(len(plan), ANSWER_BATCH) for plan in plans.values())
    with progress(f"Teacher {title}: soft labels", batches) as advance:
        said = {name: _answer(teacher, dataset, plan, advance, config) for name, plan in plans.items()}
    boosters = fit_boosters(said["learn"].features, dataset.malignant(learn), dataset.conditions(learn), config.booster)
    blend = _choose_blend(dataset, said["validation"], boosters)
    malignancy, conditions = _blended(said["views"], boosters, blend)
    boosters.save(path.parent, path.stem)
    save_model(teacher, str(path.with_suffix(".teacher.safetensors")))
    write_json(
        path.with_suffix(".json"), {"blend": blend, **_validation_figures(dataset, said["validation"], boosters, blend)}
    )
    shape = seeds[held_out].shape
    _save_arrays(path, {"malignancy": malignancy.reshape(shape), "conditions": conditions.reshape(*shape, -1)})


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


def _write_report(dataset: Dataset, train: np.ndarray, labels: dict[str, np.ndarray], folder: Path) -> None:
    """How good the labels are on the images they were made for, which no teacher of theirs has seen."""
    labels_true = dataset.malignant(train)
    right = labels["conditions"].mean(axis=1).argmax(axis=1) == dataset.conditions(train)
    report = {
        "images": len(train),
        "views": int(labels["seeds"].shape[1]),
        "malignancy_auc": float(roc_auc_score(labels_true, labels["malignancy"].mean(axis=1))),
        "condition_accuracy": float(right.mean()),
    }
    write_json(folder / "report.json", report)


def _save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with written_whole(path) as partial:
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, partial)


def describe(folder: Path) -> str:
    """One line on a finished set of labels."""
    report = json.loads((folder / "report.json").read_text())
    return (
        f"soft labels of {report['images']:,} images x {report['views']} views; on images unseen by their teacher: "
        f"malignancy AUC {report['malignancy_auc']:.3f}, condition accuracy {report['condition_accuracy']:.3f}"
    )
