"""What the frozen blocks of an encoder say of a few fixed views of each image, computed once and kept in memory.

Where only the last blocks learn, the first ones would say the same of the same view in every epoch: at twelve epochs
and two views of an image their work is done twice instead of twelve times.
"""

from dataclasses import dataclass

import numpy as np
import torch

from teacher.console import Advance
from teacher.data.batches import ViewPlan, normalise, view_batches, view_seed
from teacher.data.dataset import Dataset
from teacher.models.compute import Compute
from teacher.models.config import ANSWER_BATCH, FinetuneConfig
from teacher.models.network import Teacher

MOST_BYTES = 4 << 30
"""Of what is kept; beyond it the views are drawn anew. A SigLIP of 384 pixels says 1.7 MB of a view (729 patches of
1,152 numbers in float16): 2,500 views; an EfficientNetV2-B0 after its 8th block 22 kB (14 x 14 x 112): 97,000."""

KEPT = 1 << 20
"""Number of the first kept view: none of those that labels are made for, which are counted from 0."""

LARGEST = 65_000.0
"""float16 ends at 65,504; what an encoder says beyond it is an outlier of one channel and is cut."""


@dataclass(frozen=True)
class KeptViews:
    """hidden: float16 [N * K, ...], of view k of image n at n * K + k."""

    hidden: np.ndarray
    views: int


def kept_plan(dataset: Dataset, indices: np.ndarray, config: FinetuneConfig) -> ViewPlan:
    """The fixed views: K of each image, seeded by its content."""
    numbers = [int(dataset.contents[index], 16) for index in indices]
    seeds = [view_seed(config.seed, number, KEPT + k) for number in numbers for k in range(config.kept_views)]
    return ViewPlan(np.repeat(indices, config.kept_views), np.array(seeds, dtype=np.int64), config.view)


@torch.inference_mode()
def keep_views(
    teacher: Teacher,
    dataset: Dataset,
    plan: ViewPlan,
    *,
    frozen: int,
    config: FinetuneConfig,
    compute: Compute,
    advance: Advance,
) -> KeptViews | None:
    """What stem and the first `frozen` blocks say of the planned views; None where that is more than is kept."""
    own, outputs = plan.slice(compute.share(len(plan))), []
    for images in view_batches(dataset, own, size=teacher.image_size, batch_size=ANSWER_BATCH):
        with compute.autocast(config.precision):
            said = teacher.encoder.lower(
                normalise(images.to(compute.device), teacher.mean, teacher.std), frozen
            ).float()
        if said[0].numel() * 2 * len(plan) > MOST_BYTES:
            return None
        outputs.append(said.clamp(-LARGEST, LARGEST).half().cpu().numpy())
        advance("")
    return KeptViews(compute.gathered(np.concatenate(outputs), len(plan)), config.kept_views)
