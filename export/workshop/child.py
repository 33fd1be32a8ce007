"""Where converters work: a scratch folder and a log, a child process for those that are loud, hungry or may crash.

A child that dies takes nothing with it but its own work, and it tells its own peak memory. The parent's environment,
loggers and global state are not touched: TensorFlow-like libraries set theirs in the child.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import psutil

from export.workshop.stages import last_lines
from runtime.errors import SkintagError

RESULT_NAME, PEAK_NAME = "result.bin", "peak.txt"

SAMPLE_SECONDS = 0.02
"""How often this process's own memory is looked at; a converter's peaks last for many such moments."""

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "HF_HUB_OFFLINE": "1", "PYTHONHASHSEED": "0"}
"""Environment of a child only. The hash seed makes sets iterate in one order, so that files come out byte for byte."""


class ExportError(SkintagError):
    """A bundle that could not be built; the message names the stage. `log` holds the converter's last lines."""

    def __init__(self, message: str, *, log: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.log = tuple(log)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a conversion took."""

    seconds: float = 0.0
    peak_bytes: int = 0
    """largest resident memory of the process that did it"""

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(seconds=self.seconds + other.seconds, peak_bytes=max(self.peak_bytes, other.peak_bytes))


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """One export's scratch folder."""

    folder: Path
    log: Path
    """everything converters print"""

    def run(self, task: str, files: Mapping[str, bytes]) -> tuple[bytes, Cost]:
        """Do a task of `export.bundle.worker` on input files in a child process; its result and what it took.

        Raises ExportError with the log's last lines where the child fails, also where a signal ends it.
        """
        bench = self.folder / f"{task}-{len(list(self.folder.iterdir()))}"
        bench.mkdir()
        for name, content in files.items():
            (bench / name).write_bytes(content)
        started = time.perf_counter()
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "export.bundle.worker", task, str(bench.resolve())]
            status = subprocess.run(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=_environment(), check=False
            ).returncode
        seconds, result = time.perf_counter() - started, bench / RESULT_NAME
        if status != 0 or not result.is_file():
            raise ExportError(f"{task} {_ended(status)} (whole output: {self.log})", log=last_lines(self.log))
        return result.read_bytes(), Cost(seconds=seconds, peak_bytes=int((bench / PEAK_NAME).read_text()))


@contextmanager
def measured() -> Iterator[Callable[[], Cost]]:
    """What the work inside took, when asked afterwards. The peak is of this whole process, photos included."""
    process, done = psutil.Process(), threading.Event()
    peak, started = [process.memory_info().rss], time.perf_counter()

    def watch() -> None:
        while not done.wait(SAMPLE_SECONDS):
            peak[0] = max(peak[0], cast(int, process.memory_info().rss))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    cost = Cost()

    def found() -> Cost:
        return cost

    try:
        yield found
    finally:
        done.set()
        watcher.join()
        cost = replace(cost, seconds=time.perf_counter() - started, peak_bytes=peak[0])


def _environment() -> dict[str, str]:
    """The child finds this very code, wherever the command was called from."""
    here = str(Path(__file__).resolve().parents[2])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **QUIET, "PYTHONPATH": os.pathsep.join(paths)}


def _ended(status: int) -> str:
    if status >= 0:
        return f"failed with exit status {status}" if status else "left no result"
    return f"was ended by signal {-status}" + (" (out of memory?)" if status == -9 else "")
