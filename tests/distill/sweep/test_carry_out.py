"""A sweep carried out: ordinary runs, each made once, judged side by side."""

import csv
import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from command_desk import Said, typed
from ctrl_c import heed_ctrl_c
from hypothesis import given
from hypothesis import strategies as st
from plugin_training import SIZE, SMALL_STUDENT

from distill import trainer
from distill.run import create_run
from distill.sweep import results, stages
from distill.sweep.picture import front
from distill.sweep.plan import read_plan
from distill.trainer import train
from runtime.bundle.load import read_manifest
from teacher.data.dataset import Dataset
from teacher.soft_labels import SoftLabels

BUNDLE = Path(__file__).parents[3] / "runtime" / "default_bundle"


def written(folder: Path, cache: Path, *, more: str = "", recipes: str = "", seeds: str = "[0, 1]") -> Path:
    file = folder / "small.toml"
    file.write_text(
        f'seeds = {seeds}\n[defaults]\ncache = "{cache}"\nimage-size = {SIZE}\nsynthetic-count = 200\nepochs = 1\n'
        f"train-size = 32\nbatch-size = 16\nteacher-epochs = 1\nteacher-lr = 0.001\nviews = 2\n{more}\n"
        f"[students.{SMALL_STUDENT}]\n{recipes}"
    )
    return file


def swept(file: Path, *more: object, capsys: pytest.CaptureFixture[str]) -> Said:
    return typed("distill", "sweep", file, "--runs", file.parent / "runs", *more, capsys=capsys)


def without_times(told: dict[str, Any]) -> list[dict[str, Any]]:
    """What is the same whenever it is told."""
    return [{name: value for name, value in run.items() if name != "exported"} for run in told["runs"]]


@pytest.fixture
def cache(small_data: Dataset, small_labels: SoftLabels) -> Path:
    """Where drawings and soft labels are already."""
    return small_data.folder.parent


