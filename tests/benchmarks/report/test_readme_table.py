"""The README's table is what its report says, and a page without a place for it is refused."""

import json
from pathlib import Path

import pytest
from command_desk import typed

from benchmarks.report.figures import read_report
from benchmarks.report.readme import END, START, table_text, with_table

ROOT = Path(__file__).parents[3]
REPORT = ROOT / "docs" / "figures" / "report.json"


def test_the_readme_shows_what_the_report_holds() -> None:
    page = (ROOT / "README.md").read_text()
    again = "out of date: uv run python -m benchmarks table --into README.md"
    assert page == with_table(page, read_report(REPORT), where="README.md"), again


def test_the_report_is_of_the_bundle_that_ships() -> None:
    manifest = json.loads((ROOT / "runtime" / "default_bundle" / "manifest.json").read_text())
    shipped = {file["sha256"] for file in manifest["files"]}
    told = [one["sha256"] for one in read_report(REPORT)["columns"] if one.get("ships") and "default" in one["title"]]
    assert told, "the report tells of no default bundle"
    assert set(told) <= shipped, "the default bundle was exchanged: make the report anew (docs/benchmarks.md)"


def test_the_report_is_small_and_names_no_path_of_a_machine() -> None:
    text = REPORT.read_text()
    assert len(text) < 20_000
    assert '"/' not in text
    assert "milliseconds" not in text, "raw samples stay where they were measured"


def test_the_command_prints_and_writes(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    said = typed("benchmarks", "table", "--report", REPORT, capsys=capfd)
    assert said.code == 0
    assert "| malignancy AUC |" in said.out
    page = tmp_path / "page.md"
    page.write_text(f"above\n{START}stale\n{END}\nbelow\n")
    for _ in range(2):  # and again, with no difference
        assert typed("benchmarks", "table", "--report", REPORT, "--into", page, capsys=capfd).code == 0
        assert page.read_text() == f"above\n{START}{table_text(read_report(REPORT))}{END}\nbelow\n"


@pytest.mark.parametrize(
    ("report", "page", "says"),
    [
        ("{}", START + END, "no report of this version"),
        ("no JSON", START + END, "cannot be read"),
        ("[]", START + END, "no report of this version"),
        (None, "no place", "no place for the table"),
        (None, None, "cannot be read"),
    ],
)
def test_what_is_no_report_or_no_page_is_one_line(
    report: str | None, page: str | None, says: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    own, into = tmp_path / "report.json", tmp_path / "page.md"
    own.write_text(REPORT.read_text() if report is None else report)
    if page is not None:
        into.write_text(page)
    said = typed("benchmarks", "table", "--report", own, "--into", into, capsys=capfd)
    assert said.code == 1
    assert says in said.error
    assert page is None or into.read_text() == page


def test_a_figure_that_is_missing_leaves_its_row_out() -> None:
    report = read_report(REPORT)
    bare = {**report, "columns": [{"title": "a", "again": "", "figures": {}, "ships": True}]}
    assert table_text(bare).count("\n| ") == 1, "the header alone"


def test_each_source_has_a_row_where_photos_were_judged() -> None:
    figure = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 1200}
    told = {"a, dermoscopic": {"auc": figure, "refused": figure}, "b, smartphone": {"auc": figure}}
    report = read_report(REPORT)
    one = {"title": "bundle, INT8", "again": "", "figures": {}, "ships": True, "by_source": told}
    lines = table_text({**report, "columns": [one]}).splitlines()
    assert "| bundle, INT8, on | malignancy AUC | cannot assess |" in lines
    assert "| a, dermoscopic | 0.900 (0.800-0.950) [1,200] | 0.900 (0.800-0.950) [1,200] |" in lines
    assert "| b, smartphone | 0.900 (0.800-0.950) [1,200] | too few |" in lines
