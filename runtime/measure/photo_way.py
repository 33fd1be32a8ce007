"""The way of a photo through a bundle, timed step by step in the very call that answers it."""

import time
from collections.abc import Callable, Mapping
from itertools import pairwise

from runtime.assess import STEPS, Triage
from runtime.bundle.manifest import ModelFile
from runtime.engine import PROVIDERS
from runtime.errors import SkintagError
from runtime.measure.machine import Load, machine, package_version, peak_bytes, state
from runtime.measure.result import Accuracy, Code, ColdStart, Model, Provider, Result, Subject, photo_of
from runtime.measure.series import Samples
from runtime.measure.stream import Clock, Plan, Work, stream
from runtime.triage import Tier

TOTAL = "total"
STAGES = (*STEPS, "decision", TOTAL)
"""The last is the whole, from the file's bytes to the report; the others are what it is made of."""


class MeasureError(SkintagError):
    """Something that cannot be measured; the message says what to do instead."""


def photo_work(triage: Triage, data: bytes, *, clock: Clock = time.perf_counter) -> Work:
    """Judges the photo in `data` again and again. Raises MeasureError where the model would never be asked."""
    report = triage.assess(data)
    if report.tier is Tier.CANNOT_ASSESS and report.novelty is None:
        reason = ", ".join(report.reason_codes)
        raise MeasureError(f"the photo cannot be assessed ({reason}), so the model is not asked: take another photo")

    def work() -> Mapping[str, float]:
        marks = [clock()]
        triage.assess(data, passed=lambda _: marks.append(clock()))
        marks.append(clock())
        steps = [1e3 * (end - start) for start, end in pairwise(marks)]
        return dict(zip(STAGES, (*steps, 1e3 * (marks[-1] - marks[0])), strict=True))

    return work


def measure_photo(
    open_triage: Callable[[], Triage],
    data: bytes,
    *,
    name: str,
    plan: Plan,
    code: Code,
    wanted: Callable[[float], bool] = lambda _: True,
    clock: Clock = time.perf_counter,
) -> Result | None:
    """Measure a bundle on one photo in this process; None once `wanted`, told the share that is done, says no.

    Raises MeasureError for a photo that the gate refuses, and what `Triage` raises.
    """
    began = state()
    triage, cold = _started(open_triage, data, clock=clock)
    work, load = photo_work(triage, data, clock=clock), Load()
    taken = stream({"": work}, plan=plan, wanted=wanted, clock=clock)
    if taken is None:
        return None
    return Result(
        mode=plan.mode,
        photo=photo_of(data, name=name),
        code=code,
        machine=machine(),
        start=began,
        others=load.others(),
        end=state(),
        subjects=(subject_of(triage, taken[""], peak_memory=peak_bytes()),),
        cold_starts=(cold,),
    )


def subject_of(triage: Triage, samples: Samples, *, peak_memory: int | None) -> Subject:
    """The file that a bundle runs, with its times and with its figures from the bundle's manifest."""
    file = triage.bundle.file
    return Subject(
        name=f"{file.format} {file.precision}",
        model=model_of(file, model_id=triage.bundle.manifest.model_id),
        engine=f"onnxruntime {package_version('onnxruntime')}",
        threads=triage.engine.threads,
        provider=Provider(requested=PROVIDERS, actual=triage.engine.providers),
        samples=samples,
        peak_memory_bytes=peak_memory,
        accuracy=accuracy_of(file),
    )


def model_of(file: ModelFile, *, model_id: str) -> Model:
    """What is said of a bundle's file."""
    return Model(
        model_id=model_id,
        file=file.name,
        format=file.format,
        precision=file.precision,
        bytes=file.bytes,
        sha256=file.sha256,
    )


def accuracy_of(file: ModelFile) -> Accuracy | None:
    """What was measured on this very file when it was exported."""
    figures = {name: figure.value for name, figure in file.metrics.items()}
    return Accuracy(source="manifest", figures=figures) if figures else None


def _started(open_triage: Callable[[], Triage], data: bytes, *, clock: Clock) -> tuple[Triage, ColdStart]:
    began = clock()
    triage = open_triage()
    opened = clock()
    triage.assess(data)
    answered = clock()
    cold = ColdStart(imports=None, session=1e3 * (opened - began), first_answer=1e3 * (answered - opened))
    return triage, cold
