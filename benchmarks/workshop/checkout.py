"""Which code was measured."""

import subprocess
from importlib.metadata import version
from pathlib import Path

from runtime.measure.result import Code, code_of

ROOT = Path(__file__).parents[2]


def code_here(root: Path = ROOT) -> Code:
    """The code of this checkout; outside of one its content only."""
    commit = _git(root, "rev-parse", "HEAD")
    changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    return code_of(version=version("skintag-edge"), commit=commit, dirty=None if changes is None else bool(changes))


def _git(root: Path, *words: str) -> str | None:
    try:
        done = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    except OSError:  # no git
        return None
    return done.stdout.strip() if done.returncode == 0 else None
