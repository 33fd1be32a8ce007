"""The pages: the picture is what the code is now, and every file and function that a page names exists."""

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
NAMED = re.compile(r"`((?:[\w.-]+/)*\w+\.py)(?::([\w.]+))?`")
"""`runtime/cli.py`, `runtime/cli.py:main` or `runtime/assess.py:Triage.assess`; on its room's own page `cli.py`."""
LINKED = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_architecture", ROOT / "docs" / "draw_architecture.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    """Functions, classes, their members and constants, as a page names them."""
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name
        elif isinstance(node, ast.ClassDef):
            yield prefix + node.name
            yield from definitions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.Assign):
            yield from (prefix + target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield prefix + node.target.id


def test_picture_and_table_are_what_the_script_draws_now() -> None:
    script = drawing()
    house = script.read_house()
    again = "out of date: uv run python docs/draw_architecture.py"
    assert script.PICTURE.read_text() == script.draw(house), again
    page = script.PAGE.read_text()
    assert script.TABLE_START in page
    assert page == script.with_table(page, house), again


def test_every_room_and_wing_is_in_the_picture() -> None:
    script = drawing()
    picture = script.PICTURE.read_text()
    for room in script.read_house().rooms:
        for name in (room.name, *script.wings_of(room.name)):
            assert f">{name}<" in picture


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_exists(page: Path) -> None:
    missing = []
    for path, name in NAMED.findall(page.read_text()):
        file = next((f for f in (ROOT / page.stem / path, ROOT / path) if f.is_file()), None)
        if file is None or (name and name not in set(definitions(ast.parse(file.read_text()).body))):
            missing.append(f"{path}:{name}")
    assert missing == []


@pytest.mark.parametrize("page", PAGES[1:3], ids=lambda page: page.name)
def test_what_a_page_links_to_exists(page: Path) -> None:
    """README and docs/ are held to it in tests/end_to_end/test_readme.py."""
    assert [link for link in LINKED.findall(page.read_text()) if not (page.parent / link).exists()] == []
