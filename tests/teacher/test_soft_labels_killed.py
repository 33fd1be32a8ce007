"""`teacher soft-labels` and kill -9: started again it ends in the bytes of an undisturbed run, and nothing else."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from killed_jobs import Desk, desk

ASKED = ["--synthetic-count", "200", "--image-size", "32", "--views", "2", "--teacher-epochs", "2"]
KILLED = -9

STAGES = ("photos", "tables", "squares", "checkpoints", "labels")
"""In the order of the work; those before the squares need drawings of their own."""

POINTS = st.tuples(st.sampled_from(STAGES), st.floats(0, 1, exclude_max=True))
"""A stage, and how far through the changes of the disk that it makes."""


@pytest.fixture(scope="module")
def forks() -> Iterator[Desk]:
    with desk() as found:
        yield found


@pytest.fixture(scope="module")
def undisturbed(forks: Desk, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """The cache of a run that nobody kills, and how often it changed the disk."""
    cache = tmp_path_factory.mktemp("undisturbed") / "cache"
    assert soft_labels(forks, cache) == 0
    return cache, json.loads((cache.parent / "log").read_text().splitlines()[-1])


def soft_labels(forks: Desk, cache: Path, kill: tuple[str, int] | None = None) -> int:
    log = cache.parent / "log"
    code = forks.run(["soft-labels", *ASKED, "--cache", str(cache)], log, kill=kill)
    assert code in (0, KILLED), log.read_text()
    return code


def content(cache: Path) -> dict[str, object]:
    """Every file by its bytes; of the table of files, which holds paths and times, sizes and digests."""
    found: dict[str, object] = {}
    for path in sorted(cache.rglob("*")):
        name = str(path.relative_to(cache))
        if path.name == "files.csv":
            with path.open(newline="") as file:
                found[name] = [(row[1], row[4]) for row in csv.reader(file)]
        else:
            found[name] = path.read_bytes() if path.is_file() else "folder"
    return found


@pytest.mark.slow
@settings(max_examples=3, phases=[Phase.generate])
@given(points=st.lists(POINTS, min_size=2, max_size=5))
def test_killed_anywhere_and_again_it_ends_in_the_same_bytes(
    forks: Desk,
    undisturbed: tuple[Path, dict[str, int]],
    tmp_path_factory: pytest.TempPathFactory,
    points: list[tuple[str, float]],
) -> None:
    """One life after the other, each ended right before some change of the disk, and one that nobody ends."""
    wanted, changes = undisturbed
    cache = tmp_path_factory.mktemp("killed") / "cache"
    points = sorted(points, key=lambda point: (STAGES.index(point[0]), point[1]))
    if points[0][0] not in ("photos", "tables"):
        photos = next(wanted.glob("*/photos"))
        shutil.copytree(photos, cache / photos.relative_to(wanted))
    codes = [soft_labels(forks, cache, (stage, int(share * changes[stage]))) for stage, share in points]
    assert codes[0] == KILLED
    assert soft_labels(forks, cache) == 0
    assert content(cache) == content(wanted)
