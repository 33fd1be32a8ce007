"""Two-head fine-tuning of a teacher: its last blocks or all of it, on one process or many.

As the reference describes it for SigLIP: the last blocks and two heads learn, the rest answers without gradients.
Rates fall towards the input (layer-wise decay), the averaged weights are validated after every epoch, and the best of
them are kept. Killed anywhere, it goes on from the last whole epoch and ends in the same weights.
"""

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.nn import functional as F

from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan, normalise, planned_batches, view_seed
from teacher.data.dataset import Dataset
from teacher.data.sampling import Sampling, Shifts, sampling_of
from teacher.data.splits import Part
from teacher.models.answers import answer, answer_batches, quick_scores
from teacher.models.checkpoint import Progress, load_checkpoint, save_checkpoint
from teacher.models.compute import Batch, Compute, in_common, this_compute
from teacher.models.config import FinetuneConfig, TeacherError
from teacher.models.kept_views import KeptViews, keep_views, kept_plan
from teacher.models.network import Teacher, TeacherOutput

MAX_GRADIENT = 1.0
"""Norm to which gradients are clipped."""

LEAST_RATE = 0.01
"""Share of the peak rate that the cosine ends at: the averaged weights still move."""


@dataclass
class _Learner:
    """What changes during a fine-tune."""

    teacher: Teacher
    averaged: ModelEmaV3
    best: Teacher
    optimizer: torch.optim.AdamW
    learning: tuple[nn.Parameter, ...]
    tensors: frozenset[str]
    """names of what training changes"""
    frozen: int
    """first blocks that do not learn; -1 where the stem learns as well"""
    batch: Batch

    def models(self) -> dict[str, nn.Module]:
        return {"teacher": self.teacher, "averaged": self.averaged.module, "best": self.best}


def finetune(
    teacher: Teacher,
    dataset: Dataset,
    learn: np.ndarray,
    config: FinetuneConfig,
    *,
    title: str = "Teacher",
    work: Path | None = None,
) -> Progress:
    """Train the teacher in place on the samples `learn`; the validation part chooses the epoch that is kept.

    `work`: folder of its checkpoints, from the newest of which it goes on. Raises TeacherError where the loss is no
    number or the disk refuses.
    """
    compute = this_compute()
    learner = _start(teacher, config, compute)
    sampling = sampling_of([dataset.samples[index] for index in learn], config.sampling)
    reached = Progress(epoch=0, best_epoch=0, best_score=-math.inf, history=())
    if work is not None:
        reached = load_checkpoint(work, learner.models(), learner.optimizer, only=learner.tensors) or reached
    kept = _kept(learner, dataset, learn, config, title) if reached.epoch < config.epochs else None
    steps = steps_per_epoch(len(learn), config.batch_size)
    validation = answer_batches(len(dataset.part(Part.VALIDATION)))
    total, done = config.epochs * (steps + validation), reached.epoch * (steps + validation)
    with progress(f"{title}: fine-tuning", total, done=done) as advance:
        while reached.epoch < config.epochs:
            loss = _train_epoch(learner, dataset, learn, sampling, kept, config, reached.epoch, advance)
            reached = _validate(learner, dataset, reached, loss, config, advance)
            if work is not None and compute.first:
                save_checkpoint(
                    work, reached, learner.models(), learner.optimizer, error=TeacherError, only=learner.tensors
                )
            compute.wait()
    teacher.load_state_dict(learner.best.state_dict())
    teacher.eval().requires_grad_(True)
    return reached


def steps_per_epoch(count: int, batch_size: int) -> int:
    """A rest that would not half fill a batch is left out: of one image there are no statistics to normalise by."""
    return max(1, round(count / batch_size))


