"""The formats a bundle can hold, as data, and the function that writes each.

ONNX is made in this process; the converters of TFLite and Core ML work in a child each (`export.workshop.child`).
"""

import json
from dataclasses import replace
from functools import partial

import onnx

from export.bundle.context import Context, ModelFormat
from export.coreml.convert import Precision, coreml_metadata, coreml_outputs, coreml_tensors
from export.int8 import search as int8_search
from export.int8.sensitivity import onnx_tensors
from export.onnx_file.convert import labelled, onnx_metadata, retuned
from export.onnx_file.half import halved
from export.onnx_file.module import EdgeModule, Temperatures
from export.onnx_file.module_files import module_files
from export.saved_model.outputs import require_tensorflow, saved_model_outputs, saved_model_tensors
from export.saved_model.package import labelled_saved_model, saved_model_metadata
from export.tflite.convert import tflite_outputs, tflite_tensors
from export.tflite.model import labelled_tflite, retuned_tflite, tflite_metadata
from export.tflite.search import TfliteBench, search_tflite
from export.verify.model_file import Written
from export.verify.outputs import file_outputs
from export.workshop.child import Cost, measured

TIMED_CHOICE = "the recipe was chosen by its latency on the machine that exported; --onnx-recipe {} repeats it"


FOLLOWS_ONNX = "the search began where the ONNX file's ended, which follows latencies; --tflite-recipe {} repeats it"


NAMED_ANEW = "TensorFlow writes the parts of a SavedModel in another order each time; the answers are the same"


def write_onnx_fp32(context: Context) -> Written:
    """The exported model as it is."""
    model, cost = context.fp32()
    label = {"precision": "fp32"}
    return Written(
        data=labelled(model, **label).SerializeToString(),
        retune=lambda temperatures: labelled(retuned(model, temperatures), **label).SerializeToString(),
        cost=cost,
    )


def write_onnx_fp16(context: Context) -> Written:
    """The exported model with its weights in half precision."""
    model, cost = context.fp32()
    with measured() as halving_cost:
        half = halved(model)
    label = {"precision": "fp16"}
    return Written(
        data=labelled(half, **label).SerializeToString(),
        retune=lambda temperatures: labelled(retuned(half, temperatures), **label).SerializeToString(),
        cost=cost + halving_cost(),
        recipe="weights-f16",
    )


def write_onnx_int8(context: Context) -> Written:
    """The exported model quantised by the fastest recipe that passes on the calibration photos."""
    model, cost = context.fp32()
    with measured() as search_cost:
        found = int8_search.search(
            model,
            context.range_photos,
            judge=context.judge_int8(file_outputs),
            clock=context.clock,
            only=context.onnx_recipe,
            first_passing=context.quick,
            fine_tune=context.fine_tuned if context.fine_tune else None,
            note=context.note,
        )
    label = {"precision": "int8", "recipe": found.recipe.name}
    context.likely_float = found.float_convolutions

    def retune(temperatures: Temperatures) -> bytes:
        return labelled(retuned(found.model, temperatures), **label).SerializeToString()

    return Written(
        data=labelled(found.model, **label).SerializeToString(),
        retune=retune,
        cost=cost + search_cost(),
        recipe=found.recipe.name,
        determinism="" if context.onnx_recipe else TIMED_CHOICE.format(found.recipe.name),
        tried=tuple(found.tried),
        damage=tuple(found.sensitivity),
        baseline=model.SerializeToString,
    )


def write_tflite_fp32(context: Context) -> Written:
    """The ONNX FP32 model, converted."""
    data, cost = _tflite_bench(context).converted(context.fp32()[0])
    label = {"precision": "fp32"}
    return Written(
        data=labelled_tflite(data, **label),
        retune=lambda temperatures: labelled_tflite(retuned_tflite(data, temperatures), **label),
        cost=cost,
    )


def write_tflite_int8(context: Context) -> Written:
    """The FP32 file quantised by the first recipe that passes on the calibration photos."""
    found = search_tflite(context.fp32()[0], _tflite_bench(context))
    recipe = found.chosen.tried.recipe.name
    data, label = found.chosen.data, {"precision": "int8", "recipe": recipe}
    return Written(
        data=labelled_tflite(data, **label),
        retune=lambda temperatures: labelled_tflite(retuned_tflite(data, temperatures), **label),
        cost=found.cost,
        recipe=recipe,
        determinism=FOLLOWS_ONNX.format(recipe) if context.likely_float and not context.tflite_recipe else "",
        tried=found.tried,
        baseline=lambda: found.chosen.baseline,
    )


