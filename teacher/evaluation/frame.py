"""Any figure over any grouping: overall, by group, how far groups differ, each with its interval.

After fairlearn's MetricFrame; the groups are resampled together, patient by patient, so that a difference between two
of them has an interval of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from runtime.bundle.load import Figure
from teacher.evaluation.groups import Groups
from teacher.evaluation.metrics import Cases, Metric, Needs, rests_on
from teacher.evaluation.resampling import figure_of, rate_of
from teacher.evaluation.weighted import Weights

FEWEST = 30
"""Patients or lesions below which a group is too few: a share of 29 has an interval of 0.3 and more."""

FEWEST_OF_A_KIND = 10
"""Of malignant and of benign ones each, where a figure compares the two."""

CHUNK = 4_000_000
"""Weights that a figure sees at once: with its own tables of float64, 200 MB."""

RAISED = 1e-12


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A figure of a group, and what it rests on."""

    figure: Figure | None
    """None where the figure cannot be had at all: an AUC without a malignant photo"""
    photos: int
    patients: int
    """or lesions, where no patient is known"""
    enough: bool
    """whether the figure may decide anything"""

    @property
    def shown(self) -> Figure | None:
        """The figure, where it may be shown."""
        return self.figure if self.enough else None


@dataclass(frozen=True, kw_only=True)
class MetricFrame:
    """One figure over one grouping. Values are kept raw, all else is derived."""

    metric: Metric
    names: tuple[str, ...]
    values: np.ndarray
    """float64 [1 + R, G]: of each group on the photos as they are, then on each resample"""
    whole: np.ndarray
    """float64 [1 + R]: of all photos together"""
    counts: tuple[tuple[int, int, bool], ...]
    """photos, patients and whether they are enough, of each group"""
    whole_count: tuple[int, int, bool]

    @cached_property
    def overall(self) -> Estimate:
        return _estimate(self.metric, self.whole, self.whole_count)

    @cached_property
    def by_group(self) -> Mapping[str, Estimate]:
        rows = zip(self.names, self.values.T, self.counts, strict=True)
        return {name: _estimate(self.metric, values, count) for name, values, count in rows}

    @property
    def compared(self) -> tuple[str, ...]:
        """The groups that have enough patients and a figure: only these differ from each other."""
        return tuple(name for name, one in self.by_group.items() if one.shown is not None)

    @cached_property
    def difference(self) -> Figure | None:
        """Largest less smallest of the groups compared; None of fewer than two.

        Never below 0, and of equal groups above it by chance: its lower end is what to look at.
        """
        return _gap(self.differences, self._photos_compared)

    @cached_property
    def ratio(self) -> Figure | None:
        """Smallest over largest of the groups compared."""
        if len(self.compared) < 2:
            return None
        smallest, largest = _extremes(self._compared_values)
        return _gap(smallest / np.where(largest > RAISED, largest, np.nan), self._photos_compared)

    @property
    def differences(self) -> np.ndarray | None:
        """[1 + R]"""
        if len(self.compared) < 2:
            return None
        smallest, largest = _extremes(self._compared_values)
        return largest - smallest

    @property
    def _compared_values(self) -> np.ndarray:
        return self.values[:, [self.names.index(name) for name in self.compared]]

    @property
    def _photos_compared(self) -> int:
        return sum(self.by_group[name].photos for name in self.compared)


def measure(metric: Metric, cases: Cases, weights: Weights, patients: np.ndarray) -> tuple[np.ndarray, Estimate]:
    """A figure of all photos: its values [1 + R] and what they come to.

    weights: from `teacher.evaluation.resampling.draws`; patients: [N], whom each photo is of.
    """
    values = _values(metric, cases, weights)
    return values, _estimate(metric, values, _count(metric, cases, patients))


def frame(
    metric: Metric,
    cases: Cases,
    groups: Groups,
    weights: Weights,
    patients: np.ndarray,
    *,
    whole: np.ndarray | None = None,
) -> MetricFrame:
    """A figure over a grouping; arguments as of `measure`, `groups` of the same photos.

    `whole`: the values of all photos, where `measure` gave them already.
    """
    taken = [cases.take(places) for places in groups.members]
    columns = [_values(metric, own, weights[:, places]) for own, places in zip(taken, groups.members, strict=True)]
    counts = [_count(metric, own, patients[places]) for own, places in zip(taken, groups.members, strict=True)]
    return MetricFrame(
        metric=metric,
        names=groups.names,
        values=np.stack(columns, axis=1) if columns else np.empty((len(weights), 0)),
        whole=_values(metric, cases, weights) if whole is None else whole,
        counts=tuple(counts),
        whole_count=_count(metric, cases, patients),
    )


def equalised_odds(found: MetricFrame, spared: MetricFrame) -> Figure | None:
    """The larger of the gaps in sensitivity and in false alarms (Hardt et al. 2016), both over one grouping.

    found: sensitivity; spared: specificity, of which a gap is that of false alarms. None where either cannot be had.
    """
    if found.differences is None or spared.differences is None:
        return None
    return _gap(np.maximum(found.differences, spared.differences), min(found._photos_compared, spared._photos_compared))


def _values(metric: Metric, cases: Cases, weights: Weights) -> np.ndarray:
    return np.concatenate([metric.compute(cases, chunk) for chunk in _chunks(weights)])


def _chunks(weights: Weights) -> Iterator[Weights]:
    rows = max(1, CHUNK // max(1, weights.shape[1]))
    for start in range(0, len(weights), rows):
        yield weights[start : start + rows]


def _estimate(metric: Metric, values: np.ndarray, count: tuple[int, int, bool]) -> Estimate:
    photos, patients, enough = count
    if np.isnan(values[0]):
        return Estimate(figure=None, photos=photos, patients=patients, enough=False)
    figure = rate_of(values, photos=photos, patients=patients) if metric.rate else figure_of(values, photos)
    return Estimate(figure=figure, photos=photos, patients=patients, enough=enough)


def _count(metric: Metric, cases: Cases, patients: np.ndarray) -> tuple[int, int, bool]:
    counted = rests_on(metric, cases)
    those = len(np.unique(patients[counted]))
    enough = those >= FEWEST
    if metric.needs is Needs.BOTH:
        kinds = (patients[cases.malignant], patients[~cases.malignant])
        enough = enough and min(len(np.unique(kind)) for kind in kinds) >= FEWEST_OF_A_KIND
    return int(counted.sum()), those, enough


def _extremes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest and largest of each row; NaN where a group has no value in it."""
    return values.min(axis=1), values.max(axis=1)


def _gap(values: np.ndarray | None, photos: int) -> Figure | None:
    return None if values is None or np.isnan(values[0]) else figure_of(values, photos)
