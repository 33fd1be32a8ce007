"""Only what can be compared is, and only what is valid is ranked."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from command_desk import typed
from measurements import result, steady

from benchmarks.measures.overview.collect import markdown, page, ranked, table_file
from benchmarks.measures.overview.compare import differences_of, ratios_of
from benchmarks.workshop.timing.ratios import resampled_medians
from runtime.measure.known import read_known
from runtime.measure.result import Result

MINUTE = 61.0


def valid(p50: float, **more: object) -> Result:
    return result(steady(p50), seconds=MINUTE, **more)  # pyright: ignore[reportArgumentType]


def test_a_ratio_has_an_interval_around_it() -> None:
    _, total = ratios_of(valid(20.0), valid(30.0))
    assert (total.stage, total.says) == ("total", "second is slower")
    assert total.low <= total.ratio <= total.high
    assert total.ratio == pytest.approx(1.5)
    assert {ratio.says for ratio in ratios_of(valid(30.0), valid(20.0))} == {"second is faster"}


def test_the_same_twice_is_no_difference() -> None:
    rng = np.random.default_rng(1)
    one, other = (result((20 + 0.5 * rng.standard_normal(1100)).tolist(), seconds=MINUTE) for _ in range(2))
    assert all(row.verdict.valid for row in one.rows)
    assert {ratio.says for ratio in ratios_of(one, other)} == {"no difference shown"}


def test_what_is_invalid_is_not_ranked() -> None:
    says = {ratio.says for ratio in ratios_of(valid(20.0), result())}
    assert says == {"not ranked: the second is invalid"}


def test_times_of_one_moment_are_one_witness() -> None:
    """A machine that changes its pace says less about its median than one that does not: the interval is wider."""
    rng = np.random.default_rng(0)
    mixed = rng.permutation(np.repeat([20.0, 21.0, 22.0, 23.0], 256))
    in_runs = np.repeat([20.0, 22.0, 21.0, 23.0] * 4, 64)
    spread = [resampled_medians(times, rng=rng).std() for times in (mixed, in_runs)]
    assert spread[0] < spread[1]


@pytest.mark.parametrize(
    ("other", "named"),
    [
        (result(processor="Slow CPU"), "processor"),
        (result(device="Phone 7"), "device"),
        (result(threads=4), "threads of onnx int8"),
        (result(onnxruntime="1.27.0"), "onnxruntime"),
        (result(photo="f" * 64), "photo"),
    ],
)
def test_what_differs_otherwise_is_refused_unless_meant(
    other: Result, named: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert differences_of(result(), result()) == []
    assert any(difference.startswith(named) for difference in differences_of(result(), other))
    paths = [tmp_path / name for name in ("a.json", "b.json")]
    for path, one in zip(paths, (result(), other), strict=True):
        path.write_text(one.to_json())
    out = tmp_path / "compare.json"
    said = typed("benchmarks", "compare", *paths, "--out", out, capsys=capfd)
    assert said.code == 1
    assert named in said.error
    assert "--anyway" in said.error
    said = typed("benchmarks", "compare", *paths, "--anyway", "--out", out, capsys=capfd)
    assert said.code == 0, said.err
    last = json.loads(said.out.splitlines()[-1])
    assert last == json.loads(out.read_text())
    assert any(difference.startswith(named) for difference in last["differences"])


def test_files_that_have_nothing_in_common_or_are_none(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    one, other, none = (tmp_path / name for name in ("a.json", "b.json", "c.json"))
    one.write_text(result().to_json())
    other.write_text(result(subject="tflite int8").to_json())
    none.write_text("{}")
    assert "in common" in typed("benchmarks", "compare", one, other, capsys=capfd).error
    assert str(none) in typed("benchmarks", "compare", one, none, capsys=capfd).error
    assert str(none) in typed("benchmarks", "collect", one, none, capsys=capfd).error
    assert "cannot be read" in typed("benchmarks", "collect", tmp_path / "absent.json", capsys=capfd).error
    assert "--stage" in typed("benchmarks", "collect", one, "--stage", "no", capsys=capfd).error


def test_devices_are_ranked_by_photo_and_invalid_ones_stand_last() -> None:
    found = [result([1.0] * 4, device="hasty"), valid(30.0, device="slow"), valid(20.0, device="fast")]
    entries = ranked([*found, valid(10.0, device="other photo", photo="f" * 64)], stage="total")
    assert [(entry.rank, entry.result.machine.device) for entry in entries] == [
        (1, "fast"),
        (2, "slow"),
        (1, "other photo"),
        (None, "hasty"),
    ]


def test_a_strange_device_breaks_no_table(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    strange = '=cmd|" /c calc"!A1 <script>alert(1)</script>\n| \\'
    path = tmp_path / "a.json"
    path.write_text(valid(20.0, device=strange).to_json())
    out = tmp_path / "deep" / "devices"
    said = typed("benchmarks", "collect", path, path, "--out", out, capsys=capfd)
    assert said.code == 0, said.err
    assert len(json.loads(said.out.splitlines()[-1])["rows"]) == 2
    lines = out.with_name("devices.md").read_text().splitlines()
    assert len(lines) == 4
    assert "<script>" not in out.with_name("devices.html").read_text()
    rows = list(csv.reader(out.with_name("devices.csv").open()))
    assert [len(row) for row in rows] == [len(rows[0])] * 3
    assert rows[1][1].startswith("'=")


def test_the_three_tables_say_the_same() -> None:
    entries = ranked([valid(20.0)], stage="model")
    assert all("10.00" in make(entries) for make in (markdown, page, table_file))


def test_the_valid_ones_become_what_the_app_knows(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / name for name in ("a.json", "b.json")]
    for path, one in zip(paths, (valid(20.0, device="fast"), result([1.0] * 4, device="hasty")), strict=True):
        path.write_text(one.to_json())
    known = tmp_path / "known.json"
    places = ("--out", tmp_path / "devices", "--known", known)
    assert typed("benchmarks", "collect", *paths, *places, capsys=capfd).code == 0
    assert [one.device for one in read_known(known)] == ["fast, 2 cores"]
