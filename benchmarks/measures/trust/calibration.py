"""Does the `low` threshold keep its promise? Calibration and test part resampled many times.

A promise "95% of cancers reach `low`, with 95% confidence" is about calibration sets: of 100 of them, 95 or more should
give a threshold that keeps 95% of all cancers. Here "all" is the pool of calibration and test part together, which
no model was trained or selected on; half of it at a time derives the threshold. What the other half shows is reported
too, beside the share that exchangeability predicts for a half of that size: a sample of some hundred cancers misses the
target now and then although the threshold keeps it.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from matplotlib.figure import Figure as Drawing
from scipy.stats import nhypergeom

from benchmarks.outcome import Outcome, Table
from benchmarks.workshop.choices import OfRun
from distill.run import open_run_data
from export.verify.calibrate import ALL, Cases, Targets, low_bounds
from export.verify.outputs import Outputs, file_outputs
from export.verify.reference import photos_of
from export.workshop.stages import Stages, live_stages
from runtime.bundle.load import load_bundle
from runtime.conditions import CONDITIONS, Condition
from teacher.data.splits import Part
from teacher.options import OPTION

DEFAULT_SPLITS = 200


@dataclass(frozen=True, kw_only=True)
class Options(OfRun):
    """What `calibration` asks."""

    splits: Annotated[int, typer.Option(min=10)] = DEFAULT_SPLITS
    """how often the photos are halved"""
    sensitivity: Annotated[float, OPTION] = 0.95
    """target at `low`"""
    confidence: Annotated[float, OPTION] = 0.95
    """chance that the target is kept"""
    seed: Annotated[int, OPTION] = 0
    """seed of the splits"""
    out: Annotated[Path, OPTION] = Path("artifacts/calibration.json")
    """where the JSON goes; the picture beside it"""


def measure(options: Options) -> Outcome:
    """Does `low` keep its target? Calibration and test part halved many times, achieved against promised."""
    with live_stages() as stages:
        outputs, cases = pool_of(options.run, options.bundle, stages=stages)
    targets = Targets(sensitivity=options.sensitivity, confidence=options.confidence)
    found = resample(outputs, cases, targets=targets, splits=options.splits, seed=options.seed)
    cancers, picture = int(cases.malignant.sum()), options.out.with_suffix(".png")
    title = f"{options.splits} halves of {len(cases.malignant):,} photos, {cancers} cancers"
    return Outcome(
        figures=(options.out, as_json(found)),
        files=[(picture, lambda path: draw(found).savefig(path, dpi=110, metadata={"Software": None}))],
        tables=[Table(title, *table(found))],
        lines=[f"all figures: {options.out}; picture: {picture}"],
    )


@dataclass(frozen=True, kw_only=True)
class Split:
    """One way to halve the pool."""

    low: float
    pool_sensitivity: float
    """of all cancers of the pool: what the promise is about"""
    test_sensitivity: float
    """of the half that the threshold did not see"""
    test_specificity: float
    """benign lesions of that half below `low`"""
    melanomas: float
    """of that half's melanomas, those that reach `low`"""


@dataclass(frozen=True, kw_only=True)
class Kept:
    """How a bound did over all splits."""

    name: str
    promise: float | None
    """share of calibration sets that should keep the target; None: the target is promised on average"""
    splits: tuple[Split, ...]
    target: float
    predicted: float
    """share of splits whose unseen half should reach the target, were all photos exchangeable"""

    @property
    def kept(self) -> float:
        """Share of splits that keep the target on the pool."""
        return float(np.mean([split.pool_sensitivity >= self.target for split in self.splits]))

    @property
    def reached(self) -> float:
        """Share of splits whose unseen half reaches the target."""
        return float(np.mean([split.test_sensitivity >= self.target for split in self.splits]))

    def mean(self, figure: Callable[[Split], float]) -> float:
        """Over the splits."""
        return float(np.mean([figure(split) for split in self.splits]))

    @property
    def holds(self) -> bool:
        """Whether the promise was kept, at its stated rate or on average over unseen halves."""
        if self.promise is None:
            return self.mean(lambda split: split.test_sensitivity) >= self.target
        return self.kept >= self.promise


def resample(
    outputs: Outputs, cases: Cases, *, targets: Targets, splits: int = DEFAULT_SPLITS, seed: int = 0
) -> list[Kept]:
    """The bound at the wanted confidence, and the one that holds on average, over the same splits of the pool."""
    rng = np.random.default_rng(seed)
    halves = [_halves(cases.malignant, rng) for _ in range(splits)]
    return [
        _kept(outputs, cases, halves, targets=replace(targets, confidence=confidence))
        for confidence in dict.fromkeys((targets.confidence, 0.0))
    ]


