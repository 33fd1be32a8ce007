"""New thresholds for a bundle that exists: other targets, without retraining or converting anything."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from export.bundle.bundle_report import REPORT_NAME
from export.bundle.calibration_report import CALIBRATION_NAME, write_calibration_report
from export.bundle.check import kind_of
from export.verify.calibrate import Targets
from export.verify.judge import Judge, Measured
from runtime.bundle.load import SIGNATURE_NAME, Manifest, ModelFile, read_manifest, verified, write_manifest
from runtime.files import written_whole
from teacher.data.splits import Part


def recalibrate(folder: Path, judge: Judge) -> Manifest:
    """Derive every file's thresholds by the judge's targets and write the manifest anew; the files stay as they are.

    The temperatures inside them stay too. A file that would no longer pass its gate ends it with nothing changed. The
    bundle's signature, where it has one, is of the old manifest and goes. Raises BundleError or GateError.
    """
    before = read_manifest(folder)
    measured = {file.name: judge.recalibrated(kind_of(file), verified(folder, file)) for file in before.files}
    manifest = replace(before, files=tuple(measured[file.name].into(file) for file in before.files))
    if manifest != before:
        _write(folder, manifest, measured, judge)
        _mark_stale(folder / REPORT_NAME)
    return manifest


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


def _write(folder: Path, manifest: Manifest, measured: Mapping[str, Measured], judge: Judge) -> None:
    answers = {name: one.test for name, one in measured.items()}
    (folder / SIGNATURE_NAME).unlink(missing_ok=True)
    write_manifest(folder, manifest)
    write_calibration_report(folder, manifest, test=answers, malignant=judge.photos[Part.TEST].malignant)
