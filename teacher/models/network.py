"""The teacher network: an encoder with two heads, malignancy and the ten conditions."""

from typing import NamedTuple

from torch import Tensor, nn

from runtime.conditions import CONDITIONS
from teacher.models.config import TIMM_PREFIX, EncoderChoice, TeacherError
from teacher.models.encoder import Encoder
from teacher.models.siglip import siglip_encoder
from teacher.models.trunks import trunk_encoder


class TeacherOutput(NamedTuple):
    """malignancy: (B,) logits; conditions: (B, 10) logits; features: (B, D) embeddings."""

    malignancy: Tensor
    conditions: Tensor
    features: Tensor


class Teacher(nn.Module):
    """Encoder and two linear heads on its pooled embedding. Raises TeacherError for a choice that cannot be built."""

    def __init__(self, choice: EncoderChoice) -> None:
        super().__init__()
        encoder = _encoder(choice)
        self.encoder, self.image_size = encoder.network, encoder.image_size
        self.mean, self.std = encoder.mean, encoder.std
        self.dropout = nn.Dropout(0.2)
        self.malignancy_head = nn.Linear(encoder.width, 1)
        self.conditions_head = nn.Linear(encoder.width, len(CONDITIONS))
        self.load_state_dict({**self.state_dict(), **encoder.heads})

    def forward(self, images: Tensor) -> TeacherOutput:
        """images: (B, 3, S, S) float, normalised by the teacher's mean and std."""
        return self.judged(self.encoder(images))

    def judged(self, features: Tensor) -> TeacherOutput:
        """features: (B, D), of the encoder."""
        dropped = self.dropout(features)
        return TeacherOutput(self.malignancy_head(dropped).squeeze(1), self.conditions_head(dropped), features)


def _encoder(choice: EncoderChoice) -> Encoder:
    if choice.name.startswith(TIMM_PREFIX):
        return trunk_encoder(choice)
    if choice.init is not None:
        raise TeacherError(f"--teacher-init goes with a {TIMM_PREFIX} teacher; {choice.name} brings its own weights")
    return siglip_encoder(choice.name)
