"""What a student says of a part, and the figures that follow.

`JudgedStudent` is what `teacher.evaluation` asks: figures by group, robustness and pages are those of bundles and of
teachers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit, softmax

from distill.run import read_config
from distill.student import Student, load_student
from runtime.bundle.load import Figure
from runtime.photo.decode import Pixels
from teacher.data.batches import ViewPlan, normalise
from teacher.data.dataset import Dataset
from teacher.data.splits import Name, Part
from teacher.data.views import plain_view
from teacher.evaluation.figures import (
    accuracy_figure,
    auc_figure,
    macro_auc_figure,
    rate_figure,
    sensitivity_at_specificity,
)
from teacher.evaluation.predictions import Predictions, names_of
from teacher.evaluation.teachers import open_teacher
from teacher.models.answers import Answers, ask
from teacher.models.config import ANSWER_BATCH
from teacher.soft_labels import REPORT_NAME, ensure_soft_labels, soft_labels_folder

TARGET_SENSITIVITY = 0.95


@dataclass(frozen=True)
class JudgedStudent:
    """The finished student of a run, before anything was calibrated: it knows no tiers."""

    title: str
    student: Student

    @property
    def size(self) -> int:
        return self.student.spec.image_size

    @torch.inference_mode()
    def predict(self, names: Sequence[Name], squares: Sequence[Pixels]) -> Predictions:
        """Its probabilities of squares as the device sees them."""
        spec, said = self.student.spec, []
        for start in range(0, len(squares), ANSWER_BATCH):
            batch = np.stack([plain_view(one, size=spec.image_size) for one in squares[start : start + ANSWER_BATCH]])
            images = normalise(torch.from_numpy(batch).permute(0, 3, 1, 2), spec.mean, spec.std)
            said.append([tensor.numpy() for tensor in self.student(images)[:2]])
        malignancy, conditions = (np.concatenate(column) for column in zip(*said, strict=True))
        return _predictions(names, malignancy, conditions)


def open_student(run: Path) -> JudgedStudent:
    """The student of a run folder. Raises StudentError where it is no finished run."""
    return JudgedStudent(run.name, load_student(run))


def stored_teacher(run: Path, dataset: Dataset, part: Part) -> dict[str, Predictions]:
    """What the teacher says of the same photos, by title; empty where its labels are not stored: none are made here.

    Of the photos that the student learned from each stored label, by a teacher that had not seen it, as the mean of its
    views; of other parts all folds together.
    """
    config = read_config(run).teacher
    folder = soft_labels_folder(dataset, config)
    if not (folder / REPORT_NAME).is_file():
        return {}
    names = names_of(dataset, dataset.part(part))
    if part is not Part.TRAIN:
        squares = [dataset.square(index) for index in dataset.part(part)]
        return {"its teacher": open_teacher(folder).predict(names, squares)}
    labels = ensure_soft_labels(dataset, config)
    return {"its teacher": _predictions(names, labels.malignancy.mean(axis=1), labels.conditions.mean(axis=1))}


def _predictions(names: Sequence[Name], malignancy: np.ndarray, conditions: np.ndarray) -> Predictions:
    """From logits [N] and [N, 10]."""
    scores, shares = expit(malignancy.astype(np.float64)), softmax(conditions.astype(np.float64), axis=1)
    return Predictions(names=tuple(names), malignancy=scores, conditions=shares)


def predict(student: Student, dataset: Dataset, indices: np.ndarray) -> Answers:
    """The student's float32 answers to samples as the device sees them. The student must be in eval mode."""
    spec = student.spec
    return ask(student, dataset, ViewPlan(indices), size=spec.image_size, mean=spec.mean, std=spec.std)


def figures(student: Student, dataset: Dataset, part: Part, *, threshold: float) -> dict[str, Figure]:
    """The figures of a part, with 95% intervals. `threshold`: of malignancy, see `calibration_threshold`."""
    indices = dataset.part(part)
    said = predict(student, dataset, indices)
    malignant, scores = dataset.malignant(indices), expit(said.malignancy.astype(np.float64))
    plain = plain_figures(said, malignant, dataset.conditions(indices))
    return {
        "malignancy_auc": plain["malignancy_auc"],
        "malignancy_sensitivity": rate_figure(int((scores[malignant] >= threshold).sum()), int(malignant.sum())),
        "malignancy_specificity": rate_figure(int((scores[~malignant] < threshold).sum()), int((~malignant).sum())),
        **plain,
    }


def figures_of_run(student: Student, dataset: Dataset) -> dict[str, dict[str, Figure]]:
    """What a finished run tells of its student: the figures of the validation and test parts."""
    threshold, parts = calibration_threshold(student, dataset), (Part.VALIDATION, Part.TEST)
    return {part.value: figures(student, dataset, part, threshold=threshold) for part in parts}


def plain_figures(said: Answers, malignant: np.ndarray, conditions: np.ndarray) -> dict[str, Figure]:
    """Those that need no threshold, of N photos. malignant: bool [N]; conditions: int [N]."""
    scores, shares = expit(said.malignancy.astype(np.float64)), softmax(said.conditions, axis=1)
    return {
        "malignancy_auc": auc_figure(malignant, scores),
        "sensitivity_at_specificity_80": sensitivity_at_specificity(malignant, scores, specificity=0.8),
        "condition_accuracy": accuracy_figure(conditions, shares),
        "conditions_macro_auc": macro_auc_figure(conditions, shares),
    }


def calibration_threshold(student: Student, dataset: Dataset) -> float:
    """The threshold that reaches `TARGET_SENSITIVITY` on the calibration part: it has not seen what it judges."""
    indices = dataset.part(Part.CALIBRATION)
    scores = expit(predict(student, dataset, indices).malignancy.astype(np.float64))
    return float(np.quantile(scores[dataset.malignant(indices)], 1 - TARGET_SENSITIVITY, method="lower"))