def hard_loss(
    malignancy: Tensor,
    conditions: Tensor,
    *,
    malignant: Tensor,
    condition_labels: Tensor,
    shifts: Shifts,
    smoothing: float = 0.0,
) -> Tensor:
    """Binary cross-entropy of malignancy plus cross-entropy of the conditions, at the drawn frequencies.

    malignancy: (B,) logits; conditions: (B, 10) logits; malignant: float (B,), 0 or 1; condition_labels: int64 (B,).
    `smoothing`: share of a label that is spread over all classes, of malignancy over both.
    """
    by_odds = torch.from_numpy(shifts.malignancy).to(malignancy.device)
    by_class = torch.from_numpy(shifts.conditions).to(malignancy.device)
    wanted = malignant * (1 - smoothing) + smoothing / 2
    losses = F.binary_cross_entropy_with_logits(malignancy + by_odds, wanted, reduction="none") + F.cross_entropy(
        conditions + by_class, condition_labels, reduction="none", label_smoothing=smoothing
    )
    return weighted_mean(losses, shifts)


def weighted_mean(losses: Tensor, shifts: Shifts) -> Tensor:
    """The mean of a batch's losses (B,), each with the weight of its image where weights act in the loss."""
    if shifts.weights is None:
        return losses.mean()
    return (losses * torch.from_numpy(shifts.weights).to(losses.device)).mean()


def _start(teacher: Teacher, config: FinetuneConfig, compute: Compute) -> _Learner:
    torch.manual_seed(config.seed)
    compute.place(teacher)
    teacher.encoder.checkpointing = config.checkpointing
    frozen = -1 if config.blocks is None else max(0, len(teacher.encoder.blocks) - config.blocks)
    groups = _by_depth(teacher, frozen)
    learning = {id(parameter) for modules in groups for module in modules for parameter in module.parameters()}
    for parameter in teacher.parameters():
        parameter.requires_grad_(id(parameter) in learning)
    tensors = _changing(teacher, groups)
    # Of one head, for its settings: it would copy every weight, and most do not change.
    averaged = ModelEmaV3(teacher.malignancy_head, decay=config.ema_decay, use_warmup=True, warmup_power=0.75)
    averaged.module = _twin(teacher, tensors)
    best = _twin(teacher, tensors)
    batch = Batch(compute)
    in_common(teacher, batch)
    return _Learner(
        teacher=teacher,
        averaged=averaged,
        best=best,
        optimizer=_optimizer(groups, config),
        learning=tuple(parameter for parameter in teacher.parameters() if parameter.requires_grad),
        tensors=tensors,
        frozen=frozen,
        batch=batch,
    )


def _twin(teacher: Teacher, tensors: frozenset[str]) -> Teacher:
    """A copy in eval mode with `tensors` of its own; what training does not change is there once for all copies."""
    common = {id(one): one for name, one in teacher.state_dict(keep_vars=True).items() if name not in tensors}
    return deepcopy(teacher, common).eval()  # type: ignore[arg-type]


def _by_depth(teacher: Teacher, frozen: int) -> list[list[nn.Module]]:
    """What learns, in depths that share a rate: the heads with the encoder's end first, then block by block."""
    encoder = teacher.encoder
    blocks = list(encoder.blocks)
    groups: list[list[nn.Module]] = [[teacher.malignancy_head, teacher.conditions_head, *encoder.end_modules()]]
    groups += [[block] for block in reversed(blocks[max(0, frozen) :])]
    if frozen >= 0:
        return groups
    known = {id(p) for modules in groups for module in modules for p in module.parameters()}
    rest = nn.ParameterList(parameter for parameter in encoder.parameters() if id(parameter) not in known)
    return [*groups, [rest]]


def _optimizer(groups: list[list[nn.Module]], config: FinetuneConfig) -> torch.optim.AdamW:
    """Rates fall by `layer_decay` a depth; biases, norms and vectors are not shrunk."""
    sets = []
    for depth, modules in enumerate(groups):
        scale = config.layer_decay**depth
        parameters = [parameter for module in modules for parameter in module.parameters()]
        for decayed in (True, False):
            own = [parameter for parameter in parameters if (parameter.ndim > 1) is decayed]
            if own:
                decay = config.weight_decay if decayed else 0.0
                sets.append({"params": own, "scale": scale, "weight_decay": decay})
    return torch.optim.AdamW(sets, lr=config.lr)


