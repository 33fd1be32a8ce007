"""A sweep's file: what it can say, and that whatever is wrong in it is one line before anything begins."""

import json
import tomllib
from pathlib import Path

import pytest
from command_desk import Said, typed
from plugin_training import SMALL_STUDENT

from distill.sweep.options import SweepError
from distill.sweep.plan import Plan, read_plan

ISSUE = f"""
seeds = [0, 1, 2]

[defaults]
epochs = 3
image-size = 64
seed = 5

[students.{SMALL_STUDENT}]
[students.again]
student = "test_resnet"
lr = 0.5

[recipes.hard]
soft-weight = 0
[recipes.plain]
labels = "plain"
bridging = false
[recipes.ours]
teacher = ["tiny", "timm:test_efficientnet"]
export = true
quantize = {{ steps = 7 }}
"""
"""The comparison of hard labels, plain distillation and this trainer, over two students and three seeds."""


def plan_of(text: str, folder: Path, *, name: str = "compared.toml") -> Plan:
    (folder / name).write_text(text)
    return read_plan(folder / name)


def test_students_recipes_and_seeds(tmp_path: Path) -> None:
    plan = plan_of(ISSUE, tmp_path)
    assert plan.name == "compared"
    assert len(plan.entries) == 2 * 3 * 3
    assert [one.config.seed for one in plan.entries] == [0] * 6 + [1] * 6 + [2] * 6
    by_name = {one.name: one for one in plan.entries}
    hard, plain, ours = (by_name[f"{SMALL_STUDENT}-{recipe}-s1"] for recipe in ("hard", "plain", "ours"))
    assert (hard.config.loss.soft_weight, hard.config.labels, hard.config.epochs) == (0, "views", 3)
    assert (plain.config.labels, plain.config.teacher.finetune.view.bridging) == ("plain", False)
    assert [one.encoder.name for one in ours.config.teacher.members] == ["tiny", "timm:test_efficientnet"]
    assert (ours.export, hard.export) == (True, False)
    assert ours.quantize is not None
    assert (ours.quantize.steps, hard.quantize) == (7, None)
    again = by_name["again-hard-s0"].config
    assert (again.student_spec.arch, again.lr) == ("test_resnet", 0.5)


def test_a_seed_is_of_the_training_alone(tmp_path: Path) -> None:
    """Photos, split and soft labels are made once, and hours of a teacher's work with them."""
    plan = plan_of(ISSUE, tmp_path)
    assert {one.config.data for one in plan.entries} == {plan.entries[0].config.data}
    assert {(one.config.data.seed, one.config.teacher.seed) for one in plan.entries} == {(5, 5)}


def test_a_grid(tmp_path: Path) -> None:
    text = '[defaults]\nstudent = "test_efficientnet"\n[grid]\nlr = [0.1, 0.2]\ntrain-size = [32, 48]\n'
    plan = plan_of(text, tmp_path)
    assert [one.name for one in plan.entries] == [
        f"test_efficientnet-lr{lr}-train-size{size}-s0" for lr in (0.1, 0.2) for size in (32, 48)
    ]
    asked = [(one.config.lr, one.config.train_size) for one in plan.entries]
    assert asked == [(0.1, 32), (0.1, 48), (0.2, 32), (0.2, 48)]


