"""How much better does a model look when photos of one lesion or patient stand on both sides of a split?

The same small model (a logistic regression on fixed features) learns and is judged twice on the same photos: by folds
of single images, and by folds of whole groups, as `teacher.data.splits` makes them. What it looks better by under the
first is no skill: it knows the lesion, or the patient, again. Only photos that are not alone in their group can leak,
so it is asked of those: both images of MILK10k's lesions, and PAD-UFES-20's patients with several photos. HAM10000 at
one image a lesion has nothing to leak. Every photo is judged once a seed; intervals resample groups, the same ones for
both.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import timm
import torch
import typer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from timm.data import resolve_model_data_config

from benchmarks.outcome import BenchmarkError, Outcome, Table
from runtime.bundle.load import Figure
from teacher.console import progress
from teacher.data.batches import ViewPlan, normalise, view_batches
from teacher.data.dataset import DEFAULT_CACHE, DataOptions, Dataset, open_dataset
from teacher.models.trunks import fill_trunk
from teacher.options import OPTION

FOLDS = 5
BATCH = 32
RESAMPLES = 1000
LEAST = 40
"""Photos of either kind below which an AUC says nothing."""
GRID, BINS = 4, 4
"""Cells of a photo and levels of a channel in the features that need no network."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `leak` asks."""

    data: Annotated[Path | None, OPTION] = None
    """folder of labelled photos; without it the synthetic dataset"""
    cache: Annotated[Path, OPTION] = DEFAULT_CACHE
    """folder for what is derived from the data"""
    image_size: Annotated[int, typer.Option(min=32)] = 96
    """side of the squares that features are made of"""
    init: Annotated[Path | None, OPTION] = None
    """pretrained trunk whose features are used, a safetensors file; without it colours and edges"""
    trunk: Annotated[str, OPTION] = "tf_efficientnetv2_b0"
    """timm's name of that trunk"""
    count: Annotated[int, typer.Option(min=100)] = 1500
    """photos per dataset at most, whole groups"""
    seeds: Annotated[int, typer.Option(min=1)] = 5
    """how many times, each with its own folds"""
    out: Annotated[Path, OPTION] = Path("artifacts/leak.json")
    """where the JSON goes"""


@dataclass(frozen=True, kw_only=True)
class Audited:
    """One dataset: AUC of the same model by either split, averaged over the seeds."""

    dataset: str
    photos: int
    groups: int
    random: Figure
    grouped: Figure
    leak: Figure
    """random - grouped"""
    by_seed: Sequence[tuple[float, float]]
    """random, grouped"""


def measure(options: Options) -> Outcome:
    """What a split by images promises that a split by groups takes back."""
    dataset = open_dataset(
        DataOptions(root=options.data, image_size=options.image_size, cache=options.cache, synthetic_count=2000)
    )
    found: list[Audited] = []
    for name in sorted({sample.dataset for sample in dataset.samples}):
        places = shared_groups(dataset, name, count=options.count)
        malignant = dataset.malignant(places)
        if min(malignant.sum(), (~malignant).sum()) >= LEAST:
            features = _features(dataset, places, options)
            found.append(audit(name, features, malignant, dataset.groups[places], seeds=options.seeds))
    if not found:
        raise BenchmarkError(f"no dataset here has {LEAST} photos of either kind that share a lesion or a patient")
    return Outcome(
        figures=(options.out, {"features": _named(options), "audited": [asdict(one) for one in found]}),
        tables=[_table(found, options)],
        lines=[f"all figures: {options.out}"],
    )


def shared_groups(dataset: Dataset, name: str, *, count: int) -> np.ndarray:
    """Places of up to `count` photos of a dataset, whole groups of two and more, drawn by a fixed seed; int64 [N]."""
    own = np.array([place for place, sample in enumerate(dataset.samples) if sample.dataset == name], dtype=np.int64)
    numbers, sizes = np.unique(dataset.groups[own], return_counts=True)
    several = np.random.default_rng(0).permutation(np.flatnonzero(sizes > 1))
    kept = several[np.cumsum(sizes[several]) <= count]
    return own[np.isin(dataset.groups[own], numbers[kept])]


def audit(name: str, features: np.ndarray, malignant: np.ndarray, groups: np.ndarray, *, seeds: int) -> Audited:
    """Both splits on the same photos. features: float [N, D]; malignant: bool [N]; groups: int [N]."""
    scores = [
        [_scores(features, malignant, groups, split=split, seed=seed) for seed in range(seeds)]
        for split in ("random", "grouped")
    ]
    values = np.array(scores)  # (2, seeds, N)
    figures = _figures(malignant, groups, values)
    by_seed = [(_auc(malignant, values[0, seed]), _auc(malignant, values[1, seed])) for seed in range(seeds)]
    return Audited(dataset=name, photos=len(malignant), groups=len(np.unique(groups)), **figures, by_seed=by_seed)


