"""Does the novelty score know what is no lesion? A bundle on photos of other things, and other scores beside it."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from benchmarks.outcome import Outcome, Table
from benchmarks.workshop.choices import OfRun
from distill.run import open_run_data
from distill.student import Student, load_student
from export.onnx_file.module import EdgeModule, FeatureStatistics, PhotoStudent, Temperatures, feature_statistics
from export.verify.calibrate import Targets
from export.verify.outliers import outliers, strangeness_of
from export.verify.outputs import Squares, student_answers
from export.verify.reference import photos_of
from export.workshop.stages import Stages, live_stages
from runtime import Triage
from runtime.bundle.load import Frames
from runtime.errors import PhotoError
from runtime.many import find_photos
from runtime.photo.decode import load_square
from runtime.triage import Tier
from teacher.data.splits import Part
from teacher.options import OPTION

SHRINKAGE = 0.01
"""Of a whole covariance matrix towards the identity: with fewer photos than numbers in it, it has no inverse."""


@dataclass(frozen=True, kw_only=True)
class Options(OfRun):
    """What `novelty` asks."""

    photos: Annotated[list[Path], OPTION]
    """folder of photos without a lesion; give it once per folder"""
    out: Annotated[Path, OPTION] = Path("artifacts/novelty.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """What is no lesion: a bundle's verdicts on other photos, and its novelty score beside others."""
    with live_stages() as stages:
        found = measure_novelty(options.run, options.photos, bundle=options.bundle, stages=stages)
    return Outcome(
        figures=(options.out, found.to_dict()),
        tables=[
            Table("Verdicts, quality gate included", *verdicts_table(found)),
            Table(f"Scores of novelty against {found.lesions} unseen lesions", *scores_table(found)),
        ],
        lines=[f"all figures: {options.out}"],
    )


@dataclass(frozen=True, kw_only=True)
class Strange:
    """What a bundle says of a folder of photos that show no lesion."""

    name: str
    tiers: Mapping[Tier, int]
    unreadable: int

    @property
    def photos(self) -> int:
        """Those that could be read."""
        return sum(self.tiers.values())


def assess_folder(triage: Triage, folder: Path) -> Strange:
    """Every photo of a folder through the whole of the device's pipeline, quality gate included."""
    tiers: Counter[Tier] = Counter()
    unreadable = 0
    for path in find_photos([folder]):
        try:
            tiers[triage.assess(path).tier] += 1
        except PhotoError:
            unreadable += 1
    return Strange(name=folder.name, tiers=dict(tiers), unreadable=unreadable)


def squares_of(folder: Path, *, size: int) -> list[np.ndarray]:
    """The photos of a folder that can be read, uint8 [S, S, 3] each."""
    found: list[np.ndarray] = []
    for path in find_photos([folder]):
        try:
            found.append(load_square(path, size=size))
        except PhotoError:
            continue
    return found


Score = Callable[[np.ndarray], np.ndarray]
"""float [N, D] features -> float [N], higher for stranger photos."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """One way to score novelty: how well it tells other things from unseen lesions."""

    score: str
    auroc: Mapping[str, float]
    """per folder"""
    noticed: Mapping[str, float]
    """share of the folder's photos above the threshold"""
    rejected: float
    """share of unseen lesions above it"""


def compare_scores(
    student: Student, *, train: Squares, calibration: Squares, lesions: Squares, strange: Mapping[str, Squares],
    classes: np.ndarray, domains: Sequence[str], rejection: float, frames: Frames = Frames(),
) -> list[Compared]:  # fmt: skip
    """Fit each score on features of training photos, take its threshold from the calibration part, and compare.

    classes: int [N], the conditions of the training photos; domains: how they were taken.
    """
    photos = PhotoStudent(student.eval(), frames=frames).eval()

    def features(squares: Squares) -> np.ndarray:
        return student_answers(photos, squares).features.double().numpy()

    others = {name: features(squares) for name, squares in strange.items()}
    on_train, on_calibration, on_lesions = (features(part) for part in (train, calibration, lesions))
    scores = {**_distances(on_train, classes), **_residuals(photos, on_train, features(outliers(train)), domains)}
    return [
        _compared(name, score, on_calibration, on_lesions, others, rejection=rejection)
        for name, score in scores.items()
    ]


def _compared(
    name: str, score: Score, calibration: np.ndarray, lesions: np.ndarray, others: Mapping[str, np.ndarray], *,
    rejection: float,
) -> Compared:  # fmt: skip
    threshold = float(np.quantile(score(calibration), 1 - rejection, method="higher"))
    usual = score(lesions)
    found = {other: score(features) for other, features in others.items()}
    return Compared(
        score=name,
        auroc={other: _auroc(usual, values) for other, values in found.items()},
        noticed={other: float((values > threshold).mean()) for other, values in found.items()},
        rejected=float((usual > threshold).mean()),
    )


def _auroc(usual: np.ndarray, strange: np.ndarray) -> float:
    labels = np.repeat([0, 1], [len(usual), len(strange)])
    return float(roc_auc_score(labels, np.concatenate([usual, strange])))


