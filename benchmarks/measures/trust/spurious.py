"""Does a model learn the ruler instead of the lesion, and do bridging views keep it from that?

In the training drawings a ruler lies beside every malignant lesion and no benign one; in the test drawings beside half
of either (Winkler et al. 2021, doi:10.1016/j.ejca.2020.12.020, found the like in a marketed classifier). The same small
network learns from views without and with bridging, which are the same otherwise and without the phone's noise and
blur; the rulers of the drawings are not those that the views draw.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.outcome import Outcome, Table
from runtime.bundle.load import Figure
from teacher.console import Advance, progress
from teacher.data.batches import normalise, view_seed
from teacher.data.synthetic import Scene, Spurious, SyntheticConfig, render
from teacher.data.views import ViewConfig, make_view, plain_view
from teacher.options import OPTION

SIDE = 96
"""Pixels of a drawing and of a view: a ruler's marks are one pixel wide."""
TEST_SEED = 10_000
"""Added to a seed for the drawings of its test part: other patients, other lesions."""
TEST_COUNT = 600
BATCH = 50
RESAMPLES = 1000


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `spurious` asks."""

    count: Annotated[int, typer.Option(min=100)] = 300
    """drawings to learn from"""
    epochs: Annotated[int, typer.Option(min=1)] = 16
    """passes over them"""
    seeds: Annotated[int, typer.Option(min=1)] = 3
    """how many times, each with its own drawings and network"""
    out: Annotated[Path, OPTION] = Path("artifacts/spurious.json")
    """where the JSON goes"""


@dataclass(frozen=True, kw_only=True)
class Drawings:
    """Pictures held in memory."""

    pixels: np.ndarray
    """uint8 [N, SIDE, SIDE, 3]"""
    scenes: Sequence[Scene]

    @property
    def malignant(self) -> np.ndarray:
        """bool [N]"""
        return np.array([scene.malignant for scene in self.scenes])

    @property
    def patients(self) -> np.ndarray:
        """int [N]"""
        return np.array([scene.patient for scene in self.scenes])


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One seed: test AUC without and with bridging."""

    seed: int
    off: Figure
    on: Figure
    gain: Figure
    """on - off"""


def measure(options: Options) -> Outcome:
    """What a ruler that gives the label away costs, without and with bridging views."""
    steps = 2 * options.seeds * options.epochs
    with progress("Learning with a giveaway", steps) as advance:
        tried = [try_seed(seed, options, advance) for seed in range(options.seeds)]
    return Outcome(
        figures=(
            options.out,
            {"count": options.count, "epochs": options.epochs, "seeds": [asdict(one) for one in tried]},
        ),
        tables=[_table(tried, options)],
        lines=[f"all figures: {options.out}"],
    )


def try_seed(seed: int, options: Options, advance: Advance = lambda _: None) -> Tried:
    """Learn twice from the same drawings and judge both on the same others."""
    train = draw(options.count, seed=seed, strength=1.0)
    test = draw(TEST_COUNT, seed=TEST_SEED + seed, strength=0.0)
    configs = (ViewConfig(bridging=bridging, capture=False) for bridging in (False, True))
    networks = [learn(train, config, seed=seed, epochs=options.epochs, advance=advance) for config in configs]
    off, on = (score(network, test) for network in networks)
    return Tried(seed=seed, **compared(test.malignant, test.patients, off=off, on=on))


def draw(count: int, *, seed: int, strength: float) -> Drawings:
    """`count` drawings in which a ruler tells the label as strongly as asked."""
    config = SyntheticConfig(count=count, seed=seed, side=SIDE, spurious=Spurious(attribute="ruler", strength=strength))
    pixels, scenes = zip(*(render(config, index) for index in range(count)), strict=True)
    return Drawings(pixels=np.stack(pixels), scenes=scenes)


