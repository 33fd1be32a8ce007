"""New thresholds for a bundle that exists: other targets, without retraining or converting anything."""

import hashlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import onnx

from export.bundle.build import written_aside
from export.bundle.bundle_report import REPORT_NAME
from export.bundle.calibration_report import CALIBRATION_NAME, write_calibration_report
from export.bundle.check import kind_of
from export.onnx_file.convert import retuned
from export.onnx_file.module import Temperatures
from export.tflite.model import retuned_tflite
from export.verify.calibrate import CalibrationError, Targets
from export.verify.judge import Judge, Measured
from runtime.bundle.load import SIGNATURE_NAME, Manifest, ModelFile, read_manifest, verified, write_manifest
from runtime.files import written_whole
from teacher.data.splits import Part


def recalibrate(folder: Path, judge: Judge) -> Manifest:
    """Derive every file's thresholds by the judge's targets and write the manifest anew; the files stay as they are.

    The temperatures inside them stay too; only where the judge's prevalence is another is that constant changed. A
    file that would no longer pass its gate ends it with nothing changed. The bundle's signature, where it has one, is
    of the old manifest and goes. Raises BundleError, CalibrationError or GateError.
    """
    before = read_manifest(folder)
    contents = {file.name: verified(folder, file) for file in before.files}
    files = [_at_prevalence(file, contents, judge) for file in before.files]
    measured = {file.name: judge.recalibrated(kind_of(file), contents[file.name]) for file in files}
    manifest = replace(before, files=tuple(measured[file.name].into(file) for file in files))
    if manifest != before:
        changed = {new.name: contents[new.name] for old, new in zip(before.files, files, strict=True) if old != new}
        _write(folder, manifest, changed, measured, judge)
    return manifest


def prevalence_of(manifest: Manifest) -> float | None:
    """The share of malignant lesions that a bundle was made for; None where none was declared."""
    calibration = manifest.files[0].calibration
    return None if calibration is None else calibration.declared


def check_movable(manifest: Manifest, prevalence: float | None) -> None:
    """Raises CalibrationError where a bundle's files cannot be given another prevalence, before the photos are asked.

    prevalence: None where nobody asked for another.
    """
    if prevalence is None or prevalence == prevalence_of(manifest):
        return
    for file in manifest.files:
        if file.calibration is None:
            raise CalibrationError(
                f"{file.name}: not calibrated (too few photos), so that no prevalence can be declared"
            )
        if file.format not in RETUNE:
            raise CalibrationError(
                f"{file.name}: the constants of a {file.format} file cannot be changed; run export again with "
                f"--prevalence {prevalence:g}"
            )


RETUNE: Mapping[str, Callable[[bytes, Temperatures], bytes]] = {
    "onnx": lambda data, wanted: retuned(onnx.ModelProto.FromString(data), wanted).SerializeToString(),
    "tflite": retuned_tflite,
}
"""Formats whose constants can be changed in the file itself."""


def _at_prevalence(file: ModelFile, contents: dict[str, bytes], judge: Judge) -> ModelFile:
    """The entry of a file at the judge's prevalence; its bytes in `contents` are changed where it had another."""
    calibration, wanted = file.calibration, judge.reference.calibration
    if calibration is None or wanted is None or wanted.declared == calibration.declared:
        return file
    temperatures = Temperatures(
        malignancy=calibration.malignancy_temperature,
        conditions=calibration.conditions_temperature,
        shift=judge.reference.shift,
    )
    data = RETUNE[file.format](contents[file.name], temperatures)
    contents[file.name] = data
    return replace(
        file,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        calibration=replace(calibration, prevalence=wanted.prevalence),
    )


def targets_of(file: ModelFile) -> Targets:
    """What a file's thresholds were derived for; the defaults where they were not derived."""
    points, sets = file.operating_points, file.prediction_sets
    if not points.calibrated or points.target_sensitivity is None or points.target_specificity is None:
        return Targets()
    usual = Targets()
    return Targets(
        sensitivity=points.target_sensitivity,
        specificity=points.target_specificity,
        confidence=points.confidence or 0.0,
        coverage=usual.coverage if sets is None else sets.target_coverage,
        novelty_rejection=usual.novelty_rejection if file.novelty_rejection is None else file.novelty_rejection,
    )


STALE = (
    f"**The thresholds were derived anew after this report**: sensitivity, specificity and tiers are those of "
    f"[{CALIBRATION_NAME}]({CALIBRATION_NAME})."
)


def _mark_stale(report: Path) -> None:
    """Say so at the top of the report of the export, whose other figures still hold."""
    if not report.is_file():
        return
    title, _, rest = report.read_text(encoding="utf-8").partition("\n")
    if STALE not in rest:
        with written_whole(report) as partial:
            partial.write_text(f"{title}\n\n{STALE}\n{rest}", encoding="utf-8")


def _write(
    folder: Path, manifest: Manifest, changed: Mapping[str, bytes], measured: Mapping[str, Measured], judge: Judge
) -> None:
    """All at once where model files change: a manifest beside the wrong file would be a damaged bundle."""
    if not changed:
        _fill(folder, manifest, changed, measured, judge)
        return
    with written_aside(folder) as aside:
        shutil.copytree(folder, aside, dirs_exist_ok=True)
        _fill(aside, manifest, changed, measured, judge)


def _fill(
    folder: Path, manifest: Manifest, changed: Mapping[str, bytes], measured: Mapping[str, Measured], judge: Judge
) -> None:
    answers = {name: one.test for name, one in measured.items()}
    (folder / SIGNATURE_NAME).unlink(missing_ok=True)
    for name, data in changed.items():
        (folder / name).write_bytes(data)
    write_manifest(folder, manifest)
    write_calibration_report(folder, manifest, test=answers, malignant=judge.photos[Part.TEST].malignant)
    _mark_stale(folder / REPORT_NAME)