def _changing(teacher: Teacher, groups: list[list[nn.Module]]) -> frozenset[str]:
    """Names of the tensors that training changes: parameters that learn, and statistics of their modules."""
    tensors = {
        id(tensor) for modules in groups for module in modules for tensor in (*module.parameters(), *module.buffers())
    }
    if len(groups) == len(teacher.encoder.blocks) + 2:  # with the stem, whose statistics no list of parameters holds
        tensors |= {id(tensor) for tensor in teacher.buffers()}
    return frozenset(name for name, tensor in teacher.state_dict(keep_vars=True).items() if id(tensor) in tensors)


def _kept(
    learner: _Learner, dataset: Dataset, learn: np.ndarray, config: FinetuneConfig, title: str
) -> KeptViews | None:
    if config.kept_views == 0 or learner.frozen < 0:
        return None
    plan, compute = kept_plan(dataset, learn, config), learner.batch.compute
    learner.teacher.eval()
    with progress(f"{title}: frozen blocks", answer_batches(len(plan))) as advance:
        return keep_views(
            learner.teacher, dataset, plan, frozen=learner.frozen, config=config, compute=compute, advance=advance
        )


def _train_epoch(
    learner: _Learner,
    dataset: Dataset,
    learn: np.ndarray,
    sampling: Sampling,
    kept: KeptViews | None,
    config: FinetuneConfig,
    epoch: int,
    advance: Advance,
) -> float:
    """One pass; returns the mean loss of this process's rows."""
    rng = np.random.default_rng((config.seed, epoch))
    steps = steps_per_epoch(len(learn), config.batch_size)
    drawn = sampling.draw(rng)[: steps * config.batch_size]
    seeds = [view_seed(config.seed, epoch * len(learn) + place, 1) for place in range(len(drawn))]
    plan = ViewPlan(learn[drawn], np.array(seeds, dtype=np.int64), config.view)
    torch.manual_seed(config.seed * 100_003 + epoch)  # dropout; the prime keeps runs with neighbouring seeds apart
    _set_mode(learner)
    if kept is None:
        inputs = _fresh(learner, dataset, plan, config)
    else:
        inputs = _stored(learner, kept, drawn, rng.integers(kept.views, size=len(drawn)), config)
    losses = []
    for step, said in enumerate(inputs):
        _set_rates(learner.optimizer, config, (epoch * steps + step) / (config.epochs * steps))
        at = np.arange(step * config.batch_size, min((step + 1) * config.batch_size, len(plan)))
        own = at[learner.batch.compute.share(len(at))]
        labels = plan.indices[own]
        losses.append(_step(learner, dataset, labels, said, sampling.shifts(drawn[own]), len(own) / len(at)))
        learner.averaged.update(learner.teacher, step=epoch * steps + step)
        advance(f"epoch {epoch + 1}/{config.epochs} loss {losses[-1]:.3f}")
    return float(np.mean(losses))


def _set_mode(learner: _Learner) -> None:
    """What does not learn answers as it always does: no dropout, its statistics as they are."""
    learner.teacher.train()
    if learner.frozen >= 0:
        encoder = learner.teacher.encoder
        encoder.eval()
        encoder.training = True  # of its checkpointing
        for module in (*list(encoder.blocks)[learner.frozen :], *encoder.end_modules()):
            module.train()


def _fresh(learner: _Learner, dataset: Dataset, plan: ViewPlan, config: FinetuneConfig) -> Iterator[TeacherOutput]:
    """What the teacher says of this process's rows of each batch."""
    teacher, batch = learner.teacher, learner.batch
    parts = plan.slices(config.batch_size)
    own = [part.slice(batch.compute.share(len(part))) for part in parts]
    for part, images in zip(parts, planned_batches(dataset, own, size=teacher.image_size), strict=True):
        batch.begin(len(part))
        with batch.compute.autocast(config.precision):
            inputs = normalise(images.to(batch.compute.device, non_blocking=True), teacher.mean, teacher.std)
            said = _said(learner, inputs)
        yield said


