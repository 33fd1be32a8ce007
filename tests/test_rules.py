"""House rules that a machine can hold: third-party imports of the device, unsafe loads, what a commit may carry."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from benchmarks.measures.shipping.packing import ELSEWHERE, ON_PHONES, imports

ROOT = Path(__file__).parents[1]
PACKAGES = ("benchmarks", "mobile_app", "export", "distill", "teacher", "runtime")
ALLOWED = {
    "runtime": {"runtime", "numpy", "PIL", "onnxruntime"},
    # No ML and no model runtime of its own: that is `runtime`'s.
    "mobile_app": {"mobile_app", "runtime", *(ON_PHONES | ELSEWHERE) - {"numpy", "onnxruntime"}},
}
SERVICE = {"fastapi", "starlette", "pydantic", "anyio", "uvicorn", "prometheus_client"}
"""What the extra `serve` brings, for runtime/service/ alone."""
HEIF = {"pillow_heif"}
"""What the extra `heif` brings, for the one module that asks for it."""
PRESET = "teacher/models/presets/tiny.safetensors"
"""Weights that know drawings only: what the synthetic main job's teacher starts from."""
FORBIDDEN_CALLS = ("pickle", "eval(", "exec(", "torch.save(")


def sources(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def allowed_in(path: Path, package: str) -> set[str]:
    """The names outside the standard library that a file may import."""
    return ALLOWED[package] | (SERVICE if is_service(path) else set()) | (HEIF if reads_heif(path) else set())


def is_service(path: Path) -> bool:
    return path.parent == ROOT / "runtime" / "service"


def reads_heif(path: Path) -> bool:
    return path == ROOT / "runtime" / "photo" / "heif.py"


@pytest.mark.parametrize("package", ALLOWED)
def test_the_device_imports_only_what_phones_have(package: str) -> None:
    """The import contract names known offenders; this holds for any package that comes into being."""
    extra = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in sources(package)
        for name in imports(path) - allowed_in(path, package) - sys.stdlib_module_names
    }
    assert not extra


def test_only_the_serve_command_leads_to_the_web_service() -> None:
    """Nor does an import lead to the reader of HEIC, which a phone has not."""
    others = [path for path in sources("runtime") if not is_service(path)]
    assert [path.name for path in others if "runtime.service" in path.read_text()] == ["cli.py"]
    code = (
        "import pkgutil, importlib, sys, runtime;"
        "names = [m.name for m in pkgutil.walk_packages(runtime.__path__, 'runtime.', onerror=print)];"
        "[importlib.import_module(n) for n in names if not n.startswith(('runtime.service', 'runtime.__'))];"
        f"print(sorted({SERVICE | HEIF!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_unsafe_is_called(package: str) -> None:
    for path in sources(package):
        text = path.read_text()
        assert not [call for call in FORBIDDEN_CALLS if f" {call}" in text or f"={call}" in text], path
        assert "torch.load" not in text or "weights_only=True" in text, path


def test_no_commit_carries_locks_data_or_stray_weights() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    files = listed.stdout.splitlines()
    weights = [
        f for f in files if Path(f).suffix in {".safetensors", ".onnx", ".tflite", ".pt", ".pth", ".npy", ".ubj"}
    ]
    assert [f for f in weights if not f.startswith("runtime/default_bundle/") and f != PRESET] == []
    assert not [f for f in files if Path(f).name in {"uv.lock", "poetry.lock", "package-lock.json"}]


def test_a_wheel_holds_every_file_of_the_packages() -> None:
    """Label tables, page templates and fonts too: Hatch takes all below a package but what .gitignore names."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]
    assert build == {"targets": {"wheel": {"packages": build["targets"]["wheel"]["packages"]}}}
    assert set(build["targets"]["wheel"]["packages"]) == set(PACKAGES)
    suffixes = {path.suffix for package in PACKAGES for path in (ROOT / package).rglob("*")}
    assert suffixes >= {".csv", ".j2", ".ttf", ".onnx", ".js"}
    command = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard", "--", *PACKAGES]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    assert listed.stdout == ""


def test_the_default_bundle_is_small() -> None:
    size = sum(path.stat().st_size for path in (ROOT / "runtime" / "default_bundle").glob("*.onnx"))
    assert 0 < size <= 5_000_000


def test_the_preset_is_small() -> None:
    assert 0 < (ROOT / PRESET).stat().st_size <= 4_000_000
