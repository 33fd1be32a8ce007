"""ONNX FP32 to a SavedModel with the bundle's interface, and what TensorFlow answers. Runs in a child process only.

onnx2tf writes a SavedModel whose input and outputs bear names of its own; the one that ships has one signature,
`serving_default`, with the bundle's names, types and shapes, and travels as one zip. What a file says of itself stands
in `assets.extra/`, TensorFlow's folder for what a model carries along without using it.
"""

import contextlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from export.onnx_file.module import INPUT_NAME, OUTPUT_NAMES
from export.saved_model.package import METADATA_NAME, unpacked
from export.tflite.convert import OUTPUT_SHAPES, SIGNATURE, converted
from export.workshop.zipped import zipped


def to_saved_model(model: onnx.ModelProto, *, metadata: Mapping[str, str], work: Path) -> bytes:
    """The zipped SavedModel of an ONNX FP32 model made by `export.onnx_file.convert.to_onnx`. `work`: a scratch folder.

    Raises RuntimeError where the conversion fails or gives other outputs.
    """
    side = model.graph.input[0].type.tensor_type.shape.dim[1].dim_value
    # The direct backend writes SavedModels too, but knows no hard-swish.
    converted(model, work, tflite_backend="tf_converter", output_signaturedefs=True)
    tensorflow = _tensorflow()
    inner = tensorflow.saved_model.load(str(work))
    module = tensorflow.Module()
    module.inner = inner  # keeps its weights: a function alone does not
    names = [output.name for output in model.graph.output]
    answer = _named(tensorflow, inner.signatures[SIGNATURE], names=names, side=side)
    folder = work / "bundle"
    tensorflow.saved_model.save(module, str(folder), signatures={SIGNATURE: answer})
    extra = folder / METADATA_NAME
    extra.parent.mkdir(exist_ok=True)
    extra.write_text(json.dumps(dict(metadata), ensure_ascii=False, indent=1))
    return zipped({str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()})


def _named(tensorflow: Any, signature: Any, *, names: Sequence[str], side: int) -> Any:
    """The signature once more, with the bundle's names; onnx2tf numbers the outputs.

    Raises RuntimeError where its outputs are not the bundle's.
    """
    (given,) = signature.structured_input_signature[1]
    found = {name: f"output_{place}" for place, name in enumerate(names)}
    shapes = {name: tuple(one.shape) for name, one in signature.structured_outputs.items()}
    if shapes != {found.get(name): shape for name, shape in OUTPUT_SHAPES.items()}:
        raise RuntimeError(f"onnx2tf's SavedModel has the outputs {shapes}, which are not {OUTPUT_SHAPES}")

    @tensorflow.function(input_signature=[tensorflow.TensorSpec((1, side, side, 3), tensorflow.uint8, name=INPUT_NAME)])
    def answer(image: Any) -> dict[str, Any]:
        outputs = signature(**{given: image})
        return {name: tensorflow.identity(outputs[found[name]], name=name) for name in OUTPUT_NAMES}

    return answer


def saved_model_answers(data: bytes, squares: np.ndarray) -> np.ndarray:
    """What a zipped SavedModel answers for uint8 [N, S, S, 3]: float64 [N, 12], malignancy, conditions, novelty.

    Raises ValueError where its interface is not the bundle's.
    """
    tensorflow = _tensorflow()
    with tempfile.TemporaryDirectory() as name:
        for path, content in unpacked(data).items():
            target = Path(name) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        signature = tensorflow.saved_model.load(name).signatures[SIGNATURE]
        _check(signature, side=squares.shape[1])
        return np.stack([_row(signature(**{INPUT_NAME: tensorflow.constant(square[None])})) for square in squares])


def _check(signature: Any, *, side: int) -> None:
    inputs = {name: (one.dtype.name, tuple(one.shape)) for name, one in signature.structured_input_signature[1].items()}
    outputs = {name: (one.dtype.name, tuple(one.shape)) for name, one in signature.structured_outputs.items()}
    wanted = {INPUT_NAME: ("uint8", (1, side, side, 3))}
    if inputs != wanted or outputs != {name: ("float32", shape) for name, shape in OUTPUT_SHAPES.items()}:
        raise ValueError(f"SavedModel with the inputs {inputs} and the outputs {outputs}, not the bundle's")


def tflite_answers(data: bytes, squares: np.ndarray) -> np.ndarray:
    """What TensorFlow's own interpreter makes of a TFLite file, one thread: float64 [N, 12]."""
    tensorflow = _tensorflow()
    runner = tensorflow.lite.Interpreter(model_content=data, num_threads=1).get_signature_runner(SIGNATURE)
    return np.stack([_row(runner(**{INPUT_NAME: square[None]})) for square in squares])


def _row(found: Mapping[str, Any]) -> np.ndarray:
    return np.concatenate([np.asarray(found[name]).ravel() for name in OUTPUT_NAMES]).astype(np.float64)


def _tensorflow() -> Any:
    """TensorFlow, one thread: the same sums on any machine."""
    tensorflow = import_module("tensorflow")
    with contextlib.suppress(RuntimeError):  # it runs already
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return tensorflow
