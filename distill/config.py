"""The whole configuration of a run: what `config.json` holds and what reproduces it."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import typer

from distill.losses import LossConfig
from distill.student import STUDENTS, StudentSpec
from teacher.data.dataset import DataOptions
from teacher.data.sampling import SamplingConfig
from teacher.models.config import Precision, TeacherConfig
from teacher.options import OPTION, above_zero


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One run of `distill train`."""

    student: Annotated[str, typer.Option(help=f"{', '.join(STUDENTS)}, or any timm model name.")] = "mobilenetv3"
    """the name that was asked for; `student_spec` is what it meant"""
    student_spec: StudentSpec
    data: DataOptions
    teacher: TeacherConfig
    labels: Annotated[Literal["views", "plain"], OPTION] = "views"
    """what the teacher is asked about: the very view that the student sees, or the plain image for each of its views

    Plain is distillation as most tools do it, for comparison: a teacher that is not patient (Beyer et al. 2022)."""
    init: Annotated[Path | None, OPTION] = None
    """what the student starts from: a trunk (safetensors file in timm's names), or a finished run (its folder)"""
    epochs: Annotated[int, typer.Option(min=1)] = 20
    """epochs; without it 18 for the synthetic dataset, 12 for photos"""
    batch_size: Annotated[int, typer.Option(min=2)] = 32
    """images per step"""
    lr: Annotated[float, typer.Option(callback=above_zero)] = 2e-3
    """peak learning rate

    Of AdamW (Loshchilov & Hutter 2019)."""
    weight_decay: Annotated[float, typer.Option(min=0)] = 0.02
    """of AdamW, on weights only"""
    warmup_epochs: float = 1.0
    ema_decay: Annotated[float, typer.Option(min=0, max=0.99999)] = 0.998
    """of the averaged weights

    They are validated and kept; 0.998 is about the last 500 steps."""
    loss: LossConfig = field(default_factory=LossConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    train_size: Annotated[int | None, typer.Option(min=32)] = None
    """side of the training views, where smaller than the student's input

    Crops make lesions look larger than they are at test time; a smaller training size evens that out and is faster
    (Touvron et al. 2019, arXiv:1906.06423)."""
    mixup: Annotated[float, typer.Option(min=0, max=10)] = 0.0
    """how far stored views are mixed with each other, images and all labels alike; 0 not at all, 0.2 a little

    Both parameters of the Beta distribution of the share (Zhang et al. 2018, arXiv:1710.09412)."""
    compile: Annotated[bool, typer.Option("--compile")] = False
    """compile the student's training step first (torch.compile): minutes, which a long run on a GPU earns back"""
    precision: Annotated[Precision, OPTION] = "float32"
    """of the arithmetic: bfloat16 is faster where the CPU has it (AVX512-BF16)"""
    seed: Annotated[int, OPTION] = 0
    """seed of everything"""


def to_json(config: TrainConfig) -> dict[str, Any]:
    """Plain JSON values; paths become text."""
    return json.loads(json.dumps(asdict(config), default=str))


def from_json(values: Mapping[str, Any]) -> TrainConfig:
    """The config that `to_json` wrote; options that came later have their defaults.

    Raises KeyError or TypeError on another shape.
    """
    if "loss" not in values and "soft_weight" in values:  # as runs had it before losses could be chosen
        values = {**values, "loss": {"soft_weight": values["soft_weight"]}}
    return _build(TrainConfig, values)


def _build(kind: type, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    given = (f for f in fields(kind) if f.name in values or f.default is f.default_factory is MISSING)
    return kind(**{f.name: _restore(hints[f.name], values[f.name]) for f in given})


def _restore(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(hint, type) and is_dataclass(hint):
        return _build(hint, value)
    if hint is Path or Path in get_args(hint):
        return Path(value)
    if isinstance(value, list):
        inner = next(iter(get_args(hint)), None)
        return tuple(_restore(inner, one) for one in value)
    return value
