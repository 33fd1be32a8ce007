"""From a bundle back to a run: the student that stands in an ONNX file, as a run folder that every command takes.

A run folder is large and stays where it was trained; a bundle travels. Whoever has only the bundle can audit it, build
its other formats, calibrate it anew or fine-tune it from here. From an INT8 file the weights come back as the 8-bit
steps they were rounded to, and the ranges of activations are gone: the student is near to the one that was exported,
not the same.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from safetensors.torch import save_file
from torch import nn

from distill.config import TrainConfig
from distill.evaluate import calibration_threshold, figures
from distill.run import METRICS_NAME, create_run
from distill.student import STUDENTS, WEIGHTS_NAME, Student, load_student, student_spec
from export.onnx_file.convert import initializers
from runtime.bundle.load import Bundle, load_bundle
from runtime.errors import SkintagError
from runtime.files import write_json, written_whole
from teacher.data.dataset import DataOptions, Dataset, open_dataset
from teacher.data.splits import Part
from teacher.models.config import TeacherConfig

PREFIX = "photo_student.student."
"""Where the student stands in the exported module: the exporter names weights by their path in it."""

ORIGIN_NAME = "recovered.json"
"""Says which bundle a run came from; its `config.json` names data and architecture, not how the student was trained."""


class RecoverError(SkintagError):
    """A bundle whose student cannot be read back; the message says which layer."""


def recover_run(bundle: Path | None, *, data: DataOptions, runs: Path, name: str | None = None) -> Path:
    """Write the student of a bundle as a finished run, judged on `data`: from its FP32 ONNX file where it has one.

    Returns the run's folder. Raises RecoverError when the file is not one of ours.
    """
    found = most_exact(load_bundle(bundle))
    manifest = found.manifest
    student = student_of(found)
    spec = student.spec
    data = replace(data, image_size=spec.image_size)
    config = TrainConfig(student=_name_of(manifest.architecture), student_spec=spec, data=data, teacher=TeacherConfig())
    dataset = open_dataset(data)
    run = create_run(runs, config, name=name or manifest.model_id)
    with written_whole(run / WEIGHTS_NAME) as partial:
        save_file({key: value.contiguous() for key, value in student.state_dict().items()}, partial)
    write_json(run / ORIGIN_NAME, {"model_id": manifest.model_id, "file": found.file.name, "sha256": found.file.sha256})
    _write_metrics(run, dataset)
    return run


def most_exact(bundle: Bundle) -> Bundle:
    """The bundle with its FP32 ONNX file as the one that runs, where it has one."""
    kinds = {(file.format, file.precision): file.name for file in bundle.manifest.files}
    name = kinds.get(("onnx", "fp32"))
    return bundle if name is None else load_bundle(bundle.folder, file=name)


def student_of(bundle: Bundle) -> Student:
    """The student that stands in the file of the bundle that runs. Raises RecoverError where it cannot be read."""
    manifest = bundle.manifest
    student = Student(student_spec(_name_of(manifest.architecture), image_size=manifest.input.height)).eval()
    fill(student, onnx.ModelProto.FromString(bundle.model))
    return student


def _name_of(architecture: str) -> str:
    """As `--student` takes it."""
    return next((name for name, choice in STUDENTS.items() if choice.arch == architecture), architecture)


def fill(student: Student, model: onnx.ModelProto) -> None:
    """Put the convolutions and heads of an exported model into `student`; batch norms, folded there, become identities.

    Raises RecoverError when a layer is missing or has another shape.
    """
    tensors = _weights(model)
    layers = list(student.named_modules())
    with torch.no_grad():
        for place, (name, layer) in enumerate(layers):
            if not isinstance(layer, nn.Conv2d | nn.Linear):
                continue
            weight, bias = _layer(tensors, name, layer)
            layer.weight.copy_(weight)
            if layer.bias is not None:
                layer.bias.copy_(bias)
                continue
            norm = next((after for _, after in layers[place + 1 :] if isinstance(after, nn.BatchNorm2d)), None)
            if norm is None:
                raise RecoverError(f"{name}: no batch norm follows it that could take its bias")
            _identity(norm, bias=bias)


def _layer(
    tensors: Mapping[str, tuple[np.ndarray, np.ndarray]], name: str, layer: nn.Conv2d | nn.Linear
) -> tuple[torch.Tensor, torch.Tensor]:
    if name not in tensors:
        raise RecoverError(
            f"{name}: this layer is not in the file as the student has it: it was not exported by this program, or is "
            "an INT8 file whose first convolution reads bytes (take an FP32 file then)"
        )
    weight, bias = (torch.from_numpy(np.array(array, dtype=np.float32)) for array in tensors[name])
    if weight.shape != layer.weight.shape:
        raise RecoverError(f"{name}: has shape {tuple(weight.shape)} in the file, {tuple(layer.weight.shape)} expected")
    return weight, bias


def _identity(norm: nn.BatchNorm2d, *, bias: torch.Tensor) -> None:
    """A batch norm that only adds `bias`: (x - 0) / sqrt(var + eps) is x where var is 1 - eps."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0 - norm.eps)
    norm.weight.fill_(1.0)
    norm.bias.copy_(bias)


