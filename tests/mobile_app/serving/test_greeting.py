"""What the terminal says to whoever wants to open the page on a phone."""

import io
import sys
from pathlib import Path

import pytest

from mobile_app.serving.certificate import certificate_for
from mobile_app.serving.greeting import greeting, say


def test_on_this_computer_it_is_one_line() -> None:
    said = greeting("App", hosts=("127.0.0.1",), port=8550, certificate=None, shared=False)
    assert said == "App: open http://127.0.0.1:8550 in a browser. Ctrl-C stops it."


def test_with_https_it_says_where_what_to_tap_and_by_what_the_computer_is_known(tmp_path: Path) -> None:
    made = certificate_for(["192.0.2.7"], folder=tmp_path)
    said = greeting("App", hosts=("192.0.2.7", "198.51.100.7"), port=8550, certificate=made, shared=True)
    assert said.startswith("App: open https://192.0.2.7:8550 in a browser.")
    for part in ("https://198.51.100.7:8550", made.fingerprint, "Proceed", "visit this website", "█"):
        assert part in said
    assert "http://" not in said


def test_without_it_what_that_costs_is_said() -> None:
    said = greeting("App", hosts=("192.0.2.7",), port=80, certificate=None, shared=True)
    for part in ("http://192.0.2.7:80", "unencrypted", "no camera", "--https"):
        assert part in said


def test_a_terminal_without_blocks_gets_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", errors="strict"))
    say("open it\n█▀▄\nand go")
    assert raw.getvalue().split() == [b"open", b"it", b"and", b"go"]
