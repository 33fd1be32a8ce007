"""SigLIP's vision tower (Zhai et al. 2023, arXiv:2303.15343; SigLIP 2: Tschannen et al. 2025, arXiv:2502.14786).

A preset, whose weights stand in this package and know drawings only, a checkpoint of the hub, or a local folder. Of a
checkpoint with both towers only the one that sees is loaded: 428 of 878 million parameters for
`google/siglip-so400m-patch14-384`.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    Siglip2VisionConfig,
    Siglip2VisionModel,
    SiglipVisionConfig,
    SiglipVisionModel,
)

from runtime.errors import first_line
from teacher.models.config import TeacherError
from teacher.models.encoder import BlockedNetwork, Encoder

PRESETS: dict[str, SiglipVisionConfig] = {
    # 8 x 8 patches of 12 pixels, 1.1 M parameters: a few seconds an epoch of synthetic data on two cores.
    "tiny": SiglipVisionConfig(
        hidden_size=144, intermediate_size=432, num_hidden_layers=4, num_attention_heads=3, image_size=96, patch_size=12
    ),
}
PRESET_FOLDER = Path(__file__).parent / "presets"
"""Of the weights of each preset, with a card that says what they are and the command that makes them."""
TOWER = "tower."
CHECKPOINT_FILES = ("*.safetensors", "*.bin", "config.json")
"""What decides a checkpoint in a folder."""
SIGLIP_MEAN = SIGLIP_STD = (0.5, 0.5, 0.5)

KINDS = {
    "siglip": SiglipVisionModel,
    "siglip_vision_model": SiglipVisionModel,
    "siglip2": Siglip2VisionModel,
    "siglip2_vision_model": Siglip2VisionModel,
}
"""By the model type that a checkpoint names: of both towers, or of the one alone. SigLIP 2 at a fixed size is of the
first type; the second takes pictures of any shape ("NaFlex"), here squares."""


class SiglipTower(BlockedNetwork):
    """The vision tower alone, answering with its attention-pooled embedding."""

    def __init__(self, tower: SiglipVisionModel | Siglip2VisionModel) -> None:
        super().__init__()
        self.tower = tower

    @property
    def blocks(self) -> Sequence[nn.Module]:
        return list(self.tower.encoder.layers)

    def stem(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, patches, D)"""
        if isinstance(self.tower, SiglipVisionModel):
            return self.tower.embeddings(images.contiguous())
        return self._flexible_stem(images)

    def block(self, number: int, hidden: Tensor) -> Tensor:
        return self.tower.encoder.layers[number](hidden, None)

    def end(self, hidden: Tensor) -> Tensor:
        return self.tower.head(self.tower.post_layernorm(hidden))

    def end_modules(self) -> Sequence[nn.Module]:
        return (self.tower.post_layernorm, self.tower.head)

    def _flexible_stem(self, images: Tensor) -> Tensor:
        """NaFlex takes patches as rows, row by row, each with its pixels' channels last."""
        side = _number(self.tower.config.patch_size)
        batch, channels, height, width = images.shape
        rows, columns = height // side, width // side
        cut = images.reshape(batch, channels, rows, side, columns, side).permute(0, 2, 4, 3, 5, 1)
        shapes = torch.tensor([[rows, columns]], device=images.device).expand(batch, 2)
        return self.tower.embeddings(cut.reshape(batch, rows * columns, -1), shapes)


def siglip_encoder(name: str) -> Encoder:
    """A preset or a checkpoint by name. Raises TeacherError where there is neither, or its input is not square."""
    tower, heads = _preset(name) if name in PRESETS else (_checkpoint(name), {})
    return Encoder(
        network=SiglipTower(tower),
        image_size=_image_size(name, tower.config),
        width=tower.config.hidden_size,
        mean=SIGLIP_MEAN,
        std=SIGLIP_STD,
        heads=heads,
    )


def _image_size(name: str, config: SiglipVisionConfig | Siglip2VisionConfig) -> int:
    if not config.vision_use_head:
        raise TeacherError(f"--teacher {name}: it has no attention pooling, which makes the embedding")
    if isinstance(config, Siglip2VisionConfig):  # as many patches as it was trained with
        return _number(config.patch_size) * int(config.num_patches**0.5)
    if not isinstance(config.image_size, int):
        raise TeacherError(f"--teacher {name}: its input is not square ({config.image_size})")
    return config.image_size


def _number(size: int | Sequence[int]) -> int:
    """A side that the configuration may give for height and width alike."""
    return size if isinstance(size, int) else size[0]


def preset_file(name: str) -> Path:
    """The weights of a preset, float16: under `TOWER` in the names of `SiglipVisionModel`, and those of two heads."""
    return PRESET_FOLDER / f"{name}.safetensors"


def preset_digest(name: str) -> str:
    """sha256 of a preset's weights in hexadecimal digits; empty for what is no preset.

    Labels are made anew where a preset that keeps its name gets other weights.
    """
    return hashlib.sha256(preset_file(name).read_bytes()).hexdigest() if name in PRESETS else ""


def checkpoint_digest(name: str) -> str | None:
    """sha256 of a local checkpoint's weights and configuration, in hexadecimal digits; None for what is no local one.

    The files behind a folder's name may be exchanged; a name of the hub means one checkpoint.
    """
    folder = Path(name)
    if name in PRESETS or not folder.is_dir():
        return None
    files = sorted({path for pattern in CHECKPOINT_FILES for path in folder.glob(pattern) if path.is_file()})
    states = [(path, path.stat()) for path in files]
    lines = (f"{path.name} {_digest_of(path, state.st_size, state.st_mtime_ns)}\n" for path, state in states)
    return hashlib.sha256("".join(lines).encode(errors="surrogateescape")).hexdigest()


@cache
def _digest_of(path: Path, size: int, changed: int) -> str:
    """Read once a command: the weights of a large checkpoint are gigabytes. `size` and `changed` tell an exchange."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _preset(name: str) -> tuple[SiglipVisionModel, dict[str, Tensor]]:
    """The tower of a preset, and the weights of the heads it learnt with."""
    tensors = {key: value.float() for key, value in load_file(preset_file(name)).items()}
    heads = {key: value for key, value in tensors.items() if not key.startswith(TOWER)}
    tower = SiglipVisionModel(PRESETS[name])
    tower.load_state_dict({key.removeprefix(TOWER): tensors[key] for key in tensors.keys() - heads.keys()})
    return tower, heads


def _checkpoint(name: str) -> SiglipVisionModel | Siglip2VisionModel:
    try:
        kind = AutoConfig.from_pretrained(name).model_type
        if kind not in KINDS:
            raise TeacherError(f"--teacher {name}: a model of type {kind}; it takes {', '.join(KINDS)}, or timm:NAME")
        return KINDS[kind].from_pretrained(name, dtype=torch.float32)
    except (OSError, ValueError) as error:
        raise TeacherError(
            f"--teacher {name}: no preset ({', '.join(PRESETS)}), no local folder, not to be had from the hub; "
            f"download it on a machine with network and name its folder ({first_line(error)})"
        ) from error
