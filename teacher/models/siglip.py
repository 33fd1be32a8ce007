"""SigLIP's vision tower (Zhai et al. 2023, arXiv:2303.15343) from `transformers`.

A preset that trains from scratch, a checkpoint of the hub, or a local folder.
"""

from torch import Tensor, nn
from transformers import SiglipVisionConfig, SiglipVisionModel

from runtime.errors import first_line
from teacher.models.encoder import Encoder, TeacherError

PRESETS: dict[str, SiglipVisionConfig] = {
    # 8 x 8 patches of 12 pixels, 1.3 M parameters: a few seconds an epoch of synthetic data on two cores.
    "tiny": SiglipVisionConfig(
        hidden_size=144, intermediate_size=432, num_hidden_layers=4, num_attention_heads=3, image_size=96, patch_size=12
    ),
}
SIGLIP_MEAN = SIGLIP_STD = (0.5, 0.5, 0.5)


class _SiglipTower(nn.Module):
    """The vision tower alone, answering with its attention-pooled embedding."""

    def __init__(self, tower: SiglipVisionModel) -> None:
        super().__init__()
        self.tower = tower

    def forward(self, images: Tensor) -> Tensor:
        return self.tower(pixel_values=images.contiguous()).pooler_output  # (B, D)


def siglip_encoder(name: str) -> Encoder:
    """A preset or a checkpoint by name. Raises TeacherError where there is neither, or its input is not square."""
    tower = SiglipVisionModel(PRESETS[name]) if name in PRESETS else _checkpoint(name)
    config = tower.config
    if not isinstance(config.image_size, int):
        raise TeacherError(f"--teacher {name}: its input is not square ({config.image_size})")
    return Encoder(
        network=_SiglipTower(tower),
        image_size=config.image_size,
        width=config.hidden_size,
        mean=SIGLIP_MEAN,
        std=SIGLIP_STD,
    )


def _checkpoint(name: str) -> SiglipVisionModel:
    try:
        return SiglipVisionModel.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise TeacherError(
            f"--teacher {name}: no preset ({', '.join(PRESETS)}), no local folder, not to be had from the hub; "
            f"download it on a machine with network and name its folder ({first_line(error)})"
        ) from error
