"""Stages are done once for the same inputs, what fails is said and what was done is kept."""

import json
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.report.stages import Stage, carry_out, content_of, key_of, record_of


def stage(folder: Path, name: str, *, text: str = '{"found": 1}') -> Stage:
    """One that copies JSON, by Python's own tool."""
    source = folder / f"{name}.in.json"
    source.write_text(text)
    out = folder / "stages" / f"{name}.json"
    words = ("json.tool", str(source), str(out))
    return Stage(name=name, of="a bundle", words=words, out=out, inputs=(source,))


def carried(*stages: Stage, again: bool = False) -> list[tuple[str, dict[str, object]]]:
    return [(one.done.error, one.found) for one in carry_out(stages, again=again)]


def test_a_stage_is_done_once_for_the_same_inputs(tmp_path: Path) -> None:
    one = stage(tmp_path, "one")
    assert carried(one) == [("", {"found": 1})]
    one.out.write_text('{"kept": true}')  # would be written over by another run
    assert carried(one) == [("", {"kept": True})]
    assert carried(one, again=True) == [("", {"found": 1})]
    one.out.write_text('{"kept": true}')
    assert carried(stage(tmp_path, "one", text='{"found": 2}')) == [("", {"found": 2})]
    one.out.unlink()
    assert carried(one) == [("", {"found": 2})]


def test_a_stage_that_fails_is_said_and_the_others_go_on(tmp_path: Path) -> None:
    bad = stage(tmp_path, "bad", text="no JSON")
    (error, found), other = carried(bad, stage(tmp_path, "good"))
    assert "Expecting value" in error
    assert found == {}
    assert other == ("", {"found": 1})
    assert json.loads(record_of(bad).read_text())["error"] == error
    assert "Expecting value" in bad.out.with_suffix(".log").read_text()
    assert carried(stage(tmp_path, "bad")) == [("", {"found": 1})], "what failed is tried again"


def test_a_stage_that_leaves_nothing_or_does_not_exist_has_failed(tmp_path: Path) -> None:
    silent = replace(stage(tmp_path, "silent"), words=("json.tool", "--help"))
    absent = replace(stage(tmp_path, "absent"), words=("no_such_module",))
    assert [error for error, _ in carried(silent, absent)] == [
        "left no silent.json",
        sys.executable + ": No module named no_such_module",
    ]


@pytest.fixture
def _heeds_ctrl_c() -> Iterator[None]:
    """A shell that starts jobs in the background has them ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heeds_ctrl_c")
def test_ctrl_c_keeps_what_was_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    first, last = stage(tmp_path, "first"), stage(tmp_path, "last")
    interrupted = replace(stage(tmp_path, "second"), words=("interrupting_stage",))
    with pytest.raises(KeyboardInterrupt):
        carry_out([first, interrupted, last], again=False)
    assert record_of(first).is_file()
    assert not record_of(interrupted).exists()
    first.out.write_text('{"kept": true}')
    assert carried(first, last) == [("", {"kept": True}), ("", {"found": 1})]


def test_the_key_follows_command_code_and_content(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text("{}")
    (tmp_path / "run" / "photo.jpg").write_bytes(b"12")
    one = Stage(name="a", of="", words=("a",), out=tmp_path / "a.json", inputs=(tmp_path / "run",))

    def key(stage: Stage = one, *, code: str = "0") -> str:
        return key_of(stage, code=code, contents={path: content_of(path) for path in stage.inputs})

    keys = [key(), key(code="1"), key(replace(one, words=("a", "--quick"))), key(replace(one, inputs=()))]
    (tmp_path / "run" / "config.json").write_text("[]")
    keys.append(key())
    (tmp_path / "run" / "photo.jpg").write_bytes(b"123")
    keys.append(key())
    assert len(set(keys)) == len(keys)
    assert key() == keys[-1]
