"""What cannot end well is said before the teacher starts, or at the step where it is known, in one line."""

import csv
import json
import resource
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_desk import Said, typed
from plugin_photos import draw, make_ham, write_table
from plugin_training import SMALL_STUDENT
from safetensors.torch import save_file

from distill import trainer
from distill.checks import refuse_hopeless, refuse_unfit
from distill.config import TrainConfig
from distill.run import METRICS_NAME, create_run
from distill.student import WEIGHTS_NAME, Student, StudentError, load_student, student_spec
from distill.trainer import train
from runtime.files import write_json
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.soft_labels import SoftLabels

STRICT = "vit_tiny_patch16_224"
"""An architecture that takes one size only."""


def asked(tmp_path: Path, *more: object, capsys: pytest.CaptureFixture[str], student: str = SMALL_STUDENT) -> Said:
    places = ("--runs", tmp_path / "runs", "--cache", tmp_path / "cache", "--name", "one")
    return typed("distill", "train", "--student", student, *places, *more, capsys=capsys)


def nothing_began(tmp_path: Path) -> bool:
    """Neither a run that a second try would stumble over, nor hours of a teacher's work."""
    return not list(tmp_path.rglob("config.json")) and not list(tmp_path.rglob("soft-labels*"))


@pytest.mark.parametrize("option", ["--lr", "--teacher-lr"])
@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "0", "-0.001"])
def test_a_rate_that_teaches_nothing(
    option: str, value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = asked(tmp_path, option, value, capsys=capsys)
    assert said.code == 1
    assert f"{option} {value}: a " in said.error
    assert nothing_began(tmp_path)


@pytest.mark.parametrize("option", ["--weight-decay", "--ema-decay", "--soft-weight", "--drop-rate", "--cell-power"])
def test_a_number_that_is_none(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = asked(tmp_path, option, "nan", capsys=capsys)
    assert said.code == 2
    assert f"Invalid value for '{option}'" in said.err
    assert nothing_began(tmp_path)


def test_a_number_without_an_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = asked(tmp_path, "--weight-decay", "inf", capsys=capsys)
    assert said.code == 1
    assert "--weight-decay inf: a finite number is wanted" in said.error
    assert nothing_began(tmp_path)


def test_a_root_without_a_malignant_photo_to_judge_by(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "photos"
    labels = ["mel", *("nv" for _ in range(39))]
    rows = [(f"HAM_{place}", f"ISIC_{place:07d}", label) for place, label in enumerate(labels)]
    write_table(root / "HAM10000_metadata.csv", ("lesion_id", "image_id", "dx"), rows)
    for place in range(len(labels)):
        draw(root / "images" / f"ISIC_{place:07d}.jpg", place)
    said = asked(tmp_path, "--data", root, "--image-size", 32, capsys=capsys)
    assert said.code == 1
    assert "part holds no malignant photo" in said.error
    assert nothing_began(tmp_path)


def without(dataset: Dataset, part: Part, *, malignant: bool) -> Dataset:
    """The same with the photos of one kind moved from a part to the test part."""
    parts = [
        Part.TEST if own is part and sample.malignant is malignant else own
        for own, sample in zip(dataset.parts, dataset.samples, strict=True)
    ]
    return replace(dataset, parts=tuple(parts))


@pytest.mark.parametrize("part", [Part.TRAIN, Part.VALIDATION, Part.CALIBRATION])
@pytest.mark.parametrize("malignant", [True, False])
def test_a_part_of_one_kind(
    part: Part,
    malignant: bool,
    tmp_path: Path,
    small_config: TrainConfig,
    small_data: Dataset,
    small_labels: SoftLabels,
) -> None:
    kind = "malignant" if malignant else "benign"
    with pytest.raises(StudentError, match=f"the {part} part holds no {kind} photo .* add photos"):
        train(tmp_path, small_config, without(small_data, part, malignant=malignant), small_labels)
    assert not list(tmp_path.iterdir())


def test_fewer_than_ten_patients(small_data: Dataset) -> None:
    of_nine = replace(small_data, groups=small_data.groups % 9)
    with pytest.raises(StudentError, match=r"holds 9 patients or lesions \(\d+ photos\), and 10 are the least"):
        refuse_hopeless(of_nine)
    refuse_hopeless(replace(small_data, groups=small_data.groups % 10))


def test_photos_that_are_gone(small_data: Dataset, tmp_path: Path) -> None:
    moved = tuple(replace(sample, path=tmp_path / sample.path.name) for sample in small_data.samples)
    with pytest.raises(StudentError, match=r"no such file any more \(.* is its disk there"):
        refuse_hopeless(replace(small_data, samples=moved))


def test_a_rare_condition_is_a_warning(small_data: Dataset) -> None:
    rare = small_data.samples[small_data.part(Part.TEST)[0]].condition
    parts = [
        Part.TRAIN if sample.condition is rare else own
        for own, sample in zip(small_data.parts, small_data.samples, strict=True)
    ]
    lines = refuse_hopeless(replace(small_data, parts=tuple(parts)))
    for part in (Part.VALIDATION, Part.CALIBRATION, Part.TEST):
        (line,) = [one for one in lines if one.startswith(f"warning: the {part} part holds")]
        assert f"no {rare.value}" in line


def test_a_test_part_of_one_kind_is_a_warning_and_its_figures_unknown(
    tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    """NaN has no place in a JSON file: a reader that keeps to the standard gets null."""
    parts = [
        Part.CALIBRATION if own is Part.TEST and sample.malignant else own
        for own, sample in zip(small_data.parts, small_data.samples, strict=True)
    ]
    dataset = replace(small_data, parts=tuple(parts))
    assert "warning: the test part holds no malignant photo: some of its figures will be unknown" in refuse_hopeless(
        dataset
    )
    config = replace(small_config, epochs=1)
    run = create_run(tmp_path, config, name="one")
    train(run, config, dataset, small_labels)
    figures = strict(run / METRICS_NAME)["test"]
    assert figures["malignancy_auc"] == {"value": None, "low": None, "high": None, "n": len(dataset.part(Part.TEST))}


def strict(path: Path) -> dict:
    """JSON as the standard has it."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{path}: {word} is no JSON")

    return json.loads(path.read_text(), parse_constant=refuse)


def test_json_never_holds_what_is_no_number(tmp_path: Path) -> None:
    content = {"a": float("nan"), "b": [1.5, float("inf"), (np.float64("nan"), "NaN")], "c": {"d": -float("inf")}}
    write_json(tmp_path / "x.json", content)
    assert strict(tmp_path / "x.json") == {"a": None, "b": [1.5, None, [None, "NaN"]], "c": {"d": None}}


@pytest.mark.parametrize("size", ["64", "97"])
def test_a_student_that_refuses_the_size(size: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = make_ham(tmp_path / "photos")
    said = asked(tmp_path, "--data", root, "--image-size", size, student=STRICT, capsys=capsys)
    assert said.code == 1
    assert f"--image-size {size}: {STRICT} refuses images of this side" in said.error
    assert nothing_began(tmp_path)


def test_a_student_that_refuses_the_training_size(small_config: TrainConfig) -> None:
    spec = student_spec(STRICT, image_size=224)
    refuse_unfit(replace(small_config, student_spec=spec))
    with pytest.raises(StudentError, match=f"--train-size 96: {STRICT} cannot learn from images of this side"):
        refuse_unfit(replace(small_config, student_spec=spec, train_size=96))


def test_first_weights_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, absent = make_ham(tmp_path / "photos"), tmp_path / "absent.safetensors"
    said = asked(tmp_path, "--data", root, "--image-size", 32, "--init", absent, capsys=capsys)
    assert said.code == 1
    assert f"--init {absent}: no such file" in said.error
    assert nothing_began(tmp_path)


def test_a_folder_of_runs_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "runs").write_text("")
    said = asked(tmp_path, "--data", make_ham(tmp_path / "photos"), "--image-size", 32, capsys=capsys)
    assert said.code == 1
    assert f"{tmp_path / 'runs' / 'one'}: cannot be written" in said.error
    assert nothing_began(tmp_path)


def test_resume_beside_other_options(
    tmp_path: Path, small_config: TrainConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    create_run(tmp_path / "runs", small_config, name="one")
    where = ("--runs", tmp_path / "runs", "--resume", "--name", "one", "--image-size", 64)
    said = typed("distill", "train", *where, "--epochs", 9, "--lr", 0.5, "--no-bridging", capsys=capsys)
    assert said.code == 1
    assert "--epochs is 3 there, --lr is 0.002 there, --bridging is True there; leave them out" in said.error


def test_a_loss_that_is_no_number_stops_at_the_step(
    tmp_path: Path,
    small_config: TrainConfig,
    small_data: Dataset,
    small_labels: SoftLabels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = replace(small_config, epochs=2)
    run = create_run(tmp_path, config, name="one")
    train(run, config, small_data, small_labels, stop_after=1)
    kept = {path: path.read_bytes() for path in run.rglob("checkpoint-*/*")}
    real = trainer.distillation_loss
    monkeypatch.setattr(trainer, "distillation_loss", lambda *a, **b: real(*a, **b) * float("nan"))
    with pytest.raises(
        StudentError,
        match=r"loss is no number any more, at a learning rate of \d.* a smaller --lr, or",
    ):
        train(run, config, small_data, small_labels)
    assert kept
    assert {path: path.read_bytes() for path in run.rglob("checkpoint-*/*")} == kept
    assert not (run / WEIGHTS_NAME).exists()


def test_a_rate_that_is_too_large_stops_before_anything_is_kept(
    tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    config = replace(small_config, lr=1e30, warmup_epochs=1e-9)
    run = create_run(tmp_path, config, name="one")
    with pytest.raises(StudentError, match=r"is no number any more, at a learning rate of 1\.0e\+30"):
        train(run, config, small_data, small_labels)
    assert not list(run.glob("checkpoint-*"))


def test_a_run_that_never_beat_its_start_is_not_finished(
    tmp_path: Path,
    small_config: TrainConfig,
    small_data: Dataset,
    small_labels: SoftLabels,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nan = float("nan")
    scores = {"malignancy_auc": nan, "conditions_macro_auc": nan, "condition_accuracy": 0.1}
    monkeypatch.setattr(trainer, "judged", lambda *_: scores)
    config = replace(small_config, epochs=1)
    run = create_run(tmp_path, config, name="one")
    with pytest.raises(StudentError, match="no epoch was better than the untrained start"):
        train(run, config, small_data, small_labels)
    assert not (run / WEIGHTS_NAME).exists()
    state = strict(run / "checkpoint-0001" / "state.json")
    assert (state["best_score"], state["history"][0]["malignancy_auc"]) == (None, None)
    (row,) = csv.DictReader((run / "history.csv").open())
    assert row["epoch"] == "1"


@pytest.mark.parametrize("package", ["distill", "export"])
def test_a_run_that_never_learned_is_refused(
    package: str, tmp_path: Path, small_config: TrainConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    """As versions before this one could leave it."""
    run = create_run(tmp_path, small_config, name="one")
    save_file(Student(small_config.student_spec).state_dict(), run / WEIGHTS_NAME)
    write_json(run / METRICS_NAME, {"epochs": 3, "best_epoch": 0})
    words = {"distill": ("evaluate", run), "export": ("all", "--run", run, "--out", tmp_path / "bundles")}
    said = typed(package, *words[package], capsys=capsys)
    assert said.code == 1
    assert f"{run}: no epoch of this run was better than its untrained start" in said.error
    assert not (tmp_path / "bundles").exists()


def test_a_disk_that_fills_up_keeps_the_checkpoint_before(
    tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    """A limit on the size of a file is what the system refuses in the same words' place."""
    config = replace(small_config, epochs=2)
    run = create_run(tmp_path, config, name="one")
    train(run, config, small_data, small_labels, stop_after=1)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, most))
    try:
        with pytest.raises(StudentError, match=r"checkpoint of epoch 2 cannot be written .* continue with --resume"):
            train(run, config, small_data, small_labels)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    assert [path.name for path in run.iterdir() if path.is_dir()] == ["checkpoint-0001"]
    assert train(run, config, small_data, small_labels)
    assert load_student(run)


@pytest.mark.parametrize("name", ["history.csv", "student.safetensors", "metrics.json"])
def test_a_file_that_cannot_be_written_is_one_line_and_goes_on_later(
    name: str, tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    config = replace(small_config, epochs=1)
    run = create_run(tmp_path, config, name="one")
    (run / name).mkdir()
    (run / name / "in the way").touch()
    with pytest.raises(StudentError, match=r"one: cannot be written \(.*then continue with --resume"):
        train(run, config, small_data, small_labels)
    (run / name / "in the way").unlink()
    (run / name).rmdir()
    assert train(run, config, small_data, small_labels)
