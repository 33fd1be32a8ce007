"""8-bit models: what they compute, what stays in float, how large they become, and which one the search takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from toy_onnx import CONVOLUTIONS, toy_model, toy_photos

from distill.student import Student
from export.int8.activation_ranges import (
    BINS,
    Histogram,
    best_ranges,
    careful_range,
    collect,
    full_range,
    least_error_range,
    percentile_range,
)
from export.int8.preparation import Preparation
from export.int8.qdq import quantise, quantised_nodes
from export.int8.recipes import (
    BASE,
    CAREFUL,
    LEAN_AFTER,
    RECIPES,
    Recipe,
    also_float,
    bias_corrected,
    equalised,
    first_float,
    float_blocks,
    lean,
    recipe_named,
)
from export.int8.search import MAX_BYTES, FineTuned, Quantised, QuantiseError, by_tensor, search
from export.onnx_file.convert import to_onnx
from export.onnx_file.module import EdgeModule, PhotoStudent, Temperatures, feature_statistics
from export.onnx_file.trunk import activation_keys, blocks, layers, spelled_out
from export.verify.candidates import Verdict
from export.verify.latency import Latency
from export.verify.outputs import student_answers
from runtime.engine import session_options
from teacher.data.dataset import Dataset
from teacher.data.splits import Part

ACTIVATIONS = ("relu", "clip", "hard_swish", "silu")
PHOTOS = toy_photos(8)


@cache
def preparation(activation: str) -> Preparation:
    return Preparation(toy_model(activation), PHOTOS)


@cache
def toy(activation: str, recipe: Recipe = BASE) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """FP32 and INT8."""
    return toy_model(activation), quantise(*preparation(activation).of(recipe), recipe=recipe)


def answers(model: onnx.ModelProto, photos: Sequence[np.ndarray], *, optimised: bool = True) -> np.ndarray:
    """Malignancy and conditions, [N, 11]."""
    options = session_options(onnxruntime.SessionOptions(), threads=1)
    if not optimised:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    rows = [session.run(["malignancy", "conditions"], {"image": photo[None]}) for photo in photos]
    return np.array([np.concatenate([np.ravel(np.asarray(one)) for one in row]) for row in rows])


def kinds_as_run(model: onnx.ModelProto, folder: object) -> list[str]:
    """The operators that onnxruntime runs, after its optimisations."""
    options = session_options(onnxruntime.SessionOptions(), threads=1)
    options.optimized_model_filepath = f"{folder}/optimised.onnx"
    onnxruntime.InferenceSession(model.SerializeToString(), options)
    return [node.op_type for node in onnx.load(options.optimized_model_filepath).graph.node]


# What a quantised model is


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe_answers_nearly_as_float(recipe: Recipe, activation: str) -> None:
    model, int8 = toy(activation, recipe)
    wanted, found = answers(model, PHOTOS), answers(int8, PHOTOS)
    blind = np.abs(wanted - wanted.mean(axis=0)).mean()  # how far off is who does not look at the photo
    assert 0 < np.abs(wanted - found).mean() < blind / 3


def test_the_model_it_is_made_from_is_left_as_it_is() -> None:
    model = toy_model("hard_swish")
    before = model.SerializeToString()
    quantise(*Preparation(model, PHOTOS).of(bias_corrected(equalised(BASE))), recipe=BASE)
    assert model.SerializeToString() == before


def test_the_same_input_gives_the_same_bytes() -> None:
    recipe = bias_corrected(equalised(BASE))
    again = quantise(*Preparation(toy_model("clip"), PHOTOS).of(recipe), recipe=recipe)
    assert toy("clip", recipe)[1].SerializeToString() == again.SerializeToString()


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_convolution_and_activation_runs_in_8_bit(activation: str, tmp_path: object) -> None:
    """Nothing is left between the photo and the pooled features that onnxruntime runs in float."""
    kinds = kinds_as_run(toy(activation)[1], tmp_path)
    assert kinds.count("QLinearConv") == CONVOLUTIONS
    assert "Conv" not in kinds
    assert not {"HardSigmoid", "HardSwish", "Relu", "Clip", "Cast", "QuantizeLinear"} & set(kinds)


def test_the_first_convolution_reads_the_bytes_of_the_photo(tmp_path: object) -> None:
    """The border stands for the mean colour: a photo of it must look the same to the whole first layer."""
    exact, rounded = toy("clip")[1], toy("clip", replace(BASE, photo="float"))[1]
    assert "QuantizeLinear" not in kinds_as_run(exact, tmp_path)
    assert "QuantizeLinear" in kinds_as_run(rounded, tmp_path)
    wanted = answers(toy_model("clip"), PHOTOS)
    errors = [np.abs(answers(model, PHOTOS) - wanted).mean() for model in (exact, rounded)]
    assert errors[0] < 1.3 * errors[1]


def test_fused_operators_in_the_file_compute_the_same() -> None:
    pairs, fused = (toy("silu", replace(BASE, format=kind))[1] for kind in ("qdq", "qoperator"))
    assert np.abs(answers(pairs, PHOTOS) - answers(fused, PHOTOS)).max() < 1e-5
    kinds = [node.op_type for node in fused.graph.node]
    assert kinds.count("QLinearConv") == CONVOLUTIONS
    assert "QLinearConv" not in [node.op_type for node in pairs.graph.node]


def test_weights_have_a_scale_per_channel_and_7_bits_where_asked() -> None:
    for recipe, peak in ((BASE, 127), (replace(BASE, reduce_range=True), 63)):
        int8 = toy("relu", recipe)[1]
        steps = [onnx.numpy_helper.to_array(t) for t in int8.graph.initializer if t.name.endswith("_quantized")]
        weights = [array for array in steps if array.dtype == np.int8]
        assert len(weights) == CONVOLUTIONS
        assert all((np.abs(array).reshape(len(array), -1).max(axis=1) == peak).all() for array in weights)


def test_a_silent_channel_with_a_bias_does_not_overflow() -> None:
    model = toy_model("relu")
    first = layers(model)[0].conv
    for tensor in model.graph.initializer:
        if tensor.name == first.input[1]:
            weight = onnx.numpy_helper.to_array(tensor).copy()
            weight[0] = 1e-14
            tensor.CopyFrom(onnx.numpy_helper.from_array(weight, tensor.name))
    int8 = quantise(*Preparation(model, PHOTOS).of(BASE), recipe=BASE)
    assert np.abs(answers(model, PHOTOS) - answers(int8, PHOTOS)).max() < 0.06


def test_a_range_that_is_missing_is_named() -> None:
    model = toy_model("relu")
    ranges = best_ranges(collect(model, PHOTOS), method="minmax")
    name = layers(model)[3].output
    del ranges[name]
    with pytest.raises(ValueError, match=name):
        quantise(model, ranges, recipe=BASE)


def test_no_range_goes_beyond_what_an_activation_gives() -> None:
    """A fine-tune may learn a range of [-1, 9] behind a clip at [0, 6]; bytes clip where the range ends."""
    model = toy_model("clip")
    ranges = best_ranges(collect(model, PHOTOS), method="minmax")
    wide = {name: (low - 1, high + 3) for name, (low, high) in ranges.items()}
    found = np.abs(answers(model, PHOTOS) - answers(quantise(model, wide, recipe=BASE), PHOTOS)).max()
    assert found < 0.1


# What stays in float


def test_the_head_is_never_quantised() -> None:
    model = toy_model("clip")
    chosen = set(quantised_nodes(model, recipe=BASE))
    nodes = list(model.graph.node)
    last = max(index for index, node in enumerate(nodes) if node.op_type == "Conv")
    assert {nodes[last].name, nodes[last + 1].name} <= chosen
    assert not chosen & {node.name for node in nodes[last + 2 :]}


@pytest.mark.parametrize(
    ("recipe", "kept"),
    [
        (first_float(BASE, 4), {0, 1, 2, 3}),
        (replace(BASE, float_blocks=1), {0, 1, 2}),
        (replace(BASE, float_blocks=2), {0, 1, 2, 3, 4, 7}),  # 5 and 6 are squeeze-and-excite
        (replace(BASE, float_last=True), {9}),
        (also_float(BASE, [3, 4]), {3, 4}),
        (replace(BASE, squeeze="weights"), {5, 6}),
    ],
    ids=lambda value: value.name if isinstance(value, Recipe) else "",
)
def test_convolutions_that_stay_in_float(recipe: Recipe, kept: set[int]) -> None:
    model = toy_model("hard_swish")
    chosen = set(quantised_nodes(model, recipe=recipe))
    assert {layer.index for layer in layers(spelled_out(model)) if layer.conv.name not in chosen} == kept


def test_float_branches_keep_8_bit_weights_in_the_file() -> None:
    whole, branches = (toy("relu", recipe)[1] for recipe in (BASE, replace(BASE, squeeze="weights")))
    names = {layer.conv.input[1] for layer in layers(toy_model("relu")) if layer.squeeze}
    assert len(names) == 2
    for model in (whole, branches):
        assert not names & {tensor.name for tensor in model.graph.initializer}


# Names


def test_tensors_are_known_by_what_they_are() -> None:
    curved = "conv0 act0 conv1 act1 conv2 conv3 act3 conv4 act4 pool0 act5 conv6 act6 mul0 conv7 add0 conv8 conv9 act9"
    bounded = "act0 act1 conv2 act3 act4 pool0 act5 conv6 act6 mul0 conv7 add0 conv8 act9"
    for activation in ACTIVATIONS:
        wanted = bounded if activation in ("relu", "clip") else curved
        assert list(activation_keys(toy_model(activation)).values()) == ["input", *wanted.split(), "pool1"]


@pytest.mark.parametrize("recipe", [*RECIPES, also_float(RECIPES[3], [4, 3]), bias_corrected(equalised(BASE))])
def test_a_recipe_is_found_by_its_name(recipe: Recipe) -> None:
    assert recipe_named(recipe.name, RECIPES) == recipe


@pytest.mark.parametrize("name", ["", "nonsense", "u8+nonsense", "u8+float", "u8+first", "u8+floatx"])
def test_other_names_are_no_recipes(name: str) -> None:
    assert recipe_named(name, RECIPES) is None


# Ranges


def test_rare_peaks_are_clipped_and_zero_is_kept() -> None:
    counts = np.zeros(BINS)
    counts[: BINS // 20] = 1e6
    counts[-1] = 1
    peaked = Histogram(low=0.1, high=100.0, counts=counts)
    assert full_range(peaked) == (0.0, 100.0)
    for clipped in (least_error_range, percentile_range):
        low, high = clipped(peaked)
        assert low == 0.0
        assert 4.9 < high < 50.0
    careful = careful_range(replace(peaked, counts=np.where(counts == 1, 300, counts)))
    assert careful[1] > least_error_range(replace(peaked, counts=np.where(counts == 1, 300, counts)))[1]
    even = Histogram(low=-1.0, high=1.0, counts=np.ones(BINS))
    assert least_error_range(even) == pytest.approx((-1.0, 1.0), abs=0.03)
    assert percentile_range(even) == pytest.approx((-1.0, 1.0), abs=0.01)


# The search


def made(name: str, activation: str = "relu") -> bytes:
    recipe = recipe_named(name, RECIPES)
    assert recipe is not None
    return toy(activation, recipe)[1].SerializeToString()


def searched(
    verdicts: Mapping[str, tuple[float, bool]], ratios: Mapping[str, float] = MappingProxyType({}), **options: Any
) -> Quantised:
    """A search on the toy with ReLU. Judge and clock go by tables: recipe -> agreement, passes; recipe -> latency."""
    names = {made(name): name for name in {*verdicts, *ratios}}

    def judge(data: bytes) -> Verdict:
        agreement, passes = verdicts.get(names.get(data, ""), (0.5, False))
        return Verdict(figures={"tier_agreement": agreement}, passes=passes)

    def clock(fp32: bytes, candidate: bytes) -> Latency:
        assert fp32 == toy_model("relu").SerializeToString()
        ratio = ratios.get(names.get(candidate, ""), 0.5)
        return Latency(milliseconds=10 * ratio, ratio=ratio)

    options = {"recipes": RECIPES[:3], "others": (), **options}
    return search(toy_model("relu"), PHOTOS, judge=judge, clock=clock, **options)


def stages(found: Quantised) -> list[str]:
    """The stages that had candidates, in order."""
    return list(dict.fromkeys(tried.stage for tried in found.tried))


def test_of_those_that_pass_the_fastest_is_taken() -> None:
    verdicts = {"u8": (0.98, True), "percentile": (0.99, True), "minmax": (1.0, False)}
    found = searched(verdicts, {"u8": 0.5, "percentile": 0.6, "minmax": 0.1})
    assert (found.recipe.name, found.passed, stages(found)) == ("u8", True, ["static"])
    assert {tried.recipe.name: tried.remark for tried in found.tried} == {
        "u8": "",
        "percentile": "slower",
        "minmax": "does not pass",
    }
    assert found.model.SerializeToString() == made("u8")


def test_where_speeds_are_as_good_as_equal_agreement_decides_then_order() -> None:
    verdicts = {"u8": (0.98, True), "percentile": (0.99, True), "minmax": (0.99, True)}
    found = searched(verdicts, {"u8": 0.50, "percentile": 0.54, "minmax": 0.52})
    assert found.recipe.name == "percentile"
    assert [tried.remark for tried in found.tried if tried.recipe.name == "u8"] == ["agrees less"]


def test_what_is_too_large_is_not_taken() -> None:
    verdicts = {"u8": (0.99, True), "qoperator": (0.98, True)}
    limit = len(made("qoperator"))
    assert limit < len(made("u8"))
    found = searched(verdicts, recipes=[RECIPES[0], *(r for r in RECIPES if r.name == "qoperator")], max_bytes=limit)
    assert found.recipe.name == "qoperator"
    assert found.tried[0].remark == f"over {limit:,} bytes"


def test_a_pinned_recipe_is_the_only_one() -> None:
    found = searched({"u8+equalised+bias": (0.99, True)}, only="u8+equalised+bias")
    assert [(tried.recipe.name, tried.stage) for tried in found.tried] == [("u8+equalised+bias", "equalised")]
    assert found.passed
    assert found.model.SerializeToString() == made("u8+equalised+bias")


def test_stages_follow_until_one_has_a_candidate_that_passes() -> None:
    found = searched({"u8": (0.9, False)})
    assert stages(found) == ["static", "lean", "equalised", "sensitivity"]
    assert not found.passed
    assert (found.recipe.name, found.tried[0].remark) == ("u8", "nearest, does not pass")
    weak = next(tried.recipe for tried in found.tried if tried.stage == "sensitivity")
    again = searched({"u8": (0.9, False), weak.name: (0.97, True)})
    assert stages(again) == ["static", "lean", "equalised", "sensitivity"]
    assert again.recipe == weak
    assert again.passed


def test_more_blocks_go_to_float_until_two_candidates_pass() -> None:
    """A student of many blocks; each recipe's agreement is what the judge is told it is."""
    model = toy_model("relu", residuals=14)
    judged: list[bytes] = []

    def judge(data: bytes) -> Verdict:
        judged.append(data)
        return Verdict(figures={"tier_agreement": len(judged) / 100}, passes=len(judged) > 2)

    found = search(model, PHOTOS, judge=judge, clock=no_clock, recipes=[BASE])
    names = [tried.recipe.name for tried in found.tried]
    assert names == ["u8", "careful+block3", "careful+block5", "careful+block7"]
    assert found.passed
    assert recipe_named(found.recipe.name, RECIPES) == found.recipe


