"""ONNX INT8: the search for a recipe that passes the gate, the cheapest kind of recipe first.

    static       all in 8 bit, biases corrected, one or two blocks in float           seconds each
    deeper       carefully clipped, ever more of the first blocks in float, up to half of all convolutions
    lean         more than that computes in float, with 8-bit weights in the file: in the end all of it
    equalised    channels equalised, biases corrected, rounding learned               a minute
    others       other types, ranges and forms
    sensitivity  the most damaged blocks of the best all-8-bit candidate in float     minutes
    fine-tuned   weights and ranges from a fine-tune with simulated INT8              tens of minutes

What may take minutes comes after what a first export can wait for: a lean file that passes ends the search, and
`only` names what else somebody wants to wait for.

The search ends after the first stage with a candidate that passes (`first_passing`: with that candidate); of the first
two stages with one that is also faster than FP32, for 8-bit arithmetic that saves no time only costs agreement. Of
several, the fastest is taken. A latency is noisy, so what is within `SAME_SPEED` of the fastest counts as equally fast,
and the higher tier agreement decides, then the order of the list: another machine may choose another recipe. Naming one
(`only`) gives the same bytes again.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import onnx

from export.int8.activation_ranges import Range
from export.int8.preparation import Preparation
from export.int8.qdq import float_layers, quantise
from export.int8.recipes import (
    BASE,
    CAREFUL,
    FINE_TUNED,
    FIRST,
    OTHERS,
    Recipe,
    also_float,
    bias_corrected,
    equalised,
    first_float,
    float_blocks,
    lean,
    learned_rounding,
    recipe_named,
)
from export.int8.sensitivity import onnx_tensors
from export.int8.weak_blocks import Clean, weakest_block
from export.onnx_file.trunk import activation_keys, blocks, layers
from export.verify.candidates import Opinion, Tried
from export.verify.damage import TensorDamage, damage, stacked
from export.verify.latency import Clock, against_fp32
from runtime.errors import SkintagError

MAX_BYTES = 5_000_000
"""What one INT8 file may weigh."""

MAX_FLOAT_SHARE = 0.5
"""Share of the convolutions that a recipe may leave in float: beyond it a file computes little in 8 bit, and only the
stage `lean` goes there."""

SAME_SPEED = 1.10
"""Latencies within this factor of the fastest count as the same."""

SENSITIVITY_ROUNDS = 4
"""How many blocks, one after the other, may go to float."""

SENSITIVITY_PHOTOS = 4

DEEPER_FROM = 3
"""Blocks in float that the recipes of `FIRST` do not reach."""

DEEPER_STEP = 2
"""How many blocks more each of them has: a candidate takes seconds, and one block changes little."""

LEAN_SHARES = (2 / 3, 1.0)
"""Shares of the blocks that a lean file computes in float: what is left, then nothing."""

DEEPER_ENOUGH = 2
"""Passing candidates after which no more blocks go to float: one to take, one to hold it against."""

MOST_FIRST_FLOAT = 4
"""How many of the first convolutions a fine-tuned or equalised candidate may leave in float."""


class QuantiseError(SkintagError):
    """A search that cannot start; the message says why."""


@dataclass(frozen=True, kw_only=True)
class FineTuned:
    """What a quantisation-aware fine-tune gave."""

    model: onnx.ModelProto
    """FP32, with the weights it learnt"""
    ranges: Mapping[str, Range]
    """by the keys of `export.onnx_file.trunk.activation_keys`"""


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """The chosen model and all candidates that were measured for it."""

    model: onnx.ModelProto
    recipe: Recipe
    tried: tuple[Tried, ...]
    sensitivity: tuple[TensorDamage, ...]
    """of the best static candidate that is all in 8 bit, the most damaged tensor first"""
    passed: bool
    float_convolutions: int
    """how many of the model's convolutions the chosen recipe leaves in float; 0 for one that was fine-tuned"""


@dataclass(frozen=True, kw_only=True)
class _Candidate:
    recipe: Recipe
    model: onnx.ModelProto
    data: bytes
    tried: Tried


