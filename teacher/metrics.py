"""Figures with intervals: what every table of this project shows.

AUCs carry a 95% bootstrap interval (1,000 seeded resamples), rates a 95% Wilson score interval (Wilson 1927).
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from runtime.bundle import Figure

RESAMPLES = 1000
Z95 = float(norm.ppf(0.975))


def auc_figure(labels: np.ndarray, scores: np.ndarray) -> Figure:
    """Area under the ROC curve. labels: bool [N]; scores: float [N], higher for positives."""
    return _bootstrap(lambda take: _auc(labels[take], scores[take]), len(labels))


def macro_auc_figure(labels: np.ndarray, probabilities: np.ndarray) -> Figure:
    """One-vs-rest AUC averaged over the classes that occur. labels: int [N]; probabilities: [N, C]."""
    return _bootstrap(lambda take: _macro_auc(labels[take], probabilities[take]), len(labels))


def rate_figure(successes: int, count: int) -> Figure:
    """A share with its Wilson interval; a share of nothing is NaN."""
    if count == 0:
        return Figure(value=float("nan"), low=0.0, high=1.0, n=0)
    share, z2 = successes / count, Z95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z95 / (1 + z2 / count) * np.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    return Figure(value=share, low=max(0.0, float(centre - half)), high=min(1.0, float(centre + half)), n=count)


def accuracy_figure(labels: np.ndarray, probabilities: np.ndarray) -> Figure:
    """Share of photos whose likeliest class is right. labels: int [N]; probabilities: [N, C]."""
    return rate_figure(int((probabilities.argmax(axis=1) == labels).sum()), len(labels))


def sensitivity_at_specificity(labels: np.ndarray, scores: np.ndarray, *, specificity: float) -> Figure:
    """Sensitivity at the lowest threshold that leaves at least `specificity` of the negatives below it."""
    threshold = np.quantile(scores[~labels], specificity, method="higher")
    return rate_figure(int((scores[labels] > threshold).sum()), int(labels.sum()))


def _auc(labels: np.ndarray, scores: np.ndarray) -> float:
    if labels.all() or not labels.any():
        return float("nan")
    return float(roc_auc_score(labels, scores))


def _macro_auc(labels: np.ndarray, probabilities: np.ndarray) -> float:
    values = [_auc(labels == index, probabilities[:, index]) for index in np.unique(labels)]
    return float(np.nanmean(values)) if values else float("nan")


def _bootstrap(statistic: Callable[[np.ndarray], float], count: int) -> Figure:
    """Percentile bootstrap. Seeded: the same outputs give the same interval."""
    rng = np.random.default_rng(0)
    resampled = [statistic(rng.integers(0, count, count)) for _ in range(RESAMPLES)]
    low, high = np.nanquantile(resampled, (0.025, 0.975))
    return Figure(value=statistic(np.arange(count)), low=float(low), high=float(high), n=count)
