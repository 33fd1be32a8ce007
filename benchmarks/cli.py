"""`python -m benchmarks`: measurements of a bundle on this machine."""

import ast
from collections.abc import Callable
from functools import wraps
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from benchmarks import measures
from benchmarks.outcome import Outcome
from teacher.console import run_cli
from teacher.options import from_dataclasses


class Measures(TyperGroup):
    """A command for each module of `benchmarks.measures`' wings; imported when called, so `--help` waits for none."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The modules of all wings."""
        return sorted(_modules())

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What `--help` shows of a measure, read from its source; None where there is no such module."""
        path = _modules().get(cmd_name)
        return None if path is None else TyperCommand(cmd_name, help=_first_words(path))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command itself."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if command is None else command_of(args[0]), rest


def command_of(name: str) -> Any:
    """The command of a measure, with its options."""
    file = _modules()[name]
    module = import_module(f"{measures.__name__}.{file.parent.name}.{file.stem}")
    alone = typer.Typer(add_completion=False)
    alone.command(name)(from_dataclasses(_delivered(module.measure)))
    return typer.main.get_command(alone)


def _delivered(measure: Callable[..., Outcome]) -> Callable[..., None]:
    @wraps(measure)
    def command(**options: Any) -> None:
        measure(**options).deliver()

    return command


def _modules() -> dict[str, Path]:
    """The file of each measure by the name of its command."""
    files = (file for folder in measures.__path__ for file in Path(folder).glob("*/*.py"))
    return {file.stem.replace("_", "-"): file for file in files if not file.stem.startswith("_")}


def _first_words(path: Path) -> str:
    found = (node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef))
    return next((ast.get_docstring(node) or "" for node in found if node.name == "measure"), "")


app = typer.Typer(cls=Measures, no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback(help=__doc__)
def benchmarks() -> None:
    """The group: its commands are found, not listed."""


def main() -> None:
    """Entry point of `python -m benchmarks`."""
    run_cli(app)
