"""Fixtures every package's tests share."""

import os
import sys
from pathlib import Path

import hypothesis
import pytest

if "PYTEST_XDIST_WORKER" in os.environ:  # as many workers as cores: threads of their own would only wait for each other
    os.environ.setdefault("OMP_NUM_THREADS", "1")

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("untimed")

sys.path.insert(0, str(Path(__file__).parent))  # so that fixtures can live in modules of their own
pytest_plugins = ["plugin_bundles", "plugin_photos", "plugin_training"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--shared-data",
        default=os.environ.get("SKINTAG_SHARED", str(Path(__file__).parents[2] / "shared")),
        help="folder with real data/, photos/ and weights/; tests that need it skip where it is absent",
    )
    parser.addoption(
        "--claims",
        action="store_true",
        help="only what the README claims of its own commands, in full (20 minutes or more); else all but that",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Compiled once for all processes of a run, also where PYTHONDONTWRITEBYTECODE is set, as in many containers.

    Without it, each worker and each command that a test starts compiles torch, timm and transformers anew: 12 s of 19.
    """
    cache = getattr(config, "cache", None)  # absent with -p no:cacheprovider
    if sys.dont_write_bytecode and cache is not None:
        sys.dont_write_bytecode = False
        sys.pycache_prefix = str(cache.mkdir("bytecode").resolve())
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Claims or all the rest; the longest job first, everything else is done beside it."""
    wanted = bool(config.getoption("--claims"))
    left_out = [item for item in items if (item.get_closest_marker("claims") is not None) != wanted]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    items.sort(key=lambda item: item.path.name != "test_main_job.py")


@pytest.fixture(scope="session")
def shared(request: pytest.FixtureRequest) -> Path:
    """The folder of real data, or a skip that says what is missing."""
    folder = Path(request.config.getoption("--shared-data"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (name it with --shared-data)")
    return folder


def _inside(folder: Path, name: str) -> Path:
    if not (folder / name).is_dir():
        pytest.skip(f"no {name}/ in {folder}")
    return folder / name


@pytest.fixture(scope="session")
def shared_data(shared: Path) -> Path:
    """Real labelled photos in the layout users have on disk."""
    return _inside(shared, "data")


@pytest.fixture(scope="session")
def shared_photos(shared: Path) -> Path:
    """Real photos without a label: plain_skin, not_skin, full_resolution."""
    return _inside(shared, "photos")


@pytest.fixture(scope="session")
def shared_weights(shared: Path) -> Path:
    """Pretrained trunks."""
    return _inside(shared, "weights")
