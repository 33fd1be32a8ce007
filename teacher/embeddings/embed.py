"""Filling a store: views are made and computed on every core at once, or made ahead while a GPU computes.

On a CPU each core takes a batch of its own from the pixels to the row, with single-threaded kernels: nobody waits for
the others within a layer, making views hides behind computing, and a row does not depend on how many cores there are.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from teacher.console import Advance
from teacher.data.batches import ViewPlan, batch_count, planned_views
from teacher.data.dataset import Dataset
from teacher.data.views import ViewConfig
from teacher.embeddings.embedder import Embedder
from teacher.embeddings.keys import Key
from teacher.embeddings.store import EmbeddingStore, shards_of

MAKERS = 8
"""Threads that make views for a GPU, at most: 200 views a second and core keep up with most of them."""

Images = Callable[[Sequence[Key]], Tensor]
"""The views of some keys, uint8 (B, 3, S, S)."""


def images_of(dataset: Dataset, keys: Sequence[Key], *, size: int, view: ViewConfig | None) -> Images:
    """How keys of one space, some of these, become pixels. view: of seeded views; None for plain ones."""
    place = {(content, ""): index for index, content in enumerate(dataset.contents)}
    if view is not None:
        pairs = enumerate(zip(dataset.contents, dataset.samples, strict=True))
        place = {(content, sample.domain.value): index for index, (content, sample) in pairs}
    asked = np.array(sorted({place[key.content, key.domain] for key in keys}), dtype=np.int64)
    square = dataset.square if view is None else dataset.squares_for_views(asked)

    def make(keys: Sequence[Key]) -> Tensor:
        indices = np.array([place[key.content, key.domain] for key in keys], dtype=np.int64)
        seeds = None if view is None else np.array([key.seed for key in keys], dtype=np.int64)
        return planned_views(dataset, square, ViewPlan(indices, seeds, view or ViewConfig()), size)

    return make


def batches_left(store: EmbeddingStore, keys: Sequence[Key], embedder: Embedder, *, batch_size: int) -> int:
    """Steps of progress that `fill` will take in this process."""
    return sum(batch_count(len(shard), batch_size) for shard in _own_shards(store, keys, embedder))


def fill(
    store: EmbeddingStore,
    keys: Sequence[Key],
    images: Images,
    embedder: Embedder,
    *,
    batch_size: int,
    advance: Advance = lambda _: None,
    workers: int | None = None,
) -> int:
    """Computes the rows that the store lacks, shard by shard; returns how many were computed by all processes.

    Each process takes every n-th shard and writes files of its own. `advance` is called once a batch. Raises
    TeacherError for rows that are not numbers, OSError from the disk.
    """
    left = len(store.missing(keys))
    if not left:
        return 0
    shards = _own_shards(store, keys, embedder)
    if embedder.compute.first:
        store.begin()
    embedder.compute.wait()
    with _cores_at_work(workers or _cores(embedder)) as pool:
        started, done = time.monotonic(), 0
        for shard, batches in _ahead(pool, shards, images, embedder, batch_size):
            rows = []
            for computed, count in batches:
                rows.append(computed()[:count])
                done += count
                speed = embedder.compute.processes * done / max(1e-9, time.monotonic() - started)
                advance(f"{speed:.1f} images/s")
            store.append(shard, np.concatenate(rows))
    embedder.compute.wait()
    store.reread()
    return left


def _own_shards(store: EmbeddingStore, keys: Sequence[Key], embedder: Embedder) -> list[Sequence[Key]]:
    compute = embedder.compute
    return shards_of(store.missing(keys))[compute.process :: compute.processes]


def _cores(embedder: Embedder) -> int:
    cores = os.cpu_count() or 1
    on_cpu = embedder.compute.device.type == "cpu"
    return max(1, cores // embedder.compute.processes) if on_cpu else min(MAKERS, max(2, cores - 1))


Batch = tuple[Callable[[], np.ndarray], int]
"""What gives the rows of a batch once they are computed, and how many of them are wanted."""


def _ahead(
    pool: ThreadPoolExecutor, shards: Sequence[Sequence[Key]], images: Images, embedder: Embedder, batch_size: int
) -> Iterator[tuple[Sequence[Key], list[Batch]]]:
    """Each shard with its batches; the next shard is in the making while one is waited for."""
    begun: deque[tuple[Sequence[Key], list[Batch]]] = deque()
    for shard in shards:
        parts = (shard[start : start + batch_size] for start in range(0, len(shard), batch_size))
        begun.append((shard, [_begun(pool, part, images, embedder, batch_size) for part in parts]))
        if len(begun) > 1:
            yield begun.popleft()
    while begun:
        yield begun.popleft()


def _begun(pool: ThreadPoolExecutor, keys: Sequence[Key], images: Images, embedder: Embedder, batch_size: int) -> Batch:
    """On a CPU a thread makes the views and computes; for a GPU it makes them, and who asks computes."""
    if embedder.compute.device.type == "cpu":
        return pool.submit(lambda: embedder(_padded(images(keys), batch_size))).result, len(keys)
    made = pool.submit(lambda: _padded(images(keys), batch_size))
    return (lambda: embedder(made.result())), len(keys)


@contextmanager
def _cores_at_work(workers: int) -> Iterator[ThreadPoolExecutor]:
    """Threads whose kernels are single-threaded, and nothing of them afterwards."""
    threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(max_workers=workers, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(threads)


def _padded(images: Tensor, count: int) -> Tensor:
    """As many views as every batch has: kernels choose by shape, and a row must not depend on who came with it."""
    missing = count - len(images)
    return images if missing <= 0 else torch.cat([images, images[:1].expand(missing, -1, -1, -1)])
