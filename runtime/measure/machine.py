"""What a figure depends on beside the code: the machine, and the state it is in.

Every reading is by files of Linux and Android, or by Python; what a system does not tell is None, never a guess.
"""

import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path("/")
PACKAGES = ("onnxruntime", "numpy", "pillow")


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What does not change while something is measured."""

    device: str | None
    """make and model, such as a phone's"""
    processor: str
    architecture: str
    cores: int | None
    usable_cores: int | None
    """that this process may use"""
    memory_bytes: int | None
    system: str
    python: str
    packages: Mapping[str, str]
    """version by name"""


@dataclass(frozen=True, kw_only=True)
class State:
    """What does change."""

    time: str
    """ISO, UTC"""
    power: str | None
    """ "mains" or "battery" """
    battery_percent: float | None
    celsius: Mapping[str, float]
    """by thermal zone; empty where none can be read"""
    megahertz: float | None
    """of the fastest core at this moment"""


def machine(root: Path = ROOT, *, packages: Sequence[str] = PACKAGES) -> Machine:
    """The machine this runs on."""
    return Machine(
        device=_device(root),
        processor=_processor(root),
        architecture=platform.machine(),
        cores=os.cpu_count(),
        usable_cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None,
        memory_bytes=_memory(root),
        system=platform.platform(),
        python=platform.python_version(),
        packages={name: package_version(name) for name in packages},
    )


def state(root: Path = ROOT, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> State:
    """How the machine is at this moment."""
    supplies = _folders(root / "sys/class/power_supply", "*")
    batteries = [supply for supply in supplies if _text(supply / "type") == "Battery"]
    return State(
        time=now().isoformat(timespec="seconds"),
        power=_power(supplies, batteries),
        battery_percent=next((value for one in batteries if (value := _number(one / "capacity")) is not None), None),
        celsius=_celsius(root),
        megahertz=_megahertz(root),
    )


class Load:
    """How much of the processor others have from now on."""

    def __init__(self, *, processes: Sequence[int] = (), root: Path = ROOT) -> None:
        """`processes`: ids that measure as well, beside this one."""
        self._root = root
        self._processes = (os.getpid(), *processes)
        self._before = self._ticks()

    def others(self) -> float | None:
        """Share of all cores' time since the start, 0 to 1; None where the system does not tell."""
        now = self._ticks()
        if self._before is None or now is None:
            return None
        busy, own, total = (after - before for before, after in zip(self._before, now, strict=True))
        return round(max(0.0, busy - own) / total, 4) if total > 0 else None

    def _ticks(self) -> tuple[int, int, int] | None:
        """Busy ones of all cores, those of our own processes, and all."""
        try:
            # user, nice, system, idle, waiting for disks, interrupts, soft interrupts, stolen by other guests
            cpu = [int(word) for word in (self._root / "proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
            own = sum(_own_ticks(self._root / f"proc/{process}/stat") for process in self._processes)
        except (OSError, ValueError, IndexError):
            return None
        return sum(cpu) - sum(cpu[3:5]), own, sum(cpu)


def peak_bytes(root: Path = ROOT) -> int | None:
    """The largest resident memory of this process so far.

    Linux's ru_maxrss would begin with the size of the process that started this one.
    """
    for line in (_text(root / "proc/self/status") or "").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _own_ticks(path: Path) -> int:
    """Of a process's threads, in its own code and in the kernel's; its name may hold spaces and brackets."""
    fields = path.read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def _device(root: Path) -> str | None:
    told: Any = getattr(platform, {"android": "android_ver", "ios": "ios_ver"}.get(sys.platform, ""), None)
    if told is not None:  # Python 3.13 and later
        found = told()
        return " ".join(word for word in (getattr(found, "manufacturer", "Apple"), found.model) if word)
    names = (root / "proc/device-tree/model", root / "sys/class/dmi/id/product_name")
    return next((text.strip("\0 ") for name in names if (text := _text(name))), None)


def _processor(root: Path) -> str:
    """As the kernel names it; platform.processor() is empty on most Linux machines."""
    lines = (_text(root / "proc/cpuinfo") or "").splitlines()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith(("model name", "Hardware"))]
    return names[0] if names else platform.processor() or platform.machine() or "unknown"


def _memory(root: Path) -> int | None:
    for line in (_text(root / "proc/meminfo") or "").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def package_version(name: str) -> str:
    """Of an installed package."""
    try:
        return version(name)
    except PackageNotFoundError:  # a packed app may carry a package without what says its version
        return "unknown"


def _power(supplies: Sequence[Path], batteries: Sequence[Path]) -> str | None:
    if any(_number(supply / "online") for supply in supplies if supply not in batteries):
        return "mains"
    states = {_text(battery / "status") for battery in batteries}
    if states & {"Charging", "Full", "Not charging"}:
        return "mains"
    return "battery" if "Discharging" in states else None


def _celsius(root: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for zone in _folders(root / "sys/class/thermal", "thermal_zone*"):
        thousandths = _number(zone / "temp")
        if thousandths is not None:
            found[f"{zone.name} {_text(zone / 'type') or ''}".strip()] = thousandths / 1e3
    return found


def _megahertz(root: Path) -> float | None:
    folders = _folders(root / "sys/devices/system/cpu", "cpu[0-9]*")
    found = [_number(folder / "cpufreq/scaling_cur_freq") for folder in folders]
    return max((kilohertz / 1e3 for kilohertz in found if kilohertz is not None), default=None)


def _folders(parent: Path, pattern: str) -> list[Path]:
    try:
        return sorted(parent.glob(pattern))
    except OSError:  # an app on Android may not look
        return []


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return None


def _number(path: Path) -> float | None:
    try:
        return float(_text(path) or "")
    except ValueError:
        return None
