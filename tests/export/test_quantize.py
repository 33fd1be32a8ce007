"""The recipes: what they leave in float, what the search takes, and how large the three students become."""

from collections.abc import Callable, Sequence

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from distill.student import Student
from export.evaluate import student_answers
from export.graph import EdgeModule, PhotoStudent, Temperatures, feature_statistics
from export.onnx_format import to_onnx
from export.quantize import MAX_BYTES, RECIPES, Recipe, quantise, quantised_nodes, search
from export.ranges import BINS, Histogram, best_ranges, collect, full_range, least_error_range
from teacher.data.dataset import Dataset
from teacher.data.splits import Part


def exported(student: Student, photos: Dataset) -> tuple[onnx.ModelProto, list[np.ndarray]]:
    """The FP32 model of a student, and squares to run it on."""
    squares = [photos.square(int(index)) for index in photos.part(Part.TRAIN)[:16]]
    photo_student = PhotoStudent(student).eval()
    features = student_answers(photo_student, squares).features
    statistics = feature_statistics(features, torch.arange(len(squares)) % 2)
    module = EdgeModule(photo_student, statistics=statistics, temperatures=Temperatures())
    return to_onnx(module, metadata={"model_id": "test"}), squares


@pytest.fixture(scope="module")
def model(student: Student, photos: Dataset) -> tuple[onnx.ModelProto, list[np.ndarray]]:
    return exported(student, photos)


@pytest.fixture(scope="module")
def histograms(model: tuple[onnx.ModelProto, list[np.ndarray]]) -> dict[str, Histogram]:
    return collect(*model)


def agreement_of(values: Sequence[float]) -> Callable[[bytes], float]:
    remaining = iter(values)
    return lambda _: next(remaining)


def test_pooling_is_written_so_that_it_can_be_quantised(model: tuple[onnx.ModelProto, list[np.ndarray]]) -> None:
    kinds = [node.op_type for node in model[0].graph.node]
    assert kinds.count("GlobalAveragePool") > 1  # squeeze-and-excite has one each
    assert all(node.op_type != "BatchNormalization" for node in model[0].graph.node)


def test_the_head_is_never_quantised(model: tuple[onnx.ModelProto, list[np.ndarray]]) -> None:
    chosen = set(quantised_nodes(model[0], recipe=RECIPES[0]))
    nodes = list(model[0].graph.node)
    last = max(index for index, node in enumerate(nodes) if node.op_type == "Conv")
    assert not chosen & {node.name for node in nodes[last + 2 :]}
    assert nodes[last].name in chosen


def test_the_first_convolutions_stay_in_float(model: tuple[onnx.ModelProto, list[np.ndarray]]) -> None:
    convolutions = [node.name for node in model[0].graph.node if node.op_type == "Conv"]
    chosen = quantised_nodes(model[0], recipe=Recipe(name="x", float_convolutions=4))
    assert not set(convolutions[:4]) & set(chosen)
    assert set(convolutions[4:]) <= set(chosen)


@pytest.mark.parametrize("recipe", RECIPES[:2], ids=lambda recipe: recipe.name)
def test_quantised_answers_stay_near(
    recipe: Recipe, model: tuple[onnx.ModelProto, list[np.ndarray]], histograms: dict[str, Histogram]
) -> None:
    fp32, squares = model
    before = fp32.SerializeToString()
    int8 = quantise(fp32, best_ranges(histograms, method="least_error"), recipe=recipe)
    assert fp32.SerializeToString() == before  # the shared FP32 model is left as it is
    left, right = (onnxruntime.InferenceSession(m.SerializeToString()) for m in (fp32, int8))
    answers = [[s.run(["malignancy"], {"image": x[None]})[0].item() for x in squares] for s in (left, right)]
    difference = np.abs(np.subtract(*answers))
    assert 0 < difference.max() < 0.25
    assert difference.mean() < 0.08


