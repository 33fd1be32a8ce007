"""One model file before its judge: calibrated on its own answers, held against the student, measured on the test part.

Everything that can send a file away happens here: it does not fit, does not run, answers with what is no probability,
or is too far from the PyTorch student on the whole validation part.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from export.verify.calibrate import Targets, can_calibrate, recalibrated, thresholds
from export.verify.candidates import Verdict
from export.verify.damage import TensorDamage, damage, stacked
from export.verify.model_file import FileKind, Written
from export.verify.outputs import Outputs, Thresholds, figures, moved
from export.verify.parity import (
    GateError,
    Limits,
    breaches,
    check,
    compare,
    malignancy_differences,
    worst_photo,
)
from export.verify.reference import Photos, Reference, evenly_spread
from export.workshop.stages import Stages
from runtime.bundle.load import Calibration, Figure, ModelFile
from runtime.errors import EngineError
from teacher.data.splits import Part

DAMAGE_PHOTOS = 4
"""Photos over which a tensor's signal-to-noise ratio is taken when a file failed: each tensor of each is compared."""

NEAR = 0.05
"""Malignancy from a threshold within which the noise of an 8-bit file, 0.01 to 0.03 on average, may change a tier."""


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """One file that passed its gate."""

    entry: ModelFile
    data: bytes
    written: Written
    measured: "Measured"

    @property
    def label(self) -> str:
        """Such as "onnx int8"."""
        return f"{self.entry.format} {self.entry.precision}"


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A file's own thresholds, its answers, and how it does by them."""

    thresholds: Thresholds
    validation: Outputs
    test: Outputs
    parity: Mapping[str, float]
    metrics: Mapping[str, Figure]

    def into(self, entry: ModelFile) -> ModelFile:
        """The file's entry in the manifest with all that was measured."""
        return replace(
            entry,
            operating_points=self.thresholds.points,
            novelty_threshold=self.thresholds.novelty,
            novelty_rejection=self.thresholds.novelty_rejection,
            prediction_sets=self.thresholds.sets,
            metrics=self.metrics,
            parity=self.parity,
        )


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The photos, the student's answers to them, and how much a file may differ."""

    photos: Mapping[Part, Photos]
    reference: Reference
    targets: Targets
    limits: Mapping[str, Limits]
    """per precision"""
    stages: Stages

    def file(self, kind: FileKind, written: Written) -> FileReport:
        """Judge a file. Raises GateError naming format, figure, limit, measured value, worst photo and tensor."""
        try:
            return self._judged(kind, written)
        except EngineError as error:
            raise GateError(f"{kind.label} fails its gate: {error}") from error

    def verdict(self, outputs: Outputs, chosen: np.ndarray, *, precision: str, margin: float) -> Verdict:
        """Of a candidate's answers to some calibration photos, each side by thresholds from those very photos.

        `margin`: how much more tier agreement a candidate must have than the gate asks.
        """
        calibration = self.photos[Part.CALIBRATION]
        cases, limits = calibration.cases.take(chosen), self.limits[precision]
        wanted = self.reference.undeclared[Part.CALIBRATION].take(chosen)
        found = compare(
            wanted,
            outputs,
            malignant=cases.malignant,
            reference_thresholds=thresholds(wanted, cases, targets=self.targets),
            own_thresholds=thresholds(outputs, cases, targets=self.targets),
        )
        return Verdict(figures=found, passes=not breaches(found, limits.stricter(margin)))

    def again(self, kind: FileKind, data: bytes, entry: ModelFile) -> dict[str, float]:
        """Hold a file of a bundle against the student by the bundle's own thresholds. Raises GateError."""
        own = Thresholds(points=entry.operating_points, novelty=entry.novelty_threshold)
        outputs = self._answers(kind, data, Part.VALIDATION)
        return self._passed(kind, data, None, outputs, own)

    def recalibrated(self, kind: FileKind, data: bytes) -> Measured:
        """Thresholds and figures of a file of a bundle, derived anew by this judge's targets. Raises GateError."""
        return self._measured(kind, data, None, self._answers(kind, data, Part.CALIBRATION))

    def _judged(self, kind: FileKind, written: Written) -> FileReport:
        _check_size(kind, len(written.data))
        data, calibration, on_calibration = self._calibrated(kind, written)
        measured = self._measured(kind, data, written.baseline, on_calibration)
        entry = ModelFile(
            name=kind.file_name,
            format=kind.format,
            precision=kind.precision,
            bytes=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            recipe=written.recipe,
            determinism=written.determinism,
            calibration=calibration,
        )
        return FileReport(entry=measured.into(entry), data=data, written=written, measured=measured)

    def _measured(
        self, kind: FileKind, data: bytes, baseline: Callable[[], bytes] | None, on_calibration: Outputs
    ) -> Measured:
        own = thresholds(on_calibration, self.photos[Part.CALIBRATION].cases, targets=self.targets)
        on_validation = self._answers(kind, data, Part.VALIDATION)
        parity = self._passed(kind, data, baseline, on_validation, own)
        test, on_test = self.photos[Part.TEST], self._answers(kind, data, Part.TEST)
        metrics = figures(on_test, test.malignant, test.conditions, own)
        return Measured(thresholds=own, validation=on_validation, test=on_test, parity=parity, metrics=metrics)

    def _calibrated(self, kind: FileKind, written: Written) -> tuple[bytes, Calibration | None, Outputs]:
        """The file with temperatures from its own answers on the calibration part, and those answers.

        A declared prevalence comes last: what it is added to is fitted as without it.
        """
        outputs = self._answers(kind, written.data, Part.CALIBRATION)
        photos, before = self.photos[Part.CALIBRATION], self.reference.module.temperatures
        if not can_calibrate(photos.malignant):
            return written.data, None, outputs
        fitted = recalibrated(outputs, before, malignant=photos.malignant, conditions=photos.conditions)
        data, shift = written.data, self.reference.shift
        if fitted != before or shift:
            data = written.retune(replace(fitted, shift=shift))
            outputs = self._answers(kind, data, Part.CALIBRATION)
        calibration = Calibration(
            part=Part.CALIBRATION.value,
            n=len(photos),
            malignancy_temperature=fitted.malignancy,
            conditions_temperature=fitted.conditions,
            prevalence=None if self.reference.calibration is None else self.reference.calibration.prevalence,
        )
        return data, calibration, outputs

    def _answers(self, kind: FileKind, data: bytes, part: Part) -> Outputs:
        squares = self.photos[part].squares
        with self.stages.stage(f"{kind.label}: {part.value}", total=len(squares)) as step:
            return kind.outputs(data, squares, step=step)

    def _passed(
        self, kind: FileKind, data: bytes, baseline: Callable[[], bytes] | None, outputs: Outputs, own: Thresholds
    ) -> dict[str, float]:
        """The figures of the gate on the validation part. Raises GateError where one is over its limit."""
        parity = compare(
            self.reference.outputs[Part.VALIDATION],
            outputs,
            malignant=self.photos[Part.VALIDATION].malignant,
            reference_thresholds=self.reference.thresholds,
            own_thresholds=own,
        )
        if shift := self.reference.shift:  # where lesions are rarely malignant, all differences would be small
            undeclared = self.reference.undeclared[Part.VALIDATION]
            parity |= malignancy_differences(undeclared, moved(outputs, -shift))
        limits = self.limits[kind.precision]
        check(parity, limits, label=kind.label, details=lambda: self._details(kind, data, baseline, outputs))
        return parity

    def narrowness(self) -> str:
        """How many validation photos a little noise moves over a threshold, and what one of them weighs."""
        scores, points = self.reference.outputs[Part.VALIDATION].malignancy, self.reference.thresholds.points
        near = np.minimum(np.abs(scores - points.low), np.abs(scores - points.high)) < NEAR
        weight = f"one photo is {1 / len(near):.1%}"
        return f"{near.mean():.0%} of the photos lie within {NEAR:g} of a threshold, and {weight}"

    def _details(
        self, kind: FileKind, data: bytes, baseline: Callable[[], bytes] | None, outputs: Outputs
    ) -> Sequence[str]:
        """The worst photo, what makes this student hard, and the tensor that lost most where one can be told."""
        photos, wanted = self.photos[Part.VALIDATION], self.reference.outputs[Part.VALIDATION]
        worst = worst_photo(wanted, outputs)
        scores = f"{wanted.malignancy[worst]:.3f} in PyTorch, {outputs.malignancy[worst]:.3f} here"
        found = [f"worst photo {photos.names[worst]} (malignancy {scores})", self.narrowness()]
        if baseline is not None:
            squares = [photos.squares[index] for index in evenly_spread(len(photos), DAMAGE_PHOTOS)]
            most = file_damage(kind, baseline=baseline(), data=data, squares=squares)[0]
            found.append(f"most damaged tensor {most.name} ({most.snr_db:.1f} dB)")
        return found


def file_damage(
    kind: FileKind, *, baseline: bytes, data: bytes, squares: Sequence[np.ndarray]
) -> Sequence[TensorDamage]:
    """What quantising did to each tensor, the most damaged first, over some photos."""
    sound = stacked([kind.tensors(baseline, square) for square in squares])
    return damage(sound, stacked([kind.tensors(data, square) for square in squares]))


def _check_size(kind: FileKind, size: int) -> None:
    if kind.max_bytes is not None and size > kind.max_bytes:
        raise GateError(f"{kind.label} fails its gate: {size:,} bytes, the limit is at most {kind.max_bytes:,}")
