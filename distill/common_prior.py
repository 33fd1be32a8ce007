"""Take out of a finished student what it says of a lesion because of where its photo comes from.

In one dataset a sixth of the lesions are malignant, in another two thirds, because only what was suspicious was kept. A
student learns that: the same doubtful spot is called harmless in one kind of photo and malignant in the other, and one
threshold cannot be right for both. How many lesions are malignant where the app is used is neither's share. So each
photo's logit is moved by the log odds of the whole training part's share of malignant lesions over those of its own
source's (Saerens et al. 2002, doi:10.1162/089976602753284446), as far as a linear map of the pooled features can tell
the source (a dataset's photos of one domain). The map is added to the malignancy head: the student computes no more
than before.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.special import logit
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from distill.evaluate import figures_of_run
from distill.run import CURVES_NAME, HISTORY_NAME, clear_errors, create_run, open_run_data, read_config, write_weights
from distill.student import METRICS_NAME, Student, StudentError, load_student
from runtime.files import write_json
from teacher.console import Advance, progress
from teacher.data.batches import ViewPlan
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.models.answers import answer_batches, ask

RIDGE = 0.2
"""Penalty on the map's squared weights, for each photo, of features of unit variance. Of 9,249 photos of four sources
and 1,280 features the map with 0.2 moves sources by 0.8 of what it should before it is enlarged; of test photos what
one photo's differs from its source's mean is 0.4 to 0.6."""

LEAST = 50
"""Malignant and benign photos of a source, each, from which on its share says something; others stay as they are."""

RECORD_NAME = "common_prior.json"


@dataclass(frozen=True, kw_only=True)
class Moved:
    """Photos of one source."""

    photos: int
    malignant: int
    wanted: float
    """what their logits are to be moved by"""
    mean: float
    """what they were moved by"""


def wanted_shifts(sources: np.ndarray, malignant: np.ndarray) -> dict[str, float]:
    """What each source's logits are to be moved by. sources: str [N]; malignant: bool [N]."""
    whole, found = logit(malignant.mean()), {}
    for source in np.unique(sources):
        own = malignant[sources == source]
        enough = min(int(own.sum()), int((~own).sum())) >= LEAST
        found[str(source)] = float(whole - logit(own.mean())) if enough else 0.0
    return found


def fitted(features: np.ndarray, sources: np.ndarray, shifts: Mapping[str, float]) -> tuple[np.ndarray, float]:
    """Weights [D] and offset of the linear map from features [N, D] to the shifts of their sources, str [N].

    A penalised map moves each source by less than it is to be moved: the map is enlarged until it fits the means of the
    sources best, by least squares.
    """
    wanted = np.array([shifts[source] for source in sources])
    scale = StandardScaler()
    ridge = Ridge(alpha=RIDGE * len(features)).fit(scale.fit_transform(features), wanted)
    weights = ridge.coef_ / scale.scale_
    offset = float(ridge.intercept_ - weights @ scale.mean_)
    moved = features @ weights + offset
    mean_of = {source: moved[sources == source].mean() for source in shifts}
    means = np.array([mean_of[source] for source in sources])
    enlarged = float(means @ wanted / (means @ means)) if means.any() else 1.0
    return enlarged * weights, enlarged * offset


def common_prior_run(run: Path, runs: Path, *, name: str | None = None) -> tuple[Path, dict[str, Moved]]:
    """A new run folder with the student of a finished one, evened out and judged anew, and what was moved by source.

    Raises StudentError where the run is not finished, the name is taken, the disk refuses, or there is but one source.
    """
    student, dataset = load_student(run), open_run_data(run)
    with progress("Features of training photos", answer_batches(len(dataset.part(Part.TRAIN)))) as advance:
        moved = with_common_prior(student, dataset, advance=advance)
    found = figures_of_run(student, dataset)
    made = create_run(runs, read_config(run), name=name or f"{run.name}-common-prior")
    with clear_errors(made):
        for kept in (HISTORY_NAME, CURVES_NAME):
            if (run / kept).is_file():
                shutil.copyfile(run / kept, made / kept)
        write_weights(made, student)
        record = {"of": run.name, "sources": {source: asdict(one) for source, one in moved.items()}}
        write_json(made / RECORD_NAME, record)
        before = json.loads((run / METRICS_NAME).read_text())
        told = {part: {key: asdict(figure) for key, figure in own.items()} for part, own in found.items()}
        write_json(made / METRICS_NAME, {**before, **told})
    return made, moved


def with_common_prior(student: Student, dataset: Dataset, *, advance: Advance = lambda _: None) -> dict[str, Moved]:
    """Change the malignancy head of a student in eval mode; what was moved by how much, by source.

    Raises StudentError where there are not two sources to be told apart, or none is large enough.
    """
    indices = dataset.part(Part.TRAIN)
    sources = np.array([dataset.samples[index].dataset_and_domain for index in indices])
    malignant = dataset.malignant(indices)
    shifts = wanted_shifts(sources, malignant)
    if len(shifts) < 2:
        raise StudentError("photos of one source only: there is no other share of malignant lesions to even out")
    if not any(shifts.values()):
        raise StudentError(
            f"no source has {LEAST} malignant and {LEAST} benign photos to learn from: their shares say nothing"
        )
    spec = student.spec
    said = ask(student, dataset, ViewPlan(indices), size=spec.image_size, mean=spec.mean, std=spec.std, advance=advance)
    features = said.features.astype(np.float64)
    weights, offset = fitted(features, sources, shifts)
    _add(student, weights, offset)
    moved = features @ weights + offset
    return {
        source: Moved(
            photos=int(own.sum()),
            malignant=int(malignant[own].sum()),
            wanted=wanted,
            mean=float(moved[own].mean()),
        )
        for source, wanted in shifts.items()
        for own in [sources == source]
    }


@torch.no_grad()
def _add(student: Student, weights: np.ndarray, offset: float) -> None:
    head = student.malignancy_head
    head.weight.add_(torch.from_numpy(weights).to(head.weight))
    head.bias.add_(offset)