def test_the_first_recipe_that_is_good_enough_is_taken(
    model: tuple[onnx.ModelProto, list[np.ndarray]], histograms: dict[str, Histogram]
) -> None:
    found = search(model[0], histograms, agreement=agreement_of([0.9, 0.98]), enough=0.97)
    assert found.recipe == RECIPES[1]
    assert [tried.agreement for tried in found.tried] == [0.9, 0.98]


def test_else_the_best_that_is_small_enough(
    model: tuple[onnx.ModelProto, list[np.ndarray]],
    histograms: dict[str, Histogram],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    recipes = (RECIPES[0], RECIPES[1], Recipe(name="half", float_convolutions=8))
    found = search(model[0], histograms, agreement=agreement_of([0.5, 0.8, 0.9]), enough=1.0, recipes=recipes)
    assert found.recipe == recipes[2]
    limit = max(tried.bytes for tried in found.tried) - 1
    monkeypatch.setattr("export.quantize.MAX_BYTES", limit)
    found = search(model[0], histograms, agreement=agreement_of([0.5, 0.8, 0.9]), enough=0.9, recipes=recipes)
    assert found.recipe == recipes[1]


def test_recipes_that_come_to_the_same_are_measured_once(
    model: tuple[onnx.ModelProto, list[np.ndarray]], histograms: dict[str, Histogram]
) -> None:
    twins = (Recipe(name="a"), Recipe(name="b"))
    found = search(model[0], histograms, agreement=agreement_of([0.5]), enough=1.0, recipes=twins)
    assert [tried.recipe.name for tried in found.tried] == ["a"]


def test_no_recipe_may_be_int8_in_name_only(
    model: tuple[onnx.ModelProto, list[np.ndarray]], histograms: dict[str, Histogram]
) -> None:
    """Of 17 convolutions at most eight may stay in float."""
    recipes = (Recipe(name="eight", float_convolutions=8), Recipe(name="nine", float_convolutions=9))
    found = search(model[0], histograms, agreement=agreement_of([0.5]), enough=1.0, recipes=recipes)
    assert [tried.recipe.name for tried in found.tried] == ["eight"]
    with pytest.raises(ValueError, match="nine"):
        search(model[0], histograms, agreement=agreement_of([]), enough=1.0, recipes=recipes[1:])


def test_rare_peaks_are_clipped_and_zero_is_kept() -> None:
    counts = np.zeros(BINS)
    counts[: BINS // 20] = 1e6
    counts[-1] = 1
    peaked = Histogram(low=0.1, high=100.0, counts=counts)
    assert full_range(peaked) == (0.0, 100.0)
    low, high = least_error_range(peaked)
    assert low == 0.0
    assert high < 50.0
    even = Histogram(low=-1.0, high=1.0, counts=np.ones(BINS))
    assert least_error_range(even) == pytest.approx((-1.0, 1.0), abs=0.03)


@pytest.mark.slow
@pytest.mark.parametrize("arch", ["mobilenetv2_100", "mobilenetv3_large_100", "efficientnet_b0", "efficientnet_lite0"])
def test_every_recipe_of_every_student_fits_a_phone(
    arch: str, make_student: Callable[[str, Dataset], Student], make_drawings: Callable[..., Dataset]
) -> None:
    """Random weights: the size does not depend on what they are."""
    photos = make_drawings({Part.TRAIN: 20}, side=64)
    fp32, squares = exported(make_student(arch, photos), photos)
    ranges = best_ranges(collect(fp32, squares[:2]), method="minmax")
    candidates = {recipe.name: quantise(fp32, ranges, recipe=recipe).SerializeToString() for recipe in RECIPES}
    sizes = {name: len(data) for name, data in candidates.items()}
    assert max(sizes.values()) < MAX_BYTES, sizes
    session = onnxruntime.InferenceSession(candidates["all-u8"])
    assert session.run(["conditions"], {"image": squares[0][None]})[0].sum() == pytest.approx(1, abs=1e-3)
