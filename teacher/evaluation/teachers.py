"""A stored teacher as one of those that are judged: the networks and trees of a set of soft labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.special import expit, softmax

from runtime.conditions import CONDITIONS
from runtime.photo.decode import Pixels
from teacher.data.splits import Name
from teacher.evaluation.predictions import Predictions
from teacher.models.config import TeacherConfig
from teacher.soft_labels import REPORT_NAME, FoldTeachers, stored_config, together
from teacher.soft_labels.sets import ROWS_NAME, VALIDATION, read_rows


@dataclass(frozen=True)
class JudgedTeacher:
    """All folds together on photos that none of them knows; of one that some learned from, the fold that did not."""

    folder: Path

    @property
    def title(self) -> str:
        """The encoder and the set's digests."""
        return f"teacher {self._config.encoder.name}, {self.folder.parent.name}/{self.folder.name}"

    @property
    def size(self) -> int:
        return self._folds[0].image_size

    def predict(self, names: Sequence[Name], squares: Sequence[Pixels]) -> Predictions:
        """Its probabilities of canonical squares as they are, without augmentation."""
        malignancy, conditions = np.zeros(len(names)), np.zeros((len(names), len(CONDITIONS)))
        for speakers, places in self._speakers(names):
            said = together([fold.say_squares([squares[place] for place in places]) for fold in speakers])
            malignancy[places] = expit(said.malignancy.astype(np.float64))
            conditions[places] = softmax(said.conditions.astype(np.float64), axis=1)
        return Predictions(names=tuple(names), malignancy=malignancy, conditions=conditions)

    @cached_property
    def _config(self) -> TeacherConfig:
        return stored_config(self.folder)

    @cached_property
    def _folds(self) -> list[FoldTeachers]:
        return [FoldTeachers(fold, self._config, self.folder) for fold in range(self._config.folds)]

    @cached_property
    def _fold_of(self) -> dict[Name, int]:
        """Of the photos that the teachers learned from."""
        rows = read_rows(self.folder) or {}
        return {name[:3]: row.fold for name, row in rows.items() if row.fold != VALIDATION}

    def _speakers(self, names: Sequence[Name]) -> Iterator[tuple[list[FoldTeachers], np.ndarray]]:
        fold_of = np.array([self._fold_of.get(name, -1) for name in names], dtype=np.int64)
        for fold in np.unique(fold_of):
            speakers = self._folds if fold < 0 else [self._folds[fold]]
            yield speakers, np.flatnonzero(fold_of == fold)


def is_teacher(folder: Path) -> bool:
    """Whether it is a finished set of soft labels, with the teachers that made it."""
    return (folder / REPORT_NAME).is_file() and (folder / ROWS_NAME).is_file()
