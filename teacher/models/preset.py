"""The weights of a preset: a small SigLIP that learns from drawings which no other command draws.

Round after round new lesions are drawn, seen in a few views each and never again, so nothing can be learnt by heart.
Other commands draw with the seed they are given, 0 where they are given none; the rounds draw with seeds from two
thousand million upwards.
"""

import hashlib
import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from sklearn.metrics import roc_auc_score
from timm.utils import ModelEmaV3
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import SiglipVisionModel

from runtime.conditions import CONDITIONS
from runtime.files import written_whole
from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan, normalise, view_batches, view_seed
from teacher.data.cache import clear_errors, only_one
from teacher.data.dataset import Dataset
from teacher.data.drawn import drawn_in_memory
from teacher.data.synthetic import RECIPE_VERSION, SyntheticConfig
from teacher.models.config import PresetConfig, TeacherError
from teacher.models.siglip import PRESETS, SIGLIP_MEAN, SIGLIP_STD

FIRST_SEED = 2_000_000_000
"""Round r draws with seed FIRST_SEED + r: far from any seed that a person types."""
JUDGED_SEED = FIRST_SEED - 1
"""Of the drawings that the finished weights are judged on."""
SQUARE = 128
"""Side of the squares that views are made of: that of the synthetic main job."""
CARD = """# The weights of the preset `{preset}`

**They know drawings only.** No photo of a patient was seen in making them: on photos they are worth no more than any
network that has only ever seen drawn spots. `--teacher {preset}` begins with them, so that the synthetic main job is
short.

- **File**: `{file}`, {size:,} bytes, float16, sha256 `{digest}`.
- **Network**: SigLIP's vision tower, `PRESETS` in `teacher/models/siglip.py` has it, {parameters:,} numbers, and two
  linear heads (malignancy, conditions).
- **Data**: {count:,} drawings of `teacher/data/synthetic` (recipe {recipe}), {drawings:,} a round in {views} views
  each, made for this and seen in one round only: seeds {first:,} to {last:,}, one a round. A job that draws with
  any other seed, such as the default 0, shares no drawing with them.
- **Command**: `python -m teacher preset OUT --rounds {rounds} --drawings {drawings}`; nothing is downloaded. The same
  bits on one kind of machine with one thread count. Settings: {settings}.
- **Figures** on {judged:,} other drawings (seed {judged_seed:,}) as they are: {figures}.
"""
CHECKPOINT_NAME = "checkpoint.safetensors"


class _TwoHeads(nn.Module):
    """The tower and its heads, in the names that the weights of a preset have."""

    def __init__(self, preset: str) -> None:
        super().__init__()
        self.tower = SiglipVisionModel(PRESETS[preset])
        self.malignancy_head = nn.Linear(self.tower.config.hidden_size, 1)
        self.conditions_head = nn.Linear(self.tower.config.hidden_size, len(CONDITIONS))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, S, S) float, normalised -> logits (B,) and (B, 10)."""
        features = self.tower(pixel_values=images.contiguous()).pooler_output
        return self.malignancy_head(features).squeeze(1), self.conditions_head(features)


@dataclass(frozen=True)
class _Learner:
    network: _TwoHeads
    ema: ModelEmaV3
    optimizers: tuple[tuple[torch.optim.Optimizer, float], ...]
    """with their peak learning rates"""

    @property
    def averaged(self) -> _TwoHeads:
        return cast(_TwoHeads, self.ema.module)


def make_preset(out: Path, config: PresetConfig) -> Path:
    """Train the weights of a preset into the folder `out`, from the last whole round where an earlier run left one.

    Returns the safetensors file; its card, a Markdown file, stands beside it. Raises TeacherError where the folder
    holds the rounds of another configuration, DataError where it cannot be written.
    """
    with only_one(out), clear_errors(out):
        learner = _train(out, config)
        weights = out / f"{config.preset}.safetensors"
        tensors = {name: value.half().contiguous() for name, value in learner.averaged.state_dict().items()}
        with written_whole(weights) as partial:
            save_file(tensors, partial)
        figures = _judged(learner.averaged, config)
        with written_whole(weights.with_suffix(".md")) as partial:
            partial.write_text(_card(weights, config, figures), encoding="utf-8")
    return weights


def _train(out: Path, config: PresetConfig) -> _Learner:
    torch.use_deterministic_algorithms(True)
    learner = _start(config)
    done = _restored(out / CHECKPOINT_NAME, learner, config)
    title, steps = f"Training preset {config.preset}", config.steps_per_round
    with progress(title, config.rounds * steps, done=done * steps) as advance, ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(_drawn, config, done)
        for reached in range(done, config.rounds):
            drawn = ahead.result()
            if reached + 1 < config.rounds:
                ahead = pool.submit(_drawn, config, reached + 1)
            _learn(learner, drawn, config, reached, advance)
            _save(out / CHECKPOINT_NAME, learner, config, reached + 1)
    return learner


def _start(config: PresetConfig) -> _Learner:
    """Matrices learn by Muon (Jordan et al. 2024): a transformer of this size takes half of AdamW's steps with it."""
    torch.manual_seed(config.seed)
    network = _TwoHeads(config.preset)
    _look_nearby_first(network.tower)
    ema = ModelEmaV3(network, decay=config.ema_decay, use_warmup=True, warmup_power=0.75)
    matrices = [one for one in network.tower.encoder.layers.parameters() if one.ndim == 2]
    matrices += [one for name, one in network.tower.head.named_parameters() if one.ndim == 2]
    known = {id(one) for one in matrices}
    others = [one for one in network.parameters() if id(one) not in known]
    decay = config.weight_decay
    muon = torch.optim.Muon(matrices, lr=config.matrix_lr, weight_decay=decay, adjust_lr_fn="match_rms_adamw")
    adam = torch.optim.AdamW(others, lr=config.lr, weight_decay=decay, betas=(0.9, 0.98))
    return _Learner(network, ema, ((muon, config.matrix_lr), (adam, config.lr)))


