"""What the student is asked to match: the teacher's soft labels and the dataset's hard ones."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from distill.student import StudentOutput
from teacher.data.sampling import Shifts
from teacher.models.fine_tuning import hard_loss, weighted_mean


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


def distillation_loss(output: StudentOutput, targets: Targets, *, soft_weight: float, shifts: Shifts) -> Tensor:
    """soft_weight x soft + (1 - soft_weight) x hard, both heads summed (Hinton et al. 2015, arXiv:1503.02531).

    The soft loss is the cross-entropy to the teacher's probabilities at temperature 1: the labels are cross-fitted, so
    they are not over-confident and need no softening. The hard loss sees logits at the drawn frequencies.
    """
    hard = hard_loss(
        output.malignancy,
        output.conditions,
        malignant=targets.malignant,
        condition_labels=targets.conditions,
        shifts=shifts,
    )
    return soft_weight * weighted_mean(soft_losses(output, targets), shifts) + (1 - soft_weight) * hard


def soft_losses(output: StudentOutput, targets: Targets) -> Tensor:
    """(B,)"""
    soft = targets.soft_malignancy.sigmoid()
    malignancy = F.binary_cross_entropy_with_logits(output.malignancy, soft, reduction="none")
    return malignancy + F.cross_entropy(output.conditions, targets.soft_conditions.softmax(dim=1), reduction="none")
