"""TFLite FP32 by onnx2tf, and how a TFLite file is run, by the interpreter that phones have.

onnx2tf's `flatbuffer_direct` backend writes the file itself: no TensorFlow, no network, no child process of its own
once onnxsim (already run on our models) is switched off. Importing it silences all Python warnings, seeds the global
random generators, lifts the recursion limit and hides the GPUs, so it belongs into a process that ends afterwards.
"""

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from export.onnx_file.convert import initializers
from export.onnx_file.module import INPUT_NAME, OUTPUT_NAMES, Temperatures
from export.tflite.layout import channels_last, fuse_clipping
from export.tflite.model import operators, read_model, retuned_tflite, set_metadata, write_model
from export.verify.outputs import Outputs, Squares, Step, no_step
from runtime.conditions import CONDITIONS
from runtime.errors import EngineError, first_line
from runtime.prediction import Prediction

SIGNATURE = "serving_default"

OUTPUT_SHAPES = {"malignancy": (1,), "conditions": (1, len(CONDITIONS)), "novelty": (1,)}
"""Every file's float32 outputs."""

STAND_IN = Temperatures(malignancy=2.0, conditions=2.0)
"""Temperatures during conversion: a division by 1 would be dropped, and with it the place where they are set later."""

RELU6 = 6.0
"""Where TFLite's bounded ReLU ends, the only bound but 1 that its operators clip at by themselves."""


def to_tflite(model: onnx.ModelProto, *, metadata: Mapping[str, str], work: Path) -> bytes:
    """The FP32 TFLite file of an ONNX FP32 model made by `export.onnx_file.convert.to_onnx`. `work`: a scratch folder.

    Input `image` uint8 [1, S, S, 3], outputs as the bundle's interface has them, by these names in the signature.
    Raises RuntimeError when the conversion fails.
    """
    adjustable, temperatures = _with_stand_in(model)
    path = converted(with_spelled_out_gates(adjustable), work)
    flat = read_model(path.read_bytes())
    channels_last(flat)
    fuse_clipping(flat)
    set_metadata(flat, metadata)
    return retuned_tflite(write_model(flat), temperatures)


def tflite_outputs(data: bytes, squares: Squares, *, step: Step = no_step) -> Outputs:
    """What a file answers. Raises EngineError when it is no valid model file.

    One thread per photo, several photos at once: the answers do not depend on the machine's number of cores.
    """
    runners: SimpleQueue[_Runner] = SimpleQueue()
    workers = min(os.cpu_count() or 1, len(squares))
    for _ in range(workers):
        runners.put(_Runner(data, side=squares[0].shape[0]))

    def predict(square: np.ndarray) -> Prediction:
        runner = runners.get()
        try:
            return runner.predict(square)
        finally:
            runners.put(runner)
            step()

    with ThreadPoolExecutor(max_workers=workers) as pool:
        predictions = list(pool.map(predict, squares))
    return Outputs(
        malignancy=np.array([p.malignancy for p in predictions]),
        conditions=np.array([p.conditions for p in predictions]),
        novelty=np.array([p.novelty for p in predictions]),
    )


def tflite_runnable(data: bytes, photo: np.ndarray, *, threads: int = 1) -> Callable[[], object]:
    """A file on one photo, uint8 [S, S, 3], as the device runs it. Raises EngineError when it cannot be loaded."""
    interpreter = _interpreter(data, threads=threads)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], photo[np.newaxis])
    return interpreter.invoke


def tflite_tensors(data: bytes, square: np.ndarray) -> dict[str, np.ndarray]:
    """Every map (rank 4) and output as float, in the order of the computation; 8-bit ones dequantised.

    A tensor bears the same name in the FP32 file and in one quantised from it. Raises EngineError.
    """
    return Probe(data).tensors(square)


