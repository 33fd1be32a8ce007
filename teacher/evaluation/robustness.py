"""How far answers stand distortions: figures on each, how far scores move, and whose tier becomes another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from runtime.bundle.load import Figure
from runtime.triage import Tier
from teacher.data.dataset import Dataset
from teacher.evaluation.distortions import DISTORTIONS, Distortion, Shot
from teacher.evaluation.frame import Estimate, measure
from teacher.evaluation.judged import Judged, ask
from teacher.evaluation.metrics import METRICS, Cases, cases_of
from teacher.evaluation.predictions import Predictions, names_of
from teacher.evaluation.resampling import draws, figure_of, rate_of
from teacher.evaluation.weighted import Weights, share

HIGHER = (Tier.MODERATE, Tier.HIGH)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What a distortion changed, held against the same photos as they are."""

    auc_lost: Figure | None
    """None where there is no AUC"""
    score_moved: Figure
    """mean distance of the malignancy from what it was"""
    condition_kept: Figure
    """share of photos whose likeliest condition stays"""
    tier_changed: Figure | None
    """share of photos with another tier, "cannot assess" counted as one; None where there are no tiers"""
    to_low: Figure | None
    """share of the malignant photos that were moderate or high and are low now: what nothing may turn into"""


@dataclass(frozen=True, kw_only=True)
class Stood:
    """One distortion."""

    distortion: Distortion
    auc: Estimate
    accuracy: Estimate
    refused: Estimate | None
    """None where there are no tiers"""
    change: Change | None
    """None of the photos as they are"""


def stand(
    judged: Judged,
    dataset: Dataset,
    indices: np.ndarray,
    *,
    threshold: float,
    distortions: Sequence[Distortion] = DISTORTIONS,
) -> tuple[Stood, ...]:
    """Ask again about each distortion of some samples; the first distortion is what the others are held against."""
    weights, patients = draws(dataset.groups[indices]), dataset.groups[indices]
    clean: Cases | None = None
    found = []
    for distortion in distortions:
        said = _said(judged, dataset, indices, distortion)
        cases = cases_of(dataset, indices, said, threshold=threshold)
        clean = clean or cases
        found.append(_stood(distortion, cases, clean, weights, patients))
    return tuple(found)


def _said(judged: Judged, dataset: Dataset, indices: np.ndarray, distortion: Distortion) -> Predictions:
    def square(place: int) -> np.ndarray:
        index = int(indices[place])
        shot = Shot(
            square=np.ascontiguousarray(dataset.square(index)),
            path=dataset.samples[index].path,
            content=dataset.contents[index],
        )
        return distortion.apply(shot)

    return ask(judged, names_of(dataset, indices), square, title=distortion.name.capitalize())


def _stood(distortion: Distortion, cases: Cases, clean: Cases, weights: Weights, patients: np.ndarray) -> Stood:
    names = ("auc", "accuracy", *(("refused",) if cases.said.tiers is not None else ()))
    found = {name: measure(METRICS[name], cases, weights, patients)[1] for name in names}
    return Stood(
        distortion=distortion,
        auc=found["auc"],
        accuracy=found["accuracy"],
        refused=found.get("refused"),
        change=None if cases is clean else _change(cases, clean, weights, patients),
    )


def _change(cases: Cases, clean: Cases, weights: Weights, patients: np.ndarray) -> Change:
    everybody = np.ones(len(patients), dtype=bool)
    now, before = (measure(METRICS["auc"], own, weights, patients)[0] for own in (cases, clean))
    moved = np.abs(cases.said.malignancy - clean.said.malignancy)

    def rate(hits: np.ndarray, of: np.ndarray) -> Figure | None:
        values = share(hits, of, weights)
        if np.isnan(values[0]):
            return None
        return rate_of(values, photos=int(of.sum()), patients=len(np.unique(patients[of])))

    kept = rate(cases.likeliest == clean.likeliest, everybody)
    assert kept is not None
    tiers = None if cases.said.tiers is None or clean.said.tiers is None else (cases.said.tiers, clean.said.tiers)
    return Change(
        auc_lost=None if np.isnan(now[0]) else figure_of(before - now, len(patients)),
        score_moved=figure_of(share(moved, everybody, weights), len(patients)),
        condition_kept=kept,
        tier_changed=None if tiers is None else rate(_changed(*tiers), everybody),
        to_low=None if tiers is None else rate(_lowered(*tiers), cases.malignant),
    )


def _changed(now: Sequence[Tier], before: Sequence[Tier]) -> np.ndarray:
    return np.array([one is not other for one, other in zip(now, before, strict=True)], dtype=bool)


def _lowered(now: Sequence[Tier], before: Sequence[Tier]) -> np.ndarray:
    pairs = zip(now, before, strict=True)
    return np.array([one is Tier.LOW and other in HIGHER for one, other in pairs], dtype=bool)