def _residuals(photos: PhotoStudent, train: np.ndarray, made: np.ndarray, domains: Sequence[str]) -> dict[str, Score]:
    """The score that is exported, by its own code, and the distance in it alone. made: features of made pictures."""
    ordinary = torch.from_numpy(train).float()
    statistics = feature_statistics(ordinary, domains)

    def module(statistics: FeatureStatistics) -> EdgeModule:
        return EdgeModule(photos, statistics=statistics, temperatures=Temperatures())

    distance = module(statistics)
    strangeness = strangeness_of(ordinary, torch.from_numpy(made).float(), distances=distance.novelty(ordinary))
    exported = module(replace(statistics, strangeness=strangeness))
    counts = " and ".join(str(len(spread.components)) for spread in statistics.spreads)
    found = {f"residual of {counts} components": distance, "residual and made pictures (exported)": exported}
    return {name: partial(_novelty, one) for name, one in found.items()}


def _novelty(module: EdgeModule, features: np.ndarray) -> np.ndarray:
    return module.novelty(torch.from_numpy(features).float()).numpy()


def _distances(train: np.ndarray, classes: np.ndarray) -> dict[str, Score]:
    """Distances that are often taken: nearest class mean, Mahalanobis (Lee et al. 2018), relative (Ren et al. 2021)."""
    present, index = np.unique(classes, return_inverse=True)
    means = np.stack([train[index == place].mean(axis=0) for place in range(len(present))])
    within, whole = train - means[index], train - train.mean(axis=0)
    spread = np.maximum(within.std(axis=0), 0.1 * np.median(within.std(axis=0)))
    inverse, background = _inverse(within), _inverse(whole)

    def nearest(features: np.ndarray) -> np.ndarray:
        return np.stack([(((features - mean) / spread) ** 2).mean(axis=1) for mean in means], axis=1).min(axis=1)

    def mahalanobis(features: np.ndarray) -> np.ndarray:
        return np.stack([_squared(features - mean, inverse) for mean in means], axis=1).min(axis=1)

    def relative(features: np.ndarray) -> np.ndarray:
        return mahalanobis(features) - _squared(features - train.mean(axis=0), background)

    return {"nearest class mean": nearest, "Mahalanobis": mahalanobis, "relative Mahalanobis": relative}


def _inverse(centred: np.ndarray) -> np.ndarray:
    covariance = centred.T @ centred / len(centred)
    ridge = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    return np.linalg.inv((1 - SHRINKAGE) * covariance + SHRINKAGE * ridge)


def _squared(offsets: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    return ((offsets @ inverse) * offsets).sum(axis=1)  # einsum over all three takes minutes


@dataclass(frozen=True, kw_only=True)
class Novelty:
    """A bundle's verdicts on strange photos, and its score beside others."""

    strange: tuple[Strange, ...]
    compared: tuple[Compared, ...]
    lesions: int
    rejection: float

    def to_dict(self) -> dict[str, Any]:
        """What is written as JSON."""
        return asdict(self)


def measure_novelty(run: Path, folders: Sequence[Path], *, bundle: Path | None, stages: Stages) -> Novelty:
    """Ask a bundle, and the student of the run it came from, about folders of photos that show no lesion."""
    triage, data = Triage.load(bundle), open_run_data(run)
    rejection = triage.bundle.file.novelty_rejection or Targets().novelty_rejection
    with stages.stage("Verdicts", total=None):
        strange = tuple(assess_folder(triage, folder) for folder in folders)
    train, calibration, lesions = (photos_of(data, part) for part in (Part.TRAIN, Part.CALIBRATION, Part.TEST))
    with stages.stage("Comparing scores", total=None):
        compared = compare_scores(
            load_student(run),
            train=train.squares,
            calibration=calibration.squares,
            lesions=lesions.squares,
            strange={folder.name: squares_of(folder, size=triage.engine.size) for folder in folders},
            classes=train.conditions,
            domains=train.domains,
            rejection=rejection,
            frames=triage.bundle.manifest.frames,
        )
    return Novelty(strange=strange, compared=tuple(compared), lesions=len(lesions), rejection=rejection)


def verdicts_table(found: Novelty) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A row per folder."""
    header = ("folder", "photos", *(tier.value for tier in Tier), "unreadable")
    rows = [
        (one.name, str(one.photos), *(str(one.tiers.get(tier, 0)) for tier in Tier), str(one.unreadable))
        for one in found.strange
    ]
    return header, rows


def scores_table(found: Novelty) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A row per score: AUROC against unseen lesions, and how many of a folder's photos are noticed."""
    folders = [one.name for one in found.strange]
    header = ("score", *(f"{name}: AUROC" for name in folders), f"lesions rejected (aim {found.rejection:.0%})")
    rows = [
        (
            one.score,
            *(f"{one.auroc[name]:.3f} ({one.noticed[name]:.0%} noticed)" for name in folders),
            f"{one.rejected:.1%}",
        )
        for one in found.compared
    ]
    return header, rows