def test_a_student_whose_activations_bear_no_rounding_keeps_8_bit_weights() -> None:
    """Before anything that takes minutes; what is left in 8 bit is weights, and the name tells."""
    lean_all = f"careful+block{len(blocks(layers(toy_model('relu'))))}+lean"
    said: list[str] = []
    found = searched({"u8": (0.9, False), lean_all: (0.99, True)}, note=said.append)
    assert (found.recipe.name, found.passed, stages(found)) == (lean_all, True, ["static", "lean"])
    assert not any("minute" in line for line in said)
    assert recipe_named(lean_all, RECIPES) == found.recipe
    again = searched({lean_all: (0.99, True)}, only=lean_all, recipes=RECIPES)
    assert again.model.SerializeToString() == found.model.SerializeToString()
    assert [tried.stage for tried in again.tried] == ["lean"]


def test_8_bit_that_saves_no_time_is_held_against_8_bit_weights_alone() -> None:
    """Slower than float it only costs agreement; where it saves time, or is asked for first, nothing more is tried."""
    lean_all = f"careful+block{len(blocks(layers(toy_model('relu'))))}+lean"
    verdicts = {"u8": (0.98, True), lean_all: (0.99, True)}
    said: list[str] = []
    slow = searched(verdicts, {"u8": 1.1, lean_all: 1.0}, note=said.append)
    assert (slow.recipe.name, slow.passed) == (lean_all, True)
    assert any(line.startswith("passes, but no faster than float; next:") for line in said)
    fast = searched(verdicts, {"u8": 0.9, lean_all: 0.5})
    assert (fast.recipe.name, stages(fast)) == ("u8", ["static"])
    assert searched(verdicts, {"u8": 1.1}, first_passing=True).recipe.name == "u8"
    assert searched({"u8": (0.98, True)}, {"u8": 1.1}).recipe.name == "u8"


