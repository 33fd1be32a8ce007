"""Soft labels of one teacher, or of several as their mean.

Each teacher's set is made, found and checked by itself (`teacher.soft_labels.ensure`), or named as a finished folder.
The mean is that of the logits, each teacher with the same weight: they are calibrated one by one, so that their logits
are of one scale, and what the folds keep of the validation part (the AUC of malignancy) says nothing of the conditions
and tells teachers worth averaging apart by less than its own uncertainty. The report shows each beside the mean.
"""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.special import log_softmax

from teacher.data.cache import clear_errors, only_one
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.models.compute import this_compute
from teacher.models.config import TeacherConfig, TeacherError
from teacher.models.network import Teacher
from teacher.models.siglip import PRESETS
from teacher.soft_labels.ensure import (
    CONFIG_NAME,
    check_set,
    ensure_embeddings,
    ensure_plain,
    ensure_set,
    gathered,
    is_finished,
    set_folder,
    stored_config,
    view_seeds,
)
from teacher.soft_labels.privileged import lean_on_dermoscopy
from teacher.soft_labels.report import averaged_sets, is_report_of, write_report
from teacher.soft_labels.sets import ROWS_NAME, names, read_rows, still_holds
from teacher.soft_labels.store import SoftLabels, ViewEmbeddings


def soft_labels_folder(dataset: Dataset, config: TeacherConfig) -> Path:
    """Where the labels of this teacher for this data live; of several, where the report of their mean does."""
    folders = [_folder_of(dataset, member) for member in config.members]
    if len(folders) == 1:
        return folders[0]
    called = sorted(_called(folder, dataset) for folder in folders)
    digest = hashlib.sha256("\n".join(called).encode(errors="surrogateescape")).hexdigest()[:12]
    return dataset.folder / f"soft-labels-mean-{digest}"


def ensure_soft_labels(dataset: Dataset, config: TeacherConfig) -> SoftLabels:
    """The labels of the training part, in its order: of one teacher, or the mean of several; missing ones are made now.

    Killed anywhere, the same call goes on and ends in the same labels, in whatever order the teachers are named.
    Raises TeacherError, DataError.
    """
    _refuse_misfits(dataset, config)
    labels = {_folder_of(dataset, member): _labels_of(dataset, member) for member in config.members}
    found = _averaged(labels, dataset)
    if len(labels) > 1:
        if this_compute().first:
            _report(dataset, config, found, soft_labels_folder(dataset, config))
        this_compute().wait()
    return lean_on_dermoscopy(found, dataset, config.privileged)


def ensure_plain_labels(dataset: Dataset, config: TeacherConfig) -> SoftLabels:
    """The same of the images as they are, one label each (K = 1): what plain distillation gives to every view.

    Labels of the views must be there already (`ensure_soft_labels`): it is their teachers that speak. Raises
    TeacherError, DataError.
    """
    found = _averaged({_folder_of(dataset, one): _plain_labels_of(dataset, one) for one in config.members}, dataset)
    return lean_on_dermoscopy(found, dataset, config.privileged)


def ensure_view_embeddings(dataset: Dataset, config: TeacherConfig) -> ViewEmbeddings:
    """What the first of the teachers sees in the views: of each image the network that had not seen it.

    Labels must be there already, as for `ensure_plain_labels`. Raises TeacherError, DataError.
    """
    return ensure_embeddings(dataset, *_made(dataset, config.members[0])).of_first(config.views)


def missing_labels(dataset: Dataset, config: TeacherConfig) -> list[str]:
    """The names of the teachers whose labels are not finished, in their order."""
    return [one.encoder.name for one in config.members if not is_finished(_folder_of(dataset, one))]


def check_labels(dataset: Dataset, config: TeacherConfig, *, count: int) -> float:
    """Computes `count` random stored labels of each teacher again; returns the largest difference of a probability.

    Raises TeacherError where there are none yet, or where one differs by more than MOST_DIFFERENCE.
    """
    return max(_check(dataset, member, count) for member in config.members)


def _check(dataset: Dataset, member: TeacherConfig, count: int) -> float:
    _refuse_folder(member.encoder.name)
    given = _given(member)
    if given is None:
        return check_set(dataset, member, set_folder(dataset, member), count=count)
    return check_set(dataset, stored_config(given), given, count=count)


def _folder_of(dataset: Dataset, member: TeacherConfig) -> Path:
    return _given(member) or set_folder(dataset, member)


def _given(member: TeacherConfig) -> Path | None:
    """The folder of finished soft labels that stands in place of an encoder's name."""
    name = member.encoder.name
    return Path(name) if name not in PRESETS and is_finished(Path(name)) else None


def _called(folder: Path, dataset: Dataset) -> str:
    """What names a set in the digest of a mean: its digests where it is one of this cache, else what it holds."""
    if folder.parent.parent == dataset.folder:
        return f"{folder.parent.name}/{folder.name}"
    held = hashlib.sha256()
    for path in sorted([folder / CONFIG_NAME, folder / ROWS_NAME, *folder.glob("fold*.json")]):
        held.update(path.name.encode(errors="surrogateescape") + path.read_bytes())
    return held.hexdigest()


def _labels_of(dataset: Dataset, member: TeacherConfig) -> SoftLabels:
    given = _given(member)
    return ensure_set(dataset, member) if given is None else _given_labels(dataset, member, given)


def _plain_labels_of(dataset: Dataset, member: TeacherConfig) -> SoftLabels:
    return ensure_plain(dataset, *_made(dataset, member))


