"""`python -m teacher compare`: frozen and fine-tuned embeddings, chosen by validation, test looked at once after it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_desk import Said, typed

from teacher.comparison import compare as comparison
from teacher.comparison.backbones import Backbone, Fold, tuned_folds
from teacher.comparison.compare import compare
from teacher.data.dataset import Dataset
from teacher.data.sampling import SamplingConfig
from teacher.data.splits import Part
from teacher.data.views import ViewConfig
from teacher.embeddings.embedder import embedder_of
from teacher.models.config import EncoderChoice, TeacherError
from teacher.probes.kinds import KINDS
from teacher.soft_labels import SoftLabels, soft_labels_folder
from teacher.soft_labels.sets import folds_of, read_rows

SMALL = EncoderChoice(name="timm:test_efficientnet", image_size=64)


@pytest.fixture(autouse=True)
def _two_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kinds have tests of their own."""
    kinds = {kind: KINDS[kind] for kind in ("majority", "logistic")}
    monkeypatch.setattr(comparison, "KINDS", kinds)


def frozen(data: Dataset, *, views: int = 0) -> Backbone:
    fold = Fold(embedder=embedder_of(SMALL), learn=data.part(Part.TRAIN))
    return Backbone(name="frozen", folds=[fold], dataset=data, views=views, view=ViewConfig(), seed=0)


def asked(cache: Path, out: Path, *more: object, capsys: pytest.CaptureFixture[str]) -> Said:
    words = ("--cache", cache, "--image-size", 64, "--synthetic-count", 200, "--out", out)
    return typed("teacher", "compare", *words, "--teacher", SMALL.name, "--teacher-size", 64, *more, capsys=capsys)


def test_frozen_and_fine_tuned_stand_in_one_table(
    small_data: Dataset, small_config, small_labels: SoftLabels, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = soft_labels_folder(small_data, small_config.teacher)
    out = tmp_path / "new" / "compare.json"
    said = asked(small_data.folder.parent, out, "--fine-tuned", folder, capsys=capsys)
    assert said.code == 0, said.err
    found = json.loads(out.read_text())
    assert [row["name"] for row in found["rows"]] == [
        "majority",
        "logistic on frozen embeddings",
        "logistic on fine-tuned embeddings",
        "heads on fine-tuned embeddings",
    ]
    by_validation = [row["validation"]["f1_macro"]["value"] for row in found["rows"]]
    assert [row["chosen"] for row in found["rows"]].index(True) == int(np.argmax(by_validation))
    assert sum(row["chosen"] for row in found["rows"]) == 1
    for row in found["rows"]:
        assert row["test"]["auc"]["n"] == found["images"]["test"] == len(small_data.part(Part.TEST))
        assert row["test"]["auc"]["low"] <= row["test"]["auc"]["value"] <= row["test"]["auc"]["high"]
    assert found["rows"][0]["test"]["auc"]["value"] == 0.5
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert "asked once, after the choice" in said.out


def test_what_is_fitted_is_not_fitted_again(
    small_data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    outs = [tmp_path / name for name in ("a.json", "b.json")]
    assert asked(small_data.folder.parent, outs[0], capsys=capsys).code == 0

    def fail(*_: object, **__: object) -> None:
        raise AssertionError("a classifier was fitted, or an image embedded, again")

    monkeypatch.setattr("teacher.probes.linear.LogisticRegression", fail)
    monkeypatch.setattr("teacher.embeddings.command.fill", fail)
    assert asked(small_data.folder.parent, outs[1], capsys=capsys).code == 0
    assert outs[0].read_bytes() == outs[1].read_bytes()
    assert outs[0].with_suffix(".png").read_bytes() == outs[1].with_suffix(".png").read_bytes()


def test_the_choice_does_not_depend_on_the_test_part(small_data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Test labels turned round change the test column, and nothing else."""
    everything = np.arange(len(small_data.samples))
    before = compare(small_data, [frozen(small_data)], everything, SamplingConfig())
    real, test = Dataset.malignant, set(small_data.part(Part.TEST).tolist())

    def turned(self: Dataset, indices: np.ndarray) -> np.ndarray:
        return real(self, indices) ^ np.array([int(index) in test for index in indices], dtype=bool)

    monkeypatch.setattr(Dataset, "malignant", turned)
    after = compare(small_data, [frozen(small_data)], everything, SamplingConfig())
    assert [(row.name, row.chosen, row.validation) for row in before] == [
        (row.name, row.chosen, row.validation) for row in after
    ]
    assert [row.test for row in before] != [row.test for row in after]


def test_fine_tuned_embeddings_are_cross_fitted(small_data: Dataset, small_config, small_labels: SoftLabels) -> None:
    """Each training image is learned from as the teacher of the other fold sees it, and as no other."""
    folder = soft_labels_folder(small_data, small_config.teacher)
    rows = read_rows(folder)
    assert rows is not None
    train = small_data.part(Part.TRAIN)
    fold_of = folds_of(rows, small_data, folds=2)
    folds = tuned_folds(folder, small_data, np.arange(len(small_data.samples)), precision="float32")
    for number, fold in enumerate(folds):
        np.testing.assert_array_equal(fold.learn, train[fold_of == number])
    assert folds[0].embedder.model != folds[1].embedder.model
    assert not set(small_data.groups[folds[0].learn]) & set(small_data.groups[folds[1].learn])


def test_views_are_learned_from_too(small_data: Dataset) -> None:
    backbone = frozen(small_data, views=2)
    learned = backbone.learned(backbone.folds[0], SamplingConfig())
    count = len(small_data.part(Part.TRAIN))
    assert learned.features.shape[0] == len(learned.malignant) == len(learned.weights) == 3 * count
    np.testing.assert_array_equal(learned.conditions[:count], learned.conditions[count : 2 * count])
    assert not np.array_equal(learned.features[:count], learned.features[count : 2 * count])


def test_teachers_of_other_data_are_refused(
    small_data: Dataset, small_config, small_labels: SoftLabels, tmp_path: Path
) -> None:
    folder = soft_labels_folder(small_data, small_config.teacher)
    swapped = tuple(Part.TEST if part is Part.TRAIN else part for part in small_data.parts)
    everything = np.arange(len(small_data.samples))
    with pytest.raises(TeacherError, match="other data"):
        tuned_folds(folder, replace(small_data, parts=swapped), everything, precision="float32")
    with pytest.raises(TeacherError, match="no folder of soft labels"):
        tuned_folds(tmp_path, small_data, everything, precision="float32")


def test_a_limit_that_leaves_no_test_part_is_one_line(small_data: Dataset) -> None:
    with pytest.raises(TeacherError, match="raise --limit"):
        compare(small_data, [frozen(small_data)], small_data.part(Part.TRAIN), SamplingConfig())
