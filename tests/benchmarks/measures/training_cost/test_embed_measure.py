"""`benchmarks embed`: both ways over the same photos, every stage with a cost, and one line where there are none."""

import json
from pathlib import Path

import pytest
from plugin_photos import draw

from benchmarks.measures.training_cost.embed import Options, measure
from benchmarks.outcome import BenchmarkError
from teacher.models.config import EncoderChoice


def test_both_ways_and_every_stage_are_told(tmp_path: Path) -> None:
    for index in range(20):
        draw(tmp_path / "photos" / f"{index}.png", index)
    encoder = EncoderChoice(name="timm:test_efficientnet", image_size=32)
    out = tmp_path / "embed.json"
    outcome = measure(Options(photos=tmp_path / "photos", encoder=encoder, count=16, square=32, rounds=2, out=out))
    outcome.deliver()
    found = json.loads(out.read_text())
    assert set(found["ways"]) == {"plain loop", "embedding step"}
    assert all(way["photos"] == 16 and len(way["wall"]) == 2 for way in found["ways"].values())
    assert len(found["ratios"]) == 2
    assert set(found["stages_milliseconds"]) == {"decode", "view", "forward, in batches", "forward, one alone", "write"}


def test_a_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BenchmarkError, match="no folder with photos"):
        measure(Options(photos=tmp_path / "none"))
