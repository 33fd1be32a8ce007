"""What a network with two heads says of views, on whatever device and in as many processes as there are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.special import softmax
from sklearn.metrics import roc_auc_score
from torch import nn

from teacher.console import Advance
from teacher.data.batches import ViewPlan, batch_count, normalise, view_batches
from teacher.data.dataset import Dataset
from teacher.data.views import plain_view
from teacher.models.compute import Compute, this_compute
from teacher.models.config import ANSWER_BATCH, Precision
from teacher.models.network import Teacher


@dataclass(frozen=True)
class Answers:
    """malignancy: float32 [N] logits; conditions: float32 [N, 10] logits; features: float32 [N, D]."""

    malignancy: np.ndarray
    conditions: np.ndarray
    features: np.ndarray


@torch.inference_mode()
def ask(
    network: nn.Module,
    dataset: Dataset,
    plan: ViewPlan,
    *,
    size: int,
    mean: Sequence[float],
    std: Sequence[float],
    precision: Precision = "float32",
    advance: Advance = lambda _: None,
    compute: Compute | None = None,
) -> Answers:
    """What a network with two heads, in eval mode, says of the planned views.

    `size`, `mean` and `std` are its input's; `advance` is called once a batch of ANSWER_BATCH. Each of several
    processes answers for its share, and all of them get all answers.
    """
    compute = compute or this_compute()
    there = replace(compute, device=next(network.parameters()).device)  # a student stays where it was put
    own, outputs = plan.slice(compute.share(len(plan))), []
    for images in view_batches(dataset, own, size=size, batch_size=ANSWER_BATCH):
        with there.autocast(precision):
            output = network(normalise(images.to(there.device, non_blocking=True), mean, std))
        outputs.append([tensor.float().cpu().numpy() for tensor in output])
        advance("")
    columns = (np.concatenate(column) for column in zip(*outputs, strict=True))
    return Answers(*(compute.gathered(column, len(plan)) for column in columns))


@torch.inference_mode()
def answer_squares(teacher: Teacher, squares: Sequence[np.ndarray], *, precision: Precision = "float32") -> Answers:
    """What a teacher in eval mode says of canonical squares, uint8 [S, S, 3] each, as the device sees them."""
    compute, outputs = this_compute(), []
    for start in range(0, len(squares), ANSWER_BATCH):
        views = [plain_view(one, size=teacher.image_size) for one in squares[start : start + ANSWER_BATCH]]
        images = torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2).to(compute.device)
        with compute.autocast(precision):
            output = teacher(normalise(images, teacher.mean, teacher.std))
        outputs.append([tensor.float().cpu().numpy() for tensor in output])
    return Answers(*(np.concatenate(column) for column in zip(*outputs, strict=True)))


def answer(
    teacher: Teacher, dataset: Dataset, plan: ViewPlan, advance: Advance, *, precision: Precision = "float32"
) -> Answers:
    """The teacher's logits and embeddings for the planned views."""
    size, mean, std = teacher.image_size, teacher.mean, teacher.std
    return ask(teacher, dataset, plan, size=size, mean=mean, std=std, precision=precision, advance=advance)


def answer_batches(count: int) -> int:
    """How often `ask` calls `advance` in this process for that many views."""
    share = this_compute().share(count)
    return batch_count(share.stop - share.start, ANSWER_BATCH)


def quick_scores(predictions: Answers, malignant: np.ndarray, conditions: np.ndarray) -> dict[str, float]:
    """Point values for an epoch's line in a history; NaN where a kind does not occur."""
    present = np.unique(conditions)
    return {
        "malignancy_auc": known_auc(malignant, predictions.malignancy),
        "conditions_macro_auc": float(
            np.mean([known_auc(conditions == c, softmax(predictions.conditions, axis=1)[:, c]) for c in present])
        ),
        "condition_accuracy": float((predictions.conditions.argmax(axis=1) == conditions).mean()),
    }


def known_auc(labels: np.ndarray, scores: np.ndarray) -> float:
    """NaN where one kind does not occur. labels: bool [N]; scores: [N], higher for positives."""
    return float(roc_auc_score(labels, scores)) if labels.any() and not labels.all() else float("nan")
