"""`--prevalence`: probabilities for a declared share of malignant lesions, and nothing else changed."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit

from distill.student import Student
from export.bundle.build import Built, ExportOptions, build_bundle, judge_of
from export.bundle.check import check_bundle
from export.bundle.recalibrate import check_movable, prevalence_of, recalibrate
from export.onnx_file.convert import retuned
from export.onnx_file.module import Temperatures
from export.verify.calibrate import CalibrationError, prevalence_weights
from export.verify.outputs import Outputs, Thresholds, file_outputs, moved, tiers
from export.workshop.stages import Stages
from runtime.bundle.load import Manifest, ModelFile, Prevalence, load_bundle, read_manifest, verified
from runtime.errors import BundleError
from teacher.data.dataset import Dataset
from teacher.data.splits import Part

DECLARED = 0.1


@pytest.fixture(scope="module")
def rare(student: Student, photos: Dataset, options: ExportOptions, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The bundle of `built`, for use where one lesion in ten is malignant."""
    out = tmp_path_factory.mktemp("rare") / "drawn"
    return build_bundle(student, photos, out=out, options=replace(options, prevalence=DECLARED))


def answers(folder: Path, file: ModelFile, photos: Dataset, part: Part) -> Outputs:
    return file_outputs(verified(folder, file), [photos.square(int(index)) for index in photos.part(part)])


def thresholds_of(file: ModelFile) -> Thresholds:
    return Thresholds(points=file.operating_points, novelty=file.novelty_threshold)


def test_probabilities_move_by_the_odds_and_nothing_else_does(built: Built, rare: Built, photos: Dataset) -> None:
    share = float(photos.malignant(photos.part(Part.CALIBRATION)).mean())
    shift = logit(DECLARED) - logit(share)
    for plain, declared in zip(built.manifest.files, rare.manifest.files, strict=True):
        before = answers(built.folder, plain, photos, Part.TEST)
        after = answers(rare.folder, declared, photos, Part.TEST)
        np.testing.assert_allclose(logit(after.malignancy), logit(before.malignancy) + shift, atol=0.01)
        np.testing.assert_array_equal(after.conditions, before.conditions)
        np.testing.assert_array_equal(after.novelty, before.novelty)
        assert after.malignancy.mean() < before.malignancy.mean() - 0.05


def test_order_and_tiers_of_the_photos_stay(built: Built, rare: Built, photos: Dataset) -> None:
    for plain, declared in zip(built.manifest.files, rare.manifest.files, strict=True):
        assert declared.operating_points.low < plain.operating_points.low
        for part in (Part.CALIBRATION, Part.VALIDATION, Part.TEST):
            before = answers(built.folder, plain, photos, part)
            after = answers(rare.folder, declared, photos, part)
            order = np.argsort(before.malignancy, kind="stable")
            assert (np.diff(after.malignancy[order]) >= 0).all()
            assert tiers(after, thresholds_of(declared)) == tiers(before, thresholds_of(plain))
        assert declared.metrics == plain.metrics
        assert declared.operating_points.sensitivity_at_low == plain.operating_points.sensitivity_at_low
        assert declared.parity == pytest.approx(dict(plain.parity), abs=2e-3)


def test_manifest_and_reports_say_that_it_was_declared(built: Built, rare: Built) -> None:
    for file in read_manifest(rare.folder).files:
        assert file.calibration is not None
        assert file.calibration.prevalence == Prevalence(declared=DECLARED, calibrated=pytest.approx(0.4, abs=0.01))
    assert prevalence_of(rare.manifest) == DECLARED
    assert prevalence_of(built.manifest) is None
    assert "prevalence" not in (built.folder / "manifest.json").read_text()
    report, calibration = ((rare.folder / name).read_text() for name in ("report.md", "calibration.md"))
    assert "Declared prevalence 0.1" in report
    assert "Declared by whoever exported, not measured" in calibration
    assert "| onnx fp32 | 0.1 | 0.4 |" in calibration
    for name in ("report.md", "calibration.md"):
        assert "revalence" not in (built.folder / name).read_text()


def test_probabilities_are_calibrated_at_the_declared_share(built: Built, rare: Built, photos: Dataset) -> None:
    """Weighed to the declared share, what is said is what is found; without the option it is far off there."""
    malignant = photos.malignant(photos.part(Part.CALIBRATION))
    weights = prevalence_weights(malignant, DECLARED)
    assert np.average(malignant, weights=weights) == pytest.approx(DECLARED)
    distance = [
        abs(np.average(answers(one.folder, file, photos, Part.CALIBRATION).malignancy, weights=weights) - DECLARED)
        for one in (built, rare)
        for file in [one.manifest.files[1]]
    ]
    assert distance[1] < distance[0] / 2


