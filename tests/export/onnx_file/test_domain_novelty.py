"""Novelty where training photos were taken in several ways: each domain has its own spread, and the nearest counts;
and pictures without a lesion add to it."""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper
from torch import Tensor

from distill.student import Student
from export.coreml.convert import coreml_outputs
from export.coreml.package import read_package
from export.int8.preparation import Preparation
from export.int8.qdq import quantise
from export.int8.recipes import BASE
from export.onnx_file.convert import to_onnx
from export.onnx_file.half import halved
from export.onnx_file.module import (
    DOMAIN_PHOTOS,
    EdgeModule,
    FeatureStatistics,
    PhotoStudent,
    Temperatures,
    feature_statistics,
)
from export.onnx_file.module_files import module_files, read_module
from export.tflite.convert import tflite_outputs
from export.verify.outliers import outliers, strangeness_of
from export.verify.outputs import Outputs, file_outputs, module_outputs, student_answers
from export.verify.reference import Photos, module_of
from export.workshop.child import Workshop, open_workshop
from export.workshop.stages import Stages
from teacher.data.dataset import Dataset
from teacher.data.splits import Part

TEMPERATURES = Temperatures(malignancy=1.3, conditions=0.8)
NAMES = ("clinical", "dermoscopic", "smartphone")


def mixed(counts: Mapping[str, int], *, width: int, seed: int = 0) -> tuple[Tensor, list[str]]:
    """Features of photos of several domains: each lies elsewhere, and varies by another amount in other directions."""
    generator = torch.Generator().manual_seed(seed)
    rows, domains = [], []
    for place, (name, count) in enumerate(counts.items()):
        spread = torch.rand(width, generator=generator) ** 4 * (1 + 3 * place)
        rows.append(torch.randn(count, width, generator=generator) * spread + 4 * place)
        domains += [name] * count
    order = torch.randperm(len(domains), generator=generator)
    return torch.cat(rows)[order], [domains[index] for index in order]


def of_domain(features: Tensor, domains: Sequence[str], name: str) -> Tensor:
    return features[torch.tensor([domain == name for domain in domains])]


def with_statistics(student: Student, statistics: FeatureStatistics) -> EdgeModule:
    return EdgeModule(PhotoStudent(student.eval()), statistics=statistics, temperatures=TEMPERATURES).eval()


# What is measured


@settings(max_examples=20, deadline=None)
@given(
    counts=st.lists(st.integers(DOMAIN_PHOTOS, DOMAIN_PHOTOS + 60), min_size=2, max_size=3),
    few=st.integers(0, DOMAIN_PHOTOS - 1),
    seed=st.integers(0, 1000),
)
def test_no_photo_is_more_novel_than_to_its_own_domain(
    student: Student, counts: list[int], few: int, seed: int
) -> None:
    """Nor than to all photos, where some are of a domain without a spread of its own."""
    kinds = dict(zip(NAMES, counts, strict=False)) | ({"other": few} if few else {})
    features, domains = mixed(kinds, width=24, seed=seed)
    novelty = with_statistics(student, feature_statistics(features, domains)).novelty(features)
    nearest = torch.full_like(novelty, torch.inf)
    spreads = [of_domain(features, domains, name) for name in NAMES[: len(counts)]] + ([features] if few else [])
    for own in spreads:
        alone = with_statistics(student, feature_statistics(own)).novelty(features)
        assert (novelty <= alone + 1e-4).all()
        nearest = torch.minimum(nearest, alone)
    torch.testing.assert_close(novelty, nearest, atol=1e-4, rtol=1e-4)


def test_a_small_domain_is_no_longer_strange(student: Student) -> None:
    """Twenty times as many dermoscopic images shape a joint spread; phone photos lay far off it."""
    features, domains = mixed({"dermoscopic": 4000, "smartphone": 200}, width=64)
    phone, strange = of_domain(features, domains, "smartphone"), torch.randn(100, 64) * 6
    joint = with_statistics(student, feature_statistics(features))
    own = with_statistics(student, feature_statistics(features, domains))
    apart = [(module.novelty(strange).median() / module.novelty(phone).median()).item() for module in (joint, own)]
    assert apart[1] > 1.2 * apart[0]