@torch.no_grad()
def _look_nearby_first(tower: SiglipVisionModel) -> None:
    """Mimetic initialisation (Trockman & Kolter 2023, arXiv:2305.09828), with the numbers of that paper.

    Positions begin as sines and cosines, query x key near the identity and value x output near its negative, as trained
    transformers have them: attention begins with what is alike and near. A small one finds that out late by itself.
    """
    width = tower.config.hidden_size
    tower.embeddings.position_embedding.weight.copy_(0.5 * _positions(tower.embeddings.num_patches, width))
    for layer in tower.encoder.layers:
        attention: Any = layer.self_attn
        rank = attention.head_dim
        for start in range(0, width, rank):
            left, root, right = _near_identity(width, noise=0.7, identity=0.7)
            rows = slice(start, start + rank)
            attention.q_proj.weight[rows] = (left[:, :rank] * root[:rank]).T
            attention.k_proj.weight[rows] = (right[:, :rank] * root[:rank]).T
        left, root, right = _near_identity(width, noise=0.4, identity=-0.4)
        attention.v_proj.weight.copy_((left * root).T)
        attention.out_proj.weight.copy_(right * root)


def _near_identity(width: int, *, noise: float, identity: float) -> tuple[Tensor, Tensor, Tensor]:
    """noise x random + identity x 1 as left diag(root)^2 right^T."""
    wanted = noise * torch.randn(width, width) / math.sqrt(width) + identity * torch.eye(width)
    left, values, right = torch.linalg.svd(wanted)
    return left, values.sqrt(), right.T