def test_a_lean_model_is_small_and_computes_in_float(tmp_path: object) -> None:
    """All but the first blocks' weights are 8 bit; what it answers is nearer to float than any rounding of maps."""
    source = toy_model("relu", residuals=10)
    count = len(blocks(layers(source)))
    prepared = Preparation(source, PHOTOS)
    whole, small, integer = (
        quantise(*prepared.of(recipe), recipe=recipe)
        for recipe in (float_blocks(CAREFUL, count), lean(float_blocks(CAREFUL, count)), BASE)
    )
    kinds = kinds_as_run(small, tmp_path)
    assert "QLinearConv" not in kinds
    assert kinds.count("Cast") == 1  # the photo's: what the steps stand for is worked out when the file is loaded
    late = [layer for block in blocks(layers(source))[LEAN_AFTER:] for layer in block]
    late += [layer for layer in layers(source) if layer.squeeze]
    kept = [t.name for t in small.graph.initializer if t.data_type == onnx.TensorProto.INT8 and "_quantized" in t.name]
    assert len(kept) == len(late)
    assert small.ByteSize() < whole.ByteSize()
    wanted = answers(source, PHOTOS)
    off = [np.abs(answers(model, PHOTOS) - wanted).mean() for model in (small, integer)]
    assert 0 < off[0] < off[1] / 2


