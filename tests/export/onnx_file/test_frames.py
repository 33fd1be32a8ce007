"""Several frames of a photo, averaged inside the graph: what a file answers, and who refuses."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from distill.student import Student, StudentOutput, student_spec
from export.bundle.build import Built, ExportOptions, build_bundle, judge_of, options_of
from export.bundle.check import check_bundle
from export.bundle.recalibrate import recalibrate
from export.bundle.recover import fill
from export.coreml.convert import coreml_outputs, coreml_tensors
from export.int8.learned_rounding import learn_rounding
from export.int8.preparation import Preparation
from export.int8.qdq import quantise
from export.int8.recipes import BASE, CAREFUL, RECIPES, float_blocks, lean
from export.onnx_file.convert import onnx_metadata, to_onnx
from export.onnx_file.frames import Crop, FramesError, chosen_frames, crops, usual_side
from export.onnx_file.module import EdgeModule, FeatureStatistics, PhotoStudent, Temperatures, feature_statistics
from export.onnx_file.module_files import module_files, read_module
from export.onnx_file.trunk import activation_keys
from export.tflite.convert import tflite_outputs, tflite_tensors
from export.verify.outputs import Outputs, file_outputs, module_outputs, student_answers
from export.workshop.child import Workshop, open_workshop
from export.workshop.stages import Stages
from runtime.bundle.load import Frames, read_manifest
from teacher.data.dataset import Dataset
from teacher.data.splits import Part

SIDE = 64
TEMPERATURES = Temperatures(malignancy=1.3, conditions=0.8)
TWO, FOUR = Frames(count=2, side=32), Frames(count=4, side=32)
METADATA = {"model_id": "drawn-1"}
ROUNDED = {"fp16": (0.01, 0.05), "int8": (0.1, 0.2)}
"""What half precision and 8-bit weights do to a random trunk: of malignancy, and as a share of novelty."""


def module_with(student: Student, data: Dataset, frames: Frames) -> EdgeModule:
    photos = PhotoStudent(student.eval(), frames=frames).eval()
    train = [data.square(int(index)) for index in data.part(Part.TRAIN)[:60]]
    statistics = feature_statistics(student_answers(photos, train).features)
    return EdgeModule(photos, statistics=statistics, temperatures=TEMPERATURES).eval()


@pytest.fixture(scope="module")
def modules(student: Student, photos: Dataset) -> Mapping[int, EdgeModule]:
    return {frames.count: module_with(student, photos, frames) for frames in (Frames(), TWO, FOUR)}


@pytest.fixture(scope="module")
def models(modules: Mapping[int, EdgeModule]) -> Mapping[int, onnx.ModelProto]:
    return {count: to_onnx(module, metadata=METADATA) for count, module in modules.items()}


@pytest.fixture(scope="module")
def squares(photos: Dataset) -> list[np.ndarray]:
    return [photos.square(int(index)) for index in photos.part(Part.VALIDATION)[:24]]


@pytest.fixture(scope="module")
def expected(modules: Mapping[int, EdgeModule], squares: list[np.ndarray]) -> Mapping[int, Outputs]:
    return {
        count: module_outputs(module, student_answers(module.photo_student, squares))
        for count, module in modules.items()
    }


def hand_cropped(square: np.ndarray, count: int, side: int) -> list[np.ndarray]:
    """What stands in the documentation, with numpy alone."""
    last = len(square) - side
    first, second, third, fourth = (
        square[:side, :side],
        square[:side, last:],
        square[last:, :side],
        square[last:, last:],
    )
    if count == 2:
        return [first, fourth[:, ::-1]]
    return [first, second[:, ::-1], third, fourth[:, ::-1]]


def by_hand(module: EdgeModule, views: list[np.ndarray]) -> Outputs:
    """Each view asked alone, without any of the code under test; the rest of the module on the mean."""
    student, spec = module.photo_student.student, module.spec
    mean, std = np.array(spec.mean), np.array(spec.std)
    said = []
    for view in views:
        planes = torch.from_numpy(((view / 255 - mean) / std).transpose(2, 0, 1)).float()[None]
        with torch.inference_mode():
            said.append(student(planes))
    return module_outputs(module, StudentOutput(*(torch.stack(parts).mean(0) for parts in zip(*said, strict=True))))


def assert_near(found: Outputs, wanted: Outputs, *, atol: float) -> None:
    np.testing.assert_allclose(found.malignancy, wanted.malignancy, atol=atol)
    np.testing.assert_allclose(found.conditions, wanted.conditions, atol=atol)
    np.testing.assert_allclose(found.novelty, wanted.novelty, rtol=max(atol, 1e-3))


# What is computed


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), count=st.sampled_from([2, 4]), photos=st.integers(1, 3))
def test_the_answer_is_that_of_the_mean_over_crops(
    modules: Mapping[int, EdgeModule], seed: int, count: int, photos: int
) -> None:
    """Also of several photos at once, none of which has a say in another's answer."""
    module = modules[count]
    batch = np.random.default_rng(seed).integers(0, 256, (photos, SIDE, SIDE, 3)).astype(np.uint8)
    with torch.inference_mode():
        malignancy, conditions, novelty = (tensor.numpy() for tensor in module(torch.from_numpy(batch)))
    for place, square in enumerate(batch):
        wanted = by_hand(module, hand_cropped(square, count, 32))
        found = Outputs(
            malignancy=malignancy[place : place + 1],
            conditions=conditions[place : place + 1],
            novelty=novelty[place : place + 1],
        )
        assert_near(found, wanted, atol=1e-4)


