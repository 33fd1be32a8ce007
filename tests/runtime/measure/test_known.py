"""The small table of devices that were measured: written from results, read by the app, and never by hand."""

from pathlib import Path

import pytest
from measurements import result, steady

from runtime.measure.known import KNOWN_PATH, known_devices, known_of, known_text, read_known
from runtime.measure.result import ResultError

SLOW = result(steady(40.0), seconds=61.0, device="Slow phone")
FAST = result(steady(20.0), seconds=61.0, device=None)
BUSY = result(steady(10.0), seconds=61.0, device="Busy phone", others=0.5)


def test_only_valid_ones_stand_in_it_the_quickest_first(tmp_path: Path) -> None:
    known = known_of([SLOW, BUSY, FAST])
    assert [one.device for one in known] == ["Fast CPU @ 3 GHz, 2 cores", "Slow phone, 2 cores"]
    assert (known[0].p50, known[0].measured) == (20.0, "2026-03-01")
    path = tmp_path / "known.json"
    path.write_text(known_text(reversed(known)))
    assert read_known(path) == known


def test_what_ships_can_be_read_and_names_devices_only() -> None:
    assert known_devices() == read_known()
    assert "/" not in KNOWN_PATH.read_text()


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"devices": [{"device": "a"}]}', '{"devices": [1]}', "\udcff"], ids=range(6)
)
def test_a_damaged_table_is_one_line_and_none_in_the_app(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "known.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ResultError, match=r"known\.json: the table of known devices cannot be read"):
        read_known(path)
    monkeypatch.setattr("runtime.measure.known.read_known", lambda: read_known(path))
    assert known_devices() == ()
