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
from teacher.evaluation.resampling import draws, figure_of
from teacher.evaluation.weighted import Weights, share

HIGHER = (Tier.MODERATE, Tier.HIGH)


@dataclass(frozen=True, kw_only=True)
class Stood:
    """One distortion."""

    distortion: Distortion
    auc: Estimate
    accuracy: Estimate
    auc_lost: Figure | None
    """AUC of the clean photos less that of the distorted ones, of the same photos"""
    score_moved: Figure
    """mean distance of the malignancy from what it was"""
    condition_kept: Figure
    """share of photos whose likeliest condition stays"""
    tier_changed: Figure | None
    """share of photos with another tier, "cannot assess" counted as one; None where there are no tiers"""
    to_low: Figure | None
    """share of the malignant photos that were moderate or high and are low now: what nothing may turn into"""


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
    values, auc = measure(METRICS["auc"], cases, weights, patients)
    before, _ = measure(METRICS["auc"], clean, weights, patients)
    count = len(patients)
    moved = np.abs(cases.said.malignancy - clean.said.malignancy)
    kept = cases.likeliest == clean.likeliest
    everybody = np.ones(count, dtype=bool)
    return Stood(
        distortion=distortion,
        auc=auc,
        accuracy=measure(METRICS["accuracy"], cases, weights, patients)[1],
        auc_lost=figure_of(before - values, count) if auc.figure else None,
        score_moved=figure_of(share(moved, everybody, weights), count),
        condition_kept=figure_of(share(kept, everybody, weights), count),
        tier_changed=_tier_changed(cases, clean, weights),
        to_low=_to_low(cases, clean, weights),
    )


def _tier_changed(cases: Cases, clean: Cases, weights: Weights) -> Figure | None:
    if cases.said.tiers is None or clean.said.tiers is None:
        return None
    pairs = zip(cases.said.tiers, clean.said.tiers, strict=True)
    changed = np.array([now is not before for now, before in pairs], dtype=bool)
    return figure_of(share(changed, np.ones(len(changed), dtype=bool), weights), len(changed))


def _to_low(cases: Cases, clean: Cases, weights: Weights) -> Figure | None:
    if cases.said.tiers is None or clean.said.tiers is None or not cases.malignant.any():
        return None
    pairs = zip(cases.said.tiers, clean.said.tiers, strict=True)
    lowered = np.array([now is Tier.LOW and before in HIGHER for now, before in pairs], dtype=bool)
    return figure_of(share(lowered, cases.malignant, weights), int(cases.malignant.sum()))
