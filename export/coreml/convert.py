"""Core ML: the module as an ML program in a zipped .mlpackage, and what such a file answers.

FP16 throughout the trunk, the type of the neural engine; what follows the pooled features (heads, temperature, sigmoid,
softmax, novelty) stays float32. It is 0.02% of the work, its rounding would stand in every answer (near 1 the steps of
fp16 are 0.0005 and photos would tie at a threshold), and novelty squares distances: one 256 spreads away, which is what
novelty is there to tell, would be infinite in fp16.

"int8" stores the weights of the convolutions as 8-bit integers with one scale per output channel and computes as "fp16"
does. Activations in 8 bit need macOS to calibrate, and iOS 17; the neural engine gains size and bandwidth without them.
"""

import hashlib
import importlib.metadata
import io
import json
import sys
import tempfile
import uuid
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from export.coreml.package import Package, read_package
from export.coreml.program import Program, load_program, program_of
from export.onnx_file.module import INPUT_NAME, OUTPUT_NAMES, EdgeModule
from export.verify.outputs import Outputs, Squares, Step, no_step
from export.workshop.zipped import zipped
from runtime.conditions import CONDITIONS
from runtime.errors import EngineError
from runtime.prediction import Prediction

Precision = Literal["fp16", "int8"]

WEIGHTS_FROM = 512
"""Weights with more elements than this become 8 bit. A blob has 64 bytes of head and is aligned to 64: below this the
scales cost what the integers save."""

BATCH = 4
"""Photos evaluated at once. A map of 112x112x96 then takes 19 MB, which the allocator keeps for the next one; from
32 MB on it asks the system for fresh pages every time (mobilenetv2, one core: 49 photos a second, 26 with 16)."""

_SPECIFICATION, _WEIGHTS = "com.apple.CoreML/model.mlmodel", "com.apple.CoreML/weights"
"""Where coremltools and Xcode keep the two items of a package, from its Data folder."""

_OUTPUT_SHAPES = {"malignancy": [1], "conditions": [1, len(CONDITIONS)], "novelty": [1]}
_OUTPUT_TEXTS = {
    "malignancy": "Calibrated probability that the lesion is malignant",
    "conditions": f"Probabilities of: {', '.join(CONDITIONS)}",
    "novelty": "How unlike the training photos; about 1 for a training photo",
}


def to_coreml(module: EdgeModule, *, precision: Precision, metadata: Mapping[str, str]) -> bytes:
    """The module as a zipped .mlpackage. The same module and toolchain give the same bytes.

    The input is an RGB image of Core ML's own image type, so an app hands over a photo, never a tensor; the three
    outputs are float32. `metadata` stands inside, with the precision. Loud: coremltools writes to stderr and its log.
    """
    import coremltools as ct

    model = _converted(ct, module.eval())
    if precision == "int8":
        model = _with_8_bit_weights(ct, model, module)
    specification = model.get_spec()
    _describe(specification, {**metadata, "precision": precision})
    files = {_SPECIFICATION: specification.SerializeToString(deterministic=True)}
    for path in sorted(Path(model.weights_dir).iterdir()):
        files[f"{_WEIGHTS}/{path.name}"] = path.read_bytes()
    return _packaged(files, folder=f"model.{precision}.mlpackage")


def coreml_outputs(data: bytes, squares: Squares, *, step: Step = no_step) -> Outputs:
    """What the file answers: by Core ML itself on macOS, elsewhere by evaluating the saved program (`coreml.program`).

    Raises EngineError when it is no valid file: damaged, another interface, an operation that is not known, answers
    that are no probabilities. `step` is called once per photo.
    """
    package = read_package(data)
    _check_interface(package, side=squares[0].shape[0])
    answers = _predicted(data, squares) if sys.platform == "darwin" else _evaluated(program_of(package), squares)
    predictions: list[Prediction] = []
    for malignancy, conditions, novelty in answers:
        predictions.append(Prediction(malignancy=malignancy, conditions=tuple(conditions), novelty=novelty))
        step()
    return Outputs(
        malignancy=np.array([p.malignancy for p in predictions]),
        conditions=np.array([p.conditions for p in predictions]),
        novelty=np.array([p.novelty for p in predictions]),
    )


