"""Which images of a data root are embedded: whole parts, or a fixed share of them that stands for the whole."""

import math
from collections.abc import Collection

import numpy as np

from teacher.data.dataset import Dataset
from teacher.data.splits import Part


def chosen(dataset: Dataset, *, parts: Collection[Part] | None = None, limit: int | None = None) -> np.ndarray:
    """Indices of the samples of some parts, or all, in their order, int64 [N].

    With a limit, about that many of them: the same share, rounded up, of each part x dataset x domain x condition, by
    the order of their contents. So the choice is the same in every command, whatever `parts`, and a smaller one lies
    within a larger one.
    """
    strata: dict[tuple[str, ...], list[int]] = {}
    for index, (sample, part) in enumerate(zip(dataset.samples, dataset.parts, strict=True)):
        name = (part.value, sample.dataset, sample.domain.value, sample.condition.value)
        strata.setdefault(name, []).append(index)
    share = 1.0 if limit is None else min(1.0, limit / len(dataset.samples))
    kept: list[int] = []
    for name, own in sorted(strata.items()):
        if parts is None or Part(name[0]) in parts:
            ranked = sorted(own, key=lambda index: (dataset.contents[index], index))
            kept += ranked[: math.ceil(share * len(ranked))]
    return np.array(sorted(kept), dtype=np.int64)