def test_json_says_the_same(tmp_path: Path) -> None:
    text = json.dumps(tomllib.loads(ISSUE))
    assert plan_of(text, tmp_path, name="compared.json") == plan_of(ISSUE, tmp_path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[default]\nepochs = 3", "no key 'default'; did you mean 'defaults'?"),
        ("[defaults]\nepoch = 3", "mobilenetv3: no option 'epoch'; did you mean 'epochs'?"),
        ("[recipes.a]\nsoft_weight = 0", "mobilenetv3 a: no option 'soft_weight'; did you mean 'soft-weight'?"),
        ("[grid]\nlrs = [1]", "no option 'lrs'"),
        ("[grid]\nlr = 1", "grid: lr = 1: a list of values is wanted"),
        ("[grid]\nlr = []", "a list of values is wanted"),
        ("[grid]\nexport = [true]", "export stands in students or recipes"),
        ("[grid]\nlr = [0.1, 0.1]", "two runs would be called mobilenetv3-lr0.1-s0"),
        ("[defaults]\nepochs = 'many'", "Invalid value for '--epochs'"),
        ("[defaults]\nepochs = 0", "Invalid value for '--epochs'"),
        ("[defaults]\nepochs = true", "epochs = True: a number or a text is wanted"),
        ("[defaults]\nepochs = [1, 2]", "epochs takes one value; what is to be compared stands in [grid]"),
        ("[defaults]\nlr = nan", "--lr nan: a "),
        ("[defaults]\nlabels = 'none'", "Invalid value for '--labels'"),
        ("[defaults]\nbridging = 1", "bridging = 1: true or false is wanted"),
        ("[defaults]\nresume = true", "resume is decided by the sweep"),
        ("[defaults]\nname = 'x'", "name is decided by the name of the file"),
        ("[defaults]\nexport = 'yes'", "export = 'yes': true or false is wanted"),
        ("[defaults]\nquantize = 3", "quantize = 3: true, false or a table of options is wanted"),
        ("[defaults]\nquantize = {step = 3}", "quantize: no option 'step'; did you mean 'steps'?"),
        ("[defaults]\nquantize = {steps = 0}", "quantize: Invalid value for '--steps'"),
        ("[students.mobilnet]", "mobilnet: unknown student 'mobilnet': use one of mobilenetv3, "),
        ("[students.'a b']", "becomes part of a folder's name"),
        ("students = ['mobilenetv3']", "students = ['mobilenetv3']: a table is wanted"),
        ("[recipes]\na = 3", "recipes.a = 3: a table is wanted"),
        ("seeds = 3", "seeds = 3: a list of whole numbers"),
        ("seeds = [true]", "seeds = [True]: a list of whole numbers"),
        ("seeds = [-1]", "a list of whole numbers from 0"),
        ("seeds = []", "a list of whole numbers"),
        ("seeds = [0, 0]", "two runs would be called mobilenetv3-s0"),
        ("name = '../x'", "the name '../x' is no name for a folder"),
        ("name = 3", "the name 3 is no name for a folder"),
        ("seeds = [0", "no TOML ("),
        ("[grid]\nlr = [" + "1," * 1100 + "]", "1,100 runs, and 1,000 are the most"),
    ],
)
def test_what_is_wrong_is_one_line(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SweepError) as caught:
        plan_of(text, tmp_path)
    assert words in str(caught.value)
    assert str(tmp_path / "compared.toml") in str(caught.value)


@pytest.mark.parametrize("content", [b"[]", b"{", b"3", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_none(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "one.json").write_bytes(content)
    with pytest.raises(SweepError, match=r"one\.json"):
        read_plan(tmp_path / "one.json")


def swept(*arguments: object, capsys: pytest.CaptureFixture[str]) -> Said:
    return typed("distill", "sweep", *arguments, capsys=capsys)


def test_a_dry_run_lists_and_makes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "compared.toml").write_text(ISSUE)
    said = swept(tmp_path / "compared.toml", "--runs", tmp_path / "runs", "--dry-run", capsys=capsys)
    assert said.code == 0, said.err
    for words in ("18 runs", "again-plain-s2", "train, quantize, export"):
        assert words in said.out, words
    assert not (tmp_path / "runs").exists()


def test_a_wrong_option_ends_the_command_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "wrong.toml").write_text("[recipes.a]\nlearning-rate = 3\n")
    said = swept(tmp_path / "wrong.toml", "--runs", tmp_path / "runs", capsys=capsys)
    assert said.code == 1
    assert "no option 'learning-rate'" in said.error
    assert "cannot be read" in swept(tmp_path / "absent.toml", capsys=capsys).error
    assert not (tmp_path / "runs").exists()
