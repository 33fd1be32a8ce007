"""`benchmarks leak`: what knows a group again looks better by images than by groups, what does not looks the same."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_desk import typed

from benchmarks.measures.trust.leak import audit, colours_and_edges


def pairs(*, known: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """200 lesions in two photos each whose features say `known` of which lesion it is, and nothing of its label."""
    rng = np.random.default_rng(seed)
    lesions = np.repeat(rng.normal(size=(200, 300)), 2, axis=0)
    features = known * lesions + rng.normal(size=lesions.shape)
    return features, np.repeat(rng.random(200) < 0.5, 2), np.repeat(np.arange(200), 2)


def test_features_that_know_a_lesion_again_leak() -> None:
    found = audit("pairs", *pairs(known=3.0), seeds=2)
    assert found.leak.low > 0.1
    assert found.grouped.low < 0.5 < found.grouped.high
    assert found.leak.value == pytest.approx(found.random.value - found.grouped.value)
    assert (found.photos, found.groups, len(found.by_seed)) == (400, 200, 2)


def test_features_that_know_nothing_do_not_leak() -> None:
    found = audit("pairs", *pairs(known=0.0), seeds=2)
    assert found.leak.low < 0.02
    assert abs(found.leak.value) < 0.1


def test_colours_and_edges_tell_photos_apart_and_are_few() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.integers(0, 256, (2, 50, 50, 3), dtype=np.uint8)
    assert colours_and_edges(one).shape == (240,)
    assert not np.allclose(colours_and_edges(one), colours_and_edges(other))


def test_the_command_audits_the_drawings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "leak.json"
    places = ("--cache", tmp_path / "cache", "--out", out)
    said = typed("benchmarks", "leak", *places, "--image-size", 32, "--count", 200, "--seeds", 1, capsys=capsys)
    assert said.code == 0, said.err
    (found,) = json.loads(out.read_text())["audited"]
    assert found["photos"] <= 200
    assert found["random"]["low"] <= found["random"]["value"] <= found["random"]["high"]
    assert "by groups" in said.out
