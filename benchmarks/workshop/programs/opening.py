"""Open a data root as one step of `benchmarks memory`, and say as JSON what it cost: the step's `Cost`.

    python -m benchmarks.workshop.programs.opening STEP ROOT CACHE SIZE

A program of its own, because a peak can only be taken of a whole process.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from runtime.measure.machine import peak_bytes
from teacher.data.dataset import DataOptions, Dataset, open_dataset
from teacher.data.splits import Part

FIRST = "first"
STEPS = {
    FIRST: "first opening: decode, split",
    "again": "opening again",
    "plain": "the same, and all photos once in batches",
    "views": "the same, and a view of each training photo",
}
BATCH = 64


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one process."""

    before: int
    """bytes resident at their peak before the data was opened: Python and what it imported"""
    peak: int
    """bytes resident at their peak in all"""
    seconds: float
    """wall time from there on"""


def cost_of(step: str, options: DataOptions) -> Cost:
    """What one step costs in this process."""
    use = _use_of(step)
    before, began = peak_bytes() or 0, time.perf_counter()
    use(open_dataset(options))
    return Cost(before=before, peak=peak_bytes() or 0, seconds=time.perf_counter() - began)


def _use_of(step: str) -> Callable[[Dataset], None]:
    if step in (FIRST, "again"):
        return lambda _: None
    from teacher.data.batches import ViewPlan, view_batches  # torch, which opening does without

    def use(dataset: Dataset) -> None:
        everyone, train = np.arange(len(dataset.samples)), dataset.part(Part.TRAIN)
        plan = ViewPlan(everyone) if step == "plain" else ViewPlan(train, np.arange(len(train), dtype=np.int64))
        for _ in view_batches(dataset, plan, size=dataset.pixels.shape[1], batch_size=BATCH):
            pass

    return use


if __name__ == "__main__":
    step, root, cache, size = sys.argv[1:]
    print(json.dumps(asdict(cost_of(step, DataOptions(root=Path(root), cache=Path(cache), image_size=int(size))))))
