"""`python -m distill train`: from a data root to a finished run, and one line where there is nothing to go on with."""

import json
from pathlib import Path

import pytest
from command_desk import Said, typed
from plugin_training import SMALL_STUDENT

from distill.run import read_config


def train(tmp_path: Path, *more: object, capsys: pytest.CaptureFixture[str]) -> Said:
    places = ("--runs", tmp_path / "runs", "--cache", tmp_path / "cache")
    return typed("distill", "train", "--student", SMALL_STUDENT, *places, *more, capsys=capsys)


def test_one_command_from_photos_to_a_finished_run(
    ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = ("--epochs", 1, "--teacher-epochs", 1, "--views", 1, "--image-size", 32, "--seed", 3, "--soft-weight", 0.75)
    said = train(tmp_path, "--data", ham_root, "--name", "one", *short, capsys=capsys)
    assert said.code == 0, said.err
    run = tmp_path / "runs" / "one"
    for words in ("70 of 75 images found", "making them first", "malignancy AUC", f"export all --run {run}"):
        assert words in said.out.replace("\n", " "), words
    config, metrics = read_config(run), json.loads((run / "metrics.json").read_text())
    assert (config.epochs, config.seed, config.data.seed, config.loss.soft_weight) == (1, 3, 3, 0.75)
    assert config.student_spec.image_size == config.data.image_size == 32
    assert set(metrics) == {"epochs", "best_epoch", "validation", "test"}

    again = train(tmp_path, "--data", ham_root, "--name", "one", *short, capsys=capsys)
    assert again.code == 1
    assert "--resume" in again.error
    assert json.loads((run / "metrics.json").read_text()) == metrics

    finished = train(tmp_path, "--resume", "--name", "one", capsys=capsys)
    assert finished.code == 1
    assert "nothing to resume" in finished.error


def test_a_student_of_two_teachers(ham_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its run knows both, also when it is read again; a run of before, which knew one only, is read as ever."""
    short = ("--epochs", 1, "--teacher-epochs", 1, "--views", 1, "--image-size", 32, "--teacher-size", 32)
    both = ("--teacher", "tiny", "--teacher", "timm:test_efficientnet")
    said = train(tmp_path, "--data", ham_root, "--name", "two", *short, *both, capsys=capsys)
    assert said.code == 0, said.err
    for words in ("of teacher tiny, timm:test_efficientnet for this data yet", "the mean of these 2:"):
        assert words in said.out.replace("\n", " "), words
    run = tmp_path / "runs" / "two"
    config = read_config(run)
    assert [one.encoder.name for one in config.teacher.members] == ["tiny", "timm:test_efficientnet"]
    assert config.teacher.others[0].image_size == 32
    judged = typed("distill", "evaluate", run, capsys=capsys)
    assert judged.code == 0, judged.err
    assert "its teacher" in judged.out

    stored = json.loads((run / "config.json").read_text())
    del stored["teacher"]["others"]
    (run / "config.json").write_text(json.dumps(stored))
    assert read_config(run).teacher.others == ()


def test_there_must_be_a_run_to_resume(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = train(tmp_path, "--resume", capsys=capsys)
    assert said.code == 1
    assert "no unfinished run" in said.error


@pytest.mark.parametrize("content", ["{", "[]", '{"student": "x"}'])
def test_a_damaged_run_is_one_line(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "runs" / "old" / "config.json"
    config.parent.mkdir(parents=True)
    config.write_text(content)
    said = train(tmp_path, "--resume", "--name", "old", capsys=capsys)
    assert said.code == 1
    assert "not a configuration of this version" in said.error
    assert str(config) in said.error
