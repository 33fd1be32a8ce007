"""What candidates stand on: a frozen encoder, or the fold teachers that a set of soft labels was made by."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_model
from scipy.special import log_softmax
from torch import nn

from teacher.comparison.figures import Said
from teacher.data.dataset import Dataset
from teacher.data.sampling import SamplingConfig
from teacher.data.splits import Part
from teacher.data.views import ViewConfig
from teacher.embeddings.command import ensure_rows, rows_of
from teacher.embeddings.embedder import Embedder, embedder_of_teacher
from teacher.embeddings.keys import view_keys
from teacher.models.config import EncoderChoice, Precision, TeacherError
from teacher.models.network import Teacher
from teacher.probes.examples import Examples, Probe, examples_of
from teacher.probes.linear import Linear
from teacher.soft_labels import stored_config
from teacher.soft_labels.sets import folds_of, read_rows, still_holds


@dataclass(frozen=True, kw_only=True)
class Fold:
    """One encoder, and the training images that it never learned from."""

    embedder: Embedder
    learn: np.ndarray
    """int64 [M], indices of samples"""
    heads: Linear | None = None
    """the teacher's own, which it was fine-tuned with"""


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """Embeddings to fit classifiers on. With several folds each has classifiers of its own, as their embeddings differ.

    A classifier learns from images that its encoder was not tuned on: on those that it was, embeddings say the label
    (cross-fitting). Images outside the training part are answered by all folds, averaged.
    """

    name: str
    folds: Sequence[Fold]
    dataset: Dataset
    views: int = 0
    """seeded views of each training image to learn from beside the image"""
    view: ViewConfig
    seed: int

    def rows(self, fold: Fold, indices: np.ndarray) -> np.ndarray:
        """float32 [N, D]"""
        return rows_of(self.dataset, fold.embedder, indices, title=f"Embedding, {self.name}")

    def learned(self, fold: Fold, config: SamplingConfig) -> Examples:
        """What the classifiers of a fold learn from."""
        looks = [self.rows(fold, fold.learn)]
        if self.views:
            keys = view_keys(self.dataset, fold.learn, seed=self.seed, views=self.views)
            title = f"Embedding views, {self.name}"
            store, _ = ensure_rows(self.dataset, fold.embedder, keys, view=self.view, title=title)
            looks += [store.rows(keys[number :: self.views]) for number in range(self.views)]
        return examples_of(self.dataset, fold.learn, np.concatenate(looks), config)

    def said(self, probes: Sequence[Probe], indices: np.ndarray) -> Said:
        """What one classifier a fold says together: the mean of their logits, of conditions as log probabilities."""
        answers = [
            (probe.malignancy_logits(rows), log_softmax(probe.condition_logits(rows), axis=1))
            for fold, probe in zip(self.folds, probes, strict=True)
            for rows in [self.rows(fold, indices)]
        ]
        return Said(*(np.mean(column, axis=0) for column in zip(*answers, strict=True)))


def tuned_folds(folder: Path, dataset: Dataset, chosen: np.ndarray, *, precision: Precision) -> list[Fold]:
    """The fold teachers that a folder of soft labels keeps. chosen: int64, the images that are compared on.

    Raises TeacherError where there are none, or they learned from other data than this.
    """
    rows = read_rows(folder)
    try:
        config = stored_config(folder)
    except TeacherError as error:
        raise TeacherError(f"--fine-tuned {folder}: no folder of soft labels, as teacher soft-labels prints") from error
    if rows is None or not still_holds(rows, dataset):
        raise TeacherError(f"--fine-tuned {folder}: its teachers learned from other data than this; make them anew")
    train = dataset.part(Part.TRAIN)
    fold_of = folds_of(rows, dataset, folds=config.folds)
    return [
        _tuned(folder, fold, config.encoder, np.intersect1d(train[fold_of == fold], chosen), precision)
        for fold in range(config.folds)
    ]


def _tuned(folder: Path, fold: int, choice: EncoderChoice, learn: np.ndarray, precision: Precision) -> Fold:
    path = folder / f"fold{fold}.teacher.safetensors"
    teacher = Teacher(choice)
    try:
        load_model(teacher, str(path))
    except (OSError, RuntimeError, SafetensorError) as error:
        raise TeacherError(f"{path}: no teacher of {choice.name}; make the soft labels again") from error
    heads = _heads(teacher.malignancy_head, teacher.conditions_head)
    return Fold(embedder=embedder_of_teacher(teacher, choice.name, precision=precision), learn=learn, heads=heads)


def _heads(malignancy: nn.Linear, conditions: nn.Linear) -> Linear:
    both = (malignancy, conditions)
    weights, bias = torch.cat([one.weight for one in both]), torch.cat([one.bias for one in both])
    return Linear(weights=weights.detach().cpu().numpy(), bias=bias.detach().cpu().numpy())