def coreml_tensors(data: bytes, square: np.ndarray) -> dict[str, np.ndarray]:
    """Every map of rank 4, (1, C, H, W), and the outputs, by name in order of computation; always by `coreml.program`.

    square: uint8 [S, S, 3]. Raises EngineError as `coreml_outputs` does.
    """
    program = load_program(data)
    tensors = program.run_tracing(_planes([square]))
    return {name: t.numpy() for name, t in tensors.items() if t.dim() == 4 or name in program.outputs}


def coreml_metadata(data: bytes) -> dict[str, str]:
    """What stands inside the file. Raises EngineError when it is damaged."""
    return read_package(data).metadata


class _Planes(nn.Module):
    """The module as Core ML feeds it: pixel values 0..255 as float (1, 3, S, S)."""

    def __init__(self, module: EdgeModule) -> None:
        super().__init__()
        self.edge = module

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return self.edge.answers(self.edge.photo_student.of_planes(image))


def _converted(ct: Any, module: EdgeModule) -> Any:
    """iOS 16 is the first with 8-bit weights in a program (constexpr_affine_dequantize), and nothing here needs more:
    every iPhone since the 8 (2017) can have it."""
    size = module.spec.image_size
    return ct.convert(
        _traced(module, size),
        convert_to="mlprogram",
        inputs=[ct.ImageType(name=INPUT_NAME, shape=(1, 3, size, size), color_layout=ct.colorlayout.RGB)],
        outputs=[ct.TensorType(name=name, dtype=np.float32) for name in OUTPUT_NAMES],
        minimum_deployment_target=ct.target.iOS16,
        compute_precision=ct.transform.FP16ComputePrecision(op_selector=_is_of_the_trunk),
        skip_model_load=True,
    )


def _traced(module: EdgeModule, size: int) -> torch.jit.ScriptModule:
    """A trace, although torch calls it deprecated: the students have no branches that it could miss, it takes 0.4 s
    where torch.export takes 3.7 (mobilenetv3), and coremltools 9 was made for the exported programs of torch 2.7."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        traced = torch.jit.trace(_Planes(module).eval(), torch.zeros(1, 3, size, size), check_trace=False)
    return cast(torch.jit.ScriptModule, traced)


def _is_of_the_trunk(operation: Any) -> bool:
    """Whether it computes in fp16: maps have rank 4, what follows the pooled features has less."""
    return all(len(output.shape) == 4 for output in operation.outputs)


def _with_8_bit_weights(ct: Any, model: Any, module: EdgeModule) -> Any:
    """Symmetric, one scale per output channel: with one per tensor the answers of a student had a cosine of 0.986 to
    the right ones and a fifth of the top conditions changed. The heads stay float32, as in every other format, and so
    do novelty's components, unless those of several domains would add 0.7 MB each."""
    optimize = ct.optimize.coreml

    def larger_than(numbers: int) -> Any:
        return optimize.OpLinearQuantizerConfig(
            mode="linear_symmetric", dtype="int8", granularity="per_channel", weight_threshold=numbers
        )

    kinds = {"conv": larger_than(WEIGHTS_FROM)}
    if len(module.marks) > 1:
        kinds["linear"] = larger_than(len(CONDITIONS) * module.get_buffer("feature_mean").numel())
    return optimize.linear_quantize_weights(model, optimize.OptimizationConfig(op_type_configs=kinds))


def _describe(specification: Any, metadata: Mapping[str, str]) -> None:
    """Fill what Xcode shows. The converter's own notes go: they hold the date, so no two days gave the same bytes."""
    description = specification.description
    description.metadata.Clear()
    description.metadata.shortDescription = "SkinTag Edge: how soon should someone look at this skin lesion?"
    description.metadata.author = "SkinTag Edge"
    description.metadata.license = metadata.get("licence", "")
    description.metadata.versionString = metadata.get("model_id", "")
    description.metadata.userDefined.update(metadata)
    description.metadata.userDefined["converter"] = f"coremltools {importlib.metadata.version('coremltools')}"
    description.input[0].shortDescription = "The lesion, RGB, cropped to a square; normalisation is inside the model"
    for output in description.output:
        output.shortDescription = _OUTPUT_TEXTS[output.name]


