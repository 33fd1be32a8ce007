"""`python -m teacher embed`: the rows of a frozen encoder for a data root, made once."""

import time
from collections.abc import Sequence

import numpy as np
import typer

from teacher.console import progress
from teacher.data.cache import clear_errors
from teacher.data.dataset import DataOptions, Dataset, open_dataset
from teacher.data.splits import Part
from teacher.data.views import ViewConfig
from teacher.embeddings.embed import batches_left, fill, images_of
from teacher.embeddings.embedder import Embedder, batch_size_of, embedder_of
from teacher.embeddings.keys import Key, plain_keys, view_keys
from teacher.embeddings.options import Wanted
from teacher.embeddings.store import EmbeddingStore
from teacher.embeddings.subset import chosen
from teacher.models.compute import this_compute
from teacher.models.config import EncoderChoice

FOLDER_NAME = "embeddings"
"""In the folder of what is derived from a data root."""


def embed(options: DataOptions, encoder: EncoderChoice, wanted: Wanted, parts: Sequence[Part] | None) -> None:
    """Store a frozen encoder's embeddings of every image; what is stored is not computed again."""
    dataset = opened_by_all(options)
    started = time.monotonic()
    embedder = embedder_of(encoder, precision=wanted.embed_precision)
    indices = chosen(dataset, parts=parts, limit=wanted.limit)
    plain, new = ensure_rows(dataset, embedder, plain_keys(dataset, indices), title="Embedding images")
    lines = [f"{len(indices):,} images as they are: {plain.folder}"]
    if wanted.views:
        learn = chosen(dataset, parts={Part.TRAIN} & set(parts or Part), limit=wanted.limit)
        keys = view_keys(dataset, learn, seed=options.seed, views=wanted.views)
        seen, more = ensure_rows(dataset, embedder, keys, view=wanted.view, title="Embedding views")
        new += more
        lines.append(f"{len(learn):,} training images x {wanted.views} views: {seen.folder}")
    if this_compute().first:
        seconds = time.monotonic() - started
        speed = f", {new / seconds:.1f} a second with loading and writing" if new else ""
        typer.echo("\n".join([*lines, f"{new:,} rows new{speed}"]))


def opened_by_all(options: DataOptions) -> Dataset:
    """The data root; where several processes ask, the first decodes and splits, and the others read what it left."""
    compute = this_compute()
    if compute.first:
        dataset = open_dataset(options)
        compute.wait()
        return dataset
    compute.wait()
    return open_dataset(options)


def ensure_rows(
    dataset: Dataset, embedder: Embedder, keys: Sequence[Key], *, title: str, view: ViewConfig | None = None
) -> tuple[EmbeddingStore, int]:
    """The store that holds a row of every key, and how many of them were computed now.

    view: of seeded views; None for plain ones. Raises DataError where the disk refuses.
    """
    space = embedder.space(dataset.pixels.shape[1])
    store = EmbeddingStore(dataset.folder / FOLDER_NAME, space if view is None else space.of_views(view))
    if not store.missing(keys):
        return store, 0
    batch_size = batch_size_of(embedder)
    images = images_of(dataset, store.missing(keys), size=embedder.size, view=view)
    steps = batches_left(store, keys, embedder, batch_size=batch_size)
    with clear_errors(store.folder):
        if not embedder.compute.first:
            return store, fill(store, keys, images, embedder, batch_size=batch_size)
        with progress(title, steps) as advance:
            return store, fill(store, keys, images, embedder, batch_size=batch_size, advance=advance)


def rows_of(dataset: Dataset, embedder: Embedder, indices: np.ndarray, *, title: str) -> np.ndarray:
    """Embeddings of images as they are, float32 [N, D], computed where they are missing."""
    keys = plain_keys(dataset, indices)
    return ensure_rows(dataset, embedder, keys, title=title)[0].rows(keys)