def test_one_domain_is_measured_as_without_any(student: Student) -> None:
    features, _ = mixed({"smartphone": 300}, width=32)
    plain = with_statistics(student, feature_statistics(features)).state_dict()
    for domains in (["smartphone"] * 300, ["smartphone"] * 150 + ["clinical"] * 150):  # none with photos enough
        found = with_statistics(student, feature_statistics(features, domains)).state_dict()
        assert list(found) == list(plain)
        assert all(torch.equal(found[name], plain[name]) for name in plain)


def test_a_domain_with_few_photos_is_in_the_joint_spread_only() -> None:
    features, domains = mixed({"clinical": 210, "dermoscopic": 220, "smartphone": DOMAIN_PHOTOS - 1}, width=32)
    found = feature_statistics(features, domains).spreads
    assert len(found) == 3
    torch.testing.assert_close(found[0].mean, features.mean(dim=0))
    for spread, name in zip(found[1:], ("clinical", "dermoscopic"), strict=True):
        torch.testing.assert_close(spread.mean, of_domain(features, domains, name).mean(dim=0))
    features, domains = mixed({"clinical": 210, "dermoscopic": 220}, width=32)
    assert len(feature_statistics(features, domains).spreads) == 2  # each has its own: no joint one


def test_each_domain_of_the_training_part_is_asked_about(student: Student, photos: Dataset, make_drawings) -> None:
    data = make_drawings({Part.TRAIN: 470})
    squares = [data.square(index) for index in range(470)]
    domains = ["dermoscopic"] * 260 + ["smartphone"] * 210
    train = Photos(squares=squares, malignant=np.zeros(470, bool), conditions=np.zeros(470, int), domains=domains)

    def module(train: Photos) -> EdgeModule:
        return module_of(student, train, temperatures=TEMPERATURES, statistics_photos=205, stages=Stages.silent())

    found = module(train)
    answers = student_answers(found.photo_student, squares).features
    assert found.marks == ("", "1")
    few = np.unique(np.linspace(0, 259, 205).round().astype(int))
    torch.testing.assert_close(found.get_buffer("feature_mean")[0], answers[few].mean(dim=0), atol=1e-4, rtol=1e-4)
    few = 260 + np.unique(np.linspace(0, 209, 205).round().astype(int))
    torch.testing.assert_close(found.get_buffer("feature_mean1")[0], answers[few].mean(dim=0), atol=1e-4, rtol=1e-4)
    assert module(replace(train, domains=())).marks == ("",)


# In files


@pytest.fixture(scope="module")
def squares(photos: Dataset) -> list[np.ndarray]:
    return [photos.square(int(index)) for index in photos.part(Part.VALIDATION)[:16]]


@pytest.fixture(scope="module")
def module(student: Student, photos: Dataset) -> EdgeModule:
    """Three spreads, each nearest to some of the drawings, and made pictures."""
    train = [photos.square(int(index)) for index in photos.part(Part.TRAIN)[:210]]
    features = student_answers(PhotoStudent(student.eval()).eval(), train).features
    scale, generator = features.std(dim=0), torch.Generator().manual_seed(0)
    rows = [features + place * scale * torch.randn(features.shape, generator=generator) for place in range(3)]
    domains = [name for name in NAMES for _ in train]
    statistics = feature_statistics(torch.cat(rows), domains)
    strange = student_answers(PhotoStudent(student).eval(), outliers(train)).features
    distances = with_statistics(student, statistics).novelty(features)
    strangeness = strangeness_of(features, strange, distances=distances)
    assert strangeness is not None
    return with_statistics(student, replace(statistics, strangeness=strangeness))


@pytest.fixture(scope="module")
def expected(module: EdgeModule, squares: list[np.ndarray]) -> Outputs:
    return module_outputs(module, student_answers(module.photo_student, squares))


@pytest.fixture(scope="module")
def model(module: EdgeModule) -> onnx.ModelProto:
    return to_onnx(module, metadata={})