def search(
    model: onnx.ModelProto,
    photos: Sequence[np.ndarray],
    *,
    judge: Opinion,
    clock: Clock = against_fp32,
    recipes: Sequence[Recipe] = FIRST,
    others: Sequence[Recipe] = OTHERS,
    only: str | None = None,
    first_passing: bool = False,
    fine_tune: Callable[[], FineTuned] | None = None,
    max_bytes: int = MAX_BYTES,
    note: Callable[[str], None] = lambda _: None,
) -> Quantised:
    """The best recipe of the first stage that has one that passes, or else the candidate that comes nearest.

    photos: uint8 [S, S, 3] each, of the calibration part. `only`: the name of the one recipe to try. `first_passing`:
    the first candidate that passes is taken, whether or not another is faster. Raises QuantiseError when no recipe has
    that name, or none of `recipes` leaves most of the model in 8 bit.
    """
    bench = _Bench(model, photos, judge=judge, clock=clock, max_bytes=max_bytes, note=note)
    if only is not None:
        bench.run(_one(only, bench, (*recipes, *others), fine_tune))
        return bench.result()
    for stage in _stages(bench, recipes, others, fine_tune):
        if stage.said:
            note(f"{'passes, but no faster than float' if bench.passing() else 'none passes yet'}; next: {stage.said}")
        bench.run(stage.trials, first_passing=first_passing)
        if bench.passing() and (first_passing or stage.settles or bench.gains()):
            break
    return bench.result()


Trials = Iterator[tuple[str, Recipe, FineTuned | None]]
"""Stage, recipe, and what it is made from where that is not the model itself."""


class _Stage(NamedTuple):
    """Candidates that are tried together."""

    said: str
    """before it, with the time it takes on two cores; nothing before the first"""
    trials: Trials
    settles: bool = True
    """whether a candidate that passes ends the search though it is no faster than float: 8-bit arithmetic that saves no
    time only costs agreement, and the file is as small with 8-bit weights alone"""


def _stages(
    bench: "_Bench",
    recipes: Sequence[Recipe],
    others: Sequence[Recipe],
    fine_tune: Callable[[], FineTuned] | None,
) -> Iterator[_Stage]:
    yield _Stage("", _static(bench, recipes), settles=False)
    yield _Stage("more of the first blocks in float, some seconds each", _deeper(bench), settles=False)
    yield _Stage("8-bit weights, most of the arithmetic in float, some seconds each", _lean(bench))
    yield _Stage("equalised channels and learned rounding, about two minutes", _equalised(bench))
    if others:
        yield _Stage("other types, ranges and forms, about two minutes", _others(bench, others))
    yield _Stage("the weakest blocks in float, several minutes", _sensitive(bench))
    if fine_tune is not None:
        yield _Stage("a fine-tune with simulated INT8, ten minutes and more", _fine_tuned(bench, fine_tune))


def _static(bench: "_Bench", recipes: Sequence[Recipe]) -> Trials:
    fitting = [recipe for recipe in recipes if bench.mostly_8_bit(recipe)]
    if not fitting:
        names = ", ".join(recipe.name for recipe in recipes)
        raise QuantiseError(f"onnx int8: none of the recipes {names} leaves most of this model in 8 bit")
    for recipe in fitting:
        yield "static", recipe, None


def _deeper(bench: "_Bench") -> Trials:
    """Early blocks weigh little and pass their rounding on to all that follow: ever more of them go to float."""
    for count in range(DEEPER_FROM, len(blocks(bench.trunk)), DEEPER_STEP):
        recipe = float_blocks(CAREFUL, count)
        if len(bench.passing()) >= DEEPER_ENOUGH or not bench.mostly_8_bit(recipe):
            return
        yield "deeper", recipe, None


def _lean(bench: "_Bench") -> Trials:
    """Float arithmetic at the size of 8 bit, for a student whose activations do not bear rounding."""
    for share in LEAN_SHARES:
        yield "lean", lean(float_blocks(CAREFUL, math.ceil(share * len(blocks(bench.trunk))))), None


def _others(bench: "_Bench", recipes: Sequence[Recipe]) -> Trials:
    for recipe in recipes:
        if bench.mostly_8_bit(recipe):
            yield "others", recipe, None


def _sensitive(bench: "_Bench") -> Trials:
    """The weakest block goes to float, then the weakest of what is left, each found on the candidate before."""
    start = candidate = bench.all_8_bit()
    for _ in range(SENSITIVITY_ROUNDS):
        if candidate is None or start is None:
            return
        block = weakest_block(bench.trunk, already=candidate.recipe.float_also, clean=bench.clean(start.recipe))
        recipe = also_float(start.recipe, (*candidate.recipe.float_also, *block))
        if not block or not bench.mostly_8_bit(recipe):
            return
        yield "sensitivity", recipe, None
        candidate = bench.named(recipe.name)


