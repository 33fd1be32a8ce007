"""Fixtures for training tests: two hundred small drawings, and configurations that train on them in seconds."""

import pytest

from distill.config import TrainConfig
from distill.student import student_spec
from teacher.data.dataset import DataOptions, Dataset, open_dataset
from teacher.models.config import FinetuneConfig, TeacherConfig
from teacher.soft_labels import SoftLabels, ensure_soft_labels

SIZE = 64
SMALL_STUDENT = "test_efficientnet"
"""timm's own model for tests: 360 thousand parameters"""


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Two hundred synthetic drawings at 64 pixels."""
    cache = tmp_path_factory.mktemp("cache")
    return open_dataset(DataOptions(image_size=SIZE, cache=cache, synthetic_count=200))


@pytest.fixture(scope="session")
def small_config(small_data: Dataset) -> TrainConfig:
    """Two epochs of timm's test model."""
    return TrainConfig(
        student=SMALL_STUDENT,
        student_spec=student_spec(SMALL_STUDENT, image_size=SIZE),
        data=DataOptions(image_size=SIZE, cache=small_data.folder.parent, synthetic_count=200),
        teacher=TeacherConfig(finetune=FinetuneConfig(epochs=1), views=2),
        epochs=3,
        batch_size=16,
    )


@pytest.fixture(scope="session")
def small_labels(small_data: Dataset, small_config: TrainConfig) -> SoftLabels:
    """Soft labels of one epoch of the tiny teacher."""
    return ensure_soft_labels(small_data, small_config.teacher)