@settings(max_examples=200, deadline=None)
@given(size=st.integers(2, 40).map(lambda steps: 32 * steps), less=st.integers(1, 39), count=st.sampled_from([2, 4]))
def test_crops_lie_within_the_square_and_reach_its_edges(size: int, less: int, count: int) -> None:
    side = max(size - 32 * less, 32)
    found = crops(Frames(count=count, side=side), size)
    assert len(set(found)) == count
    assert {crop.top for crop in found} == {crop.left for crop in found} == {0, size - side}
    assert sum(crop.mirrored for crop in found) == count // 2
    assert crops(Frames(), size) == (Crop(top=0, left=0, mirrored=False),)
    assert usual_side(size) % 32 == 0
    assert 32 <= usual_side(size) < size


def test_one_frame_is_the_file_that_it_was(
    modules: Mapping[int, EdgeModule], models: Mapping[int, onnx.ModelProto], student: Student
) -> None:
    assert chosen_frames(1, None, model=student) == Frames()
    assert not {"Slice", "Concat", "ReduceMean"} & {
        node.op_type for node in models[1].graph.node if node.input[0] == "image"
    }
    before = modules[1]
    statistics = FeatureStatistics(
        mean=before.feature_mean.squeeze(0), components=before.components, usual=before.usual
    )
    plain = EdgeModule(PhotoStudent(student), statistics=statistics, temperatures=TEMPERATURES)
    assert to_onnx(plain, metadata=METADATA).SerializeToString() == models[1].SerializeToString()


@pytest.mark.parametrize("count", [1, 2, 4])
def test_onnx_answers_as_the_student_does(
    models: Mapping[int, onnx.ModelProto], expected: Mapping[int, Outputs], squares: list[np.ndarray], count: int
) -> None:
    assert_near(file_outputs(models[count].SerializeToString(), squares), expected[count], atol=1e-4)


def test_the_trunk_stands_in_the_file_once(models: Mapping[int, onnx.ModelProto]) -> None:
    one, four = (models[count].graph for count in (1, 4))
    assert [node.op_type for node in one.node].count("Conv") == [node.op_type for node in four.node].count("Conv")
    assert models[4].ByteSize() - models[1].ByteSize() < 20_000  # some nodes, and shapes of one digit more
    sizes = [tuple(size.dim_value for size in value.type.tensor_type.shape.dim) for value in four.input]
    assert sizes == [(1, SIDE, SIDE, 3)]


def test_frames_answer_otherwise_than_the_whole(expected: Mapping[int, Outputs]) -> None:
    """Or a test that compares with the student would not see crops that were forgotten on both sides."""
    assert np.abs(expected[4].malignancy - expected[1].malignancy).max() > 0.01
    assert np.abs(expected[4].malignancy - expected[2].malignancy).max() > 0.01


# In 8 bit


