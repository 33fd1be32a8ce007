"""Pictures without a lesion, and what novelty learns from them."""

from copy import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from distill.student import Student
from export.onnx_file.module import EdgeModule, PhotoStudent, Temperatures, feature_statistics
from export.verify.outliers import LEAST, MOST, outliers, strangeness_of
from export.verify.outputs import student_answers
from export.verify.reference import module_of, photos_of
from export.workshop.stages import Stages
from teacher.data.dataset import Dataset
from teacher.data.splits import Part


def squares_of(data: Dataset, part: Part) -> list[np.ndarray]:
    return [data.square(int(index)) for index in data.part(part)]


@settings(max_examples=30, deadline=None)
@given(side=st.integers(16, 96), count=st.integers(0, 9), seed=st.integers(0, 1000))
def test_they_are_pictures_of_the_photos_size_and_other_ones(side: int, count: int, seed: int) -> None:
    photos = list(np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), dtype=np.uint8))
    made = outliers(photos, seed=seed)
    assert len(made) == round(count / 2)
    assert all(one.shape == (side, side, 3) and one.dtype == np.uint8 for one in made)
    assert all(not np.array_equal(one, photo) for one in made for photo in photos)
    again = outliers(photos, seed=seed)
    assert all(np.array_equal(one, other) for one, other in zip(made, again, strict=True))


def test_no_more_are_made_than_were_tried(photos: Dataset) -> None:
    one = photos.square(0)
    assert len(outliers([one] * (3 * MOST))) == MOST


def test_unseen_pictures_are_told_from_unseen_photos(student: Student, photos: Dataset) -> None:
    module = module_of(
        student,
        photos_of(photos, Part.TRAIN),
        temperatures=Temperatures(),
        statistics_photos=300,
        stages=Stages.silent(),
    )
    lesions, train = (squares_of(photos, part) for part in (Part.TEST, Part.TRAIN))
    strange = outliers(squares_of(photos, Part.CALIBRATION), seed=5)
    usual, ordinary, other = (
        student_answers(module.photo_student, some).features for some in (train, lesions, strange)
    )

    def noticed(of: EdgeModule) -> float:
        return (of.novelty(other) > of.novelty(ordinary).quantile(0.97)).float().mean().item()

    alone = copy(module)
    alone.knows_strange = False
    assert noticed(module) > noticed(alone) + 0.15
    assert (module.novelty(usual) - alone.novelty(usual)).mean().item() == pytest.approx(0, abs=1e-3)


def rows(count: int, *, centre: float, seed: int) -> Tensor:
    return centre + torch.randn(count, 12, generator=torch.Generator().manual_seed(seed))


def test_what_is_far_off_stays_strange_whatever_the_map_says(student: Student) -> None:
    """A photo on the ordinary side of the map, a hundred spreads away from all photos."""
    ordinary, strange = rows(200, centre=0, seed=0), rows(100, centre=2, seed=1)
    statistics = feature_statistics(ordinary)

    def module(**more: object) -> EdgeModule:
        known = replace(statistics, **more)
        return EdgeModule(PhotoStudent(student), statistics=known, temperatures=Temperatures()).eval()

    distances = module().novelty(ordinary)
    both = module(strangeness=strangeness_of(ordinary, strange, distances=distances))
    far = 100 * statistics.mean.new_tensor(np.linalg.qr(np.vstack([statistics.components, np.ones(12)]).T)[0][:, -1])
    away = torch.stack([far, -far])
    assert (both.novelty(away) > both.novelty(ordinary).max()).any()


@pytest.mark.parametrize("counts", [(LEAST - 1, 100), (100, LEAST - 1), (100, 0)])
def test_too_few_say_nothing(counts: tuple[int, int]) -> None:
    ordinary, strange = (rows(count, centre=place, seed=place) for place, count in enumerate(counts))
    assert strangeness_of(ordinary, strange, distances=torch.ones(len(ordinary))) is None


def test_features_that_never_differ_end_in_numbers() -> None:
    same = torch.ones(60, 12)
    found = strangeness_of(same, same, distances=torch.ones(60))
    assert found is not None
    assert torch.isfinite(found.weights).all()
    assert torch.isfinite(found.offset)