def _tflite_bench(context: Context) -> TfliteBench:
    return TfliteBench(
        workshop=context.workshop,
        metadata=context.metadata,
        photos=context.range_photos,
        judge=context.judge_int8(tflite_outputs),
        fine_tune=context.fine_tuned if context.fine_tune else None,
        only=context.tflite_recipe,
        likely_float=context.likely_float,
        note=context.note,
    )


def write_coreml(context: Context, *, precision: Precision) -> Written:
    """The module converted from PyTorch; other temperatures need another conversion."""

    def convert(module: EdgeModule, precision: Precision) -> tuple[bytes, Cost]:
        metadata = json.dumps(dict(context.metadata)).encode()
        return context.workshop.run(f"coreml-{precision}", {**module_files(module), "metadata.json": metadata})

    def retune(temperatures: Temperatures) -> bytes:
        return convert(context.module.retuned(temperatures), precision)[0]

    data, cost = convert(context.module, precision)
    return Written(
        data=data,
        retune=retune,
        cost=cost,
        recipe=COREML_RECIPES[precision],
        baseline=None if precision == "fp16" else lambda: convert(context.module, "fp16")[0],
    )


def write_saved_model(context: Context) -> Written:
    """The ONNX FP32 model as TensorFlow has it; other temperatures need another conversion."""
    require_tensorflow("a SavedModel")
    label = {"precision": "fp32"}

    def convert(model: onnx.ModelProto) -> tuple[bytes, Cost]:
        metadata = json.dumps(dict(context.metadata)).encode()
        files = {"model.onnx": model.SerializeToString(), "metadata.json": metadata}
        data, cost = context.workshop.run("saved-model", files)
        return labelled_saved_model(data, **label), cost

    model, made = context.fp32()
    data, cost = convert(model)
    return Written(
        data=data,
        retune=lambda temperatures: convert(retuned(model, temperatures))[0],
        cost=made + cost,
        determinism=NAMED_ANEW,
    )


COREML_RECIPES: dict[Precision, str] = {"fp16": "", "int8": "weights-s8"}

ONNX_FP32 = ModelFormat(
    format="onnx",
    precision="fp32",
    file_name="model.fp32.onnx",
    write=write_onnx_fp32,
    outputs=file_outputs,
    tensors=onnx_tensors,
    metadata=onnx_metadata,
)

TFLITE_FP32 = ModelFormat(
    format="tflite",
    precision="fp32",
    file_name="model.fp32.tflite",
    write=write_tflite_fp32,
    outputs=tflite_outputs,
    tensors=tflite_tensors,
    metadata=tflite_metadata,
)

# INT8 first: it is what phones take, and the runtime runs the first ONNX file of a manifest.
FORMATS = (
    replace(
        ONNX_FP32,
        precision="int8",
        file_name="model.int8.onnx",
        write=write_onnx_int8,
        max_bytes=int8_search.MAX_BYTES,
    ),
    ONNX_FP32,
    replace(TFLITE_FP32, precision="int8", file_name="model.int8.tflite", write=write_tflite_int8),
    TFLITE_FP32,
    *(
        ModelFormat(
            format="coreml",
            precision=precision,
            file_name=f"model.{precision}.mlpackage.zip",
            write=partial(write_coreml, precision=precision),
            outputs=coreml_outputs,
            tensors=coreml_tensors,
            metadata=coreml_metadata,
        )
        for precision in COREML_RECIPES
    ),
)

# FP32 first: it is what the service runs by itself, and FP16 gives the same arithmetic in half the bytes.
TEACHER_FORMATS = (
    ONNX_FP32,
    replace(ONNX_FP32, precision="fp16", file_name="model.fp16.onnx", write=write_onnx_fp16),
)
"""What a teacher is written as, which no phone runs: 8 bit, TFLite and Core ML are for students."""

SAVED_MODEL = ModelFormat(
    format="saved_model",
    precision="fp32",
    file_name="model.fp32.saved_model.zip",
    write=write_saved_model,
    outputs=saved_model_outputs,
    tensors=saved_model_tensors,
    metadata=saved_model_metadata,
)

STUDENT_FORMATS = (*FORMATS, SAVED_MODEL)
"""What a student can be written as; SavedModel only where it is asked for, as it needs the extra `tensorflow`."""

ALL_FORMATS = tuple(dict.fromkeys((*STUDENT_FORMATS, *TEACHER_FORMATS)))
"""Every kind of file that a bundle may hold."""
