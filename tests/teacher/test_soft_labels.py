"""Soft labels: cross-fitted, stored with the seeds of their views, made once."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import expit

from distill.config import TrainConfig
from teacher.data import batches
from teacher.data.dataset import DataOptions, Dataset, open_dataset
from teacher.data.splits import Part
from teacher.models.config import EncoderChoice, FinetuneConfig, TeacherConfig, TeacherError
from teacher.models.network import Teacher
from teacher.soft_labels import SoftLabels, check_labels, ensure_soft_labels, fold_teachers, soft_labels_folder
from teacher.soft_labels.sets import first_rows, folds_of


def test_every_training_image_is_labelled_in_every_view(small_data: Dataset, small_labels: SoftLabels) -> None:
    count = len(small_data.part(Part.TRAIN))
    assert small_labels.seeds.shape == small_labels.malignancy.shape == (count, 2)
    assert small_labels.conditions.shape == (count, 2, 10)
    assert np.isfinite(small_labels.malignancy).all()
    assert np.isfinite(small_labels.conditions).all()
    assert len(np.unique(small_labels.seeds)) == small_labels.seeds.size


def test_no_teacher_labels_a_group_it_trained_on(small_data: Dataset, small_config: TrainConfig) -> None:
    train = small_data.part(Part.TRAIN)
    rows = first_rows(small_data, folds=small_config.teacher.folds, seed=small_config.teacher.seed)
    fold_of = folds_of(rows, small_data, folds=small_config.teacher.folds)
    assert sorted(set(fold_of)) == [0, 1]
    groups = [{small_data.samples[index].group_id for index in train[fold_of == fold]} for fold in (0, 1)]
    assert not groups[0] & groups[1]


def test_labels_are_the_fold_teachers_words_on_the_stored_views(
    small_data: Dataset, small_config: TrainConfig, small_labels: SoftLabels
) -> None:
    """The weights kept beside the labels, shown the views that the stored seeds make, say them again."""
    count = len(small_data.part(Part.TRAIN))
    assert check_labels(small_data, small_config.teacher, count=count) < 1e-4


def test_a_label_that_its_teacher_no_longer_says_is_refused(
    small_data: Dataset, small_config: TrainConfig, small_labels: SoftLabels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mirrored view is the commonest way for stored labels to go stale unnoticed."""
    real = batches.make_view
    monkeypatch.setattr(batches, "make_view", lambda *a, **b: np.ascontiguousarray(real(*a, **b)[:, ::-1]))
    with pytest.raises(TeacherError, match=r"the stored label of synthetic/.* says [01]\.\d+ and its teacher now says"):
        check_labels(small_data, small_config.teacher, count=200)


def test_labels_are_made_once(
    small_data: Dataset, small_config: TrainConfig, small_labels: SoftLabels, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a finished set of labels was made again")

    monkeypatch.setattr(fold_teachers, "finetune", fail)
    again = ensure_soft_labels(small_data, small_config.teacher)
    np.testing.assert_array_equal(again.malignancy, small_labels.malignancy)


def test_an_interruption_loses_at_most_a_fold(
    small_data: Dataset, small_config: TrainConfig, small_labels: SoftLabels, tmp_path: Path, monkeypatch
) -> None:
    """Interrupted in the second fold, the first is not made again, and the labels are bit for bit the same."""
    data = replace(small_data, folder=tmp_path)
    real, seen = fold_teachers.finetune, []

    def interrupt_second(*arguments: object, **named: object) -> object:
        seen.append(len(seen))
        if len(seen) == 2:
            raise KeyboardInterrupt
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(fold_teachers, "finetune", interrupt_second)
    with pytest.raises(KeyboardInterrupt):
        ensure_soft_labels(data, small_config.teacher)
    again = ensure_soft_labels(data, small_config.teacher)
    assert len(seen) == 3  # fold 1, the interrupted fold 2, fold 2
    np.testing.assert_array_equal(again.conditions, small_labels.conditions)


def test_another_teacher_has_labels_of_its_own(small_data: Dataset, small_config: TrainConfig) -> None:
    other = replace(small_config.teacher, seed=1)
    assert soft_labels_folder(small_data, other) != soft_labels_folder(small_data, small_config.teacher)


def test_one_fold_is_refused(small_data: Dataset, small_config: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(TeacherError, match="at least 2"):
        ensure_soft_labels(replace(small_data, folder=tmp_path), replace(small_config.teacher, folds=1))


def test_a_local_siglip_checkpoint_is_another_value(tmp_path: Path) -> None:
    """The folder form of `google/siglip-so400m-patch14-384`, at a size a test can hold."""
    teacher = Teacher(EncoderChoice(name="tiny"))
    teacher.encoder.tower.save_pretrained(tmp_path / "checkpoint")
    loaded = Teacher(EncoderChoice(name=str(tmp_path / "checkpoint")))
    images = torch.zeros(1, 3, 96, 96)
    torch.testing.assert_close(loaded.eval()(images).features, teacher.eval()(images).features)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (EncoderChoice(name="no/such/folder-or-model"), "name its folder"),
        (EncoderChoice(name="timm:no_such_model"), "timm knows no model"),
        (EncoderChoice(name="timm:test_efficientnet", init=Path("absent.safetensors")), "no such file"),
        (EncoderChoice(name="tiny", init=Path("x.safetensors")), "goes with a timm: teacher"),
    ],
)
def test_a_teacher_that_cannot_be_had_says_what_to_do(
    choice: EncoderChoice, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(TeacherError, match=message):
        Teacher(choice)


@pytest.mark.parametrize("content", [b"junk", b""])
def test_a_trunk_file_that_cannot_be_read_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "trunk.safetensors"
    path.write_bytes(content)
    with pytest.raises(TeacherError, match="not a readable safetensors file"):
        Teacher(EncoderChoice(name="timm:test_efficientnet", init=path, image_size=64))


def test_a_timm_trunk_teaches_too() -> None:
    teacher = Teacher(EncoderChoice(name="timm:test_efficientnet", image_size=64)).eval()
    said = teacher(torch.zeros(2, 3, 64, 64))
    assert said.malignancy.shape == (2,)
    assert said.conditions.shape == (2, 10)


@pytest.mark.slow
def test_two_processes_store_what_one_does(tmp_path: Path) -> None:
    """Fine-tuning, trees, weighing and labelling, through the command, and what is said is said once."""
    said, labels = {}, {}
    for name, launcher in {
        "one": [],
        "two": ["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"],
    }.items():
        cache = tmp_path / name
        options = DataOptions(image_size=64, cache=cache, synthetic_count=200)
        asked = ["--image-size", "64", "--synthetic-count", "200", "--cache", str(cache), "--views", "2"]
        command = [sys.executable, "-m", *launcher, "teacher", "soft-labels", *asked, "--teacher-epochs", "2"]
        run = subprocess.run(command, capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        said[name] = run.stdout
        config = TeacherConfig(finetune=FinetuneConfig(epochs=2), views=2)
        labels[name] = ensure_soft_labels(open_dataset(options), config)
    assert said["two"].count("soft labels of") == 1
    np.testing.assert_array_equal(labels["one"].seeds, labels["two"].seeds)
    apart = np.abs(expit(labels["one"].malignancy) - expit(labels["two"].malignancy))
    assert np.quantile(apart, 0.9) < 0.01  # a tree's split may fall to the other side of a rounding
