"""What a command line or a line of a sweep asks for: the configuration of a run."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from distill.config import TrainConfig
from distill.student import student_spec
from runtime.photo.decode import INPUT_SIZE
from teacher.models.config import ENCODER_OPTIONS, TeacherNames
from teacher.options import Draft, View


@dataclass(frozen=True)
class Profile:
    """Defaults that differ between the embedded drawings and real photos."""

    epochs: int
    batch_size: int
    image_size: int
    lr: float
    soft_weight: float
    teacher_epochs: int
    teacher_lr: float
    views: int
    train_share: float | None = None
    """side of the training views as a share of the input's, where smaller"""

    def train_size(self, image_size: int) -> int | None:
        """The side of the training views, a multiple of 32 as strides want it."""
        return None if self.train_share is None else 32 * round(self.train_share * image_size / 32)


# The drawings must be learnt from scratch within minutes on two cores, hence the small input; photos keep the size that
# pretrained trunks expect. The drawings' teacher knows drawings before the job begins: it is tuned gently, and weighs
# more than the labels. (14 epochs of 96-pixel views in batches of 16 ended at a test AUC of 0.78.)
SYNTHETIC = Profile(
    epochs=18,
    batch_size=32,
    image_size=128,
    lr=2e-3,
    soft_weight=0.7,
    teacher_epochs=2,
    teacher_lr=1e-4,
    views=4,
)
PHOTOS = Profile(
    epochs=12,
    batch_size=32,
    image_size=INPUT_SIZE,
    lr=1e-3,
    soft_weight=0.3,
    teacher_epochs=8,
    teacher_lr=1e-3,
    views=6,
)
UNSET = {one.name for one in fields(Profile)} - {"train_share"} | {"train_size"}
"""Options whose default the profile decides."""

AS_OPTIONS = View(unset=UNSET, without=ENCODER_OPTIONS)
"""How a command shows `TrainConfig`, beside `TeacherNames`."""


def config_of(draft: Draft[TrainConfig], teachers: TeacherNames) -> TrainConfig:
    """What is left open is filled in for the drawings or for photos. Raises StudentError for an unknown student."""
    draft = draft.filled(_defaults(draft.values))
    given = draft.values
    spec = student_spec(given["student"], image_size=given["image_size"], drop_rate=given["drop_rate"])
    config = draft.finished(student_spec=spec)
    return replace(config, teacher=teachers.of(config.teacher))


def _defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    profile = SYNTHETIC if given["data"] is None else PHOTOS
    plain = {name: value for name, value in asdict(profile).items() if name in UNSET}
    return {**plain, "train_size": profile.train_size(given["image_size"] or profile.image_size)}
