"""The README's commands, and how a test types them."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
FIRST_LINES = "pip install uv && "


def commands() -> list[str]:
    """Every command in the README's shell blocks, without its comment."""
    blocks = re.findall(r"```(?:sh|bash)\n(.*?)```", README, flags=re.DOTALL)
    lines = [line.split(" #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line.removeprefix(FIRST_LINES) for line in lines if line]


def python_commands() -> list[str]:
    return [line for line in commands() if line.startswith("uv run python -m ")]


def run(command: str, folder: Path, *, replace: dict[str, str] | None = None, may_say: str | None = None) -> str:
    """Run a README command in a folder of its own with this interpreter; the output, once it has ended well.

    `may_say`: an ending with exit status 1 and these words is well, too. The folder is taken for a clone: a command
    leaves nothing there that `git status` would show.
    """
    before = git_status(folder)
    for old, new in (replace or {}).items():
        command = command.replace(old, new)
    words = [sys.executable, *shlex.split(command.removeprefix("uv run python"))]
    done = subprocess.run(words, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    allowed = done.returncode == 1 and may_say is not None and may_say in done.stderr
    assert done.returncode == 0 or allowed, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    assert git_status(folder) == before, f"{command} leaves files that .gitignore does not name"
    return done.stdout


def git_status(folder: Path) -> str:
    """What git shows of a folder that ignores what this checkout ignores."""
    git = ["git", "-c", f"core.excludesFile={ROOT / '.gitignore'}", "-C", str(folder)]
    if not (folder / ".git").exists():
        subprocess.run([*git, "init", "--quiet"], check=True)
    return subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout


def environment() -> dict[str, str]:
    """A user's, with this checkout's packages.

    Beside another worker with one thread, see `conftest.py`: two that share their cores with other tests spend most of
    their time waiting for each other, and the main job takes twice as long.
    """
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}


def the(part: str) -> str:
    """The one README command that holds this text."""
    found = [line for line in python_commands() if part in line]
    assert len(found) == 1, f"README has {len(found)} commands with {part!r}"
    return found[0]


def write_photo(path: Path) -> None:
    """A drawn lesion, as a user's photo."""
    from PIL import Image

    from teacher.data.synthetic import SyntheticConfig, render

    pixels, _ = render(SyntheticConfig(count=1, side=480), 0)
    Image.fromarray(pixels).save(path, quality=95)
