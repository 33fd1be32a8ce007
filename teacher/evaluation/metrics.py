"""What is measured: one function a figure, each over many weightings of the same photos, all in one table.

A new figure is one function (cases, weights [R, N]) -> [R] with its line in METRICS. Every grouping, interval,
difference and page takes it from there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import Self

import numpy as np

from runtime.conditions import CONDITIONS, Condition
from runtime.triage import Tier
from teacher.data.dataset import Dataset
from teacher.evaluation import weighted
from teacher.evaluation.predictions import Predictions
from teacher.evaluation.weighted import Weights

THRESHOLD = 0.5
"""Of malignancy, for figures that need a yes or no, as in the reference work. Tiers have thresholds of their own."""

BINS = 15
"""Of the calibration error (Guo et al. 2017)."""


@dataclass(frozen=True, kw_only=True)
class Cases:
    """N photos: what each is, and what was said of it."""

    malignant: np.ndarray
    """bool [N]"""
    conditions: np.ndarray
    """int [N], positions in CONDITIONS"""
    said: Predictions
    threshold: float = THRESHOLD

    @property
    def flagged(self) -> np.ndarray:
        """bool [N]: called malignant at the threshold"""
        return self.said.malignancy >= self.threshold

    @property
    def likeliest(self) -> np.ndarray:
        """int [N]"""
        return self.said.conditions.argmax(axis=1)

    def take(self, places: np.ndarray) -> Self:
        """Some of the photos. places: int [M]."""
        return replace(
            self, malignant=self.malignant[places], conditions=self.conditions[places], said=self.said.take(places)
        )

    def keratosis_benign(self) -> Self:
        """The same with actinic keratosis counted as benign: on it the field has not agreed."""
        keratosis = self.conditions == CONDITIONS.index(Condition.ACTINIC_KERATOSIS)
        return replace(self, malignant=self.malignant & ~keratosis)


def cases_of(dataset: Dataset, indices: np.ndarray, said: Predictions, *, threshold: float = THRESHOLD) -> Cases:
    """The labels of some samples beside what was said of them, in the same order."""
    return Cases(
        malignant=dataset.malignant(indices), conditions=dataset.conditions(indices), said=said, threshold=threshold
    )


class Needs(StrEnum):
    """Which photos a figure rests on: how many there are decides whether it says anything."""

    ALL = "photos"
    BOTH = "malignant and benign photos"
    MALIGNANT = "malignant photos"
    BENIGN = "benign photos"


class About(StrEnum):
    """What a figure is about."""

    MALIGNANCY = "malignancy"
    CONDITIONS = "conditions"
    TIERS = "tiers"


Compute = Callable[[Cases, Weights], np.ndarray]


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A figure."""

    name: str
    title: str
    about: About
    needs: Needs
    compute: Compute
    """[R]"""
    rate: bool = False
    """a share of the photos that it needs"""
    best: float | None = 1.0
    """None where neither more nor less is better"""


METRICS: dict[str, Metric] = {}
"""Every figure by its name, in the order of pages."""


def metric(
    title: str, about: About, needs: Needs, *, name: str = "", rate: bool = False, best: float | None = 1.0
) -> Callable[[Compute], Compute]:
    """Puts a function into METRICS, under its own name where no other is given."""

    def register(compute: Compute) -> Compute:
        own = name or compute.__name__
        METRICS[own] = Metric(name=own, title=title, about=about, needs=needs, compute=compute, rate=rate, best=best)
        return compute

    return register