def _weights(model: onnx.ModelProto) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Weight and bias in float by the layer's path in the student, dequantised where the file holds 8-bit steps."""
    constants = {name: numpy_helper.to_array(tensor) for name, tensor in initializers(model).items()}
    dequantisers = {node.output[0]: node for node in model.graph.node if node.op_type == "DequantizeLinear"}
    casts = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Cast"}
    products = {
        node.output[0]: (casts[node.input[0]], node.input[1])
        for node in model.graph.node
        if node.op_type == "Mul" and casts.get(node.input[0]) in constants
    }

    def source(name: str) -> str:
        if name in products:
            return products[name][0]
        return dequantisers[name].input[0] if name in dequantisers else name

    def value(name: str) -> np.ndarray:
        if name in products:
            steps, scale = (constants[given] for given in products[name])
            return steps.astype(np.float32) * scale
        if name not in dequantisers:
            return constants[name]
        steps, scale, zero = (constants[given] for given in dequantisers[name].input)
        return _dequantised(steps, scale, zero)

    found: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for node in model.graph.node:
        if node.op_type in ("Conv", "Gemm") and source(node.input[1]) in constants:
            weight = value(node.input[1])
            bias = value(node.input[2]) if len(node.input) > 2 else np.zeros(len(weight), np.float32)
            found[_path(source(node.input[1]))] = weight, bias
        elif node.op_type == "QLinearConv":
            steps, scale, zero = (constants[name] for name in node.input[3:6])
            bias = constants[node.input[8]] * (constants[node.input[1]] * scale)
            found[_path(node.input[3])] = _dequantised(steps, scale, zero), bias
    return found


def _path(tensor: str) -> str:
    """The layer that a weight belongs to, as the student names it."""
    return tensor.removesuffix("_quantized").removesuffix(".weight").removeprefix(PREFIX)


def _dequantised(steps: np.ndarray, scale: np.ndarray, zero: np.ndarray) -> np.ndarray:
    """Scale and zero point are of the whole tensor or of each slice along its first axis."""
    shape = (-1, *[1] * (steps.ndim - 1)) if scale.ndim else ()
    return (steps.astype(np.float32) - zero.astype(np.float32).reshape(shape)) * scale.reshape(shape)


def _write_metrics(run: Path, dataset: Dataset) -> None:
    student = load_student(run)
    threshold = calibration_threshold(student, dataset)
    judged = (Part.VALIDATION, Part.TEST)
    found = {part.value: figures(student, dataset, part, threshold=threshold) for part in judged}
    parts = {part: {key: asdict(figure) for key, figure in own.items()} for part, own in found.items()}
    write_json(run / METRICS_NAME, {"recovered": True, **parts})
