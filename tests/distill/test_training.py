"""The trainer: the same bits for the same seed, whole after an interruption, honest about what it is given."""

import json
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from ctrl_c import heed_ctrl_c
from plugin_photos import make_ham
from plugin_training import SMALL_STUDENT
from safetensors import SafetensorError
from safetensors.torch import save_file

from distill.cli import app
from distill.config import TrainConfig, from_json, to_json
from distill.evaluate import predict
from distill.run import create_run, newest_run, read_config
from distill.student import Student, StudentError, load_first_weights, load_student, student_spec
from distill.trainer import learning_rate, train
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.models.checkpoint import Progress, load_checkpoint, save_checkpoint
from teacher.soft_labels import SoftLabels


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> Path:
    """A run of three epochs, never interrupted."""
    run = create_run(tmp_path_factory.mktemp("runs"), small_config, name="whole")
    train(run, small_config, small_data, small_labels)
    return run


def test_a_run_folder_holds_what_the_design_says(finished: Path, small_config: TrainConfig) -> None:
    names = {path.name for path in finished.iterdir()}
    assert names == {"student.safetensors", "config.json", "history.csv", "metrics.json", "curves.png", "speed.csv"}
    assert read_config(finished) == small_config
    assert len((finished / "history.csv").read_text().splitlines()) == 1 + small_config.epochs
    test = json.loads((finished / "metrics.json").read_text())["test"]
    assert 0 <= test["malignancy_auc"]["low"] <= test["malignancy_auc"]["value"] <= test["malignancy_auc"]["high"] <= 1


