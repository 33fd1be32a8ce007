"""The module that is exported: a student with everything around it that an app must not have to know.

    uint8 NHWC photo -> float, normalised -> trunk -> heads -> temperature -> sigmoid / softmax
                                                  \\-> features -> novelty

Normalisation stays one multiplication and one addition in front of the trunk. Folding it into the first convolution
would be exact only without zero padding: the padding stands for the mean colour, and after folding it would stand for
black, which changes the outermost row and column of every feature map. The two operations cost 0.1% of the trunk.
"""

from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from distill.student import Student, StudentOutput

OUTPUT_NAMES = ("malignancy", "conditions", "novelty")
INPUT_NAME = "image"

SCALE_FLOOR = 0.1
"""Smallest spread a feature counts with, as a share of the median spread. A feature that is silent on all training
photos would otherwise turn quantisation noise into novelty."""


@dataclass(frozen=True, kw_only=True)
class Temperatures:
    """What each head's logits are divided by; 1 leaves them as they are."""

    malignancy: float = 1.0
    conditions: float = 1.0


@dataclass(frozen=True, kw_only=True)
class FeatureStatistics:
    """Where the training photos lie in the space of pooled features."""

    means: Tensor
    """float [K, D], one row per class that occurs"""
    scale: Tensor
    """float [D], spread within the classes, > 0"""


class PhotoStudent(nn.Module):
    """A student that takes photos as decoded: the normalisation and the student."""

    pixel_scale: Tensor
    pixel_offset: Tensor

    def __init__(self, student: Student) -> None:
        super().__init__()
        self.student = student
        mean, std = torch.tensor(student.spec.mean), torch.tensor(student.spec.std)
        self.register_buffer("pixel_scale", (1.0 / (255.0 * std)).view(1, 3, 1, 1))
        self.register_buffer("pixel_offset", (-mean / std).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> StudentOutput:
        """image: (B, S, S, 3) uint8"""
        # Contiguous, or the permuted layout reaches the pooled features and flattening them is exported as a loop.
        pixels = image.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
        return self.student(pixels * self.pixel_scale + self.pixel_offset)


class EdgeModule(nn.Module):
    """The bundle's interface as a PyTorch module; it takes any batch size, the files are written for one photo."""

    feature_scale: Tensor
    class_means: Tensor

    def __init__(
        self, photo_student: PhotoStudent, *, statistics: FeatureStatistics, temperatures: Temperatures
    ) -> None:
        super().__init__()
        self.photo_student = photo_student
        self.spec = photo_student.student.spec
        self.temperatures = temperatures
        self.register_buffer("feature_scale", (1.0 / statistics.scale).view(1, -1))
        self.register_buffer("class_means", (statistics.means / statistics.scale).unsqueeze(0))  # (1, K, D)

    def retuned(self, temperatures: Temperatures) -> "EdgeModule":
        """The same module, weights shared, with other temperatures."""
        other = copy(self)
        other.temperatures = temperatures
        return other

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """image: (B, S, S, 3) uint8 -> malignancy (B,), conditions (B, 10), novelty (B,)"""
        return self.answers(self.photo_student(image))

    def answers(self, output: StudentOutput) -> tuple[Tensor, Tensor, Tensor]:
        """What the three outputs are for a student's logits and features."""
        return (
            torch.sigmoid(output.malignancy / self.temperatures.malignancy),
            torch.softmax(output.conditions / self.temperatures.conditions, dim=1),
            self.novelty(output.features),
        )

    def novelty(self, features: Tensor) -> Tensor:
        """Root mean square standardised distance to the nearest class mean: about 1 for a training photo."""
        offsets = (features * self.feature_scale).unsqueeze(1) - self.class_means  # (B, K, D)
        return offsets.square().mean(dim=2).amin(dim=1).sqrt()


def feature_statistics(features: Tensor, classes: Tensor) -> FeatureStatistics:
    """features: float [N, D] of training photos; classes: int [N]."""
    present, index = classes.unique(return_inverse=True)
    means = torch.stack([features[index == k].mean(dim=0) for k in range(len(present))])
    spread = (features - means[index]).square().mean(dim=0).sqrt()
    floor = (SCALE_FLOOR * spread.median()).clamp(min=1e-6)
    return FeatureStatistics(means=means, scale=spread.maximum(floor))
