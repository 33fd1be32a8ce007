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
from teacher.soft_labels import FoldTeachers, Said, averaged_sets, is_finished, stored_config, together
from teacher.soft_labels.sets import VALIDATION, read_rows


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
        return _predictions(names, self.say(names, squares))

    def say(self, names: Sequence[Name], squares: Sequence[Pixels]) -> Said:
        """The logits behind `predict`."""
        count = len(names)
        found = Said(np.zeros(count, dtype=np.float32), np.zeros((count, len(CONDITIONS)), dtype=np.float32))
        for speakers, places in self._speakers(names):
            said = together([fold.say_squares([squares[place] for place in places]) for fold in speakers])
            found.malignancy[places], found.conditions[places] = said.malignancy, said.conditions
        return found

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


@dataclass(frozen=True)
class JudgedMean:
    """Several stored teachers, whose logits are averaged as those of their soft labels are."""

    folder: Path
    """of the report of their labels' mean"""

    @property
    def title(self) -> str:
        """Of each of them."""
        return f"mean of {'; '.join(one.title for one in self._teachers)}"

    @property
    def size(self) -> int:
        """Of the one with the largest input; the others are shown the same squares, made smaller."""
        return max(one.size for one in self._teachers)

    def predict(self, names: Sequence[Name], squares: Sequence[Pixels]) -> Predictions:
        """As of one teacher."""
        return _predictions(names, together([one.say(names, squares) for one in self._teachers]))

    @cached_property
    def _teachers(self) -> list[JudgedTeacher]:
        return [JudgedTeacher(folder) for _, folder in averaged_sets(self.folder)]


def is_teacher(folder: Path) -> bool:
    """Whether it is a finished set of soft labels, with the teachers that made it, or the report of a mean of such."""
    return is_finished(folder) or bool(averaged_sets(folder))


def open_teacher(folder: Path) -> JudgedTeacher | JudgedMean:
    """What `is_teacher` of."""
    return JudgedMean(folder) if averaged_sets(folder) else JudgedTeacher(folder)


def _predictions(names: Sequence[Name], said: Said) -> Predictions:
    return Predictions(
        names=tuple(names),
        malignancy=expit(said.malignancy.astype(np.float64)),
        conditions=softmax(said.conditions.astype(np.float64), axis=1),
    )
