"""Equalised channels compute the same; corrected biases and learned rounding come nearer to float."""

from functools import cache

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import numpy_helper
from torch import Tensor
from toy_onnx import toy_model, toy_photos

from export.int8.activation_ranges import channel_peaks
from export.int8.equalize import MARGIN, correct_biases, equalise, pairs
from export.int8.learned_rounding import learn_rounding
from export.int8.preparation import Preparation
from export.int8.qdq import quantise
from export.int8.recipes import BASE, Recipe, bias_corrected, equalised, learned_rounding
from export.int8.replay import Visit, replay
from export.int8.sensitivity import onnx_tensors
from export.onnx_file.trunk import activation_keys, layers, spelled_out
from export.verify.damage import snr_db

PHOTOS = toy_photos(8)
FRESH = toy_photos(16, seed=7)


def run(model: onnx.ModelProto, photos: list[np.ndarray], name: str = "conditions") -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return np.concatenate([np.asarray(session.run([name], {"image": photo[None]})[0]) for photo in photos])


@cache
def preparation(activation: str) -> Preparation:
    return Preparation(toy_model(activation), PHOTOS)


def int8(activation: str, recipe: Recipe) -> onnx.ModelProto:
    return quantise(*preparation(activation).of(recipe), recipe=recipe)


def features_snr(activation: str, recipe: Recipe) -> float:
    """Of the pooled features over photos that calibration has not seen, in decibels."""
    model = toy_model(activation)
    last = next(name for name, key in activation_keys(model).items() if key == "pool1")
    sides = (model.SerializeToString(), int8(activation, recipe).SerializeToString())
    wanted, found = (np.stack([onnx_tensors(data, photo)[last] for photo in FRESH]) for data in sides)
    return snr_db(wanted, found)


# Equalisation


def test_pairs_have_nothing_between_them_that_bends() -> None:
    numbers = {kind: [(a.index, b.index) for a, b in pairs(toy_model(kind))] for kind in ("relu", "clip", "hard_swish")}
    assert numbers["relu"] == numbers["clip"] == [(0, 1), (1, 2), (3, 4), (5, 6), (8, 9)]
    # Not (2, 3), whose tensor is added later on, nor (4, 7), whose tensor is pooled too.
    assert numbers["hard_swish"] == [(5, 6), (8, 9)]  # the branch has ReLU


@pytest.mark.parametrize("activation", ["relu", "clip", "hard_swish"])
def test_equalising_does_not_change_what_is_computed(activation: str) -> None:
    model = toy_model(activation)
    equal = equalise(model, PHOTOS)
    assert np.abs(run(model, PHOTOS) - run(equal, PHOTOS)).max() < 1e-5
    assert np.abs(run(model, FRESH) - run(equal, FRESH)).max() < 1e-3
    before, after = ({t.name: t.SerializeToString() for t in m.graph.initializer} for m in (model, equal))
    assert before != after


def test_channels_in_front_of_a_depthwise_convolution_share_the_range() -> None:
    model = toy_model("relu")
    equal = equalise(model, PHOTOS)
    trunk = layers(model)
    assert trunk[4].depthwise
    name = trunk[3].output
    before, after = (channel_peaks(m, [name], PHOTOS)[name] for m in (model, equal))
    heard = before > 1e-3
    assert after[heard].max() == pytest.approx(before.max(), rel=1e-3)
    assert before[heard].min() / before.max() < 0.2
    assert after[heard].min() / after.max() == pytest.approx(1, abs=1e-3)


def test_a_clip_is_never_moved_into_what_channels_reach() -> None:
    model = toy_model("clip")
    equal = equalise(model, PHOTOS)
    for first, _ in pairs(model):
        if first.kind != "clip":
            continue
        before, after = (channel_peaks(m, [first.output], PHOTOS)[first.output] for m in (model, equal))
        reaching = before * MARGIN >= 6
        assert np.allclose(after[reaching], before[reaching], rtol=1e-4)
        assert (after[~reaching] * MARGIN <= 6 + 1e-4).all()


def test_a_silent_channel_is_left_alone() -> None:
    model = toy_model("relu")
    first, second = pairs(model)[0]
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    for name, value in ((first.conv.input[1], 0.0), (first.conv.input[2], -1.0)):
        array = numpy_helper.to_array(constants[name]).copy()
        array[0] = value
        constants[name].CopyFrom(numpy_helper.from_array(array, name))
    equal = {t.name: numpy_helper.to_array(t) for t in equalise(model, PHOTOS).graph.initializer}
    assert (equal[first.conv.input[1]][0] == 0).all()
    assert np.isfinite(equal[second.conv.input[1]]).all()


# What the corrections are worth


