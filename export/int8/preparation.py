"""What a recipe is made from: the FP32 model as the recipe wants it changed, and the ranges that go with it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import onnx

from export.int8.activation_ranges import Histogram, Range, best_ranges, collect
from export.int8.equalize import correct_biases, equalise
from export.int8.learned_rounding import learn_rounding
from export.int8.qdq import quantise
from export.int8.recipes import Recipe
from export.onnx_file.trunk import spelled_out

CORRECTION_PHOTOS = 32
"""Photos that biases and rounding are fitted on: their feature maps are held all at once, 0.2 GB for the largest."""


class Preparation:
    """One FP32 model and its calibration photos. What recipes share is made once."""

    def __init__(self, model: onnx.ModelProto, photos: Sequence[np.ndarray]) -> None:
        self._model, self._photos = model, photos
        self._equalised: dict[bool, tuple[onnx.ModelProto, Mapping[str, Histogram]]] = {}
        self._ranges: dict[tuple[bool, str], dict[str, Range]] = {}

    def of(self, recipe: Recipe) -> tuple[onnx.ModelProto, dict[str, Range]]:
        """Equalised, then rounded, then with corrected biases, as far as the recipe asks for it."""
        model, histograms = self._start(recipe.equalise)
        key = recipe.equalise, recipe.ranges
        if key not in self._ranges:  # a second and more, and most recipes of a search share them
            self._ranges[key] = best_ranges(histograms, method=recipe.ranges)
        ranges = dict(self._ranges[key])
        plain = replace(recipe, equalise=False, bias_correction=False, rounding="nearest")
        some = self._photos[:: max(len(self._photos) // CORRECTION_PHOTOS, 1)][:CORRECTION_PHOTOS]
        if recipe.rounding == "learned":
            model = learn_rounding(model, quantise(model, ranges, recipe=plain), some)
        if recipe.bias_correction:
            model = correct_biases(model, quantise(model, ranges, recipe=plain), some)
        return model, ranges

    def _start(self, wants_equal: bool) -> tuple[onnx.ModelProto, Mapping[str, Histogram]]:
        if wants_equal not in self._equalised:
            model = equalise(self._model, self._photos) if wants_equal else self._model
            self._equalised[wants_equal] = model, collect(spelled_out(model), self._photos)
        return self._equalised[wants_equal]
