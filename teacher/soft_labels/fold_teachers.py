"""The teachers of one cross-fitting fold, and what they say together of views of images that none of them has seen.

Each fold has one fine-tuned network per seed, and XGBoost on its embeddings. The trees learn from the fold's own
images, which the network has not seen, in an inner cross-fit: on images that the network was tuned on its embeddings
repeat the labels, and trees that learn there are sure of themselves for nothing. The validation part weighs heads
against trees and sets the temperature, for each target by itself.
"""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_model, save_model
from scipy.optimize import OptimizeResult, minimize_scalar
from scipy.special import expit, log_softmax, softmax
from sklearn.metrics import log_loss, roc_auc_score

from runtime.conditions import CONDITIONS
from runtime.files import write_json, written_whole
from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan
from teacher.data.dataset import Dataset, grouped_folds
from teacher.data.sample import DataError
from teacher.data.splits import Part
from teacher.models.answers import Answers, answer, answer_batches, answer_squares
from teacher.models.classifiers import Boosters, fit_boosters
from teacher.models.compute import this_compute
from teacher.models.config import Precision, TeacherConfig
from teacher.models.fine_tuning import finetune
from teacher.models.network import Teacher

BLENDS = (0.0, 0.25, 0.5, 0.75)
"""Candidate weights of XGBoost beside the heads; the validation part chooses."""

INNER_FOLDS = 3
"""Of a fold's own images for the trees: each set of trees learns from two thirds and speaks of the rest."""

TEMPERATURES = (0.2, 5.0)
"""Between which the temperature is sought; beyond them a teacher has not learned, or not been validated."""


EMBEDDED = 64
"""Numbers kept of an embedding of up to 1,280: 128 bytes a view. A random projection keeps how views lie to each other
within a factor of 1 +- 0.18 or so (Johnson & Lindenstrauss 1984: the spread of a squared length is sqrt(2 / 64))."""


@dataclass(frozen=True, kw_only=True)
class Weighing:
    """How the members' logits become one: (1 - blend) x heads + blend x trees, over the temperature."""

    malignancy_blend: float
    malignancy_temperature: float
    conditions_blend: float
    conditions_temperature: float


@dataclass(frozen=True)
class Said:
    """malignancy: float32 [N] logits; conditions: float32 [N, 10] logits."""

    malignancy: np.ndarray
    conditions: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Member:
    """One seed's network and its trees; the last trees learned from all images of the fold."""

    teacher: Teacher
    boosters: tuple[Boosters, ...]


def fit_fold(
    dataset: Dataset, learn: np.ndarray, own: np.ndarray, fold: int, config: TeacherConfig, folder: Path
) -> None:
    """Fit the teachers of a fold from `learn`, their trees from `own`, the fold's images; what is there is kept.

    Raises TeacherError, OSError.
    """
    compute = this_compute()
    for number in range(config.seeds):
        stem, title = member_stem(fold, number), _title(fold, number, config)
        finished = (folder / f"{stem}.json").is_file()
        compute.wait()
        if not finished:
            _fit_member(dataset, learn, own, stem=stem, title=title, number=number, config=config, folder=folder)
        if compute.first:
            shutil.rmtree(_checkpoints(stem, folder), ignore_errors=True)  # also those of a run that was killed here
    finished = told_path(folder, fold).is_file()
    compute.wait()
    if not finished:
        _weigh(dataset, fold, config, folder)
    compute.wait()


def member_stem(fold: int, number: int) -> str:
    return f"fold{fold}" if number == 0 else f"fold{fold}-seed{number}"


def _checkpoints(stem: str, folder: Path) -> Path:
    return folder / f"{stem}-checkpoints"


def told_path(folder: Path, fold: int) -> Path:
    """Says that a fold has its teachers, and how they are weighed."""
    return folder / f"fold{fold}-together.json"


