"""A Python for arm64 that runs here: Debian's packages unpacked into a folder, arm64 wheels beside it, QEMU in front.

Nothing of the system is changed and no root is needed: apt-get works on folders of its own, and packages are unpacked,
never installed. QEMU itself is the system's.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.outcome import BenchmarkError
from benchmarks.workshop.other_processor.answering import PACKAGES
from runtime.measure.machine import package_version

EMULATORS = ("qemu-aarch64-static", "qemu-aarch64")
"""Debian's names for it, of the packages qemu-user-static and qemu-user."""

RELEASE = "trixie"
"""Of Debian: the first whose Python, 3.13, is new enough for `runtime`."""

NEEDED = ("python3", "libstdc++6")
"""Debian's packages, with what they depend on: 18 MB. The wheels need the C++ library."""

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
PLATFORM = "aarch64-manylinux_2_28"
ANOTHER = "; an arm64 Python with these packages can be named by --python instead"


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """How a Python is started."""

    command: Sequence[str]
    modules: Sequence[Path] = ()
    """folders of packages, before the checkout"""
    variables: Mapping[str, str] = field(default_factory=dict)


def emulated(folder: Path, *, cpu: str) -> Interpreter:
    """The Python in `folder`, put there where it is missing, on an emulated processor of this kind.

    Raises BenchmarkError saying what is missing: the emulator, Debian's packages, the wheels.
    """
    emulator = next(filter(None, map(shutil.which, EMULATORS)), None)
    if emulator is None:
        raise BenchmarkError(f"no {EMULATORS[1]} on this machine: apt-get install qemu-user-static{ANOTHER}")
    folder = folder.resolve()
    root = _kept(folder / RELEASE, _unpack)
    python = next(iter(sorted((root / "usr/bin").glob("python3.[0-9]*"))), None)
    if python is None:
        raise BenchmarkError(f"{root}: no Python was unpacked there; remove the folder and start again")
    wanted = [f"{name}=={package_version(name)}" for name in PACKAGES]
    digest = hashlib.sha256(" ".join(wanted).encode()).hexdigest()[:10]
    wheels = _kept(folder / f"wheels-{digest}", lambda place: _install(wanted, python.name, place))
    return Interpreter(command=(emulator, "-cpu", cpu, "-L", str(root), str(python)), modules=(wheels,))


def _kept(folder: Path, make: Callable[[Path], None]) -> Path:
    """The folder, made aside where it is missing: what stands under its name is whole."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as aside:
            made = Path(aside) / folder.name
            made.mkdir()
            make(made)
            made.rename(folder)
    return folder


def _unpack(root: Path) -> None:
    """Debian's Python for arm64 and what it depends on, as they would lie on its disk."""
    with tempfile.TemporaryDirectory() as name:
        for package in _downloaded(Path(name)):
            _run("unpacking Debian's packages", "dpkg-deb", "-x", str(package), str(root))
    if not (root / "lib").exists():
        (root / "lib").symlink_to("usr/lib")  # as Debian's installer does; the loader is looked for there


def _downloaded(folder: Path) -> list[Path]:
    """The packages, fetched by an apt-get that knows nothing of this system but where its Debian comes from."""
    for place in ("state/lists/partial", "cache/archives/partial"):
        (folder / place).mkdir(parents=True)
    (folder / "status").touch()  # nothing is installed there, so everything is fetched
    signed = f" signed-by={KEYRING}" if KEYRING.is_file() else ""
    (folder / "list").write_text(f"deb [arch=arm64{signed}] {_mirror()} {RELEASE} main\n")
    settings = {
        "Dir::Etc::sourcelist": folder / "list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "status",
        "Dir::Cache": folder / "cache",
        "APT::Architecture": "arm64",
        "APT::Architectures": "arm64",
        "APT::Sandbox::User": "root",  # none else can write into a folder of ours
    }
    apt = ("apt-get", "-q", *(word for key, value in settings.items() for word in ("-o", f"{key}={value}")))
    _run("fetching Debian's list of packages", *apt, "update")
    _run("fetching Debian's packages", *apt, "--no-install-recommends", "--download-only", "-y", "install", *NEEDED)
    return sorted((folder / "cache/archives").glob("*.deb"))


def _mirror() -> str:
    """Where this system's Debian comes from."""
    words = ("apt-get", "indextargets", "--format", "$(ORIGIN) $(COMPONENT) $(REPO_URI)", "Created-By: Packages")
    known = [line.split() for line in _run("asking for Debian's address", *words).splitlines()]
    found = [address for origin, part, address in known if (origin, part) == ("Debian", "main")]
    if not found:
        raise BenchmarkError(f"an arm64 Python is unpacked from Debian's packages, which this system has not{ANOTHER}")
    return found[0]


def _install(packages: Sequence[str], python: str, folder: Path) -> None:
    """The same versions as here, as wheels for the other processor."""
    uv = os.environ.get("UV") or shutil.which("uv") or "uv"
    version = python.removeprefix("python")
    target = ("--target", str(folder), "--python-platform", PLATFORM, "--python-version", version)
    _run("fetching wheels for arm64", uv, "pip", "install", *target, "--only-binary", ":all:", *packages)


def _run(what: str, *words: str) -> str:
    """What a program says. Raises BenchmarkError with its last words."""
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        raise BenchmarkError(f"{what}: {words[0]} cannot be started ({error.strerror}){ANOTHER}") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise BenchmarkError(f"{what} failed: {last}{ANOTHER}")
    return done.stdout
