"""What an export shows where nobody watches a terminal."""

import io
import sys
from pathlib import Path

import pytest

from export.workshop.stages import LoggedStages, Stages, captured, live_stages


def logged() -> tuple[LoggedStages, io.StringIO, list[float]]:
    """Stages into a text, and a clock as a list of one number of seconds."""
    now, stream = [0.0], io.StringIO()
    return LoggedStages(stream, clock=lambda: now[0]), stream, now


def test_each_stage_is_said_with_the_recipes_that_it_tries() -> None:
    """A note belongs to the innermost stage, and to the outer one again when that has ended."""
    stages, stream, now = logged()
    with stages.stage("Converting to onnx int8"):
        stages.note("u8: 93.8% the same tier, 0.41 of FP32's latency")
        with stages.counted("Fine-tuning") as start:
            step = start(3)
            for _ in range(3):
                now[0] += 20
                step()
        stages.note("fine-tuned: 98.0% the same tier, 0.42 of FP32's latency")
    assert stream.getvalue().splitlines() == [
        "Converting to onnx int8: begins",
        "Converting to onnx int8: u8: 93.8% the same tier, 0.41 of FP32's latency",
        "Fine-tuning: begins, 3 steps",
        "Fine-tuning: 33% of 3, 0:40 left",
        "Fine-tuning: 66% of 3, 0:20 left",
        "Fine-tuning: done in 1:00",
        "Converting to onnx int8: fine-tuned: 98.0% the same tier, 0.42 of FP32's latency",
        "Converting to onnx int8: done in 1:00",
    ]


def test_a_stage_that_fails_is_not_called_done() -> None:
    stages, stream, _ = logged()
    with pytest.raises(ValueError, match="broken"), stages.stage("Converting"):
        raise ValueError("broken")
    stages.note("nobody's")
    assert stream.getvalue() == "Converting: begins\n"


def test_a_log_goes_on_while_a_converter_is_kept_quiet(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The converter's words go to its own log; ours to standard error, whole lines without control characters."""
    with live_stages() as stages, stages.stage("Converting"), captured(tmp_path / "converters.log"):
        print("chatter", file=sys.stderr)
        stages.note("u8: 99.0%")
    errors = capfd.readouterr().err
    assert errors.splitlines()[:2] == ["Converting: begins", "Converting: u8: 99.0%"]
    assert errors.replace("\n", "").isprintable()
    assert (tmp_path / "converters.log").read_text() == "chatter\n"


def test_silent_stages_say_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    stages = Stages.silent()
    with stages.stage("Converting", total=2) as step:
        step()
        stages.note("u8")
    with stages.counted("Fine-tuning") as start:
        start(2)()
    assert capfd.readouterr() == ("", "")
