"""Figures for many weightings of the same photos at once: [R, N] weights in, [R] values out.

A thousand resamples are a thousand rows of weights. scikit-learn, asked a thousand times for each, took most of the
time of an export; the tests hold every function here to it.
"""

from dataclasses import dataclass

import numpy as np

Weights = np.ndarray
"""float [R, N]: how often each photo counts"""


def share(hits: np.ndarray, of: np.ndarray, weights: Weights) -> np.ndarray:
    """[R]: share of the photos `of` (bool [N]) that are `hits` (bool or float [N]); NaN of nothing."""
    return ratio(weights @ _column(hits * of), weights @ _column(of))


def ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
    """top / bottom as float64, NaN where bottom is 0."""
    return np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1).astype(np.float64), np.nan)


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """Photos by their score, equal scores on one rung: what every threshold between two rungs would do.

    K rungs, the lowest score first.
    """

    positives: np.ndarray
    """[R, K]: weight of the positives on each rung"""
    negatives: np.ndarray

    @property
    def positives_up_to(self) -> np.ndarray:
        """[R, K]: on a rung or below it."""
        return np.cumsum(self.positives, axis=1)

    @property
    def negatives_up_to(self) -> np.ndarray:
        return np.cumsum(self.negatives, axis=1)


def ladder(labels: np.ndarray, scores: np.ndarray, weights: Weights) -> Ladder:
    """labels: bool [N]; scores: float [N], higher for positives."""
    _, rank = np.unique(scores, return_inverse=True)
    order = np.argsort(rank, kind="stable")
    starts = np.flatnonzero(np.diff(rank[order], prepend=-1))  # where each distinct score begins
    ordered = weights[:, order].astype(np.float64)
    kind = labels[order].astype(np.float64)
    if len(starts) == len(order):
        return Ladder(positives=ordered * kind, negatives=ordered * (1 - kind))
    return Ladder(
        positives=np.add.reduceat(ordered * kind, starts, axis=1),
        negatives=np.add.reduceat(ordered * (1 - kind), starts, axis=1),
    )


def auc(labels: np.ndarray, scores: np.ndarray, weights: Weights) -> np.ndarray:
    """[R]: area under the ROC curve; NaN where one kind has no weight.

    The Mann-Whitney form, P(score of a positive > of a negative) + half of the ties.
    """
    rungs = ladder(labels, scores, weights)
    pairs = rungs.positives.sum(axis=1) * rungs.negatives.sum(axis=1)
    below = rungs.negatives_up_to - rungs.negatives / 2
    return ratio(np.einsum("rk,rk->r", rungs.positives, below), pairs)


def macro_auc(labels: np.ndarray, probabilities: np.ndarray, weights: Weights) -> np.ndarray:
    """[R]: one-vs-rest AUC averaged over the classes that occur in a row. labels: int [N]; probabilities: [N, C]."""
    by_class = [auc(labels == index, probabilities[:, index], weights) for index in np.unique(labels)]
    return mean_of_known(np.stack(by_class, axis=1))


def partial_auc(labels: np.ndarray, scores: np.ndarray, weights: Weights, *, sensitivity: float) -> np.ndarray:
    """[R]: area between the ROC curve and the line at `sensitivity`, from 0 to 1 - sensitivity.

    At 0.8 the figure of the ISIC 2024 challenge, where a good model is at 0.2 and a coin at 0.02.
    """
    rungs = ladder(labels, scores, weights)
    missed = _from_zero(rungs.positives_up_to)  # share of positives below each threshold
    spared = _from_zero(rungs.negatives_up_to)
    most = 1.0 - sensitivity
    start, end = np.minimum(missed[:, :-1], most), np.minimum(missed[:, 1:], most)
    steps = np.diff(missed, axis=1)
    inside = np.where(steps > 0, (end - missed[:, :-1]) / np.where(steps > 0, steps, 1), 0.0)
    reached = spared[:, :-1] + np.clip(inside, 0, 1) * np.diff(spared, axis=1)
    area = np.einsum("rk,rk->r", end - start, (spared[:, :-1] + reached) / 2)
    return np.where(np.isnan(missed[:, -1]) | np.isnan(spared[:, -1]), np.nan, area)


def sensitivity_at(labels: np.ndarray, scores: np.ndarray, weights: Weights, *, specificity: float) -> np.ndarray:
    """[R]: share of positives above the lowest threshold that leaves at least `specificity` of the negatives
    at or below it."""
    rungs = ladder(labels, scores, weights)
    spared, missed = _shares(rungs.negatives_up_to), _shares(rungs.positives_up_to)
    rung = (spared >= specificity - _ROUNDING).argmax(axis=1)
    found = 1.0 - np.take_along_axis(missed, rung[:, None], axis=1)[:, 0]
    return np.where(np.isnan(spared[:, -1]), np.nan, found)


def specificity_at(labels: np.ndarray, scores: np.ndarray, weights: Weights, *, sensitivity: float) -> np.ndarray:
    """[R]: share of negatives below the highest threshold that at least `sensitivity` of the positives reach."""
    return sensitivity_at(~labels, -scores, weights, specificity=sensitivity)


def confusion(labels: np.ndarray, answers: np.ndarray, weights: Weights, *, classes: int) -> np.ndarray:
    """[R, classes, classes]: weight of each (label, answer). labels, answers: int [N]."""
    cells, place = np.unique(labels * classes + answers, return_inverse=True)
    member = np.zeros((len(labels), len(cells)), dtype=weights.dtype)
    member[np.arange(len(labels)), place] = 1
    counted = np.zeros((len(weights), classes * classes))
    counted[:, cells] = weights @ member
    return counted.reshape(len(weights), classes, classes)


def f1_by_class(counted: np.ndarray) -> np.ndarray:
    """[R, C] of a confusion [R, C, C]; NaN for a class that neither occurs nor is answered."""
    right = np.diagonal(counted, axis1=1, axis2=2)
    return ratio(2 * right, counted.sum(axis=1) + counted.sum(axis=2))


def recall_by_class(counted: np.ndarray) -> np.ndarray:
    """[R, C] of a confusion; NaN for a class that does not occur."""
    return ratio(np.diagonal(counted, axis1=1, axis2=2), counted.sum(axis=2))


def mean_of_known(values: np.ndarray) -> np.ndarray:
    """[R]: mean over the columns that are not NaN; NaN where all are."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=1), known.sum(axis=1))


def calibration_error(labels: np.ndarray, shares: np.ndarray, weights: Weights, *, bins: int) -> np.ndarray:
    """[R]: how far probabilities lie from what happens, over bins of equal width (ECE, Guo et al. 2017).

    labels: bool [N]; shares: float [N], 0 to 1. Never quite 0, as bins of few photos are off by chance alone.
    """
    place = np.minimum((shares * bins).astype(int), bins - 1)
    member = np.zeros((len(labels), bins))
    member[np.arange(len(labels)), place] = labels - shares
    return ratio(np.abs(weights @ member.astype(weights.dtype)).sum(axis=1), weights.sum(axis=1))


_ROUNDING = 1e-9
"""What a sum of shares may be off by; one photo among a million is more."""


def _column(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) if values.dtype == bool else values.astype(np.float64)


def _shares(up_to: np.ndarray) -> np.ndarray:
    total = up_to[:, -1:]
    return ratio(up_to, np.broadcast_to(total, up_to.shape))


def _from_zero(up_to: np.ndarray) -> np.ndarray:
    """[R, K + 1] shares, beginning at 0."""
    shares = _shares(up_to)
    return np.concatenate([np.where(np.isnan(shares[:, :1]), np.nan, 0.0), shares], axis=1)