def learn(
    train: Drawings, config: ViewConfig, *, seed: int, epochs: int, advance: Advance = lambda _: None
) -> nn.Module:
    """A small network, from scratch: AdamW, one cosine."""
    torch.manual_seed(seed)
    network, rng = _network(), np.random.default_rng(seed)
    labels = torch.from_numpy(train.malignant).float()
    steps = epochs * -(-len(labels) // BATCH)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-3, total_steps=steps)
    loss = torch.zeros(())
    for epoch in range(epochs):
        for batch in np.array_split(rng.permutation(len(labels)), steps // epochs):
            views = [
                make_view(
                    train.pixels[index],
                    domain=train.scenes[index].domain,
                    seed=view_seed(seed, int(index), epoch),
                    size=SIDE,
                    config=config,
                )
                for index in batch
            ]
            loss = F.binary_cross_entropy_with_logits(network(_tensor(views))[:, 0], labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        advance(f"seed {seed}, bridging {'on' if config.bridging else 'off'}, loss {loss.item():.3f}")
    return network.eval()


@torch.inference_mode()
def score(network: nn.Module, drawings: Drawings) -> np.ndarray:
    """float [N]: higher for what looks malignant."""
    views = [plain_view(square, size=SIDE) for square in drawings.pixels]
    parts = [network(_tensor(views[at : at + BATCH]))[:, 0] for at in range(0, len(views), BATCH)]
    return torch.cat(parts).numpy()


def compared(malignant: np.ndarray, patients: np.ndarray, *, off: np.ndarray, on: np.ndarray) -> dict[str, Figure]:
    """Both AUCs and their difference; intervals from resampled patients, the same ones for both."""
    rng, names = np.random.default_rng(0), np.unique(patients)
    images = [np.flatnonzero(patients == name) for name in names]
    found = [_aucs(malignant, off, on)]
    while len(found) <= RESAMPLES:
        drawn = np.concatenate([images[at] for at in rng.integers(0, len(names), len(names))])
        if 0 < malignant[drawn].sum() < len(drawn):
            found.append(_aucs(malignant[drawn], off[drawn], on[drawn]))
    columns = np.array(found)
    low, high = np.quantile(columns[1:], (0.025, 0.975), axis=0)
    return {
        name: Figure(value=float(columns[0, at]), low=float(low[at]), high=float(high[at]), n=len(malignant))
        for at, name in enumerate(("off", "on", "gain"))
    }


def _aucs(malignant: np.ndarray, off: np.ndarray, on: np.ndarray) -> tuple[float, float, float]:
    without, bridged = float(roc_auc_score(malignant, off)), float(roc_auc_score(malignant, on))
    return without, bridged, bridged - without


def _network() -> nn.Sequential:
    layers: list[nn.Module] = []
    widths = (3, 16, 32, 64, 96)
    for come, leave in pairwise(widths):
        layers += [nn.Conv2d(come, leave, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(leave), nn.ReLU()]
    return nn.Sequential(*layers, _Pooled(), nn.Linear(2 * widths[-1], 1))


class _Pooled(nn.Module):
    """Mean and maximum of each channel: what a lesion looks like, and whether something is anywhere at all."""

    def forward(self, maps: Tensor) -> Tensor:
        """(B, C, H, W) to (B, 2 C)."""
        return torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)


def _tensor(views: Sequence[np.ndarray]) -> Tensor:
    """float32 (B, 3, SIDE, SIDE), about -2 to 2."""
    return normalise(torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2), (0.5,) * 3, (0.25,) * 3)


def _table(tried: Sequence[Tried], options: Options) -> Table:
    rows = [(str(one.seed), *map(_written, (one.off, one.on, one.gain))) for one in tried]
    means = [float(np.mean([getattr(one, name).value for one in tried])) for name in ("off", "on", "gain")]
    rows.append(("mean", f"{means[0]:.3f}", f"{means[1]:.3f}", f"{means[2]:+.3f}"))
    title = f"Test AUC where rulers gave {options.count:,} training labels away and tell nothing in the test"
    return Table(title, ("seed", "bridging off", "bridging on", "gain"), rows)


def _written(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
