"""The module that is exported: a student with everything around it that an app must not have to know.

    uint8 NHWC photo -> float, normalised -> trunk -> heads -> temperature (and prior) -> sigmoid / softmax
                                                  \\-> features -> novelty

With several frames (`onnx_file.frames`) crops are cut from the photo first, and logits and features are their means.

Normalisation stays one multiplication and one addition in front of the trunk. Folding it into the first convolution
would be exact only without zero padding: the padding stands for the mean colour, and after folding it would stand for
black, which changes the outermost row and column of every feature map. The two operations cost 0.1% of the trunk.
"""

from copy import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from distill.student import StudentOutput
from export.onnx_file.frames import averaged, cut
from export.onnx_file.photo_model import PhotoModel
from runtime.bundle.manifest import Frames

OUTPUT_NAMES = ("malignancy", "conditions", "novelty")
INPUT_NAME = "image"

COMPONENTS = 128
"""Directions in which ordinary photos vary. On the default student (`benchmarks novelty`): photos without skin against
lesions AUROC 0.984 with 64, 0.987 with 128, 0.992 with 256, and as much with a whole covariance matrix; the distance to
the nearest class mean, one variance per feature, gives 0.929. 128 of 1,280 numbers are 164 kB in 8 bit."""


MOST_EXPLAINED = 0.98
"""Share of the features' variance from which on no more directions are taken: what is left would be the noise of 8 bit.
The default student's 128 explain 0.977; of a briefly trained one 4 explain 0.985, and its residual of 128 had a rank
correlation of 0.67 between float and 8 bit."""


@dataclass(frozen=True, kw_only=True)
class Temperatures:
    """What each head's logits are divided by; 1 leaves them as they are."""

    malignancy: float = 1.0
    conditions: float = 1.0
    shift: float = 0.0
    """what is added to the malignancy's logit after its division: log odds of a declared share of malignant lesions
    over those of the calibration part's"""


@dataclass(frozen=True, kw_only=True)
class FeatureStatistics:
    """Where the training photos lie in the space of pooled features."""

    mean: Tensor
    """float [D]"""
    components: Tensor
    """float [Q, D], orthonormal rows: the directions of most variance"""
    usual: Tensor
    """float [], > 0: how far off these directions a training photo usually lies"""

    @classmethod
    def blank(cls, width: int, *, components: int = 1) -> "FeatureStatistics":
        """Of the right shape: placeholders for stored tensors, or for timing."""
        return cls(mean=torch.zeros(width), components=torch.zeros(components, width), usual=torch.ones(()))


class PhotoStudent(nn.Module):
    """A student, or what stands in its place, that takes photos as decoded: with the normalisation in front, and
    the mean over frames behind."""

    pixel_scale: Tensor
    pixel_offset: Tensor

    def __init__(self, student: PhotoModel, *, frames: Frames = Frames()) -> None:
        super().__init__()
        self.student, self.frames = student, frames
        mean, std = torch.tensor(student.spec.mean), torch.tensor(student.spec.std)
        self.register_buffer("pixel_scale", (1.0 / (255.0 * std)).view(1, 3, 1, 1))
        self.register_buffer("pixel_offset", (-mean / std).view(1, 3, 1, 1))

    def forward(self, image: Tensor) -> StudentOutput:
        """image: (B, S, S, 3) uint8"""
        seen = cut(image, self.frames, rows=1)
        # Contiguous, or the permuted layout reaches the pooled features and flattening them is exported as a loop.
        return self._said(seen.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format))

    def of_planes(self, image: Tensor) -> StudentOutput:
        """image: (B, 3, S, S) float, 0..255"""
        return self._said(cut(image, self.frames, rows=2))

    def _said(self, pixels: Tensor) -> StudentOutput:
        return averaged(self.student(pixels * self.pixel_scale + self.pixel_offset), self.frames)


class EdgeModule(nn.Module):
    """The bundle's interface as a PyTorch module; it takes any batch size, the files are written for one photo."""

    feature_mean: Tensor
    components: Tensor
    usual: Tensor
    no_offset: Tensor

    def __init__(
        self, photo_student: PhotoStudent, *, statistics: FeatureStatistics, temperatures: Temperatures
    ) -> None:
        super().__init__()
        self.photo_student = photo_student
        self.spec = photo_student.student.spec
        self.temperatures = temperatures
        self.register_buffer("feature_mean", statistics.mean.view(1, -1))
        self.register_buffer("components", statistics.components)
        self.register_buffer("usual", statistics.usual)
        # With a bias the exporter writes one Gemm whose rows keep the name "components", which INT8 files store small.
        self.register_buffer("no_offset", torch.zeros(len(statistics.components)))

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
        malignancy = output.malignancy / self.temperatures.malignancy
        if self.temperatures.shift:  # else no addition stands in the file
            malignancy = malignancy + self.temperatures.shift
        return (
            torch.sigmoid(malignancy),
            torch.softmax(output.conditions / self.temperatures.conditions, dim=1),
            self.novelty(output.features),
        )

    def novelty(self, features: Tensor) -> Tensor:
        """Distance from the directions in which training photos vary: about 1 for a training photo.

        The residual of principal components, as in ViM (Wang et al. 2022). The rows are orthonormal, so what they do
        not explain is what is left of the square; 8-bit rows are so nearly, hence the clamp.
        """
        centred = features - self.feature_mean  # (B, D)
        explained = nn.functional.linear(centred, self.components, self.no_offset)  # (B, Q)
        left = (centred * centred).sum(dim=1) - (explained * explained).sum(dim=1)
        return left.clamp(min=0.0).sqrt() / self.usual


def feature_statistics(features: Tensor) -> FeatureStatistics:
    """features: float [N, D] of training photos, N at least 2. Fewer components where there are few photos."""
    count, width = features.shape
    mean = features.double().mean(dim=0)
    centred = features.double() - mean
    # The covariance's eigenvectors, in a fixed sign: the same on every run.
    variances, vectors = torch.linalg.eigh(centred.T @ centred)
    explained = variances.flip(0).cumsum(0) / variances.sum().clamp(min=1e-12)
    kept = min(COMPONENTS, width // 2, max(count // 4, 1), int((explained <= MOST_EXPLAINED).sum()) + 1)
    components = vectors.T[-kept:].flip(0)
    components = components * components.gather(1, components.abs().argmax(dim=1, keepdim=True)).sign()
    left = (centred.square().sum(dim=1) - (centred @ components.T).square().sum(dim=1)).clamp(min=0.0).sqrt()
    usual = left.median().clamp(min=1e-6)
    return FeatureStatistics(mean=mean.float(), components=components.float().contiguous(), usual=usual.float())