class FoldTeachers:
    """The stored teachers of a fold, loaded."""

    def __init__(self, fold: int, config: TeacherConfig, folder: Path) -> None:
        told = json.loads(told_path(folder, fold).read_text())
        self.weighing = Weighing(**told["weighing"])
        self.members = [load_member(member_stem(fold, number), config, folder) for number in range(config.seeds)]
        self._precision: Precision = config.finetune.precision

    def say(self, dataset: Dataset, plan: ViewPlan, inner: np.ndarray | None, advance: Advance) -> Said:
        """Of the planned views. `inner`: int64 [N], which trees speak of each view; None: the mean of all of them."""
        heads, trees = [], []
        for member in self.members:
            said = answer(member.teacher, dataset, plan, advance, precision=self._precision)
            heads.append(Said(said.malignancy, log_softmax(said.conditions, axis=1)))
            trees.append(_trees_say(member.boosters, said.features, inner))
        return weighed(together(heads), together(trees), self.weighing)

    def say_squares(self, squares: Sequence[np.ndarray]) -> Said:
        """Of canonical squares that no tree of the fold has learned from, uint8 [S, S, 3] each."""
        heads, trees = [], []
        for member in self.members:
            said = answer_squares(member.teacher, squares, precision=self._precision)
            heads.append(Said(said.malignancy, log_softmax(said.conditions, axis=1)))
            trees.append(_trees_say(member.boosters, said.features, None))
        return weighed(together(heads), together(trees), self.weighing)

    @property
    def image_size(self) -> int:
        return self.members[0].teacher.image_size

    def embed(self, dataset: Dataset, plan: ViewPlan, advance: Advance) -> np.ndarray:
        """What the first network sees in the planned views: float16 [N, D], D at most EMBEDDED."""
        said = answer(self.members[0].teacher, dataset, plan, advance, precision=self._precision)
        most = float(np.finfo(np.float16).max)
        return np.clip(said.features @ _projection(said.features.shape[1]), -most, most).astype(np.float16)

    def steps(self, count: int, embedded: bool = False) -> int:
        """How often `advance` is called for that many views that are spoken of, or `embedded` only."""
        return (1 if embedded else len(self.members)) * answer_batches(count)


@cache
def _projection(width: int) -> np.ndarray:
    """float32 [width, D]: orthogonal directions, the same for every teacher of this width."""
    drawn = np.random.default_rng(EMBEDDED).normal(size=(width, EMBEDDED))
    return np.linalg.qr(drawn)[0].astype(np.float32)


def inner_folds(dataset: Dataset, own: np.ndarray, config: TeacherConfig) -> dict[int, int]:
    """Which trees speak of which of a fold's images, by sample index: whole patients together."""
    found: dict[int, int] = {}
    try:
        pairs = grouped_folds(dataset, own, folds=INNER_FOLDS, seed=config.seed)
    except DataError:  # fewer patients than folds: one set of trees, and validation decides whether it is heard
        return {}
    for number, (_, judged) in enumerate(pairs):
        found |= {int(index): number for index in judged}
    return found


def weighed(heads: Said, trees: Said, weighing: Weighing) -> Said:
    return Said(
        _blend(heads.malignancy, trees.malignancy, weighing.malignancy_blend) / weighing.malignancy_temperature,
        log_softmax(
            _blend(heads.conditions, trees.conditions, weighing.conditions_blend) / weighing.conditions_temperature,
            axis=1,
        ),
    )


def load_member(stem: str, config: TeacherConfig, folder: Path) -> Member:
    """A stored network with its trees, on this process's device, in eval mode."""
    teacher = Teacher(replace(config.encoder, init=None))
    load_model(teacher, str(folder / f"{stem}.teacher.safetensors"))
    told = json.loads((folder / f"{stem}.json").read_text())
    boosters = tuple(
        Boosters.load(folder, f"{stem}-trees{place}", np.array(present, dtype=np.int64))
        for place, present in enumerate(told["present"])
    )
    return Member(teacher=this_compute().place(teacher).eval(), boosters=boosters)


def _fit_member(
    dataset: Dataset,
    learn: np.ndarray,
    own: np.ndarray,
    *,
    stem: str,
    title: str,
    number: int,
    config: TeacherConfig,
    folder: Path,
) -> None:
    compute = this_compute()
    seed = config.seed + number
    torch.manual_seed(seed)
    teacher = Teacher(config.encoder)
    work = _checkpoints(stem, folder)
    reached = finetune(teacher, dataset, learn, replace(config.finetune, seed=seed), title=title, work=work)
    with progress(f"{title}: embeddings", answer_batches(len(own))) as advance:
        said = answer(teacher, dataset, ViewPlan(own), advance, precision=config.finetune.precision)
    if compute.first:
        boosters = _fit_trees(dataset, own, said, config)
        for place, one in enumerate(boosters):
            one.save(folder, f"{stem}-trees{place}")
        with written_whole(folder / f"{stem}.teacher.safetensors") as partial:
            save_model(teacher, str(partial))
        history = {"best_epoch": reached.best_epoch, "history": list(reached.history)}
        # Last, because it says that the member is whole.
        write_json(folder / f"{stem}.json", {"present": [one.present.tolist() for one in boosters], **history})
    compute.wait()


def _fit_trees(dataset: Dataset, own: np.ndarray, said: Answers, config: TeacherConfig) -> list[Boosters]:
    """One set an inner fold, from the rest of the fold's images."""
    inner = inner_folds(dataset, own, config)
    number_of = np.array([inner.get(int(index), 0) for index in own])
    learned_from = [number_of != number for number in range(INNER_FOLDS)] if inner else [np.ones(len(own), dtype=bool)]
    return [
        fit_boosters(said.features[rows], dataset.malignant(own[rows]), dataset.conditions(own[rows]), config.booster)
        for rows in learned_from
    ]


