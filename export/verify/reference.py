"""What every file is held against: the PyTorch student's own answers, calibrated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from distill.student import StudentOutput
from export.onnx_file.module import EdgeModule, PhotoStudent, Temperatures, feature_statistics
from export.onnx_file.photo_model import PhotoModel
from export.verify.calibrate import (
    Cases,
    Targets,
    can_calibrate,
    declared_prevalence,
    fit_temperatures,
    shift_of,
    thresholds,
)
from export.verify.outliers import outliers, strangeness_of
from export.verify.outputs import Outputs, Thresholds, module_outputs, moved, student_answers
from export.workshop.stages import Stages
from runtime.bundle.load import Calibration, Frames, Prevalence
from teacher.data.dataset import Dataset
from teacher.data.splits import Part


@dataclass(frozen=True, kw_only=True)
class Photos:
    """The photos of one part and their labels."""

    squares: Sequence[np.ndarray]
    """uint8 [S, S, 3] each"""
    malignant: np.ndarray
    """bool [N]"""
    conditions: np.ndarray
    """int [N], positions in `runtime.conditions.CONDITIONS`"""
    names: Sequence[str] = ()
    """image ids"""
    tone_groups: Sequence[str | None] = ()
    """None where the dataset does not say"""
    domains: Sequence[str] = ()
    """how each was taken"""
    datasets: Sequence[str] = ()
    """where each comes from"""

    def __len__(self) -> int:
        return len(self.squares)

    @property
    def cases(self) -> Cases:
        """What is known of these photos, for calibrating."""
        return Cases(
            malignant=self.malignant,
            conditions=self.conditions,
            groups=self.tone_groups,
            domains=self.domains,
            datasets=self.datasets,
        )


@dataclass(frozen=True, kw_only=True)
class Reference:
    """The PyTorch student with everything around it, and its answers on validation, calibration and test."""

    module: EdgeModule
    """without a declared prevalence: files get theirs once they are judged"""
    outputs: Mapping[Part, Outputs]
    """at the declared prevalence, as the files that ship answer; without one as the module answers"""
    undeclared: Mapping[Part, Outputs]
    """as the module answers"""
    thresholds: Thresholds
    """on `outputs`"""
    calibration: Calibration | None
    """None: the calibration part is too small, temperatures are 1 and thresholds the defaults"""

    @property
    def shift(self) -> float:
        """What a declared prevalence adds to the malignancy's logit."""
        return shift_of(None if self.calibration is None else self.calibration.prevalence)


def photos_of(data: Dataset, part: Part) -> Photos:
    """The photos of one part, read when they are asked for."""
    indices = data.part(part)
    return Photos(
        squares=[data.square(int(index)) for index in indices],
        malignant=data.malignant(indices),
        conditions=data.conditions(indices),
        names=[data.samples[index].image_id for index in indices],
        tone_groups=[data.samples[index].tone_group for index in indices],
        domains=[str(data.samples[index].domain) for index in indices],
        datasets=[data.samples[index].dataset for index in indices],
    )


def make_reference(
    student: PhotoModel,
    photos: Mapping[Part, Photos],
    *,
    statistics_photos: int,
    targets: Targets,
    stages: Stages,
    prevalence: float | None = None,
    frames: Frames = Frames(),
    called: str = "student",
) -> Reference:
    """Measure the student once on every part; `statistics_photos` training photos of each domain say what is
    familiar.

    `prevalence`: the share of malignant lesions in use, where one is declared; `frames`: what it answers the mean of;
    `called`: what progress calls it.
    Raises CalibrationError where the calibration part cannot be moved to that share.
    """
    declared = declared_prevalence(photos[Part.CALIBRATION].malignant, prevalence)
    photo_student = PhotoStudent(student.train(False), frames=frames).eval()
    later = [part for part in Part if part is not Part.TRAIN]
    with stages.stage(f"Asking the PyTorch {called}", total=sum(len(photos[part]) for part in later)) as step:
        answers = {part: student_answers(photo_student, photos[part].squares, step=step) for part in later}
    temperatures, calibration = _calibration(answers[Part.CALIBRATION], photos[Part.CALIBRATION], declared)
    module = module_of(
        student,
        photos[Part.TRAIN],
        temperatures=temperatures,
        statistics_photos=statistics_photos,
        stages=stages,
        frames=frames,
    )
    undeclared = {part: module_outputs(module, answers[part]) for part in later}
    outputs = {part: moved(found, shift_of(declared)) for part, found in undeclared.items()}
    return Reference(
        module=module,
        outputs=outputs,
        undeclared=undeclared,
        thresholds=thresholds(outputs[Part.CALIBRATION], photos[Part.CALIBRATION].cases, targets=targets),
        calibration=calibration,
    )


def module_of(
    student: PhotoModel,
    train: Photos,
    *,
    temperatures: Temperatures,
    statistics_photos: int,
    stages: Stages,
    frames: Frames = Frames(),
) -> EdgeModule:
    """A student with everything around it; `statistics_photos` training photos of each domain say what is familiar."""
    photo_student = PhotoStudent(student.train(False), frames=frames).eval()
    chosen = _of_each_domain(train, statistics_photos)
    squares = [train.squares[index] for index in chosen]
    made = outliers(squares)
    with stages.stage("Features of training photos", total=len(squares) + len(made)) as step:
        seen = student_answers(photo_student, squares, step=step).features
        strange = student_answers(photo_student, made, step=step).features if made else seen[:0]
    domains = [train.domains[int(index)] for index in chosen] if train.domains else ()
    statistics = feature_statistics(seen, domains)
    plain = EdgeModule(photo_student, statistics=statistics, temperatures=temperatures).eval()
    known = replace(statistics, strangeness=strangeness_of(seen, strange, distances=plain.novelty(seen)))
    return EdgeModule(photo_student, statistics=known, temperatures=temperatures).eval()


def _of_each_domain(train: Photos, wanted: int) -> np.ndarray:
    """Positions of at most `wanted` photos of each domain."""
    kinds = np.array(train.domains or [""] * len(train))
    places = [np.flatnonzero(kinds == kind) for kind in np.unique(kinds)]
    return np.sort(np.concatenate([of[evenly_spread(len(of), wanted)] for of in places]))


def evenly_spread(count: int, wanted: int) -> np.ndarray:
    """At most `wanted` of `count` positions, evenly spread: the same ones each time."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(np.int64))


def _calibration(
    answers: StudentOutput, photos: Photos, declared: Prevalence | None
) -> tuple[Temperatures, Calibration | None]:
    if not can_calibrate(photos.malignant):
        return Temperatures(), None
    fitted = fit_temperatures(
        answers.malignancy.numpy(),
        answers.conditions.numpy(),
        malignant=photos.malignant,
        conditions=photos.conditions,
    )
    return fitted, Calibration(
        part=Part.CALIBRATION.value,
        n=len(photos),
        malignancy_temperature=fitted.malignancy,
        conditions_temperature=fitted.conditions,
        prevalence=declared,
    )
