"""The student: any timm trunk with two heads, malignancy and the ten conditions."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import timm
import typer
from safetensors.torch import load_file
from timm.data import resolve_model_data_config
from torch import Tensor, nn

from runtime.conditions import CONDITIONS
from runtime.errors import SkintagError, first_line
from teacher.models.trunks import feature_width, fill_trunk


@dataclass(frozen=True)
class StudentChoice:
    """A named choice of `--student`: a timm model, and how its pretrained weights want their input."""

    arch: str
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    """None: what timm's model configuration says"""
    bn_eps: float | None = None


STUDENTS = {
    "mobilenetv3": StudentChoice("mobilenetv3_large_100"),
    "efficientnet_b0": StudentChoice("efficientnet_b0"),
    "efficientnet_lite0": StudentChoice("efficientnet_lite0"),
    # TensorFlow's release (Sandler et al. 2018): input x / 127.5 - 1, batch norm with epsilon 1e-3.
    "mobilenetv2": StudentChoice("mobilenetv2_100", mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5), bn_eps=1e-3),
}
"""Any other value of `--student` is taken as a timm model name."""

WEIGHTS_NAME = "student.safetensors"
CONFIG_NAME, METRICS_NAME = "config.json", "metrics.json"


class StudentError(SkintagError):
    """A student that cannot be built or read; the message says which and what to do."""


class StudentOutput(NamedTuple):
    """What a student says of a batch of B photos."""

    malignancy: Tensor
    """(B,) logits"""
    conditions: Tensor
    """(B, 10) logits in the order of `runtime.conditions.CONDITIONS`"""
    features: Tensor
    """(B, D) pooled features, what novelty is measured on"""


@dataclass(frozen=True, kw_only=True)
class StudentSpec:
    """All that is needed to rebuild a student's architecture and its input."""

    arch: str
    """timm model name"""
    image_size: Annotated[int, typer.Option(min=32)]
    """side of the student's input in pixels"""
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    """per-channel normalisation of RGB in [0, 1]: (x - mean) / std"""
    bn_eps: float | None = None
    """epsilon of the batch norms where it differs from the architecture's own (TensorFlow trunks: 1e-3)"""
    drop_rate: Annotated[float, typer.Option(min=0, max=0.9)] = 0.2
    """dropout before the heads"""


class Student(nn.Module):
    """A timm trunk, global pooling, and two linear heads on the same pooled features."""

    def __init__(self, spec: StudentSpec) -> None:
        """Raises StudentError where the architecture refuses the size of the input."""
        super().__init__()
        self.spec = spec
        self.trunk = _build_trunk(spec)
        width = _width(self.trunk, spec)
        self.dropout = nn.Dropout(spec.drop_rate)
        self.malignancy_head = nn.Linear(width, 1)
        self.conditions_head = nn.Linear(width, len(CONDITIONS))

    def forward(self, images: Tensor) -> StudentOutput:
        """images: (B, 3, S, S) float, normalised by the spec's mean and std."""
        features = self.trunk(images)  # (B, D)
        dropped = self.dropout(features)
        return StudentOutput(
            malignancy=self.malignancy_head(dropped).squeeze(1),
            conditions=self.conditions_head(dropped),
            features=features,
        )


def student_spec(student: str, *, image_size: int, drop_rate: float = 0.2) -> StudentSpec:
    """The spec of a named student or a timm model.

    Raises StudentError where timm does not know the model.
    """
    choice = STUDENTS.get(student, StudentChoice(student))
    if not timm.is_model(choice.arch):
        similar = ", ".join(timm.list_models(f"*{choice.arch[:11]}*")[:5]) or "none"
        raise StudentError(
            f"unknown student {student!r}: use one of {', '.join(STUDENTS)} or a timm model name (similar: {similar})"
        )
    data = resolve_model_data_config(timm.create_model(choice.arch, num_classes=0))
    return StudentSpec(
        arch=choice.arch,
        image_size=image_size,
        mean=choice.mean or tuple(data["mean"]),
        std=choice.std or tuple(data["std"]),
        bn_eps=choice.bn_eps,
        drop_rate=drop_rate,
    )


def load_student(run: Path) -> Student:
    """The finished student of a run folder, in eval mode.

    Raises StudentError when the folder is not a finished run, or one that never learned anything.
    """
    config_path, weights_path = run / CONFIG_NAME, run / WEIGHTS_NAME
    if not config_path.is_file():
        raise StudentError(f"{run}: not a run folder ({CONFIG_NAME} is missing)")
    if not weights_path.is_file():
        raise StudentError(f"{run}: unfinished run ({WEIGHTS_NAME} is missing); continue it with --resume")
    if _never_learned(run):
        raise StudentError(
            f"{run}: no epoch of this run was better than its untrained start (best_epoch 0 in {METRICS_NAME}); "
            "delete it and train again"
        )
    fields = json.loads(config_path.read_text())["student_spec"]
    spec = StudentSpec(**{**fields, "mean": tuple(fields["mean"]), "std": tuple(fields["std"])})
    student = Student(spec)
    student.load_state_dict(load_file(weights_path))
    return student.eval()


def _never_learned(run: Path) -> bool:
    """Whether its figures say so: older versions kept such runs as finished."""
    try:
        return json.loads((run / METRICS_NAME).read_text()).get("best_epoch") == 0
    except (OSError, ValueError, AttributeError):
        return False


def load_first_weights(student: Student, path: Path) -> None:
    """What `--init` names: a safetensors file in timm's names for the trunk (a classifier in it is ignored), or the
    folder of a finished run, whose whole student this one goes on from.

    Raises StudentError when a trunk tensor is missing from the file or has another shape, or the run is unfinished or
    of another architecture.
    """
    if not path.is_dir():
        return fill_trunk(student.trunk, path, option="--init", arch=student.spec.arch, error=StudentError)
    try:
        finished = load_student(path)
    except StudentError as error:
        raise StudentError(f"--init {error}") from error
    if finished.spec.arch != student.spec.arch:
        raise StudentError(f"--init {path}: its student is a {finished.spec.arch}, not a {student.spec.arch}")
    student.load_state_dict(finished.state_dict())
    return None


def _width(trunk: nn.Module, spec: StudentSpec) -> int:
    try:
        return feature_width(trunk, spec.image_size)
    except (AssertionError, RuntimeError, ValueError, IndexError) as error:  # each architecture refuses in its own way
        raise StudentError(
            f"--image-size {spec.image_size}: {spec.arch} refuses images of this side ({first_line(error)}); "
            "choose the one it was made for"
        ) from error


def _build_trunk(spec: StudentSpec) -> nn.Module:
    options: dict[str, Any] = {} if spec.bn_eps is None else {"bn_eps": spec.bn_eps}
    return timm.create_model(spec.arch, pretrained=False, num_classes=0, **options)
