"""`python -m teacher embed`: rows of real encoders, made once, by one process or two."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from command_desk import Said, typed
from safetensors.numpy import load_file

from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.data.views import ViewConfig, make_view
from teacher.embeddings.command import ensure_rows, rows_of
from teacher.embeddings.embedder import embedder_of, weights_digest
from teacher.embeddings.keys import plain_keys, view_keys
from teacher.embeddings.subset import chosen
from teacher.models.config import EncoderChoice
from teacher.soft_labels import view_seeds

SMALL = EncoderChoice(name="timm:test_efficientnet", image_size=64)
WORDS = ("--teacher", SMALL.name, "--teacher-size", 64, "--image-size", 64, "--synthetic-count", 200)


def embed(cache: Path, *more: object, capsys: pytest.CaptureFixture[str]) -> Said:
    return typed("teacher", "embed", "--cache", cache, *WORDS, *more, capsys=capsys)


def test_rows_are_made_once_and_told(small_data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = embed(tmp_path, "--part", "validation", "--part", "train", "--views", 2, capsys=capsys)
    assert first.code == 0, first.err
    train, validation = len(small_data.part(Part.TRAIN)), len(small_data.part(Part.VALIDATION))
    assert f"{train + validation} images as they are" in first.out
    assert f"{train} training images x 2 views" in first.out
    assert f"{3 * train + validation} rows new" in first.out
    assert re.search(r"done in .* images/s", first.err)
    again = embed(tmp_path, "--views", 2, capsys=capsys)
    assert f"{len(small_data.samples) - train - validation} rows new" in again.out
    assert "0 rows new" in embed(tmp_path, "--views", 1, capsys=capsys).out


def test_folded_or_not_a_row_is_the_same_models(small_data: Dataset) -> None:
    """So that a store of before goes on: the space is one, and the rows differ by less than is promised."""
    folded, plain = embedder_of(SMALL), embedder_of(SMALL, fold=False)
    assert folded.network is not plain.network
    assert folded.space(64) == plain.space(64)
    images = torch.from_numpy(np.stack([small_data.square(index) for index in range(16)])).permute(0, 3, 1, 2)
    wanted = plain(images)
    np.testing.assert_allclose(folded(images), wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())


def test_other_weights_have_rows_of_their_own(small_data: Dataset) -> None:
    """A changed file of weights under the same name never answers with the rows of before."""
    indices = small_data.part(Part.VALIDATION)
    embedder = embedder_of(SMALL)
    before = rows_of(small_data, embedder, indices, title="before")
    for weights in embedder.network.parameters():
        weights.data.mul_(1.01)

    changed = replace(embedder, model=weights_digest(SMALL.name, embedder.network.state_dict()))
    after = rows_of(small_data, changed, indices, title="after")
    assert not np.allclose(before, after)
    np.testing.assert_array_equal(rows_of(small_data, embedder_of(SMALL), indices, title="before"), before)


def test_views_are_those_of_the_soft_labels(small_data: Dataset, small_config) -> None:
    train = small_data.part(Part.TRAIN)[:5]
    seeds = view_seeds(small_data, small_config.teacher)[:5]
    keys = view_keys(small_data, train, seed=small_config.teacher.seed, views=small_config.teacher.views)
    assert [key.seed for key in keys] == seeds.reshape(-1).tolist()


def test_rows_are_the_encoders_words_on_the_view(small_data: Dataset) -> None:
    embedder, index = embedder_of(SMALL), int(small_data.part(Part.TRAIN)[0])
    keys = view_keys(small_data, np.array([index]), seed=0, views=2)
    store, _ = ensure_rows(small_data, embedder, keys, view=ViewConfig(), title="views")
    sample, square = small_data.samples[index], small_data.squares_for_views(np.array([index]))
    for key, row in zip(keys, store.rows(keys), strict=True):
        view = make_view(square(index), domain=sample.domain, seed=key.seed, size=64)
        alone = embedder(torch.from_numpy(view).permute(2, 0, 1)[None])[0]
        np.testing.assert_allclose(row, alone, rtol=2**-10, atol=1e-6)


def test_a_limit_chooses_the_same_images_everywhere_and_all_kinds(small_data: Dataset) -> None:
    some, more = chosen(small_data, limit=60), chosen(small_data, limit=120)
    assert set(some) <= set(more)
    assert 60 <= len(some) < len(more) < len(small_data.samples)
    train = chosen(small_data, parts=[Part.TRAIN], limit=60)
    assert set(train) == set(some) & set(small_data.part(Part.TRAIN))
    assert set(small_data.conditions(some)) == set(small_data.conditions(np.arange(len(small_data.samples))))
    assert len(chosen(small_data)) == len(small_data.samples)


def test_a_teacher_that_cannot_be_had_is_one_line(small_data: Dataset, capsys: pytest.CaptureFixture[str]) -> None:
    said = embed(small_data.folder.parent, "--teacher", "timm:nonsense", capsys=capsys)
    assert said.code == 1
    assert "nonsense" in said.error


@pytest.mark.slow
def test_two_processes_give_the_rows_of_one(
    small_data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """To the bit, as each row is computed alone with the same kernels; 1e-5 is what is promised."""
    launched = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m", "teacher"]
    options = ["embed", "--cache", tmp_path, *WORDS]
    done = subprocess.run([*launched, *map(str, options)], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("rows new") == 1, "one process speaks"
    shards = [load_file(path) for path in tmp_path.glob("*/embeddings/*/*.safetensors")]
    found = {keys.tobytes(): row for shard in shards for keys, row in zip(shard["keys"], shard["rows"], strict=True)}
    assert len(found) == sum(len(shard["keys"]) for shard in shards), "no row twice"
    embedder, everything = embedder_of(SMALL), np.arange(len(small_data.samples))
    keys = plain_keys(small_data, everything)
    alone = dict(zip(keys, rows_of(small_data, embedder, everything, title="one process"), strict=True))
    assert len(found) == len(alone)
    for key, row in alone.items():
        packed_key = bytes.fromhex(key.content) + b"-" + (-1).to_bytes(8, "big", signed=True)
        np.testing.assert_allclose(found[packed_key].astype(np.float32), row, atol=1e-5)
