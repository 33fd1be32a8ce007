"""How frequent malignancy is where a model learned, and what its logits mean where it is used.

Saerens, Latinne and Decaestecker: Adjusting the outputs of a classifier to new a priori probabilities. Neural
Computation 14 (2002). It holds where benign and malignant lesions each look the same in both places and only their
shares differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from teacher.data.dataset import Dataset
from teacher.data.sample import DataError, Domain


@dataclass(frozen=True, kw_only=True)
class Prior:
    """The share of malignant photos, and how many it rests on."""

    malignant: int
    photos: int

    @property
    def share(self) -> float:
        """0 to 1."""
        return self.malignant / self.photos


@dataclass(frozen=True, kw_only=True)
class Priors:
    """Of all photos asked for, and of each domain that occurs among them."""

    overall: Prior
    by_domain: Mapping[Domain, Prior]


def priors(dataset: Dataset, indices: np.ndarray) -> Priors:
    """The shares among some samples, such as `dataset.part(Part.TRAIN)`. Raises DataError where there are none."""
    if len(indices) == 0:
        raise DataError("no photos to take the share of malignant ones from")
    domains = np.array([dataset.samples[index].domain for index in indices])
    there = [domain for domain in Domain if (domains == domain).any()]
    return Priors(
        overall=_prior(dataset, indices),
        by_domain={domain: _prior(dataset, indices[domains == domain]) for domain in there},
    )


def shifted_logit[L: (float, np.ndarray)](logit: L, *, from_prior: float, to_prior: float) -> L:
    """The logit of malignancy where its share is `to_prior`, from one made where it was `from_prior`.

    Adds the difference of the two log odds. Raises DataError where a prior is not strictly between 0 and 1.
    """
    return logit + (_log_odds(to_prior) - _log_odds(from_prior))


def _prior(dataset: Dataset, indices: np.ndarray) -> Prior:
    return Prior(malignant=int(dataset.malignant(indices).sum()), photos=len(indices))


def _log_odds(prior: float) -> float:
    if not 0 < prior < 1:
        raise DataError(f"a share of malignant lesions of {prior} is not between 0 and 1; neither end can be a prior")
    return float(np.log(prior) - np.log1p(-prior))
