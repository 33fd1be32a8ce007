"""A stored teacher in a student's place: its folds' networks and, where validation chose them, their trees, in one.

What it says is what `teacher.evaluation.teachers.JudgedTeacher` says of photos that none of its folds has seen.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from distill.student import StudentOutput
from export.onnx_file.trees import TreeMargins
from runtime.conditions import CONDITIONS
from teacher.models.classifiers import EPSILON, Boosters
from teacher.soft_labels import FoldTeachers
from teacher.soft_labels.fold_teachers import Member, Weighing


@dataclass(frozen=True, kw_only=True)
class TeacherSpec:
    """What a served teacher is called, and what it wants to be fed."""

    arch: str
    image_size: int
    mean: tuple[float, ...]
    std: tuple[float, ...]


class ServedTeacher(nn.Module):
    """The mean of all folds in logits; features are the embeddings of all networks side by side."""

    def __init__(self, folds: Sequence[FoldTeachers], *, arch: str) -> None:
        super().__init__()
        network = folds[0].members[0].teacher
        self.spec = TeacherSpec(
            arch=arch, image_size=network.image_size, mean=tuple(network.mean), std=tuple(network.std)
        )
        self.folds = nn.ModuleList(_Fold(fold) for fold in folds)

    def forward(self, images: Tensor) -> StudentOutput:
        """images: (B, 3, S, S) float, normalised by the spec's mean and std."""
        return _mean([fold(images) for fold in self.folds])


class _Fold(nn.Module):
    weighing: Tensor

    def __init__(self, fold: FoldTeachers) -> None:
        super().__init__()
        chosen = fold.weighing
        self.members = nn.ModuleList(_Member(member, chosen) for member in fold.members)
        self.cooling = 1 / chosen.malignancy_temperature, 1 / chosen.conditions_temperature
        # Among the weights, which tell what a model says; what computes are the numbers themselves.
        self.register_buffer("weighing", torch.tensor(list(asdict(chosen).values()), dtype=torch.float64))

    def forward(self, images: Tensor) -> StudentOutput:
        said = _mean([member(images) for member in self.members])
        return StudentOutput(
            malignancy=said.malignancy * self.cooling[0],
            conditions=F.log_softmax(said.conditions * self.cooling[1], dim=1),
            features=said.features,
        )


class _Member(nn.Module):
    """One network and its trees; trees that the validation part gave no weight are left out."""

    def __init__(self, member: Member, weighing: Weighing) -> None:
        super().__init__()
        # On the CPU and in the usual layout, whatever the teacher learned on.
        self.network = member.teacher.to(torch.device("cpu")).to(memory_format=torch.contiguous_format)
        self.malignancy_blend, self.conditions_blend = weighing.malignancy_blend, weighing.conditions_blend
        boosters = member.boosters
        self.malignancy_trees = nn.ModuleList(_MalignancyTrees(one) for one in boosters if self.malignancy_blend)
        self.conditions_trees = nn.ModuleList(_ConditionsTrees(one) for one in boosters if self.conditions_blend)

    def forward(self, images: Tensor) -> StudentOutput:
        said = self.network(images)
        malignancy, conditions = said.malignancy, F.log_softmax(said.conditions, dim=1)
        return StudentOutput(
            malignancy=_blended(malignancy, self.malignancy_trees, said.features, self.malignancy_blend),
            conditions=_blended(conditions, self.conditions_trees, said.features, self.conditions_blend),
            features=said.features,
        )


class _MalignancyTrees(nn.Module):
    """`Boosters.malignancy_logits`."""

    def __init__(self, boosters: Boosters) -> None:
        super().__init__()
        self.margins = TreeMargins(boosters.malignancy)

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) -> (B,)"""
        most = math.log((1 - EPSILON) / EPSILON)  # of a probability clipped at EPSILON on either side
        return self.margins(features).squeeze(1).clamp(-most, most)


class _ConditionsTrees(nn.Module):
    """`Boosters.condition_logits`."""

    column_of: Tensor

    def __init__(self, boosters: Boosters) -> None:
        super().__init__()
        self.margins = TreeMargins(boosters.conditions)
        # Conditions that did not occur read the column behind the last, the floor. Of one condition XGBoost makes two.
        column_of = np.full(len(CONDITIONS), self.margins.targets, dtype=np.int64)
        column_of[boosters.present] = np.arange(len(boosters.present))
        self.register_buffer("column_of", torch.from_numpy(column_of))

    def forward(self, features: Tensor) -> Tensor:
        """(B, D) -> (B, 10)"""
        floor = math.log(EPSILON)
        known = F.log_softmax(self.margins(features), dim=1).clamp(min=floor)
        return F.pad(known, (0, 1), value=floor).index_select(1, self.column_of)


def _blended(heads: Tensor, trees: nn.ModuleList, features: Tensor, blend: float) -> Tensor:
    if not len(trees):
        return heads
    return (1 - blend) * heads + blend * torch.stack([one(features) for one in trees]).mean(dim=0)


def _mean(said: Sequence[StudentOutput]) -> StudentOutput:
    """In logits; features side by side."""
    if len(said) == 1:
        return said[0]
    return StudentOutput(
        malignancy=torch.stack([one.malignancy for one in said]).mean(dim=0),
        conditions=torch.stack([one.conditions for one in said]).mean(dim=0),
        features=torch.cat([one.features for one in said], dim=1),
    )
