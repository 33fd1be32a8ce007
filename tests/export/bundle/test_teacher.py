"""`export teacher`: a stored teacher as a bundle that answers as the teacher does, through the device's own door."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
from command_desk import Said, typed
from service_peers import SERVED, jpeg
from starlette.testclient import TestClient

from distill.config import TrainConfig
from export.bundle import teacher
from export.bundle.teacher import open_served
from runtime import Triage
from runtime.bundle.load import read_manifest
from runtime.service.app import create_app
from teacher.data.dataset import DataOptions, Dataset, open_dataset
from teacher.data.splits import Name, Part
from teacher.evaluation.predictions import names_of
from teacher.evaluation.teachers import JudgedTeacher
from teacher.models.config import EncoderChoice, FinetuneConfig, TeacherConfig, TeacherError
from teacher.soft_labels import REPORT_NAME, FoldTeachers, SoftLabels, ensure_soft_labels, soft_labels_folder
from teacher.soft_labels.fold_teachers import INNER_FOLDS

JPEG = {"content-type": "image/jpeg"}
FILES = ("model.fp32.onnx", "model.fp16.onnx")


@dataclass(frozen=True, kw_only=True)
class Exported:
    """A stored teacher and the bundle that was made of it."""

    stored: Path
    bundle: Path


def reweighed(source: Path, folder: Path, blends: dict[int, tuple[float, float]]) -> Path:
    """A copy of a stored teacher whose trees have these shares of malignancy and conditions, by fold."""
    shutil.copytree(source, folder)
    for fold, (malignancy, conditions) in blends.items():
        path = folder / f"fold{fold}-together.json"
        told = json.loads(path.read_text())
        told["weighing"] |= {"malignancy_blend": malignancy, "conditions_blend": conditions}
        path.write_text(json.dumps(told))
    return folder


def asked_of(data: Dataset) -> tuple[object, ...]:
    return ("--cache", data.folder.parent, "--synthetic-count", 200)


def export(stored: Path, data: Dataset, *more: object, capfd: pytest.CaptureFixture[str]) -> Said:
    return typed("export", "teacher", stored, *asked_of(data), *more, capsys=capfd)


@dataclass(frozen=True)
class OneFold(JudgedTeacher):
    """As if a teacher had no other fold."""

    fold: int

    def _speakers(self, names: Sequence[Name]) -> Iterator[tuple[list[FoldTeachers], np.ndarray]]:
        yield [self._folds[self.fold]], np.arange(len(names))


def differences(exported: Exported, data: Dataset, name: str, *, fold: int | None = None) -> tuple[float, float]:
    """Largest difference of malignancy and conditions between the teacher and a file without its temperatures."""
    judged = JudgedTeacher(exported.stored) if fold is None else OneFold(exported.stored, fold)
    data = open_dataset(DataOptions(image_size=judged.size, cache=data.folder.parent, synthetic_count=200))
    indices = data.part(Part.TEST)[:12]
    squares = [np.ascontiguousarray(data.square(int(index))) for index in indices]
    wanted = judged.predict(names_of(data, indices), squares)
    triage = Triage.load(exported.bundle, file=name, threads=1)
    said = [triage.engine.predict(square) for square in squares]
    own = triage.bundle.file.calibration
    assert own is not None
    malignancy, conditions = np.array([one.malignancy for one in said]), np.array([one.conditions for one in said])
    if own.prevalence is not None:
        before, now = own.prevalence.calibrated, own.prevalence.declared
        odds_moved = now / (1 - now) / (before / (1 - before))
    else:
        odds_moved = 1.0
    odds = (malignancy / (1 - malignancy) / odds_moved) ** own.malignancy_temperature
    shares = conditions**own.conditions_temperature
    shares /= shares.sum(axis=1, keepdims=True)
    return np.abs(odds / (1 + odds) - wanted.malignancy).max(), np.abs(shares - wanted.conditions).max()


@pytest.fixture(scope="module")
def stored(small_data: Dataset, small_config: TrainConfig, small_labels: SoftLabels, tmp_path_factory) -> Path:
    """The tiny SigLIP; trees are heard in its first fold and not in its second."""
    source = soft_labels_folder(small_data, small_config.teacher)
    return reweighed(source, tmp_path_factory.mktemp("stored") / "set", {0: (0.5, 0.25), 1: (0.0, 0.0)})


@pytest.mark.slow
def test_a_teacher_of_two_folds_and_its_trees_serve_as_they_were_judged(
    stored: Path, small_data: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    said = export(stored, small_data, "--out", tmp_path, "--prevalence", 0.1, capfd=capfd)
    assert said.code == 0, said.err
    bundle = tmp_path / "teacher-tiny"
    assert f"runtime serve --bundle {bundle}" in said.out
    assert (bundle / "manifest.json").is_file()
    manifest = read_manifest(bundle)
    assert manifest.architecture == "teacher-tiny"
    assert manifest.model_id.startswith("teacher-tiny-")
    assert {"transformers", "xgboost"} <= set(manifest.toolchain)
    assert tuple(file.name for file in manifest.files) == FILES
    assert manifest.files[1].bytes < 0.7 * manifest.files[0].bytes
    assert all(file.novelty_threshold is not None and file.operating_points.calibrated for file in manifest.files)

    exported = Exported(stored=stored, bundle=bundle)
    assert max(differences(exported, small_data, FILES[0])) < 1e-4
    assert max(differences(exported, small_data, FILES[1])) < 0.02

    report = (bundle / "report.md").read_text(encoding="utf-8")
    shares = "fold 0: malignancy 0.50, conditions 0.25; fold 1: malignancy 0.00, conditions 0.00"
    assert f"A teacher that serves: 2 networks, averaged in logits; share of XGBoost in {shares}." in report
    assert "Difference to the PyTorch teacher" in report
    trees = [node for node in onnx.load(bundle / FILES[0]).graph.node if node.op_type == "TreeEnsembleRegressor"]
    assert len(trees) == 2 * INNER_FOLDS, "two targets of the first fold, none of the second"

    assert typed("export", "check", bundle, capsys=capfd).code == 0
    judged = typed("teacher", "evaluate", bundle, *asked_of(small_data), capsys=capfd)
    assert judged.code == 0, judged.err
    triage, photo = Triage.load(bundle), jpeg()
    answer = TestClient(create_app(triage, served=SERVED)).post("/assess", content=photo, headers=JPEG)
    assert answer.json() == triage.assess(photo).to_dict()


@pytest.mark.slow
def test_one_fold_of_a_timm_teacher_with_two_seeds(
    small_data: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A convolutional trunk from scratch, whose own size is 64; the other fold is not asked."""
    encoder = EncoderChoice(name="timm:test_efficientnet", image_size=64)
    config = TeacherConfig(encoder=encoder, finetune=FinetuneConfig(epochs=1), views=1, seeds=2)
    ensure_soft_labels(small_data, config)
    source = soft_labels_folder(small_data, config)
    stored = reweighed(source, tmp_path / "set", {0: (0.0, 0.75), 1: (0.0, 0.0)})
    options = ("--out", tmp_path, "--fold", 0, "--precisions", "fp32", "--no-examples")
    said = export(stored, small_data, *options, capfd=capfd)
    assert said.code == 0, said.err
    bundle = tmp_path / "teacher-timm-test_efficientnet-fold0"
    exported = Exported(stored=stored, bundle=bundle)
    assert max(differences(exported, small_data, FILES[0], fold=0)) < 1e-4
    assert [path.name for path in bundle.glob("*.onnx")] == [FILES[0]]
    report = (bundle / "report.md").read_text(encoding="utf-8")
    assert "2 networks, averaged in logits; share of XGBoost in fold 0: malignancy 0.00, conditions 0.75." in report


