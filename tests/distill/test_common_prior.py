"""`distill common-prior`: what a student says of a lesion because of where its photo comes from is taken out of it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from command_desk import typed
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from scipy.special import logit

from distill.common_prior import LEAST, RECORD_NAME, fitted, wanted_shifts, with_common_prior
from distill.config import TrainConfig
from distill.run import create_run
from distill.student import METRICS_NAME, WEIGHTS_NAME, Student, StudentError, load_student
from teacher.data.dataset import Dataset
from teacher.data.sample import Domain


def two_sources(data: Dataset) -> Dataset:
    """The same drawings, as if most malignant ones came from one clinic, with bright photos, and most others from
    another."""
    rng = np.random.default_rng(0)
    here = np.array([rng.random() < (0.7 if sample.malignant else 0.3) for sample in data.samples])
    samples = tuple(
        replace(sample, domain=Domain.CLINICAL if own else Domain.DERMOSCOPIC)
        for sample, own in zip(data.samples, here, strict=True)
    )
    pixels = np.where(here[data.rows, None, None, None], data.pixels // 2 + 128, data.pixels // 2)
    return replace(data, samples=samples, pixels=pixels)


def one_source(data: Dataset) -> Dataset:
    return replace(data, samples=tuple(replace(sample, domain=Domain.CLINICAL) for sample in data.samples))


@pytest.fixture
def student(small_config: TrainConfig) -> Student:
    torch.manual_seed(0)
    return Student(small_config.student_spec).eval()


@settings(max_examples=50, deadline=None)
@given(
    counts=st.lists(st.tuples(st.integers(LEAST, 400), st.integers(LEAST, 400)), min_size=1, max_size=4),
    few=st.tuples(st.integers(0, LEAST - 1), st.integers(0, 400)),
)
def test_each_source_is_moved_to_the_share_of_all(counts: list[tuple[int, int]], few: tuple[int, int]) -> None:
    every = [*counts, few]
    sources = np.array([str(place) for place, pair in enumerate(every) for _ in range(sum(pair))])
    malignant = np.array(
        [kind for pair in every for kind, count in zip((True, False), pair, strict=True) for _ in range(count)]
    )
    found = wanted_shifts(sources, malignant)
    for place, (ill, well) in enumerate(counts):
        assert logit(ill / (ill + well)) + found[str(place)] == pytest.approx(logit(malignant.mean()))
    assert found.get(str(len(counts)), 0.0) == 0.0  # too few to know its share


def test_the_map_gives_each_source_what_it_is_to_be_moved_by() -> None:
    rng = np.random.default_rng(0)
    own = rng.integers(0, 2, 2000)
    features = rng.normal(size=(2000, 20)) * 5
    features[:, 3] += 40 * own
    weights, offset = fitted(features, own.astype(str), {"1": -1.5, "0": 0.8})
    moved = features @ weights + offset
    assert moved[own == 1].mean() == pytest.approx(-1.5, abs=0.15)
    assert moved[own == 0].mean() == pytest.approx(0.8, abs=0.15)


def test_a_student_is_moved_by_source_and_by_nothing_else(
    student: Student, small_data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = two_sources(small_data)
    with pytest.raises(StudentError, match="no source has 50 malignant and 50 benign photos"):
        with_common_prior(student, data)
    monkeypatch.setattr("distill.common_prior.LEAST", 10)
    before = {name: value.clone() for name, value in student.state_dict().items()}
    moved = with_common_prior(student, data)
    assert {one.wanted > 0 for one in moved.values()} == {True, False}
    assert all(np.sign(one.mean) == np.sign(one.wanted) for one in moved.values())
    changed = {name for name, value in student.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"malignancy_head.weight", "malignancy_head.bias"}


def test_photos_of_one_source_are_refused(student: Student, small_data: Dataset) -> None:
    with pytest.raises(StudentError, match="photos of one source only"):
        with_common_prior(student, one_source(small_data))


def test_the_command_makes_a_run_beside_the_old_one(
    small_config: TrainConfig,
    small_data: Dataset,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = create_run(tmp_path, small_config, name="one")
    torch.manual_seed(0)
    save_file(Student(small_config.student_spec).state_dict(), run / WEIGHTS_NAME)
    (run / METRICS_NAME).write_text(json.dumps({"epochs": 3, "best_epoch": 2, "test": {}}))
    kept = (run / WEIGHTS_NAME).read_bytes()

    monkeypatch.setattr("distill.common_prior.open_run_data", lambda _: one_source(small_data))
    said = typed("distill", "common-prior", run, capsys=capfd)
    assert (said.code, [path.name for path in tmp_path.iterdir()]) == (1, ["one"])
    assert "one source only" in said.err
    assert "Traceback" not in said.err

    monkeypatch.setattr("distill.common_prior.open_run_data", lambda _: two_sources(small_data))
    monkeypatch.setattr("distill.common_prior.LEAST", 10)
    said = typed("distill", "common-prior", run, capsys=capfd)
    assert said.code == 0, said.err
    made = tmp_path / "one-common-prior"
    assert str(made) in said.out
    assert (run / WEIGHTS_NAME).read_bytes() == kept
    old, new = load_student(run), load_student(made)
    assert not torch.equal(old.malignancy_head.bias, new.malignancy_head.bias)
    metrics = json.loads((made / METRICS_NAME).read_text())
    assert metrics["best_epoch"] == 2
    assert "malignancy_auc" in metrics["test"]
    assert json.loads((made / RECORD_NAME).read_text())["of"] == "one"

    said = typed("distill", "common-prior", run, capsys=capfd)
    assert said.code == 1
    assert "exists; choose another --name" in said.err
