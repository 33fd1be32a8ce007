"""The page on licences says what is installed, and leaves nothing out."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from mobile_app.licences import PARTS, Part, text_of

ROOT = Path(__file__).parents[2]
PACKAGES = {part.name: part for part in PARTS if part.package}
SAID = {  # older ways of saying it in a package's metadata
    "BSD-3-Clause": "3-Clause BSD|BSD License|Redistributions? of source code",
    "Apache-2.0": "Apache",
    "MIT": "MIT",
}


def brought_by(names: list[str]) -> set[str]:
    """Names of the packages and of all that they need here."""
    found: set[str] = set()
    waiting = [normal(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        needs = [Requirement(line) for line in distribution(name).requires or []]
        waiting += [normal(need.name) for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_every_package_that_travels_is_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    phones = [need.name for need in wanted if need.marker is None or need.marker.evaluate({"sys_platform": "android"})]
    assert brought_by(phones) <= set(PACKAGES)


@pytest.mark.parametrize("part", PACKAGES.values(), ids=lambda part: part.name)
def test_a_licence_is_the_one_that_its_package_states(part: Part) -> None:
    metadata = distribution(part.name).metadata
    stated = metadata.get("License-Expression")
    if stated is not None:
        assert part.licence == stated
        return
    words = " ".join([metadata.get("License") or "", *(metadata.get_all("Classifier") or []), text_of(part)])
    assert re.search(SAID.get(part.licence, re.escape(part.licence)), words), words[:200]


def test_a_licence_can_be_read_in_full_where_its_package_has_it() -> None:
    assert "Permission is hereby granted" in text_of(PACKAGES["onnxruntime"])
    assert text_of(PACKAGES["flatbuffers"]) == ""
    assert text_of(Part(name="no such package", licence="MIT")) == ""
    assert text_of(Part(name="Python", licence="PSF-2.0", package=False)) == ""
    assert "SIL OPEN FONT LICENSE" in text_of(
        Part(name="a font", licence="OFL-1.1", package=False, file="OFL-Noto.txt")
    )


def test_every_font_has_its_licence_beside_it() -> None:
    folder = ROOT / "mobile_app" / "fonts"
    assert {part.file for part in PARTS if part.file} == {path.name for path in folder.glob("*.txt")}
    table = (folder / "README.md").read_text()
    for path in folder.glob("*.ttf"):
        assert path.stem.removeprefix("NotoSans").removeprefix("SkinTagPaper-") in table, path.name