class Probe:
    """A file opened to look at what happens inside. Kernels are the built-in ones: XNNPACK would hide the maps."""

    def __init__(self, data: bytes) -> None:
        self._interpreter = _interpreter(data, keep_all=True)  # checks the file before it is walked
        try:
            steps = operators(read_model(data))
            details = {entry["name"]: entry for entry in self._interpreter.get_tensor_details()}
            self._shown = [details[step.output] for step in steps if _is_shown(details[step.output])]
        except (ValueError, LookupError) as error:
            raise EngineError(f"damaged TFLite file ({first_line(error)})") from error

    def tensors(self, square: np.ndarray) -> dict[str, np.ndarray]:
        """The maps and outputs of one photo, uint8 [S, S, 3]."""
        self._interpreter.set_tensor(self._interpreter.get_input_details()[0]["index"], square[np.newaxis])
        self._interpreter.invoke()
        return {entry["name"]: _as_float(self._interpreter.get_tensor(entry["index"]), entry) for entry in self._shown}


class _Runner:
    """One interpreter, as a device would use it: XNNPACK, one thread."""

    def __init__(self, data: bytes, *, side: int) -> None:
        self._interpreter = _interpreter(data)
        self._input, self._outputs = self._interface(side)

    def predict(self, square: np.ndarray) -> Prediction:
        """Judge one photo, uint8 [S, S, 3]. Raises EngineError when the answer is not made of probabilities."""
        try:
            self._interpreter.set_tensor(self._input, square[np.newaxis])
            self._interpreter.invoke()
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"the TFLite model failed ({first_line(error)})") from error
        answers = {name: self._interpreter.get_tensor(index)[0] for name, index in self._outputs.items()}
        return Prediction(
            malignancy=float(answers["malignancy"]),
            conditions=tuple(float(value) for value in answers["conditions"]),
            novelty=float(answers["novelty"]),
        )

    def _interface(self, side: int) -> tuple[int, dict[str, int]]:
        """Where input and outputs stand. Raises EngineError unless names, types and shapes are the bundle's."""
        try:
            signature = self._interpreter.get_signature_runner(SIGNATURE)
            inputs, outputs = signature.get_input_details(), signature.get_output_details()
        except (ValueError, LookupError, RuntimeError) as error:
            raise EngineError(f"TFLite file without the signature {SIGNATURE} ({first_line(error)})") from error
        wanted_input = {INPUT_NAME: (np.uint8, (1, side, side, 3))}
        wanted_outputs = {name: (np.float32, shape) for name, shape in OUTPUT_SHAPES.items()}
        for kind, found, wanted in (("inputs", inputs, wanted_input), ("outputs", outputs, wanted_outputs)):
            seen = {name: (entry["dtype"], tuple(entry["shape"].tolist())) for name, entry in found.items()}
            if seen != wanted:
                raise EngineError(f"TFLite file with {kind} {_listed(seen)} instead of {_listed(wanted)}")
        return inputs[INPUT_NAME]["index"], {name: outputs[name]["index"] for name in OUTPUT_NAMES}


def _interpreter(data: bytes, *, threads: int = 1, keep_all: bool = False) -> Any:
    """An interpreter, ready to run. The library checks the file's structure before it trusts any offset in it.

    What it cannot check is whether the numbers make sense: a flipped bit in a weight is a valid file with another
    answer. That a file is the one that was measured, the manifest's sha256 says.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if keep_all else OpResolverType.AUTO
    try:
        found = Interpreter(
            model_content=data,
            num_threads=threads,
            experimental_op_resolver_type=kernels,
            experimental_preserve_all_tensors=keep_all,
        )
        found.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise EngineError(f"TFLite file that cannot be loaded ({first_line(error)})") from error
    return found


def converted(model: onnx.ModelProto, work: Path, **options: Any) -> Path:
    """The FP32 file that onnx2tf writes into a folder, among others that further options ask for.

    Raises RuntimeError when the conversion fails.
    """
    from onnx2tf import convert

    try:
        convert(
            onnx_graph=model,
            output_folder_path=str(work),
            keep_shape_absolutely_input_names=[INPUT_NAME],
            not_use_onnxsim=True,
            not_use_opname_auto_generate=True,
            verbosity="error",
            **options,
        )
    except SystemExit as error:
        raise RuntimeError(f"onnx2tf gave up with exit status {error.code}") from error
    found = sorted(work.glob("*_float32.tflite"))
    if len(found) != 1:
        raise RuntimeError(f"onnx2tf left {len(found)} FP32 files")
    return found[0]


def with_spelled_out_gates(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which every HardSigmoid(x) is min(max(x / a + b / a, 0), 1 / a) * a.

    With torch's a = 1/6 and b = 1/2 that is relu6(x + 3) / 6, two operators of TFLite's that can be quantised.
    """
    spelled = onnx.ModelProto()
    spelled.CopyFrom(model)
    nodes: list[onnx.NodeProto] = []
    for node in model.graph.node:
        nodes.extend(_hard_sigmoid(node, spelled) if node.op_type == "HardSigmoid" else [node])
    del spelled.graph.node[:]
    spelled.graph.node.extend(nodes)
    return onnx.shape_inference.infer_shapes(spelled, strict_mode=True)


