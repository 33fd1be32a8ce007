"""The report plans times first, shows every measure, and says what is missing."""

import json
import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_desk import typed
from plugin_bundles import MakeBundle
from test_option_names import TABLE

from benchmarks.measures.overview import all as everything
from benchmarks.report.figures import Made, report_figures, student_figures
from benchmarks.report.page import MARKDOWN, PAGE, report_files
from benchmarks.report.plan import Given, LeftOut, Subject, stages_of
from benchmarks.report.readme import table_text
from benchmarks.report.sections import SECTIONS, sections_of
from benchmarks.report.stages import Carried, Done, Stage
from runtime.bundle.load import DEFAULT_BUNDLE
from runtime.measure.result import Code

RESULT = Path(__file__).parents[2] / "runtime" / "measure" / "results" / "version-1.json"
DEFAULT = Subject(name="default", bundle=None, run=None)
MADE = Made(
    command="uv run python -m benchmarks all",
    ended="2026-11-28T19:00:00+00:00",
    mode="full",
    code=Code(version="0.1.0", sha256="0" * 64, commit="abc", dirty=False),
)
TIMED = ("latency", "reference", "speed", "roofline", "formats", "service")


def measured() -> dict[str, Any]:
    return json.loads(RESULT.read_text())


def beside() -> dict[str, Any]:
    """Our way and the reference, which takes four times as long."""
    found = measured()
    ours, other = deepcopy(found["subjects"][0]), deepcopy(found["subjects"][0])
    other["samples"]["milliseconds"] = {
        step: [4 * one for one in times] for step, times in other["samples"]["milliseconds"].items()
    }
    found["subjects"] = [{**ours, "name": "this toolkit"}, {**other, "name": "reference"}]
    return found


def estimate(value: float, *, enough: bool = True) -> dict[str, Any]:
    figure = {"value": value, "low": value - 0.1, "high": value + 0.1, "n": 60}
    return {"figure": figure, "photos": 60, "patients": 50, "enough": enough}


def judged() -> dict[str, Any]:
    frame = {
        "groups": {"dermoscopic": estimate(0.9), "smartphone": estimate(0.7, enough=False)},
        "difference": None,
        "ratio": None,
    }
    tones = {
        "groups": {"I-II": estimate(0.8), "V-VI": estimate(0.6)},
        "difference": estimate(0.2)["figure"],
        "ratio": None,
    }
    side = {
        "overall": {"auc": estimate(0.9), "refused": estimate(0.1)},
        "by": {"domain": {"auc": frame}, "tone_group": {"auc": tones}},
        "equalised_odds": {"domain": {"by tier": None}, "tone_group": {"by tier": estimate(0.3)["figure"]}},
    }
    change = {name: estimate(0.2)["figure"] for name in ("auc_lost", "score_moved", "condition_kept", "tier_changed")}
    distortions = [
        {"distortion": "as it is", "auc": estimate(0.9), "accuracy": estimate(0.8), "refused": None, "change": None},
        {
            "distortion": "blurred",
            "auc": estimate(0.7),
            "accuracy": estimate(0.6),
            "refused": None,
            "change": {**change, "to_low": None},
        },
    ]
    return {
        "judged": "a bundle",
        "part": "test",
        "photos": 60,
        "patients_or_lesions": 50,
        "as_labelled": side,
        "actinic_keratosis_benign": {"overall": {"auc": estimate(0.85)}},
        "distortions": distortions,
    }


