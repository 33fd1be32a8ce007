"""What a training can have on top, a compiled step and figures for TensorBoard, or one line why it cannot."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from command_desk import typed
from plugin_training import SIZE, SMALL_STUDENT

from distill.checks import refuse_unfit
from distill.config import TrainConfig
from distill.evaluate import predict
from distill.loop import tensorboard
from distill.run import create_run
from distill.student import StudentError, load_student
from distill.trainer import train
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.soft_labels import SoftLabels


def test_nothing_is_compiled_without_a_compiler(small_config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise RuntimeError("No working C++ compiler found in torch._inductor.config.cpp.cxx: (None, 'g++')\nand more")

    monkeypatch.setattr(torch, "compile", none)
    refuse_unfit(small_config)
    with pytest.raises(
        StudentError, match=r"--compile: nothing can be compiled here \(No working .* leave --compile out"
    ):
        refuse_unfit(replace(small_config, compile=True))


@pytest.mark.slow
def test_a_compiled_student_learns_what_a_plain_one_does(
    tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    refuse_unfit(replace(small_config, compile=True))
    said = []
    for compiled in (False, True):
        config = replace(small_config, epochs=1, compile=compiled)
        run = create_run(tmp_path, config, name=f"compiled-{compiled}")
        train(run, config, small_data, small_labels)
        said.append(predict(load_student(run), small_data, small_data.part(Part.VALIDATION)).malignancy)
    assert said[1] == pytest.approx(said[0], abs=2e-3)


def test_tensorboard_that_is_not_there_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tensorboard, "find_spec", lambda _: None)
    said = typed("distill", "train", "--tensorboard", "--runs", tmp_path, capsys=capsys)
    assert said.code == 1
    assert "--tensorboard: it is not installed; uv sync --group tensorboard" in said.error
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(importlib.util.find_spec("tensorboard") is None, reason="needs the extra `tensorboard`")
def test_tensorboard_has_the_figures_of_each_epoch(
    tmp_path: Path, small_data: Dataset, small_labels: SoftLabels, capsys: pytest.CaptureFixture[str]
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    asked = (
        *(
            "--student",
            SMALL_STUDENT,
            "--image-size",
            SIZE,
            "--synthetic-count",
            200,
            "--epochs",
            2,
            "--train-size",
            32,
        ),
        *("--teacher-epochs", 1, "--teacher-lr", 0.001, "--views", 2, "--cache", small_data.folder.parent),
    )
    said = typed("distill", "train", *asked, "--runs", tmp_path, "--name", "one", "--tensorboard", capsys=capsys)
    assert said.code == 0, said.err
    events = EventAccumulator(str(tmp_path / "one" / "tensorboard"))
    events.Reload()
    for name in ("loss", "malignancy_auc", "student_malignancy_auc", "teacher_malignancy_auc", "images_per_second"):
        assert [one.step for one in events.Scalars(name)] == [1, 2], name
    losses = [float(row.split(",")[1]) for row in (tmp_path / "one" / "history.csv").read_text().splitlines()[1:]]
    assert [one.value for one in events.Scalars("loss")] == pytest.approx(losses)
