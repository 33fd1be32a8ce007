"""What the student is asked to match: the teacher's soft labels and the dataset's hard ones."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

import numpy as np
import torch
import typer
from torch import Tensor, nn
from torch.nn import functional as F

from distill.student import StudentOutput
from teacher.data.sampling import Shifts
from teacher.models.fine_tuning import hard_loss, weighted_mean

SoftLoss = Literal["kl", "decoupled", "dist", "standardised"]

NON_TARGET_WEIGHT = 2.0
"""Of the conditions beside the photo's own, in the decoupled loss; 0.5 to 8 in the paper, by pair of networks. With the
probability of these conditions in its place the loss would be `kl` again."""

SMALL = 1e-8
"""Added to spreads, which are 0 where a teacher says the same of all; float32 keeps 1e-7 of a logit of 1."""


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """How a student is held against its labels."""

    soft: Annotated[SoftLoss, typer.Option("--loss")] = "kl"
    """how soft labels are matched: kl, decoupled (DKD), dist (correlations) or standardised (logits)"""
    temperature: Annotated[float, typer.Option("--soft-temperature", min=0.1, max=20)] = 1.0
    """what the logits of both sides are divided by in the soft loss

    The labels are cross-fitted and calibrated, so they are not over-confident and need no softening."""
    soft_weight: Annotated[float, typer.Option(min=0, max=1)] = 0.5
    """share of the teacher's labels in the loss; the rest are the dataset's"""
    smoothing: Annotated[float, typer.Option("--label-smoothing", min=0, max=0.5)] = 0.0
    """share of a hard label that is spread over all classes

    Szegedy et al. 2016, arXiv:1512.00567."""
    feature_weight: Annotated[float, typer.Option(min=0, max=100)] = 0.0
    """of matching what the teacher sees in a view, beside 1 of its words and labels; 0: not at all

    FitNets, Romero et al. 2015, arXiv:1412.6550."""


@dataclass(frozen=True)
class Targets:
    """What is known of a batch of B views."""

    malignant: Tensor
    """float (B,), 0 or 1"""
    conditions: Tensor
    """int64 (B,)"""
    soft_malignancy: Tensor
    """(B,) teacher logits"""
    soft_conditions: Tensor
    """(B, 10) teacher logits"""
    embeddings: Tensor | None = None
    """(B, D) what the teacher of its fold sees, around 0 and of size 1, where features are matched"""
    folds: Tensor | None = None
    """int64 (B,), the space that each embedding stands in"""

    def to(self, device: torch.device) -> "Targets":
        """The same on this device."""
        known = {name: one for name, one in vars(self).items() if one is not None}
        return replace(self, **{name: one.to(device) for name, one in known.items()})


@dataclass(frozen=True, kw_only=True)
class Partner:
    """What each view of a batch was mixed with (mixup: Zhang et al. 2018, arXiv:1710.09412)."""

    share: float
    """of the own view, from 1/2 to 1"""
    targets: Targets
    shifts: Shifts


class FeatureMatch(nn.Module):
    """How far the student's features are from the teacher's, through a linear map that learns with them.

    The map is no part of the student that is kept. One a fold: the networks of two folds see in spaces of their own.
    """

    def __init__(self, *, folds: int, width: int, dimensions: int) -> None:
        super().__init__()
        self.maps = nn.Linear(width, folds * dimensions)
        self._folds = folds

    def forward(self, features: Tensor, targets: Targets) -> Tensor:
        """(B,): mean squared error, 1 where nothing of the spread is explained. features: (B, width)."""
        assert targets.embeddings is not None
        assert targets.folds is not None
        mapped = self.maps(features).view(len(features), self._folds, -1)
        own = mapped[torch.arange(len(features), device=features.device), targets.folds]
        return (own - targets.embeddings).square().mean(dim=1)


def distillation_loss(
    output: StudentOutput,
    targets: Targets,
    *,
    config: LossConfig,
    shifts: Shifts,
    match: FeatureMatch | None = None,
    partner: Partner | None = None,
) -> Tensor:
    """soft_weight x soft + (1 - soft_weight) x hard, both heads summed (Hinton et al. 2015, arXiv:1503.02531).

    The hard loss sees logits at the drawn frequencies. With `match`, feature_weight x its loss comes on top. With a
    `partner` all labels are mixed as the images were.
    """
    hard, features = _hard(output, targets, config, shifts), _matched(output, targets, match, shifts)
    if partner is not None:
        hard = torch.lerp(_hard(output, partner.targets, config, partner.shifts), hard, partner.share)
        features = torch.lerp(_matched(output, partner.targets, match, partner.shifts), features, partner.share)
        targets, shifts = _mixed(targets, partner), _mixed_weights(shifts, partner)
    soft = weighted_mean(SOFT_LOSSES[config.soft](output, targets, config.temperature), shifts)
    loss = config.soft_weight * soft + (1 - config.soft_weight) * hard
    return loss if match is None else loss + config.feature_weight * features


def _hard(output: StudentOutput, targets: Targets, config: LossConfig, shifts: Shifts) -> Tensor:
    return hard_loss(
        output.malignancy,
        output.conditions,
        malignant=targets.malignant,
        condition_labels=targets.conditions,
        shifts=shifts,
        smoothing=config.smoothing,
    )


def _matched(output: StudentOutput, targets: Targets, match: FeatureMatch | None, shifts: Shifts) -> Tensor:
    return output.malignancy.new_zeros(()) if match is None else weighted_mean(match(output.features, targets), shifts)


def _mixed(targets: Targets, partner: Partner) -> Targets:
    """The teacher's mixed words: its probabilities are mixed, as hard labels are. Else those of the larger share."""
    share, other = partner.share, partner.targets
    mixed = torch.lerp(other.soft_malignancy.sigmoid(), targets.soft_malignancy.sigmoid(), share)
    logs = torch.stack([targets.soft_conditions.log_softmax(dim=1), other.soft_conditions.log_softmax(dim=1)])
    shares = logs.new_tensor([share, 1 - share]).log()[:, None, None]
    return replace(
        targets,
        soft_malignancy=mixed.logit(eps=torch.finfo(mixed.dtype).eps),
        soft_conditions=(logs + shares).logsumexp(dim=0),
    )