def test_the_same_seed_gives_the_same_bits(
    finished: Path, tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    run = create_run(tmp_path, small_config, name="again")
    train(run, small_config, small_data, small_labels)
    for name in ("student.safetensors", "history.csv", "metrics.json"):
        assert (run / name).read_bytes() == (finished / name).read_bytes(), name


def test_interrupted_and_resumed_gives_the_same_bits(
    finished: Path, tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    run = create_run(tmp_path, small_config, name="interrupted")
    assert train(run, small_config, small_data, small_labels, stop_after=1) == {}
    assert not (run / "student.safetensors").exists()
    train(run, small_config, small_data, small_labels)
    for name in ("student.safetensors", "history.csv", "metrics.json"):
        assert (run / name).read_bytes() == (finished / name).read_bytes(), name


def test_another_seed_gives_another_student(
    finished: Path, tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    other = replace(small_config, seed=1, epochs=1)
    run = create_run(tmp_path, other, name="other")
    train(run, other, small_data, small_labels)
    assert (run / "student.safetensors").read_bytes() != (finished / "student.safetensors").read_bytes()


def test_a_last_batch_of_one_image_is_left_out(
    tmp_path: Path, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> None:
    """At 32 pixels the last map of the student has one place: batch norm refuses a batch of one image there."""
    count = len(small_data.part(Part.TRAIN))
    spec = replace(small_config.student_spec, image_size=32)
    config = replace(small_config, student_spec=spec, batch_size=count - 1, epochs=1)
    assert train(create_run(tmp_path, config, name="one"), config, small_data, small_labels)


def test_config_survives_json(small_config: TrainConfig) -> None:
    config = replace(small_config, init=Path("a/b.safetensors"), train_size=48)
    assert from_json(json.loads(json.dumps(to_json(config)))) == config


def test_learning_rate_warms_up_and_ends_low(small_config: TrainConfig) -> None:
    config = replace(small_config, epochs=10, lr=1.0, warmup_epochs=1.0)
    rates = [learning_rate(config, step / 10) for step in range(101)]
    assert rates[0] < 0.01
    assert max(rates) == pytest.approx(1.0, abs=0.02)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[-1] == pytest.approx(0.01, abs=1e-3)


def _command(data: Path, tmp_path: Path, *more: str, epochs: int = 60) -> list[str]:
    return [
        *(sys.executable, "-m", "distill", "train", "--student", SMALL_STUDENT, "--data", str(data)),
        *("--epochs", str(epochs), "--teacher-epochs", "1", "--views", "1", "--image-size", "32", "--name", "killed"),
        *("--runs", str(tmp_path / "runs"), "--cache", str(tmp_path / "cache"), *more),
    ]


def _wait_for(path: Path, process: subprocess.Popen[bytes], pattern: str, *, seconds: float = 480) -> None:
    deadline = time.monotonic() + seconds
    while not list(path.glob(pattern)):
        assert time.monotonic() < deadline, f"no {pattern} within {seconds} s"
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.1)
            raise AssertionError("the run ended before it could be killed")


@pytest.mark.slow
def test_kill_9_in_an_epoch_then_resume(ham_root: Path, tmp_path: Path) -> None:
    run = tmp_path / "runs" / "killed"
    with subprocess.Popen(_command(ham_root, tmp_path, epochs=20), stderr=subprocess.DEVNULL) as process:
        _wait_for(run, process, "checkpoint-*/state.json")
        process.send_signal(signal.SIGKILL)
    reached = json.loads(max(run.glob("checkpoint-*/state.json")).read_text())["epoch"]
    assert 1 <= reached < 20
    command = _command(ham_root, tmp_path, "--resume", epochs=20)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Training the student: goes on at " in done.stderr
    history = (run / "history.csv").read_text().splitlines()[1:]
    assert [int(line.split(",")[0]) for line in history] == list(range(1, 21))
    assert load_student(run)


@pytest.mark.slow
def test_two_processes_learn_what_one_does(small_data: Dataset, small_labels: SoftLabels, tmp_path: Path) -> None:
    """Through the command: batch statistics and dropout are those of the whole batch."""
    asked = [
        *("distill", "train", "--student", SMALL_STUDENT, "--image-size", "64", "--synthetic-count", "200"),
        *("--epochs", "2", "--batch-size", "16", "--teacher-epochs", "1", "--teacher-lr", "0.001", "--views", "2"),
        *("--runs", str(tmp_path), "--cache", str(small_data.folder.parent)),
    ]
    launch = ["torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m"]
    said, losses = {}, {}
    for name, launcher in {"one": [], "two": launch}.items():
        command = [sys.executable, "-m", *launcher, *asked, "--name", name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count("epoch 2/2") == 1
        assert done.stdout.count("2 processes share each batch of 16") == (name == "two")
        student = load_student(tmp_path / name)
        said[name] = predict(student, small_data, small_data.part(Part.VALIDATION)).malignancy
        rows = (tmp_path / name / "history.csv").read_text().splitlines()[1:]
        losses[name] = [float(row.split(",")[1]) for row in rows]
    assert losses["one"] == pytest.approx(losses["two"], rel=1e-3)
    np.testing.assert_allclose(said["one"], said["two"], atol=1e-3)


@pytest.mark.slow
def test_ctrl_c_says_how_to_go_on(ham_root: Path, tmp_path: Path) -> None:
    run = tmp_path / "runs" / "killed"
    with subprocess.Popen(_command(ham_root, tmp_path), stderr=subprocess.PIPE, preexec_fn=heed_ctrl_c) as process:
        _wait_for(run, process, "checkpoint-*/state.json")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=480)
    assert process.returncode == 130
    assert b"--resume" in errors
    assert b"Traceback" not in errors


def test_a_taken_name_is_refused(finished: Path, small_config: TrainConfig) -> None:
    with pytest.raises(StudentError, match="exists; choose another --name"):
        create_run(finished.parent, small_config, name="whole")


def test_an_unfinished_run_is_no_student(tmp_path: Path, small_config: TrainConfig) -> None:
    run = create_run(tmp_path, small_config, name="unfinished")
    with pytest.raises(StudentError, match="continue it with --resume"):
        load_student(run)
    assert newest_run(tmp_path, finished=False) == run
    with pytest.raises(StudentError, match="no finished run"):
        newest_run(tmp_path, finished=True)


def test_an_unknown_student_names_the_choices() -> None:
    with pytest.raises(StudentError, match="mobilenetv3, efficientnet_b0, efficientnet_lite0"):
        student_spec("mobilnet", image_size=64)


@pytest.mark.parametrize("name", ["mobilenetv3", "efficientnet_b0", "efficientnet_lite0", "mobilenetv2"])
def test_named_students_have_two_heads(name: str) -> None:
    student = Student(student_spec(name, image_size=64)).eval()
    said = student(torch.zeros(2, 3, 64, 64))
    assert (said.malignancy.shape, said.conditions.shape) == ((2,), (2, 10))
    assert said.features.shape == (2, student.malignancy_head.in_features)


def test_init_fills_the_trunk(tmp_path: Path) -> None:
    spec = student_spec(SMALL_STUDENT, image_size=64)
    torch.manual_seed(1)
    source, target = Student(spec), Student(spec)
    tensors = {**source.trunk.state_dict(), "classifier.weight": torch.zeros(3)}
    save_file(tensors, tmp_path / "trunk.safetensors")
    load_first_weights(target, tmp_path / "trunk.safetensors")
    for name, tensor in source.trunk.state_dict().items():
        torch.testing.assert_close(target.trunk.state_dict()[name], tensor)


def test_init_of_another_architecture_is_refused(tmp_path: Path) -> None:
    other = Student(student_spec("test_resnet", image_size=64))
    save_file(dict(other.trunk.state_dict()), tmp_path / "other.safetensors")
    with pytest.raises(StudentError, match="is it the right architecture"):
        load_first_weights(Student(student_spec(SMALL_STUDENT, image_size=64)), tmp_path / "other.safetensors")


def test_init_that_is_no_safetensors_is_refused(tmp_path: Path) -> None:
    (tmp_path / "junk.safetensors").write_bytes(b"junk")
    student = Student(student_spec(SMALL_STUDENT, image_size=64))
    with pytest.raises(StudentError, match="not a readable safetensors file"):
        load_first_weights(student, tmp_path / "junk.safetensors")


def test_init_of_a_finished_run_goes_on_from_the_whole_student_at_any_size(finished: Path) -> None:
    learned = load_student(finished)
    student = Student(replace(learned.spec, image_size=2 * learned.spec.image_size))
    load_first_weights(student, finished)
    for name, tensor in learned.state_dict().items():
        assert torch.equal(student.state_dict()[name], tensor), name


def test_init_of_a_run_that_is_unfinished_or_of_another_architecture_is_refused(finished: Path, tmp_path: Path) -> None:
    other = Student(student_spec("test_resnet", image_size=64))
    with pytest.raises(StudentError, match=f"--init .*: its student is a {SMALL_STUDENT}, not a test_resnet"):
        load_first_weights(other, finished)
    with pytest.raises(StudentError, match=r"--init .*: not a run folder"):
        load_first_weights(other, tmp_path)


def test_the_shipped_trunk_fits_the_named_student(shared_weights: Path) -> None:
    student = Student(student_spec("mobilenetv2", image_size=224))
    load_first_weights(student, shared_weights / "mobilenetv2_100_tf_in1k_nohead.safetensors")
    assert all(torch.isfinite(tensor).all() for tensor in student.trunk.state_dict().values())


@pytest.mark.slow
def test_a_damaged_root_ends_the_command_in_one_line(tmp_path: Path) -> None:
    root = make_ham(tmp_path / "photos", count=70)
    for victim in sorted(root.rglob("*.jpg"))[:10]:
        victim.write_bytes(b"")
    done = subprocess.run(_command(root, tmp_path), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "error: 10 of 70 images cannot be read" in done.stderr
    assert "Traceback" not in done.stderr


def test_help_lists_every_option_with_a_description() -> None:
    from typer.main import get_command

    command = get_command(app).commands["train"]  # type: ignore[attr-defined]
    assert all(getattr(option, "help", None) for option in command.params)


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = torch.nn.Linear(2, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    first = Progress(epoch=1, best_epoch=1, best_score=0.5, history=())
    save_checkpoint(tmp_path, first, {"model": model}, optimizer, error=StudentError)

    def full(*_: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("teacher.models.checkpoint.save_file", full)
    with pytest.raises(StudentError, match=r"checkpoint of epoch 2 cannot be written .*No space left.*--resume"):
        save_checkpoint(tmp_path, replace(first, epoch=2), {"model": model}, optimizer, error=StudentError)
    assert load_checkpoint(tmp_path, {"model": model}, optimizer) == first
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint-0001"]
