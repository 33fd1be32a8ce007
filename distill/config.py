"""The whole configuration of a run: what `config.json` holds and what reproduces it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, get_args, get_type_hints

from distill.student import StudentSpec
from teacher.data.dataset import DataOptions
from teacher.soft_labels import TeacherConfig


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """One run of `distill train`."""

    student: str
    """the name that was asked for; `student_spec` is what it meant"""
    student_spec: StudentSpec
    data: DataOptions
    teacher: TeacherConfig
    init: Path | None = None
    """safetensors with the trunk the student starts from"""
    epochs: int = 20
    batch_size: int = 32
    lr: float = 2e-3
    """peak of AdamW (Loshchilov & Hutter 2019)"""
    weight_decay: float = 0.02
    warmup_epochs: float = 1.0
    ema_decay: float = 0.998
    """of the averaged weights that are validated and kept; about the last 500 steps"""
    soft_weight: float = 0.5
    """share of the teacher's labels in the loss; the rest are the dataset's"""
    sampling_power: float = 0.5
    """how far rare conditions are drawn more often: 0 not at all, 1 until all are equal"""
    train_size: int | None = None
    """side of the training views where it differs from the student's input: crops make lesions look larger than they
    are at test time, a smaller training size evens that out and is faster (Touvron et al. 2019, arXiv:1906.06423)"""
    precision: str = "float32"
    seed: int = 0


def to_json(config: TrainConfig) -> dict[str, Any]:
    """Plain JSON values; paths become text."""
    return json.loads(json.dumps(asdict(config), default=str))


def from_json(values: Mapping[str, Any]) -> TrainConfig:
    """The config that `to_json` wrote. Raises KeyError or TypeError on another shape."""
    return _build(TrainConfig, values)


def _build(kind: type, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    return kind(**{f.name: _restore(hints[f.name], values[f.name]) for f in fields(kind)})


def _restore(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(hint, type) and is_dataclass(hint):
        return _build(hint, value)
    if hint is Path or Path in get_args(hint):
        return Path(value)
    if isinstance(value, list):
        return tuple(value)
    return value