def _mixed_weights(shifts: Shifts, partner: Partner) -> Shifts:
    if shifts.weights is None or partner.shifts.weights is None:
        return shifts
    share = np.float32(partner.share)
    return replace(shifts, weights=share * shifts.weights + (1 - share) * partner.shifts.weights)


def cross_entropies(output: StudentOutput, targets: Targets, temperature: float = 1.0) -> Tensor:
    """(B,): to the teacher's softened probabilities, times the temperature squared, which keeps gradients alike."""
    return _malignancy_entropy(output, targets, temperature) + _entropy(
        output.conditions, targets.soft_conditions, temperature
    )


def decoupled(output: StudentOutput, targets: Targets, temperature: float) -> Tensor:
    """(B,): how sure of the photo's own condition, and how the others lie to each other (DKD: Zhao et al. 2022,
    arXiv:2203.08679). Of two classes nothing is left to lie beside, so malignancy has its cross-entropy."""
    own = F.one_hot(targets.conditions, output.conditions.shape[1]).bool()
    student, teacher = output.conditions / temperature, targets.soft_conditions / temperature
    target = _divergence(_own_and_rest(student, own), _own_and_rest(teacher, own))
    rest = _divergence(_without(student, own), _without(teacher, own))
    return _malignancy_entropy(output, targets, temperature) + temperature**2 * (target + NON_TARGET_WEIGHT * rest)


def dist(output: StudentOutput, targets: Targets, temperature: float) -> Tensor:
    """(B,): 1 - correlation with the teacher, of each photo's conditions and of each class over the batch (DIST: Huang
    et al. 2022, arXiv:2205.10536). Of malignancy the second alone: two probabilities of a photo always correlate."""
    student = (output.conditions / temperature).softmax(dim=1)
    teacher = (targets.soft_conditions / temperature).softmax(dim=1)
    over_batch = 1 - _correlation(student.T, teacher.T).mean()
    malignancy = 1 - _correlation(
        (output.malignancy / temperature).sigmoid()[None], (targets.soft_malignancy / temperature).sigmoid()[None]
    )
    return temperature**2 * (1 - _correlation(student, teacher) + over_batch + malignancy)


def standardised(output: StudentOutput, targets: Targets, temperature: float) -> Tensor:
    """(B,): cross-entropy of z-scored condition logits (Sun et al. 2024, arXiv:2403.01993): the student need not reach
    the teacher's range. Z-scores of two logits are signs, so malignancy has its plain cross-entropy."""
    conditions = _entropy(_z_scores(output.conditions), _z_scores(targets.soft_conditions), temperature)
    return _malignancy_entropy(output, targets, temperature) + conditions


SOFT_LOSSES: Mapping[SoftLoss, Callable[[StudentOutput, Targets, float], Tensor]] = {
    "kl": cross_entropies,
    "decoupled": decoupled,
    "dist": dist,
    "standardised": standardised,
}


def _malignancy_entropy(output: StudentOutput, targets: Targets, temperature: float) -> Tensor:
    soft = (targets.soft_malignancy / temperature).sigmoid()
    losses = F.binary_cross_entropy_with_logits(output.malignancy / temperature, soft, reduction="none")
    return temperature**2 * losses


def _entropy(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    soft = (teacher / temperature).softmax(dim=1)
    return temperature**2 * F.cross_entropy(student / temperature, soft, reduction="none")


def _divergence(student: Tensor, teacher: Tensor) -> Tensor:
    """(B,), of log-probabilities (B, C)."""
    return F.kl_div(student, teacher, reduction="none", log_target=True).sum(dim=1)


def _own_and_rest(logits: Tensor, own: Tensor) -> Tensor:
    """Log-probabilities (B, 2) of each row's own class and of all others together."""
    logs = logits.log_softmax(dim=1)
    rest = logs.masked_fill(own, -torch.inf).logsumexp(dim=1)
    return torch.stack([logs[own], rest], dim=1)


def _without(logits: Tensor, own: Tensor) -> Tensor:
    """Log-probabilities (B, C - 1) of the other classes among each other."""
    return logits[~own].view(len(logits), -1).log_softmax(dim=1)


def _correlation(left: Tensor, right: Tensor) -> Tensor:
    """Pearson's, row by row: (R, C), (R, C) -> (R,). In float64: probabilities that hardly differ cancel out."""
    left, right = (one.double() - one.double().mean(dim=1, keepdim=True) for one in (left, right))
    return ((left * right).sum(dim=1) / (left.norm(dim=1) * right.norm(dim=1) + SMALL**2)).float()


def _z_scores(logits: Tensor) -> Tensor:
    return (logits - logits.mean(dim=1, keepdim=True)) / (logits.std(dim=1, keepdim=True) + SMALL)
