"""Which code was measured."""

import hashlib
import subprocess
from importlib.metadata import version
from pathlib import Path

from runtime.measure.result import Code, code_of

ROOT = Path(__file__).parents[2]
PACKAGES = ("runtime", "teacher", "distill", "export", "mobile_app", "benchmarks")
REPORT = Path("benchmarks", "report")
"""What only shows what others measured: a change of it makes no figure another one."""


def code_here(root: Path = ROOT) -> Code:
    """The code of this checkout; outside of one its content only."""
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return code_of(version=version("skintag-edge"), commit=commit, dirty=None if changes is None else bool(changes))


def code_digest(root: Path = ROOT) -> str:
    """Of every module that a figure may depend on."""
    whole = hashlib.sha256()
    for path in (path for package in PACKAGES for path in sorted((root / package).rglob("*.py"))):
        place = path.relative_to(root)
        if REPORT not in place.parents:
            whole.update(f"{place.as_posix()}\0".encode())
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    except OSError:  # no git
        return None
    return done.stdout.strip() if done.returncode == 0 else None
