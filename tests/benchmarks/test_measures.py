"""A measure is a file: what lies in a wing is a command, and a name that does not is said."""

import sys
from pathlib import Path

import pytest

from benchmarks import measures
from benchmarks.cli import main

MEASURE = '''
"""How long is a word?"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from benchmarks.outcome import Outcome, Table
from teacher.options import OPTION


@dataclass(frozen=True, kw_only=True)
class Options:
    word: Annotated[str, OPTION] = "skin"
    """what is measured"""
    out: Annotated[Path, OPTION]
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """The length of a word."""
    length = len(options.word)
    table = Table("Words", ("word", "letters"), [(options.word, str(length))])
    problems = ["far too long"] if length > 20 else []
    return Outcome(figures=(options.out, {"letters": length}), tables=[table], lines=["measured"], problems=problems)
'''


def ask(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["benchmarks", *words])
    with pytest.raises(SystemExit) as done:
        main()
    return int(done.value.code or 0)


@pytest.fixture
def _word_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "words").mkdir()
    (tmp_path / "words" / "word_length.py").write_text(MEASURE)
    monkeypatch.setattr(measures, "__path__", [*measures.__path__, str(tmp_path)])


@pytest.mark.usefixtures("_word_length")
def test_a_new_file_is_a_new_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    assert ask(monkeypatch, "--help") == 0
    listed = capsys.readouterr().out
    assert "word-length" in listed
    assert "The length of a word." in listed
    assert "benchmarks.measures.words.word_length" not in sys.modules, "the list waits for no import"
    out = tmp_path / "new" / "letters.json"
    assert ask(monkeypatch, "word-length", "--word", "mole", "--out", str(out)) == 0
    assert '"letters": 4' in out.read_text()
    assert "measured" in capsys.readouterr().out


@pytest.mark.usefixtures("_word_length")
def test_a_measure_that_finds_a_problem_fails_once_all_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    assert ask(monkeypatch, "word-length", "--word", "m" * 21, "--out", str(tmp_path / "x.json")) == 1
    shown = capsys.readouterr()
    assert "measured" in shown.out
    assert shown.err == "error: far too long\n"
    (tmp_path / "file").write_text("")
    assert ask(monkeypatch, "word-length", "--out", str(tmp_path / "file" / "x.json")) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_no_two_wings_have_a_measure_of_one_name() -> None:
    files = [path for path in Path(*measures.__path__).glob("*/*.py") if not path.stem.startswith("_")]
    assert len({path.stem for path in files}) == len(files) > 20


@pytest.mark.parametrize("name", ["latencies", "answer-cost", "answer_cost"])
def test_an_unknown_measure_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(monkeypatch, name) == 2
    assert "No such command" in capsys.readouterr().err
