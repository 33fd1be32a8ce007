"""What TensorFlow says of a model file, asked in a child process: of a SavedModel, and once more of a TFLite file."""

import importlib.util
import io
from collections.abc import Mapping

import numpy as np

from export.onnx_file.module import OUTPUT_NAMES
from export.saved_model.package import unpacked
from export.verify.outputs import Outputs, Squares, Step, no_step
from export.workshop.child import ExportError, open_workshop
from runtime.errors import EngineError
from runtime.prediction import Prediction

INSTALL = "pip install 'skintag-edge[tensorflow]', in a checkout uv sync --extra tensorflow (600 MB)"


def has_tensorflow() -> bool:
    """Whether it is installed; it is not imported."""
    return importlib.util.find_spec("tensorflow") is not None


def require_tensorflow(what: str) -> None:
    """Raises ExportError, saying how to get it, where TensorFlow is not installed. `what`: what needs it."""
    if not has_tensorflow():
        raise ExportError(f"{what} needs TensorFlow, which is not installed: {INSTALL}")


def saved_model_outputs(data: bytes, squares: Squares, *, step: Step = no_step) -> Outputs:
    """What a zipped SavedModel answers. Raises EngineError where it is none, ExportError without TensorFlow."""
    unpacked(data)
    return _answers("saved-model-answers", "model.zip", data, squares, step)


def tensorflow_outputs(data: bytes, squares: Squares, *, step: Step = no_step) -> Outputs:
    """What a TFLite file answers by TensorFlow's own interpreter. Raises EngineError, ExportError as above."""
    return _answers("tensorflow-answers", "model.tflite", data, squares, step)


def saved_model_tensors(data: bytes, square: np.ndarray) -> Mapping[str, np.ndarray]:
    """The outputs of one photo: what lies between has other names in every TensorFlow."""
    found = saved_model_outputs(data, [square])
    return {name: getattr(found, name) for name in OUTPUT_NAMES}


def _answers(task: str, name: str, data: bytes, squares: Squares, step: Step) -> Outputs:
    require_tensorflow(task)
    photos = io.BytesIO()
    np.save(photos, np.stack(squares), allow_pickle=False)
    with open_workshop() as workshop:
        try:
            result, _ = workshop.run(task, {name: data, "photos.npy": photos.getvalue()})
        except ExportError as error:
            last = error.log[-1] if error.log else error.reason
            raise EngineError(f"TensorFlow does not run it ({last})") from error
    found = np.load(io.BytesIO(result), allow_pickle=False)
    for row in found:  # no probability, no answer
        Prediction(malignancy=float(row[0]), conditions=tuple(map(float, row[1:-1])), novelty=float(row[-1]))
        step()
    return Outputs(malignancy=found[:, 0], conditions=found[:, 1:-1], novelty=found[:, -1])
