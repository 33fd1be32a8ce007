"""The reference's five figures of some answers, with intervals that resample groups (patients, else lesions)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from runtime.bundle.load import Figure
from teacher.evaluation.resampling import RESAMPLES, draws, figure_of
from teacher.evaluation.weighted import auc, confusion, f1_by_class, mean_of_known


class Said(NamedTuple):
    """Logits of N images: malignancy float [N], conditions float [N, 10]."""

    malignancy: np.ndarray
    conditions: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What a row of the table holds. Malignant is said from probability 0.5, the condition is the likeliest one."""

    accuracy: Figure
    f1_macro: Figure
    auc: Figure
    condition_accuracy: Figure
    condition_f1_macro: Figure


def judged(
    said: Said, malignant: np.ndarray, conditions: np.ndarray, groups: np.ndarray, *, resamples: int = RESAMPLES
) -> Judged:
    """malignant: bool [N]; conditions: int [N]; groups: int [N]."""
    weights = draws(groups, resamples=resamples)
    binary = confusion(malignant.astype(int), (said.malignancy > 0).astype(int), weights, classes=2)
    several = confusion(conditions, said.conditions.argmax(axis=1), weights, classes=said.conditions.shape[1])
    found = {
        "accuracy": _accuracy(binary),
        "f1_macro": mean_of_known(f1_by_class(binary)),
        "auc": auc(malignant, said.malignancy, weights),
        "condition_accuracy": _accuracy(several),
        "condition_f1_macro": mean_of_known(f1_by_class(several)),
    }
    return Judged(**{name: figure_of(values, len(malignant)) for name, values in found.items()})


def _accuracy(confusions: np.ndarray) -> np.ndarray:
    return np.trace(confusions, axis1=1, axis2=2) / confusions.sum(axis=(1, 2))
