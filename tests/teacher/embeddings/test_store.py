"""The store of embeddings: rows are found by key, whatever happened to tables, shards and processes in between."""

import os
import random
import signal
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from embedding_jobs import SPACE, faked_embedder, faked_images, faked_keys, fill_slowly
from hypothesis import given, settings
from hypothesis import strategies as st

from teacher.data.views import ViewConfig
from teacher.embeddings.embed import fill
from teacher.embeddings.embedder import largest_batch
from teacher.embeddings.keys import PLAIN, Key
from teacher.embeddings.store import SHARD_ROWS, EmbeddingStore
from teacher.models.config import TeacherError


def filled(folder: Path, keys: Sequence[Key], *, workers: int = 1) -> EmbeddingStore:
    store = EmbeddingStore(folder, SPACE)
    fill(store, keys, faked_images, faked_embedder(), batch_size=16, workers=workers)
    return store


def shards(store: EmbeddingStore) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.folder.glob("*.safetensors")}


@settings(max_examples=25)
@given(st.randoms(use_true_random=False), st.integers(1, 90), st.integers(0, 60), st.integers(0, 30))
def test_sorted_shortened_and_lengthened_tables_give_the_rows_of_an_empty_store(
    tmp_path_factory: pytest.TempPathFactory, rng: random.Random, count: int, dropped: int, added: int
) -> None:
    folder, keys = tmp_path_factory.mktemp("store"), faked_keys(count)
    rng.shuffle(keys)
    filled(folder / "old", keys)
    later = keys[min(dropped, count) :] + faked_keys(count + added)[count:]
    rng.shuffle(later)
    grown, fresh = filled(folder / "old", later), filled(folder / "new", sorted(later))
    np.testing.assert_array_equal(grown.rows(later), fresh.rows(later))
    assert grown.missing(keys) == []


def test_a_row_is_what_the_encoder_says_of_its_image_alone(tmp_path: Path) -> None:
    keys = faked_keys(40)
    rows = filled(tmp_path, keys).rows(keys)
    for key, row in zip(keys[:5], rows, strict=False):
        alone = faked_embedder()(faked_images([key]))[0]
        np.testing.assert_allclose(row, alone, rtol=2**-11)


def test_nothing_is_computed_twice(tmp_path: Path) -> None:
    keys = faked_keys(300)
    before = shards(filled(tmp_path, keys))
    store = EmbeddingStore(tmp_path, SPACE)
    assert fill(store, keys[::-1] * 2, faked_images, faked_embedder(), batch_size=16) == 0
    assert shards(store) == before


def test_any_number_of_workers_writes_the_same_bytes(tmp_path: Path) -> None:
    keys = faked_keys(300)
    assert shards(filled(tmp_path / "1", keys)) == shards(filled(tmp_path / "3", keys, workers=3))


@pytest.mark.parametrize(
    "other",
    [
        replace(SPACE, model="1" * 16),
        replace(SPACE, size=SPACE.size + 1),
        replace(SPACE, square=SPACE.square + 1),
        replace(SPACE, mean=(0.4, 0.5, 0.5)),
        replace(SPACE, std=(0.4, 0.5, 0.5)),
        replace(SPACE, decoding="another"),
        replace(SPACE, precision="bfloat16"),
        SPACE.of_views(ViewConfig()),
        SPACE.of_views(ViewConfig(bridging=False)),
    ],
)
def test_rows_of_another_model_or_preprocessing_are_never_used(tmp_path: Path, other) -> None:
    keys = faked_keys(20)
    filled(tmp_path, keys)
    assert EmbeddingStore(tmp_path, other).missing(keys) == sorted(keys)
    with pytest.raises(TeacherError, match="no row"):
        EmbeddingStore(tmp_path, other).rows(keys)


def test_views_of_another_seed_or_domain_are_other_rows(tmp_path: Path) -> None:
    content = "ab" * 16
    keys = [
        Key(content, "", PLAIN),
        *(Key(content, domain, seed) for domain in ("clinical", "smartphone") for seed in (0, 1)),
    ]
    rows = filled(tmp_path, keys).rows(keys)
    assert len(np.unique(rows, axis=0)) == len(keys)


@pytest.mark.parametrize("harm", ["cut", "bit", "empty", "alien", "gone"])
def test_a_broken_shard_is_found_and_recomputed(tmp_path: Path, harm: str) -> None:
    keys = faked_keys(2 * SHARD_ROWS + 10)
    store = filled(tmp_path, keys)
    whole, rows = shards(store), store.rows(keys)
    name = sorted(whole)[1]
    content = {"cut": whole[name][:-7], "empty": b"", "alien": b"alien" * 100, "bit": _flipped(whole[name])}
    if harm == "gone":
        (store.folder / name).unlink()
    else:
        (store.folder / name).write_bytes(content[harm])
    again = EmbeddingStore(tmp_path, SPACE)
    assert 0 < len(again.missing(keys)) <= SHARD_ROWS
    healed = filled(tmp_path, keys)
    np.testing.assert_array_equal(healed.rows(keys), rows)
    assert shards(healed) == whole


