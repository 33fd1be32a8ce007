"""A student that answers sensibly without a training run: random trunk, heads fitted to simple drawings."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from distill.student import Student, student_spec
from export.bundle.build import Built, ExportOptions, build_bundle
from export.bundle.formats import FORMATS
from export.onnx_file.module import PhotoStudent
from export.verify.outputs import student_answers
from export.verify.parity import LIMITS
from runtime.conditions import CONDITIONS, MALIGNANT_CONDITIONS
from teacher.data.dataset import Dataset
from teacher.data.sample import Domain, Sample
from teacher.data.splits import Part

SIDE = 64
COUNTS = {Part.TRAIN: 300, Part.CALIBRATION: 110, Part.VALIDATION: 60, Part.TEST: 60}

MakeStudent = Callable[[str, Dataset], Student]


def draw(rng: np.random.Generator, condition: int, *, side: int) -> np.ndarray:
    """A disc on skin, uint8 [side, side, 3]; colour and size tell the condition, with noise."""
    rows, columns = np.mgrid[:side, :side]
    centre = side / 2 + rng.normal(0, side / 20, 2)
    radius = side * (0.18 + 0.02 * condition) * rng.uniform(0.9, 1.1)
    colour = np.array([40 + 20 * condition, 30 + 25 * ((condition * 3) % 10), 20 + 22 * ((condition * 7) % 10)])
    skin = np.array([215, 170, 145]) + rng.normal(0, 8, 3)
    inside = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2
    image = np.where(inside[..., None], colour, skin) + rng.normal(0, 12, (side, side, 3))
    return image.clip(0, 255).astype(np.uint8)


def drawings(counts: dict[Part, int], *, side: int = SIDE, seed: int = 0) -> Dataset:
    """A dataset of drawings, all ten conditions in turn in every part."""
    rng = np.random.default_rng(seed)
    parts = tuple(part for part, count in counts.items() for _ in range(count))
    labels = [index % len(CONDITIONS) for count in counts.values() for index in range(count)]
    return Dataset(
        samples=tuple(_sample(index, label) for index, label in enumerate(labels)),
        pixels=np.stack([draw(rng, label, side=side) for label in labels]),
        rows=np.arange(len(parts)),
        contents=tuple(f"{index:032x}" for index in range(len(parts))),
        groups=np.arange(len(parts)),
        parts=parts,
        folder=Path(),
        split_path=Path(),
        notes=(),
    )


def fitted_student(arch: str, data: Dataset) -> Student:
    """A random trunk with batch norm statistics of the drawings, and heads fitted by ridge regression."""
    torch.manual_seed(0)
    side = data.pixels.shape[1]
    student = Student(student_spec(arch, image_size=side, drop_rate=0.0))
    photos = PhotoStudent(student)
    train = data.part(Part.TRAIN)
    squares = [data.square(int(index)) for index in train]
    with torch.no_grad():
        photos.train()
        for _ in range(8):
            photos(torch.from_numpy(np.stack(squares[:40])))
    photos.eval()
    features = student_answers(photos, squares).features.double().numpy()
    conditions = np.eye(len(CONDITIONS))[data.conditions(train)]
    malignant = data.malignant(train).astype(float)[:, None]
    _fill(student.conditions_head, features, 8 * conditions - 4)
    _fill(student.malignancy_head, features, 6 * malignant - 3)
    return student


def _fill(head: torch.nn.Linear, features: np.ndarray, wanted: np.ndarray) -> None:
    centred = features - features.mean(axis=0)
    # Strong: with 0.05 the heads of a random trunk turn an fp16 rounding into 0.003 of probability.
    ridge = 2.0 * np.trace(centred.T @ centred) / features.shape[1] * np.eye(features.shape[1])
    weight = np.linalg.solve(centred.T @ centred + ridge, centred.T @ (wanted - wanted.mean(axis=0)))
    bias = wanted.mean(axis=0) - features.mean(axis=0) @ weight
    with torch.no_grad():
        head.weight.copy_(torch.from_numpy(weight.T))
        head.bias.copy_(torch.from_numpy(bias))


def _sample(index: int, label: int) -> Sample:
    return Sample(
        image_id=f"drawing-{index:04}",
        path=Path(f"drawing-{index:04}.png"),
        dataset="synthetic",
        domain=Domain.SMARTPHONE,
        condition=CONDITIONS[label],
        malignant=CONDITIONS[label] in MALIGNANT_CONDITIONS,
        group_id=str(index),
        raw_label=CONDITIONS[label],
    )


@pytest.fixture(scope="session")
def make_drawings() -> Callable[..., Dataset]:
    return drawings


@pytest.fixture(scope="session")
def make_student() -> MakeStudent:
    return fitted_student


@pytest.fixture(scope="session")
def photos() -> Dataset:
    return drawings(COUNTS)


@pytest.fixture(scope="session")
def student(photos: Dataset) -> Student:
    """Squeeze-and-excite and SiLU in a network of a few hundred kilobytes."""
    return fitted_student("test_efficientnet", photos)


@pytest.fixture(scope="session")
def options() -> ExportOptions:
    """What is tested is not how good INT8 can get: a random trunk suffers more from it than a trained one, and on 60
    photos a dozen swapped pairs already cost an AUC of 0.016."""
    int8 = replace(LIMITS["int8"], auc_drop=0.03, sensitivity_drop=0.1, tier_agreement=0.9, condition_agreement=0.8)
    return ExportOptions(
        created="2026-11-23",
        range_photos=24,
        formats=tuple(kind for kind in FORMATS if kind.format == "onnx"),
        onnx_recipe="u8",
        limits={**LIMITS, "int8": int8},
    )


@pytest.fixture(scope="session")
def built(student: Student, photos: Dataset, options: ExportOptions, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The bundle most tests look at, exported once."""
    return build_bundle(student, photos, out=tmp_path_factory.mktemp("bundles") / "drawn", options=options)
