"""Every kind of classifier on every backbone: fitted where missing, chosen by validation, then shown on test."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from teacher.comparison.backbones import Backbone
from teacher.comparison.figures import Judged, Said, judged
from teacher.console import progress
from teacher.data.dataset import Dataset
from teacher.data.sampling import SamplingConfig
from teacher.data.splits import Part
from teacher.models.config import TeacherError
from teacher.probes.examples import Probe, examples_of
from teacher.probes.kinds import KINDS, ensure_probe

FOLDER_NAME = "probes"
"""In the folder of what is derived from a data root."""

HEADS = "heads"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A kind of classifier on a backbone, fitted; one for each of its folds."""

    backbone: Backbone
    kind: str
    probes: Sequence[Probe]

    @property
    def name(self) -> str:
        """Such as "xgboost on frozen embeddings"."""
        return "majority" if self.kind == "majority" else f"{self.kind} on {self.backbone.name} embeddings"

    def said(self, indices: np.ndarray) -> Said:
        """Of any images outside the training part."""
        return self.backbone.said(self.probes, indices)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One candidate, judged."""

    name: str
    validation: Judged
    test: Judged
    chosen: bool


def compare(dataset: Dataset, backbones: Sequence[Backbone], chosen: np.ndarray, config: SamplingConfig) -> list[Row]:
    """The table, a row a candidate. chosen: int64, the images that are compared on.

    The choice is made by F1 macro of malignancy on the validation part; only then the test part is asked, once, and
    nothing depends on it. Raises TeacherError where a part has no images.
    """
    validation, test = (np.intersect1d(dataset.part(part), chosen) for part in (Part.VALIDATION, Part.TEST))
    if not len(validation) or not len(test):
        raise TeacherError("validation and test part need images: raise --limit")
    candidates = fitted(dataset, backbones, validation, config)
    before = [_judged(dataset, one, validation) for one in candidates]
    best = int(np.argmax([one.f1_macro.value for one in before]))
    after = [_judged(dataset, one, test) for one in candidates]
    pairs = enumerate(zip(candidates, before, after, strict=True))
    return [Row(name=one.name, validation=v, test=t, chosen=place == best) for place, (one, v, t) in pairs]


def fitted(
    dataset: Dataset, backbones: Sequence[Backbone], validation: np.ndarray, config: SamplingConfig
) -> list[Candidate]:
    """All candidates; the majority once, as it looks at no embedding."""
    folder = dataset.folder / FOLDER_NAME
    wanted = [(one, kind) for place, one in enumerate(backbones) for kind in KINDS if place == 0 or kind != "majority"]
    probes: dict[tuple[str, str], list[Probe]] = {(one.name, kind): [] for one, kind in wanted}
    for backbone in backbones:
        for fold in backbone.folds:
            learn = backbone.learned(fold, config)
            watched = examples_of(dataset, validation, backbone.rows(fold, validation), config)
            kinds = [kind for one, kind in wanted if one is backbone]
            with progress(f"Classifiers, {backbone.name}", len(kinds)) as advance:
                for kind in kinds:
                    probes[backbone.name, kind].append(ensure_probe(kind, learn, watched, folder))
                    advance(kind)
    found = [Candidate(backbone=one, kind=kind, probes=probes[one.name, kind]) for one, kind in wanted]
    return found + [Candidate(backbone=one, kind=HEADS, probes=heads) for one in backbones if (heads := _heads(one))]


def _heads(backbone: Backbone) -> list[Probe]:
    return [fold.heads for fold in backbone.folds if fold.heads is not None]


def _judged(dataset: Dataset, candidate: Candidate, indices: np.ndarray) -> Judged:
    said = candidate.said(indices)
    return judged(said, dataset.malignant(indices), dataset.conditions(indices), dataset.groups[indices])
