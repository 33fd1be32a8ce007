"""Learning from stored labels beside learning with the teacher at work."""

import json
from pathlib import Path

import pytest

from benchmarks.measures.training_cost.online import Found, Options, measure


def test_labels_are_paid_for_once_and_the_teacher_at_work_every_epoch() -> None:
    found = Found(online=(0.3, 0.1, 0.2), stored=(0.05, 0.1, 0.04), label=0.1)
    assert found.ratio == pytest.approx(4)
    online, stored = found.bill(epochs=10, views=5)
    assert online == pytest.approx(2.0)
    assert stored == pytest.approx(10 * 0.05 + 5 * 0.1)


@pytest.mark.slow
def test_both_ways_learn_from_the_same_pictures(tmp_path: Path) -> None:
    options = Options(
        teacher="test_vit",
        student="mobilenetv3_small_050",
        size=64,
        count=200,
        views=2,
        rounds=1,
        workers=0,
        out=tmp_path / "online.json",
    )
    outcome = measure(options)
    outcome.deliver()
    found = json.loads((tmp_path / "online.json").read_text())
    assert found["images"] > 100
    assert len(found["online"]) == len(found["stored"]) == 1
    assert found["ratio"] == pytest.approx(found["online"][0] / found["stored"][0])
    assert [row[0] for row in outcome.tables[0].rows] == [
        "timm, teacher at work",
        "from stored labels",
        "making the labels",
    ]
