"""Figures with intervals: what every table of this project shows.

AUCs carry a 95% bootstrap interval (1,000 seeded resamples), rates a 95% Wilson score interval (Wilson 1927).
"""

import numpy as np
from scipy.stats import norm

from runtime.bundle.load import Figure

RESAMPLES = 1000
Z95 = float(norm.ppf(0.975))


def auc_figure(labels: np.ndarray, scores: np.ndarray) -> Figure:
    """Area under the ROC curve. labels: bool [N]; scores: float [N], higher for positives."""
    return _figure(_aucs(labels, scores, _draws(len(labels))), len(labels))


def macro_auc_figure(labels: np.ndarray, probabilities: np.ndarray) -> Figure:
    """One-vs-rest AUC averaged over the classes that occur. labels: int [N]; probabilities: [N, C]."""
    draws = _draws(len(labels))
    by_class = [_aucs(labels == index, probabilities[:, index], draws) for index in np.unique(labels)]
    present = ~np.isnan(by_class)  # a resample may hold no case of a rare class
    total = np.where(present, by_class, 0.0).sum(axis=0)
    counted = present.sum(axis=0)
    return _figure(np.where(counted > 0, total / np.maximum(counted, 1), np.nan), len(labels))


def rate_figure(successes: int, count: int) -> Figure:
    """A share with its Wilson interval; a share of nothing is NaN."""
    if count == 0:
        return Figure(value=float("nan"), low=0.0, high=1.0, n=0)
    share, z2 = successes / count, Z95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return Figure(value=share, low=max(0.0, float(centre - half)), high=min(1.0, float(centre + half)), n=count)


def mean_figure(values: np.ndarray) -> Figure:
    """A mean with its normal interval. values: float [N]."""
    mean, count = float(values.mean()), len(values)
    half = Z95 * float(values.std(ddof=1)) / np.sqrt(count) if count > 1 else 0.0
    return Figure(value=mean, low=mean - half, high=mean + half, n=count)


def accuracy_figure(labels: np.ndarray, probabilities: np.ndarray) -> Figure:
    """Share of photos whose likeliest class is right. labels: int [N]; probabilities: [N, C]."""
    return rate_figure(int((probabilities.argmax(axis=1) == labels).sum()), len(labels))


def sensitivity_at_specificity(labels: np.ndarray, scores: np.ndarray, *, specificity: float) -> Figure:
    """Sensitivity at the lowest threshold that leaves at least `specificity` of the negatives below it."""
    threshold = np.quantile(scores[~labels], specificity, method="higher")
    return rate_figure(int((scores[labels] > threshold).sum()), int(labels.sum()))


def _draws(count: int) -> np.ndarray:
    """How often each photo is drawn, float [1 + RESAMPLES, N]: first the photos as they are, then the resamples.

    Seeded: the same outputs give the same interval.
    """
    rng = np.random.default_rng(0)
    resampled = [np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(RESAMPLES)]
    return np.stack([np.ones(count), *resampled])


def _aucs(labels: np.ndarray, scores: np.ndarray, draws: np.ndarray) -> np.ndarray:
    """The AUC of each draw, [R]; NaN where a draw holds one kind only.

    The Mann-Whitney form, P(score of a positive > of a negative) + half of the ties, for all draws at once: a thousand
    calls of scikit-learn's roc_auc_score per figure took most of the time of an export.
    """
    _, rank = np.unique(scores, return_inverse=True)
    order = np.argsort(rank, kind="stable")
    starts = np.flatnonzero(np.diff(rank[order], prepend=-1))  # where each distinct score begins
    positives = np.add.reduceat((draws * labels)[:, order], starts, axis=1)
    negatives = np.add.reduceat((draws * ~labels)[:, order], starts, axis=1)
    below = np.cumsum(negatives, axis=1) - negatives
    pairs = positives.sum(axis=1) * negatives.sum(axis=1)
    won = (positives * (below + negatives / 2)).sum(axis=1)
    return np.where(pairs > 0, won / np.maximum(pairs, 1), np.nan)


def _figure(values: np.ndarray, count: int) -> Figure:
    """The value on the photos as they are, and the percentile interval of the resamples."""
    resampled = values[1:][~np.isnan(values[1:])]
    low, high = np.quantile(resampled, (0.025, 0.975)) if len(resampled) else (np.nan, np.nan)
    return Figure(value=float(values[0]), low=float(low), high=float(high), n=count)
