"""What a machine tells is noted as it tells it; what it does not tell is None and never a guess."""

import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from runtime.measure.machine import Load, machine, peak_bytes, state

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


PHONE = {
    "sys/class/power_supply/battery/type": "Battery\n",
    "sys/class/power_supply/battery/capacity": "83\n",
    "sys/class/power_supply/battery/status": "Discharging\n",
    "sys/class/power_supply/usb/type": "USB\n",
    "sys/class/power_supply/usb/online": "0\n",
    "sys/class/thermal/thermal_zone0/type": "cpu-0-0\n",
    "sys/class/thermal/thermal_zone0/temp": "41500\n",
    "sys/class/thermal/thermal_zone1/type": "broken\n",
    "sys/class/thermal/thermal_zone1/temp": "?\n",
    "sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1804800\n",
    "sys/devices/system/cpu/cpu7/cpufreq/scaling_cur_freq": "2841600\n",
}


def test_a_phone_on_its_battery(tmp_path: Path) -> None:
    found = state(write(tmp_path, PHONE), now=lambda: NOW)
    assert found.time == "2026-03-01T00:00:00+00:00"
    assert (found.power, found.battery_percent) == ("battery", 83)
    assert found.celsius == {"thermal_zone0 cpu-0-0": 41.5}
    assert found.megahertz == pytest.approx(2841.6)


@pytest.mark.parametrize(
    "change",
    [{"sys/class/power_supply/usb/online": "1"}, {"sys/class/power_supply/battery/status": "Charging"}],
)
def test_a_phone_that_is_plugged_in(tmp_path: Path, change: dict[str, str]) -> None:
    assert state(write(tmp_path, PHONE | change)).power == "mains"


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    found = state(tmp_path)
    assert (found.power, found.battery_percent, found.celsius, found.megahertz) == (None, None, {}, None)
    assert Load(root=tmp_path).others() is None
    told = machine(tmp_path, packages=("numpy", "no-such-package"))
    assert told.device is None or sys.platform in {"android", "ios"}
    assert told.processor
    assert told.packages["no-such-package"] == "unknown"


def test_the_machine_is_named(tmp_path: Path) -> None:
    files = {
        "proc/cpuinfo": "processor : 0\nmodel name : Fast CPU @ 3 GHz\n",
        "proc/meminfo": "MemTotal:  2048 kB\n",
        "proc/device-tree/model": "Board 5\0",
    }
    found = machine(write(tmp_path, files))
    assert (found.processor, found.memory_bytes, found.device) == ("Fast CPU @ 3 GHz", 2048 * 1024, "Board 5")


def ticks(user: int, idle: int, own: int) -> dict[str, str]:
    cpu = f"cpu  {user} 0 0 {idle} 0 0 0 0 0 0\ncpu0 1 1\n"
    process = f"{os.getpid()} (a (strange) name) S 1 1 1 0 -1 0 0 0 0 0 {own} 0 0 0 20 0 1 0\n"
    return {"proc/stat": cpu, f"proc/{os.getpid()}/stat": process}


@pytest.mark.parametrize(("user", "own", "others"), [(100, 100, 0.0), (100, 60, 0.2), (100, 101, 0.0)])
def test_the_load_of_others_is_what_is_not_ours(tmp_path: Path, user: int, own: int, others: float) -> None:
    load = Load(root=write(tmp_path, ticks(1000, 5000, 500)))
    write(tmp_path, ticks(1000 + user, 5000 + 200 - user, 500 + own))
    assert load.others() == pytest.approx(others)


def test_the_peak_of_a_process_is_at_least_what_it_holds() -> None:
    held = bytearray(5_000_000)
    assert (peak_bytes() or 0) > len(held)
