"""What a figure depends on beside the code."""

from typing import Any

from runtime.measure.machine import machine


def environment(threads: int | None) -> dict[str, Any]:
    """Processor, system and versions; `threads` as asked for, or the default."""
    found = machine()
    return {
        "cpu": found.processor,
        "cores": found.cores,
        "threads": threads or "default",
        "system": found.system,
        "python": found.python,
        **found.packages,
    }
