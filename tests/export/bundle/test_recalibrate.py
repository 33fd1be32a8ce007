"""`export calibrate`: other targets for a bundle that exists; its model files stay as they are."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from distill.student import Student
from export.bundle.build import Built, ExportOptions, judge_of
from export.bundle.check import check_bundle
from export.bundle.recalibrate import recalibrate, targets_of
from export.bundle.sign import make_keys, sign_bundle
from export.verify.calibrate import Targets
from export.verify.judge import Judge
from export.verify.parity import GateError
from export.workshop.stages import Stages
from runtime.bundle.load import SIGNATURE_NAME, load_bundle, read_manifest
from teacher.data.dataset import Dataset
from teacher.data.splits import Part

OTHER = Targets(sensitivity=0.8, specificity=0.7, confidence=0.5, coverage=0.7, novelty_rejection=0.1)


@pytest.fixture
def copy(built: Built, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built.folder, tmp_path / "copy"))


@pytest.fixture(scope="module")
def judge(built: Built, student: Student, photos: Dataset, options: ExportOptions) -> Judge:
    """Thresholds amid the scores: 8 bit changes more tiers there, which is not what is tested."""
    limits = {**options.limits, "int8": replace(options.limits["int8"], tier_agreement=0.8)}
    other = replace(options, targets=OTHER, limits=limits)
    return judge_of(student, photos, options=other, stages=Stages.silent())


def test_other_targets_give_other_thresholds_and_the_same_files(copy: Path, built: Built, judge: Judge) -> None:
    manifest = recalibrate(copy, judge)
    assert read_manifest(copy) == manifest
    for before, after in zip(built.manifest.files, manifest.files, strict=True):
        assert (after.sha256, after.calibration, after.recipe) == (before.sha256, before.calibration, before.recipe)
        assert after.operating_points.low > before.operating_points.low
        assert after.novelty_threshold is not None
        assert before.novelty_threshold is not None
        assert after.novelty_threshold < before.novelty_threshold
        assert targets_of(after) == OTHER
        assert targets_of(before) == Targets(confidence=before.operating_points.confidence or 0.0)
    assert [checked.parity for checked in check_bundle(copy, judge=judge)[1]] == [
        pytest.approx(dict(file.parity), abs=1e-6) for file in manifest.files
    ]
    assert load_bundle(copy).file == manifest.files[0]


def test_the_same_targets_give_the_same_manifest_and_report(
    copy: Path, built: Built, student: Student, photos: Dataset, options: ExportOptions
) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    recalibrate(copy, judge_of(student, photos, options=options, stages=Stages.silent()))
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_the_report_says_target_achieved_and_for_whom_nothing_is_assured(copy: Path, judge: Judge) -> None:
    manifest = recalibrate(copy, judge)
    text = (copy / "calibration.md").read_text(encoding="utf-8")
    for words in ("80% with 50% confidence", "70% on average", "at most 10% on average", "**not assured**: too few"):
        assert words in text
    for file in manifest.files:
        assert f"{file.operating_points.low:.4f}" in text
    assert (copy / "calibration.png").stat().st_size > 10_000
    recalibrate(copy, judge)
    assert (copy / "report.md").read_text(encoding="utf-8").count("derived anew after this report") == 1


def test_a_signature_of_the_old_thresholds_goes(copy: Path, judge: Judge, tmp_path: Path) -> None:
    private, _ = make_keys(tmp_path / "keys")
    sign_bundle(copy, key=private)
    recalibrate(copy, judge)
    assert not (copy / SIGNATURE_NAME).exists()


def test_a_bundle_that_no_longer_passes_is_left_as_it_was(copy: Path, judge: Judge) -> None:
    before = {path.name: path.read_bytes() for path in copy.iterdir()}
    int8 = replace(judge.limits["int8"], tier_agreement=1.1)
    with pytest.raises(GateError, match="onnx int8 fails its gate"):
        recalibrate(copy, replace(judge, limits={**judge.limits, "int8": int8}))
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == before


def test_the_sets_in_the_manifest_cover_the_calibration_part(built: Built, photos: Dataset) -> None:
    for file in built.manifest.files:
        assert file.prediction_sets is not None
        assert file.prediction_sets.n == len(photos.part(Part.CALIBRATION))
        assert file.metrics["set_coverage"].n == len(photos.part(Part.TEST))
        assert 1 <= file.metrics["set_size"].value <= 10
        assert np.isfinite(file.metrics["set_size"].low)
