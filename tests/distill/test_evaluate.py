"""`python -m distill evaluate`: a run in, the same figures as a bundle's out."""

import json
from pathlib import Path

import numpy as np
import pytest
from command_desk import Said, typed
from safetensors.torch import save_file

from distill.config import TrainConfig
from distill.evaluate import JudgedStudent, open_student, predict, stored_teacher
from distill.run import create_run
from distill.student import WEIGHTS_NAME, Student, load_student
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.evaluation.judged import judge, open_judged
from teacher.evaluation.predictions import read_table
from teacher.evaluation.teachers import JudgedTeacher
from teacher.soft_labels import REPORT_NAME, SoftLabels, soft_labels_folder


@pytest.fixture
def run(small_config: TrainConfig, tmp_path: Path) -> Path:
    """A finished run whose student has learned nothing yet."""
    folder = create_run(tmp_path, small_config, name="one")
    save_file(Student(small_config.student_spec).state_dict(), folder / WEIGHTS_NAME)
    return folder


def evaluate(*arguments: object, capsys: pytest.CaptureFixture[str]) -> Said:
    return typed("distill", "evaluate", *arguments, capsys=capsys)


def test_a_student_answers_as_where_it_was_trained(run: Path, small_data: Dataset) -> None:
    indices = small_data.part(Part.VALIDATION)
    said = judge(open_student(run), small_data, indices)
    logits = predict(load_student(run), small_data, indices)
    assert said.malignancy == pytest.approx(1 / (1 + np.exp(-logits.malignancy.astype(float))), abs=1e-6)
    assert said.conditions.argmax(axis=1).tolist() == logits.conditions.argmax(axis=1).tolist()
    assert said.conditions.sum(axis=1) == pytest.approx(np.ones(len(indices)))
    assert said.tiers is None


def test_the_teacher_stands_beside_where_it_had_not_seen_the_photos(
    run: Path,
    small_data: Dataset,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    count = len(small_data.part(Part.TRAIN))
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(count, 2)).astype(np.float32), rng.normal(size=(count, 2, 10)).astype(np.float32)
    labels = SoftLabels(np.zeros((count, 2), np.int64), *logits)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / REPORT_NAME).write_text("{}")
    monkeypatch.setattr("distill.evaluate.soft_labels_folder", lambda *_: tmp_path / "labels")
    monkeypatch.setattr("distill.evaluate.ensure_soft_labels", lambda *_: labels)
    folder = tmp_path / "report"
    said = evaluate(run, "--part", "train", "--count", 40, "--report", folder, capsys=capsys)
    assert said.code == 0, said.err
    figures = json.loads((folder / "figures.json").read_text())
    beside = figures["beside"]["its teacher"]
    assert {"auc", "condition_macro_auc"} <= set(beside) == set(figures["as_labelled"]["overall"])
    assert "its teacher" in (folder / "report.md").read_text()
    told = stored_teacher(run, small_data, Part.TRAIN)["its teacher"]
    assert told.malignancy == pytest.approx(1 / (1 + np.exp(-labels.malignancy.mean(axis=1).astype(float))))


def test_of_other_photos_all_folds_speak(
    run: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels, tmp_path: Path
) -> None:
    """What stands beside a student is what the stored teacher says when it is judged itself."""
    told = stored_teacher(run, small_data, Part.TEST)["its teacher"]
    judged = open_judged(str(soft_labels_folder(small_data, small_config.teacher)))
    assert isinstance(judged, JudgedTeacher)
    indices = small_data.part(Part.TEST)
    said = judge(judged, small_data, indices)
    assert said.names == told.names
    assert said.malignancy == pytest.approx(told.malignancy, abs=1e-6)
    # of photos that it learned from, the fold speaks that did not: as good as on any other, not perfect
    train = small_data.part(Part.TRAIN)
    alone = judge(judged, small_data, train[:20])
    assert np.abs(alone.malignancy - small_labels_of(small_labels)[:20]).mean() < 0.25


def small_labels_of(labels: SoftLabels) -> np.ndarray:
    return 1 / (1 + np.exp(-labels.malignancy.mean(axis=1).astype(float)))


def test_a_student_can_be_distorted_and_has_no_tiers(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "report"
    said = evaluate(run, "--robustness", "--distorted", 3, "--report", folder, capsys=capsys)
    assert said.code == 0, said.err
    distortions = json.loads((folder / "figures.json").read_text())["distortions"]
    assert len(distortions) == 15
    assert all(one["refused"] is None for one in distortions)
    assert all(one["change"]["tier_changed"] is None for one in distortions[1:])
    assert read_table(folder / "predictions.csv").tiers is None


def test_other_photos_than_those_of_the_run(run: Path, ham_root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = evaluate(run, "--data", ham_root, capsys=capsys)
    assert said.code == 0, said.err
    assert "dermoscopic" in said.out


def test_what_is_no_finished_run_is_one_line(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "not a run folder" in evaluate(tmp_path, capsys=capsys).error
    (run / WEIGHTS_NAME).unlink()
    assert "unfinished run" in evaluate(run, capsys=capsys).error


def test_what_is_judged_tells_its_size(run: Path, small_config: TrainConfig) -> None:
    judged = open_student(run)
    assert isinstance(judged, JudgedStudent)
    assert (judged.title, judged.size) == ("one", small_config.student_spec.image_size)
