"""`benchmarks memory`: its records are a data root like any other, and each step says what it costs."""

import json
from pathlib import Path

import pytest
from command_desk import typed

from benchmarks.measures.training_cost.memory import SIDE, write_records
from benchmarks.workshop.programs.opening import STEPS, cost_of
from teacher.data.dataset import DataOptions, open_dataset
from teacher.data.splits import Part

COUNT = 240


def test_records_are_photos_that_all_differ(tmp_path: Path) -> None:
    write_records(tmp_path / "photos", COUNT, seed=0)
    dataset = open_dataset(DataOptions(root=tmp_path / "photos", cache=tmp_path / "cache", image_size=SIDE))
    assert len(dataset.samples) == COUNT == len(set(dataset.contents))
    assert len(set(dataset.groups)) == len({sample.group_id for sample in dataset.samples}), "no near-duplicates"
    assert all(len(dataset.part(part)) for part in Part)


def test_each_step_says_what_it_costs(tmp_path: Path) -> None:
    write_records(tmp_path / "photos", COUNT, seed=0)
    options = DataOptions(root=tmp_path / "photos", cache=tmp_path / "cache", image_size=SIDE)
    for step in STEPS:
        cost = cost_of(step, options)
        assert 0 < cost.before <= cost.peak
        assert cost.seconds > 0


@pytest.mark.slow
def test_the_last_line_is_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "memory.json"
    said = typed("benchmarks", "memory", "--records", COUNT, "--out", out, capsys=capsys)
    assert said.code == 0, said.err
    found = json.loads(said.out.splitlines()[-1])
    assert set(found[str(COUNT)]) == set(STEPS)
    assert json.loads(out.read_text()) == {"records": found}
