"""Timing several ways of doing something in turns, each in a process of its own.

In turns, so that a slow moment of the machine hits them all; in processes, because the idle threads of one ONNX Runtime
session spin for a while and would be paid for by whatever runs next.
"""

import multiprocessing
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, Self

from benchmarks.workshop.timing.percentiles import Timing, timing
from runtime.errors import SkintagError
from runtime.measure.machine import peak_bytes
from teacher.console import Advance

WARM_UP = 3
"""Rounds that are not counted."""

Job = tuple[Callable[..., Callable[[], object]], tuple[Any, ...]]
"""A function of a module and its arguments; what it returns is called again and again."""


class TurnError(SkintagError):
    """A way that cannot be run; the message is that of its process."""


@dataclass(frozen=True, kw_only=True)
class Warm:
    """One way, in a process that has done it before. Milliseconds."""

    wall: Timing
    processor: Timing
    """of all cores together: what others do on the machine is hardly in it"""
    fastest: float
    """wall time of the best round, what comes nearest to a machine that does nothing else"""
    peak_megabytes: float
    """of the whole process"""


def time_in_turns(jobs: Mapping[str, Job], *, repeats: int, advance: Advance) -> dict[str, Warm]:
    """Run each job once a round, `repeats` rounds after a warm-up. Raises TurnError when one fails."""
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(job)) for name, job in jobs.items()}
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in jobs}
        for number in range(WARM_UP + repeats):
            for name, worker in workers.items():
                taken[name].append(worker.ask("run"))
            if number >= WARM_UP:
                advance("")
        return {name: _warm(taken[name][WARM_UP:], worker.ask("peak")) for name, worker in workers.items()}


class Worker:
    """A process that runs one job on demand."""

    def __init__(self, job: Job) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, self._theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(self._theirs, *job), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._theirs.close()  # or a process that dies would be waited for, for ever
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.join()

    @property
    def process(self) -> int:
        """Its id."""
        return self._process.pid or 0

    def ask(self, what: str) -> Any:
        """Run the job ("run": wall and processor time; "found": what it returns), "about" it, or its "peak" memory.

        Raises TurnError where the process fails or ends.
        """
        try:
            self._pipe.send(what)
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise TurnError("the process ended without an answer") from error
        if isinstance(answer, str):
            raise TurnError(answer)
        return answer


def _serve(pipe: Connection, make: Callable[..., Callable[[], object]], arguments: tuple[Any, ...]) -> None:
    try:
        run = make(*arguments)
        while True:
            pipe.send(_answer(run, pipe.recv()))
    except Exception as error:
        pipe.recv()
        pipe.send(f"{type(error).__name__}: {error}")


def _answer(run: Callable[[], object], asked: str) -> object:
    match asked:
        case "run":
            return _timed(run)
        case "found":
            return run()
        case "about":
            return getattr(run, "about", None)
        case _:
            return (peak_bytes() or 0) / 1e6


def _timed(run: Callable[[], object]) -> tuple[float, float]:
    """Wall and processor time in milliseconds."""
    started, computed = time.perf_counter(), time.process_time()
    run()
    return (time.perf_counter() - started) * 1e3, (time.process_time() - computed) * 1e3


def _warm(rounds: list[tuple[float, float]], peak: float) -> Warm:
    wall = [milliseconds for milliseconds, _ in rounds]
    return Warm(
        wall=timing(wall),
        processor=timing([milliseconds for _, milliseconds in rounds]),
        fastest=round(min(wall), 3),
        peak_megabytes=round(peak, 1),
    )
