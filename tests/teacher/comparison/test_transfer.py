"""`python -m teacher cross-domain` and `focused`: what a lesson leaves out is never learned from."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_desk import Said, typed

from teacher.comparison import transfer
from teacher.comparison.transfer import Lesson, School, absent, cross_domain, focused
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.embeddings.embedder import embedder_of
from teacher.models.config import EncoderChoice, TeacherError

SMALL = EncoderChoice(name="timm:test_efficientnet", image_size=64)


@pytest.fixture
def _few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """The small drawings have two dozen test photos, and thirty patients a group are asked for."""
    monkeypatch.setattr("teacher.evaluation.frame.FEWEST", 3)
    monkeypatch.setattr("teacher.evaluation.frame.FEWEST_OF_A_KIND", 1)


def school(data: Dataset) -> School:
    return School(dataset=data, embedder=embedder_of(SMALL), chosen=np.arange(len(data.samples)), kind="logistic")


def asked(command: str, cache: Path, out: Path, *more: object, capsys: pytest.CaptureFixture[str]) -> Said:
    words = ("--cache", cache, "--image-size", 64, "--synthetic-count", 200, "--out", out)
    return typed("teacher", command, *words, "--teacher", SMALL.name, "--teacher-size", 64, *more, capsys=capsys)


def test_what_is_left_out_is_never_learned_from(small_data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by the classifier nor by what stops it."""
    seen: list[set[str]] = []
    real = transfer.ensure_probe

    def watched(kind: str, learn: object, validation: object, folder: Path) -> object:
        seen.append({one.tobytes() for examples in (learn, validation) for one in examples.features})  # type: ignore[attr-defined]
        return real(kind, learn, validation, folder)  # type: ignore[arg-type]

    monkeypatch.setattr(transfer, "ensure_probe", watched)
    own = school(small_data)
    rows = cross_domain(own, lambda _: None)
    assert {row.name for row in rows} == {str(sample.domain) for sample in small_data.samples}
    lesson = Lesson(name="without clinical", taught=lambda sample: sample.domain != "clinical")
    seen.clear()
    own.judged(lesson)
    backbone = transfer.Backbone(
        name="frozen",
        folds=[transfer.Fold(embedder=own.embedder, learn=small_data.part(Part.TRAIN))],
        dataset=small_data,
        view=own.view,
        seed=0,
    )
    clinical = np.flatnonzero([sample.domain == "clinical" for sample in small_data.samples])
    hidden = {one.tobytes() for one in backbone.rows(backbone.folds[0], clinical)}
    assert seen
    assert not seen[0] & hidden
    train = [small_data.samples[index] for index in small_data.part(Part.TRAIN)]
    taught = next(row.taught for row in rows if row.name == "clinical")
    assert taught == sum(sample.domain != "clinical" for sample in train)


@pytest.mark.usefixtures("_few_are_enough")
def test_the_commands_leave_tables_and_pictures(
    small_data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = asked("cross-domain", small_data.folder.parent, tmp_path / "a.json", capsys=capsys)
    assert said.code == 0, said.err
    rows = json.loads((tmp_path / "a.json").read_text())["rows"]
    assert [row["kind"] for row in rows] == ["domain"] * 3  # one dataset, without sources
    assert any(row["lost"] is not None for row in rows)
    for row in rows:
        if row["lost"] is not None:
            assert row["lost"]["value"] == pytest.approx(row["known"]["value"] - row["unknown"]["value"])
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    said = asked("focused", small_data.folder.parent, tmp_path / "b.json", "--views", 1, capsys=capsys)
    assert said.code == 0, said.err
    found = json.loads((tmp_path / "b.json").read_text())
    assert [row["name"] for row in found["rows"]] == ["all datasets", "all, balanced and bridged"]
    assert found["absent"] == list(transfer.REFERENCE_DATASETS)
    assert "no photo of ham10000 to learn from alone" in said.out
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")


def test_few_photos_are_said_to_be_too_few(
    small_data: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = asked("cross-domain", small_data.folder.parent, tmp_path / "a.json", capsys=capsys)
    assert said.code == 0, said.err
    assert all(row["known"] is None for row in json.loads((tmp_path / "a.json").read_text())["rows"])
    assert "too few" in said.out


def test_ham_alone_is_a_lesson_where_it_is_there(small_data: Dataset) -> None:
    half = len(small_data.samples) // 2
    samples = [
        replace(sample, dataset="ham10000") if place < half else sample
        for place, sample in enumerate(small_data.samples)
    ]
    mixed = replace(small_data, samples=tuple(samples))
    rows = focused(school(mixed), views=0, advance=lambda _: None)
    assert [row.name for row in rows] == ["ham10000 only", "all datasets", "all, balanced and bridged"]
    assert rows[0].taught < rows[1].taught == rows[2].taught
    assert "ham10000" not in absent(mixed)


def test_a_lesson_without_images_is_refused(small_data: Dataset) -> None:
    with pytest.raises(TeacherError, match="nothing: no images to learn from"):
        school(small_data).judged(Lesson(name="nothing", taught=lambda _: False))
