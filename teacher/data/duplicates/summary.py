"""What a search found, in figures: pairs and lesions by datasets, and where the labels do not agree."""

from collections.abc import Mapping, Sequence

from scipy.cluster.hierarchy import DisjointSet

from teacher.data.duplicates.table import Duplicate
from teacher.data.sample import Sample

HEADER = ("datasets", "same lesion", "lesions", "condition equal", "condition differs", "in doubt")


def by_name(samples: Sequence[Sample]) -> dict[tuple[str, str], Sample]:
    """Samples by dataset and image id."""
    return {(sample.dataset, sample.image_id): sample for sample in samples}


def summary(duplicates: Sequence[Duplicate], samples: Mapping[tuple[str, str], Sample]) -> list[tuple[str, ...]]:
    """The rows under HEADER, one per pair of datasets that has any."""
    of_pair: dict[str, list[Duplicate]] = {}
    for one in duplicates:
        of_pair.setdefault(" x ".join(sorted((one.first[0], one.second[0]))), []).append(one)
    rows = []
    for name, found in sorted(of_pair.items()):
        same = [one for one in found if one.same]
        ends = [(samples[one.first[:2]], samples[one.second[:2]]) for one in same]
        equal = sum(left.condition == right.condition for left, right in ends)
        lesions = DisjointSet([end.group_id for pair in ends for end in pair])
        for left, right in ends:
            lesions.merge(left.group_id, right.group_id)
        counts = (len(same), lesions.n_subsets, equal, len(same) - equal, len(found) - len(same))
        rows.append((name, *(f"{count:,}" for count in counts)))
    return rows


def contradictions(duplicates: Sequence[Duplicate], samples: Mapping[tuple[str, str], Sample]) -> list[str]:
    """A line for each pair of one lesion whose labels are two conditions."""
    lines = []
    for one in duplicates:
        left, right = samples[one.first[:2]], samples[one.second[:2]]
        if one.same and left.condition != right.condition:
            said = f"{left.key} is {left.condition}, {right.key} is {right.condition}"
            lines.append(f"{said} ({one.matches} matches)")
    return lines
