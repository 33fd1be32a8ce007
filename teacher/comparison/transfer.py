"""What carries over: the same classifier, taught with some of the data and judged on photos of what it was not taught.

Cross-domain: each domain, dataset and source (the two atlases of Fitzpatrick17k) is left out of what is learned from,
and the test photos of it are judged with and without. The focused experiment of the reference: HAM10000 alone, all
datasets, and all datasets balanced over cells of domain x tone x malignant and with views that bridge domains.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import expit, softmax

from runtime.bundle.load import Figure
from teacher.comparison.backbones import Backbone, Fold
from teacher.console import Advance
from teacher.data.dataset import Dataset
from teacher.data.sample import Sample
from teacher.data.sampling import SamplingConfig
from teacher.data.splits import Part
from teacher.data.views import ViewConfig
from teacher.embeddings.embedder import Embedder
from teacher.evaluation.frame import Estimate, frame, measure
from teacher.evaluation.groups import GROUPINGS, Grouping, groups_of
from teacher.evaluation.metrics import METRICS, Cases, cases_of
from teacher.evaluation.predictions import Predictions, names_of
from teacher.evaluation.resampling import draws, figure_of
from teacher.models.config import TeacherError
from teacher.probes.examples import examples_of
from teacher.probes.kinds import ensure_probe

AUC = METRICS["auc"]

FOCUS = "ham10000"
"""What the focused experiment learns from alone."""

REFERENCE_DATASETS = ("ham10000", "ddi", "fitzpatrick17k", "pad_ufes", "bcn20000")
"""The five of the reference's focused experiment."""

PLAIN = SamplingConfig(condition_power=0.0, cell_power=0.0)
"""Every image counts once."""

FOCUSED_GROUPINGS = ("domain", "dataset_and_domain", "tone_group", "fitzpatrick")

LEFT_OUT: Mapping[str, Callable[[Sample], str | None]] = {
    "domain": lambda sample: sample.domain.value,
    "dataset": lambda sample: sample.dataset,
    "source": lambda sample: None if sample.source is None else f"{sample.dataset}, {sample.source}",
}
"""What is left out, one value after the other, by its kind."""


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """What a classifier learns from, and how."""

    name: str
    taught: Callable[[Sample], bool] = lambda _: True
    sampling: SamplingConfig = PLAIN
    views: int = 0
    """bridging views of each image beside the image"""


@dataclass(frozen=True, kw_only=True)
class School:
    """All that the lessons have in common."""

    dataset: Dataset
    embedder: Embedder
    chosen: np.ndarray
    """int64, the images that are used at all"""
    kind: str
    """of the classifier"""
    seed: int = 0
    view: ViewConfig = field(default_factory=ViewConfig)

    @property
    def test(self) -> np.ndarray:
        return np.intersect1d(self.dataset.part(Part.TEST), self.chosen)

    def taught(self, lesson: Lesson, part: Part) -> np.ndarray:
        """The images of a part that a lesson may know of."""
        indices = np.intersect1d(self.dataset.part(part), self.chosen)
        return indices[[lesson.taught(self.dataset.samples[index]) for index in indices]]

    def judged(self, lesson: Lesson) -> Cases:
        """What the classifier of a lesson says of all test photos. Raises TeacherError where it has nothing to learn.

        Validation photos stop it, of what it may know of only.
        """
        learn, watched = self.taught(lesson, Part.TRAIN), self.taught(lesson, Part.VALIDATION)
        if not len(learn) or not len(watched):
            raise TeacherError(f"{lesson.name}: no images to learn from")
        fold = Fold(embedder=self.embedder, learn=learn)
        backbone = Backbone(
            name="frozen", folds=[fold], dataset=self.dataset, views=lesson.views, view=self.view, seed=self.seed
        )
        examples = backbone.learned(fold, lesson.sampling)
        validation = examples_of(self.dataset, watched, backbone.rows(fold, watched), lesson.sampling)
        probe = ensure_probe(self.kind, examples, validation, self.dataset.folder / "probes")
        said = backbone.said([probe], self.test)
        predictions = Predictions(
            names=tuple(names_of(self.dataset, self.test)),
            malignancy=expit(said.malignancy.astype(np.float64)),
            conditions=softmax(said.conditions.astype(np.float64), axis=1),
        )
        return cases_of(self.dataset, self.test, predictions)