def test_the_first_that_passes_is_enough_where_time_is_short() -> None:
    verdicts = {"u8": (0.98, True), "percentile": (0.99, True)}
    found = searched(verdicts, {"u8": 0.5, "percentile": 0.1}, first_passing=True)
    assert [tried.recipe.name for tried in found.tried] == ["u8"]


def test_what_is_tried_next_is_said_before_it_begins() -> None:
    said: list[str] = []
    searched({"u8": (0.9, False)}, note=said.append)
    told = [line for line in said if line.startswith("none passes yet; next: ")]
    assert [line for line in told if "minutes" in line]
    assert said.index(told[0]) == 3  # after the three static candidates


def test_the_block_whose_rounding_does_most_harm_goes_to_float_first() -> None:
    """A block of which one depthwise channel is a thousand times larger: its neighbours drown in the shared range."""
    model = toy_model("relu")
    trunk = layers(model)
    loud, after = trunk[1].conv, trunk[2].conv
    for tensor in model.graph.initializer:
        value = onnx.numpy_helper.to_array(tensor).copy()
        if tensor.name in loud.input[1:]:
            value[0] *= 1000
        elif tensor.name == after.input[1]:
            value[:, 0] /= 1000
        tensor.CopyFrom(onnx.numpy_helper.from_array(value, tensor.name))
    found = search(
        model, PHOTOS, judge=lambda _: Verdict(figures={}, passes=False), clock=no_clock, recipes=[BASE], others=()
    )
    first = next(tried.recipe for tried in found.tried if tried.stage == "sensitivity")
    assert first.name == "u8+float0.1.2"


