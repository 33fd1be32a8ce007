"""A dataclass is a command: each marked field one option with its docstring, and back into the dataclass it goes."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import pytest
import typer
from typer.testing import CliRunner

from teacher.options import OPTION, Draft, OptionError, View, above_zero, from_dataclasses, values_of


@dataclass(frozen=True, kw_only=True)
class Inner:
    """Within another."""

    lr: Annotated[float, typer.Option("--inner-lr")] = 0.5
    """of the inner one"""
    seed: Annotated[int, OPTION] = 7
    """never shown: the outer seed is the same option"""
    hidden: int = 3


@dataclass(frozen=True, kw_only=True)
class Config:
    """All kinds of fields."""

    inner: Inner = field(default_factory=Inner)
    folder: Annotated[Path | None, OPTION] = None
    """where it lies,
    on two lines

    What only readers of the code want to know."""
    epochs: Annotated[int, typer.Option(min=1)] = 12
    """passes over the photos"""
    kind: Annotated[Literal["a", "b"], typer.Option(help=f"{'a'}, or b")] = "a"
    fast: Annotated[bool, OPTION] = True
    """quick"""
    loud: Annotated[bool, typer.Option("--loud")] = False
    """with noise"""
    numbers: Annotated[list[int] | None, OPTION] = None
    """again and again"""
    seed: Annotated[int, OPTION] = 0
    """seed of everything"""


@dataclass(frozen=True, kw_only=True)
class Longer(Config):
    """A dataclass that inherits options."""

    more: Annotated[int, OPTION]
    """one that must be given"""


@dataclass(frozen=True, kw_only=True)
class Speechless:
    """Nobody said what it is for."""

    field: Annotated[int, OPTION] = 0
    other: int = 1
    """not an option"""


def ask[T](annotation: type[T], *words: str, default: object = ...) -> T:
    """What a command that takes such a parameter is given for these words."""
    found: list[T] = []

    def command(config: object) -> None:
        found.append(config)  # pyright: ignore[reportArgumentType]

    command.__annotations__["config"] = annotation
    if default is not ...:
        command.__defaults__ = (default,)
    done = run(command, *words)
    assert done.exit_code == 0, done.output
    return found[0]


def run(command: object, *words: str):
    app = typer.Typer(add_completion=False)
    app.command()(from_dataclasses(command))  # pyright: ignore[reportArgumentType]
    return CliRunner().invoke(app, list(words), env={"COLUMNS": "200", "TERMINAL_WIDTH": "200", "NO_COLOR": "1"})


def help_of(annotation: type) -> str:
    def command(config: object) -> None: ...

    command.__annotations__["config"] = annotation
    return " ".join(run(command, "--help").output.split())


def test_without_words_the_defaults_of_the_dataclass_hold() -> None:
    assert ask(Config) == Config(inner=Inner(seed=0))


def test_every_option_reaches_its_field() -> None:
    words = ["--folder", "x", "--epochs", "3", "--kind", "b", "--no-fast", "--loud", "--seed", "5", "--inner-lr", "0.1"]
    words += ["--numbers", "1", "--numbers", "2"]
    assert ask(Config, *words) == Config(
        folder=Path("x"), epochs=3, kind="b", fast=False, loud=True, numbers=[1, 2], seed=5, inner=Inner(lr=0.1, seed=5)
    )


def test_the_docstring_is_the_help_its_first_paragraph_only() -> None:
    text = help_of(Config)
    assert "Where it lies, on two lines." in text
    assert "readers of the code" not in text
    assert "a, or b" in text
    assert "Of the inner one. [default: 0.5]" in text
    assert "Seed of everything. [default: 0]" in text
    assert "never shown" not in text
    assert "--hidden" not in text
    assert "--no-loud" not in text


@pytest.mark.parametrize("words", [["--epochs", "0"], ["--kind", "c"], ["--hidden", "1"], ["--inner-lr", "x"]])
def test_limits_and_choices_hold(words: list[str]) -> None:
    def command(config: Config) -> None: ...

    assert run(command, *words).exit_code == 2


def test_an_instance_as_default_gives_the_defaults() -> None:
    default = Config(epochs=4, seed=1, inner=Inner(lr=0.25, seed=1, hidden=9))
    assert ask(Config, default=default) == default
    assert ask(Config, "--epochs", "5", default=default).inner == default.inner


def test_inherited_options_keep_their_help_and_required_ones_are_required() -> None:
    assert ask(Longer, "--more", "1", "--epochs", "2") == Longer(more=1, epochs=2, inner=Inner(seed=0))
    assert "Passes over the photos." in help_of(Longer)

    def command(config: Longer) -> None: ...

    assert run(command).exit_code == 2


def test_a_view_renames_and_leaves_out() -> None:
    view = Annotated[Config, View(names={"inner_lr": "rate"}, without=["epochs"])]
    assert ask(view, "--rate", "2") == Config(inner=Inner(lr=2.0, seed=0))  # pyright: ignore[reportArgumentType]
    text = help_of(view)  # pyright: ignore[reportArgumentType]
    assert "--epochs" not in text
    assert "--inner-lr" not in text


def test_a_draft_waits_for_what_the_command_decides() -> None:
    draft = ask(Annotated[Draft[Longer], View(unset=["epochs"])], "--more", "2")  # pyright: ignore[reportArgumentType]
    assert draft.values["epochs"] is None
    filled = draft.filled({"epochs": 30, "more": 9})
    assert filled.finished(inner=Inner(hidden=1)) == Longer(epochs=30, more=2, inner=Inner(hidden=1))


def test_plain_parameters_stay_beside_the_dataclass() -> None:
    found: list[object] = []

    def command(place: Annotated[Path, typer.Argument(help="Where.")], config: Inner, seed: int = 99) -> None:
        found.extend([place, config, seed])

    assert run(command, "here", "--seed", "4").exit_code == 0
    assert found == [Path("here"), Inner(seed=4), 4]


def test_an_option_without_a_word_of_help_is_refused() -> None:
    def command(config: Speechless) -> None: ...

    with pytest.raises(TypeError, match=r"Speechless\.field is an option and needs a docstring"):
        from_dataclasses(command)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_what_is_no_number_is_refused_by_its_option(number: str) -> None:
    def command(config: Config) -> None:
        raise AssertionError(config)

    done = run(command, "--inner-lr", number)
    assert isinstance(done.exception, OptionError)
    assert str(done.exception) == f"--inner-lr {number}: a finite number is wanted"


@dataclass(frozen=True, kw_only=True)
class Rate:
    """What must be above zero."""

    rate: Annotated[float | None, typer.Option("--my-rate", callback=above_zero)] = None
    """how fast"""


def test_a_rate_is_above_zero_or_left_out() -> None:
    def command(config: Rate) -> None:
        raise AssertionError(config)

    assert ask(Rate).rate is None
    assert ask(Rate, "--my-rate", "1e-300").rate == 1e-300
    for number in ("0", "-1", "-0.0"):
        done = run(command, "--my-rate", number)
        assert isinstance(done.exception, OptionError)
        assert f"--my-rate {float(number):g}: a number above zero is wanted" in str(done.exception)


def test_a_configuration_says_what_its_options_are_set_to() -> None:
    assert values_of(Config(inner=Inner(lr=0.25, seed=9), seed=1)) == {
        "inner_lr": 0.25,
        "folder": None,
        "epochs": 12,
        "kind": "a",
        "fast": True,
        "loud": False,
        "numbers": None,
        "seed": 1,
    }
