"""Classifiers on embeddings: they learn both targets, come back from their files, and are fitted once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from runtime.conditions import CONDITIONS
from teacher.data.dataset import Dataset
from teacher.data.sampling import SamplingConfig
from teacher.data.splits import Part
from teacher.models.config import TeacherError
from teacher.probes.examples import Examples, Probe, examples_of
from teacher.probes.kinds import KINDS, ensure_probe

LEARNERS = sorted(set(KINDS) - {"majority"})


def drawn(count: int, *, seed: int, classes: int = 4, width: int = 12) -> Examples:
    """Clusters, one a condition; the first half of the conditions is malignant. Conditions above are never seen."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(99).normal(size=(classes, width)) * 2
    conditions = rng.integers(0, classes, count)
    features = (centres[conditions] + rng.normal(size=(count, width))).astype(np.float32)
    return Examples(
        features=5 + 3 * features,
        malignant=conditions < classes // 2,
        conditions=conditions,
        weights=np.ones(count),
    )


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Probe]:
    folder = tmp_path_factory.mktemp("probes")
    return {kind: ensure_probe(kind, drawn(300, seed=0), drawn(100, seed=1), folder) for kind in KINDS}


@pytest.mark.parametrize("kind", LEARNERS)
def test_both_targets_are_learned(kind: str, learned: dict[str, Probe]) -> None:
    judge = drawn(200, seed=2)
    malignancy, conditions = (
        learned[kind].malignancy_logits(judge.features),
        learned[kind].condition_logits(judge.features),
    )
    assert malignancy.shape == (200,)
    assert conditions.shape == (200, len(CONDITIONS))
    assert np.isfinite(malignancy).all()
    assert np.isfinite(conditions).all()
    assert roc_auc_score(judge.malignant, malignancy) > 0.97
    assert (conditions.argmax(axis=1) == judge.conditions).mean() > 0.9


def test_the_majority_says_the_same_of_everything(learned: dict[str, Probe]) -> None:
    learn, judge = drawn(300, seed=0), drawn(50, seed=2)
    said = learned["majority"].malignancy_logits(judge.features)
    share = learn.malignant.mean()
    np.testing.assert_allclose(said, np.log(share / (1 - share)), rtol=1e-5)
    best = np.bincount(learn.conditions).argmax()
    assert (learned["majority"].condition_logits(judge.features).argmax(axis=1) == best).all()


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_fitted_once_and_comes_back_the_same(kind: str, tmp_path: Path, monkeypatch) -> None:
    learn, validation, judge = drawn(80, seed=0), drawn(40, seed=1), drawn(20, seed=2)
    first = ensure_probe(kind, learn, validation, tmp_path)

    def fail(*_: object) -> Probe:
        raise AssertionError("fitted again")

    monkeypatch.setattr("teacher.probes.kinds.KINDS", {kind: KINDS[kind]._replace(fit=fail)})
    again = ensure_probe(kind, learn, validation, tmp_path)
    np.testing.assert_array_equal(again.malignancy_logits(judge.features), first.malignancy_logits(judge.features))
    np.testing.assert_array_equal(again.condition_logits(judge.features), first.condition_logits(judge.features))
    with pytest.raises(AssertionError, match="fitted again"):
        ensure_probe(kind, replace(learn, malignant=~learn.malignant), validation, tmp_path)


@pytest.mark.parametrize("kind", LEARNERS)
def test_two_fits_are_the_same(kind: str) -> None:
    learn, validation, judge = drawn(80, seed=0), drawn(40, seed=1), drawn(20, seed=2)
    one, two = (KINDS[kind].fit(learn, validation).condition_logits(judge.features) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("kind", LEARNERS)
def test_two_conditions_and_one_that_only_the_validation_part_has(kind: str, tmp_path: Path) -> None:
    probe = ensure_probe(kind, drawn(80, seed=0, classes=2), drawn(60, seed=1, classes=3), tmp_path)
    said = probe.condition_logits(drawn(30, seed=2, classes=2).features)
    assert set(said.argmax(axis=1)) <= {0, 1}


@pytest.mark.parametrize("kind", LEARNERS)
def test_weights_move_the_answer(kind: str) -> None:
    learn, validation, judge = drawn(120, seed=0), drawn(60, seed=1), drawn(60, seed=2)
    heavy = replace(learn, weights=np.where(learn.malignant, 20.0, 1.0))
    blurred = judge.features.mean(axis=0, keepdims=True).repeat(5, axis=0)
    even, uneven = (KINDS[kind].fit(one, validation).malignancy_logits(blurred).mean() for one in (learn, heavy))
    assert uneven > even


def test_nothing_is_pickled(tmp_path: Path) -> None:
    for kind in KINDS:
        ensure_probe(kind, drawn(60, seed=0), drawn(30, seed=1), tmp_path)
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} == {".safetensors", ".ubj", ".json"}


def test_one_kind_of_image_is_refused(small_data: Dataset) -> None:
    train = small_data.part(Part.TRAIN)
    benign = train[~small_data.malignant(train)]
    with pytest.raises(TeacherError, match="malignant and benign"):
        examples_of(small_data, benign, np.zeros((len(benign), 3), dtype=np.float32), SamplingConfig())