def _weigh(dataset: Dataset, fold: int, config: TeacherConfig, folder: Path) -> None:
    """Blend and temperature of each target, by the validation part, which none of the members learned from."""
    indices = dataset.part(Part.VALIDATION)
    heads, trees = [], []
    with progress(
        f"Teacher {fold + 1}/{config.folds}: weighing", config.seeds * answer_batches(len(indices))
    ) as advance:
        for number in range(config.seeds):
            member = load_member(member_stem(fold, number), config, folder)
            said = answer(member.teacher, dataset, ViewPlan(indices), advance, precision=config.finetune.precision)
            heads.append(Said(said.malignancy, log_softmax(said.conditions, axis=1)))
            trees.append(_trees_say(member.boosters, said.features, None))
    by_heads, by_trees = together(heads), together(trees)
    weighing = _chosen(by_heads, by_trees, dataset.malignant(indices), dataset.conditions(indices))
    figures = _validation_figures(by_heads, by_trees, weighing, dataset.malignant(indices))
    if this_compute().first:
        write_json(told_path(folder, fold), {"weighing": asdict(weighing), **figures})


def _chosen(heads: Said, trees: Said, malignant: np.ndarray, conditions: np.ndarray) -> Weighing:
    """The blend with the least log loss at its own best temperature."""

    def of_malignancy(blend: float, temperature: float) -> float:
        logits = _blend(heads.malignancy, trees.malignancy, blend) / temperature
        return float(log_loss(malignant, probability(logits), labels=[False, True]))

    def of_conditions(blend: float, temperature: float) -> float:
        logits = _blend(heads.conditions, trees.conditions, blend) / temperature
        shares = softmax(logits.astype(np.float64), axis=1)
        return float(log_loss(conditions, shares, labels=np.arange(len(CONDITIONS))))

    malignancy = min((_cooled(of_malignancy, blend) for blend in BLENDS), key=lambda found: found[0])
    by_condition = min((_cooled(of_conditions, blend) for blend in BLENDS), key=lambda found: found[0])
    return Weighing(
        malignancy_blend=malignancy[1],
        malignancy_temperature=malignancy[2],
        conditions_blend=by_condition[1],
        conditions_temperature=by_condition[2],
    )


def _cooled(loss: Callable[[float, float], float], blend: float) -> tuple[float, float, float]:
    """The least loss of a blend over temperatures (Guo et al. 2017, arXiv:1706.04599): loss, blend, temperature."""
    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(lambda log: loss(blend, float(np.exp(log))), bounds=(low, high), method="bounded")
    assert isinstance(found, OptimizeResult)
    return float(found["fun"]), blend, float(np.exp(found["x"]))


def _validation_figures(heads: Said, trees: Said, weighing: Weighing, malignant: np.ndarray) -> dict[str, float]:
    said = {
        "heads": heads.malignancy,
        "trees": trees.malignancy,
        "together": weighed(heads, trees, weighing).malignancy,
    }
    if malignant.all() or not malignant.any():
        return {}
    return {f"validation_auc_{name}": float(roc_auc_score(malignant, logits)) for name, logits in said.items()}


def _trees_say(boosters: Sequence[Boosters], features: np.ndarray, inner: np.ndarray | None) -> Said:
    if inner is None:
        return together([_one_says(one, features) for one in boosters])
    malignancy = np.zeros(len(features), dtype=np.float32)
    conditions = np.zeros((len(features), len(CONDITIONS)), dtype=np.float32)
    for number in np.unique(inner):
        rows = inner == number
        said = _one_says(boosters[min(int(number), len(boosters) - 1)], features[rows])
        malignancy[rows], conditions[rows] = said.malignancy, said.conditions
    return Said(malignancy, conditions)


def _one_says(boosters: Boosters, features: np.ndarray) -> Said:
    return Said(boosters.malignancy_logits(features), boosters.condition_logits(features))


def together(said: Sequence[Said]) -> Said:
    """The mean of several answers to the same views, in logits."""
    return Said(
        np.stack([one.malignancy for one in said]).mean(axis=0, dtype=np.float32),
        np.stack([one.conditions for one in said]).mean(axis=0, dtype=np.float32),
    )


def _blend(heads: np.ndarray, trees: np.ndarray, blend: float) -> np.ndarray:
    return heads if blend == 0 else (1 - blend) * heads + blend * trees


def probability(logits: np.ndarray) -> np.ndarray:
    """float64, clipped at 30 logits: there it can still be told from 0 and 1."""
    return expit(np.clip(logits.astype(np.float64), -30, 30))


def _title(fold: int, number: int, config: TeacherConfig) -> str:
    place = fold * config.seeds + number + 1
    return f"Teacher {place}/{config.folds * config.seeds}"
