"""One program, `answering`, on this processor and on another: what each makes of the photos."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx

from benchmarks.outcome import BenchmarkError
from benchmarks.workshop.other_processor.answering import ABOUT, ANSWERS, GATES, MAPS, SQUARES
from benchmarks.workshop.other_processor.arm64_python import Interpreter
from export.tflite.model import operators, read_model
from runtime.bundle.load import read_manifest, verified
from runtime.bundle.manifest import ModelFile
from teacher.console import progress

ROOT = Path(__file__).resolve().parents[3]
FORMATS = ("onnx", "tflite")
"""What has a runtime on arm64 that can be tried here. Core ML has none outside Apple's systems."""


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What a side's own decoder and photo gate make of N photos."""

    squares: Path
    pixels: np.ndarray
    """uint8 [N, S, S, 3]"""
    gates: Sequence[str]
    """what stops each photo; "" for nothing"""
    about: Mapping[str, str]
    """processor, Python and packages"""


@dataclass(frozen=True, kw_only=True)
class Side:
    """One processor, its Python, and a folder to work in."""

    name: str
    interpreter: Interpreter
    folder: Path

    def decoded(self, photos: Sequence[str], *, size: int) -> Decoded:
        """Raises BenchmarkError where the program fails."""
        listed = self._written("photos.json", json.dumps([os.path.abspath(photo) for photo in photos]))
        self._ask(f"{self.name}: decoding", len(photos), "decode", str(listed), str(size), str(self.folder))
        return Decoded(
            squares=self.folder / SQUARES,
            pixels=np.load(self.folder / SQUARES),
            gates=json.loads((self.folder / GATES).read_text()),
            about=json.loads((self.folder / ABOUT).read_text()),
        )

    def answers(self, bundle: Path, file: ModelFile, squares: Path, *, count: int) -> np.ndarray:
        """Of a file to N squares, float64 [N, 12]: malignancy, ten conditions, novelty. Raises BenchmarkError."""
        words = (str(bundle.resolve()), file.name, str(squares), str(self.folder))
        self._ask(f"{self.name}: {file.format} {file.precision}", count, "answers", *words)
        return np.load(self.folder / ANSWERS)

    def integers(self, bundle: Path, file: ModelFile, squares: Path) -> dict[str, np.ndarray]:
        """Every 8-bit map inside a file, [N, ...], in the order of the computation. Raises BenchmarkError."""
        data, names = _opened(verified(bundle, file), file.format)
        model = self._written(f"opened.{file.format}", data)
        listed = self._written("names.json", json.dumps(names))
        title = f"{self.name}: inside {file.format} {file.precision}"
        self._ask(title, 1, "maps", str(model), str(listed), str(squares), str(self.folder))
        with np.load(self.folder / MAPS) as found:
            maps = {name: found[str(place)] for place, name in enumerate(names) if str(place) in found}
        return {name: values for name, values in maps.items() if values.dtype in (np.int8, np.uint8)}

    def _written(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def _ask(self, title: str, steps: int, *words: str) -> None:
        with progress(title, steps) as advance:
            for _ in self._lines(*words):
                advance("")

    def _lines(self, *words: str) -> Iterator[str]:
        """What the program says, line by line. Raises BenchmarkError with its last words where it fails."""
        start = self.interpreter
        path = os.pathsep.join(map(str, (*start.modules, ROOT)))
        # One thread, as elsewhere: sums in another order would be another difference than the processor's.
        variables = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1", **start.variables}
        command = [*start.command, "-m", "benchmarks.workshop.other_processor.answering", *words]
        log = self.folder / "log"
        with log.open("w") as errors:
            try:
                process = subprocess.Popen(
                    command, env=variables, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=self.folder
                )
            except OSError as error:
                raise BenchmarkError(f"{command[0]}: cannot be started ({error.strerror})") from error
            with process:
                yield from process.stdout or ()
        if process.returncode != 0:
            last = (log.read_text(errors="replace").strip().splitlines() or ["no message"])[-1]
            raise BenchmarkError(f"{self.name}: {words[0]} ended with {process.returncode}: {last}")


def here(folder: Path) -> Side:
    """This processor, by the Python that runs."""
    return Side(name="here", interpreter=Interpreter(command=(sys.executable,)), folder=folder)


def _opened(data: bytes, kind: str) -> tuple[bytes, Sequence[str]]:
    """A file whose 8-bit maps can be asked for, and their names in the order of the computation."""
    if kind == "tflite":
        return data, [step.output for step in operators(read_model(data))]
    model = onnx.ModelProto.FromString(data)
    nodes = [n for n in model.graph.node if n.op_type == "QuantizeLinear" or n.op_type.startswith("QLinear")]
    names = [node.output[0] for node in nodes if node.output[0] not in {out.name for out in model.graph.output}]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    return model.SerializeToString(), names


def files_of(bundle: Path, chosen: Sequence[str]) -> list[ModelFile]:
    """The files of a bundle to ask, by name or all that can be. Raises BenchmarkError for a name it has not."""
    there = {file.name: file for file in read_manifest(bundle).files if file.format in FORMATS}
    for name in chosen:
        if name not in there:
            raise BenchmarkError(f"--file {name}: {bundle} has {', '.join(there) or 'no file that runs on arm64'}")
    return [there[name] for name in chosen or there]