@dataclass(frozen=True, kw_only=True)
class Carried:
    """How well photos of one group are judged by a classifier that was taught others only."""

    kind: str
    name: str
    taught: int
    """training images that were left"""
    photos: int
    """of the group in the test part"""
    known: Figure | None
    """AUC where the group was learned from; None: too few photos"""
    unknown: Figure | None
    """where it was not"""
    lost: Figure | None
    """known less unknown, on the same resamples"""


def cross_domain(school: School, advance: Advance) -> list[Carried]:
    """A row for each domain, dataset and source that can be left out."""
    full = school.judged(Lesson(name="all"))
    advance("all")
    rows = []
    for kind, name in left_out(school):
        of = LEFT_OUT[kind]
        lesson = Lesson(name=f"without {name}", taught=lambda sample, of=of, name=name: of(sample) != name)
        rows.append(_carried(school, kind, name, full, lesson))
        advance(name)
    return rows


def left_out(school: School) -> list[tuple[str, str]]:
    """Kind and value of all that test photos are of, where something else is left to learn from."""
    test = [school.dataset.samples[index] for index in school.test]
    found = []
    for kind, of in LEFT_OUT.items():
        values = sorted({value for value in map(of, test) if value is not None})
        found += [(kind, value) for value in values if kind == "source" or len(values) > 1]
    return found


def _carried(school: School, kind: str, name: str, full: Cases, lesson: Lesson) -> Carried:
    of, test = LEFT_OUT[kind], school.test
    own = np.flatnonzero([of(school.dataset.samples[index]) == name for index in test])
    learn = school.taught(lesson, Part.TRAIN)
    bare = Carried(kind=kind, name=name, taught=len(learn), photos=len(own), known=None, unknown=None, lost=None)
    patients = school.dataset.groups[test[own]]
    weights = draws(patients)
    values, known = measure(AUC, full.take(own), weights, patients)
    if known.shown is None:
        return bare
    try:
        without = school.judged(lesson)
    except TeacherError:  # nothing of one kind is left without it
        return Carried(**{**vars(bare), "known": known.shown})
    others, unknown = measure(AUC, without.take(own), weights, patients)
    lost = figure_of(values - others, len(own))
    return Carried(**{**vars(bare), "known": known.shown, "unknown": unknown.shown, "lost": lost})


@dataclass(frozen=True, kw_only=True)
class Focused:
    """One lesson of the focused experiment."""

    name: str
    taught: int
    overall: Estimate
    groups: Mapping[str, Mapping[str, Estimate]]
    """AUC by grouping and group"""


def focused(school: School, *, views: int, advance: Advance) -> list[Focused]:
    """The three lessons; the first only where its dataset is there. views: bridging views of the third."""
    lessons = [
        Lesson(name=f"{FOCUS} only", taught=lambda sample: sample.dataset == FOCUS),
        Lesson(name="all datasets"),
        Lesson(name="all, balanced and bridged", sampling=SamplingConfig(), views=views),
    ]
    there = [lesson for lesson in lessons if len(school.taught(lesson, Part.TRAIN))]
    rows = []
    for lesson in there:
        rows.append(_focused(school, lesson))
        advance(lesson.name)
    return rows


def absent(dataset: Dataset) -> Sequence[str]:
    """Of the reference's five datasets those without a photo here."""
    there = {sample.dataset for sample in dataset.samples}
    return [name for name in REFERENCE_DATASETS if name not in there]


def _focused(school: School, lesson: Lesson) -> Focused:
    cases, test = school.judged(lesson), school.test
    samples, patients = [school.dataset.samples[index] for index in test], school.dataset.groups[test]
    weights = draws(patients)
    values, overall = measure(AUC, cases, weights, patients)

    def by_group(grouping: Grouping) -> Mapping[str, Estimate]:
        return frame(AUC, cases, groups_of(grouping, samples), weights, patients, whole=values).by_group

    groups = {name: by_group(GROUPINGS[name]) for name in FOCUSED_GROUPINGS}
    return Focused(name=lesson.name, taught=len(school.taught(lesson, Part.TRAIN)), overall=overall, groups=groups)
