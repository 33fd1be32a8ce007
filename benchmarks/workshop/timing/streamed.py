"""MLPerf's single stream over several jobs in turns, each in a process of its own: the subjects of a measurement."""

from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.workshop.checkout import code_here
from benchmarks.workshop.timing.turns import Job, Worker
from runtime.measure.machine import Load, State, machine, state
from runtime.measure.result import Result, Subject, photo_of
from runtime.measure.series import Samples
from runtime.measure.stream import Plan, stream
from teacher.console import progress

PERCENT = 100
"""Steps of the bar: how long it takes is known in time, or in samples, whichever takes longer."""


def measured(
    photo: Path, data: bytes, jobs: Mapping[str, Job], *, plan: Plan, whole: Collection[str], began: State
) -> Result:
    """A measurement of jobs in turns on a photo of these bytes; `began`: the machine's state before all of it.

    `whole`: as for `streamed`. Raises TurnError where one fails.
    """
    subjects, others = streamed(jobs, plan=plan, whole=whole)
    ended = state()
    return Result(
        mode=plan.mode,
        photo=photo_of(data, name=photo.name),
        code=code_here(),
        machine=machine(),
        start=began,
        end=ended,
        others=others,
        subjects=subjects,
    )


def streamed(
    jobs: Mapping[str, Job], *, plan: Plan, whole: Collection[str]
) -> tuple[tuple[Subject, ...], float | None]:
    """Every job in turns, and the share of the machine that others had meanwhile. Raises TurnError where one fails.

    A job returns a `Timed` of `candidates`. `whole`: those that do nothing but a photo's whole way, whose process has a
    peak of memory worth telling; the others' hold what they were loaded with.
    """
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(job)) for name, job in jobs.items()}
        about = {name: worker.ask("about") for name, worker in workers.items()}
        load = Load(processes=[worker.process for worker in workers.values()])
        works = {name: _asking(worker) for name, worker in workers.items()}
        with progress("Timing", PERCENT) as advance:
            taken = stream(works, plan=plan, wanted=_bar(advance)) or {}
        others = load.others()
        peaks = {name: round(workers[name].ask("peak") * 1e6) for name in whole}
    return tuple(_subject(name, about[name], taken[name], peaks.get(name)) for name in jobs), others


def _asking(worker: Worker) -> Callable[[], Mapping[str, float]]:
    return lambda: worker.ask("found")


def _bar(advance: Callable[[str], None]) -> Callable[[float], bool]:
    shown = 0

    def wanted(share: float) -> bool:
        nonlocal shown
        while shown < int(PERCENT * share):
            advance("")
            shown += 1
        return True

    return wanted


def _subject(name: str, about: Any, samples: Samples, peak: int | None) -> Subject:
    return Subject(
        name=name,
        model=about.model,
        engine=about.engine,
        threads=about.threads,
        provider=about.provider,
        samples=samples,
        peak_memory_bytes=peak,
    )
