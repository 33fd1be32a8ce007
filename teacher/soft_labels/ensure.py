"""One teacher's soft labels: for every training image and each of K seeded views, what it says without having seen it.

Cross-fitting: the training part is cut into folds by group; each fold is labelled by teachers that trained on the
others, because a teacher asked about its own training images only repeats their labels. The student later sees
exactly the stored views ("a good teacher is patient and consistent", Beyer et al. 2022, arXiv:2106.05237).

Every stored label is found by its image's id and content, never by its place in a table (`teacher.soft_labels.sets`).
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from runtime.errors import first_line
from runtime.files import write_json
from runtime.photo.decode import DECODING
from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan, seeds_of_views
from teacher.data.cache import clear_errors, clear_partials, only_one
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.data.views import ViewConfig
from teacher.models.compute import this_compute
from teacher.models.config import EncoderChoice, FinetuneConfig, TeacherConfig, TeacherError
from teacher.models.siglip import checkpoint_digest, preset_digest
from teacher.soft_labels.fold_teachers import FoldTeachers, Said, fit_fold, inner_folds, probability
from teacher.soft_labels.report import REPORT_NAME, write_report
from teacher.soft_labels.sets import (
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
from teacher.soft_labels.store import PLAIN, SHARD, Kind, SoftLabels, ViewEmbeddings, assembled, column, store, stored

CONFIG_NAME = "config.json"

_TITLES: Mapping[Kind, str] = {"labels": "soft labels", "plain": "labels of plain images", "embeddings": "embeddings"}

MOST_DIFFERENCE = 0.02
"""Of a probability, between a stored label and the same computed again: float32 on another processor differs by 1e-5,
bfloat16 by a few thousandths; a view that is mirrored or drawn by other code by a tenth and more in some of any twenty
labels."""


def set_folder(dataset: Dataset, config: TeacherConfig) -> Path:
    """Where the labels of one teacher for this data live: the newest set that still holds, or a new one."""
    described = json.dumps(_deciding(config), sort_keys=True, default=str)
    size = dataset.pixels.shape[1]
    weights = preset_digest(config.encoder.name)
    digest = hashlib.sha256(f"{size}-{DECODING}-{weights}\n{described}".encode()).hexdigest()[:12]
    name = Path(config.encoder.name.replace(":", "-")).name
    sets = dataset.folder / f"soft-labels-{name}-{digest}"
    own = sets / digest_of_rows(_first_rows(dataset, config))
    if own.is_dir():
        return own
    found = [folder for folder in sets.glob("*") if _usable(folder, dataset)]
    return max(found, key=lambda folder: ((folder / ROWS_NAME).stat().st_mtime_ns, folder.name), default=own)


def view_seeds(dataset: Dataset, config: TeacherConfig) -> np.ndarray:
    """int64 [N, K], of the K views of each training image that labels are made for; no teacher is needed for it."""
    contents = [dataset.contents[index] for index in dataset.part(Part.TRAIN)]
    return seeds_of_views(contents, seed=config.seed, views=config.views)


def ensure_set(dataset: Dataset, config: TeacherConfig) -> SoftLabels:
    """One teacher's stored labels of the training part, in its order; what is missing is made now.

    A fold that has its teachers is not trained again, an image that has its labels is not labelled again. Killed
    anywhere, the same call goes on and ends in the same labels. Raises TeacherError, DataError.
    """
    folder = set_folder(dataset, config)
    labels = gathered(folder, dataset)
    this_compute().wait()  # all processes must have looked before the first one writes
    if labels is None:
        with _alone(folder):
            _fit_missing(dataset, config, folder)
            _label_missing(dataset, config, folder)
            labels = assembled(stored(folder), dataset)
            if this_compute().first:
                write_report(dataset, labels, folder)
            this_compute().wait()
    return labels


def ensure_plain(dataset: Dataset, config: TeacherConfig, folder: Path) -> SoftLabels:
    """What the teachers of a finished set say of the training images as they are: one label each, K = 1.

    As cross-fitted as those of the views, and kept beside them. Raises TeacherError, DataError.
    """
    labels = gathered(folder, dataset, kind="plain")
    this_compute().wait()
    if labels is None:
        with _alone(folder):
            _label_missing(dataset, config, folder, kind="plain")
            labels = assembled(stored(folder, kind="plain"), dataset)
            this_compute().wait()
    return labels


def ensure_embeddings(dataset: Dataset, config: TeacherConfig, folder: Path) -> ViewEmbeddings:
    """What the first network of each fold of a finished set sees in the views that its labels are of.

    Raises TeacherError, DataError.
    """
    wanted = set(names(dataset, dataset.part(Part.TRAIN)))
    missing = not stored(folder, kind="embeddings").keys() >= wanted
    this_compute().wait()
    if missing:
        with _alone(folder):
            _label_missing(dataset, config, folder, kind="embeddings")
    rows = column(stored(folder, kind="embeddings"), dataset, "rows")
    return ViewEmbeddings(rows, folds_of(read_rows(folder) or {}, dataset, folds=config.folds))


def is_finished(folder: Path) -> bool:
    """Whether it is a finished set of soft labels, with the teachers that made it."""
    return (folder / REPORT_NAME).is_file() and (folder / ROWS_NAME).is_file()


def stored_config(folder: Path) -> TeacherConfig:
    """The configuration of a stored set. Raises TeacherError where the folder holds none that this code can read."""
    try:
        values = json.loads((folder / CONFIG_NAME).read_text())
        finetune = dict(values["finetune"])
        return TeacherConfig(
            encoder=EncoderChoice(name=values["encoder"]["name"], image_size=values["encoder"]["image_size"]),
            finetune=FinetuneConfig(precision=finetune["precision"], view=ViewConfig(**finetune["view"])),
            folds=values["folds"],
            seeds=values["seeds"],
            views=values["views"],
            seed=values["seed"],
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TeacherError(f"{folder}: no stored teacher that this version can read ({first_line(error)})") from error


def check_set(dataset: Dataset, config: TeacherConfig, folder: Path, *, count: int) -> float:
    """Computes `count` random labels of a set again; returns the largest difference of a malignancy probability.

    Raises TeacherError where there are none yet, or where one differs by more than MOST_DIFFERENCE.
    """
    labels = gathered(folder, dataset)
    if labels is None:
        raise TeacherError(
            f"no finished soft labels of {config.encoder.name} for this data: make them first, without --check"
        )
    train, rng = dataset.part(Part.TRAIN), np.random.default_rng()
    rows = read_rows(folder) or {}
    fold_of, largest = folds_of(rows, dataset, folds=config.folds), 0.0
    places = rng.choice(len(train), size=min(count, len(train)), replace=False)
    for fold in np.unique(fold_of[places]):
        own = places[fold_of[places] == fold]
        views = rng.integers(labels.seeds.shape[1], size=len(own))
        plan = ViewPlan(train[own], labels.seeds[own, views], config.finetune.view)
        said = _said_by_fold(dataset, plan, int(fold), config, folder, rows, title="Checking labels")
        before, now = probability(labels.malignancy[own, views]), probability(said.malignancy)
        worst = int(np.abs(before - now).argmax())
        largest = max(largest, float(abs(before[worst] - now[worst])))
        if largest > MOST_DIFFERENCE:
            raise TeacherError(
                f"{folder}: the stored label of {dataset.samples[train[own[worst]]].key} says {before[worst]:.4f} and "
                f"its teacher now says {now[worst]:.4f} (more than {MOST_DIFFERENCE} apart): the views or the teacher "
                "changed; clear the labels with python -m teacher data --forget and make them anew"
            )
    return largest


def _deciding(config: TeacherConfig) -> dict[str, object]:
    """What decides the stored labels; what is done with them afterwards does not, nor does where a file lies."""
    described = {**_described(config), "init": _digest_of(config.encoder)}
    described.pop("privileged")
    described["encoder"] = {**described["encoder"], "init": None}
    checkpoint = checkpoint_digest(config.encoder.name)
    return described if checkpoint is None else {**described, "checkpoint": checkpoint}


def _described(config: TeacherConfig) -> dict[str, Any]:
    """Of one teacher: beside which others it is averaged is nothing to its own labels."""
    described = asdict(config)
    described.pop("others")
    return described


def _digest_of(encoder: EncoderChoice) -> str | None:
    """Of the weights that a teacher starts from, where a file of them is named."""
    if encoder.init is None or not encoder.init.is_file():
        return None
    with encoder.init.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other command at this folder; the processes of this one go through it together."""
    if not this_compute().first:
        this_compute().wait()
        yield
        return
    with only_one(folder), clear_errors(folder):
        clear_partials(folder)
        this_compute().wait()
        yield