def test_onnx_takes_the_nearest(model: onnx.ModelProto, expected: Outputs, squares: list[np.ndarray]) -> None:
    found = file_outputs(model.SerializeToString(), squares)
    np.testing.assert_allclose(found.novelty, expected.novelty, rtol=1e-3)


def test_components_of_all_domains_stand_in_8_bit(
    model: onnx.ModelProto, expected: Outputs, squares: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though those of one of them alone would be too few for it."""
    sizes = [int(np.prod(one.dims)) for one in model.graph.initializer if one.name.startswith("components")]
    assert len(sizes) == 3
    monkeypatch.setattr("export.int8.qdq.LARGE_TAIL", max(sizes) + 1)
    int8 = quantise(*Preparation(model, squares[:8]).of(BASE), recipe=BASE)
    stored = {one.name: numpy_helper.to_array(one) for one in int8.graph.initializer}
    rows = [value for name, value in stored.items() if name.startswith("components") and name.endswith("_quantized")]
    assert [value.dtype for value in rows] == [np.int8] * 3
    found = file_outputs(int8.SerializeToString(), squares)
    assert np.corrcoef(found.novelty, expected.novelty)[0, 1] > 0.9
    monkeypatch.setattr("export.int8.qdq.LARGE_TAIL", sum(sizes) + 1)
    assert "components_quantized" not in {
        one.name for one in quantise(*Preparation(model, squares[:2]).of(BASE), recipe=BASE).graph.initializer
    }


def test_half_precision_leaves_them_whole(model: onnx.ModelProto) -> None:
    kinds = {one.name: one.data_type for one in halved(model).graph.initializer}
    whole = [kinds[name] for name in ("components", "components1", "components2", "strange_weights")]
    assert whole == [onnx.TensorProto.FLOAT] * 4


def test_another_process_gets_them(module: EdgeModule) -> None:
    copy = read_module(module_files(module))
    assert copy.marks == module.marks
    assert all(torch.equal(copy.state_dict()[name], tensor) for name, tensor in module.state_dict().items())


@pytest.fixture(scope="module")
def workshop():
    with open_workshop() as found:
        yield found


def test_tflite_takes_the_nearest(
    workshop: Workshop, model: onnx.ModelProto, module: EdgeModule, expected: Outputs, squares: list[np.ndarray]
) -> None:
    fp32 = workshop.run("tflite-fp32", {"model.onnx": model.SerializeToString(), "metadata.json": b"{}"})[0]
    np.testing.assert_allclose(tflite_outputs(fp32, squares).novelty, expected.novelty, rtol=1e-3)
    request = json.dumps({"recipe": "weights-s8", "ranges": None}).encode()
    files = {"model.tflite": fp32, "photos.npy": saved(squares[:2]), "request.json": request}
    int8 = workshop.run("tflite-int8", files)[0]
    assert np.corrcoef(tflite_outputs(int8, squares).novelty, expected.novelty)[0, 1] > 0.9
    assert len(int8) < len(fp32) - 0.7 * bytes_of_components(module)


def test_core_ml_takes_the_nearest(
    workshop: Workshop, module: EdgeModule, expected: Outputs, squares: list[np.ndarray]
) -> None:
    files = {**module_files(module), "metadata.json": b"{}"}
    int8 = workshop.run("coreml-int8", files)[0]
    assert np.corrcoef(coreml_outputs(int8, squares).novelty, expected.novelty)[0, 1] > 0.9
    function = read_package(int8).specification.mlProgram.functions["main"]
    steps = function.block_specializations[function.opset].operations
    small = [step.outputs[0].type.tensorType for step in steps if step.type == "constexpr_affine_dequantize"]
    assert sum(tensor.rank == 2 for tensor in small) == 3  # the components; convolutions have rank 4, heads stay whole


def bytes_of_components(module: EdgeModule) -> int:
    """In float."""
    return sum(4 * module.get_buffer(f"components{mark}").numel() for mark in module.marks)


def saved(squares: Sequence[np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.save(file, np.stack(squares), allow_pickle=False)
    return file.getvalue()