def _halves(malignant: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """bool [N], the photos that calibrate: half of the cancers and half of the others, as a split has them."""
    chosen = np.zeros(len(malignant), dtype=bool)
    for kind in (malignant, ~malignant):
        members = rng.permutation(np.flatnonzero(kind))
        chosen[members[: (len(members) + 1) // 2]] = True
    return chosen


def _kept(outputs: Outputs, cases: Cases, halves: Sequence[np.ndarray], *, targets: Targets) -> Kept:
    bound = low_bounds(outputs.malignancy[halves[0]], cases.take(np.flatnonzero(halves[0])), targets=targets)[ALL]
    name = "on average" if bound.confidence is None else f"{bound.confidence:.0%} confidence"
    return Kept(
        name=f"{name} (k = {bound.k} of {bound.cancers})",
        promise=bound.confidence,
        splits=tuple(_split(outputs, cases, half, targets=targets) for half in halves),
        target=targets.sensitivity,
        predicted=_predicted(bound.k, bound.cancers, int(cases.malignant.sum()), targets.sensitivity),
    )


def _split(outputs: Outputs, cases: Cases, half: np.ndarray, *, targets: Targets) -> Split:
    scores = outputs.malignancy
    low = low_bounds(scores[half], cases.take(np.flatnonzero(half)), targets=targets)[ALL].threshold
    reached, unseen = scores >= low, ~half
    melanoma = cases.conditions == CONDITIONS.index(Condition.MELANOMA)
    return Split(
        low=low,
        pool_sensitivity=float(reached[cases.malignant].mean()),
        test_sensitivity=float(reached[unseen & cases.malignant].mean()),
        test_specificity=float(1 - reached[unseen & ~cases.malignant].mean()),
        melanomas=float(reached[unseen & melanoma].mean()) if (unseen & melanoma).any() else float("nan"),
    )


def _predicted(k: int, calibration: int, pool: int, target: float) -> float:
    """Chance that at most a share 1 - target of the unseen cancers lies below the k-th smallest calibration score.

    Of the pool in random order, the number of unseen ones before the k-th of the calibration half is negative
    hypergeometric.
    """
    if not k:
        return 1.0
    unseen = pool - calibration
    return float(nhypergeom(pool, unseen, k).cdf(np.floor((1 - target) * unseen + 1e-9)))


def draw(found: Sequence[Kept]) -> Drawing:
    """Sensitivity of the unseen half over all splits, a row per bound."""
    drawing = Drawing(figsize=(6.4, 1.9 * len(found)), layout="constrained")
    rows = drawing.subplots(len(found), 1, squeeze=False, sharex=True)[:, 0]
    for axes, kept in zip(rows, found, strict=True):
        axes.hist([split.test_sensitivity for split in kept.splits], bins=np.linspace(0.85, 1.0, 31), color="#2b6cb0")
        axes.axvline(kept.target, color="#b7352d", linestyle="--")
        axes.set(title=kept.name, ylabel="splits")
    rows[-1].set_xlabel("sensitivity at low, unseen half")
    return drawing


def pool_of(run: Path, bundle: Path | None, *, stages: Stages) -> tuple[Outputs, Cases]:
    """A bundle's answers to the calibration and test part of the run it came from, and what is known of them."""
    loaded, data = load_bundle(bundle), open_run_data(run)
    parts = [photos_of(data, part) for part in (Part.CALIBRATION, Part.TEST)]
    squares = [square for part in parts for square in part.squares]
    with stages.stage("Asking the bundle", total=len(squares)) as step:
        outputs = file_outputs(loaded.model, squares, step=step)
    cases = Cases(
        malignant=np.concatenate([part.malignant for part in parts]),
        conditions=np.concatenate([part.conditions for part in parts]),
        groups=[group for part in parts for group in part.tone_groups],
        domains=[domain for part in parts for domain in part.domains],
        datasets=[dataset for part in parts for dataset in part.datasets],
    )
    return outputs, cases


def table(found: Sequence[Kept]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows, a column per bound."""
    columns = [_column(kept) for kept in found]
    rows = [(figure, *(column[figure] for column in columns)) for figure in columns[0]]
    return ("", *(kept.name for kept in found)), rows


def _column(kept: Kept) -> dict[str, str]:
    tests = [split.test_sensitivity for split in kept.splits]
    return {
        "promise": "on average" if kept.promise is None else f"{kept.promise:.0%} of splits",
        "kept on the whole pool": f"{kept.kept:.1%}",
        "unseen half reaches the target": f"{kept.reached:.1%}",
        "as exchangeability predicts": f"{kept.predicted:.1%}",
        "sensitivity, unseen half": f"{np.mean(tests):.3f}",
        "5th to 95th percentile": f"{np.quantile(tests, 0.05):.3f}-{np.quantile(tests, 0.95):.3f}",
        "melanomas that reach low": f"{kept.mean(lambda split: split.melanomas):.3f}",
        "specificity at low": f"{kept.mean(lambda split: split.test_specificity):.3f}",
        "promise holds": "yes" if kept.holds else "NO",
    }


def as_json(found: Sequence[Kept]) -> dict[str, Any]:
    """Everything, split by split."""
    return {
        "bounds": [
            {
                "name": kept.name,
                "promise": kept.promise,
                "target": kept.target,
                "kept_on_the_pool": kept.kept,
                "reached_on_the_unseen_half": kept.reached,
                "predicted": kept.predicted,
                "holds": kept.holds,
                "splits": [asdict(split) for split in kept.splits],
            }
            for kept in found
        ]
    }
