"""Fine-tuning: what learns, what is kept, what a kill loses, and that many processes learn what one does."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from teacher.data.batches import ViewPlan
from teacher.data.dataset import Dataset
from teacher.data.splits import Part
from teacher.models import fine_tuning, kept_views
from teacher.models.answers import ask
from teacher.models.compute import Compute
from teacher.models.config import EncoderChoice, FinetuneConfig, TeacherError
from teacher.models.fine_tuning import finetune
from teacher.models.network import Teacher

SMALL = EncoderChoice(name="timm:test_efficientnet", image_size=64)
"""With batch statistics, blocks and stochastic depth: all that processes must have in common."""


def learned(dataset: Dataset, config: FinetuneConfig, work: Path | None = None) -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    teacher = Teacher(SMALL)
    finetune(teacher, dataset, dataset.part(Part.TRAIN)[:48], config, work=work)
    return {name: tensor.clone() for name, tensor in teacher.state_dict().items()}


def start() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return Teacher(SMALL).state_dict()


@pytest.mark.parametrize("kept", [0, 2])
def test_only_the_last_blocks_and_the_heads_learn(small_data: Dataset, kept: int) -> None:
    before = start()
    after = learned(small_data, FinetuneConfig(epochs=1, blocks=1, kept_views=kept))
    moved = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert "malignancy_head.weight" in moved
    learning = ("blocks.4.", "conv_head", "bn2", "malignancy_head", "conditions_head")
    assert all(any(part in name for part in learning) for name in moved)
    assert any("blocks.4." in name for name in moved)


def test_all_of_it_learns_where_nothing_else_is_said(small_data: Dataset) -> None:
    before, after = start(), learned(small_data, FinetuneConfig(epochs=1))
    assert not torch.equal(before["encoder.trunk.conv_stem.weight"], after["encoder.trunk.conv_stem.weight"])


def test_rates_fall_towards_the_input(small_data: Dataset) -> None:
    """At the smallest decay the stem hardly moves, the heads as ever."""
    before, after = start(), learned(small_data, FinetuneConfig(epochs=1, layer_decay=0.1, ema_decay=0))
    far = (after["encoder.trunk.conv_stem.weight"] - before["encoder.trunk.conv_stem.weight"]).abs().max()
    near = (after["malignancy_head.weight"] - before["malignancy_head.weight"]).abs().max()
    assert far < near / 100


def test_interrupted_it_ends_in_the_same_weights(
    small_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = FinetuneConfig(epochs=3)
    wanted = learned(small_data, config)
    real, seen = fine_tuning.save_checkpoint, []

    def stop_after_the_second(*arguments: object, **named: object) -> None:
        real(*arguments, **named)  # type: ignore[arg-type]
        seen.append(1)
        if len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(fine_tuning, "save_checkpoint", stop_after_the_second)
    with pytest.raises(KeyboardInterrupt):
        learned(small_data, config, tmp_path)
    again = learned(small_data, config, tmp_path)
    assert len(seen) == 3
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in again.items())


def test_views_that_would_not_fit_are_drawn_anew(small_data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_views, "MOST_BYTES", 1000)
    fresh = learned(small_data, FinetuneConfig(epochs=1, blocks=1))
    found = learned(small_data, FinetuneConfig(epochs=1, blocks=1, kept_views=1))
    assert all(torch.equal(tensor, fresh[name]) for name, tensor in found.items())


def test_a_loss_that_is_no_number_stops_at_once(small_data: Dataset) -> None:
    with pytest.raises(TeacherError, match=r"no number any more, at a learning rate of .*--teacher-lr"):
        learned(small_data, FinetuneConfig(epochs=1, lr=1e30, warmup_share=1e-9))


def test_checkpointing_computes_the_same(small_data: Dataset) -> None:
    """The test model has no randomness in what is computed twice but its stochastic depth, which is replayed."""
    plain = learned(small_data, FinetuneConfig(epochs=1, blocks=2))
    again = learned(small_data, FinetuneConfig(epochs=1, blocks=2, checkpointing=True))
    np.testing.assert_allclose(plain["malignancy_head.weight"], again["malignancy_head.weight"], atol=1e-5)


def test_a_network_is_asked_where_it_lies(small_data: Dataset) -> None:
    """On a machine with a GPU a student that was left on the CPU is asked there."""
    elsewhere = Compute(device=torch.device("meta"), process=0, processes=1)
    teacher = Teacher(SMALL).eval()
    said = ask(
        teacher,
        small_data,
        ViewPlan(small_data.part(Part.VALIDATION)[:3]),
        size=64,
        mean=teacher.mean,
        std=teacher.std,
        compute=elsewhere,
    )
    assert said.malignancy.shape == (3,)
    assert np.isfinite(said.features).all()


def test_shares_are_the_batch_in_order() -> None:
    for processes, count in ((1, 5), (2, 5), (3, 7), (4, 2)):
        own = [
            Compute(device=torch.device("cpu"), process=n, processes=processes).share(count) for n in range(processes)
        ]
        assert [place for one in own for place in range(count)[one]] == list(range(count))


JOB = """
import sys
from pathlib import Path
import torch
from safetensors.torch import save_file
from teacher.data.dataset import DataOptions, open_dataset
from teacher.data.splits import Part
from teacher.data.batches import ViewPlan
from teacher.models.answers import answer
from teacher.models.compute import this_compute
from teacher.models.config import EncoderChoice, FinetuneConfig
from teacher.models.fine_tuning import finetune
from teacher.models.network import Teacher

dataset = open_dataset(DataOptions(image_size=64, cache=Path(sys.argv[1]), synthetic_count=200))
torch.manual_seed(0)
teacher = Teacher(EncoderChoice(name="timm:test_efficientnet", image_size=64))
finetune(teacher, dataset, dataset.part(Part.TRAIN)[:50], FinetuneConfig(epochs=2, batch_size=16))
said = answer(teacher, dataset, ViewPlan(dataset.part(Part.VALIDATION)), lambda _: None)
sys.stdout.write(f"processes: {this_compute().processes}\\n")  # in one piece: both write at once
if this_compute().first:
    save_file({"malignancy": torch.from_numpy(said.malignancy)}, sys.argv[2])
"""


@pytest.mark.slow
def test_two_processes_learn_what_one_does(small_data: Dataset, tmp_path: Path) -> None:
    """Two epochs with batch statistics, dropout and stochastic depth; the last batch has two rows."""
    job = tmp_path / "job.py"
    job.write_text(JOB)
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(job)]
    said = {}
    for name, command in {"one": [sys.executable, str(job)], "two": launch}.items():
        target = tmp_path / f"{name}.safetensors"
        run = subprocess.run([*command, str(small_data.folder.parent), str(target)], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        assert run.stdout.count("processes: 2") == (2 if name == "two" else 0)
        said[name] = load_file(target)["malignancy"].numpy()
    np.testing.assert_allclose(said["one"], said["two"], atol=2e-3)
