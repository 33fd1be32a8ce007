"""Batches of views as tensors, made ahead by threads while the model computes."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from teacher.data.dataset import Dataset
from teacher.data.views import ViewConfig, make_view, plain_view

AHEAD = 2
"""Batches in the making beyond one for each worker: none stands idle, and they stay small in memory."""


@dataclass(frozen=True)
class ViewPlan:
    """Which image, seen how."""

    indices: np.ndarray
    """int64 [N]"""
    seeds: np.ndarray | None = None
    """int64 [N], or None for views without augmentation"""
    config: ViewConfig = field(default_factory=ViewConfig)
    """of the views: for stored seeds, what they were drawn with"""

    def __len__(self) -> int:
        return len(self.indices)

    def slices(self, batch_size: int) -> list["ViewPlan"]:
        starts = range(0, len(self), batch_size)
        return [self.slice(slice(start, start + batch_size)) for start in starts]

    def slice(self, part: slice | np.ndarray) -> "ViewPlan":
        """These places of it."""
        return ViewPlan(self.indices[part], None if self.seeds is None else self.seeds[part], self.config)


def view_batches(dataset: Dataset, plan: ViewPlan, *, size: int, batch_size: int) -> Iterator[Tensor]:
    """The planned views in order: uint8 (B, 3, size, size)."""
    return planned_batches(dataset, plan.slices(batch_size), size=size)


def planned_batches(dataset: Dataset, plans: Sequence[ViewPlan], *, size: int) -> Iterator[Tensor]:
    """One batch a plan, in order: uint8 (B, 3, size, size); made by as many threads as there are cores.

    Seeded views are cut from the larger squares; those without augmentation are what the device sees.
    """
    seeded = [plan.indices for plan in plans if plan.seeds is not None]
    large = dataset.squares_for_views(np.concatenate(seeded)) if seeded else dataset.square
    waiting: deque = deque()
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for part in plans:
            square = dataset.square if part.seeds is None else large
            waiting.append(pool.submit(planned_views, dataset, square, part, size))
            if len(waiting) > workers + AHEAD:
                yield waiting.popleft().result()
                dataset.let_go()  # or every pass would hold all squares at its end
        while waiting:
            yield waiting.popleft().result()


def batch_count(count: int, batch_size: int) -> int:
    """How many batches hold `count` rows, the last one less than full."""
    return -(-count // batch_size)


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """uint8 (B, 3, S, S) -> float32, (x / 255 - mean) / std, channels last, on the device of the images."""
    scaled = images.to(torch.float32).div_(255)
    shape = (1, 3, 1, 1)
    centre, spread = (torch.tensor(values, device=images.device).view(shape) for values in (mean, std))
    normal = scaled.sub_(centre).div_(spread)
    return normal.contiguous(memory_format=torch.channels_last)


def view_seed(seed: int, index: int, view: int) -> int:
    """A 63-bit seed for one view of one image, independent of every other."""
    return int(np.random.SeedSequence((seed, index, view)).generate_state(1, np.uint64)[0] >> 1)


def seeds_of_views(contents: Sequence[str], *, seed: int, views: int) -> np.ndarray:
    """int64 [N, K], of the K views of each of N images: by what it holds, so that no order or selection moves one.

    contents: hexadecimal digits each, as `Dataset.contents`.
    """
    numbers = [int(content, 16) for content in contents]
    seeds = [view_seed(seed, number, k) for number in numbers for k in range(views)]
    return np.array(seeds, dtype=np.int64).reshape(len(numbers), views)


def planned_views(dataset: Dataset, square: Callable[[int], np.ndarray], part: ViewPlan, size: int) -> Tensor:
    """The planned views of one batch, cut from what `square` has of each sample: uint8 (B, 3, size, size)."""
    if part.seeds is None:
        views = [plain_view(square(index), size=size) for index in part.indices]
    else:
        pairs = zip(part.indices, part.seeds, strict=True)
        views = [
            make_view(
                square(index),
                domain=dataset.samples[index].domain,
                seed=int(seed),
                size=size,
                config=part.config,
            )
            for index, seed in pairs
        ]
    if not views:  # another process's share of a short batch is all of it
        return torch.zeros(0, 3, size, size, dtype=torch.uint8)
    return torch.from_numpy(np.stack(views)).permute(0, 3, 1, 2)
