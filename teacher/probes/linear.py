"""Logistic regression for both targets, the majority as its simplest case, and a teacher's own heads read as one."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from safetensors.numpy import load_file, save_file
from scipy.special import softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from runtime.conditions import CONDITIONS
from runtime.files import written_whole
from teacher.probes.examples import Examples, shares

STRENGTHS = (0.0003, 0.003, 0.03)
"""Candidates for scikit-learn's C on standardised features, from strong to weak; the validation part chooses. Of
1,280 features and some thousand images larger ones repeat the training labels."""

STEPS = 300
"""Of the solver, for each candidate; what has not settled by then is overfitting."""

ABSENT = -30.0
"""Logit of a condition that no training image has: a probability of 1e-13, and still a number."""


@dataclass(frozen=True, kw_only=True)
class Linear:
    """weights: float32 [11, D]; bias: float32 [11]: malignancy first, then the ten conditions."""

    weights: np.ndarray
    bias: np.ndarray

    def malignancy_logits(self, features: np.ndarray) -> np.ndarray:
        """features: [N, D] -> float32 [N]"""
        return features @ self.weights[0] + self.bias[0]

    def condition_logits(self, features: np.ndarray) -> np.ndarray:
        """features: [N, D] -> float32 [N, 10]"""
        return features @ self.weights[1:].T + self.bias[1:]

    def save(self, folder: Path, stem: str) -> None:
        """One safetensors file. Raises OSError."""
        with written_whole(folder / f"{stem}.safetensors") as partial:
            save_file({"weights": self.weights, "bias": self.bias}, partial)

    @classmethod
    def load(cls, folder: Path, stem: str) -> Self:
        """What `save` wrote."""
        return cls(**load_file(folder / f"{stem}.safetensors"))


def fit_majority(learn: Examples, validation: Examples) -> Linear:
    """The frequencies of the training images, whatever is shown: what any other classifier has to beat."""
    even = np.ones(len(learn.malignant))
    benign, malignant = shares(learn.malignant.astype(int), even, range(2))
    found = shares(learn.conditions, even, range(len(CONDITIONS)))
    bias = np.concatenate([[np.log(malignant / benign)], np.log(np.maximum(found, np.exp(ABSENT)))])
    weights = np.zeros((len(bias), learn.features.shape[1]), dtype=np.float32)
    return Linear(weights=weights, bias=bias.astype(np.float32))


def fit_logistic(learn: Examples, validation: Examples) -> Linear:
    """Both targets on standardised features, which are folded into the weights; validation chooses the penalty."""
    mean, scale = learn.features.mean(axis=0), learn.features.std(axis=0) + 1e-6
    rows, watched = (learn.features - mean) / scale, (validation.features - mean) / scale
    kinds = learn.malignant.astype(int), validation.malignant.astype(int)
    malignancy = _regression(rows, kinds[0], learn.weights, watched, kinds[1])
    conditions = _regression(rows, learn.conditions, learn.weights, watched, validation.conditions)
    weights, bias = np.zeros((1 + len(CONDITIONS), rows.shape[1])), np.full(1 + len(CONDITIONS), ABSENT)
    weights[0], bias[0] = malignancy.weights[1] - malignancy.weights[0], malignancy.bias[1] - malignancy.bias[0]
    weights[1 + conditions.classes], bias[1 + conditions.classes] = conditions.weights, conditions.bias
    weights /= scale
    bias -= weights @ mean
    return Linear(weights=weights.astype(np.float32), bias=bias.astype(np.float32))


class _Fit(NamedTuple):
    """classes: int [C], those that occur; weights: float [C, D]; bias: float [C]."""

    classes: np.ndarray
    weights: np.ndarray
    bias: np.ndarray

    def loss(self, features: np.ndarray, labels: np.ndarray) -> float:
        """Log loss on images of the classes that it knows; 0 where there are none."""
        known = np.isin(labels, self.classes)
        if not known.any():
            return 0.0
        probabilities = softmax(features[known] @ self.weights.T + self.bias, axis=1)
        return float(log_loss(labels[known], probabilities, labels=self.classes))


def _regression(
    features: np.ndarray, labels: np.ndarray, weights: np.ndarray, watched: np.ndarray, watched_labels: np.ndarray
) -> _Fit:
    """The penalty whose probabilities are best on the watched images; each fit begins where the one before ended."""
    model, fits = LogisticRegression(max_iter=STEPS, warm_start=True), []
    for strength in STRENGTHS:
        model.set_params(C=strength)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(features, labels, sample_weight=weights)
        fits.append(_fit(np.array(model.classes_), np.array(model.coef_), np.array(model.intercept_)))
    return min(fits, key=lambda fit: fit.loss(watched, watched_labels))


def _fit(classes: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> _Fit:
    """scikit-learn keeps only the second of two classes: the first is the zero that it is measured from."""
    if len(classes) == 2:
        weights, bias = np.vstack([0 * weights, weights]), np.concatenate([0 * bias, bias])
    return _Fit(classes, weights, bias)
