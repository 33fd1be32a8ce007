"""A table of a sweep file as options of a command: checked by the very parser that reads them from a command line."""

import difflib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperOption
from typer.exceptions import TyperException

from distill.config import TrainConfig
from distill.int8.fine_tune import QuantizeConfig
from distill.recipe import AS_OPTIONS, config_of
from runtime.errors import SkintagError
from teacher.models.config import TeacherNames
from teacher.options import Draft, from_dataclasses


class SweepError(SkintagError):
    """A sweep that cannot be carried out; the message says where in its file, and what to do."""


def train_config(values: Mapping[str, Any], *, where: str) -> TrainConfig:
    """What `distill train` would make of these options, by their names without dashes. Raises SweepError."""
    return _read(_training, values, where)


def quantize_config(values: Mapping[str, Any], *, where: str) -> QuantizeConfig:
    """What `distill quantize` would make of these options. Raises SweepError."""
    return _read(_fine_tuning, values, where)


def _training(draft: Annotated[Draft[TrainConfig], AS_OPTIONS], teachers: TeacherNames) -> TrainConfig:
    """A run's configuration."""
    return config_of(draft, teachers)


def _fine_tuning(config: QuantizeConfig) -> QuantizeConfig:
    """A fine-tune's configuration."""
    return config


def _read(reader: Callable[..., Any], values: Mapping[str, Any], where: str) -> Any:
    command = _command(reader)
    words = [word for name, value in values.items() for word in _words(command, name, value, where)]
    try:
        return command.main(args=words, prog_name="sweep", standalone_mode=False)
    except TyperException as error:
        raise SweepError(f"{where}: {error.format_message()}") from error
    except SkintagError as error:
        raise SweepError(f"{where}: {error}") from error


@cache
def _command(reader: Callable[..., Any]) -> TyperCommand:
    app = typer.Typer(add_completion=False)
    app.command()(from_dataclasses(reader))
    return cast(TyperCommand, typer.main.get_command(app))


def _words(command: TyperCommand, name: str, value: Any, where: str) -> list[str]:
    """As they would stand on the command line."""
    known = {flag.removeprefix("--"): one for one in command.params for flag in one.opts}
    option = known.get(name)
    if not isinstance(option, TyperOption):
        raise SweepError(f"{where}: no option {name!r}{near(name, known)}")
    if option.is_flag:
        return [_flag(option, value, f"{where}: {name}")]
    values = value if isinstance(value, list) else [value]
    if len(values) != 1 and not option.multiple:
        raise SweepError(f"{where}: {name} takes one value; what is to be compared stands in [grid]")
    for one in values:
        if isinstance(one, bool) or not isinstance(one, str | int | float):
            raise SweepError(f"{where}: {name} = {one!r}: a number or a text is wanted")
    return [f"--{name}={one}" for one in values]


def _flag(option: TyperOption, value: Any, where: str) -> str:
    if not isinstance(value, bool):
        raise SweepError(f"{where} = {value!r}: true or false is wanted")
    flags = option.opts if value else option.secondary_opts
    if not flags:
        raise SweepError(f"{where}: false is what it is without being named; leave it out")
    return flags[0]


def near(name: str, known: Mapping[str, Any]) -> str:
    """Such as "; did you mean 'epochs'?", or nothing."""
    found = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {found[0]!r}?" if found else ""