def _equalised(bench: "_Bench") -> Trials:
    """Each correction alone, then together, then with a few of the first convolutions in float."""
    best = bench.all_8_bit(prepared=False)
    start = best.recipe if best else BASE
    both = bias_corrected(equalised(start))
    rounded = learned_rounding(both)
    for recipe in (equalised(start), bias_corrected(start), *_with_float(both), rounded, float_blocks(rounded, 1)):
        if bench.mostly_8_bit(recipe):
            yield "equalised", recipe, None


def _fine_tuned(bench: "_Bench", fine_tune: Callable[[], FineTuned]) -> Trials:
    tuned = fine_tune()
    for recipe in _with_float(FINE_TUNED):
        if bench.mostly_8_bit(recipe):
            yield "fine-tuned", recipe, tuned


def _with_float(recipe: Recipe) -> list[Recipe]:
    """The recipe, then with its first convolutions and its first block in float."""
    return [*(first_float(recipe, count) for count in range(MOST_FIRST_FLOAT + 1)), float_blocks(recipe, 1)]


def _one(name: str, bench: "_Bench", recipes: Sequence[Recipe], fine_tune: Callable[[], FineTuned] | None) -> Trials:
    recipe = recipe_named(name, recipes)
    if recipe is None:
        known = ", ".join(recipe.name for recipe in (*recipes, FINE_TUNED))
        raise QuantiseError(f"onnx int8: no recipe {name!r}; there are {known}")
    if recipe.lean_after is None and not bench.mostly_8_bit(recipe):
        raise QuantiseError(f"onnx int8: the recipe {name!r} leaves less than half of this model in 8 bit")
    tuned = None
    if recipe.ranges == "learnt":
        if fine_tune is None:
            raise QuantiseError(f"onnx int8: the recipe {name!r} needs a fine-tune, which this export does not make")
        tuned = fine_tune()
    yield "static" if recipe in recipes else _stage_of(recipe), recipe, tuned


def _stage_of(recipe: Recipe) -> str:
    if recipe.ranges == "learnt":
        return "fine-tuned"
    if recipe.lean_after is not None:
        return "lean"
    return "sensitivity" if recipe.float_also else "equalised"