def _said(learner: _Learner, inputs: Tensor) -> TeacherOutput:
    teacher = learner.teacher
    if learner.frozen < 0:
        return teacher(inputs)
    with torch.no_grad():
        hidden = teacher.encoder.lower(inputs, learner.frozen)
    return teacher.judged(teacher.encoder.upper(hidden, learner.frozen))


def _stored(
    learner: _Learner, kept: KeptViews, drawn: np.ndarray, views: np.ndarray, config: FinetuneConfig
) -> Iterator[TeacherOutput]:
    """The same, where what the frozen blocks say is kept."""
    teacher, batch = learner.teacher, learner.batch
    rows = drawn * kept.views + views
    for start in range(0, len(rows), config.batch_size):
        part = rows[start : start + config.batch_size]
        own = part[batch.begin(len(part))]
        hidden = torch.from_numpy(kept.hidden[own]).to(batch.compute.device).float()
        if hidden.ndim == 4:
            hidden = hidden.contiguous(memory_format=torch.channels_last)
        with batch.compute.autocast(config.precision):
            said = teacher.judged(teacher.encoder.upper(hidden, learner.frozen))
        yield said


def _step(
    learner: _Learner, dataset: Dataset, indices: np.ndarray, said: TeacherOutput, shifts: Shifts, share: float
) -> float:
    """`share`: of the whole batch that these rows are."""
    device = learner.batch.compute.device
    loss = hard_loss(
        said.malignancy.float(),
        said.conditions.float(),
        malignant=torch.from_numpy(dataset.malignant(indices)).float().to(device),
        condition_labels=torch.from_numpy(dataset.conditions(indices)).to(device),
        shifts=shifts,
    )
    if not math.isfinite(loss.item()):
        rate = learner.optimizer.param_groups[0]["lr"]
        raise TeacherError(
            f"the teacher's loss is no number any more, at a learning rate of {rate:.1e}: give a smaller one "
            "(--teacher-lr), or --precision float32"
        )
    learner.optimizer.zero_grad()
    (loss * share).backward()
    learner.batch.compute.add_up(learner.learning)
    torch.nn.utils.clip_grad_norm_(learner.learning, MAX_GRADIENT)
    learner.optimizer.step()
    return loss.item()


def _set_rates(optimizer: torch.optim.Optimizer, config: FinetuneConfig, done: float) -> None:
    """Linear warm-up, then half a cosine (Loshchilov & Hutter 2017). done: share of all steps, 0 to 1."""
    if done < config.warmup_share:
        factor = (done + 1e-3) / config.warmup_share
    else:
        through = (done - config.warmup_share) / max(1 - config.warmup_share, 1e-9)
        factor = LEAST_RATE + (1 - LEAST_RATE) * 0.5 * (1 + math.cos(math.pi * min(through, 1.0)))
    for group in optimizer.param_groups:
        group["lr"] = config.lr * group["scale"] * factor


def _validate(
    learner: _Learner, dataset: Dataset, reached: Progress, loss: float, config: FinetuneConfig, advance: Advance
) -> Progress:
    """Judge the averaged weights; keep them where they are the best so far."""
    averaged = learner.averaged.module
    assert isinstance(averaged, Teacher)
    indices = dataset.part(Part.VALIDATION)
    said = answer(averaged.eval(), dataset, ViewPlan(indices), advance, precision=config.precision)
    scores = quick_scores(said, dataset.malignant(indices), dataset.conditions(indices))
    score = float(np.nan_to_num(scores["malignancy_auc"]) + np.nan_to_num(scores["conditions_macro_auc"])) / 2
    epoch = reached.epoch + 1
    history = (*reached.history, {"epoch": epoch, "loss": loss, **scores})
    reached = replace(reached, epoch=epoch, history=history)
    if score > reached.best_score:
        learner.best.load_state_dict(averaged.state_dict())
        reached = replace(reached, best_epoch=epoch, best_score=score)
    return reached
