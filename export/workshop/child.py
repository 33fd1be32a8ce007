"""Where converters work: a scratch folder and a log, a child process for those that are loud, hungry or may crash.

Both lie in the system's temporary folder and are gone when the export ends, however it ends. Only the log of a
converter that failed is kept, under a name that the error tells: beside the bundle it would be one more file of a
checkout, and inside the scratch folder nobody would find it.

A child that dies takes nothing with it but its own work, and it tells its own peak memory. The parent's environment,
loggers and global state are not touched: TensorFlow-like libraries set theirs in the child.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import psutil

from export.workshop.stages import last_lines
from runtime.errors import SkintagError, one_line

RESULT_NAME, PEAK_NAME = "result.bin", "peak.txt"

LOG_NAME = "converters.log"

SAMPLE_SECONDS = 0.02
"""How often this process's own memory is looked at; a converter's peaks last for many such moments."""

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0", "HF_HUB_OFFLINE": "1", "PYTHONHASHSEED": "0"}
"""Environment of a child only. The hash seed makes sets iterate in one order, so that files come out byte for byte."""


class ExportError(SkintagError):
    """A bundle that could not be built; the message names the stage and the kept log of a converter that failed.

    `reason` is the message without that log's path, which means nothing elsewhere; `log` holds the last lines.
    """

    def __init__(self, message: str, *, log: Sequence[str] = (), kept: Path | None = None) -> None:
        super().__init__(message if kept is None else f"{message} (whole output: {kept})")
        self.reason, self.log, self.kept = one_line(message), tuple(log), kept


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
        status = self._status_of(task, bench.resolve())
        seconds, result = time.perf_counter() - started, bench / RESULT_NAME
        if status != 0 or not result.is_file():
            raise self.failure(f"{task} {_ended(status)}")
        return result.read_bytes(), Cost(seconds=seconds, peak_bytes=int((bench / PEAK_NAME).read_text()))

    def failure(self, text: str) -> ExportError:
        """The error of a converter that failed, with the last lines of its log and where the whole of it is kept."""
        try:
            number, kept = tempfile.mkstemp(prefix="skintag-", suffix=f"-{LOG_NAME}")
            os.close(number)
            shutil.copyfile(self.log, kept)
        except OSError:  # a full disk may be why it failed
            return ExportError(text, log=last_lines(self.log))
        return ExportError(text, log=last_lines(self.log), kept=Path(kept))

    def _status_of(self, task: str, bench: Path) -> int:
        """The exit status of a child, which never outlives an interruption of this process."""
        command = [sys.executable, "-m", "export.bundle.worker", task, str(bench)]
        with self.log.open("ab") as log, _held_back() as deliver:
            process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=_environment(bench)
            )
            try:
                deliver()
                return process.wait()
            except BaseException:
                process.kill()
                process.wait()  # it must not write any more when its folder is removed
                raise


@contextmanager
def _held_back() -> Iterator[Callable[[], None]]:
    """Interruptions wait until `deliver` is called: one that came while a child is started would leave it behind.

    Signals are handled in the main thread only; elsewhere nothing is to be held back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in INTERRUPTIONS}

    def deliver() -> None:
        while before:
            number, handler = before.popitem()
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        while came:
            signal.raise_signal(came.pop())

    try:
        yield deliver
    finally:
        deliver()


@contextmanager
def open_workshop() -> Iterator[Workshop]:
    """A workshop in the system's temporary folder, gone at the end. Raises ExportError where there is no room."""
    try:
        home = tempfile.TemporaryDirectory(prefix="skintag-export-", ignore_cleanup_errors=True)
    except OSError as error:
        raise ExportError(f"no temporary folder ({error.strerror}); TMPDIR can name one") from error
    with home as name:
        workshop = Workshop(folder=Path(name) / "scratch", log=Path(name) / LOG_NAME)
        workshop.folder.mkdir()
        workshop.log.touch()
        yield workshop


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


def _environment(bench: Path) -> dict[str, str]:
    """The child finds this very code, wherever the command was called from; its temporary files go with `bench`."""
    here = str(Path(__file__).resolve().parents[2])
    paths = [here, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **QUIET, "PYTHONPATH": os.pathsep.join(paths), "TMPDIR": str(bench)}


def _ended(status: int) -> str:
    if status >= 0:
        return f"failed with exit status {status}" if status else "left no result"
    return f"was ended by signal {-status}" + (" (out of memory?)" if status == -9 else "")