@metric("AUC", About.MALIGNANCY, Needs.BOTH)
def auc(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.auc(cases.malignant, cases.said.malignancy, weights)


@metric("partial AUC above 80% sensitivity, of 0.2", About.MALIGNANCY, Needs.BOTH, best=0.2)
def partial_auc_80(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.partial_auc(cases.malignant, cases.said.malignancy, weights, sensitivity=0.8)


def sensitivity_at(cases: Cases, weights: Weights, *, specificity: float) -> np.ndarray:
    return weighted.sensitivity_at(cases.malignant, cases.said.malignancy, weights, specificity=specificity)


def specificity_at(cases: Cases, weights: Weights, *, sensitivity: float) -> np.ndarray:
    return weighted.specificity_at(cases.malignant, cases.said.malignancy, weights, sensitivity=sensitivity)


for _percent in (80, 90):
    metric(
        f"sensitivity at {_percent}% specificity",
        About.MALIGNANCY,
        Needs.BOTH,
        name=f"sensitivity_at_specificity_{_percent}",
    )(partial(sensitivity_at, specificity=_percent / 100))
for _percent in (90, 95):
    metric(
        f"specificity at {_percent}% sensitivity",
        About.MALIGNANCY,
        Needs.BOTH,
        name=f"specificity_at_sensitivity_{_percent}",
    )(partial(specificity_at, sensitivity=_percent / 100))


@metric("accuracy", About.MALIGNANCY, Needs.ALL, rate=True)
def accuracy(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.share(cases.flagged == cases.malignant, _everybody(cases), weights)


@metric("balanced accuracy", About.MALIGNANCY, Needs.BOTH)
def balanced_accuracy(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.mean_of_known(weighted.recall_by_class(_two_by_two(cases, weights)))


@metric("F1, macro", About.MALIGNANCY, Needs.BOTH)
def f1_macro(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.mean_of_known(weighted.f1_by_class(_two_by_two(cases, weights)))


@metric("F1, malignant", About.MALIGNANCY, Needs.BOTH)
def f1_malignant(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.f1_by_class(_two_by_two(cases, weights))[:, 1]


@metric("sensitivity", About.MALIGNANCY, Needs.MALIGNANT, rate=True)
def sensitivity(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.share(cases.flagged, cases.malignant, weights)


@metric("specificity", About.MALIGNANCY, Needs.BENIGN, rate=True)
def specificity(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.share(~cases.flagged, ~cases.malignant, weights)


@metric("calibration error", About.MALIGNANCY, Needs.ALL, best=0.0)
def calibration_error(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.calibration_error(cases.malignant, cases.said.malignancy, weights, bins=BINS)


@metric("Brier score", About.MALIGNANCY, Needs.ALL, best=0.0)
def brier(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.share((cases.said.malignancy - cases.malignant) ** 2, _everybody(cases), weights)


@metric("accuracy of ten", About.CONDITIONS, Needs.ALL, rate=True)
def condition_accuracy(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.share(cases.likeliest == cases.conditions, _everybody(cases), weights)


@metric("balanced accuracy of ten", About.CONDITIONS, Needs.ALL)
def condition_balanced_accuracy(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.mean_of_known(weighted.recall_by_class(_ten_by_ten(cases, weights)))


@metric("F1 of ten, macro", About.CONDITIONS, Needs.ALL)
def condition_f1_macro(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.mean_of_known(weighted.f1_by_class(_ten_by_ten(cases, weights)))


@metric("macro-AUC of ten", About.CONDITIONS, Needs.ALL)
def condition_macro_auc(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.macro_auc(cases.conditions, cases.said.conditions, weights)


@metric("calibration error of ten", About.CONDITIONS, Needs.ALL, best=0.0)
def condition_calibration_error(cases: Cases, weights: Weights) -> np.ndarray:
    right = cases.likeliest == cases.conditions
    return weighted.calibration_error(right, cases.said.conditions.max(axis=1), weights, bins=BINS)


@metric("malignant, not told low", About.TIERS, Needs.MALIGNANT, rate=True)
def malignant_not_low(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.share(~_is(cases, Tier.LOW), cases.malignant, weights)


@metric("benign, told low", About.TIERS, Needs.BENIGN, rate=True)
def benign_low(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.share(_is(cases, Tier.LOW), ~cases.malignant, weights)


@metric("cannot be assessed", About.TIERS, Needs.ALL, rate=True, best=None)
def refused(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.share(_is(cases, Tier.CANNOT_ASSESS), _everybody(cases), weights)


def metrics_for(said: Predictions) -> tuple[Metric, ...]:
    """Those that these predictions can give: without tiers none of tiers."""
    return tuple(one for one in METRICS.values() if said.tiers is not None or one.about is not About.TIERS)


def rests_on(one: Metric, cases: Cases) -> np.ndarray:
    """bool [N]: the photos that count in a figure."""
    if one.needs is Needs.MALIGNANT:
        return cases.malignant
    return ~cases.malignant if one.needs is Needs.BENIGN else _everybody(cases)


def _everybody(cases: Cases) -> np.ndarray:
    return np.ones(len(cases.malignant), dtype=bool)


def _is(cases: Cases, tier: Tier) -> np.ndarray:
    return np.array([own is tier for own in cases.said.tiers or ()], dtype=bool)


def _two_by_two(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.confusion(cases.malignant.astype(int), cases.flagged.astype(int), weights, classes=2)


def _ten_by_ten(cases: Cases, weights: Weights) -> np.ndarray:
    return weighted.confusion(cases.conditions, cases.likeliest, weights, classes=len(CONDITIONS))