def _packaged(files: Mapping[str, bytes], *, folder: str) -> bytes:
    """The package as one file."""
    entries = {f"{folder}/Data/{path}": content for path, content in files.items()}
    return zipped({**entries, f"{folder}/Manifest.json": _manifest(files)})


def _manifest(files: Mapping[str, bytes]) -> bytes:
    """What a package lists of itself. Its identifiers are digests of the content; coremltools takes random ones."""
    digest = hashlib.sha256(b"".join(content for _, content in sorted(files.items()))).hexdigest()
    items = {
        str(uuid.uuid5(uuid.NAMESPACE_OID, f"{digest}/{path}")): {
            "author": "com.apple.CoreML",
            "description": text,
            "name": path.rpartition("/")[2],
            "path": path,
        }
        for path, text in ((_SPECIFICATION, "CoreML Model Specification"), (_WEIGHTS, "CoreML Model Weights"))
    }
    content = {"fileFormatVersion": "1.0.0", "itemInfoEntries": items, "rootModelIdentifier": next(iter(items))}
    return json.dumps(content, indent=4, sort_keys=True).encode()


def _check_interface(package: Package, *, side: int) -> None:
    description = package.specification.description
    inputs = [(feature.name, feature.type.WhichOneof("Type")) for feature in description.input]
    if inputs != [(INPUT_NAME, "imageType")]:
        raise EngineError(f"Core ML: the inputs are {inputs} instead of one image named {INPUT_NAME}; export it again")
    image = description.input[0].type.imageType
    if (image.width, image.height) != (side, side) or image.ColorSpace.Name(image.colorSpace) != "RGB":
        colours = image.ColorSpace.Name(image.colorSpace)
        raise EngineError(f"Core ML: takes {colours} {image.width}x{image.height} instead of RGB {side}x{side} photos")
    found = {feature.name: _array(feature.type) for feature in description.output}
    wanted = {name: ("FLOAT32", shape) for name, shape in _OUTPUT_SHAPES.items()}
    if found != wanted or set(package.specification.mlProgram.functions) != {"main"}:
        raise EngineError(f"Core ML: the outputs are {found} instead of {wanted}; export it again")


def _array(feature: Any) -> tuple[str, list[int]]:
    array = feature.multiArrayType
    return array.ArrayDataType.Name(array.dataType), list(array.shape)


_Answer = tuple[float, list[float], float]


def _evaluated(program: Program, squares: Squares) -> Iterator[_Answer]:
    for start in range(0, len(squares), BATCH):
        outputs = program.run(_planes(squares[start : start + BATCH]))
        if outputs.keys() != set(OUTPUT_NAMES):
            raise EngineError(f"Core ML program: the outputs are {', '.join(outputs)}; export it again")
        yield from zip(*(outputs[name].tolist() for name in OUTPUT_NAMES), strict=True)


def _planes(squares: Squares) -> Tensor:
    return torch.from_numpy(np.stack(list(squares))).permute(0, 3, 1, 2).to(torch.float32)


def _predicted(data: bytes, squares: Squares) -> Iterator[_Answer]:
    """By Core ML itself; macOS only."""
    import coremltools as ct

    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            archive.extractall(folder)
        try:
            model = ct.models.MLModel(str(next(Path(folder).glob("*.mlpackage"))))
            for square in squares:
                answer = cast(dict[str, np.ndarray], model.predict({INPUT_NAME: Image.fromarray(square)}))
                malignancy, conditions, novelty = (answer[name].reshape(-1).tolist() for name in OUTPUT_NAMES)
                yield malignancy[0], conditions, novelty[0]
        except (RuntimeError, ValueError, KeyError) as error:
            raise EngineError(f"Core ML: the model cannot be run ({error}); export it again") from error
