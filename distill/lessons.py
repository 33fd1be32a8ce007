"""What a student learns from: the dataset's labels and the teacher's words, of every training image and stored view."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from distill.config import TrainConfig
from distill.losses import Targets
from teacher.data.dataset import Dataset
from teacher.soft_labels import (
    SoftLabels,
    ViewEmbeddings,
    ensure_plain_labels,
    ensure_soft_labels,
    ensure_view_embeddings,
)


@dataclass(frozen=True)
class Lessons:
    """Of N training images in K views, in the order of the training part."""

    labels: SoftLabels
    embeddings: ViewEmbeddings | None = None
    """where features are matched"""

    def targets(
        self, dataset: Dataset, indices: np.ndarray, drawn: np.ndarray, views: np.ndarray, device: torch.device
    ) -> Targets:
        """Of a batch. indices: int64 [B], of samples; drawn: [B], their places in the training part; views: [B]."""
        found = Targets(
            malignant=torch.from_numpy(dataset.malignant(indices)).float(),
            conditions=torch.from_numpy(dataset.conditions(indices)),
            soft_malignancy=torch.from_numpy(self.labels.malignancy[drawn, views]),
            soft_conditions=torch.from_numpy(self.labels.conditions[drawn, views]),
            **self._seen(drawn, views),
        )
        return found.to(device)

    def digests(self) -> dict[str, str]:
        """By what they are called in an error: what decides the weights of a run."""
        labels = self.labels
        found = {"soft labels": _digest(labels.seeds, labels.malignancy, labels.conditions)}
        if self.embeddings is None:
            return found
        return {**found, "teacher's embeddings": _digest(self.embeddings.rows, self.embeddings.folds)}

    @property
    def folds(self) -> int:
        """Spaces of embeddings."""
        return 0 if self.embeddings is None else int(self.embeddings.folds.max()) + 1

    @cached_property
    def _spaces(self) -> tuple[np.ndarray, np.ndarray]:
        """Centre, float64 [folds, D], and root mean variance, [folds], of each fold's embeddings."""
        assert self.embeddings is not None
        rows, folds = self.embeddings.rows, self.embeddings.folds
        centres, sizes = np.zeros((self.folds, rows.shape[2])), np.ones(self.folds)
        for fold in np.unique(folds):
            own = rows[folds == fold].astype(np.float64)
            centres[fold], sizes[fold] = own.mean(axis=(0, 1)), np.sqrt(own.var(axis=(0, 1)).mean())
        return centres, np.where(sizes > 0, sizes, 1.0)

    def _seen(self, drawn: np.ndarray, views: np.ndarray) -> dict[str, torch.Tensor]:
        if self.embeddings is None:
            return {}
        (centres, sizes), folds = self._spaces, self.embeddings.folds[drawn]
        rows = (self.embeddings.rows[drawn, views] - centres[folds]) / sizes[folds, None]
        return {"embeddings": torch.from_numpy(rows.astype(np.float32)), "folds": torch.from_numpy(folds)}


def lessons_of(dataset: Dataset, config: TrainConfig) -> Lessons:
    """What the teacher says of each stored view, or, where the run wants that, of the plain image for all of them.

    Made where it is missing. Raises TeacherError, DataError.
    """
    labels = ensure_soft_labels(dataset, config.teacher)
    embeddings = ensure_view_embeddings(dataset, config.teacher) if config.loss.feature_weight else None
    if config.labels == "views":
        return Lessons(labels, embeddings)
    plain, count = ensure_plain_labels(dataset, config.teacher), labels.seeds.shape[1]
    malignancy, conditions = (np.repeat(one, count, axis=1) for one in (plain.malignancy, plain.conditions))
    return Lessons(SoftLabels(labels.seeds, malignancy, conditions), embeddings)


def _digest(*arrays: np.ndarray) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:16]
