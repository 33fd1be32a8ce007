"""What `flet build` would pack into the app: how large it is, and whether a phone can import all of it."""

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from benchmarks.outcome import BenchmarkError, Outcome, Table
from teacher.options import OPTION

LIMIT = 8_000_000
"""Bytes of the app's own code and its bundle, without Python and the packages it depends on."""
ON_PHONES = frozenset(
    {
        *("numpy", "PIL", "onnxruntime", "cryptography", "reportlab", "arabic_reshaper"),
        *("flet", "flet_camera", "flet_charts", "flet_secure_storage"),
    }
)
"""Third-party packages that have wheels for Android and iOS or are plain Python, and Flet's own."""
ELSEWHERE = frozenset({"flet_web", "segno", "uvicorn"})
"""Imported inside functions that a phone never calls: the web page."""
WHERE_INSTALLED = frozenset({"pillow_heif"})
"""Imported inside a function that does without it in one line, as a phone must."""
_OURS = frozenset({"mobile_app", "runtime"})


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `packing` asks."""

    root: Annotated[Path, OPTION] = Path(__file__).parents[3]
    """checkout to look at"""
    out: Annotated[Path, OPTION] = Path("artifacts/packing.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """What would travel to a phone, and whether it fits: own code and bundle, without Python and its packages."""
    try:
        found = packed(options.root)
    except (OSError, KeyError) as error:
        raise BenchmarkError(f"--root {options.root}: no checkout with [tool.flet.app] ({error})") from error
    rows = [(folder, f"{size:,}") for folder, size in found.by_folder()]
    table = Table("Packed", ("part", "bytes"), [*rows, ("total", f"{found.total:,}")])
    figures = {"parts": dict(found.by_folder()), "total": found.total, "limit": LIMIT, "problems": list(found.problems)}
    return Outcome(figures=(options.out, figures), tables=[table], problems=found.problems)


@dataclass(frozen=True, kw_only=True)
class Packed:
    """The files that travel."""

    sizes: Mapping[str, int]
    """bytes by path from the root"""
    strangers: tuple[str, ...]
    """ "path: package" for each import that phones do not have"""

    @property
    def total(self) -> int:
        return sum(self.sizes.values())

    @property
    def problems(self) -> tuple[str, ...]:
        """Why this must not be packed."""
        large = (f"{self.total:,} bytes, more than {LIMIT:,}",) if self.total > LIMIT else ()
        return (*large, *(f"imports what phones do not have: {stranger}" for stranger in self.strangers))

    def by_folder(self) -> list[tuple[str, int]]:
        """Bytes of each part, the largest first."""
        parts: dict[str, int] = {}
        for path, size in self.sizes.items():
            folder = "runtime/default_bundle" if path.startswith("runtime/default_bundle") else path.split("/")[0]
            parts[folder] = parts.get(folder, 0) + size
        return sorted(parts.items(), key=lambda part: -part[1])


def packed(root: Path) -> Packed:
    """Read `[tool.flet.app]` of the checkout at `root`. Raises OSError or KeyError where there is none."""
    settings = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["flet"]["app"]
    paths = list(_travelling(root / settings["path"], excluded=frozenset(settings["exclude"])))
    strangers = [
        f"{path.relative_to(root).as_posix()}: {name}"
        for path in paths
        if path.suffix == ".py"
        for name in sorted(imports(path) - _OURS - ON_PHONES - ELSEWHERE - WHERE_INSTALLED - sys.stdlib_module_names)
    ]
    sizes = {path.relative_to(root).as_posix(): path.stat().st_size for path in paths}
    return Packed(sizes=sizes, strangers=tuple(strangers))


def _travelling(root: Path, *, excluded: frozenset[str]) -> Iterator[Path]:
    """Files that are not excluded, hidden at the top, in a virtual environment or compiled: flet's own rules."""
    for path in sorted(root.rglob("*")):
        place = path.relative_to(root)
        if path.is_file() and not _stays(place, root=root, excluded=excluded):
            yield path


def _stays(place: Path, *, root: Path, excluded: frozenset[str]) -> bool:
    folders = list(place.parents)
    return (
        place.parts[0].startswith(".")
        or "__pycache__" in place.parts
        or not excluded.isdisjoint(folder.as_posix() for folder in (place, *folders))
        or any((root / folder / "pyvenv.cfg").is_file() for folder in folders)
    )


def imports(path: Path) -> set[str]:
    """First names of everything a file imports, at its top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found
