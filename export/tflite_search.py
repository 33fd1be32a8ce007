"""Which TFLite INT8 file a student gets: the first candidate that passes.

All in 8 bit comes first, for that is what accelerators take: as the student is, then fine-tuned for it. What leaves
some operators in float is the last resort. Candidates are made in a child process each. There is no clock in it:
recipes stand in the order of their speed.
"""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from export.context import Context
from export.quantize import Judge, Tried
from export.ranges import Range
from export.tflite import tflite_outputs
from export.tflite_quantize import TFLITE_RECIPES, TfliteRecipe
from export.workshop import Cost, ExportError

FINE_TUNED = "fine-tuned"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A file and what came of it."""

    data: bytes
    tried: Tried
    baseline: bytes
    """the FP32 file it was quantised from"""


@dataclass(frozen=True, kw_only=True)
class Found:
    """The chosen file and everything that was tried for it."""

    chosen: Candidate
    tried: tuple[Tried, ...]
    cost: Cost


def search_tflite(context: Context) -> Found:
    """Try the recipes in order, then the fine-tuned student. Of none that passes, the best is given.

    Raises ExportError where `context.tflite_recipe` names no recipe.
    """
    judge = context.judge_int8(tflite_outputs)
    fp32, cost = tflite_fp32(context, context.fp32()[0].SerializeToString())
    made: list[Candidate] = []
    for trial in _trials(context, judge, fp32):
        candidate, spent = trial()
        cost += spent
        made.append(candidate)
        if candidate.tried.verdict.passes:
            break
    chosen = max(made, key=lambda one: (one.tried.verdict.passes, one.tried.verdict.agreement))
    return Found(chosen=chosen, tried=tuple(_remarked(one.tried) for one in made), cost=cost)


def _remarked(tried: Tried) -> Tried:
    return replace(tried, remark="" if tried.verdict.passes else "does not pass")


def _trials(context: Context, judge: Judge, fp32: bytes) -> Iterator[Callable[[], tuple[Candidate, Cost]]]:
    wanted = _wanted(context)

    def static(recipe: TfliteRecipe) -> Callable[[], tuple[Candidate, Cost]]:
        return lambda: _candidate(context, judge, fp32, recipe, stage="static", ranges=None)

    yield from (static(recipe) for recipe in wanted if recipe.full_integer)
    if context.fine_tune is not None and context.tflite_recipe is None:
        yield lambda: _fine_tuned(context, judge)
    yield from (static(recipe) for recipe in wanted if not recipe.full_integer)


def tflite_fp32(context: Context, model: bytes) -> tuple[bytes, Cost]:
    """The FP32 file of an ONNX model."""
    metadata = json.dumps(dict(context.metadata)).encode()
    return context.workshop.run("tflite-fp32", {"model.onnx": model, "metadata.json": metadata})


def _fine_tuned(context: Context, judge: Judge) -> tuple[Candidate, Cost]:
    tuned = context.fine_tuned()
    fp32, cost = tflite_fp32(context, tuned.model.SerializeToString())
    recipe = TfliteRecipe(name=FINE_TUNED)
    candidate, spent = _candidate(context, judge, fp32, recipe, stage=FINE_TUNED, ranges=dict(tuned.ranges))
    return candidate, cost + spent


def _candidate(
    context: Context,
    judge: Judge,
    fp32: bytes,
    recipe: TfliteRecipe,
    *,
    stage: str,
    ranges: dict[str, Range] | None,
) -> tuple[Candidate, Cost]:
    data, cost = context.workshop.run(
        "tflite-int8",
        {
            "model.tflite": fp32,
            "photos.npy": _saved(context.range_photos),
            "request.json": json.dumps({"recipe": recipe.name, "ranges": ranges}).encode(),
        },
    )
    verdict = judge(data)
    context.note(f"{recipe.name}: {verdict.agreement:.1%}")
    tried = Tried(recipe=recipe, stage=stage, bytes=len(data), verdict=verdict)
    return Candidate(data=data, tried=tried, baseline=fp32), cost


def _wanted(context: Context) -> Sequence[TfliteRecipe]:
    if context.tflite_recipe is None:
        return TFLITE_RECIPES
    named = [recipe for recipe in TFLITE_RECIPES if recipe.name == context.tflite_recipe]
    if not named:
        known = ", ".join(recipe.name for recipe in TFLITE_RECIPES)
        raise ExportError(f"tflite int8: no recipe {context.tflite_recipe!r}; there are {known}")
    return named


def _saved(photos: Sequence[np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.save(file, np.stack(photos), allow_pickle=False)
    return file.getvalue()