def _flipped(content: bytes) -> bytes:
    changed = bytearray(content)
    changed[-5] ^= 1
    return bytes(changed)


def test_a_shard_that_goes_away_while_it_is_read_is_one_line(tmp_path: Path) -> None:
    keys = faked_keys(10)
    store = filled(tmp_path, keys)
    for path in store.folder.glob("*.safetensors"):
        path.unlink()
    with pytest.raises(TeacherError, match="went away"):
        store.rows(keys)


def test_what_is_no_number_is_refused_and_not_stored(tmp_path: Path) -> None:
    store, keys = EmbeddingStore(tmp_path, SPACE), faked_keys(2)
    store.begin()
    with pytest.raises(TeacherError, match=keys[1].content):
        store.append(keys, np.array([[1.0], [np.nan]], dtype=np.float32))
    assert shards(store) == {}


def test_values_beyond_half_precision_are_kept_whole(tmp_path: Path) -> None:
    store, keys = EmbeddingStore(tmp_path, SPACE), faked_keys(2)
    store.begin()
    rows = np.array([[1e6, 1.0001], [-3.5, 70000.0]], dtype=np.float32)
    store.append(keys, rows)
    np.testing.assert_array_equal(EmbeddingStore(tmp_path, SPACE).rows(keys), rows)


def test_half_precision_loses_at_most_a_two_thousandth(tmp_path: Path) -> None:
    store, keys = EmbeddingStore(tmp_path, SPACE), faked_keys(100)
    store.begin()
    rows = np.random.default_rng(0).normal(size=(100, 50)).astype(np.float32)
    store.append(keys, rows)
    np.testing.assert_allclose(store.rows(keys), rows, rtol=2**-11, atol=2**-25)


def test_reading_fifty_thousand_rows_takes_the_memory_of_a_few(tmp_path: Path) -> None:
    """Beyond the index, which holds keys and no rows."""
    store, keys, width = EmbeddingStore(tmp_path, SPACE), faked_keys(50_000), 64
    store.begin()
    for start in range(0, len(keys), 5000):
        store.append(keys[start : start + 5000], np.full((5000, width), start // 5000, dtype=np.float32))
    read = EmbeddingStore(tmp_path, SPACE)
    tracemalloc.start()
    try:
        total = sum(len(block) for block in read.blocks(keys))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == len(keys)
    assert peak < 0.5 * len(keys) * width * 4
    np.testing.assert_array_equal(read.rows(keys[::9999])[:, 0], [place // 5000 for place in range(0, 50_000, 9999)])


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_killed_at_any_point_it_ends_with_the_same_bytes(tmp_path: Path, seed: int) -> None:
    """kill -9 at a random point of the work; then the same command."""
    whole = shards(filled(tmp_path / "undisturbed", faked_keys(3000)))
    folder = tmp_path / "killed"
    child = subprocess.Popen(
        [sys.executable, "-c", f"import embedding_jobs; embedding_jobs.fill_slowly({str(folder)!r}, 3000)"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    for _ in range(random.Random(seed).randrange(1, 150)):  # it says a line for each of its 188 batches
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    left = len(EmbeddingStore(folder, SPACE).missing(faked_keys(3000)))
    assert 0 < left <= 3000
    resumed = filled(folder, faked_keys(3000))
    assert shards(resumed) == whole


def test_what_a_kill_left_half_written_goes_once_it_is_old(tmp_path: Path) -> None:
    store = filled(tmp_path, faked_keys(5))
    old, young = store.folder / "a.tmp", store.folder / "b.tmp"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (0, time.time() - 7200))
    filled(tmp_path, faked_keys(9))
    assert not old.exists()
    assert young.exists()


@given(st.integers(0, 300))
def test_the_batch_is_the_largest_that_memory_takes(room: int) -> None:
    def attempt(count: int) -> None:
        if count > room:
            raise torch.OutOfMemoryError

    found = largest_batch(attempt)
    assert found == max(1, 2 ** (min(room, SHARD_ROWS).bit_length() - 1)) if room else found == 1


def test_the_child_of_the_kill_test_writes_what_the_test_expects(tmp_path: Path) -> None:
    fill_slowly(str(tmp_path / "child"), 40)
    assert shards(EmbeddingStore(tmp_path / "child", SPACE)) == shards(filled(tmp_path / "own", faked_keys(40)))