class _Bench:
    """Makes candidates, measures each once, and remembers them."""

    def __init__(
        self,
        model: onnx.ModelProto,
        photos: Sequence[np.ndarray],
        *,
        judge: Opinion,
        clock: Clock,
        max_bytes: int,
        note: Callable[[str], None],
    ) -> None:
        self.model, self.photos = model, photos
        self._judge, self._clock, self._max_bytes, self._note = judge, clock, max_bytes, note
        self._fp32 = model.SerializeToString()
        self.trunk = layers(model)
        self._preparation = Preparation(model, photos)
        self._candidates: dict[bytes, _Candidate] = {}
        self._baseline: dict[str, np.ndarray] = {}

    def run(self, trials: Trials, *, first_passing: bool = False) -> None:
        """Measure every candidate of a stage; what comes to the same as an earlier one is not measured again.

        `first_passing`: the stage ends with a candidate that passes.
        """
        for stage, recipe, tuned in trials:
            made = self._make(recipe, tuned)
            data = made.SerializeToString()
            if data in self._candidates:
                continue
            verdict, latency = self._judge(data), self._clock(self._fp32, data)
            self._note(f"{recipe.name}: {verdict.agreement:.1%} the same tier, {latency.ratio:.2f} of FP32's latency")
            tried = Tried(recipe=recipe, stage=stage, bytes=len(data), verdict=verdict, latency=latency)
            self._candidates[data] = _Candidate(recipe=recipe, model=made, data=data, tried=tried)
            if first_passing and self.passing():
                return

    def mostly_8_bit(self, recipe: Recipe) -> bool:
        """Whether the recipe computes at least half of the convolutions in 8 bit, those in branches aside."""
        main = {layer.index for layer in self.trunk if not layer.squeeze}
        return len(main & float_layers(self.trunk, recipe)) <= MAX_FLOAT_SHARE * len(main)

    def passing(self) -> list[_Candidate]:
        """The candidates that could be shipped."""
        return [one for one in self._candidates.values() if one.tried.verdict.passes and self._fits(one)]

    def gains(self) -> bool:
        """Whether one that could be shipped is faster than FP32."""
        return any(_ratio(one) < 1 for one in self.passing())

    def all_8_bit(self, *, prepared: bool = True) -> _Candidate | None:
        """The static candidate without float convolutions that agrees best. `prepared`: a changed model counts too."""
        whole = [
            one
            for one in self._candidates.values()
            if one.tried.stage == "static"
            and not float_layers(self.trunk, one.recipe)
            and (prepared or not one.recipe.prepares)
            and self._fits(one)
        ]
        return max(whole, key=lambda one: one.tried.verdict.agreement, default=None)

    def named(self, name: str) -> _Candidate | None:
        """The candidate of a recipe, where it was not the same as another's."""
        return next((one for one in self._candidates.values() if one.recipe.name == name), None)

    def damage(self, candidate: _Candidate) -> list[TensorDamage]:
        """What quantising did to each tensor, over a few photos."""
        return self._damage(candidate.data)

    def _damage(self, data: bytes) -> list[TensorDamage]:
        some = self.photos[:: max(len(self.photos) // SENSITIVITY_PHOTOS, 1)][:SENSITIVITY_PHOTOS]
        if not self._baseline:
            self._baseline = stacked([onnx_tensors(self._fp32, photo) for photo in some])
        return damage(self._baseline, stacked([onnx_tensors(data, photo) for photo in some]))

    def clean(self, recipe: Recipe) -> Clean:
        """Tells how clean the last feature map is with some convolutions in float. Biases are left as they are.

        What would be too large counts as impossible: the last blocks of MobileNetV3 in float take 4 MB more.
        """
        plain = replace(recipe, bias_correction=False)
        last = self.trunk[-1].output
        model, ranges = self._preparation.of(plain)

        def measured(convolutions: tuple[int, ...]) -> float | None:
            data = quantise(model, ranges, recipe=also_float(plain, convolutions)).SerializeToString()
            if len(data) > self._max_bytes:
                return None
            return next(entry.snr_db for entry in self._damage(data) if entry.name == last)

        return measured

    def result(self) -> Quantised:
        """The winner, with a remark on every other candidate."""
        chosen = self._winner()
        whole = self.all_8_bit()
        return Quantised(
            model=chosen.model,
            recipe=chosen.recipe,
            tried=tuple(replace(one.tried, remark=self._remark(one, chosen)) for one in self._candidates.values()),
            sensitivity=tuple(self.damage(whole or chosen)),
            passed=chosen in self.passing(),
            float_convolutions=len(
                {layer.index for layer in self.trunk if not layer.squeeze and not layer.pooled}
                & float_layers(self.trunk, chosen.recipe)
            ),
        )

    def _make(self, recipe: Recipe, tuned: FineTuned | None) -> onnx.ModelProto:
        if tuned is None:
            return quantise(*self._preparation.of(recipe), recipe=recipe)
        return quantise(tuned.model, by_tensor(tuned.model, tuned.ranges), recipe=recipe)

    def _winner(self) -> _Candidate:
        passing = self.passing()
        if not passing:
            return max(self._candidates.values(), key=lambda one: (self._fits(one), one.tried.verdict.agreement))
        near = SAME_SPEED * min(_ratio(one) for one in passing)
        return max((one for one in passing if _ratio(one) <= near), key=lambda one: one.tried.verdict.agreement)

    def _remark(self, one: _Candidate, chosen: _Candidate) -> str:
        if one is chosen:
            return "" if one in self.passing() else "nearest, does not pass"
        if not self._fits(one):
            return f"over {self._max_bytes:,} bytes"
        if not one.tried.verdict.passes:
            return "does not pass"
        faster = _ratio(one) <= SAME_SPEED * _ratio(chosen)
        return "agrees less" if faster else "slower"

    def _fits(self, one: _Candidate) -> bool:
        return len(one.data) <= self._max_bytes


def by_tensor(model: onnx.ModelProto, ranges: Mapping[str, Range]) -> dict[str, Range]:
    """Ranges by key as ranges by tensor name. Raises QuantiseError where one is missing."""
    keys = activation_keys(model)
    last = max((key for key in keys.values() if key.startswith("pool")), key=lambda key: int(key[4:]), default="")
    missing = [key for key in keys.values() if key not in ranges and key != last]
    if missing:
        raise QuantiseError(f"the fine-tune learnt no range for {', '.join(missing)}")
    return {name: ranges[key] for name, key in keys.items() if key in ranges}


def _ratio(one: _Candidate) -> float:
    return one.tried.latency.ratio if one.tried.latency is not None else np.inf