def _scores(
    features: np.ndarray,
    malignant: np.ndarray,
    groups: np.ndarray,
    *,
    split: Literal["random", "grouped"],
    seed: int,
) -> np.ndarray:
    """float [N]: what the model says of each photo when it has not learned from its fold."""
    if split == "random":
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(features, malignant)
    else:
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed).split(features, malignant, groups)
    scores = np.empty(len(malignant))
    for learn, judge in folds:
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=1000))
        model.fit(features[learn], malignant[learn])
        scores[judge] = model.decision_function(features[judge])
    return scores


def _figures(malignant: np.ndarray, groups: np.ndarray, values: np.ndarray) -> dict[str, Figure]:
    """Mean AUCs over the seeds and their difference; intervals from resampled groups, the same ones for both."""
    rng, names = np.random.default_rng(0), np.unique(groups)
    photos = [np.flatnonzero(groups == name) for name in names]
    found = [_means(malignant, values)]
    while len(found) <= RESAMPLES:
        drawn = np.concatenate([photos[at] for at in rng.integers(0, len(names), len(names))])
        if 0 < malignant[drawn].sum() < len(drawn):
            found.append(_means(malignant[drawn], values[:, :, drawn]))
    columns = np.array(found)
    low, high = np.quantile(columns[1:], (0.025, 0.975), axis=0)
    return {
        name: Figure(value=float(columns[0, at]), low=float(low[at]), high=float(high[at]), n=len(malignant))
        for at, name in enumerate(("random", "grouped", "leak"))
    }


def _means(malignant: np.ndarray, values: np.ndarray) -> tuple[float, float, float]:
    random, grouped = (float(np.mean([_auc(malignant, one) for one in by_seed])) for by_seed in values)
    return random, grouped, random - grouped


def _auc(malignant: np.ndarray, scores: np.ndarray) -> float:
    """By ranks: a call of scikit-learn's roc_auc_score takes ten times as long, and there are 10,000."""
    positives = int(malignant.sum())
    _, rank, ties = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(ties) - (ties - 1) / 2
    won = middle[rank][malignant].sum() - positives * (positives + 1) / 2
    return float(won / (positives * (len(malignant) - positives)))


def _features(dataset: Dataset, places: np.ndarray, options: Options) -> np.ndarray:
    """float [N, D]"""
    if options.init is None:
        return np.stack([colours_and_edges(dataset.square(place)) for place in places])
    network = timm.create_model(options.trunk, pretrained=False, num_classes=0).eval()
    fill_trunk(network, options.init, option="--init", arch=options.trunk, error=BenchmarkError)
    data = resolve_model_data_config(network)
    size, parts = options.image_size, []
    batches = view_batches(dataset, ViewPlan(places), size=size, batch_size=BATCH)
    with torch.inference_mode(), progress("Features", -(-len(places) // BATCH)) as advance:
        for batch in batches:
            parts.append(network(normalise(batch, data["mean"], data["std"])).numpy())
            advance("")
    return np.concatenate(parts)


def colours_and_edges(square: np.ndarray) -> np.ndarray:
    """A photo in few figures, float [GRID * GRID * 3 * (BINS + 1)]: levels of each channel and edges, cell by cell."""
    side = square.shape[0] // GRID * GRID
    cells = square[:side, :side].reshape(GRID, side // GRID, GRID, side // GRID, 3).swapaxes(1, 2)
    cells = cells.reshape(GRID * GRID, -1, 3)
    levels = [(cells // (256 // BINS) == level).mean(axis=1) for level in range(BINS)]
    edges = np.abs(np.diff(cells.astype(np.float32), axis=1)).mean(axis=1) / 255
    return np.concatenate([*levels, edges], axis=None)


def _named(options: Options) -> str:
    return "colours and edges" if options.init is None else f"{options.trunk} at {options.image_size} pixels"


def _table(found: Sequence[Audited], options: Options) -> Table:
    rows = [
        (one.dataset, f"{one.photos:,}", f"{one.groups:,}", *map(_written, (one.random, one.grouped, one.leak)))
        for one in found
    ]
    title = f"AUC by random images and by groups: {_named(options)}, {options.seeds} seeds, photos that share a group"
    return Table(title, ("dataset", "photos", "groups", "by images", "by groups", "leak"), rows)


def _written(figure: Figure) -> str:
    return f"{figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})"
