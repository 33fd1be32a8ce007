"""What can be exported, as far as the exporter needs to know it."""

from typing import Protocol, Self

from torch import Tensor

from distill.student import StudentOutput


class ModelSpec(Protocol):
    """What a model is called, and what it wants to be fed."""

    @property
    def arch(self) -> str: ...

    @property
    def image_size(self) -> int: ...

    @property
    def mean(self) -> tuple[float, ...]: ...

    @property
    def std(self) -> tuple[float, ...]: ...


class PhotoModel(Protocol):
    """What becomes a bundle: a student, or a stored teacher in a student's place."""

    @property
    def spec(self) -> ModelSpec: ...

    def __call__(self, images: Tensor, /) -> StudentOutput:
        """images: (B, 3, S, S) float, normalised by the spec's mean and std"""
        ...

    def train(self, mode: bool = True, /) -> Self:
        """False: as it answers, without dropout"""
        ...

    def state_dict(self) -> dict[str, Tensor]:
        """All that it has learned."""
        ...