def test_a_bundle_is_given_another_prevalence_without_converting(
    built: Built, rare: Built, student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    """The same files as an export with the option, byte for byte."""
    copy = Path(shutil.copytree(built.folder, tmp_path / "copy"))
    judge = judge_of(student, photos, options=replace(options, prevalence=DECLARED), stages=Stages.silent())
    assert recalibrate(copy, judge).files == rare.manifest.files
    for file in rare.manifest.files:
        assert (copy / file.name).read_bytes() == (rare.folder / file.name).read_bytes()
    assert (copy / "calibration.md").read_bytes() == (rare.folder / "calibration.md").read_bytes()
    check_bundle(copy, judge=judge)
    assert load_bundle(copy).manifest == read_manifest(copy)
    assert not [path for path in tmp_path.iterdir() if path != copy]


def test_what_cannot_be_moved_is_said_before_any_work(built: Built) -> None:
    (file, *_), manifest = built.manifest.files, built.manifest
    check_movable(manifest, None)
    check_movable(manifest, 0.2)
    apple = replace(manifest, files=(replace(file, format="coreml", precision="fp16"),))
    with pytest.raises(CalibrationError, match=r"coreml file cannot be changed; .* --prevalence 0\.2"):
        check_movable(apple, 0.2)
    with pytest.raises(CalibrationError, match="not calibrated"):
        check_movable(replace(manifest, files=(replace(file, calibration=None),)), 0.2)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 10.0, float("nan")])
def test_what_is_no_share_is_refused(share: float) -> None:
    with pytest.raises(CalibrationError, match=r"--prevalence .*between 0 and 1"):
        ExportOptions(prevalence=share)


def test_too_few_photos_to_calibrate_by_cannot_be_moved(
    student: Student, photos: Dataset, options: ExportOptions
) -> None:
    calibration = photos.part(Part.CALIBRATION)
    few = {int(index) for index in calibration[photos.malignant(calibration)][5:]}
    parts = tuple(Part.TRAIN if index in few else part for index, part in enumerate(photos.parts))
    with pytest.raises(CalibrationError, match=r"--prevalence 0\.1: the calibration part holds fewer than 20"):
        judge_of(
            student, replace(photos, parts=parts), options=replace(options, prevalence=0.1), stages=Stages.silent()
        )


@pytest.mark.parametrize("share", [0, 1, -1, 2, "0.1", None])
def test_a_manifest_with_an_impossible_share_is_refused(rare: Built, share: object) -> None:
    calibration = rare.manifest.files[0].calibration
    assert calibration is not None
    broken = replace(calibration, prevalence=Prevalence(declared=share, calibrated=0.4))  # pyright: ignore[reportArgumentType]
    text = replace(rare.manifest, files=(replace(rare.manifest.files[0], calibration=broken),)).to_json()
    with pytest.raises(BundleError, match=r"declared|between 0 and 1"):
        Manifest.from_json(text)


def test_an_onnx_file_gets_the_addition_once_and_loses_it_again(built: Built) -> None:
    import onnx

    data = verified(built.folder, built.manifest.files[1])
    own = Temperatures(malignancy=1.5, conditions=0.9)
    plain = retuned(onnx.ModelProto.FromString(data), own)
    twice = retuned(retuned(plain, replace(own, shift=2.0)), replace(own, shift=-1.0))
    assert twice == retuned(plain, replace(own, shift=-1.0))
    assert len(twice.graph.node) == len(plain.graph.node) + 1
    assert retuned(twice, own) == plain
    onnx.checker.check_model(twice, full_check=True)


@given(
    scores=st.lists(st.floats(1e-6, 1 - 1e-6), min_size=1, max_size=20),
    shift=st.floats(-5, 5),
)
def test_moving_keeps_the_order_and_comes_back(scores: list[float], shift: float) -> None:
    before = Outputs(malignancy=np.array(scores), conditions=np.zeros((len(scores), 10)), novelty=np.zeros(len(scores)))
    after = moved(before, shift)
    assert (np.diff(after.malignancy[np.argsort(scores)]) >= 0).all()
    np.testing.assert_allclose(moved(after, -shift).malignancy, scores, rtol=1e-6, atol=1e-9)
