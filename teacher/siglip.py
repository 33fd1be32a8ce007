"""The teacher network: a vision encoder with two heads, malignancy and the ten conditions.

The encoder is SigLIP's vision tower (Zhai et al. 2023, arXiv:2303.15343) from `transformers`: a preset that trains
from scratch, a checkpoint of the hub or a local folder; or, as `timm:NAME`, a convolutional trunk filled from a file.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from torch import Tensor, nn
from transformers import SiglipVisionConfig, SiglipVisionModel

from runtime.conditions import CONDITIONS
from runtime.errors import SkintagError, first_line
from teacher.trunk import feature_width, fill_trunk

PRESETS: dict[str, SiglipVisionConfig] = {
    # 8 x 8 patches of 12 pixels, 1.3 M parameters: a few seconds an epoch of synthetic data on two cores.
    "tiny": SiglipVisionConfig(
        hidden_size=144, intermediate_size=432, num_hidden_layers=4, num_attention_heads=3, image_size=96, patch_size=12
    ),
}
TIMM_PREFIX = "timm:"
SIGLIP_MEAN = SIGLIP_STD = (0.5, 0.5, 0.5)


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


class TeacherOutput(NamedTuple):
    """malignancy: (B,) logits; conditions: (B, 10) logits; features: (B, D) embeddings."""

    malignancy: Tensor
    conditions: Tensor
    features: Tensor


class Teacher(nn.Module):
    """Encoder and two linear heads on its pooled embedding."""

    def __init__(self, choice: EncoderChoice) -> None:
        super().__init__()
        self.encoder, self.image_size, width, self.mean, self.std = _build_encoder(choice)
        self.dropout = nn.Dropout(0.2)
        self.malignancy_head = nn.Linear(width, 1)
        self.conditions_head = nn.Linear(width, len(CONDITIONS))

    def forward(self, images: Tensor) -> TeacherOutput:
        """images: (B, 3, S, S) float, normalised by the teacher's mean and std."""
        features = self.encoder(images)
        dropped = self.dropout(features)
        return TeacherOutput(self.malignancy_head(dropped).squeeze(1), self.conditions_head(dropped), features)


class _SiglipTower(nn.Module):
    """The vision tower alone, answering with its attention-pooled embedding."""

    def __init__(self, tower: SiglipVisionModel) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, images: Tensor) -> Tensor:
        return self.tower(pixel_values=images.contiguous()).pooler_output  # (B, D)


_Encoder = tuple[nn.Module, int, int, tuple[float, ...], tuple[float, ...]]
"""module, input side, embedding width, mean, std"""


def _build_encoder(choice: EncoderChoice) -> _Encoder:
    if choice.name.startswith(TIMM_PREFIX):
        return _timm_encoder(choice)
    if choice.init is not None:
        raise TeacherError(f"--teacher-init goes with a {TIMM_PREFIX} teacher; {choice.name} brings its own weights")
    tower = SiglipVisionModel(PRESETS[choice.name]) if choice.name in PRESETS else _siglip_checkpoint(choice.name)
    config = tower.config
    if not isinstance(config.image_size, int):
        raise TeacherError(f"--teacher {choice.name}: its input is not square ({config.image_size})")
    return _SiglipTower(tower), config.image_size, config.hidden_size, SIGLIP_MEAN, SIGLIP_STD


def _siglip_checkpoint(name: str) -> SiglipVisionModel:
    try:
        return SiglipVisionModel.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise TeacherError(
            f"--teacher {name}: no preset ({', '.join(PRESETS)}), no local folder, not to be had from the hub; "
            f"download it on a machine with network and name its folder ({first_line(error)})"
        ) from error


def _timm_encoder(choice: EncoderChoice) -> _Encoder:
    # timm stands here and not at the top: only this kind of teacher needs it.
    import timm
    from timm.data import resolve_model_data_config

    name = choice.name.removeprefix(TIMM_PREFIX)
    if not timm.is_model(name):
        raise TeacherError(f"--teacher {choice.name}: timm knows no model {name}")
    trunk = timm.create_model(name, pretrained=False, num_classes=0, drop_path_rate=0.1)
    if choice.init is not None:
        fill_trunk(trunk, choice.init, option="--teacher-init", arch=name, error=TeacherError)
    data = resolve_model_data_config(trunk)
    size = choice.image_size or data["input_size"][-1]
    return trunk, size, feature_width(trunk, size), tuple(data["mean"]), tuple(data["std"])
