"""What a student learns from, beside the labels of the views themselves."""

from dataclasses import replace

from distill.config import TrainConfig
from distill.lessons import lessons_of
from teacher.data.dataset import Dataset
from teacher.soft_labels import SoftLabels


def test_plain_labels_are_of_the_image_as_it_is(
    small_data: Dataset, small_config: TrainConfig, small_labels: SoftLabels
) -> None:
    plain = lessons_of(small_data, replace(small_config, labels="plain")).labels
    assert (plain.seeds == small_labels.seeds).all()
    assert plain.malignancy.shape == small_labels.malignancy.shape
    assert plain.conditions.shape == small_labels.conditions.shape
    assert (plain.malignancy == plain.malignancy[:, :1]).all()
    assert (plain.conditions == plain.conditions[:, :1]).all()
    assert abs(plain.malignancy - small_labels.malignancy).max() > 1e-3
    again = lessons_of(small_data, replace(small_config, labels="plain")).labels
    assert (again.malignancy == plain.malignancy).all()
    assert (lessons_of(small_data, small_config).labels.malignancy == small_labels.malignancy).all()
