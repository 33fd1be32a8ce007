"""Comparisons in turns: every way runs as often as the others, failures are one line, memory is each process's own."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from plugin_bundles import MakeBundle
from plugin_photos import draw
from turn_jobs import hoarder, quitter, refuser, sleeper

from benchmarks.measures.answer_cost.speed import COLD, measure_speed, rows, verdict
from benchmarks.workshop.programs.processes import start_in_turns
from benchmarks.workshop.timing.session_options import CHANGES, ENGINE, measure_options, option_rows
from benchmarks.workshop.timing.turns import TurnError, time_in_turns


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    draw(tmp_path / "photo.jpg", 0)
    return tmp_path / "photo.jpg"


def test_every_process_is_started_as_often_as_asked(
    photo: Path, toy_fp32: Path, tmp_path: Path, tiny_bundle: MakeBundle
) -> None:
    found = measure_speed(photo, bundle=tiny_bundle(tmp_path), fp32=toy_fp32, fp32_name="a mean", starts=2)
    assert {kind.wall.n for kind in found.cold.values()} == {2}
    assert all(0 < kind.fastest <= kind.wall.p50 <= kind.wall.p90 for kind in found.cold.values())
    # The launcher stands between: a process that imports nothing is small, whatever started the measurement.
    assert found.cold["python alone"].peak_megabytes < 40 < found.cold[COLD].peak_megabytes
    assert len(rows(found)) == len(found.cold)
    assert "target" in verdict(found)
    assert json.loads(json.dumps(asdict(found)))["fp32"] == "a mean"


def test_the_options_of_a_session_are_compared(tmp_path: Path, tiny_bundle: MakeBundle) -> None:
    names = (ENGINE, "graph, basic", "denormals are zero")  # no change, an attribute, an entry
    some = {name: CHANGES[name] for name in names}
    found = measure_options(tiny_bundle(tmp_path), repeats=2, threads=2, changes=some)
    assert tuple(found) == names
    assert option_rows(found)[0][0] == ENGINE
    assert option_rows(found)[0][-2] == "1.00"


def test_waiting_is_wall_time_and_no_processor_time() -> None:
    found = time_in_turns({"waits": (sleeper, (0.05,))}, repeats=3, advance=lambda _: None)["waits"]
    assert found.fastest >= 50
    assert found.processor.p50 < 25


def test_memory_is_that_of_the_way_itself() -> None:
    jobs = {"small": (hoarder, (1,)), "large": (hoarder, (200,))}
    found = time_in_turns(jobs, repeats=1, advance=lambda _: None)
    assert 180 < found["large"].peak_megabytes - found["small"].peak_megabytes < 240


def test_a_way_that_fails_says_why() -> None:
    with pytest.raises(TurnError, match="ValueError: no such thing"):
        time_in_turns({"refuses": (refuser, ("no such thing",))}, repeats=1, advance=lambda _: None)


def test_a_way_that_dies_is_not_waited_for() -> None:
    with pytest.raises(TurnError, match="without an answer"):
        time_in_turns({"dies": (quitter, ())}, repeats=1, advance=lambda _: None)


def test_a_process_that_fails_is_no_figure() -> None:
    with pytest.raises(RuntimeError, match="exit code 3"):
        start_in_turns({"fails": [sys.executable, "-c", "raise SystemExit(3)"]}, starts=1)
