"""A run that was stopped anywhere, also inside an epoch, ends in the bits of one that was not, or says why not."""

import csv
import json
import re
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from ctrl_c import heed_ctrl_c

from distill import trainer
from distill.config import TrainConfig
from distill.lessons import Lessons, lessons_of
from distill.losses import LossConfig
from distill.run import create_run
from distill.student import StudentError
from distill.trainer import train
from teacher.data.dataset import Dataset
from teacher.data.sample import Domain
from teacher.data.splits import Part
from teacher.soft_labels import SoftLabels

Hook = Callable[[int, int], None]


class Job:
    """Two epochs of views of 32 pixels, in a folder."""

    def __init__(self, folder: Path, config: TrainConfig, dataset: Dataset, labels: SoftLabels | Lessons) -> None:
        self.config = replace(config, epochs=2, train_size=32)
        self.dataset, self.labels = dataset, labels
        self.run = create_run(folder, self.config, name="one")
        self.lines: list[str] = []

    def train(self, after_step: Hook = lambda _epoch, _step: None, *, minutes: float = 1e6) -> object:
        return train(
            self.run,
            self.config,
            self.dataset,
            self.labels,
            checkpoint_minutes=minutes,
            say=self.lines.append,
            after_step=after_step,
        )

    def stop(self, epoch: int, step: int, how: type[BaseException] = KeyboardInterrupt, minutes: float = 1e6) -> None:
        """End after that step."""

        def after_step(*reached: int) -> None:
            if reached == (epoch, step):
                raise how

        with pytest.raises(how):
            self.train(after_step, minutes=minutes)

    @property
    def checkpoints(self) -> list[str]:
        return [path.name for path in self.run.glob("checkpoint-*")]


@pytest.fixture
def job(tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels) -> Job:
    return Job(tmp_path, small_config, small_data, small_labels)


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> Job:
    """Never interrupted."""
    job = Job(tmp_path_factory.mktemp("whole"), small_config, small_data, small_labels)
    job.train()
    return job


def assert_the_same(job: Job, whole: Job) -> None:
    for name in ("student.safetensors", "history.csv", "metrics.json"):
        assert (job.run / name).read_bytes() == (whole.run / name).read_bytes(), name
    assert {path.name for path in job.run.iterdir()} == {path.name for path in whole.run.iterdir()}


STEPS = 8
"""Of an epoch of the small data in batches of 16."""


@pytest.mark.parametrize(
    ("places", "kept"),
    [
        ([(0, 1)], "checkpoint-0000-000001"),
        ([(0, STEPS)], f"checkpoint-0000-{STEPS:06d}"),
        ([(1, 3)], "checkpoint-0001-000003"),
        ([(0, 3), (0, 4), (1, STEPS - 1)], f"checkpoint-0001-{STEPS - 1:06d}"),
    ],
)
def test_interrupted_inside_an_epoch(places: list[tuple[int, int]], kept: str, job: Job, whole: Job) -> None:
    for epoch, step in places:
        job.stop(epoch, step)
    assert job.checkpoints == [kept]
    assert (job.run / "curves.png").exists() is (places[-1][0] > 0)
    job.train()
    assert_the_same(job, whole)