def _usable(folder: Path, dataset: Dataset) -> bool:
    rows = read_rows(folder)
    return rows is not None and (folder / REPORT_NAME).is_file() and still_holds(rows, dataset)


def _first_rows(dataset: Dataset, config: TeacherConfig) -> dict[Shown, Learned]:
    if config.folds < 2:
        raise TeacherError("--folds must be at least 2: with one, the teacher would label its own training images")
    return first_rows(dataset, folds=config.folds, seed=config.seed)


def _fit_missing(dataset: Dataset, config: TeacherConfig, folder: Path) -> None:
    rows = read_rows(folder)
    this_compute().wait()
    if rows is None:
        rows = _first_rows(dataset, config)
        if this_compute().first:
            write_json(folder / CONFIG_NAME, json.loads(json.dumps(_described(config), default=str)))
            write_rows(folder, rows)
    for fold in range(config.folds):
        learn, own = _fold_members(dataset, rows, fold)
        fit_fold(dataset, learn, own, fold, config, folder)


def _fold_members(dataset: Dataset, rows: Mapping[Shown, Learned], fold: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the images that a fold's teachers learn from, and of the fold's own."""
    train = dataset.part(Part.TRAIN)
    found = [rows.get(name) for name in names(dataset, train)]
    learn = train[[row is not None and row.fold != fold for row in found]]
    return learn, train[[row is not None and row.fold == fold for row in found]]


def _label_missing(dataset: Dataset, config: TeacherConfig, folder: Path, *, kind: Kind = "labels") -> None:
    train = dataset.part(Part.TRAIN)
    called, there = names(dataset, train), stored(folder, kind=kind)
    seeds = np.full((len(train), 1), PLAIN, dtype=np.int64) if kind == "plain" else view_seeds(dataset, config)
    rows = read_rows(folder) or {}
    fold_of = folds_of(rows, dataset, folds=config.folds)
    missing = np.array([name not in there for name in called], dtype=bool)
    this_compute().wait()
    for fold in range(config.folds):
        places = np.flatnonzero(missing & (fold_of == fold))
        if len(places):
            _label_fold(dataset, places, fold, config, folder, rows, seeds, kind=kind)


def _label_fold(
    dataset: Dataset,
    places: np.ndarray,
    fold: int,
    config: TeacherConfig,
    folder: Path,
    rows: Mapping[Shown, Learned],
    seeds: np.ndarray,
    *,
    kind: Kind,
) -> None:
    """Labels of one fold's images, shard by shard. places: int64 [M], in the training part."""
    train, views = dataset.part(Part.TRAIN), seeds.shape[1]
    teachers = FoldTeachers(fold, config, folder)
    inner = inner_folds(dataset, _fold_members(dataset, rows, fold)[1], config)
    shards = [places[start : start + SHARD] for start in range(0, len(places), SHARD)]
    steps = sum(teachers.steps(len(shard) * views, kind == "embeddings") for shard in shards)
    with progress(f"Teacher {fold + 1}/{config.folds}: {_TITLES[kind]}", steps) as advance:
        for shard in shards:
            seen = None if kind == "plain" else seeds[shard].reshape(-1)
            plan = ViewPlan(np.repeat(train[shard], views), seen, config.finetune.view)
            found = _said(teachers, dataset, plan, kind, inner, advance)
            columns = {name: array.reshape(len(shard), views, *array.shape[1:]) for name, array in found.items()}
            if this_compute().first:
                store(folder, fold, names(dataset, train[shard]), {"seeds": seeds[shard], **columns}, kind=kind)
    this_compute().wait()


def _said(
    teachers: FoldTeachers, dataset: Dataset, plan: ViewPlan, kind: Kind, inner: Mapping[int, int], advance: Advance
) -> dict[str, np.ndarray]:
    """Of the M planned views, by column: [M, ...]."""
    if kind == "embeddings":
        return {"rows": teachers.embed(dataset, plan, advance)}
    return dict(vars(teachers.say(dataset, plan, _trees_of(inner, plan.indices), advance)))


def _said_by_fold(
    dataset: Dataset,
    plan: ViewPlan,
    fold: int,
    config: TeacherConfig,
    folder: Path,
    rows: Mapping[Shown, Learned],
    *,
    title: str,
) -> Said:
    teachers = FoldTeachers(fold, config, folder)
    inner = inner_folds(dataset, _fold_members(dataset, rows, fold)[1], config)
    with progress(title, teachers.steps(len(plan))) as advance:
        return teachers.say(dataset, plan, _trees_of(inner, plan.indices), advance)


def _trees_of(inner: Mapping[int, int], indices: np.ndarray) -> np.ndarray:
    """int64 [N]: which trees speak of each image; of one that came later any may, the first does."""
    return np.array([inner.get(int(index), 0) for index in indices], dtype=np.int64)


def gathered(folder: Path, dataset: Dataset, *, kind: Kind = "labels") -> SoftLabels | None:
    """A finished set's labels of the training part, or None where one is missing."""
    there = stored(folder, kind=kind)
    if not (folder / REPORT_NAME).is_file() or not there.keys() >= set(names(dataset, dataset.part(Part.TRAIN))):
        return None
    return assembled(there, dataset)
