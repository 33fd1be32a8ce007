"""A command's options out of its configuration: the fields of a dataclass are options, their docstrings the help.

    @dataclass(frozen=True, kw_only=True)
    class Config:
        epochs: Annotated[int, typer.Option(min=1)] = 12
        \"\"\"passes over the training photos\"\"\"

    @app.command()
    @from_dataclasses
    def train(run: Annotated[Path, typer.Argument(help="...")], config: Config) -> None: ...

A field is an option where it is annotated with `typer.Option`; the others keep their defaults. Dataclasses within a
dataclass are walked too, after its own fields. Options of one name are one option that fills every field of that name:
the first field gives help, default and limits. The first paragraph of a docstring is the help, the rest is for readers;
`typer.Option(help=...)` is for what has to be computed.
"""

import ast
import inspect
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

from runtime.errors import SkintagError

OPTION = typer.Option()
"""For a field that is an option of its own name, without limits."""


class OptionError(SkintagError):
    """An option whose value no command can use; the message names it."""


def above_zero(param: typer.CallbackParam, value: float | None) -> float | None:
    """A `callback` for options such as a learning rate: what is not above zero is refused. Raises OptionError."""
    if value is not None and not value > 0:
        raise OptionError(f"{param.opts[0]} {value:g}: a number above zero is wanted")
    return value


@dataclass(frozen=True, kw_only=True)
class View:
    """How one command shows a configuration; stands beside the type of its parameter, in `Annotated`."""

    names: Mapping[str, str] = field(default_factory=dict)
    """what an option is called here, by its usual name; both in words_with_underscores"""
    without: Collection[str] = ()
    """options that this command does not have: their fields keep their defaults"""
    unset: Collection[str] = ()
    """options that are None where they are not given: the command decides their default"""


@dataclass(frozen=True, kw_only=True)
class Draft[T]:
    """A configuration that is whole only once the command has decided what its options leave open."""

    kind: type[T]
    view: View
    values: Mapping[str, Any]
    """by option, in words_with_underscores"""

    def filled(self, defaults: Mapping[str, Any]) -> "Draft[T]":
        """The same with values for the options that were not given."""
        missing = {name: value for name, value in defaults.items() if self.values[name] is None}
        return replace(self, values={**self.values, **missing})

    def finished(self, **decided: Any) -> T:
        """The configuration; `decided` are those of its fields that no option fills."""
        return _built(self.kind, self.view, self.values, decided=decided)


def from_dataclasses[R](function: Callable[..., R]) -> Callable[..., R]:
    """The function as typer reads it: a parameter that is a dataclass, or a `Draft` of one, becomes its options.

    The default of such a parameter, an instance, gives the defaults of its options. Raises TypeError where an option
    has no docstring; the command raises OptionError where the number of one is none (nan, inf).
    """
    parameters = inspect.signature(function, eval_str=True).parameters
    configs = {name: config for name, one in parameters.items() if (config := _config(one)) is not None}
    options: dict[str, inspect.Parameter] = {}
    for name, parameter in parameters.items():
        for option in configs[name].options() if name in configs else [parameter]:
            options.setdefault(option.name, option.replace(kind=inspect.Parameter.KEYWORD_ONLY))

    def command(**values: Any) -> R:
        plain = {name: values[name] for name in parameters if name not in configs}
        return function(**plain, **{name: config.read(values) for name, config in configs.items()})

    command.__name__, command.__doc__, command.__annotations__ = function.__name__, function.__doc__, {}
    command.__signature__ = inspect.Signature(list(options.values()))  # pyright: ignore[reportFunctionMemberAccess]
    return command


def values_of(config: Any) -> dict[str, Any]:
    """What the options of a configuration are set to, by option, in words_with_underscores."""
    found: dict[str, Any] = {}
    within: list[Any] = []
    for one, inner, info in _settings(type(config)):
        if is_dataclass(inner):
            within.append(getattr(config, one.name))
        elif info is not None:
            found.setdefault(_key(one, info), getattr(config, one.name))
    for own in within:
        found = values_of(own) | found
    return found


def _refuse_no_number(name: str, value: Any) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise OptionError(f"--{name.replace('_', '-')} {value}: a finite number is wanted")


class _Config(NamedTuple):
    """A parameter of a command that stands for many options."""

    kind: Any
    drafted: bool
    view: View
    default: Any

    def options(self) -> Iterator[inspect.Parameter]:
        return _options(self.kind, self.view, self.default)

    def read(self, values: Mapping[str, Any]) -> Any:
        if self.drafted:
            return Draft(kind=self.kind, view=self.view, values=values)
        return _built(self.kind, self.view, values, default=self.default)


