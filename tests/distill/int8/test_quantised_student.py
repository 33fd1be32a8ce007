"""The quantisation-aware fine-tune: the simulation is the student, rounds as the device does, and learning helps."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from typer.testing import CliRunner

from distill.cli import app
from distill.config import TrainConfig
from distill.int8.fake_rounding import Quantiser, grid
from distill.int8.fine_tune import BLOCK, QuantisedStudent, QuantizeConfig, fine_tune, rounded_off
from distill.int8.quantised_student import ensure_quantised, load_quantised, read_agreement
from distill.int8.simulate import Scheme, Simulation, SimulationError
from distill.int8.starting_ranges import least_error_range
from distill.run import create_run
from distill.student import Student, StudentError, load_student, student_spec
from distill.trainer import train
from teacher.data.dataset import Dataset
from teacher.soft_labels import SoftLabels, view_seeds

ARCHITECTURES = ("mobilenetv2", "mobilenetv3", "efficientnet_b0", "efficientnet_lite0")
# A third of the usual rate: the heads of `run` are fifty times larger than training left them, and so are their steps.
CONFIG = QuantizeConfig(steps=BLOCK + 10, batch_size=8, lr=1e-4, range_lr=1e-2)

ranges = st.tuples(st.floats(-100, 0, width=32), st.floats(0.015625, 100, width=32))
bytes_ = st.lists(st.integers(0, 255), min_size=1, max_size=50)


def some_student(name: str, *, seed: int = 0) -> Student:
    """A student whose batch norms do something."""
    torch.manual_seed(seed)
    student = Student(student_spec(name, image_size=64)).eval()
    for module in student.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_(std=0.2)
            module.running_var.uniform_(0.5, 2.0)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.2)
    return student


def calibrated(student: Student, scheme: Scheme | None = None) -> Simulation:
    """A simulation with ranges wide enough for what `images` gives."""
    simulation = Simulation(student, scheme or Scheme())
    simulation.set_ranges(dict.fromkeys(simulation.quantisers, (-4.0, 4.0)))
    return simulation


def images(count: int = 2) -> Tensor:
    return torch.randn(count, 3, 64, 64, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, small_config: TrainConfig, small_data: Dataset, small_labels: SoftLabels
) -> Path:
    """A finished run of three epochs, with heads that answer as decidedly as after thirty."""
    made = create_run(tmp_path_factory.mktemp("runs"), small_config, name="parent")
    train(made, small_config, small_data, small_labels)
    tensors = load_file(made / "student.safetensors")
    heads = {name: tensor * 50 for name, tensor in tensors.items() if name.endswith("_head.weight")}
    save_file({**tensors, **heads}, made / "student.safetensors")
    return made


@pytest.fixture(scope="module")
def first(run: Path, small_data: Dataset) -> QuantisedStudent:
    return rounded_off(load_student(run), small_data, scheme=Scheme())


@pytest.fixture(scope="module")
def quantised(run: Path, small_data: Dataset) -> Path:
    """The run with its 8-bit student."""
    ensure_quantised(run, config=CONFIG, dataset=small_data, start=lambda _total: lambda: None)
    return run


# The simulation


@pytest.mark.parametrize("name", [*ARCHITECTURES, "test_efficientnet"])
def test_without_rounding_it_is_the_student(name: str) -> None:
    student = some_student(name)
    with torch.no_grad():
        for wanted, got in zip(student(images()), Simulation(student, Scheme())(images()), strict=True):
            torch.testing.assert_close(got, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "some", "none", "count"),
    [
        ("mobilenetv2", "input act0 act1 conv2 act3 add0 add9 conv50 act51", "conv0 conv1 pool0 mul0 act2 conv51", 63),
        ("efficientnet_lite0", "input act0 act1 conv2 add8 conv47 act48", "conv0 conv48 pool0 mul0", 59),
        ("mobilenetv3", "input conv0 act0 act1 pool0 act11 conv12 act12 mul0 pool8 conv62 act62", "conv1 pool9", 120),
        ("efficientnet_b0", "input conv0 act0 pool0 conv2 act2 conv3 act3 mul15 conv79 act80", "act4 pool16", 188),
    ],
)
def test_the_8_bit_tensors_are_those_of_the_exported_scheme(name: str, some: str, none: str, count: int) -> None:
    keys = set(Simulation(some_student(name), Scheme()).quantisers)
    assert keys >= set(some.split())
    assert not keys & set(none.split())
    assert len(keys) == count


def test_the_first_convolutions_can_stay_float() -> None:
    student = some_student("mobilenetv2")
    every, fewer = (set(Simulation(student, Scheme(float_convolutions=n)).quantisers) for n in (0, 4))
    assert every - fewer == {"input", "act0", "act1", "conv2"}  # act3 stays 8 bit: the fifth convolution reads it


def test_rounding_changes_the_answers_a_little_and_can_be_turned_off() -> None:
    simulation = calibrated(some_student("test_efficientnet"))
    with torch.no_grad():
        exact = simulation(images()).features
        rounded = simulation.quantise(True)(images()).features
        again = simulation.quantise(False)(images()).features
    assert torch.equal(exact, again)
    assert 0 < (rounded - exact).abs().max() < 0.2 * exact.abs().max()


def test_every_parameter_and_range_gets_a_gradient() -> None:
    student = some_student("mobilenetv3")
    simulation = calibrated(student).quantise(True)
    output = simulation(images(8))
    (output.malignancy.sum() + output.conditions.square().sum()).backward()
    missing = [name for name, parameter in student.named_parameters() if parameter.grad is None]
    assert not missing
    found = [quantiser.stretch.grad for quantiser in simulation.quantisers.values()]
    assert all(gradient is not None and torch.isfinite(gradient).all() for gradient in found)


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(SimulationError, match=r"has no 8-bit form|cannot be folded"):
        Simulation(Student(student_spec("test_convnext", image_size=64)), Scheme())


def test_ranges_of_another_architecture_are_refused() -> None:
    ranges = Simulation(some_student("mobilenetv2"), Scheme()).ranges()
    with pytest.raises(SimulationError, match="another architecture or scheme"):
        Simulation(some_student("test_efficientnet"), Scheme()).set_ranges(ranges)


# The arithmetic


def quantiser(low: float, high: float) -> Quantiser:
    made = Quantiser()
    made.start(low, high)
    made.quantising = True
    return made


@given(ends=ranges, bytes_=bytes_)
def test_what_a_byte_stands_for_stays(ends: tuple[float, float], bytes_: list[int]) -> None:
    step, zero = grid(*ends)
    values = (torch.tensor(bytes_) - zero).float() * step
    torch.testing.assert_close(quantiser(*ends)(values), values, atol=1e-4 * step, rtol=1e-6)


@given(ends=ranges)
def test_zero_is_exact_and_ranges_hold_it(ends: tuple[float, float]) -> None:
    made = quantiser(*ends)
    assert made(torch.zeros(1)).item() == 0
    low, high = made.range()
    assert low <= 0 <= high
    assert grid(low, high)[1] == grid(*ends)[1]


@given(ends=ranges, values=st.lists(st.floats(-200, 200, width=32), min_size=1, max_size=50))
def test_it_is_the_integer_arithmetic_of_the_device(ends: tuple[float, float], values: list[float]) -> None:
    made = quantiser(*ends)
    step, zero = grid(*ends)
    scaled = np.array(values, dtype=np.float32) / np.float32(step)
    wanted = (np.clip(np.rint(scaled) + zero, 0, 255) - zero) * np.float32(step)
    got = made(torch.tensor(values)).detach().numpy()
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5 * step)
    low, high = made.range()
    inside = (np.array(values) >= low) & (np.array(values) <= high)
    assert (np.abs(got - np.array(values))[inside] <= step * 0.5001 + 1e-5).all()


def test_the_gradient_stops_where_values_are_clipped_and_moves_the_end_that_clips() -> None:
    made = quantiser(-1.0, 1.0)
    x = torch.tensor([-3.0, -0.5, 0.0, 0.5, 3.0], requires_grad=True)
    made(x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 1, 1, 1, 0]


def test_least_error_cuts_rare_peaks() -> None:
    values = torch.randn(20_000, generator=torch.Generator().manual_seed(0)) ** 3
    found, full = least_error_range(values), (values.min().item(), values.max().item())
    assert full[0] < found[0] < 0 < found[1] < full[1]
    with torch.no_grad():
        cut, whole = ((quantiser(*ends)(values) - values).square().mean() for ends in (found, full))
    assert cut < whole
    assert least_error_range(torch.zeros(10))[0] == 0


# The fine-tune


def test_the_fine_tune_comes_nearer_to_float(quantised: Path) -> None:
    found = read_agreement(quantised)
    before, after = found["before"], found["after"]
    assert after["feature_error"] < before["feature_error"]
    nearest = max(before["malignancy_mean_difference"], 1e-6)  # a student that is sure of all leaves nothing to gain
    assert after["malignancy_mean_difference"] < nearest
    assert after["condition_agreement"] >= before["condition_agreement"]
    assert after["int8_auc"] > after["float32_auc"] - 0.05


def test_ranges_are_learnt(quantised: Path, first: QuantisedStudent) -> None:
    learnt = load_quantised(quantised)
    assert learnt is not None
    assert learnt.ranges.keys() == first.ranges.keys()
    moved = [key for key in first.ranges if not np.allclose(first.ranges[key], learnt.ranges[key], rtol=0.01)]
    assert len(moved) > len(first.ranges) / 2
    assert all(low <= 0 < high for low, high in learnt.ranges.values())


def test_the_folder_holds_a_normal_student(quantised: Path, run: Path) -> None:
    folder = quantised / "quantized"
    assert {path.name for path in folder.iterdir()} == {
        "student.safetensors",
        "ranges.json",
        "config.json",
        "metrics.json",
    }
    student = load_student(run)
    before = {name: value.clone() for name, value in student.state_dict().items()}
    student.load_state_dict(load_file(folder / "student.safetensors"))
    after = student.state_dict()
    assert torch.equal(before["trunk.bn1.running_mean"], after["trunk.bn1.running_mean"])
    assert not torch.equal(before["trunk.conv_stem.weight"], after["trunk.conv_stem.weight"])
    assert not [path for path in run.iterdir() if path.name.startswith(("quantizing-", "quantized."))]


def test_what_is_loaded_answers_as_what_was_measured(quantised: Path, small_data: Dataset) -> None:
    made, loaded = (ensure_quantised(quantised, config=CONFIG, dataset=small_data), load_quantised(quantised))
    assert loaded is not None
    with torch.no_grad():
        assert torch.equal(made.simulation()(images()).features, loaded.simulation()(images()).features)


def test_it_is_reused_until_the_config_or_the_weights_change(quantised: Path, tmp_path: Path) -> None:
    def refused(_total: int) -> None:
        raise InterruptedError  # reached only where it is made anew

    copied = shutil.copytree(quantised, tmp_path / "copied")
    ensure_quantised(copied, config=CONFIG, start=refused)  # type: ignore[arg-type]
    with pytest.raises(InterruptedError):
        ensure_quantised(copied, config=QuantizeConfig(steps=1), start=refused)  # type: ignore[arg-type]
    shutil.copy(copied / "quantized" / "student.safetensors", copied / "student.safetensors")
    with pytest.raises(InterruptedError):
        ensure_quantised(copied, config=CONFIG, start=refused)  # type: ignore[arg-type]


def test_interrupted_it_goes_on_with_the_same_bits(quantised: Path, tmp_path: Path, small_data: Dataset) -> None:
    copied = shutil.copytree(quantised, tmp_path / "copied")
    shutil.rmtree(copied / "quantized")
    with pytest.raises(KeyboardInterrupt):
        ensure_quantised(copied, config=CONFIG, dataset=small_data, start=lambda total: interrupted(total - 8))
    assert load_quantised(copied) is None
    assert list(copied.glob("quantizing-*/checkpoint-0001"))
    ensure_quantised(copied, config=CONFIG, dataset=small_data)
    for name in ("student.safetensors", "ranges.json", "metrics.json", "config.json"):
        assert (copied / "quantized" / name).read_bytes() == (quantised / "quantized" / name).read_bytes(), name
    assert not list(copied.glob("quantizing-*"))


def interrupted(after: int):
    """A progress bar at whose step `after` somebody presses Ctrl-C."""
    steps = iter(range(after))

    def step() -> None:
        if next(steps, None) is None:
            raise KeyboardInterrupt

    return step


def test_the_parent_is_left_as_it_was(first: QuantisedStudent, small_data: Dataset, small_config: TrainConfig) -> None:
    before = {name: value.clone() for name, value in first.student.state_dict().items()}
    seeds = view_seeds(small_data, small_config.teacher)
    tuned = fine_tune(first, small_data, seeds, config=QuantizeConfig(steps=2, batch_size=4))
    assert all(torch.equal(before[name], value) for name, value in first.student.state_dict().items())
    assert any(not torch.equal(before[name], value) for name, value in tuned.student.state_dict().items())


def test_the_seeds_are_those_of_the_soft_labels(
    small_data: Dataset, small_config: TrainConfig, small_labels: SoftLabels
) -> None:
    assert np.array_equal(view_seeds(small_data, small_config.teacher), small_labels.seeds)


def refused(_total: int) -> None:
    raise InterruptedError  # reached only where it is made anew


def test_without_a_config_what_is_there_is_kept(quantised: Path, tmp_path: Path) -> None:
    """An export after `distill quantize` with options of its own takes what these made."""
    copied = shutil.copytree(quantised, tmp_path / "copied")
    ensure_quantised(copied, start=refused)  # type: ignore[arg-type]
    stored = json.loads((copied / "quantized" / "config.json").read_text())
    del stored["config"]["label_weight"]  # as before there was such an option
    (copied / "quantized" / "config.json").write_text(json.dumps(stored))
    ensure_quantised(copied, config=CONFIG, start=refused)  # type: ignore[arg-type]
    shutil.rmtree(copied / "quantized")
    with pytest.raises(InterruptedError):
        ensure_quantised(copied, start=refused)  # type: ignore[arg-type]


def test_the_labels_of_the_run_are_heard(run: Path, tmp_path: Path, small_data: Dataset) -> None:
    """As in training, by the same loss; interrupted, with the same bits."""
    config = QuantizeConfig(steps=BLOCK + 4, batch_size=8, lr=1e-4, range_lr=1e-2, label_weight=0.5)
    heard, stopped, unheard = (shutil.copytree(run, tmp_path / name) for name in ("heard", "stopped", "unheard"))
    for folder in (heard, stopped, unheard):
        shutil.rmtree(folder / "quantized", ignore_errors=True)
    ensure_quantised(heard, config=config, dataset=small_data)
    with pytest.raises(KeyboardInterrupt):
        ensure_quantised(stopped, config=config, dataset=small_data, start=lambda total: interrupted(total - 5))
    ensure_quantised(stopped, config=config, dataset=small_data)
    ensure_quantised(unheard, config=replace(config, label_weight=0.0), dataset=small_data)
    weights = [(folder / "quantized" / "student.safetensors").read_bytes() for folder in (heard, stopped, unheard)]
    assert weights[0] == weights[1] != weights[2]
    assert read_agreement(heard)["after"]["int8_auc"] > 0


def test_damaged_files_are_one_line(quantised: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(quantised, tmp_path / "copied")
    (copied / "quantized" / "ranges.json").write_text("{")
    with pytest.raises(StudentError, match=r"not a quantised student of this version .* delete it"):
        load_quantised(copied)


# The command


def test_the_command_shows_before_and_after(quantised: Path) -> None:
    options = {"--steps": CONFIG.steps, "--batch-size": CONFIG.batch_size, "--lr": CONFIG.lr, "--range-lr": 0.01}
    words = [str(word) for pair in options.items() for word in pair]
    done = CliRunner().invoke(app, ["quantize", str(quantised), *words])
    assert done.exit_code == 0, done.output
    assert "same tier by malignancy" in done.output
    assert f"python -m export all --run {quantised}" in done.output.replace("\n", " ").replace("  ", " ")


def test_unknown_and_unfinished_runs_are_refused(tmp_path: Path, small_config: TrainConfig) -> None:
    unfinished = create_run(tmp_path, small_config, name="unfinished")
    for folder, words in ((tmp_path / "none", "not a run folder"), (unfinished, "continue it with --resume")):
        error = CliRunner().invoke(app, ["quantize", str(folder)]).exception
        assert isinstance(error, StudentError)
        assert words in str(error)


def test_config_says_what_made_it(quantised: Path) -> None:
    stored = json.loads((quantised / "quantized" / "config.json").read_text())
    assert stored["config"]["steps"] == CONFIG.steps
    assert len(stored["parent"]) == 64
