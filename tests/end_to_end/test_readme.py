"""The README's commands, typed in the order in which they stand there, by someone who has just cloned."""

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from ctrl_c import heed_ctrl_c
from plugin_photos import make_ham
from readme_desk import FIRST_LINES, README, ROOT, environment, python_commands, run, the, write_photo


def test_the_readme_names_the_two_first_commands() -> None:
    assert f"{FIRST_LINES}uv run python -m distill train --student mobilenetv3" in README
    assert f"{FIRST_LINES}uv run pytest" in README


def test_every_picture_and_page_it_links_is_there() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text())
        absent = [link for link in links if not (page.parent / link).exists()]
        assert not absent, f"{page.name} links {absent}"


def test_no_command_is_left_untested() -> None:
    tested = (
        "distill train --student mobilenetv3",
        "export all",
        "runtime photo.jpg",
        "runtime folder --out",
        "runtime serve",
        "mobile_app",
        "benchmarks latency",
    )
    untested = [line for line in python_commands() if not any(part in line for part in tested)]
    assert not untested


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a photo in it, where a clone's user would stand."""
    folder = tmp_path_factory.mktemp("desk")
    write_photo(folder / "photo.jpg")
    return folder


def test_the_default_bundle_triages_without_any_training(desk: Path) -> None:
    said = run(the("runtime photo.jpg"), desk)
    assert "not a diagnosis" in said.lower()


def test_a_folder_becomes_a_table(desk: Path) -> None:
    """The folder is the one the user stands in; a bad file in it stops nothing."""
    (desk / "folder").mkdir()
    (desk / "folder" / "photo.jpg").write_bytes((desk / "photo.jpg").read_bytes())
    (desk / "folder" / "broken.jpg").write_bytes(b"no photo")
    run(the("runtime folder --out"), desk, may_say="broken.jpg")
    rows = (desk / "answers.csv").read_text().splitlines()
    assert len(rows) == 3
    assert "broken.jpg" in rows[1]
    assert "photo.jpg" in rows[2]


def test_the_service_answers_and_ends_with_ctrl_c(desk: Path) -> None:
    words = [sys.executable, *shlex.split(the("runtime serve").removeprefix("uv run python")), "--port", "0"]
    with subprocess.Popen(
        words, cwd=desk, env=environment(), stdout=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
    ) as served:
        assert served.stdout is not None
        found = None
        while found is None:
            line = served.stdout.readline()
            assert line, "the service ended before it said where it listens"
            found = re.search(r"http://[\w.]+:\d+", line)
        with urlopen(f"{found.group()}/health") as answer:
            assert json.loads(answer.read())["status"] == "ready"
        served.send_signal(signal.SIGINT)
        assert served.wait() == 130


def test_the_benchmark_writes_its_figures(desk: Path) -> None:
    run(f"{the('benchmarks latency')} --repeats 3 --warmup 1 --starts 1", desk)
    found = json.loads((desk / "artifacts" / "latency.json").read_text())
    stages = {row["stage"]: row for row in found["rows"]}
    assert set(stages) == {"decode", "gate", "model", "decision", "total"}
    assert stages["total"]["p90"] >= stages["total"]["p50"] > 0


@pytest.mark.slow
def test_training_on_photos(desk: Path, tmp_path: Path, shared_data: Path) -> None:
    """The command for real photos, on every twelfth of them and for one epoch."""
    root = tmp_path / "data"
    (root / "Skin Cancer").mkdir(parents=True)
    (root / "HAM10000_metadata.csv").write_bytes((shared_data / "HAM10000_metadata.csv").read_bytes())
    for image in sorted((shared_data / "Skin Cancer").rglob("*.jpg"))[::12]:
        (root / "Skin Cancer" / image.name).symlink_to(image)
    short = " --epochs 1 --teacher-epochs 1 --views 1 --image-size 96"
    said = run(the("--data ../shared/data") + short, desk, replace={"../shared/data": str(root)})
    assert "499 of 10,015 images found" in said


@pytest.mark.slow
def test_a_small_root_is_enough_to_try_the_command(desk: Path, tmp_path: Path) -> None:
    root = make_ham(tmp_path / "data", count=70)
    short = " --epochs 1 --teacher-epochs 1 --views 1 --image-size 32"
    said = run(the("--data ../shared/data") + short, desk, replace={"../shared/data": str(root)})
    assert "making them first" in said
    assert "malignancy AUC" in said
