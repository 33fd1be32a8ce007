"""Measures as stages: each a command in a process of its own that leaves a file, done once for the same inputs.

What was measured stays where the whole is interrupted or another stage fails; the same command goes on from there.
"""

import hashlib
import json
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.outcome import write_figures
from benchmarks.workshop.checkout import code_digest
from runtime.errors import one_line
from teacher.console import progress

STOP_SECONDS = 10
"""That an interrupted stage has to tidy up."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One measure of one bundle, or of the whole."""

    name: str
    of: str
    """the bundle's name; empty of what has none"""
    words: tuple[str, ...]
    """of the command, the package first"""
    out: Path
    """the JSON that it leaves"""
    inputs: tuple[Path, ...] = ()
    """files and folders whose content decides: bundle, run, photos"""

    @property
    def title(self) -> str:
        return f"{self.name} of {self.of}" if self.of else self.name

    @property
    def command(self) -> str:
        """To type it alone."""
        return f"uv run python -m {shlex.join(self.words)}"


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a stage ended."""

    key: str
    """of all that decides: command, inputs, code"""
    command: str
    ended: str
    """ISO, UTC"""
    seconds: float
    error: str = ""
    """the line that it failed with"""


@dataclass(frozen=True, kw_only=True)
class Carried:
    """A stage with what it found."""

    stage: Stage
    done: Done
    found: dict[str, Any]
    """its JSON; empty where it left none"""


def carry_out(stages: Sequence[Stage], *, again: bool) -> list[Carried]:
    """All stages in their order; those that were done on the same inputs are not repeated, unless `again`.

    A stage that fails says so in its `Done`, and the others go on. Raises BenchmarkError where nothing can be written.
    """
    code = code_digest()
    contents = {path: content_of(path) for path in {path for stage in stages for path in stage.inputs}}
    keys = [key_of(stage, code=code, contents=contents) for stage in stages]
    kept = [None if again else _kept(stage, key) for stage, key in zip(stages, keys, strict=True)]
    carried: list[Carried] = []
    with progress("Stages", len(stages), done=sum(one is not None for one in kept)) as advance:
        for stage, key, before in zip(stages, keys, kept, strict=True):
            done = before or _carried_out(stage, key)
            carried.append(Carried(stage=stage, done=done, found=_found(stage)))
            if before is None:
                advance(f"{stage.title}: {done.error or f'{done.seconds:.0f} s'}")
    return carried


def key_of(stage: Stage, *, code: str, contents: Mapping[Path, Sequence[str]]) -> str:
    """Another one wherever command, code or anything that the stage looks at is another. `contents`: by path."""
    told = {"words": stage.words, "code": code, "inputs": [contents[path] for path in stage.inputs]}
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _carried_out(stage: Stage, key: str) -> Done:
    began = time.perf_counter()
    for path in (stage.out, record_of(stage)):
        path.unlink(missing_ok=True)
    error = _run(stage)
    done = Done(
        key=key,
        command=stage.command,
        ended=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(time.perf_counter() - began, 1),
        error=error,
    )
    write_figures(record_of(stage), asdict(done))
    return done


def _run(stage: Stage) -> str:
    """The line that the stage failed with, empty where all went well. What it says goes into a log beside its file."""
    log = stage.out.with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as said:
        command = [sys.executable, "-m", *stage.words]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=subprocess.STDOUT)
        try:
            code = process.wait()
        except BaseException:
            _stop(process)
            raise
    if code == 0 and not stage.out.is_file():
        return f"left no {stage.out.name}"
    return "" if code == 0 else _last_words(log) or f"exit code {code}"


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return one_line((errors or lines or [""])[-1])


def record_of(stage: Stage) -> Path:
    """Where it stands how the stage ended."""
    return stage.out.with_suffix(".stage.json")


def _kept(stage: Stage, key: str) -> Done | None:
    """How it ended before, where that was well and nothing has changed since."""
    try:
        done = Done(**json.loads(record_of(stage).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return done if done.key == key and not done.error and _found(stage) else None


def _found(stage: Stage) -> dict[str, Any]:
    try:
        return json.loads(stage.out.read_text())
    except (OSError, ValueError):
        return {}


def content_of(path: Path) -> list[str]:
    """Of a file its hash; of a folder the names and sizes of its files, and the hash of what is small and describes."""
    if path.is_file():
        return [hashlib.sha256(path.read_bytes()).hexdigest()]
    return list(_listed(path))


def _listed(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            described = path.suffix in (".json", ".csv", ".safetensors")
            content = hashlib.sha256(path.read_bytes()).hexdigest() if described else ""
            yield f"{path.relative_to(folder)} {path.stat().st_size} {content}"