def test_a_fine_tune_is_asked_for_last_and_its_ranges_are_used() -> None:
    model = toy_model("relu")
    keys = activation_keys(model)
    ranges = best_ranges(collect(model, PHOTOS), method="minmax")
    asked: list[str] = []
    said: list[str] = []

    def fine_tune() -> FineTuned:
        asked.append(said[-1])
        return FineTuned(model=model, ranges={key: ranges[name] for name, key in keys.items() if key != "pool1"})

    tuned = quantise(model, {name: ranges[name] for name in keys}, recipe=BASE).SerializeToString()
    found = search(
        model,
        PHOTOS,
        judge=lambda data: Verdict(figures={"tier_agreement": 0.5}, passes=data == tuned),
        clock=no_clock,
        recipes=[RECIPES[1]],  # "percentile": the same as the learnt ranges nowhere
        others=(),
        fine_tune=fine_tune,
        note=said.append,
    )
    assert found.recipe.name == "fine-tuned"
    assert found.passed
    assert found.model.SerializeToString() == tuned
    assert len(asked) == 1
    assert "fine-tune" in asked[0]  # what takes longest is said before it begins
    assert stages(found)[-1] == "fine-tuned"


def test_a_range_that_the_fine_tune_lacks_is_named() -> None:
    model = toy_model("hard_swish")
    with pytest.raises(QuantiseError, match="conv0"):
        by_tensor(model, {key: (0.0, 1.0) for key in activation_keys(model).values() if key != "conv0"})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"only": "nonsense"}, "nonsense.*there are u8, percentile, minmax, fine-tuned"),
        ({"only": "u8+first9"}, "less than half"),
        ({"only": "fine-tuned"}, "needs a fine-tune"),
        ({"recipes": [first_float(BASE, 9)]}, "leaves most of this model"),
    ],
)
def test_a_search_that_cannot_start_says_why(options: dict[str, Any], message: str) -> None:
    with pytest.raises(QuantiseError, match=message):
        searched({}, **options)