def found_by_each() -> dict[str, dict[str, Any]]:
    """What every measure leaves, in short."""
    timing = {"p50": 10.0, "p90": 11.0, "mean": 10.0, "n": 3}
    row = {
        "format": "onnx", "maker": "this toolkit", "precision": "int8", "bytes": 2_800_000, "auc": 0.9,
        "tier_agreement": 0.99, "milliseconds": 5.0, "relative": 0.9, "passes": True,
    }  # fmt: skip
    load = {
        "photo": "12 MP", "clients": 2, "statuses": {"200": 20}, "lost": 0, "per_second": 9.0, "p50_ms": 80.0,
        "p95_ms": 120.0, "server_peak_mb": None,
    }  # fmt: skip
    bound = {
        "name": "95% confidence", "promise": 0.95, "kept_on_the_pool": 0.97, "reached_on_the_unseen_half": 0.9,
        "predicted": 0.91, "holds": True,
    }  # fmt: skip
    moved = {"answer": "square alone", "photos": 2, "moves": 12, "changed": 3, "to_low": 1, "high_to_low": 0}
    tones = {"I": {"n": 10, "problems": {"blurred": 9}}, "VI": {"n": 10, "problems": {"blurred": 10}}}
    return {
        "latency": measured(),
        "reference": beside(),
        "speed": {"cold": {"CLI, one photo": {"wall": timing, "peak_megabytes": 97.0}}, "options": {}},
        "formats": {"rows": [row, {**row, "milliseconds": None, "relative": None}], "refused": {"tflite int8": "gate"}},
        "roofline": {
            "one_thread": {"float_products": 4e10, "integer_products": 6e10, "bandwidth": 1e10},
            "students": {"a": {"products": 3e8, "float_ms": 8.0, "integer_ms": 5.0, "ratio": 0.66}},
        },
        "service": {"loads": [load]},
        "accuracy": judged(),
        "student": judged(),
        "calibration": {"bounds": [bound, {**bound, "promise": None}]},
        "novelty": {
            "strange": [{"name": "walls", "tiers": {"low": 0, "cannot assess": 34, "moderate": 6}, "unreadable": 0}],
            "compared": [{"score": "residual", "auroc": {"walls": 0.98}, "rejected": 0.03}],
        },
        "framing": {"framing": [moved], "time": {"alone_ms": 20.0, "beside_ms": 80.0, "ratio": 4.0}},
        "quality": {
            "rows": [{"defect": "defocus", "tones": tones, "real": {}, "gap_points": 10.0}],
            "sound": {"HAM10000": {"n": 100, "percent": 0.5}},
        },
        "packing": {"parts": {"mobile_app": 4_000_000}, "total": 4_000_000, "limit": 8_000_000, "problems": []},
    }


def carried(found: dict[str, dict[str, Any]], *, error: str = "") -> list[Carried]:
    return [
        Carried(
            stage=Stage(name=name, of="default", words=("benchmarks", name), out=Path(f"{name}.json")),
            done=Done(key="", command="", ended="", seconds=1.0, error=error),
            found=one,
        )
        for name, one in found.items()
    ]


def report(tmp_path: Path, own: Sequence[Carried], left_out: Sequence[LeftOut] = ()) -> tuple[dict[str, Any], Path]:
    figures = report_figures(Given(subjects=(DEFAULT,)), own, left_out, made=MADE, beside=[])
    for path, write in report_files(tmp_path, figures, sections_of(own, left_out)):
        write(path)
    return figures, tmp_path


def test_every_measure_is_shown(tmp_path: Path) -> None:
    samples = found_by_each()
    assert set(samples) == set(SECTIONS)
    _, folder = report(tmp_path, carried(samples))
    page, text = (folder / PAGE).read_text(), (folder / MARKDOWN).read_text()
    for name, (title, _, _) in SECTIONS.items():
        assert f'<section id="{name}">' in page
        assert f"## {title}" in text
    for said in (page, text):
        assert "cannot be shown" not in said
        assert "Invalid: 4 samples, 1024 are needed" in said
        for cell in (
            "this toolkit, total",
            "by tone group",
            "equalised odds",
            "blurred",
            "0.900",
            "0.850",
            "too few (50)",
        ):
            assert cell in said, cell
    assert "<script" not in page
    assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", page), "nothing is fetched from elsewhere"
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", text)
    assert len(pictures) == len(set(pictures)) >= 7
    assert all((folder / picture).read_text().startswith("<svg") for picture in pictures)


def test_photos_too_few_for_any_figure_are_a_table_and_no_picture(tmp_path: Path) -> None:
    few = judged()
    side = few["as_labelled"]
    side["overall"] = {"auc": estimate(0.9, enough=False)}
    side["by"] = {name: {} for name in side["by"]}
    few["distortions"] = []
    _, folder = report(tmp_path, carried({"accuracy": few}))
    text = (folder / MARKDOWN).read_text()
    assert "too few (50)" in text
    assert "![" not in text


def test_the_figures_are_the_manifests_and_the_measures(tmp_path: Path) -> None:
    figures, _ = report(tmp_path, carried(found_by_each()))
    student, shipped = figures["columns"]
    manifest = json.loads((DEFAULT_BUNDLE / "manifest.json").read_text())["files"][0]
    assert shipped["sha256"] == manifest["sha256"]
    assert shipped["figures"]["malignancy_auc"] == manifest["metrics"]["malignancy_auc"]
    assert student["figures"]["malignancy_auc"]["n"] == manifest["metrics"]["malignancy_auc"]["n"]
    assert shipped["no_lesion"] == {"photos": 40, "low": 0, "cannot_assess": 34}
    assert shipped["latency"]["reference"]["share"] == pytest.approx(0.25)
    table = table_text(figures)
    assert "40 photos without a lesion: low, cannot assess |  | **0, 34** |" in table
    assert len(json.dumps(figures)) < 20_000


