"""What travels to a phone: this checkout fits, and a check that it does can fail."""

import json
import shutil
from pathlib import Path

import pytest

from benchmarks.cli import main
from benchmarks.measures.shipping.packing import LIMIT, packed

ROOT = Path(__file__).parents[4]


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """A checkout with an app of two files."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in ("mobile_app", "runtime", "teacher", ".venv"):
        (tmp_path / folder).mkdir()
    (tmp_path / "main.py").write_text("import mobile_app.start\n")
    (tmp_path / "mobile_app" / "start.py").write_text("import flet\nfrom runtime import triage\n")
    (tmp_path / "teacher" / "train.py").write_text("import torch\n")
    (tmp_path / ".venv" / "heavy.py").write_text("import torch\n")
    return tmp_path


def test_this_checkout_fits_a_phone_and_needs_nothing_it_lacks() -> None:
    found = packed(ROOT)
    assert not found.problems
    assert {"main.py", "mobile_app/main.py", "runtime/default_bundle/manifest.json"} <= set(found.sizes)
    folders = {folder for folder, _ in found.by_folder()}
    assert not folders & {"teacher", "distill", "export", "benchmarks", "tests", "docs"}
    assert not [path for path in found.sizes if "service" in path]


def test_what_trains_and_what_is_hidden_stays_behind(app: Path) -> None:
    found = packed(app)
    assert set(found.sizes) == {"main.py", "mobile_app/start.py", "pyproject.toml"}
    assert not found.problems


@pytest.mark.parametrize("line", ["import torch", "def later():\n    from sklearn import metrics"])
def test_an_import_that_phones_lack_is_named(app: Path, line: str) -> None:
    (app / "runtime" / "new.py").write_text(f"{line}\n")
    (problem,) = packed(app).problems
    assert "runtime/new.py" in problem


def test_too_large_is_said(app: Path) -> None:
    (app / "runtime" / "model.onnx").write_bytes(bytes(LIMIT))
    (problem,) = packed(app).problems
    assert "more than 8,000,000" in problem


def test_the_command_fails_where_the_check_does(
    app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out" / "packing.json"
    monkeypatch.setattr("sys.argv", ["benchmarks", "packing", "--root", str(app), "--out", str(out)])
    with pytest.raises(SystemExit) as done:
        main()
    assert not done.value.code
    assert "mobile_app" in capsys.readouterr().out
    assert json.loads(out.read_text())["problems"] == []
    (app / "runtime" / "new.py").write_text("import torch\n")
    with pytest.raises(SystemExit) as done:
        main()
    assert done.value.code == 1
    assert "torch" in capsys.readouterr().err
