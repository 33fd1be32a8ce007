"""Figures with intervals: what every table of this project shows.

AUCs carry a 95% bootstrap interval (1,000 seeded resamples), rates a 95% Wilson score interval (Wilson 1927). These
take photos as they come, one by one; `teacher.evaluation.frame` resamples patients and knows of groups.
"""

import numpy as np

from runtime.bundle.load import Figure
from teacher.evaluation import weighted
from teacher.evaluation.resampling import Z95, draws, figure_of, wilson


def auc_figure(labels: np.ndarray, scores: np.ndarray) -> Figure:
    """Area under the ROC curve. labels: bool [N]; scores: float [N], higher for positives."""
    return figure_of(weighted.auc(labels, scores, draws(np.arange(len(labels)))), len(labels))


def macro_auc_figure(labels: np.ndarray, probabilities: np.ndarray) -> Figure:
    """One-vs-rest AUC averaged over the classes that occur. labels: int [N]; probabilities: [N, C]."""
    return figure_of(weighted.macro_auc(labels, probabilities, draws(np.arange(len(labels)))), len(labels))


def rate_figure(successes: int, count: int) -> Figure:
    """A share with its Wilson interval; a share of nothing is NaN."""
    share = successes / count if count else float("nan")
    low, high = wilson(share, count)
    return Figure(value=share, low=low, high=high, n=count)


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
    once = np.ones((1, len(labels)))
    found = float(weighted.sensitivity_at(labels, scores, once, specificity=specificity)[0])
    count = int(labels.sum())
    return rate_figure(0 if np.isnan(found) else round(found * count), count)
