"""What others' defaults make of the same student.

onnxruntime's static quantisation is called as its documentation shows, nothing chosen. `litert-torch` needs a newer
numpy and protobuf than onnx2tf pins, so it lives in an environment of its own and works in
`benchmarks.peers.litert_peer`.
"""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from benchmarks.peers.litert import positional_outputs
from export.onnx_file.module import INPUT_NAME, EdgeModule
from export.onnx_file.module_files import module_files
from export.saved_model.outputs import require_tensorflow
from export.tflite.convert import tflite_outputs
from export.verify.model_file import OutputsOf
from export.verify.outputs import file_outputs
from export.verify.reference import evenly_spread
from export.workshop.child import Cost, measured, open_workshop
from export.workshop.stages import captured
from runtime.errors import SkintagError

DEFAULTS, LITERT, TF_CONVERTER = "onnxruntime defaults", "litert-torch", "onnx2tf tf_converter"

RANGE_PHOTOS = 128
"""Photos a peer calibrates on: as many as this toolkit's own exporter takes."""

LITERT_PRECISIONS = ("fp32", "int8")


class PeerError(SkintagError):
    """A peer that cannot be run; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A file that somebody's converter made."""

    format: str
    precision: str
    recipe: str
    data: bytes
    cost: Cost


def onnxruntime_default(fp32: bytes, squares: Sequence[np.ndarray]) -> tuple[Made, OutputsOf]:
    """ONNX INT8 by `quantize_static` after `quant_pre_process`, all options at their defaults."""
    with tempfile.TemporaryDirectory() as name, captured(Path(name) / "log"), measured() as cost:
        folder = Path(name)
        (folder / "fp32.onnx").write_bytes(fp32)
        quant_pre_process(str(folder / "fp32.onnx"), str(folder / "ready.onnx"))
        quantize_static(str(folder / "ready.onnx"), str(folder / "int8.onnx"), _Reader(_some(squares)))
        data = (folder / "int8.onnx").read_bytes()
    return Made(format="onnx", precision="int8", recipe="defaults", data=data, cost=cost()), file_outputs


def tf_converter_file(fp32: bytes) -> tuple[Made, OutputsOf]:
    """TFLite FP32 by onnx2tf's other backend, TensorFlow's own converter. Raises ExportError without TensorFlow."""
    require_tensorflow(TF_CONVERTER)
    with open_workshop() as workshop:
        data, cost = workshop.run("tflite-tf-converter", {"model.onnx": fp32})
    return Made(format="tflite", precision="fp32", recipe="", data=data, cost=cost), tflite_outputs


def litert_files(module: EdgeModule, squares: Sequence[np.ndarray], *, python: Path) -> tuple[list[Made], OutputsOf]:
    """TFLite FP32 and INT8 by litert-torch, in the environment of the interpreter `python`. Raises PeerError."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, content in module_files(module).items():
            (folder / file).write_bytes(content)
        np.save(folder / "photos.npy", np.stack(_some(squares)), allow_pickle=False)
        costs = _run(python, folder)
        made = [
            Made(
                format="tflite",
                precision=precision,
                recipe="",
                data=(folder / f"{precision}.tflite").read_bytes(),
                cost=Cost(seconds=costs[precision]["seconds"], peak_bytes=int(costs[precision]["peak_bytes"])),
            )
            for precision in LITERT_PRECISIONS
        ]
    return made, positional_outputs


def _run(python: Path, folder: Path) -> dict[str, dict[str, float]]:
    root = str(Path(__file__).resolve().parents[2])
    command = [str(python), "-m", "benchmarks.peers.litert_peer", str(folder)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": root}, capture_output=True, text=True, check=False, cwd=folder
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise PeerError(f"{python}: litert-torch failed ({last}); that environment needs litert-torch and timm")
    return json.loads((folder / "costs.json").read_text())


def _some(squares: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [squares[index] for index in evenly_spread(len(squares), RANGE_PHOTOS)]


class _Reader(CalibrationDataReader):
    """Photos as onnxruntime asks for them."""

    def __init__(self, squares: Sequence[np.ndarray]) -> None:
        self._photos: Iterator[np.ndarray] = iter(squares)

    def get_next(self) -> dict[str, np.ndarray] | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        photo = next(self._photos, None)
        return None if photo is None else {INPUT_NAME: photo[None]}