def test_what_failed_or_was_left_out_is_said(tmp_path: Path) -> None:
    failed = carried({"latency": {}}, error="the photo cannot be assessed")
    figures, folder = report(tmp_path, failed, [LeftOut(name="novelty", of="default", why="no photos were given")])
    assert figures["failed"] == ["latency of default"]
    assert figures["left_out"] == ["novelty of default"]
    for said in ((folder / PAGE).read_text(), (folder / MARKDOWN).read_text()):
        assert "latency of default failed: the photo cannot be assessed" in said
        assert "Left out: novelty of default: no photos were given" in said


def test_a_page_without_figures_of_the_student_has_none(tmp_path: Path) -> None:
    assert student_figures(tmp_path / "absent.md") == {}
    (tmp_path / "report.md").write_text("| malignancy AUC | 12 | - | 0.9 (0.8-1.0) |\n| size | | | 1 MB |\n")
    assert student_figures(tmp_path / "report.md") == {}


def test_all_times_are_taken_before_anything_is_judged(tmp_path: Path) -> None:
    other = Subject(name="other", bundle=tmp_path, run=tmp_path)
    given = Given(subjects=(DEFAULT, other), data=tmp_path, photos=tmp_path, no_lesion=(tmp_path,))
    stages, left_out = stages_of(given, folder=Path("report"))
    timed = [stage.name in TIMED for stage in stages]
    assert timed == sorted(timed, reverse=True)
    assert {stage.name for stage in stages if stage.of == "other"} == set(SECTIONS) - {"quality", "packing"}
    assert {one.name for one in left_out} == {"roofline", "formats", "student", "calibration", "novelty"}
    assert {one.of for one in left_out} == {"default"}
    assert len({stage.out for stage in stages}) == len(stages)
    few, others = everything.chosen(stages, left_out, only=["latency", "packing"])
    assert [stage.title for stage in few] == ["latency of default", "latency of other", "packing"]
    assert len(few) + len(others) == len(stages) + len(left_out)
    quick, left_out = stages_of(replace(given, subjects=(other,), quick=True), folder=Path("report"))
    assert {one.name for one in left_out} == {"formats", "novelty"}
    assert [stage.title for stage in quick[:2]] == ["latency of other", "reference of other"]
    assert all("--quick" in stage.words for stage in quick[:2])


def test_every_stage_is_a_command_that_exists(tmp_path: Path) -> None:
    subject = Subject(name="a", bundle=tmp_path, run=tmp_path)
    given = Given(
        subjects=(subject,), data=tmp_path, photos=tmp_path, no_lesion=(tmp_path,), peer_python=tmp_path / "python"
    )
    for quick in (False, True):
        for stage in stages_of(replace(given, quick=quick), folder=Path("report"))[0]:
            known = TABLE[" ".join(stage.words[:2])].split()
            unknown = [word for word in stage.words[2:] if word.startswith("--") and word not in known]
            assert unknown == [], stage.command


def test_the_command_writes_all_it_has_and_ends_with_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def few(_: Given, *, folder: Path) -> tuple[list[Stage], list[LeftOut]]:
        packing = folder / "packing.json"
        (tmp_path / "found.json").write_text(json.dumps(found_by_each()["packing"]))
        bad = Stage(name="latency", of="default", words=("no_such_module",), out=folder / "latency.json")
        good = Stage(
            name="packing", of="", words=("json.tool", str(tmp_path / "found.json"), str(packing)), out=packing
        )
        return [bad, good], [LeftOut(name="novelty", of="default", why="no photos")]

    monkeypatch.setattr(everything, "stages_of", few)
    out = tmp_path / "report"
    said = typed("benchmarks", "all", "--out", out, capsys=capfd)
    assert said.code == 1
    assert "latency of default: " in said.error
    assert json.loads((out / "report.json").read_text())["failed"] == ["latency of default"]
    assert "mobile_app" in (out / PAGE).read_text()
    assert "left out: novelty of default: no photos" in said.out
    shown = json.loads((out / "report.json").read_text())["command"]
    assert shown == "uv run python -m benchmarks all --out report", "no path of this machine"


def test_what_is_not_there_is_one_line_before_anything_starts(
    tmp_path: Path, tiny_bundle: MakeBundle, capfd: pytest.CaptureFixture[str]
) -> None:
    bundle = tiny_bundle(tmp_path)
    for words, says in (
        (("--bundle", tmp_path / "absent"), "absent"),
        (("--bundle", bundle, "--run", tmp_path), "not a run folder"),
        (("--run", "-", "--run", "-"), "2 times for 1 bundles"),
        (("--bundle", bundle, "--bundle", bundle), "two are called bundle"),
        (("--data", tmp_path / "none"), "--data"),
        (("--no-lesion", tmp_path / "none"), "--no-lesion"),
        (("--only", "latencies"), "no such stage"),
    ):
        said = typed("benchmarks", "all", *words, "--out", tmp_path / "out", capsys=capfd)
        assert said.code == 1
        assert says in said.error
    assert not (tmp_path / "out").exists()