@pytest.mark.parametrize("activation", ["relu", "clip"])
def test_each_correction_brings_the_features_nearer_to_float(activation: str) -> None:
    plain = features_snr(activation, BASE)
    assert features_snr(activation, equalised(BASE)) > plain + 0.2
    assert features_snr(activation, learned_rounding(BASE)) > plain + 1
    assert features_snr(activation, bias_corrected(BASE)) > plain + 3
    assert features_snr(activation, bias_corrected(equalised(BASE))) > plain + 2


@pytest.mark.parametrize("activation", ["relu", "hard_swish", "silu"])
def test_corrected_biases_give_each_convolution_its_mean(activation: str) -> None:
    model = toy_model(activation)
    for recipe, bound in ((bias_corrected(BASE), 5e-3), (BASE, None)):
        offsets = mean_offsets(model, int8(activation, recipe))
        assert offsets.max() < bound if bound else offsets.max() > 1e-2


def mean_offsets(model: onnx.ModelProto, quantised: onnx.ModelProto) -> np.ndarray:
    """How far each convolution's mean output, per channel, is from float: what the exposed 8-bit model computes."""
    found = []
    data = [m.SerializeToString() for m in (model, quantised)]
    sides = [[onnx_tensors(one, photo) for photo in PHOTOS] for one in data]
    for layer in layers(spelled_out(model)):
        if layer.kind in ("", "hard_swish", "silu"):  # elsewhere the 8-bit model has it behind the clip only
            means = [np.mean([one[layer.before] for one in side], axis=(0, 1, 3, 4)) for side in sides]
            spread = np.std([one[layer.before] for one in sides[0]])
            found.append(np.abs(means[0] - means[1]).max() / spread)
    return np.array(found)


def test_learned_weights_are_on_the_grid_that_quantising_uses() -> None:
    model = toy_model("relu")
    ranges = preparation("relu").of(BASE)[1]
    plain = quantise(model, ranges, recipe=BASE)
    learned = quantise(learn_rounding(model, plain, PHOTOS, steps=60), ranges, recipe=BASE)
    before, after = (weights(m) for m in (plain, learned))
    assert before.keys() == after.keys()
    moved = np.concatenate(
        [np.abs(before[name] - after[name]).ravel() for name in before if before[name].dtype == np.int16]
    )
    assert moved.max() == 1  # up or down, never further
    assert 0.01 < np.mean(moved == 1) < 0.5
    scales = [{name: value for name, value in side.items() if value.dtype == np.float32} for side in (before, after)]
    assert all(np.allclose(scales[0][name], scales[1][name], rtol=1e-6) for name in scales[0])


def test_learning_twice_gives_the_same() -> None:
    model = toy_model("relu")
    plain = quantise(*preparation("relu").of(BASE), recipe=BASE)
    once, again = (learn_rounding(model, plain, PHOTOS, steps=10).SerializeToString() for _ in range(2))
    assert once == again


def weights(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    """Steps (int16, so that they can be subtracted) and scales of the convolutions."""
    named = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    steps = {
        name: value.astype(np.int16) for name, value in named.items() if value.dtype == np.int8 and value.ndim == 4
    }
    return steps | {name: value for name, value in named.items() if name.endswith("_scale") and value.ndim == 1}


# The replay that both stand on


@pytest.mark.parametrize("activation", ["relu", "clip", "hard_swish", "silu"])
def test_the_replay_computes_what_both_models_compute(activation: str) -> None:
    model = toy_model(activation)
    quantised = int8(activation, BASE)
    inputs: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def look(visit: Visit) -> tuple[Tensor, Tensor]:
        inputs[visit.layer.conv.input[0]] = visit.float_input.numpy(), visit.input.numpy()
        return visit.weight, visit.bias

    replay(model, quantised, PHOTOS[:3], look)
    assert len(inputs) >= 9
    sides = [[onnx_tensors(m.SerializeToString(), photo) for photo in PHOTOS[:3]] for m in (model, quantised)]
    for name, pair in inputs.items():
        for place, side in enumerate(sides):
            if name in side[0]:
                wanted = np.concatenate([one[name] for one in side])
                assert snr_db(wanted, pair[place]) > (60, 32)[place], name  # in 8 bit a value may round the other way
                assert place == 0 or snr_db(wanted, pair[1]) > snr_db(wanted, pair[0]) + 3, name


def test_an_operation_that_no_student_has_is_named() -> None:
    model = toy_model("relu")
    quantised = int8("relu", BASE)
    node = next(node for node in model.graph.node if node.op_type == "Add" and node.name != model.graph.node[3].name)
    node.op_type = "Sub"
    with pytest.raises(ValueError, match="Sub"):
        correct_biases(model, quantised, PHOTOS[:1])