def _positions(patches: int, width: int) -> Tensor:
    """(patches, width): sines and cosines of column and row, from one wave in two images to one in four patches."""
    side = math.isqrt(patches)
    rates = torch.exp(torch.linspace(math.log(math.pi / side), math.log(math.pi / 2), width // 4))
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    phases = [place.reshape(-1, 1) * rates for place in (columns, rows)]
    return torch.cat([wave(phase) for phase in phases for wave in (torch.sin, torch.cos)], dim=1)


def _drawn(config: PresetConfig, reached: int) -> Dataset:
    return drawn_in_memory(SyntheticConfig(count=config.drawings, seed=FIRST_SEED + reached), size=SQUARE)


def _learn(learner: _Learner, drawn: Dataset, config: PresetConfig, reached: int, advance: Advance) -> None:
    """One round: each of its drawings in each of its views."""
    order = np.random.default_rng((config.seed, reached)).permutation(config.drawings * config.views)
    first = reached * config.drawings * config.views
    seeds = np.array([view_seed(config.seed, first + int(place), 2) for place in order], dtype=np.int64)
    plan = ViewPlan(order % config.drawings, seeds)
    learner.network.train()
    for step, (images, part) in enumerate(_batches(drawn, plan, config)):
        at = reached * config.steps_per_round + step
        loss = _loss(learner.network, images, drawn, part.indices)
        learner.network.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learner.network.parameters(), 1.0)
        for optimizer, peak in learner.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = peak * _rate(config, at)
            optimizer.step()
        learner.ema.update(learner.network, step=at)
        advance(f"round {reached + 1}/{config.rounds} loss {loss.item():.3f}")


def _batches(drawn: Dataset, plan: ViewPlan, config: PresetConfig) -> Iterator[tuple[Tensor, ViewPlan]]:
    size = PRESETS[config.preset].image_size
    batches = view_batches(drawn, plan, size=cast(int, size), batch_size=config.batch_size)
    for images, part in zip(batches, plan.slices(config.batch_size), strict=True):
        yield normalise(images, SIGLIP_MEAN, SIGLIP_STD), part


def _loss(network: _TwoHeads, images: Tensor, drawn: Dataset, indices: np.ndarray) -> Tensor:
    malignancy, conditions = network(images)
    malignant = torch.from_numpy(drawn.malignant(indices)).float()
    of_malignancy = F.binary_cross_entropy_with_logits(malignancy, malignant)
    return of_malignancy + F.cross_entropy(conditions, torch.from_numpy(drawn.conditions(indices)))


def _rate(config: PresetConfig, step: int) -> float:
    """Share of the peak learning rate: a linear rise, the peak, and a linear fall to nothing."""
    first, last = config.even_rounds * config.steps_per_round, config.rounds * config.steps_per_round
    return min(1.0, (step + 1) / config.warmup_steps, (last - step) / (last - first))


def _save(path: Path, learner: _Learner, config: PresetConfig, done: int) -> None:
    """All of a learner in one file, which is replaced whole: a kill leaves this round or the one before."""
    tensors = {
        **{f"network.{name}": value for name, value in learner.network.state_dict().items()},
        **{f"ema.{name}": value for name, value in learner.averaged.state_dict().items()},
    }
    for place, (optimizer, _) in enumerate(learner.optimizers):
        for number, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizer{place}.{number}.{name}": value for name, value in state.items()}
    with written_whole(path) as partial:
        copies = {name: value.clone().contiguous() for name, value in tensors.items()}
        save_file(copies, partial, metadata={"config": json.dumps(asdict(config)), "rounds": str(done)})


def _restored(path: Path, learner: _Learner, config: PresetConfig) -> int:
    """Puts the last whole round back; returns how many there were."""
    if not path.is_file():
        return 0
    with safe_open(path, framework="pt") as file:
        told = file.metadata()
        done = int(told["rounds"])
        if not _goes_on(PresetConfig(**json.loads(told["config"])), done, config):
            raise TeacherError(f"{path.parent}: holds the rounds of other settings; choose another folder")
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    learner.network.load_state_dict(_below("network.", tensors))
    learner.averaged.load_state_dict(_below("ema.", tensors))
    for place, (optimizer, _) in enumerate(learner.optimizers):
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in _below(f"optimizer{place}.", tensors).items():
            number, key = name.split(".", 1)
            state.setdefault(int(number), {})[key] = value
        groups = optimizer.state_dict()["param_groups"]
        optimizer.load_state_dict({"state": state, "param_groups": groups})
    return done


def _goes_on(earlier: PresetConfig, done: int, config: PresetConfig) -> bool:
    """Whether the rounds done are rounds of `config` too: before the rate falls, more or fewer may follow."""
    if earlier == config:
        return True
    return replace(earlier, rounds=config.rounds) == config and done <= min(earlier.even_rounds, config.even_rounds)


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


@torch.inference_mode()
def _judged(network: _TwoHeads, config: PresetConfig) -> dict[str, float]:
    """What the network, with the heads it learnt by, says of drawings that it has not seen, as they are."""
    network.eval()
    drawn = drawn_in_memory(SyntheticConfig(count=config.judged, seed=JUDGED_SEED), size=SQUARE)
    plan = ViewPlan(np.arange(config.judged))
    said = [network(images) for images, _ in _batches(drawn, plan, config)]
    malignancy, conditions = (torch.cat(column).numpy() for column in zip(*said, strict=True))
    return {
        "malignancy AUC": float(roc_auc_score(drawn.malignant(plan.indices), malignancy)),
        "condition accuracy": float((conditions.argmax(axis=1) == drawn.conditions(plan.indices)).mean()),
    }


def _card(weights: Path, config: PresetConfig, figures: dict[str, float]) -> str:
    settings = {name: value for name, value in asdict(config).items() if name not in ("preset", "rounds", "drawings")}
    return CARD.format(
        preset=config.preset,
        file=weights.name,
        size=weights.stat().st_size,
        digest=hashlib.sha256(weights.read_bytes()).hexdigest(),
        parameters=sum(one.numel() for one in SiglipVisionModel(PRESETS[config.preset]).parameters()),
        count=config.rounds * config.drawings,
        recipe=RECIPE_VERSION,
        views=config.views,
        rounds=config.rounds,
        drawings=config.drawings,
        first=FIRST_SEED,
        last=FIRST_SEED + config.rounds - 1,
        settings=", ".join(f"{name} {value}" for name, value in settings.items()),
        judged=config.judged,
        judged_seed=JUDGED_SEED,
        figures=", ".join(f"{name} {value:.3f}" for name, value in figures.items()),
    )
