"""What a log file is told of a long piece of work, and how a command ends that is told to stop."""

import io
import os
import pty
import signal
import sys

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from teacher.console import LOG_SECONDS, LoggedWork, can_draw, progress, run_cli


class FakeClock:
    """Time that passes when the test says so, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def steps(count: int, *, seconds: float, total: int, done: int = 0) -> list[str]:
    """The lines of a work whose steps take `seconds` each."""
    clock, stream = FakeClock(), io.StringIO()
    work = LoggedWork("Training", total=total, done=done, stream=stream, clock=clock)
    for step in range(count):
        clock.now += seconds
        work.advance(f"epoch {step}")
    work.end()
    return stream.getvalue().splitlines()


def test_a_log_says_the_beginning_the_share_done_the_time_left_and_the_end() -> None:
    assert steps(4, seconds=20.0, total=4) == [
        "Training: begins, 4 steps",
        "Training: 25% of 4, 1:00 left, epoch 0",
        "Training: 50% of 4, 0:40 left, epoch 1",
        "Training: 75% of 4, 0:20 left, epoch 2",
        "Training: done in 1:20, epoch 3",
    ]


def test_what_an_earlier_run_did_counts_as_done_but_not_as_fast() -> None:
    assert steps(2, seconds=30.0, total=1202, done=1200)[:2] == [
        "Training: goes on at 1,200 of 1,202",
        "Training: 99% of 1,202, 0:30 left, epoch 0",
    ]


@given(
    count=st.integers(min_value=1, max_value=300),
    seconds=st.floats(min_value=0.001, max_value=100, allow_nan=False),
)
def test_lines_are_few_however_fast_the_steps_are(count: int, seconds: float) -> None:
    lines = steps(count, seconds=seconds, total=count)
    assert len(lines) <= 2 + count * seconds / LOG_SECONDS + 1
    assert lines[-1].startswith("Training: done in ")


@given(st.text(max_size=60))
def test_no_note_drives_a_terminal_or_breaks_a_line(text: str) -> None:
    stream = io.StringIO()
    work = LoggedWork("Work", total=None, stream=stream, clock=FakeClock())
    work.note(text)
    content = stream.getvalue()
    assert content.count("\n") == 2
    assert content.replace("\n", "").isprintable()


def test_a_log_file_gets_lines_and_nothing_that_draws(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Decoding photos", 2) as advance:
        assert capsys.readouterr().err == "Decoding photos: begins, 2 steps\n"
        advance("")
        advance("")
    assert capsys.readouterr().err.startswith("Decoding photos: done in 0:")


def test_an_interrupted_work_does_not_say_that_it_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), progress("Decoding photos", 2):
        raise KeyboardInterrupt
    assert capsys.readouterr().err == "Decoding photos: begins, 2 steps\n"


def test_only_a_terminal_that_can_is_drawn_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CI that asks for colours is still a file."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    assert not can_draw(Console(file=io.StringIO()))
    ours, theirs = pty.openpty()
    try:
        with open(theirs, "w", closefd=False) as terminal:
            assert can_draw(Console(file=terminal))
            monkeypatch.setenv("TERM", "dumb")
            assert not can_draw(Console(file=terminal))
    finally:
        os.close(ours)
        os.close(theirs)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_command_that_is_told_to_stop_tidies_up_and_shows_no_traceback(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tidied: list[str] = []
    app = typer.Typer()

    @app.command()
    def work() -> None:
        try:
            signal.raise_signal(getattr(signal, name))
        finally:
            tidied.append(name)

    monkeypatch.setattr(sys, "argv", ["work"])
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with pytest.raises(SystemExit) as caught:
            run_cli(app)
        assert signal.getsignal(signal.SIGTERM) == kept[signal.SIGTERM]
    finally:
        signal.signal(signal.SIGINT, kept[signal.SIGINT])
    assert caught.value.code == 130
    assert tidied == [name]
    assert "Traceback" not in capsys.readouterr().err
