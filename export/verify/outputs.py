"""What a model answers: outputs over many photos, of the PyTorch student and of a file as devices run it."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from scipy.special import expit, logit

from distill.student import StudentOutput
from export.onnx_file.module import EdgeModule, PhotoStudent
from runtime.bundle.load import Bundle, Figure, InputSpec, Manifest, ModelFile, OperatingPoints, PredictionSets
from runtime.conditions import CONDITIONS, Condition
from runtime.engine import Engine
from runtime.prediction import Prediction
from runtime.triage import Tier, decide
from teacher.evaluation.figures import accuracy_figure, auc_figure, macro_auc_figure, mean_figure, rate_figure

BATCH = 4
"""Photos the student is asked about at once: the maps of 4 photos of 224 x 224 stay in a CPU's caches, which is three
times as fast as 32 that do not."""

Step = Callable[[], None]


def no_step() -> None:
    """For a caller that shows no progress."""


Squares = Sequence[np.ndarray]
"""Canonical squares, uint8 [S, S, 3] each."""


@dataclass(frozen=True, kw_only=True)
class Outputs:
    """The three outputs over N photos."""

    malignancy: np.ndarray
    """float [N], probabilities"""
    conditions: np.ndarray
    """float [N, 10], probabilities"""
    novelty: np.ndarray
    """float [N]"""

    def take(self, indices: np.ndarray) -> "Outputs":
        """The outputs of some of the photos."""
        return Outputs(
            malignancy=self.malignancy[indices],
            conditions=self.conditions[indices],
            novelty=self.novelty[indices],
        )


def moved(outputs: Outputs, shift: float) -> Outputs:
    """The same with the malignancy's logit moved: its probabilities at another share of malignant lesions.

    In float32, as a model computes it; the order of the photos stays.
    """
    if not shift:
        return outputs
    logits = logit(outputs.malignancy.astype(np.float64)) + shift
    return replace(outputs, malignancy=expit(logits).astype(outputs.malignancy.dtype))


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What turns outputs into tiers; every file has its own."""

    points: OperatingPoints
    novelty: float | None
    novelty_rejection: float | None = None
    """what `novelty` was chosen for: a share of ordinary photos"""
    sets: PredictionSets | None = None


