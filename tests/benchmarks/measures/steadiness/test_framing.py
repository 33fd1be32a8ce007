"""How far tiers depend on the frame: counted as the answers themselves say, by the square alone and beside others."""

import json
import sys
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plugin_bundles import MakeBundle

from benchmarks.cli import main
from benchmarks.measures.steadiness.framing import Changed, measure_framing, measure_time, tally
from mobile_app.photo.darkroom import Photo
from runtime.assess import Triage
from runtime.triage import Tier


def photos(folder: Path, *, count: int = 2) -> list[Photo]:
    folder.mkdir()
    for seed in range(count):
        pixels = np.random.default_rng(seed).integers(30, 220, (300, 400, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{seed}.png")
    return [Photo(name=path.name, data=path.read_bytes()) for path in sorted(folder.iterdir())]


def test_moves_are_counted_by_where_they_lead() -> None:
    low, moderate, high, none = Tier.LOW, Tier.MODERATE, Tier.HIGH, Tier.CANNOT_ASSESS
    told = [(high, [high, low, none]), (moderate, [low, high]), (low, [low]), (none, [none, low])]
    assert tally("x", told) == Changed(
        answer="x", photos=4, moves=8, changed=5, photos_changed=3, between_tiers=3, to_low=2, high_to_low=1, low=1
    )


def test_every_pair_of_tiers_is_counted_once() -> None:
    told = [(framed, [moved]) for framed, moved in product(Tier, Tier)]
    found = tally("x", told)
    assert (found.moves, found.changed, found.photos_changed) == (16, 12, 12)
    assert (found.between_tiers, found.to_low, found.high_to_low) == (6, 2, 1)


def test_a_model_that_says_one_thing_changes_nothing(tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    triage = Triage.load(tiny_bundle(tmp_path / "model"), threads=1)
    some = photos(tmp_path / "photos")
    for found in measure_framing(some, triage=triage):
        assert (found.photos, found.changed, found.high_to_low) == (2, 0, 0)
        assert found.moves > 0
    times = measure_time(some, triage=triage, repeats=1)
    assert times.photos == 2
    assert times.alone_ms > 0
    assert times.ratio > 0


def test_the_command_writes_both_answers(
    tiny_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle, out = tiny_bundle(tmp_path / "model"), tmp_path / "framing.json"
    photos(tmp_path / "photos")
    command = ["framing", "--photos", str(tmp_path / "photos"), "--bundle", str(bundle), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["benchmarks", *command, "--repeats", "1", "--timed", "1"])
    with pytest.raises(SystemExit) as done:
        main()
    assert not done.value.code
    assert [row["answer"] for row in json.loads(out.read_text())["framing"]] == ["square alone", "with its neighbours"]
    assert "photo to tier" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["benchmarks", "framing", "--photos", str(tmp_path / "nowhere")])
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 1
    assert "no folder with photos" in capsys.readouterr().err
