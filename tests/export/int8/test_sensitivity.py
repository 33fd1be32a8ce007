"""Signal to noise per tensor: right in decibels, and the same names for every way to write a model."""

import numpy as np
import pytest
from toy_onnx import toy_model, toy_photos

from export.int8.preparation import Preparation
from export.int8.qdq import quantise
from export.int8.recipes import BASE, Recipe
from export.int8.sensitivity import onnx_tensors
from export.int8.weak_blocks import weakest_block
from export.onnx_file.trunk import blocks, layers, spelled_out
from export.verify.damage import MOST_DB, damage, snr_db

PHOTOS = toy_photos(4)


def test_decibels() -> None:
    signal = np.array([3.0, -4.0, 0.0])
    assert snr_db(signal, signal * 1.1) == pytest.approx(20)
    assert snr_db(signal, np.zeros(3)) == pytest.approx(0)
    assert snr_db(signal, signal) == MOST_DB
    assert snr_db(np.zeros(3), np.zeros(3)) == MOST_DB
    assert snr_db(np.zeros(3), np.ones(3)) == -MOST_DB
    assert snr_db(signal, np.array([3.0, np.nan, 0.0])) == -MOST_DB


def test_the_most_damaged_tensor_comes_first() -> None:
    sound = {"a": np.ones(4), "b": np.ones(4), "only here": np.ones(4)}
    found = damage(sound, {"b": np.full(4, 2.0), "a": np.full(4, 1.1), "only there": np.ones(4)})
    assert [entry.name for entry in found] == ["b", "a"]
    assert [entry.snr_db for entry in found] == pytest.approx([0, 20])


def test_what_cannot_be_compared_is_said() -> None:
    with pytest.raises(ValueError, match="no tensor in common"):
        damage({"a": np.ones(3)}, {"b": np.ones(3)})
    with pytest.raises(ValueError, match=r"a: shapes \(3,\) and \(4,\)"):
        damage({"a": np.ones(3)}, {"a": np.ones(4)})


@pytest.mark.parametrize("activation", ["clip", "hard_swish", "silu"])
@pytest.mark.parametrize("recipe", [BASE, Recipe(name="q", format="qoperator"), Recipe(name="f", float_blocks=1)])
def test_every_tensor_of_the_trunk_is_found_in_float_and_in_8_bit(activation: str, recipe: Recipe) -> None:
    model = toy_model(activation)
    quantised = quantise(*Preparation(model, PHOTOS).of(recipe), recipe=recipe)
    floats, bytes_ = (onnx_tensors(m.SerializeToString(), PHOTOS[0]) for m in (model, quantised))
    for layer in layers(spelled_out(model)):
        assert layer.output in floats
        assert snr_db(floats[layer.output], bytes_[layer.output]) > 10, layer.output
    assert {"malignancy", "conditions", "novelty"} <= floats.keys() & bytes_.keys()
    assert [name for name in floats if name in bytes_] == [name for name in bytes_ if name in floats]  # both in order
    assert len(damage(floats, bytes_)) > len(layers(model))


def test_values_in_8_bit_lie_on_steps() -> None:
    model = toy_model("clip")
    name = layers(model)[0].output
    quantised = quantise(*Preparation(model, PHOTOS).of(BASE), recipe=BASE)
    values = onnx_tensors(quantised.SerializeToString(), PHOTOS[0])[name]
    assert len(np.unique(values)) <= 256
    assert len(np.unique(onnx_tensors(model.SerializeToString(), PHOTOS[0])[name])) > 256


def test_a_block_ends_where_nothing_bends_and_the_cleanest_result_decides() -> None:
    trunk = layers(toy_model("relu"))
    numbers = [[layer.index for layer in block] for block in blocks(trunk)]
    assert numbers == [[0, 1, 2], [3, 4, 7], [8], [9]]
    asked: list[tuple[int, ...]] = []

    def clean(convolutions: tuple[int, ...]) -> float:
        asked.append(convolutions)
        return 30.0 if 7 in convolutions else 20.0

    assert weakest_block(trunk, already=(), clean=clean) == (3, 4, 7)
    assert asked == [(0, 1, 2), (3, 4, 7), (8,), (9,)]
    assert weakest_block(trunk, already=(3, 4, 7), clean=lambda kept: 20.0 + len(kept)) == (0, 1, 2)
    assert weakest_block(trunk, already=tuple(range(10)), clean=clean) == ()
    assert weakest_block(trunk, already=(), clean=lambda kept: None if 7 in kept else -1.0) == (0, 1, 2)
    assert weakest_block(trunk, already=(), clean=lambda kept: None) == ()
