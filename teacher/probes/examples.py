"""What a classifier on embeddings learns from, and what every kind of it answers."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from teacher.data.dataset import Dataset
from teacher.data.sampling import SamplingConfig, sampling_of
from teacher.models.config import TeacherError


@dataclass(frozen=True, kw_only=True)
class Examples:
    """N embeddings with both labels, and how much each weighs."""

    features: np.ndarray
    """float32 [N, D]"""
    malignant: np.ndarray
    """bool [N]"""
    conditions: np.ndarray
    """int64 [N], positions in CONDITIONS"""
    weights: np.ndarray
    """float64 [N], 1 on average: rare conditions and cells of domain x tone x malignant weigh more"""

    def digest(self) -> str:
        """16 hexadecimal digits of everything a classifier can learn from this."""
        digest = hashlib.sha256(str(self.features.shape).encode())
        for array in (self.features, self.malignant, self.conditions, self.weights):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]


class Probe(Protocol):
    """A classifier on embeddings."""

    def malignancy_logits(self, features: np.ndarray) -> np.ndarray:
        """features: [N, D] -> float32 [N]"""
        ...

    def condition_logits(self, features: np.ndarray) -> np.ndarray:
        """features: [N, D] -> float32 [N, 10]"""
        ...

    def save(self, folder: Path, stem: str) -> None:
        """Files that begin with `stem`. Raises OSError."""
        ...


def examples_of(dataset: Dataset, indices: np.ndarray, features: np.ndarray, config: SamplingConfig) -> Examples:
    """Labels and weights of the samples at `indices` [M]; features: [M, D], or [K * M, D] for K looks at each.

    The looks stand one after the other: first all samples in the first way of looking, then all in the second.
    Raises TeacherError where there is nothing to tell apart.
    """
    malignant, conditions = dataset.malignant(indices), dataset.conditions(indices)
    if len(np.unique(malignant)) < 2 or len(np.unique(conditions)) < 2:
        raise TeacherError(f"{len(indices)} images of one kind only: classifiers need malignant and benign ones")
    weights = sampling_of([dataset.samples[index] for index in indices], config).weights * len(indices)
    looks = len(features) // len(indices)
    return Examples(
        features=features,
        malignant=np.tile(malignant, looks),
        conditions=np.tile(conditions, looks),
        weights=np.tile(weights, looks),
    )


def shares(labels: np.ndarray, weights: np.ndarray, classes: Sequence[int] | range) -> np.ndarray:
    """The weighed share of each class, float64 [C]."""
    return np.array([weights[labels == one].sum() for one in classes]) / weights.sum()
