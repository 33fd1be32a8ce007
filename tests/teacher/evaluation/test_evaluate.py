"""`python -m teacher evaluate`: a bundle or a table in, figures and files out, and one line where that cannot be."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from command_desk import Said, typed
from plugin_bundles import MakeBundle

from runtime.conditions import Condition
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.evaluation.command import some
from teacher.evaluation.groups import GROUPINGS
from teacher.evaluation.judged import JudgedBundle, open_judged
from teacher.evaluation.metrics import METRICS
from teacher.evaluation.predictions import COLUMNS, names_of, read_table

FILES = {"report.html", "report.md", "figures.json", "predictions.csv", "plots"}


def evaluate(what: object, cache: Path, *more: object, capsys: pytest.CaptureFixture[str]) -> Said:
    return typed(
        *("teacher", "evaluate", what, "--cache", cache, "--synthetic-count", 200, *more),
        capsys=capsys,
    )


@pytest.fixture(scope="module")
def bundle(tiny_bundle: MakeBundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that calls everything a basal cell carcinoma, most unsurely."""
    return tiny_bundle(tmp_path_factory.mktemp("evaluate"), malignancy=0.4, conditions=Condition.BASAL_CELL_CARCINOMA)


def test_one_command_writes_every_file(
    bundle: Path, small_data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "new" / "report"
    asked = ("--robustness", "--mistakes", "--part", "validation", "--distorted", 5, "--report", folder)
    said = evaluate(bundle, small_data.folder.parent, *asked, capsys=capsys)
    assert said.code == 0, said.err
    assert {path.name for path in folder.iterdir()} == FILES
    count = len(small_data.part(Part.VALIDATION))
    assert f"{count} photos of" in said.out.replace("\n", " ")
    assert said.out.splitlines()[-1].startswith("report: ") or "figures.json" in said.out.splitlines()[-1]

    figures = json.loads((folder / "figures.json").read_text())
    assert set(figures["as_labelled"]["overall"]) == set(METRICS)
    assert set(figures["as_labelled"]["by"]) == set(GROUPINGS)
    assert figures["as_labelled"]["overall"]["auc"]["figure"]["value"] == 0.5, "one answer for all is a coin"
    assert figures["photos"] == count
    assert len(figures["distortions"]) == 15
    turned = [one["change"] for one in figures["distortions"] if "turned" in one["distortion"]]
    assert [one["tier_changed"]["value"] for one in turned] == [0, 0, 0]
    assert all(one["tier_changed"]["high"] > 0 for one in turned), "of a few photos nothing is sure"
    assert figures["distortions"][0]["change"] is None

    page = (folder / "report.html").read_text()
    assert all(words in page for words in ("data:image/jpeg", "<svg", "Worst mistakes", "must not be passed on"))
    assert not re.search(r"<script|(src|href)=\"(?!data:|#)", page)
    markdown = (folder / "report.md").read_text()
    for plot in re.findall(r"\]\((plots/.+?)\)", markdown):
        assert (folder / plot).is_file()
    assert "too few" in markdown
    assert "data:image" not in markdown

    with (folder / "predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == count


def test_its_own_table_gives_the_same_figures_again(
    bundle: Path, small_data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache = small_data.folder.parent
    one, other = tmp_path / "one", tmp_path / "other"
    assert evaluate(bundle, cache, "--report", one, capsys=capsys).code == 0
    lines = (one / "predictions.csv").read_text().splitlines()
    sorted_table = tmp_path / "sorted.csv"
    sorted_table.write_text("\n".join([lines[0], *sorted(lines[1:], reverse=True)]))
    said = evaluate(sorted_table, cache, "--report", other, "--beside", one / "predictions.csv", capsys=capsys)
    assert said.code == 0, said.err
    first, again = (json.loads((folder / "figures.json").read_text()) for folder in (one, other))
    assert again["as_labelled"] == first["as_labelled"]
    assert again["beside"]["one"] == first["as_labelled"]["overall"]
    assert "data:image" not in (other / "report.html").read_text(), "no photo of anybody unless it is asked for"


def test_a_part_of_the_photos_is_whole_patients_and_always_the_same(small_data: Dataset) -> None:
    indices = small_data.part(Part.TRAIN)
    few, more = some(small_data, indices, 10), some(small_data, indices, 20)
    groups = small_data.groups
    assert len(np.unique(groups[few])) == 10
    assert set(few) < set(more) < set(indices)
    assert set(few) == {index for index in indices if groups[index] in groups[few]}
    assert np.array_equal(some(small_data, indices[::-1], 10)[::-1], few)
    assert np.array_equal(some(small_data, indices, 0), indices)


def test_what_cannot_be_judged_is_one_line(
    bundle: Path, small_data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cache, page = small_data.folder.parent, tmp_path / "page.html"
    page.write_text("")
    table = tmp_path / "few.csv"
    table.write_text(f"{','.join(COLUMNS)}\nd,i,,{','.join(['0.1'] * 11)},\n")
    wrong = (
        ((tmp_path / "none",), "none: no such file or folder"),
        ((tmp_path,), "neither a bundle folder"),
        ((table,), "few.csv: says nothing of"),
        ((bundle, "--mistakes"), "--report FOLDER, which is missing"),
        ((bundle, "--report", page), "page.html: not a folder"),
        ((table, "--robustness"), "a table, which cannot be asked"),
        ((bundle, "--beside", table), "few.csv: says nothing of"),
    )
    for (what, *more), words in wrong:
        said = evaluate(what, cache, *more, capsys=capsys)
        assert said.code == 1, words
        assert words in said.error


def test_a_damaged_bundle_is_one_line(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "manifest.json").write_text("{")
    said = evaluate(broken, tmp_path / "cache", capsys=capsys)
    assert said.code == 1
    assert str(broken / "manifest.json") in said.error


@pytest.mark.slow
def test_a_photo_without_a_tier_has_numbers_all_the_same(small_data: Dataset) -> None:
    """What a phone says of each drawing, through its own door; figures over the easy photos alone would flatter."""
    judged = open_judged("default")
    assert isinstance(judged, JudgedBundle)
    squares = [np.full((judged.size, judged.size, 3), level, dtype=np.uint8) for level in (0, 128)]
    said = judged.predict(names_of(small_data, np.arange(2)), squares)
    assert said.refused is not None
    assert said.refused.all()
    assert np.isfinite(said.malignancy).all()
    assert said.conditions.sum(axis=1) == pytest.approx(np.ones(2), abs=0.05)
    report = judged.triage.assess(squares[0])
    assert (report.tier, report.malignancy) == (said.tiers[0] if said.tiers else None, None)


@pytest.mark.slow
def test_the_default_bundle_is_judged_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], small_data: Dataset
) -> None:
    folder = tmp_path / "report"
    said = evaluate("default", tmp_path / "cache", "--count", 12, "--report", folder, capsys=capsys)
    assert said.code == 0, said.err
    table = read_table(folder / "predictions.csv")
    assert len(set(table.names)) >= 12
    assert table.tiers is not None
