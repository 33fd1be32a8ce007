"""`python -m export all`, as a user types it."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import save_file

from distill.config import TrainConfig
from distill.run import METRICS_NAME, create_run, open_run_data
from distill.student import WEIGHTS_NAME, Student, student_spec
from export.bundle.build import Built
from export.bundle.formats import FORMATS
from export.cli import main
from runtime.files import write_json
from teacher.data.dataset import DataOptions, Dataset
from teacher.models.config import TeacherConfig


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["export", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    code = caught.value.code
    return code if isinstance(code, int) else 0 if code is None else 1


def test_formats_lists_all_six_files(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "formats") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [kind.label for kind in FORMATS] == [
        "onnx int8", "onnx fp32", "tflite int8", "tflite fp32", "coreml fp16", "coreml int8"
    ]  # fmt: skip
    for kind in FORMATS:
        assert any(kind.label in line and kind.file_name in line for line in lines)


def test_no_run_and_an_unfinished_run_are_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(monkeypatch, "all", "--runs", str(tmp_path)) == 1
    assert "no finished run" in capsys.readouterr().err
    (tmp_path / "half").mkdir()
    (tmp_path / "half" / "config.json").write_text("{}")
    assert run(monkeypatch, "all", "--run", str(tmp_path / "half")) == 1
    error = capsys.readouterr().err
    assert "unfinished run" in error
    assert "Traceback" not in error


def test_an_unknown_precision_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "all", "--precisions", "int8,int4") == 1
    assert "--precisions int8,int4: choose from int8, fp32, fp16" in capsys.readouterr().err
    assert run(monkeypatch, "coreml", "--precisions", "fp32") == 1
    assert "--formats coreml --precisions fp32: no such file" in capsys.readouterr().err
    assert run(monkeypatch, "all", "--formats", "onnx,torchscript") == 1
    assert "--formats onnx,torchscript: choose from onnx, tflite, coreml" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["all", "calibrate"])
@pytest.mark.parametrize("share", ["0", "1", "10", "nan"])
def test_a_prevalence_that_is_no_share_is_said(
    command: str, share: str, built: Built, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = [str(built.folder)] if command == "calibrate" else []
    assert run(monkeypatch, command, *bundle, "--run", str(built.folder), "--prevalence", share) == 1
    error = capsys.readouterr().err
    assert f"--prevalence {float(share)}: give the share of malignant lesions in use, between 0 and 1" in error
    assert "Traceback" not in error


@pytest.fixture(scope="module")
def finished_run(make_student: Callable[[str, Dataset], Student], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on the embedded synthetic data, its student fitted in a second instead of trained."""
    folder = tmp_path_factory.mktemp("export-run")
    config = TrainConfig(
        student="test_efficientnet",
        student_spec=student_spec("test_efficientnet", image_size=64, drop_rate=0.0),
        data=DataOptions(image_size=64, cache=folder / "cache", synthetic_count=250),
        teacher=TeacherConfig(),
    )
    path = create_run(folder / "runs", config, name="drawn")
    student = make_student("test_efficientnet", open_run_data(path))
    save_file(student.state_dict(), path / WEIGHTS_NAME)
    write_json(path / METRICS_NAME, {})
    return path


@pytest.mark.slow
def test_a_failed_gate_exits_with_its_words_and_nothing_written(
    finished_run: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    impossible = ("--onnx-recipe", "u8", "--min-tier-agreement", "1.1", "--name", "x")
    assert run(monkeypatch, "onnx", "--run", str(finished_run), *impossible) == 1
    error = capfd.readouterr().err
    assert "onnx int8 fails its gate" in error
    assert "the limit is at least 1.1" in error
    assert "worst photo" in error
    assert "Traceback" not in error
    assert not list(tmp_path.rglob("*.onnx"))
