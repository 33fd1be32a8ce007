"""What whole processes cost, as JSON.

    python -m benchmarks.workshop.programs.processes STARTS '{"name": ["command", ...]}'

A program of its own that imports nothing large, because Linux lets the peak memory of a process begin at the size of
the one that started it.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

Start = tuple[float, float, float]
"""Wall time and processor time in milliseconds, peak memory in megabytes."""


def start_in_turns(commands: Mapping[str, Sequence[str]], *, starts: int) -> dict[str, list[Start]]:
    """Start every command in turn; the first turn, which fills the file cache, does not count."""
    found: dict[str, list[Start]] = {name: [] for name in commands}
    for _ in range(starts + 1):
        for name, command in commands.items():
            found[name].append(start(command))
    return {name: taken[1:] for name, taken in found.items()}


def start(command: Sequence[str]) -> Start:
    """One process, from its start to its end. Raises RuntimeError when it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)  # Popen.wait would not tell what the process used
    wall = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit code {process.returncode}")
    kilobyte = 1.0 if sys.platform == "darwin" else 1024.0
    return wall * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3, usage.ru_maxrss * kilobyte / 1e6


if __name__ == "__main__":
    print(json.dumps(start_in_turns(json.loads(sys.argv[2]), starts=int(sys.argv[1]))))
