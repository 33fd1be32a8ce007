"""Calibration: temperatures inside the graph, operating points and novelty threshold per file.

All of it on the calibration part, which nothing else was chosen on.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logit

from export.evaluate import Outputs, Thresholds
from export.graph import Temperatures
from runtime.bundle import OperatingPoints
from teacher.metrics import rate_figure

MIN_CASES = 20
"""Malignant (and benign) photos below which no operating point is derived: 95% of fewer than 20 is none to spare."""

NOVELTY_REJECTION = 0.02
"""Share of ordinary photos that may be called unfamiliar."""

LEAST_PROBABILITY = 1e-7
"""Nearer to 0 or 1 than this, a float32 probability has lost its logit."""

SAME_TEMPERATURE = 0.005
"""Relative; changes a probability by less than 0.002 wherever it is."""

TEMPERATURE_BOUNDS = (0.05, 20.0)


@dataclass(frozen=True, kw_only=True)
class Targets:
    """What the operating points are to keep."""

    sensitivity: float = 0.95
    """share of cancers that reach `low`"""
    specificity: float = 0.95
    """share of benign lesions that stay below `high`"""


def can_calibrate(malignant: np.ndarray) -> bool:
    """Whether the calibration part holds enough of both kinds. malignant: bool [N]."""
    return min(int(malignant.sum()), int((~malignant).sum())) >= MIN_CASES


def fit_temperatures(
    malignancy_logits: np.ndarray, condition_logits: np.ndarray, *, malignant: np.ndarray, conditions: np.ndarray
) -> Temperatures:
    """One temperature per head, by the likelihood of the labels (Guo et al. 2017).

    malignancy_logits: [N]; condition_logits: [N, 10]; malignant: bool [N]; conditions: int [N].
    """
    two_classes = np.stack([np.zeros_like(malignancy_logits), malignancy_logits], axis=1)
    return Temperatures(
        malignancy=fit_temperature(two_classes, malignant.astype(np.int64)),
        conditions=fit_temperature(condition_logits, conditions),
    )


def recalibrated(
    outputs: Outputs, before: Temperatures, *, malignant: np.ndarray, conditions: np.ndarray
) -> Temperatures:
    """Temperatures for a file from its own probabilities, which came out with the temperatures `before`.

    A temperature within `SAME_TEMPERATURE` of the one before is kept: probabilities in float32 do not tell them apart.
    """
    scores = np.clip(outputs.malignancy.astype(np.float64), LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    shares = np.clip(outputs.conditions.astype(np.float64), LEAST_PROBABILITY, 1.0)
    fitted = fit_temperatures(
        before.malignancy * logit(scores),
        before.conditions * np.log(shares),  # logits but for a constant per photo, which softmax ignores
        malignant=malignant,
        conditions=conditions,
    )
    pairs = {name: (getattr(before, name), getattr(fitted, name)) for name in ("malignancy", "conditions")}
    return Temperatures(
        **{name: old if abs(new / old - 1) < SAME_TEMPERATURE else new for name, (old, new) in pairs.items()}
    )


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature with the least negative log-likelihood. logits: [N, C]; labels: int [N]."""
    rows, logits = np.arange(len(labels)), logits.astype(np.float64)

    def loss(log_temperature: float) -> float:
        return -float(log_softmax(logits / math.exp(log_temperature), axis=1)[rows, labels].mean())

    low, high = (math.log(bound) for bound in TEMPERATURE_BOUNDS)
    found: Any = minimize_scalar(loss, bounds=(low, high), method="bounded")
    return math.exp(float(found.x))


def thresholds(outputs: Outputs, malignant: np.ndarray, *, targets: Targets) -> Thresholds:
    """A file's operating points and novelty threshold, from its own outputs on the calibration part."""
    return Thresholds(
        points=operating_points(outputs.malignancy, malignant, targets=targets),
        novelty=novelty_threshold(outputs.novelty),
    )


def operating_points(scores: np.ndarray, malignant: np.ndarray, *, targets: Targets) -> OperatingPoints:
    """`low` misses at most the allowed cancers, `high` alarms at most the allowed benign lesions, and high >= low.

    With too few cases the defaults, marked as uncalibrated. scores: [N]; malignant: bool [N].
    """
    if not can_calibrate(malignant):
        return OperatingPoints()
    cancers, harmless = scores[malignant], scores[~malignant]
    low = lower_bound(cancers, share=targets.sensitivity)
    high = max(low, upper_bound(harmless, share=targets.specificity))
    return OperatingPoints(
        low=low,
        high=high,
        calibrated=True,
        target_sensitivity=targets.sensitivity,
        target_specificity=targets.specificity,
        sensitivity_at_low=rate_figure(int((cancers >= low).sum()), len(cancers)),
        specificity_at_high=rate_figure(int((harmless < high).sum()), len(harmless)),
    )


def lower_bound(scores: np.ndarray, *, share: float) -> float:
    """A threshold that a new score of this kind reaches with a chance of at least `share`.

    The k-th smallest of n scores is reached by a further one with chance (n + 1 - k) / (n + 1) (split conformal, Vovk
    2005), so k = floor((1 - share) (n + 1)); where n is too small for any k, zero, which every score reaches.
    """
    k = math.floor((1 - share) * (len(scores) + 1) + 1e-9)
    return float(np.sort(scores)[k - 1]) if k >= 1 else 0.0


def upper_bound(scores: np.ndarray, *, share: float) -> float:
    """A threshold that a new score of this kind stays below with a chance of at least `share`; at most 1."""
    k = math.ceil(share * (len(scores) + 1) - 1e-9)
    if k > len(scores):
        return 1.0
    return min(float(np.nextafter(np.sort(scores)[k - 1], np.inf)), 1.0)


def novelty_threshold(novelty: np.ndarray, *, rejection: float = NOVELTY_REJECTION) -> float | None:
    """What ordinary photos exceed with a chance of at most `rejection`; None without photos to tell by."""
    if not len(novelty):
        return None
    k = math.ceil((1 - rejection) * (len(novelty) + 1) - 1e-9)
    return float(np.sort(novelty)[min(k, len(novelty)) - 1])
