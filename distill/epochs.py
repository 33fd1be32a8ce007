"""What an epoch was worth on the validation part: the student, its averaged weights and the teacher side by side."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from distill.evaluate import predict, stored_teacher
from distill.student import Student
from teacher.data.dataset import Dataset
from teacher.data.sample import Domain
from teacher.data.splits import Part
from teacher.models.answers import Answers, known_auc, quick_scores

Row = dict[str, float]
"""One epoch in a history, by column; NaN is not known."""

SPEAKERS = {"student": "student_", "averaged": "", "teacher": "teacher_"}
"""Who is judged, and what stands before their columns: those without are of the averaged weights, which are kept."""


def judged(said: Answers, dataset: Dataset) -> Row:
    """The averaged weights, on which the choice of an epoch rests: over all, and by domain where there are several."""
    indices = dataset.part(Part.VALIDATION)
    overall = quick_scores(said, dataset.malignant(indices), dataset.conditions(indices))
    return {**overall, **_malignancy(said.malignancy, dataset, "averaged")}


def beside(student: Student, dataset: Dataset) -> Row:
    """The student as it is, in eval mode."""
    said = predict(student, dataset, dataset.part(Part.VALIDATION))
    return _malignancy(said.malignancy, dataset, "student")


def of_teacher(run: Path, dataset: Dataset, history: Sequence[Row]) -> Row:
    """The teacher, asked once a run; empty where it is not stored."""
    if history:
        return {name: value for name, value in history[-1].items() if name.startswith(SPEAKERS["teacher"])}
    said = stored_teacher(run, dataset, Part.VALIDATION)
    return {} if not said else _malignancy(next(iter(said.values())).malignancy, dataset, "teacher")


def epoch_line(row: Row, *, epochs: int, best: bool, speed: str) -> str:
    """Such as "epoch 3/20  loss 2.725  AUC: student 0.912, averaged 0.921, teacher 0.953  31 images/s, 2% waiting  best
    so far"."""
    parts = [_told(row, "malignancy_auc", named=True)]
    domains = [name.removeprefix("malignancy_auc_") for name in row if name.startswith("malignancy_auc_")]
    parts += [f"{one} {_told(row, f'malignancy_auc_{one}', named=False)}" for one in domains]
    number = f"{int(row['epoch']):>{len(str(epochs))}}/{epochs}"
    text = f"epoch {number}  loss {row['loss']:.3f}  AUC: {'; '.join(parts)}  {speed}"
    return f"{text}  best so far" if best else text


def _told(row: Mapping[str, float], column: str, *, named: bool) -> str:
    there = [(who, row[before + column]) for who, before in SPEAKERS.items() if before + column in row]
    values = [("-" if math.isnan(value) else f"{value:.3f}", who) for who, value in there]
    return ", ".join(f"{who} {value}" for value, who in values) if named else " / ".join(value for value, _ in values)


def _malignancy(scores: np.ndarray, dataset: Dataset, who: str) -> Row:
    """scores: [N] of the validation part, higher for malignant."""
    indices, before = dataset.part(Part.VALIDATION), SPEAKERS[who]
    malignant = dataset.malignant(indices)
    row = {f"{before}malignancy_auc": known_auc(malignant, scores)}
    domain_of = np.array([dataset.samples[index].domain.value for index in indices])
    domains = [one.value for one in Domain if (domain_of == one.value).any()]
    if len(domains) > 1:
        own = ((one, domain_of == one) for one in domains)
        row |= {f"{before}malignancy_auc_{one}": known_auc(malignant[of], scores[of]) for one, of in own}
    return row