def test_what_cannot_be_served_is_one_line(
    stored: Path, small_data: Dataset, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    damaged = shutil.copytree(stored, tmp_path / "damaged")
    (damaged / "fold1.teacher.safetensors").write_bytes(b"junk")
    unfinished = shutil.copytree(stored, tmp_path / "unfinished")
    (unfinished / REPORT_NAME).unlink()
    wrong = (
        ((tmp_path,), "not a finished set of soft labels"),
        ((unfinished,), "not a finished set of soft labels"),
        ((damaged,), "damaged: a damaged teacher"),
        ((stored, "--fold", 2), "--fold 2: the teachers of"),
        ((stored, "--precisions", "int8"), "--precisions int8: choose from fp32, fp16"),
        ((stored, "--seed", 1), "did not learn from the training part of the synthetic dataset"),
    )
    for (folder, *more), words in wrong:
        said = export(folder, small_data, *more, "--out", tmp_path / "bundles", capfd=capfd)
        assert said.code == 1, words
        assert words in said.error
        assert not (tmp_path / "bundles").exists()


def test_networks_that_no_onnx_file_holds_are_refused_before_they_are_loaded(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = (stored / "fold0.teacher.safetensors").stat().st_size
    monkeypatch.setattr(teacher, "MOST_BYTES", one + 1)
    with pytest.raises(TeacherError, match=r"2 networks, .* GB in all: an ONNX file ends at 2 GB; --fold N"):
        open_served(stored)
    assert open_served(stored, fold=1).network.spec.arch == "teacher-tiny-fold1"
    monkeypatch.setattr(teacher, "MOST_BYTES", one - 1)
    with pytest.raises(TeacherError, match=r"1 network, .* GB in all: an ONNX file ends at 2 GB$"):
        open_served(stored, fold=1)


def test_other_weights_of_trees_are_another_teacher(stored: Path, tmp_path: Path) -> None:
    """The model id is a digest of all that a teacher learned, of its trees and their share too."""
    other = reweighed(stored, tmp_path / "set", {0: (0.25, 0.25)})
    weights = [open_served(folder).network.state_dict() for folder in (stored, other)]
    changed = {name for name, tensor in weights[0].items() if not tensor.equal(weights[1][name])}
    assert changed == {"folds.0.weighing"}
    assert any(name.endswith("margins.learned") for name in weights[0])
