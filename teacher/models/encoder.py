"""Which encoder a teacher stands on: the choice, and what every kind of encoder is handed over as."""

from dataclasses import dataclass
from pathlib import Path

from torch import nn

from runtime.errors import SkintagError


class TeacherError(SkintagError):
    """A teacher that cannot be built or used; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class EncoderChoice:
    """Which encoder the teacher stands on."""

    name: str = "tiny"
    """a preset, a SigLIP checkpoint (hub name or local folder), or timm:NAME"""
    init: Path | None = None
    """safetensors with pretrained weights of a timm trunk"""
    image_size: int | None = None
    """side of the input where the encoder leaves it open (timm trunks)"""


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A network from images to embeddings, and what it wants to be fed."""

    network: nn.Module
    """(B, 3, S, S) float, normalised -> (B, D)"""
    image_size: int
    width: int
    """D"""
    mean: tuple[float, ...]
    std: tuple[float, ...]
