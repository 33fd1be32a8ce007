"""The figures of the comparison are scikit-learn's, and intervals resample whole groups."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, roc_auc_score

from teacher.comparison.figures import Said, judged
from teacher.evaluation.resampling import draws as group_draws


def case(seed: int, count: int) -> tuple[Said, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    malignant = rng.random(count) < 0.4
    malignant[:2] = True, False
    said = Said(np.round(rng.normal(size=count) + malignant, 1), rng.normal(size=(count, 10)))
    return said, malignant, rng.integers(0, 6, count), rng.integers(0, count // 2 + 1, count)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(4, 80))
def test_values_are_those_of_scikit_learn(seed: int, count: int) -> None:
    said, malignant, conditions, groups = case(seed, count)
    found = judged(said, malignant, conditions, groups, resamples=5)
    answered, named = said.malignancy > 0, said.conditions.argmax(axis=1)
    assert found.accuracy.value == pytest.approx(accuracy_score(malignant, answered))
    assert found.f1_macro.value == pytest.approx(f1_score(malignant, answered, average="macro"))
    assert found.auc.value == pytest.approx(roc_auc_score(malignant, said.malignancy))
    assert found.condition_accuracy.value == pytest.approx(accuracy_score(conditions, named))
    assert found.condition_f1_macro.value == pytest.approx(f1_score(conditions, named, average="macro"))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40))
def test_images_of_one_group_are_drawn_together(groups: list[int]) -> None:
    draws = group_draws(np.array(groups), resamples=20)
    assert (draws[0] == 1).all()
    for group in set(groups):
        own = draws[:, np.array(groups) == group]
        assert (own == own[:, :1]).all()


def test_photos_of_few_patients_give_wider_intervals() -> None:
    """Where a patient's photos are right or wrong together, 200 photos of ten patients say less than 200 of 200."""
    _, malignant, conditions, _ = case(1, 200)
    patients = np.arange(200) // 20
    right = patients % 3 > 0
    said = Said(np.where(malignant == right, 1.0, -1.0), np.zeros((200, 10)))
    many, few = (judged(said, malignant, conditions, groups).accuracy for groups in (np.arange(200), patients))
    assert few.value == many.value == right.mean()
    assert few.high - few.low > 2 * (many.high - many.low)
    assert (few.n, many.n) == (200, 200)


def test_an_interval_holds_its_value_and_is_the_same_again() -> None:
    found = [judged(*case(3, 120)) for _ in range(2)]
    assert found[0] == found[1]
    for figure in vars(found[0]).values():
        assert figure.low <= figure.value <= figure.high
