"""For whom: one function a grouping, from a sample to the group it belongs to.

A new grouping is one function with its line in GROUPINGS.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from runtime.conditions import CONDITIONS
from teacher.data.report.counts import words
from teacher.data.sample import Domain, Sample, ToneGroup

GroupOf = Callable[[Sample], str | None]
"""None: the sample belongs to no group, as its skin type is not known, say."""


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """A way to divide photos."""

    name: str
    title: str
    group_of: GroupOf
    order: tuple[str, ...] = ()
    """of its groups; without one that of the alphabet"""


def tone_group(sample: Sample) -> str | None:
    return None if sample.tone_group is None else sample.tone_group.value


def fitzpatrick(sample: Sample) -> str | None:
    return None if sample.fitzpatrick is None else _NUMERALS[sample.fitzpatrick - 1]


def domain(sample: Sample) -> str:
    return sample.domain.value


def dataset(sample: Sample) -> str:
    return sample.dataset


def dataset_and_domain(sample: Sample) -> str:
    return sample.dataset_and_domain


def condition(sample: Sample) -> str:
    return words(sample.condition)


_NUMERALS = ("I", "II", "III", "IV", "V", "VI")

GROUPINGS: dict[str, Grouping] = {
    one.name: one
    for one in (
        Grouping(name="domain", title="domain", group_of=domain, order=tuple(one.value for one in Domain)),
        Grouping(
            name="tone_group",
            title="tone group",
            group_of=tone_group,
            order=tuple(one.value for one in ToneGroup),
        ),
        Grouping(name="fitzpatrick", title="Fitzpatrick type", group_of=fitzpatrick, order=_NUMERALS),
        Grouping(name="dataset", title="dataset", group_of=dataset),
        Grouping(name="dataset_and_domain", title="dataset and domain", group_of=dataset_and_domain),
        Grouping(name="condition", title="condition", group_of=condition, order=tuple(map(words, CONDITIONS))),
    )
}
"""Every grouping by its name, in the order of pages."""


@dataclass(frozen=True, kw_only=True)
class Groups:
    """Which of some photos belong to which group."""

    grouping: Grouping
    names: tuple[str, ...]
    """those that occur, in order"""
    members: tuple[np.ndarray, ...]
    """of each group the places of its photos, int [M]"""

    @property
    def grouped(self) -> int:
        """Photos that belong to any."""
        return sum(map(len, self.members))


def groups_of(grouping: Grouping, samples: Sequence[Sample]) -> Groups:
    """The groups of a grouping that occur."""
    labels = [grouping.group_of(sample) for sample in samples]
    there = {label for label in labels if label is not None}
    names = [name for name in grouping.order if name in there] + sorted(there - set(grouping.order))
    places = {name: np.flatnonzero([label == name for label in labels]) for name in names}
    return Groups(grouping=grouping, names=tuple(names), members=tuple(places.values()))
