"""Which encoder a teacher stands on: the choice, and what every kind of encoder is handed over as."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from torch import nn

from runtime.errors import SkintagError


class TeacherError(SkintagError):
    """A teacher that cannot be built or used; the message says which and what to do."""


@dataclass(frozen=True, kw_only=True)
class EncoderChoice:
    """Which encoder the teacher stands on."""

    name: Annotated[str, typer.Option("--teacher")] = "tiny"
    """the preset tiny, a SigLIP checkpoint (hub name or local folder), or timm:NAME"""
    init: Annotated[Path | None, typer.Option("--teacher-init")] = None
    """pretrained trunk of a timm teacher, a safetensors file"""
    image_size: Annotated[int | None, typer.Option("--teacher-size", min=32)] = None
    """input side of a timm teacher, where its architecture leaves it open"""


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