@pytest.mark.parametrize(
    "recipe",
    [
        *(one for one in RECIPES if one.name in {"u8", "bias", "block1", "qoperator", "s8", "photo-float"}),
        lean(float_blocks(CAREFUL, 3)),
    ],
    ids=lambda recipe: recipe.name,
)
def test_recipes_answer_nearly_as_float(
    models: Mapping[int, onnx.ModelProto], expected: Mapping[int, Outputs], squares: list[np.ndarray], recipe
) -> None:
    int8 = quantise(*Preparation(models[4], squares[:8]).of(recipe), recipe=recipe)
    found = file_outputs(int8.SerializeToString(), squares)
    blind = np.abs(expected[4].malignancy - expected[4].malignancy.mean()).mean()
    assert 0 < np.abs(found.malignancy - expected[4].malignancy).mean() < blind / 3


def test_rounding_is_learned_on_crops(models: Mapping[int, onnx.ModelProto], squares: list[np.ndarray]) -> None:
    model, ranges = Preparation(models[4], squares[:4]).of(BASE)
    learned = learn_rounding(model, quantise(model, ranges, recipe=BASE), squares[:2], steps=2)
    found = quantise(learned, ranges, recipe=BASE)
    assert np.isfinite(file_outputs(found.SerializeToString(), squares[:2]).malignancy).all()


def test_ranges_that_a_fine_tune_learnt_fit(models: Mapping[int, onnx.ModelProto]) -> None:
    assert list(activation_keys(models[4]).values()) == list(activation_keys(models[1]).values())


# A bundle of it


@pytest.fixture(scope="module")
def framed(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path_factory: pytest.TempPathFactory
) -> Built:
    out = tmp_path_factory.mktemp("framed") / "drawn"
    return build_bundle(student, photos, out=out, options=replace(options, frames=4))


def test_a_bundle_says_its_frames(framed: Built, built: Built) -> None:
    manifest = read_manifest(framed.folder)
    assert manifest == framed.manifest
    assert manifest.frames == FOUR  # 7/8 of 64 rounded down to a multiple of 32
    assert manifest.model_id != built.manifest.model_id
    assert "4 frames of 32 x 32" in (framed.folder / "report.md").read_text(encoding="utf-8")
    for file in manifest.files:
        inside = onnx_metadata((framed.folder / file.name).read_bytes())
        assert inside["frames"] == "4 of 32 pixels"
        assert file.parity["tier_agreement"] >= 0.9
    assert "frames" not in json.loads((built.folder / "manifest.json").read_text())
    assert "frames" not in onnx_metadata((built.folder / "model.int8.onnx").read_bytes())
    assert built.manifest.frames == Frames()


def test_it_is_judged_again_as_it_was_made(
    framed: Built, student: Student, photos: Dataset, options: ExportOptions
) -> None:
    again = options_of(framed.manifest, targets=options.targets, prevalence=None)
    judge = judge_of(student, photos, options=replace(again, limits=options.limits), stages=Stages.silent())
    assert [checked.parity for checked in check_bundle(framed.folder, judge=judge)[1]] == [
        pytest.approx(dict(file.parity), abs=1e-6) for file in framed.manifest.files
    ]
    assert recalibrate(framed.folder, judge) == framed.manifest


def test_its_photo_is_read_as_bytes(framed: Built) -> None:
    """The border of every crop is the mean colour, and nothing turns the photo into floats."""
    graph = onnx.load(framed.folder / "model.int8.onnx").graph
    assert "Cast" not in {node.op_type for node in graph.node}
    borders = [list(tensor.dims) for tensor in graph.initializer if "_border" in tensor.name]
    assert borders
    assert all(shape[0] == 4 for shape in borders)


def test_the_student_comes_back_from_it(framed: Built, student: Student, squares: list[np.ndarray]) -> None:
    empty = Student(student.spec).eval()
    fill(empty, onnx.load(framed.folder / "model.fp32.onnx"))
    found, wanted = (student_answers(PhotoStudent(one.eval()).eval(), squares) for one in (empty, student))
    torch.testing.assert_close(found.malignancy, wanted.malignancy, atol=1e-3, rtol=0)


# TFLite and Core ML


def test_another_process_gets_the_frames(modules: Mapping[int, EdgeModule], squares: list[np.ndarray]) -> None:
    copy = read_module(module_files(modules[4]))
    assert copy.photo_student.frames == FOUR
    found = module_outputs(copy, student_answers(copy.photo_student, squares[:4]))
    wanted = module_outputs(modules[4], student_answers(modules[4].photo_student, squares[:4]))
    np.testing.assert_array_equal(found.malignancy, wanted.malignancy)


