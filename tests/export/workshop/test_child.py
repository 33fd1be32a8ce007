"""Converters in a child process: what comes back, and what is said when a child fails or dies."""

import os
import signal
import stat
import sys
import tempfile
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch

from distill.student import Student
from export.onnx_file.module import EdgeModule, FeatureStatistics, PhotoStudent, Temperatures
from export.onnx_file.module_files import module_files, read_module
from export.workshop.child import ExportError, Workshop, measured, open_workshop


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def workshop(tmp_path: Path, temporary: Path) -> Workshop:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return Workshop(folder=scratch, log=tmp_path / "converters.log")


def _stand_in(folder: Path, script: str) -> str:
    """A program that takes the interpreter's place in the child."""
    path = folder / "stand-in"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.slow
def test_a_task_that_fails_is_named_with_its_last_words(workshop: Workshop) -> None:
    with pytest.raises(
        ExportError, match=r"tflite-fp32 failed with exit status 1 \(whole output: .*converters.log"
    ) as e:
        workshop.run("tflite-fp32", {"model.onnx": b"no model at all"})
    assert e.value.log
    assert "Error" in e.value.log[-1]


def test_a_child_that_is_killed_does_not_take_the_parent_along(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", _stand_in(tmp_path, "echo growing; kill -9 $$"))
    with pytest.raises(ExportError, match=r"coreml-fp16 was ended by signal 9 \(out of memory\?\)") as caught:
        workshop.run("coreml-fp16", {})
    assert caught.value.log == ("growing",)


def test_a_child_that_leaves_no_result_is_a_failure(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", _stand_in(tmp_path, "exit 0"))
    with pytest.raises(ExportError, match="coreml-fp16 left no result"):
        workshop.run("coreml-fp16", {})


def test_the_environment_of_a_child_is_its_own(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """What quietens TensorFlow-like libraries reaches the child and never this process."""
    script = 'echo 123456 > "$4/peak.txt"; printf "$TF_CPP_MIN_LOG_LEVEL" > "$4/result.bin"'
    monkeypatch.delenv("TF_CPP_MIN_LOG_LEVEL", raising=False)
    monkeypatch.setattr(sys, "executable", _stand_in(tmp_path, script))
    result, cost = workshop.run("coreml-fp16", {})
    assert result == b"3"
    assert cost.seconds > 0
    assert cost.peak_bytes == 123456
    assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ


def test_what_a_child_leaves_lying_goes_with_its_workshop(
    temporary: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = 'echo 1 > "$4/peak.txt"; touch "$4/result.bin" "$TMPDIR/left-over"'
    monkeypatch.setattr(sys, "executable", _stand_in(tmp_path, script))
    with open_workshop() as workshop:
        workshop.run("coreml-fp16", {})
        assert [path.name for path in temporary.rglob("left-over")] == ["left-over"]
    assert list(temporary.iterdir()) == []


def test_an_interruption_ends_the_child_too(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The signal comes to this process alone, as from a supervisor; the child would run for an hour."""
    script = f"echo $$ > {tmp_path}/child; kill -INT {os.getpid()}; exec sleep 3600"
    monkeypatch.setattr(sys, "executable", _stand_in(tmp_path, script))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            workshop.run("coreml-fp16", {})
    finally:
        signal.signal(signal.SIGINT, before)
    assert not psutil.pid_exists(int((tmp_path / "child").read_text()))


def test_no_temporary_folder_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    with pytest.raises(ExportError, match=r"no temporary folder .* TMPDIR"), open_workshop():
        pass


def test_a_log_that_cannot_be_kept_leaves_the_error_and_its_last_lines(
    workshop: Workshop, temporary: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", _stand_in(tmp_path, "echo no space left; exit 3"))
    temporary.rmdir()
    with pytest.raises(ExportError, match=r"^coreml-fp16 failed with exit status 3$") as caught:
        workshop.run("coreml-fp16", {})
    assert caught.value.log == ("no space left",)


def test_memory_is_measured_at_its_peak() -> None:
    with measured() as cost:
        before = cost().peak_bytes
        block = np.ones(30_000_000)
        block += 1
        del block
    assert before == 0
    assert cost().peak_bytes > 240_000_000
    assert cost().seconds > 0


def test_a_module_survives_the_journey_to_a_child(student: Student) -> None:
    width = student.malignancy_head.in_features
    statistics = FeatureStatistics(mean=torch.rand(width), components=torch.rand(3, width), usual=torch.tensor(1.5))
    module = EdgeModule(
        PhotoStudent(student.eval()), statistics=statistics, temperatures=Temperatures(malignancy=1.7, conditions=0.6)
    ).eval()
    image = torch.randint(0, 256, (2, 64, 64, 3), dtype=torch.uint8)
    again = read_module(module_files(module))
    with torch.inference_mode():
        for one, other in zip(module(image), again(image), strict=True):
            assert torch.equal(one, other)
    assert module_files(again) == module_files(module)
