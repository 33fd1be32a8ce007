"""The preset's weights: in the package, small, what their card says, and made by one command."""

import hashlib
import re
from pathlib import Path

import pytest
import torch
from command_desk import typed
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score
from transformers import SiglipVisionModel

from runtime.photo.decode import load_square
from teacher.data.batches import ViewPlan
from teacher.data.dataset import DataOptions
from teacher.data.drawn import drawn_in_memory
from teacher.data.splits import Part
from teacher.data.synthetic import SyntheticConfig, load_synthetic, write_dataset
from teacher.models import preset
from teacher.models.answers import answer
from teacher.models.config import EncoderChoice, TeacherError
from teacher.models.network import Teacher
from teacher.models.preset import FIRST_SEED, PresetConfig, make_preset
from teacher.models.siglip import PRESETS, preset_digest, preset_file

SMALL = PresetConfig(rounds=4, drawings=8, views=2, judged=24, batch_size=8)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_brings_weights_that_its_card_describes(name: str) -> None:
    path = preset_file(name)
    card = path.with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(path.read_bytes()).hexdigest() in card
    assert f"{path.stat().st_size:,} bytes" in card
    assert "They know drawings only" in card
    tensors = load_file(path)
    assert {value.dtype for value in tensors.values()} == {torch.float16}
    assert all(torch.isfinite(value).all() for value in tensors.values())
    tower = {f"tower.{key}" for key in SiglipVisionModel(PRESETS[name]).state_dict()}
    assert tensors.keys() - tower == {
        f"{head}_head.{kind}" for head in ("malignancy", "conditions") for kind in ("weight", "bias")
    }
    assert tower <= tensors.keys()


def test_a_teacher_begins_with_the_preset_whatever_was_drawn_before() -> None:
    torch.manual_seed(1)
    teachers = [Teacher(EncoderChoice()) for _ in range(2)]
    stored = load_file(preset_file("tiny"))
    for teacher in teachers:
        held = {**teacher.encoder.state_dict(), **teacher.state_dict()}
        assert all(torch.equal(held[name], value.float()) for name, value in stored.items())
        assert {value.dtype for value in held.values()} == {torch.float32}


def test_its_seeds_are_none_that_jobs_draw_with() -> None:
    assert DataOptions().seed < 1_000_000 < FIRST_SEED - 1


def test_other_weights_are_another_teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = preset_digest("tiny")
    (tmp_path / "tiny.safetensors").write_bytes(b"others")
    monkeypatch.setattr("teacher.models.siglip.PRESET_FOLDER", tmp_path)
    assert preset_digest("tiny") != before
    assert preset_digest("some/checkpoint") == ""


def test_drawings_in_memory_are_those_on_disk(tmp_path: Path) -> None:
    config = SyntheticConfig(count=6, seed=9)
    write_dataset(config, tmp_path)
    drawn, stored = drawn_in_memory(config, size=64), load_synthetic(tmp_path)
    assert [one.condition for one in drawn.samples] == [one.condition for one in stored]
    assert [one.group_id for one in drawn.samples] == [one.group_id for one in stored]
    for index, sample in enumerate(stored):
        assert (drawn.square(index) == load_square(sample.path.read_bytes(), size=64)).all()
    assert len(drawn.part(Part.TRAIN)) == 6


@pytest.mark.parametrize("stop", [1, 3])
def test_a_killed_run_ends_in_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: int) -> None:
    undisturbed = make_preset(tmp_path / "a", SMALL).read_bytes()
    real = preset._learn

    def killed(*arguments: object) -> None:
        if arguments[3] == stop:
            raise KeyboardInterrupt
        real(*arguments)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(preset, "_learn", killed)
    with pytest.raises(KeyboardInterrupt):
        make_preset(tmp_path / "b", SMALL)
    monkeypatch.setattr(preset, "_learn", real)
    assert make_preset(tmp_path / "b", SMALL).read_bytes() == undisturbed
    assert len(undisturbed) <= 4_000_000


def test_rounds_of_other_settings_are_refused(tmp_path: Path) -> None:
    make_preset(tmp_path, SMALL)
    with pytest.raises(TeacherError, match="other settings; choose another folder"):
        make_preset(tmp_path, PresetConfig(rounds=4, drawings=8, views=1, judged=24, batch_size=8))
    with pytest.raises(TeacherError, match="other settings"):  # the rate has fallen already
        make_preset(tmp_path, PresetConfig(rounds=40, drawings=8, views=2, judged=24, batch_size=8))


def test_the_command_writes_weights_and_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = typed(
        *("teacher", "preset", tmp_path, "--rounds", 1, "--drawings", 8, "--views", 1, "--judged", 24), capsys=capsys
    )
    assert said.code == 0
    assert "They know drawings only" in said.out
    assert "seeds 2,000,000,000 to 2,000,000,000" in said.out
    stored = load_file(tmp_path / "tiny.safetensors")
    assert sorted(stored) == sorted(load_file(preset_file("tiny")))
    assert re.search(r"sha256 `[0-9a-f]{64}`", said.out)


@pytest.mark.slow
def test_it_tells_malignant_drawings_from_others_before_any_job_has_tuned_it() -> None:
    """On drawings that a user's job has, with seed 0: none of them was there when the weights were made."""
    drawn = drawn_in_memory(SyntheticConfig(count=400), size=128)
    plan = ViewPlan(drawn.part(Part.TRAIN))
    said = answer(Teacher(EncoderChoice()).eval(), drawn, plan, lambda _: None)
    assert roc_auc_score(drawn.malignant(plan.indices), said.malignancy) > 0.9
