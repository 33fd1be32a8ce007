"""The child process of an export: `python -m export.bundle.worker TASK FOLDER` does one conversion and ends.

Inputs lie in the folder; the result is written there under `RESULT_NAME`.
"""

import io
import json
import sys
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import onnx

from export.coreml.convert import Precision, to_coreml
from export.onnx_file.module_files import read_module
from export.saved_model.convert import saved_model_answers, tflite_answers, to_saved_model
from export.tflite.convert import converted, to_tflite
from export.tflite.quantize import TFLITE_RECIPES, TfliteRecipe, quantise_tflite
from export.workshop.child import PEAK_NAME, RESULT_NAME
from runtime.measure.machine import peak_bytes

Files = Mapping[str, bytes]


def tflite_fp32(files: Files, folder: Path) -> bytes:
    """model.onnx and metadata.json -> TFLite FP32"""
    model = onnx.ModelProto.FromString(files["model.onnx"])
    return to_tflite(model, metadata=json.loads(files["metadata.json"]), work=folder / "onnx2tf")


def tflite_int8(files: Files, folder: Path) -> bytes:
    """model.tflite, photos.npy and request.json (recipe, ranges or null) -> TFLite INT8"""
    request = json.loads(files["request.json"])
    known = {recipe.name: recipe for recipe in TFLITE_RECIPES}
    ranges = request["ranges"] and {key: (low, high) for key, (low, high) in request["ranges"].items()}
    return quantise_tflite(
        files["model.tflite"],
        list(np.load(io.BytesIO(files["photos.npy"]), allow_pickle=False)),
        ranges=ranges,
        recipe=known.get(request["recipe"], TfliteRecipe(name=request["recipe"])),
    )


def coreml(files: Files, folder: Path, *, precision: Precision) -> bytes:
    """The module's files and metadata.json -> zipped .mlpackage"""
    return to_coreml(read_module(files), precision=precision, metadata=json.loads(files["metadata.json"]))


def tflite_tf_converter(files: Files, folder: Path) -> bytes:
    """model.onnx -> TFLite FP32 as TensorFlow's own converter makes it, nothing of ours done to it"""
    model = onnx.ModelProto.FromString(files["model.onnx"])
    return converted(model, folder / "onnx2tf", tflite_backend="tf_converter").read_bytes()


def saved_model(files: Files, folder: Path) -> bytes:
    """model.onnx and metadata.json -> zipped SavedModel"""
    model = onnx.ModelProto.FromString(files["model.onnx"])
    return to_saved_model(model, metadata=json.loads(files["metadata.json"]), work=folder / "onnx2tf")


def asked(files: Files, folder: Path, *, name: str, answers: Callable[[bytes, np.ndarray], np.ndarray]) -> bytes:
    """A model and photos.npy -> its answers as .npy"""
    stream = io.BytesIO()
    photos = np.load(io.BytesIO(files["photos.npy"]), allow_pickle=False)
    np.save(stream, answers(files[name], photos), allow_pickle=False)
    return stream.getvalue()


TASKS: Mapping[str, Callable[[Files, Path], bytes]] = {
    "tflite-fp32": tflite_fp32,
    "tflite-int8": tflite_int8,
    "coreml-fp16": partial(coreml, precision="fp16"),
    "coreml-int8": partial(coreml, precision="int8"),
    "tflite-tf-converter": tflite_tf_converter,
    "saved-model": saved_model,
    "saved-model-answers": partial(asked, name="model.zip", answers=saved_model_answers),
    "tensorflow-answers": partial(asked, name="model.tflite", answers=tflite_answers),
}


def main() -> None:
    """Entry point of `python -m export.bundle.worker`."""
    task, folder = sys.argv[1], Path(sys.argv[2])
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    result = TASKS[task](files, folder)
    (folder / PEAK_NAME).write_text(str(peak_bytes() or 0))
    (folder / RESULT_NAME).write_bytes(result)


if __name__ == "__main__":
    main()