@pytest.fixture(scope="module")
def workshop():
    with open_workshop() as found:
        yield found


def test_tflite_answers_as_the_student_does(
    workshop: Workshop,
    models: Mapping[int, onnx.ModelProto],
    expected: Mapping[int, Outputs],
    squares: list[np.ndarray],
    tmp_path: Path,
) -> None:
    metadata = json.dumps(METADATA).encode()
    files = {"model.onnx": models[4].SerializeToString(), "metadata.json": metadata}
    fp32 = workshop.run("tflite-fp32", files)[0]
    assert_near(tflite_outputs(fp32, squares), expected[4], atol=1e-4)
    np.save(tmp_path / "photos.npy", np.stack(squares[:8]))
    request = json.dumps({"recipe": "float4-s8", "ranges": None}).encode()
    photos = (tmp_path / "photos.npy").read_bytes()
    int8 = workshop.run("tflite-int8", {"model.tflite": fp32, "photos.npy": photos, "request.json": request})[0]
    assert len(int8) < 0.7 * len(fp32)
    blind = np.abs(expected[4].malignancy - expected[4].malignancy.mean()).mean()
    assert 0 < np.abs(tflite_outputs(int8, squares).malignancy - expected[4].malignancy).mean() < blind / 3
    assert tflite_tensors(int8, squares[0]).keys() & tflite_tensors(fp32, squares[0]).keys()


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_core_ml_answers_as_the_student_does(
    workshop: Workshop,
    modules: Mapping[int, EdgeModule],
    expected: Mapping[int, Outputs],
    squares: list[np.ndarray],
    precision: str,
) -> None:
    files = {**module_files(modules[4]), "metadata.json": json.dumps(METADATA).encode()}
    data = workshop.run(f"coreml-{precision}", files)[0]
    found = coreml_outputs(data, squares)
    np.testing.assert_allclose(found.malignancy, expected[4].malignancy, atol=ROUNDED[precision][0])
    np.testing.assert_allclose(found.novelty, expected[4].novelty, rtol=ROUNDED[precision][1])
    alone = coreml_outputs(data, squares[:1])
    np.testing.assert_allclose(alone.malignancy, found.malignancy[:1], atol=1e-3)
    assert any(tensor.shape[:1] == (4,) for tensor in coreml_tensors(data, squares[0]).values())


# Who refuses


@pytest.mark.parametrize(
    ("count", "side", "message"),
    [
        (3, None, "--frames 3: choose from 1, 2, 4"),
        (0, 32, "--frames 0: choose"),
        (-4, 32, "--frames -4: choose"),
        (1, 32, "--frame-side 32: one frame is the whole square; choose --frames 2 or 4"),
        (4, 64, "multiple of 32 below the student's input of 64"),
        (4, 50, "multiple of 32 below"),
        (2, 0, "multiple of 32 below"),
        (2, -32, "multiple of 32 below"),
    ],
)
def test_crops_that_there_are_not(student: Student, count: int, side: int | None, message: str) -> None:
    with pytest.raises(FramesError, match=message):
        chosen_frames(count, side, model=student)


def test_a_student_with_a_size_of_its_own_has_one_frame() -> None:
    transformer = Student(student_spec("vit_tiny_patch16_224", image_size=224))
    with pytest.raises(FramesError, match=r"vit_tiny_patch16_224 refuses crops of 192 pixels .* has one frame"):
        chosen_frames(4, None, model=transformer)
    assert chosen_frames(1, None, model=transformer) == Frames()


def test_an_input_without_room_for_crops(make_student: Callable[..., Student], make_drawings) -> None:
    small = make_student("test_efficientnet", make_drawings({Part.TRAIN: 40}, side=32))
    with pytest.raises(FramesError, match="below the student's input of 32"):
        chosen_frames(2, None, model=small)


def test_nothing_is_exported_where_it_refuses(
    student: Student, photos: Dataset, options: ExportOptions, tmp_path: Path
) -> None:
    with pytest.raises(FramesError, match="--frames 5"):
        build_bundle(student, photos, out=tmp_path / "refused", options=replace(options, frames=5))
    assert not list(tmp_path.iterdir())
