"""Which rows a command asks for; read before anything that computes is loaded."""

from dataclasses import dataclass, field
from typing import Annotated

import typer

from teacher.data.views import ViewConfig
from teacher.models.config import Precision
from teacher.options import OPTION


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Which rows are asked for."""

    views: Annotated[int, typer.Option(min=0)] = 0
    """seeded views of each training image, beside the image as it is"""
    limit: Annotated[int | None, typer.Option(min=10)] = None
    """about so many images, the same share of each part, dataset, domain and condition; without it all"""
    embed_precision: Annotated[Precision, OPTION] = "auto"
    """of the encoder's arithmetic; auto is bfloat16 on a GPU that computes in it and float32 elsewhere"""
    view: ViewConfig = field(default_factory=ViewConfig)
