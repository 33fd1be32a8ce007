"""The module that is exported: a student with everything around it that an app must not have to know.

    uint8 NHWC photo -> float, normalised -> trunk -> heads -> temperature (and prior) -> sigmoid / softmax
                                                  \\-> features -> novelty

With several frames (`onnx_file.frames`) crops are cut from the photo first, and logits and features are their means.

Normalisation stays one multiplication and one addition in front of the trunk. Folding it into the first convolution
would be exact only without zero padding: the padding stands for the mean colour, and after folding it would stand for
black, which changes the outermost row and column of every feature map. The two operations cost 0.1% of the trunk.
"""

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
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


DOMAIN_PHOTOS = 200
"""Training photos from which on a domain has directions of its own: with one for every four photos, as many as do not
merely repeat the photos, these are 50. Fewer describe a domain less well than the directions of all photos do."""


@dataclass(frozen=True, kw_only=True)
class Strangeness:
    """A linear map of pooled features that tells pictures without a lesion from training photos, of which its mean is
    0."""

    weights: Tensor
    """float [D]"""
    offset: Tensor
    """float []"""


@dataclass(frozen=True, kw_only=True)
class FeatureStatistics:
    """Where training photos lie in the space of pooled features: those of one domain, or all."""

    mean: Tensor
    """float [D]"""
    components: Tensor
    """float [Q, D], orthonormal rows: the directions of most variance"""
    usual: Tensor
    """float [], > 0: how far off these directions a training photo usually lies"""
    others: tuple["FeatureStatistics", ...] = ()
    """the same of further domains: a photo is as novel as it is to the domain that it is least novel to"""
    strangeness: "Strangeness | None" = None
    """what is added to the distance; None where nothing is known of what is no lesion"""

    @property
    def spreads(self) -> tuple["FeatureStatistics", ...]:
        """Of each domain."""
        return (self, *self.others)

    @classmethod
    def blank(
        cls, width: int, *, components: int = 1, others: Sequence[int] = (), strangeness: bool = False
    ) -> "FeatureStatistics":
        """Of the right shape: placeholders for stored tensors, or for timing. `others`: components of the others."""
        return cls(
            mean=torch.zeros(width),
            components=torch.zeros(components, width),
            usual=torch.ones(()),
            others=tuple(cls.blank(width, components=count) for count in others),
            strangeness=Strangeness(weights=torch.zeros(width), offset=torch.zeros(())) if strangeness else None,
        )


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

    def __init__(
        self, photo_student: PhotoStudent, *, statistics: FeatureStatistics, temperatures: Temperatures
    ) -> None:
        super().__init__()
        self.photo_student = photo_student
        self.spec = photo_student.student.spec
        self.temperatures = temperatures
        self.marks = tuple(str(place or "") for place in range(len(statistics.spreads)))
        for mark, spread in zip(self.marks, statistics.spreads, strict=True):
            self.register_buffer(f"feature_mean{mark}", spread.mean.view(1, -1))
            self.register_buffer(f"components{mark}", spread.components)
            self.register_buffer(f"usual{mark}", spread.usual)
            # With a bias the exporter writes one Gemm whose rows keep their name, which INT8 files store small.
            self.register_buffer(f"no_offset{mark}", torch.zeros(len(spread.components)))
        self.knows_strange = statistics.strangeness is not None
        if statistics.strangeness is not None:
            self.register_buffer("strange_weights", statistics.strangeness.weights.view(1, -1))
            self.register_buffer("strange_offset", statistics.strangeness.offset.view(1))

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

        Of several domains the nearest one's, each measured by its own usual distance: by one spread for all, what a
        small domain has of its own would count as strange, and what lies between the domains as usual. To it is added
        what a linear map knows of pictures without a lesion, 0 on average for training photos: a student that has seen
        many kinds of photos finds few things far off, as far as distances go.
        """
        distances = [self._distance(features, mark) for mark in self.marks]
        nearest = reduce(torch.minimum, distances)
        if not self.knows_strange:
            return nearest
        weights, offset = self.get_buffer("strange_weights"), self.get_buffer("strange_offset")
        return nearest + nn.functional.linear(features, weights, offset).squeeze(1)

    def _distance(self, features: Tensor, mark: str) -> Tensor:
        """The residual of principal components, as in ViM (Wang et al. 2022).

        The rows are orthonormal, so what they do not explain is what is left of the square; 8-bit rows are so nearly,
        hence the clamp.
        """
        mean, components, usual, no_offset = (
            getattr(self, f"{name}{mark}") for name in ("feature_mean", "components", "usual", "no_offset")
        )
        centred = features - mean  # (B, D)
        explained = nn.functional.linear(centred, components, no_offset)  # (B, Q)
        left = (centred * centred).sum(dim=1) - (explained * explained).sum(dim=1)
        return left.clamp(min=0.0).sqrt() / usual


def feature_statistics(features: Tensor, domains: Sequence[str] = ()) -> FeatureStatistics:
    """features: float [N, D] of training photos, N at least 2; domains: how each was taken, where that is known.

    One spread for each domain of `DOMAIN_PHOTOS` or more. That of all photos comes first, and only where some of them
    are of a domain without its own: where each has one, it would but add what lies between the domains.
    """
    counts = Counter(domains)
    own = sorted(domain for domain, count in counts.items() if count >= DOMAIN_PHOTOS)
    if len(counts) < 2 or not own:
        return _spread(features)
    kinds = np.array(domains)
    spreads = [_spread(features[torch.from_numpy(kinds == domain)]) for domain in own]
    first, *others = spreads if len(own) == len(counts) else [_spread(features), *spreads]
    return replace(first, others=tuple(others))


def _spread(features: Tensor) -> FeatureStatistics:
    """features: float [N, D]. Fewer components where there are few photos."""
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