def test_from_a_file_to_a_table(
    tmp_path: Path,
    cache: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commands: list[list[str]] = []

    def exported(command: list[str]) -> int:
        commands.append(command)
        values = dict(zip(command[4::2], command[5::2], strict=False))
        shutil.copytree(BUNDLE, Path(values["--out"]) / Path(values["--run"]).name, dirs_exist_ok=True)
        return 0

    monkeypatch.setattr(stages, "_child", exported)
    file = written(tmp_path, cache, recipes="[recipes.hard]\nsoft-weight = 0\n[recipes.ours]\nexport = true\n")
    said = swept(file, capsys=capsys)
    assert said.code == 0, said.err
    folder = tmp_path / "runs" / "small"
    names = [f"{SMALL_STUDENT}-{recipe}-s{seed}" for seed in (0, 1) for recipe in ("hard", "ours")]
    for name in names:
        assert (folder / name / "student.safetensors").is_file()
    assert [Path(one[one.index("--run") + 1]).name for one in commands] == [names[1], names[3]]

    told = json.loads((folder / "sweep.json").read_text())
    assert [one["name"] for one in told["runs"]] == names
    hard, ours = told["variants"]
    assert hard["seeds"] == ours["seeds"] == [0, 1]
    for one in told["runs"]:
        stored = json.loads((folder / one["name"] / "metrics.json").read_text())["test"]
        assert one["figures"] == stored
        assert set(one["groups"]["domain"]) == {"dermoscopic", "clinical", "smartphone"}
    values = hard["figures"]["malignancy_auc"]["values"]
    assert hard["figures"]["malignancy_auc"]["mean"] == pytest.approx(sum(values) / 2)
    assert hard["figures"]["malignancy_auc"]["deviation"] == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
    (int8,) = [one for one in read_manifest(BUNDLE).files if (one.format, one.precision) == ("onnx", "int8")]
    assert ours["figures"]["megabytes"]["mean"] == pytest.approx(int8.bytes / 1e6)
    assert ours["figures"]["milliseconds"]["mean"] > 0
    assert "milliseconds" not in hard["figures"]

    rows = list(csv.DictReader((folder / "sweep.csv").open()))
    assert [row["run"] for row in rows] == names
    assert float(rows[0]["malignancy_auc_low"]) <= float(rows[0]["malignancy_auc"])
    page = (folder / "sweep.md").read_text()
    for words in ("By domain", "By tone group", "Every run", f"| {names[0]} |"):
        assert words in page, words
    assert (folder / "sweep.png").read_bytes().startswith(b"\x89PNG")
    assert "mean ± standard deviation over seeds" in " ".join(said.out.split())

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("nothing is made twice")

    monkeypatch.setattr(stages, "train_run", refused)
    monkeypatch.setattr(stages, "_child", refused)
    monkeypatch.setattr(results, "predict", refused)
    again = swept(file, capsys=capsys)
    assert again.code == 0, again.err
    assert again.out.count("finished before, kept") == 4
    assert without_times(json.loads((folder / "sweep.json").read_text())) == without_times(told)
    listed = swept(file, "--dry-run", capsys=capsys)
    assert listed.out.count("finished") == 4

    file.write_text(file.read_text().replace("epochs = 1\ntrain", "epochs = 2\ntrain"))
    changed = swept(file, capsys=capsys)
    assert changed.code == 1
    assert "was begun with other options than the file has by now (--epochs is 1 there)" in changed.error


def test_what_was_interrupted_goes_on_in_the_same_bits(
    tmp_path: Path,
    cache: Path,
    small_data: Dataset,
    small_labels: SoftLabels,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A run of a sweep is a run of `distill train`, whatever ran before it in the same process."""
    file = written(tmp_path, cache, seeds="[3]", recipes="[recipes.a]\n[recipes.b]\nlr = 0.004\n")
    first, second = read_plan(file).entries
    alone = create_run(tmp_path, second.config, name="alone")
    train(alone, second.config, small_data, small_labels)
    heed_ctrl_c()
    real, calls = trainer.distillation_loss, []

    def stopped(*arguments: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == 11:  # in the second run
            signal.raise_signal(signal.SIGINT)
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer, "distillation_loss", stopped)
    said = swept(file, capsys=capsys)
    assert said.code == 130
    assert "the same command goes on from there" in said.err
    folder = tmp_path / "runs" / "small"
    told = json.loads((folder / "sweep.json").read_text())
    assert [one["name"] for one in told["runs"]] == [first.name]
    assert list((folder / second.name).glob("checkpoint-*"))
    assert "unfinished" in swept(file, "--dry-run", capsys=capsys).out
    done = swept(file, capsys=capsys)
    assert done.code == 0, done.err
    for name in ("student.safetensors", "history.csv", "metrics.json"):
        assert (folder / second.name / name).read_bytes() == (alone / name).read_bytes(), name


def test_one_that_fails_does_not_stop_the_others(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipes = "[recipes.wild]\nlr = 1e30\n[recipes.tame]\n"
    file = written(tmp_path, cache, recipes=recipes, seeds="[0]")
    said = swept(file, capsys=capsys)
    assert said.code == 1
    assert f"1 of 2 runs failed: {SMALL_STUDENT}-wild-s0" in said.error
    told = json.loads((tmp_path / "runs" / "small" / "sweep.json").read_text())
    assert [one["recipe"] for one in told["runs"]] == ["tame"]
    assert "is no number any more" in told["failed"][f"{SMALL_STUDENT}-wild-s0"]


def test_what_cannot_be_trained_is_said_before_anything_is(
    tmp_path: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, cache, recipes='[recipes.fine]\n[recipes.odd]\ninit = "absent.safetensors"\n')
    said = swept(file, capsys=capsys)
    assert said.code == 1
    assert "--init absent.safetensors: no such file" in said.error
    assert not (tmp_path / "runs").exists()


@given(st.lists(st.tuples(st.floats(0, 9), st.floats(0, 1)), max_size=12))
def test_nothing_beats_what_is_on_the_front(points: list[tuple[float, float]]) -> None:
    best = front(points)
    assert bool(best) == bool(points)

    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one[0] <= other[0] and one[1] >= other[1] and one != other

    for place, point in enumerate(points):
        beaten = any(beats(one, point) for one in points)
        assert beaten is not (point in [points[own] for own in best])
        assert not (place in best and beaten)
    costs = [points[one] for one in best]
    assert costs == sorted(costs)
