"""Who is asked. A bundle answers through `runtime`, as on a phone; a table has answered before.

Whatever else is to be judged becomes a `Judged`: squares in, predictions out. Students are in `distill.evaluate`.
"""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from runtime import Report, Tier, Triage
from runtime.bundle.manifest import MANIFEST_NAME
from runtime.conditions import CONDITIONS
from runtime.photo.decode import INPUT_SIZE, Pixels
from teacher.console import progress
from teacher.data.dataset import Dataset
from teacher.data.sample import DataError
from teacher.data.splits import Name
from teacher.evaluation.predictions import Predictions, names_of, read_table

DEFAULT = "default"
"""In place of a folder: the bundle inside the package."""

AT_ONCE = 64
"""Squares held at once: 10 MB at 224 pixels, however many photos are judged."""


class Judged(Protocol):
    """A model that can be asked about squares."""

    @property
    def title(self) -> str:
        """What pages call it."""
        ...

    @property
    def size(self) -> int:
        """Side in pixels of the squares it is asked about."""
        ...

    def predict(self, names: Sequence[Name], squares: Sequence[Pixels]) -> Predictions:
        """What it says of canonical squares, uint8 [size, size, 3] each; `names` go into the answer."""
        ...


@dataclass(frozen=True)
class JudgedBundle:
    """A finished bundle."""

    triage: Triage

    @property
    def title(self) -> str:
        bundle = self.triage.bundle
        return f"{bundle.manifest.model_id}, {bundle.file.name}"

    @property
    def size(self) -> int:
        return self.triage.engine.size

    def predict(self, names: Sequence[Name], squares: Sequence[Pixels]) -> Predictions:
        """One photo a thread, as each runs on one: the answers do not depend on the number of cores."""
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            answers = list(pool.map(self._answer, squares))
        return Predictions(
            names=tuple(names),
            malignancy=np.array([malignancy for malignancy, _, _ in answers], dtype=np.float64),
            conditions=np.array([conditions for _, conditions, _ in answers], dtype=np.float64).reshape(
                -1, len(CONDITIONS)
            ),
            tiers=tuple(tier for _, _, tier in answers),
        )

    def _answer(self, square: Pixels) -> tuple[float, Sequence[float], Tier]:
        """Of a photo without a tier the numbers too, which a report withholds: a figure over the easy ones flatters."""
        report = self.triage.assess(square)
        if report.malignancy is None:
            prediction = self.triage.engine.predict(square)
            return prediction.malignancy, prediction.conditions, report.tier
        return report.malignancy, _in_order(report), report.tier


@dataclass(frozen=True)
class Told:
    """A table of predictions."""

    path: Path
    said: Predictions


def open_judged(what: str) -> Judged | Told:
    """What `teacher evaluate` is given: a bundle folder or `default`, a table, or what OPENERS know beside these.

    Raises DataError where it is none of them.
    """
    if what == DEFAULT:
        return JudgedBundle(Triage.load(threads=1))
    path = Path(what)
    if path.suffix.lower() == ".csv":
        return Told(path, read_table(path))
    if not path.exists():
        raise DataError(f"{what}: no such file or folder")
    for belongs, opened in OPENERS:
        if belongs(path):
            return opened(path)
    raise DataError(
        f"{what}: neither a bundle folder (no {MANIFEST_NAME} in it) nor a folder of soft labels (a stored teacher), "
        "nor a table of predictions (.csv)"
    )


def _is_bundle(path: Path) -> bool:
    return (path / MANIFEST_NAME).is_file()


def _bundle(path: Path) -> Judged:
    return JudgedBundle(Triage.load(path, threads=1))


def _is_teacher(path: Path) -> bool:
    from teacher.evaluation.teachers import is_teacher  # torch and transformers, which bundles and tables do without

    return is_teacher(path)


def _teacher(path: Path) -> Judged:
    from teacher.evaluation.teachers import open_teacher

    return open_teacher(path)


OPENERS: list[tuple[Callable[[Path], bool], Callable[[Path], Judged]]] = [
    (_is_bundle, _bundle),
    (_is_teacher, _teacher),
]
"""How to tell what lies in a folder, and what opens it."""


def size_of(judged: Judged | Told) -> int:
    """Side of the squares that the dataset is opened at; of a table that of the pictures beside its figures."""
    return INPUT_SIZE if isinstance(judged, Told) else judged.size


def title_of(judged: Judged | Told) -> str:
    return judged.path.name if isinstance(judged, Told) else judged.title


def judge(judged: Judged | Told, dataset: Dataset, indices: np.ndarray) -> Predictions:
    """What it says of some samples, in their order. Raises DataError where a table lacks one of them."""
    if isinstance(judged, Told):
        return judged.said.of(dataset, indices, where=str(judged.path))
    names = names_of(dataset, indices)

    def square(place: int) -> Pixels:
        return np.ascontiguousarray(dataset.square(int(indices[place])))

    return ask(judged, names, square, title="Judging")


def ask(judged: Judged, names: Sequence[Name], square: Callable[[int], Pixels], *, title: str) -> Predictions:
    """What it says of squares that are made as they are needed; `square` is given a place in `names`."""
    parts = []
    with progress(title, len(names)) as advance:
        for start in range(0, len(names), AT_ONCE):
            places = range(start, min(start + AT_ONCE, len(names)))
            parts.append(judged.predict([names[place] for place in places], [square(place) for place in places]))
            for _ in places:
                advance("")
    return joined(parts)


def joined(parts: Sequence[Predictions]) -> Predictions:
    """The predictions of several batches as those of one. Raises ValueError of none."""
    tiers = [part.tiers for part in parts]
    known = [tier for own in tiers if own is not None for tier in own]
    return Predictions(
        names=tuple(name for part in parts for name in part.names),
        malignancy=np.concatenate([part.malignancy for part in parts]),
        conditions=np.concatenate([part.conditions for part in parts]),
        tiers=None if None in tiers else tuple(known),
    )


def _in_order(report: Report) -> list[float]:
    of = {score.condition: score.probability for score in report.conditions}
    return [of[condition] for condition in CONDITIONS]
