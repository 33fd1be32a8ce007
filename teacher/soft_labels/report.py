"""How good a set of soft labels is, on the images it was made for, which no teacher of theirs has seen."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.metrics import log_loss, roc_auc_score

from runtime.files import write_json
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.soft_labels.privileged import dermoscopic_twins, lean_on_dermoscopy
from teacher.soft_labels.store import SoftLabels

REPORT_NAME = "report.json"
LEANINGS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Weights of the dermoscopic image's label that are reported side by side."""


def write_report(dataset: Dataset, labels: SoftLabels, folder: Path, *, of: Mapping[str, Any] | None = None) -> None:
    """`of`: what else it says, of a mean what it is the mean of. Raises OSError."""
    train = dataset.part(Part.TRAIN)
    report = {
        "images": len(train),
        "views": int(labels.seeds.shape[1]),
        **_figures(dataset, labels, np.arange(len(train))),
    }
    report["by_source"] = {name: _figures(dataset, labels, places) for name, places in _sources(dataset).items()}
    report["leaning_on_dermoscopy"] = _leanings(dataset, labels)
    write_json(folder / REPORT_NAME, report | dict(of or {}))


def averaged_sets(folder: Path) -> list[tuple[str, Path]]:
    """Of the report of a mean the teachers' names and the folders of their labels; empty for any other folder."""
    try:
        return [(str(one["teacher"]), folder / one["folder"]) for one in _read(folder).get("mean_of", [])]
    except (KeyError, TypeError):
        return []


def is_report_of(folder: Path, digest: str, sets: Sequence[Mapping[str, str]]) -> bool:
    """Whether a mean's report is there and of these labels."""
    report = _read(folder)
    return (report.get("labels"), report.get("mean_of")) == (digest, sets)


def describe(folder: Path) -> str:
    """One line on a finished set of labels, and one for each source where there are several.

    Of a mean the same of each of its teachers first.
    """
    sets = averaged_sets(folder)
    lines = [f"{name}, {one.parent.name}/{one.name}:\n{_described(_read(one))}" for name, one in sets]
    return "\n".join([*lines, *([f"the mean of these {len(sets)}:"] if sets else []), _described(_read(folder))])


def _read(folder: Path) -> dict[str, Any]:
    """A report; empty where there is none that can be read."""
    try:
        report = json.loads((folder / REPORT_NAME).read_text())
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def _described(report: Mapping[str, Any]) -> str:
    if "images" not in report:
        return "soft labels without a report"
    lines = [
        f"soft labels of {report['images']:,} images x {report['views']} views; on images unseen by their teacher: "
        f"malignancy AUC {_text(report['malignancy_auc'])}, condition accuracy {report['condition_accuracy']:.3f}"
    ]
    sources = report.get("by_source", {})
    if len(sources) > 1:
        lines += [
            f"  {name}: {one['images']:,} images, malignancy AUC {_text(one['malignancy_auc'])}, "
            f"conditions macro-AUC {_text(one['conditions_macro_auc'])}, accuracy {one['condition_accuracy']:.3f}"
            for name, one in sources.items()
        ]
    leaning = report.get("leaning_on_dermoscopy", {})
    if leaning:
        texts = ", ".join(f"{weight}: {_text(one['malignancy_auc'])}" for weight, one in leaning["by_weight"].items())
        lines.append(
            f"  {leaning['images']:,} photos whose lesion was also seen under the dermatoscope, malignancy AUC by the "
            f"weight of that image's label (--privileged): {texts}"
        )
    return "\n".join(lines)


def _sources(dataset: Dataset) -> dict[str, np.ndarray]:
    """Places in the training part by dataset and domain."""
    called = np.array([dataset.samples[index].dataset_and_domain for index in dataset.part(Part.TRAIN)])
    return {str(name): np.flatnonzero(called == name) for name in np.unique(called)}


def _figures(dataset: Dataset, labels: SoftLabels, places: np.ndarray) -> dict[str, float | int | None]:
    indices = dataset.part(Part.TRAIN)[places]
    malignant, conditions = dataset.malignant(indices), dataset.conditions(indices)
    malignancy, said = labels.malignancy[places].mean(axis=1), labels.conditions[places].mean(axis=1)
    by_class = [_auc(conditions == one, said[:, one]) for one in np.unique(conditions)]
    known = [value for value in by_class if value is not None]
    return {
        "images": len(places),
        "malignancy_auc": _auc(malignant, malignancy),
        "malignancy_log_loss": float(log_loss(malignant, expit(malignancy.astype(np.float64)), labels=[False, True])),
        "conditions_macro_auc": float(np.mean(known)) if known else None,
        "condition_accuracy": float((said.argmax(axis=1) == conditions).mean()),
    }


def _leanings(dataset: Dataset, labels: SoftLabels) -> dict[str, object]:
    """What the dermoscopic image is worth to the labels of the photos that have one."""
    places = np.array(sorted(dermoscopic_twins(dataset)), dtype=np.int64)
    if not len(places):
        return {}
    found = {str(w): _figures(dataset, lean_on_dermoscopy(labels, dataset, w), places) for w in LEANINGS}
    return {"images": len(places), "by_weight": found}


def _auc(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """None where only one kind occurs: NaN has no place in a JSON file."""
    return float(roc_auc_score(labels, scores)) if labels.any() and not labels.all() else None


def _text(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"
