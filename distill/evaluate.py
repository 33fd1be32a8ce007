"""What a student says of a part, and the figures that follow."""

import numpy as np
from scipy.special import expit, softmax

from distill.student import Student
from runtime.bundle.load import Figure
from teacher.data.batches import ViewPlan
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.evaluation.figures import (
    accuracy_figure,
    auc_figure,
    macro_auc_figure,
    rate_figure,
    sensitivity_at_specificity,
)
from teacher.models.answers import Answers, ask

TARGET_SENSITIVITY = 0.95


def predict(student: Student, dataset: Dataset, indices: np.ndarray) -> Answers:
    """The student's float32 answers to samples as the device sees them. The student must be in eval mode."""
    spec = student.spec
    return ask(student, dataset, ViewPlan(indices), size=spec.image_size, mean=spec.mean, std=spec.std)


def figures(student: Student, dataset: Dataset, part: Part, *, threshold: float) -> dict[str, Figure]:
    """The figures of a part, with 95% intervals. `threshold`: of malignancy, see `calibration_threshold`."""
    indices = dataset.part(part)
    said = predict(student, dataset, indices)
    malignant, conditions = dataset.malignant(indices), dataset.conditions(indices)
    scores, shares = expit(said.malignancy.astype(np.float64)), softmax(said.conditions, axis=1)
    return {
        "malignancy_auc": auc_figure(malignant, scores),
        "malignancy_sensitivity": rate_figure(int((scores[malignant] >= threshold).sum()), int(malignant.sum())),
        "malignancy_specificity": rate_figure(int((scores[~malignant] < threshold).sum()), int((~malignant).sum())),
        "sensitivity_at_specificity_80": sensitivity_at_specificity(malignant, scores, specificity=0.8),
        "condition_accuracy": accuracy_figure(conditions, shares),
        "conditions_macro_auc": macro_auc_figure(conditions, shares),
    }


def calibration_threshold(student: Student, dataset: Dataset) -> float:
    """The threshold that reaches `TARGET_SENSITIVITY` on the calibration part: it has not seen what it judges."""
    indices = dataset.part(Part.CALIBRATION)
    scores = expit(predict(student, dataset, indices).malignancy.astype(np.float64))
    return float(np.quantile(scores[dataset.malignant(indices)], 1 - TARGET_SENSITIVITY, method="lower"))