def _config(parameter: inspect.Parameter) -> _Config | None:
    kind, view = _split(parameter.annotation, View)
    drafted = get_origin(kind) is Draft
    kind = get_args(kind)[0] if drafted else kind
    default = None if parameter.default is inspect.Parameter.empty else parameter.default
    return _Config(kind, drafted, view or View(), default) if is_dataclass(kind) else None


def _options(kind: Any, view: View, default: Any) -> Iterator[inspect.Parameter]:
    within: list[Iterator[inspect.Parameter]] = []
    for one, inner, info in _settings(kind):
        if is_dataclass(inner):
            within.append(_options(inner, view, _value(one, default)))
        elif info is not None and _key(one, info) not in view.without:
            yield _option(kind, one, inner, info, view=view, default=default)
    for options in within:
        yield from options


def _option(kind: Any, one: Field[Any], inner: Any, info: OptionInfo, *, view: View, default: Any) -> inspect.Parameter:
    key, shown = _key(one, info), copy(info)
    shown.help = shown.help or _help(kind, one.name)
    if key in view.names:  # in `Annotated` the first flag stands where elsewhere the default is
        shown.default = "--" + view.names[key].replace("_", "-")
    value = None if key in view.unset else _value(one, default, absent=inspect.Parameter.empty)
    annotation = Annotated[inner | None if value is None else inner, shown]
    name = view.names.get(key, key)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=annotation)


def _built(
    kind: Any, view: View, values: Mapping[str, Any], *, default: Any = None, decided: Mapping[str, Any] | None = None
) -> Any:
    found: dict[str, Any] = {}
    numbers: dict[str, Any] = {}
    for one, inner, info in _settings(kind):
        key = None if info is None else _key(one, info)
        if is_dataclass(inner) and one.name not in (decided or {}):
            found[one.name] = _built(inner, view, values, default=_value(one, default))
        elif key is not None and key not in view.without:
            found[one.name] = values[view.names.get(key, key)]
            numbers[view.names.get(key, key)] = found[one.name]
        elif default is not None:
            found[one.name] = getattr(default, one.name)
    built = kind(**found | dict(decided or {}))  # what refuses a value itself has better words for it
    for name, value in numbers.items():
        _refuse_no_number(name, value)
    return built


def _settings(kind: Any) -> Iterator[tuple[Field[Any], Any, OptionInfo | None]]:
    """Each field with its type, and what makes it an option."""
    hints = get_type_hints(kind, include_extras=True)
    return ((one, *_split(hints[one.name], OptionInfo)) for one in fields(kind) if one.init)


def _split[M](annotation: Any, kind: type[M]) -> tuple[Any, M | None]:
    if get_origin(annotation) is not Annotated:
        return annotation, None
    return get_args(annotation)[0], next((one for one in annotation.__metadata__ if isinstance(one, kind)), None)


def _key(one: Field[Any], info: OptionInfo) -> str:
    """The name of an option: its flag, where it has one of its own, with underscores."""
    return info.default.strip("-").replace("-", "_") if isinstance(info.default, str) else one.name


def _value(one: Field[Any], owner: Any, *, absent: Any = None) -> Any:
    """A field's value in an instance, else its default."""
    if owner is not None:
        return getattr(owner, one.name)
    if one.default is not MISSING:
        return one.default
    return absent if one.default_factory is MISSING else one.default_factory()


def _help(kind: type, name: str) -> str:
    """The docstring of a field as a sentence."""
    docs = [_docstrings(base)[name] for base in kind.__mro__ if is_dataclass(base) and name in _docstrings(base)]
    if not docs:
        raise TypeError(f"{kind.__name__}.{name} is an option and needs a docstring: that is its help")
    text = " ".join(inspect.cleandoc(docs[0]).split("\n\n")[0].split())
    return text[0].upper() + text[1:].removesuffix(".") + "."


@cache
def _docstrings(kind: type) -> dict[str, str]:
    """What stands under each field in the source: Python itself keeps the docstrings of classes only."""
    classes = (node for node in ast.walk(_tree(inspect.getmodule(kind))) if isinstance(node, ast.ClassDef))
    body = next(node.body for node in classes if node.name == kind.__name__)
    return {
        above.target.id: below.value.value
        for above, below in pairwise(body)
        if isinstance(above, ast.AnnAssign) and isinstance(above.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


@cache
def _tree(module: Any) -> ast.Module:
    return ast.parse(inspect.getsource(module))
