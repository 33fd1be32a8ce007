"""The reference's five figures of some answers, with intervals that resample groups (patients, else lesions)."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from runtime.bundle.load import Figure

RESAMPLES = 1000


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
    draws = group_draws(groups, resamples=resamples)
    binary = _confusions(malignant.astype(int), (said.malignancy > 0).astype(int), draws, classes=2)
    several = _confusions(conditions, said.conditions.argmax(axis=1), draws, classes=said.conditions.shape[1])
    found = {
        "accuracy": _accuracy(binary),
        "f1_macro": _f1_macro(binary),
        "auc": _auc(malignant, said.malignancy, draws),
        "condition_accuracy": _accuracy(several),
        "condition_f1_macro": _f1_macro(several),
    }
    return Judged(**{name: _figure(values, len(malignant)) for name, values in found.items()})


def group_draws(groups: np.ndarray, *, resamples: int) -> np.ndarray:
    """How often each image is drawn, float32 [1 + R, N]: first each once, then resamples of whole groups, seeded."""
    rng = np.random.default_rng(0)
    _, of = np.unique(groups, return_inverse=True)
    count = int(of.max()) + 1
    drawn = [np.bincount(rng.integers(0, count, count), minlength=count)[of] for _ in range(resamples)]
    return np.stack([np.ones(len(groups)), *drawn]).astype(np.float32)


def _confusions(truth: np.ndarray, said: np.ndarray, draws: np.ndarray, *, classes: int) -> np.ndarray:
    """float64 [R, C, C]: of each draw, how often a truth was answered how."""
    cell = np.eye(classes * classes, dtype=np.float32)[truth * classes + said]  # (N, C * C)
    return (draws @ cell).astype(np.float64).reshape(len(draws), classes, classes)


def _accuracy(confusions: np.ndarray) -> np.ndarray:
    return np.trace(confusions, axis1=1, axis2=2) / confusions.sum(axis=(1, 2))


def _f1_macro(confusions: np.ndarray) -> np.ndarray:
    """Averaged over the classes that occur among truths or answers, as scikit-learn has it."""
    hits = np.diagonal(confusions, axis1=1, axis2=2)
    named = confusions.sum(axis=1) + confusions.sum(axis=2)
    occurs = named > 0
    return (2 * hits / np.where(occurs, named, 1)).sum(axis=1) / occurs.sum(axis=1)


def _auc(malignant: np.ndarray, scores: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """The chance that a malignant image scores above a benign one, ties half; NaN where a draw has one kind only."""
    _, rank = np.unique(scores, return_inverse=True)
    order = np.argsort(rank, kind="stable")
    starts = np.flatnonzero(np.diff(rank[order], prepend=-1))
    wide = draws.astype(np.float64)
    positives = np.add.reduceat((wide * malignant)[:, order], starts, axis=1)
    negatives = np.add.reduceat((wide * ~malignant)[:, order], starts, axis=1)
    below = np.cumsum(negatives, axis=1) - negatives / 2  # what a score beats: all lower ones, and half of its equals
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    return np.where(pairs > 0, (positives * below).sum(axis=1) / np.maximum(pairs, 1), np.nan)


def _figure(values: np.ndarray, count: int) -> Figure:
    """The value of the images as they are, and the middle 95% of the resamples."""
    resampled = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(resampled, (0.025, 0.975)) if len(resampled) else (np.nan, np.nan)
    return Figure(value=float(values[0]), low=float(low), high=float(high), n=count)
