"""Everything that is measured of one model on one part: what pages, tables and files are made of."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass
from typing import Any

import numpy as np

from runtime.bundle.load import Figure
from teacher.console import progress
from teacher.data.dataset import Dataset
from teacher.evaluation.frame import Estimate, MetricFrame, equalised_odds, frame, measure
from teacher.evaluation.groups import GROUPINGS, Groups, groups_of
from teacher.evaluation.metrics import About, Cases, Metric, cases_of, metrics_for
from teacher.evaluation.predictions import Predictions
from teacher.evaluation.resampling import draws
from teacher.evaluation.robustness import Stood
from teacher.evaluation.weighted import Weights

ODDS = (("at the threshold", "sensitivity", "specificity"), ("by tier", "malignant_not_low", "benign_low"))
"""Whose gaps are equalised odds: who is found, and who is spared a false alarm."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One way to count malignant: every figure, and every figure over every grouping."""

    cases: Cases
    overall: Mapping[str, Estimate]
    """by metric"""
    frames: Mapping[str, Mapping[str, MetricFrame]]
    """by grouping, then by metric"""

    def odds(self, grouping: str) -> dict[str, Figure | None]:
        """Equalised-odds gaps over a grouping, by how yes or no is said."""
        own = self.frames[grouping]
        return {
            how: equalised_odds(own[found], own[spared]) for how, found, spared in ODDS if {found, spared} <= own.keys()
        }


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One model on one part."""

    title: str
    part: str
    dataset: Dataset
    indices: np.ndarray
    """of the samples that were judged"""
    groups: Mapping[str, Groups]
    as_labelled: Side
    keratosis_benign: Side
    """figures of malignancy and tiers alone: conditions do not change"""
    stood: tuple[Stood, ...] = ()
    beside: Mapping[str, Mapping[str, Estimate]] | None = None
    """figures of other models on the same photos, by title: a student's teacher, say"""

    @property
    def said(self) -> Predictions:
        return self.as_labelled.cases.said

    @property
    def patients(self) -> int:
        """Or lesions."""
        return len(np.unique(self.dataset.groups[self.indices]))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON: every figure, and every one by group, too few included and marked."""
        return {
            "judged": self.title,
            "part": self.part,
            "photos": len(self.indices),
            "patients_or_lesions": self.patients,
            "threshold": self.as_labelled.cases.threshold,
            "as_labelled": _side_dict(self.as_labelled),
            "actinic_keratosis_benign": _side_dict(self.keratosis_benign),
            "beside": {title: _figures_dict(found) for title, found in (self.beside or {}).items()},
            "distortions": [_stood_dict(one) for one in self.stood],
        }


def evaluate(
    dataset: Dataset,
    indices: np.ndarray,
    said: Predictions,
    *,
    title: str,
    part: str,
    threshold: float,
    beside: Mapping[str, Predictions] | None = None,
) -> Evaluation:
    """Measure what was said of some samples. `said`, and each of `beside`, in the order of `indices`."""
    cases = cases_of(dataset, indices, said, threshold=threshold)
    samples = [dataset.samples[index] for index in indices]
    groups = {name: groups_of(grouping, samples) for name, grouping in GROUPINGS.items()}
    patients = dataset.groups[indices]
    weights = draws(patients)
    every = metrics_for(said)
    changing = [one for one in every if one.about is not About.CONDITIONS]
    with progress("Measuring", (len(every) + len(changing)) * (1 + len(groups))) as advance:
        sides = [
            _side(own, metrics, groups, weights, patients, advance=lambda: advance(""))
            for own, metrics in ((cases, every), (cases.keratosis_benign(), changing))
        ]
    others = {
        name: _overall(cases_of(dataset, indices, one, threshold=threshold), every, weights, patients)
        for name, one in (beside or {}).items()
    }
    return Evaluation(
        title=title,
        part=part,
        dataset=dataset,
        indices=indices,
        groups=groups,
        as_labelled=sides[0],
        keratosis_benign=sides[1],
        beside=others or None,
    )


def _side(
    cases: Cases,
    metrics: Sequence[Metric],
    groups: Mapping[str, Groups],
    weights: Weights,
    patients: np.ndarray,
    *,
    advance: Callable[[], None],
) -> Side:
    overall: dict[str, Estimate] = {}
    frames: dict[str, dict[str, MetricFrame]] = {name: {} for name in groups}
    for metric in metrics:
        values, overall[metric.name] = measure(metric, cases, weights, patients)
        advance()
        for name, own in groups.items():
            frames[name][metric.name] = frame(metric, cases, own, weights, patients, whole=values)
            advance()
    return Side(cases=cases, overall=overall, frames=frames)


def _overall(cases: Cases, metrics: Sequence[Metric], weights: Weights, patients: np.ndarray) -> dict[str, Estimate]:
    able = {one.name for one in metrics_for(cases.said)}
    return {one.name: measure(one, cases, weights, patients)[1] for one in metrics if one.name in able}


def _side_dict(side: Side) -> dict[str, Any]:
    return {
        "overall": _figures_dict(side.overall),
        "by": {grouping: _frames_dict(frames) for grouping, frames in side.frames.items()},
        "equalised_odds": {grouping: _plain(side.odds(grouping)) for grouping in side.frames},
    }


def _frames_dict(frames: Mapping[str, MetricFrame]) -> dict[str, Any]:
    return {
        name: {
            "groups": _figures_dict(one.by_group),
            "difference": _plain(one.difference),
            "ratio": _plain(one.ratio),
        }
        for name, one in frames.items()
    }


def _figures_dict(found: Mapping[str, Estimate]) -> dict[str, Any]:
    return {name: _plain(one) for name, one in found.items()}


def _stood_dict(one: Stood) -> dict[str, Any]:
    plain = {field.name: getattr(one, field.name) for field in fields(one) if field.name != "distortion"}
    return {"distortion": one.distortion.name, **{name: _plain(value) for name, value in plain.items()}}


def _plain(value: Any) -> Any:
    """Dataclasses as mappings, NaN as null: JSON knows none."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return _plain(asdict(value))
    return None if isinstance(value, float) and math.isnan(value) else value
