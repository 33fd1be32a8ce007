"""Commands in processes that end themselves by kill -9 right before the N-th change of the disk of some kind.

One process imports everything (`python killed_jobs.py`) and forks a child for each command that it is told, so that a
start costs milliseconds instead of seconds. What lies on the disk differs between two such points only by how much of
a file is written, and every point is counted, not timed.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

KINDS = {
    "photos": "/photos/",
    "squares": "squares-",
    "checkpoints": "-checkpoints",
    "labels": "/soft-labels-",
    "tables": "/synthetic-",
}
"""Which changes of the disk are counted together, by what their path holds: the first that fits."""

CHANGING = frozenset({"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree"})
SHARD = 16
"""Images whose labels are written at once: several shards of a hundred images."""


class Desk:
    """Takes commands, one at a time."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def run(self, arguments: Sequence[str], log: Path, *, kill: tuple[str, int] | None = None) -> int:
        """The exit code of `python -m teacher` with these arguments, -9 where it was killed.

        kill: before the n-th change of the disk, from 0, of one of KINDS. log: where its output goes, and last a line
        that says how many changes of each kind there were.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([arguments, str(log), kill]), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


@contextmanager
def desk() -> Iterator[Desk]:
    """A process that has everything imported, for as long as it is needed."""
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Desk(process)
        process.communicate()


def _serve() -> None:
    import teacher.cli
    import teacher.soft_labels.ensure  # noqa: F401

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _run(*json.loads(line))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _run(arguments: list[str], log: str, kill: list | None) -> None:
    from teacher.cli import main
    from teacher.soft_labels import ensure

    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    ensure.SHARD = SHARD
    changes = dict.fromkeys(KINDS, 0)
    sys.addaudithook(_counting(changes, kill))
    sys.argv = ["teacher", *arguments]
    code = 1
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        print(json.dumps(changes), flush=True)
        os._exit(code)


def _counting(changes: dict[str, int], kill: list | None) -> Callable[[str, tuple], None]:
    """An audit hook: Python calls it before it does what the event says."""
    before: list[str | None] = [None]

    def count(event: str, values: tuple) -> None:
        if event in CHANGING or (event == "open" and values[2] & (os.O_WRONLY | os.O_RDWR)):
            path = str(values[0])
            # While a folder is cleared, its files are named without it.
            kind = _kind(path) if os.path.isabs(path) else before[0]
            before[0] = kind
            if kind is not None:
                if kill == [kind, changes[kind]]:
                    os.kill(os.getpid(), signal.SIGKILL)
                changes[kind] += 1

    return count


def _kind(path: str) -> str | None:
    return next((kind for kind, part in KINDS.items() if part in path), None)


if __name__ == "__main__":
    _serve()