def _made(dataset: Dataset, member: TeacherConfig) -> tuple[TeacherConfig, Path]:
    """What a teacher's finished set was made with, and where it lies."""
    given = _given(member)
    return (member, set_folder(dataset, member)) if given is None else (stored_config(given), given)


def _given_labels(dataset: Dataset, member: TeacherConfig, folder: Path) -> SoftLabels:
    """The labels in a folder that was named, of the first views where it has more than are asked for.

    Raises TeacherError where they are not of these images in these views.
    """
    _refuse_other_views(folder, stored_config(folder), member)
    rows, labels = read_rows(folder), gathered(folder, dataset)
    if rows is None or not still_holds(rows, dataset):
        raise TeacherError(
            f"--teacher {folder}: its teachers learned from other data than this, or from photos that judge here; "
            "name the encoder instead of the folder, and new ones are made"
        )
    if labels is None:
        raise TeacherError(
            f"--teacher {folder}: some of the {len(dataset.part(Part.TRAIN)):,} training images have no label in it; "
            "the command that made it labels them too"
        )
    asked = labels.of_first(member.views)
    if not np.array_equal(asked.seeds, view_seeds(dataset, member)):
        raise TeacherError(f"--teacher {folder}: its labels are of views that are no longer drawn; make them anew")
    return asked


def _refuse_other_views(folder: Path, made: TeacherConfig, asked: TeacherConfig) -> None:
    """The student sees one set of views, of which every teacher must have spoken; of more than it sees is well."""
    pairs = {
        "--views {}": (min(made.views, asked.views), asked.views),
        "--seed {}": (made.seed, asked.seed),
        "--{}": tuple("bridging" if one.finetune.view.bridging else "no-bridging" for one in (made, asked)),
        "capture {}": (made.finetune.view.capture, asked.finetune.view.capture),
        "views of version {}": (made.finetune.view.version, asked.finetune.view.version),
    }
    differing = [(text.format(own), text.format(here)) for text, (own, here) in pairs.items() if own != here]
    if differing:
        theirs, ours = (", ".join(column) for column in zip(*differing, strict=True))
        raise TeacherError(
            f"--teacher {folder}: its labels are of other views, {theirs} where this command has {ours}; all teachers "
            "must speak of the same: give the options that its labels were made with, or make them anew"
        )


def _refuse_misfits(dataset: Dataset, config: TeacherConfig) -> None:
    """Before the first of several teachers takes hours: that the others can be had, and each is named once."""
    for member in config.members:
        _refuse_folder(member.encoder.name)
        if (folder := _given(member)) is not None:
            _given_labels(dataset, member, folder)
    if not config.others:
        return
    seen: set[Path] = set()
    for member in config.members:
        folder = _folder_of(dataset, member)
        if folder.resolve() in seen:
            raise TeacherError(f"--teacher {member.encoder.name}: named twice; each counts once in the mean")
        seen.add(folder.resolve())
        if not is_finished(folder):
            Teacher(member.encoder)


def _refuse_folder(name: str) -> None:
    """A folder of something else than a checkpoint or finished labels."""
    folder = Path(name)
    if name in PRESETS or not folder.is_dir() or is_finished(folder):
        return
    if averaged_sets(folder):
        raise TeacherError(f"--teacher {name}: the report of a mean; name its teachers one by one, each with --teacher")
    if (folder / ROWS_NAME).is_file():
        raise TeacherError(f"--teacher {name}: unfinished soft labels; the command that makes them goes on with them")
    if not (folder / CONFIG_NAME).is_file():
        raise TeacherError(
            f"--teacher {name}: a folder with neither a SigLIP checkpoint (config.json, model.safetensors) "
            "nor finished soft labels (as teacher soft-labels prints) in it"
        )


def _averaged(labels: dict[Path, SoftLabels], dataset: Dataset) -> SoftLabels:
    """The mean in logits, of conditions as log-probabilities, the same whatever the order."""
    if len(labels) == 1:
        return next(iter(labels.values()))
    found = [labels[folder] for folder in sorted(labels, key=lambda folder: _called(folder, dataset))]
    conditions = _mean([log_softmax(one.conditions.astype(np.float64), axis=-1) for one in found])
    return SoftLabels(
        found[0].seeds,
        _mean([one.malignancy for one in found]).astype(np.float32),
        log_softmax(conditions, axis=-1).astype(np.float32),
    )


def _mean(logits: Sequence[np.ndarray]) -> np.ndarray:
    return np.stack(logits).mean(axis=0, dtype=np.float64)


def _report(dataset: Dataset, config: TeacherConfig, labels: SoftLabels, folder: Path) -> None:
    """Written where it is not there, or of other labels: images that came later have some too by now."""
    digest = _digest_of(dataset, labels)
    sets = [
        {"teacher": member.encoder.name, "folder": _seen_from(folder, _folder_of(dataset, member))}
        for member in sorted(config.members, key=lambda one: _called(_folder_of(dataset, one), dataset))
    ]
    if is_report_of(folder, digest, sets):
        return
    with only_one(folder), clear_errors(folder):
        write_report(dataset, labels, folder, of={"labels": digest, "mean_of": sets})


def _digest_of(dataset: Dataset, labels: SoftLabels) -> str:
    held = hashlib.sha256(json.dumps(names(dataset, dataset.part(Part.TRAIN))).encode(errors="surrogateescape"))
    for array in vars(labels).values():
        held.update(np.ascontiguousarray(array))
    return held.hexdigest()


def _seen_from(folder: Path, other: Path) -> str:
    """Relative where both lie in one cache, which may be moved as a whole."""
    own, there = folder.parent.resolve(), other.resolve()
    return os.path.relpath(there, folder.resolve()) if there.is_relative_to(own) else str(there)
