"""Which TFLite INT8 file a student gets: the first candidate that passes.

All in 8 bit comes first, for that is what accelerators take; then recipes in the order of their speed, ever more in
float. The fine-tune for 8 bit takes ten minutes and comes last. Where the ONNX search has found how much of this
student must stay in float, what leaves less comes after what leaves as much. Candidates are made in a child process
each. There is no clock in it.
"""

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import onnx

from export.int8.activation_ranges import Range
from export.int8.search import FineTuned
from export.tflite.quantize import TFLITE_RECIPES, TfliteRecipe
from export.verify.candidates import Opinion, Tried
from export.workshop.child import Cost, ExportError, Workshop

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


@dataclass(frozen=True, kw_only=True)
class TfliteBench:
    """What a search works with."""

    workshop: Workshop
    metadata: Mapping[str, str]
    photos: Sequence[np.ndarray]
    """uint8 [S, S, 3] each, of the calibration part: activation ranges are taken from them"""
    judge: Opinion
    fine_tune: Callable[[], FineTuned] | None
    """makes the student fit for 8 bit; None: cannot"""
    only: str | None
    """the only recipe to try"""
    note: Callable[[str], None]
    likely_float: int = 0
    """convolutions that the ONNX file of this student leaves in float, where it is known"""

    def converted(self, model: onnx.ModelProto) -> tuple[bytes, Cost]:
        """The FP32 file of an ONNX model."""
        metadata = json.dumps(dict(self.metadata)).encode()
        return self.workshop.run("tflite-fp32", {"model.onnx": model.SerializeToString(), "metadata.json": metadata})

    def candidate(
        self, fp32: bytes, recipe: TfliteRecipe, *, stage: str, ranges: dict[str, Range] | None
    ) -> tuple[Candidate, Cost]:
        """An FP32 file quantised by a recipe, and judged."""
        data, cost = self.workshop.run(
            "tflite-int8",
            {
                "model.tflite": fp32,
                "photos.npy": _saved(self.photos),
                "request.json": json.dumps({"recipe": recipe.name, "ranges": ranges}).encode(),
            },
        )
        verdict = self.judge(data)
        self.note(f"{recipe.name}: {verdict.agreement:.1%} the same tier")
        tried = Tried(recipe=recipe, stage=stage, bytes=len(data), verdict=verdict)
        return Candidate(data=data, tried=tried, baseline=fp32), cost


def search_tflite(model: onnx.ModelProto, bench: TfliteBench) -> Found:
    """Try the recipes on an FP32 model, the likely ones first, then the fine-tuned student.

    Of none that passes, the best is given.
    Raises ExportError where `bench.only` names no recipe.
    """
    fp32, cost = bench.converted(model)
    made: list[Candidate] = []
    for trial in _trials(bench, fp32):
        candidate, spent = trial()
        cost += spent
        made.append(candidate)
        if candidate.tried.verdict.passes:
            break
    chosen = max(made, key=lambda one: (one.tried.verdict.passes, one.tried.verdict.agreement))
    return Found(chosen=chosen, tried=tuple(_remarked(one.tried) for one in made), cost=cost)


def _remarked(tried: Tried) -> Tried:
    return replace(tried, remark="" if tried.verdict.passes else "does not pass")


def _trials(bench: TfliteBench, fp32: bytes) -> Iterator[Callable[[], tuple[Candidate, Cost]]]:
    wanted = _likely_first(_wanted(bench.only), bench.likely_float)

    def static(recipe: TfliteRecipe) -> Callable[[], tuple[Candidate, Cost]]:
        return lambda: bench.candidate(fp32, recipe, stage="static", ranges=None)

    yield from (static(recipe) for recipe in wanted)
    if (fine_tune := bench.fine_tune) is not None and bench.only is None:
        bench.note("none passes yet; next: a fine-tune with simulated INT8, ten minutes and more")
        yield lambda: _fine_tuned(bench, fine_tune())


def _likely_first(recipes: Sequence[TfliteRecipe], likely_float: int) -> list[TfliteRecipe]:
    """What leaves less in float than is likely to be needed comes last; what is all integer, before what is not."""
    return sorted(recipes, key=lambda recipe: (recipe.float_convolutions < likely_float, not recipe.full_integer))


def _fine_tuned(bench: TfliteBench, tuned: FineTuned) -> tuple[Candidate, Cost]:
    fp32, cost = bench.converted(tuned.model)
    recipe = TfliteRecipe(name=FINE_TUNED)
    candidate, spent = bench.candidate(fp32, recipe, stage=FINE_TUNED, ranges=dict(tuned.ranges))
    return candidate, cost + spent


def _wanted(only: str | None) -> Sequence[TfliteRecipe]:
    if only is None:
        return TFLITE_RECIPES
    named = [recipe for recipe in TFLITE_RECIPES if recipe.name == only]
    if not named:
        known = ", ".join(recipe.name for recipe in TFLITE_RECIPES)
        raise ExportError(f"tflite int8: no recipe {only!r}; there are {known}")
    return named


def _saved(photos: Sequence[np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.save(file, np.stack(photos), allow_pickle=False)
    return file.getvalue()