def _hard_sigmoid(node: onnx.NodeProto, model: onnx.ModelProto) -> list[onnx.NodeProto]:
    x, y = node.input[0], node.output[0]
    given = {attribute.name: attribute.f for attribute in node.attribute}
    slope, offset = given.get("alpha", 0.2), given.get("beta", 0.5)  # the defaults of ONNX
    top = round(1 / slope, 4)  # 6 where the slope is 1/6 in float32
    if top != RELU6:
        raise RuntimeError(f"{node.name}: a hard sigmoid of slope {slope:g}, TFLite clips at 6 only")
    values = {"offset": round(offset / slope, 4), "bottom": 0.0, "top": top, "scale": 1 / top}
    for name, value in values.items():
        model.graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), f"{y}_{name}"))
    return [
        helper.make_node("Add", [x, f"{y}_offset"], [f"{y}_moved"], name=f"{y}_add"),
        helper.make_node("Clip", [f"{y}_moved", f"{y}_bottom", f"{y}_top"], [f"{y}_clipped"], name=f"{y}_clip"),
        helper.make_node("Mul", [f"{y}_clipped", f"{y}_scale"], [y], name=f"{y}_mul"),
    ]


def _with_stand_in(model: onnx.ModelProto) -> tuple[onnx.ModelProto, Temperatures]:
    """A copy that divides by `STAND_IN` in front of the sigmoid and the softmax, and what it divided by before.

    A model without such a division, which exporting drops where the temperature is 1, gets one.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    makers, found = {node.output[0]: node for node in copy.graph.node}, {}
    for output, stand_in in (("malignancy", STAND_IN.malignancy), ("conditions", STAND_IN.conditions)):
        division = makers.get(makers[output].input[0])
        divisor = initializers(copy).get(division.input[1]) if division and division.op_type == "Div" else None
        found[output] = 1.0 if divisor is None else float(numpy_helper.to_array(divisor).ravel()[0])
        if divisor is None:
            divisor = _insert_division(copy, makers[output])
        divisor.CopyFrom(numpy_helper.from_array(np.full(tuple(divisor.dims), stand_in, np.float32), divisor.name))
    return copy, Temperatures(**found)


def _insert_division(model: onnx.ModelProto, last: onnx.NodeProto) -> onnx.TensorProto:
    """Divide the first input of a node by a new constant of one; that constant."""
    name = f"{last.output[0]}_temperature"
    model.graph.initializer.append(numpy_helper.from_array(np.ones((), np.float32), name))
    division = helper.make_node("Div", [last.input[0], name], [f"{last.output[0]}_tempered"], name=f"{name}_div")
    last.input[0] = division.output[0]
    model.graph.node.insert(list(model.graph.node).index(last), division)
    return model.graph.initializer[-1]


def _is_shown(entry: Mapping[str, Any]) -> bool:
    copied = entry["name"].endswith(("_quantized", "_dequant"))  # how ai-edge-quantizer names another form of a tensor
    return not copied and (len(entry["shape"]) == 4 or entry["name"] in OUTPUT_NAMES)


def _as_float(values: np.ndarray, entry: Mapping[str, Any]) -> np.ndarray:
    scale, zero = entry["quantization"]
    return values.astype(np.float32) if not scale else ((values.astype(np.float32) - zero) * scale).astype(np.float32)


def _listed(interface: Mapping[str, tuple[Any, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name} {np.dtype(kind).name} {list(shape)}" for name, (kind, shape) in interface.items())
