"""Which images an epoch draws: rare conditions more often, without bending what a logit means."""

from dataclasses import dataclass

import numpy as np

from runtime.conditions import CONDITIONS


@dataclass(frozen=True)
class Sampling:
    """Weights to draw by, and the shifts that keep logits at the data's own frequencies.

    A model trained on draws where class c has share q_c instead of its own share p_c would answer with the drawn
    frequencies. Adding log(q_c / p_c) to its logits inside the hard-label loss leaves the raw logits at p_c
    (logit adjustment, Menon et al. 2021, arXiv:2007.07314), so probabilities stay meaningful at any sampling power.
    """

    weights: np.ndarray
    """float64 [N], sums to 1"""
    malignancy_shift: float
    condition_shift: np.ndarray
    """float32 [10]; 0 for conditions that do not occur"""

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """Positions of one epoch: N draws with replacement, int64 [N]."""
        return rng.choice(len(self.weights), size=len(self.weights), p=self.weights)


def balanced_sampling(malignant: np.ndarray, conditions: np.ndarray, *, power: float) -> Sampling:
    """Weights proportional to (condition frequency) ** -power: 0 keeps the data's, 1 makes all conditions equal.

    malignant: bool [N]; conditions: int [N].
    """
    counts = np.bincount(conditions, minlength=len(CONDITIONS))
    weights = counts[conditions] ** -float(power)
    weights = weights / weights.sum()
    drawn = np.bincount(conditions, weights=weights, minlength=len(CONDITIONS))
    own = counts / counts.sum()
    shift = np.zeros(len(CONDITIONS), dtype=np.float32)
    present = counts > 0
    shift[present] = np.log(drawn[present] / own[present])
    return Sampling(weights, _odds_shift(malignant, weights), shift)


def _odds_shift(malignant: np.ndarray, weights: np.ndarray) -> float:
    own, drawn = malignant.mean(), weights[malignant].sum()
    if not 0 < own < 1:
        return 0.0
    return float(np.log(drawn / (1 - drawn)) - np.log(own / (1 - own)))
