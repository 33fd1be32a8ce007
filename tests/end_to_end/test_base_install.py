"""What a phone or a plain `pip install` gets: the base dependencies alone triage a photo."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONPYCACHEPREFIX")
"""What a user's shell does not have; compiled files of an environment that goes are not worth keeping."""
HEAVY = ("torch", "timm", "transformers", "xgboost", "sklearn", "scipy", "pandas", "onnx", "matplotlib", "typer")


@pytest.fixture(scope="module")
def plain_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an empty environment with the project and its base dependencies, from a built wheel."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("uv is not on the path: no second environment can be made")
    folder = tmp_path_factory.mktemp("plain")
    python = folder / "venv" / "bin" / "python"
    for command in (
        [uv, "venv", "--quiet", "--python", "3.12", str(folder / "venv")],
        [uv, "build", "--quiet", "--wheel", "--out-dir", str(folder / "dist"), str(ROOT)],
    ):
        subprocess.run(command, check=True, capture_output=True)
    (wheel,) = (folder / "dist").glob("*.whl")
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", str(python), str(wheel)], check=True, capture_output=True
    )
    return python


def run(python: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    return subprocess.run(
        [str(python), *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_base_install_triages_a_photo(plain_python: Path, tmp_path: Path) -> None:
    from PIL import Image

    from teacher.data.synthetic import SyntheticConfig, render

    pixels, _ = render(SyntheticConfig(count=1, side=300), 0)
    Image.fromarray(pixels).save(tmp_path / "photo.jpg", quality=95)
    done = run(plain_python, tmp_path, "-m", "runtime", "photo.jpg", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tier"] in {"low", "moderate", "high", "cannot assess"}


@pytest.mark.slow
def test_nothing_heavy_is_importable_there(plain_python: Path, tmp_path: Path) -> None:
    code = f"import importlib.util as u; print([m for m in {HEAVY!r} if u.find_spec(m)])"
    done = run(plain_python, tmp_path, "-c", code)
    assert done.stdout.strip() == "[]"


@pytest.mark.slow
def test_the_app_starts_to_import_there(plain_python: Path, tmp_path: Path) -> None:
    done = run(plain_python, tmp_path, "-c", "import mobile_app.main, runtime.assess")
    assert done.returncode == 0, done.stderr