def no_clock(fp32: bytes, candidate: bytes) -> Latency:
    return Latency(milliseconds=1.0, ratio=0.5)


# The students


def exported(student: Student, photos: Dataset) -> tuple[onnx.ModelProto, list[np.ndarray]]:
    """The FP32 model of a student, and squares to run it on."""
    squares = [photos.square(int(index)) for index in photos.part(Part.TRAIN)[:16]]
    photo_student = PhotoStudent(student).eval()
    features = student_answers(photo_student, squares).features
    statistics = feature_statistics(features)
    module = EdgeModule(photo_student, statistics=statistics, temperatures=Temperatures())
    return to_onnx(module, metadata={"model_id": "test"}), squares


def test_a_student_from_pytorch(student: Student, photos: Dataset, tmp_path: object) -> None:
    fp32, squares = exported(student, photos)
    pools = [node.op_type for node in fp32.graph.node].count("GlobalAveragePool")
    int8 = quantise(*Preparation(fp32, squares).of(BASE), recipe=BASE)
    difference = np.abs(answers(fp32, squares)[:, 0] - answers(int8, squares)[:, 0])
    assert 0 < difference.max() < 0.25
    kinds = kinds_as_run(int8, tmp_path)
    assert kinds.count("QLinearConv") == len(layers(fp32))
    assert kinds.count("QLinearGlobalAveragePool") == pools - 1  # the last gives the features, in float
    assert not {"Conv", "Cast", "QuantizeLinear"} & set(kinds)


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["mobilenetv2_100", "mobilenetv3_large_100", "efficientnet_b0", "efficientnet_lite0"])
def test_every_recipe_of_every_student_fits_a_phone(
    arch: str, make_student: Callable[[str, Dataset], Student], make_drawings: Callable[..., Dataset], tmp_path: object
) -> None:
    """Random weights: the size does not depend on what they are. The keys are those of the simulated student."""
    photos = make_drawings({Part.TRAIN: 20}, side=64)
    student = make_student(arch, photos)
    fp32, squares = exported(student, photos)
    preparation = Preparation(fp32, squares[:2])
    plain = [replace(recipe, bias_correction=False) for recipe in RECIPES]
    sizes = {r.name: quantise(*preparation.of(r), recipe=r).ByteSize() for r in plain}
    assert max(sizes.values()) < MAX_BYTES, sizes
    kinds = kinds_as_run(quantise(*preparation.of(BASE), recipe=BASE), tmp_path)
    pooled = sum(layer.pooled for layer in layers(fp32))  # MobileNetV3 has one convolution behind the last pool
    assert pooled == (arch == "mobilenetv3_large_100")
    assert kinds.count("QLinearConv") == len(layers(fp32)) - pooled
    assert kinds.count("Conv") + kinds.count("FusedConv") == pooled
    assert kinds.count("HardSigmoid") + kinds.count("HardSwish") == pooled
    assert not {"Cast", "QuantizeLinear"} & set(kinds)