def student_answers(photo_student: PhotoStudent, squares: Squares, *, step: Step = no_step) -> StudentOutput:
    """The student's logits and features over all photos. `step` is called once per photo."""
    size = max(BATCH // photo_student.frames.count, 1)

    def answer(start: int) -> StudentOutput:
        batch = np.stack(squares[start : start + size])
        with torch.inference_mode():
            output = photo_student(torch.from_numpy(batch))
        for _ in batch:
            step()
        return output

    with _one_thread_each(), ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        collected = list(pool.map(answer, range(0, len(squares), size)))
    return StudentOutput(*(torch.cat(parts).clone() for parts in zip(*collected, strict=True)))


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """torch computes each operation on one thread meanwhile, in threads that are started now: several batches at once
    instead, which wait for each other never, and the same sums on any number of cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def module_outputs(module: EdgeModule, answers: StudentOutput) -> Outputs:
    """What the PyTorch module answers, given its student's logits and features."""
    with torch.inference_mode():
        malignancy, conditions, novelty = module.answers(answers)
    return Outputs(malignancy=malignancy.numpy(), conditions=conditions.numpy(), novelty=novelty.numpy())


def file_outputs(model: bytes, squares: Squares, *, step: Step = no_step) -> Outputs:
    """What an ONNX file answers in the device's own engine. Raises EngineError when it is no valid model file.

    One thread per photo, several photos at once: the answers do not depend on the machine's number of cores.
    """
    engine = Engine(_provisional_bundle(model, side=squares[0].shape[0]), threads=1)

    def predict(square: np.ndarray) -> Prediction:
        prediction = engine.predict(np.ascontiguousarray(square))
        step()
        return prediction

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        predictions = list(pool.map(predict, squares))
    return Outputs(
        malignancy=np.array([p.malignancy for p in predictions]),
        conditions=np.array([p.conditions for p in predictions]),
        novelty=np.array([p.novelty for p in predictions]),
    )


def tiers(outputs: Outputs, thresholds: Thresholds) -> list[Tier]:
    """The verdicts the device would give, by the device's own rule."""
    rows = zip(outputs.malignancy, outputs.conditions, outputs.novelty, strict=True)
    return [
        decide(
            Prediction(malignancy=float(malignancy), conditions=tuple(map(float, conditions)), novelty=float(novelty)),
            points=thresholds.points,
            novelty_threshold=thresholds.novelty,
        ).tier
        for malignancy, conditions, novelty in rows
    ]


def figures(
    outputs: Outputs, malignant: np.ndarray, conditions: np.ndarray, thresholds: Thresholds
) -> dict[str, Figure]:
    """Accuracy with 95% intervals; a figure that these photos cannot give (no malignant one, say) is left out.

    malignant: bool [N]; conditions: int [N].
    """
    scores, points = outputs.malignancy, thresholds.points
    cancers, harmless = scores[malignant], scores[~malignant]
    found: dict[str, Figure] = {}
    if len(cancers) and len(harmless):
        found["malignancy_auc"] = auc_figure(malignant, scores)
    if len(cancers):
        found["sensitivity_at_low"] = rate_figure(int((cancers >= points.low).sum()), len(cancers))
    if len(harmless):
        found["specificity_at_low"] = rate_figure(int((harmless < points.low).sum()), len(harmless))
        found["specificity_at_high"] = rate_figure(int((harmless < points.high).sum()), len(harmless))
    melanomas = conditions == CONDITIONS.index(Condition.MELANOMA)
    if melanomas.any():
        shown = [tier for tier, melanoma in zip(tiers(outputs, thresholds), melanomas, strict=True) if melanoma]
        found["melanoma_not_low"] = rate_figure(sum(tier is not Tier.LOW for tier in shown), len(shown))
    found["condition_accuracy"] = accuracy_figure(conditions, outputs.conditions)
    if len(np.unique(conditions)) > 1:
        found["condition_macro_auc"] = macro_auc_figure(conditions, outputs.conditions)
    if thresholds.sets is not None:
        found |= _set_figures(outputs.conditions, conditions, threshold=thresholds.sets.threshold)
    if thresholds.novelty is not None:
        found["rejected_as_unfamiliar"] = rate_figure(int((outputs.novelty > thresholds.novelty).sum()), len(scores))
    return {
        name: figure for name, figure in found.items() if np.isfinite([figure.value, figure.low, figure.high]).all()
    }


def _set_figures(probabilities: np.ndarray, conditions: np.ndarray, *, threshold: float) -> dict[str, Figure]:
    """How often the true condition is in its photo's prediction set, and how many conditions a set holds."""
    likeliest = np.eye(probabilities.shape[1], dtype=bool)[probabilities.argmax(axis=1)]
    sets = (probabilities >= threshold) | likeliest
    inside = sets[np.arange(len(conditions)), conditions]
    return {
        "set_coverage": rate_figure(int(inside.sum()), len(inside)),
        "set_size": mean_figure(sets.sum(axis=1)),
    }


def _provisional_bundle(model: bytes, *, side: int) -> Bundle:
    """What the engine wants around a model that has no bundle yet."""
    digest = hashlib.sha256(model).hexdigest()
    file = ModelFile(name="candidate.onnx", format="onnx", precision="fp32", bytes=len(model), sha256=digest)
    manifest = Manifest(
        model_id="candidate",
        architecture="candidate",
        created="",
        licence="",
        training_data=(),
        input=InputSpec(height=side, width=side),
        files=(file,),
    )
    return Bundle(folder=Path("export"), manifest=manifest, file=file, model=model)
