"""What ends a training before it begins: hours later it would be a library's error, or a useless student."""

import numpy as np
import torch

from distill.config import TrainConfig
from distill.student import Student, StudentError, load_first_weights
from runtime.errors import first_line
from teacher.data.dataset import Dataset
from teacher.data.sample import Condition
from teacher.data.splits import Part
from teacher.models.compute import this_compute

LEAST_GROUPS = 10
"""Patients or lesions that the training part must hold: fewer are learned by heart, whatever the views."""

NEEDED = {
    Part.TRAIN: "nothing can be learned of them",
    Part.VALIDATION: "no epoch could be judged",
    Part.CALIBRATION: "no threshold could be set",
}
"""The parts that must hold malignant and benign photos, and why."""


def refuse_hopeless(dataset: Dataset) -> tuple[str, ...]:
    """Raises StudentError where the data cannot make a student; returns a warning for all that is merely thin."""
    train = dataset.part(Part.TRAIN)
    groups = len(np.unique(dataset.groups[train]))
    if groups < LEAST_GROUPS:
        raise StudentError(
            f"the training part holds {groups} patients or lesions ({len(train):,} photos), and {LEAST_GROUPS} are the "
            "least that anything is learned from: add photos"
        )
    _refuse_vanished(dataset, train)
    for part, why in NEEDED.items():
        if missing := _missing_kind(dataset, part):
            raise StudentError(
                f"the {part} part holds no {missing} photo ({len(dataset.part(part)):,} in all), so {why}: add photos "
                f"of {missing} lesions; {dataset.split_path} says which part a photo is in"
            )
    return (*_rare_conditions(dataset), *_untestable(dataset))


def refuse_unfit(config: TrainConfig) -> None:
    """Shows the student two empty images: what its architecture refuses is said before the teacher starts.

    Raises StudentError where the architecture refuses its sizes, its first weights cannot be read, or it is to be
    compiled and cannot be.
    """
    if config.compile:
        _refuse_no_compiler()
    student = Student(config.student_spec)
    if config.init is not None:
        load_first_weights(student, config.init)
    size = config.train_size or config.student_spec.image_size
    try:
        with torch.no_grad():
            student.train()(torch.zeros(2, 3, size, size))
    except (AssertionError, RuntimeError, ValueError) as error:  # each architecture has its own way to refuse
        raise StudentError(
            f"--train-size {size}: {config.student_spec.arch} cannot learn from images of this side "
            f"({first_line(error)}); choose another, or leave --train-size out"
        ) from error


def _refuse_no_compiler() -> None:
    """By compiling something: what torch.compile needs differs by device, system and version."""
    compute = this_compute()
    if compute.processes > 1:
        raise StudentError("--compile is for one process: leave it out, or start the command without a launcher")
    try:
        torch.compile(_trifle, dynamic=False)(torch.zeros(16, device=compute.device))
    except Exception as error:  # whatever a compiler, its absence or a wrapper around both raises
        raise StudentError(
            f"--compile: nothing can be compiled here ({first_line(error)}); install a C++ compiler such as g++ (for a "
            "GPU Triton too), or leave --compile out"
        ) from error


def _trifle(numbers: torch.Tensor) -> torch.Tensor:
    return numbers.sin() + 1


def _refuse_vanished(dataset: Dataset, indices: np.ndarray) -> None:
    """A view whose photo is gone would be cut from a smaller square, and be another than the teacher's."""
    gone = [path for path in (dataset.samples[index].path for index in indices) if dataset.stored and not path.exists()]
    if gone:
        raise StudentError(f"{gone[0]}: no such file any more ({len(gone):,} photos are gone); is its disk there?")


def _missing_kind(dataset: Dataset, part: Part) -> str:
    malignant = dataset.malignant(dataset.part(part))
    if not malignant.any():
        return "malignant"
    return "benign" if malignant.all() else ""


def _rare_conditions(dataset: Dataset) -> tuple[str, ...]:
    """A line for each part that lacks a condition which occurs elsewhere."""
    anywhere = sorted({sample.condition for sample in dataset.samples})
    lines = []
    for part in Part:
        own = {dataset.samples[index].condition for index in dataset.part(part)}
        if lacking := [Condition(one).value for one in anywhere if one not in own]:
            lines.append(f"warning: the {part} part holds no {', no '.join(lacking)}")
    return tuple(lines)


def _untestable(dataset: Dataset) -> tuple[str, ...]:
    missing = _missing_kind(dataset, Part.TEST)
    return (f"warning: the test part holds no {missing} photo: some of its figures will be unknown",) if missing else ()