def test_killed_it_loses_what_came_since_the_last_checkpoint(job: Job, whole: Job) -> None:
    """SystemExit passes through as a kill does: nothing is kept on the way out."""
    job.stop(0, 3, SystemExit, minutes=0)
    assert job.checkpoints == ["checkpoint-0000-000003"]
    job.stop(0, 6, SystemExit)
    assert job.checkpoints == ["checkpoint-0000-000003"]
    job.train()
    assert_the_same(job, whole)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_waits_for_the_end_of_the_step(
    name: str, job: Job, whole: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told to stop in the middle of a step, it keeps that step whole."""
    heed_ctrl_c()
    real, calls = trainer.distillation_loss, []

    def told_in_the_middle(*arguments: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            signal.raise_signal(getattr(signal, name))
        return real(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer, "distillation_loss", told_in_the_middle)
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        job.train()
    assert signal.getsignal(signal.SIGTERM) == before
    assert job.checkpoints == ["checkpoint-0000-000002"]
    job.train()
    assert_the_same(job, whole)


def test_told_to_stop_while_it_is_judged(job: Job, whole: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    heed_ctrl_c()
    real = trainer.predict

    def told(*arguments: object) -> object:
        monkeypatch.setattr(trainer, "predict", real)
        signal.raise_signal(signal.SIGINT)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(trainer, "predict", told)
    with pytest.raises(KeyboardInterrupt):
        job.train()
    assert job.checkpoints == [f"checkpoint-0000-{STEPS:06d}"]
    job.train()
    assert_the_same(job, whole)


def test_other_data_another_configuration_and_other_labels_are_named(job: Job) -> None:
    job.stop(0, 2)
    kept = sorted(job.run.rglob("*"))
    mine, labels, dataset = job.config, job.labels, job.dataset
    job.config = replace(mine, lr=0.5, teacher=replace(mine.teacher, folds=3))
    with pytest.raises(
        StudentError, match=r"cannot go on, for lr was 0\.002 and is 0\.5 .*; teacher\.folds was 2 and is 3"
    ):
        job.train()
    job.config, job.labels = mine, replace(labels, malignancy=labels.malignancy + 1)
    with pytest.raises(StudentError, match="its soft labels are not those it began with; bring back"):
        job.train()
    job.labels = labels
    parts = list(dataset.parts)
    parts[int(dataset.part(Part.VALIDATION)[0])] = Part.TEST
    job.dataset = replace(dataset, parts=tuple(parts))
    with pytest.raises(StudentError, match="its validation photos are not those it began with"):
        job.train()
    assert sorted(job.run.rglob("*")) == kept


def test_a_damaged_checkpoint_is_one_line(job: Job) -> None:
    job.stop(0, 2)
    folder = job.run / "checkpoint-0000-000002"
    for name in ("state.json", "student.safetensors", "randomness.safetensors"):
        content = (folder / name).read_bytes()
        for damage in (content[:40], b""):
            (folder / name).write_bytes(damage)
            with pytest.raises(StudentError, match=r"its checkpoint cannot be read .* start another run"):
                job.train()
        (folder / name).unlink()
        with pytest.raises(StudentError, match=r"its checkpoint cannot be read .* start another run"):
            job.train()
        (folder / name).write_bytes(content)


def test_a_full_disk_inside_an_epoch_keeps_the_checkpoint_before(
    job: Job, whole: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    job.stop(0, 2)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("teacher.models.checkpoint.save_file", full)
        with pytest.raises(StudentError, match=r"checkpoint of epoch 1, step 3, cannot be written .*No space left"):
            job.train(minutes=0)
    assert job.checkpoints == ["checkpoint-0000-000002"]
    job.train()
    assert_the_same(job, whole)


def test_each_epoch_is_one_line_with_the_teacher_beside(whole: Job) -> None:
    assert len(whole.lines) == 2
    for number, line in enumerate(whole.lines, start=1):
        assert line.startswith(f"epoch {number}/2  loss ")
        assert "AUC: student " in line
        assert ", averaged " in line
        assert ", teacher " in line
        assert line.isprintable()
    rows = list(csv.DictReader((whole.run / "history.csv").open()))
    for row, line in zip(rows, whole.lines, strict=True):
        assert f"averaged {float(row['malignancy_auc']):.3f}" in line
        assert f"student {float(row['student_malignancy_auc']):.3f}" in line
    assert whole.lines[0].endswith("best so far")


def test_several_domains_stand_beside_each_other(whole: Job) -> None:
    rows = list(csv.DictReader((whole.run / "history.csv").open()))
    for row, line in zip(rows, whole.lines, strict=True):
        for domain in Domain:
            who = (f"{before}malignancy_auc_{domain}" for before in ("student_", "", "teacher_"))
            told = " / ".join(f"{float(row[one]):.3f}" for one in who)
            assert f"; {domain} {told}" in line


def test_a_domain_of_one_kind_has_no_figure(job: Job) -> None:
    validation = set(job.dataset.part(Part.VALIDATION).tolist())
    moved = tuple(
        replace(sample, domain=Domain.CLINICAL) if index in validation and sample.malignant else sample
        for index, sample in enumerate(job.dataset.samples)
    )
    job.dataset = replace(job.dataset, samples=moved)
    job.train()
    assert len(job.lines) == 2
    assert all("; smartphone - / -" in line for line in job.lines)


def test_processes_share_a_batch_that_is_large_enough(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    several = replace(trainer.this_compute(), processes=16)
    monkeypatch.setattr(trainer, "this_compute", lambda: several)
    with pytest.raises(StudentError, match="--batch-size 16 is for all 16 processes together: give at least 32"):
        job.train()


def test_mixed_views_and_matched_features_go_on_in_the_same_bits(
    tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    """Also with the weights of rare images in the loss, and other words of the teacher."""
    loss = LossConfig(soft="standardised", feature_weight=0.5)
    config = replace(small_config, mixup=0.4, loss=loss, sampling=replace(small_config.sampling, weights_in="loss"))
    lessons = lessons_of(small_data, config)
    straight, stopped, plain = (
        Job(tmp_path / name, one, small_data, given)
        for name, one, given in (
            ("straight", config, lessons),
            ("stopped", config, lessons),
            ("plain", replace(config, mixup=0.0), lessons),
        )
    )
    straight.train()
    for place in ((0, 2), (1, 5)):
        stopped.stop(*place)
    stopped.train()
    assert_the_same(stopped, straight)
    plain.train()
    name = "student.safetensors"
    assert (plain.run / name).read_bytes() != (straight.run / name).read_bytes()


def test_other_embeddings_are_named(
    tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    config = replace(small_config, loss=LossConfig(feature_weight=1.0))
    lessons = lessons_of(small_data, config)
    assert lessons.embeddings is not None
    assert lessons.embeddings.rows.shape[:2] == small_labels.seeds.shape
    job = Job(tmp_path, config, small_data, lessons)
    job.stop(0, 1)
    job.labels = Lessons(lessons.labels, replace(lessons.embeddings, rows=lessons.embeddings.rows + 1))
    with pytest.raises(StudentError, match="its teacher's embeddings are not those it began with"):
        job.train()
    job.labels = small_labels
    with pytest.raises(StudentError, match="--feature-weight asks for the teacher's embeddings"):
        job.train()


def test_an_option_that_came_later_does_not_keep_a_run_from_going_on(job: Job, whole: Job) -> None:
    """A checkpoint of a version that did not know it has its default."""
    job.stop(0, 2)
    state = job.run / "checkpoint-0000-000002" / "state.json"
    stored = json.loads(state.read_text())
    for name in ("mixup", "labels", "compile"):
        del stored["origin"]["config"][name]
    state.write_text(json.dumps(stored))
    job.train()
    assert_the_same(job, whole)


def test_each_epoch_says_how_fast_it_was(whole: Job) -> None:
    rows = list(csv.DictReader((whole.run / "speed.csv").open()))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    for row, line in zip(rows, whole.lines, strict=True):
        told = re.search(r"  (\d+) images/s, ", line)
        assert told is not None, line
        # Both are rounded from one measurement, the line to a whole number and the table to a tenth.
        assert abs(float(told[1]) - float(row["images_per_second"])) <= 0.5 + 0.05 + 1e-9
        assert 0 <= float(row["waited"]) <= float(row["seconds"])
        assert int(row["images"]) > 0
