"""What each option of an ONNX Runtime session costs or saves: the engine's choice, and one option changed at a time."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from benchmarks.workshop.timing.turns import Job, Warm, time_in_turns
from runtime.bundle.load import load_bundle
from runtime.engine import session_options
from teacher.console import progress

ENGINE = "as the engine"
SPINNING = "session.intra_op.allow_spinning"

CHANGES: dict[str, Mapping[str, Any]] = {
    ENGINE: {},
    "1 thread": {"intra_op_num_threads": 1},
    "idle threads spin": {SPINNING: "1"},
    "graph as it is": {"graph_optimization_level": "ORT_DISABLE_ALL"},
    "graph, basic": {"graph_optimization_level": "ORT_ENABLE_BASIC"},
    "graph, extended": {"graph_optimization_level": "ORT_ENABLE_EXTENDED"},
    "no memory arena": {"enable_cpu_mem_arena": False},
    "no memory pattern": {"enable_mem_pattern": False},
    "denormals are zero": {"session.set_denormal_as_zero": "1"},
    "exact x86 kernels": {"session.x64quantprecision": "1"},
}
"""Names with a dot are entries of the session's configuration, the others its attributes. The exact kernels are what
the engine asks for where sums would be wrong without them (`runtime.overflow`); there this choice changes nothing."""


def measure_options(
    bundle: Path | None, *, repeats: int, threads: int, changes: Mapping[str, Mapping[str, Any]] = CHANGES
) -> dict[str, Warm]:
    """Time a bundle's model in turns under each choice, `repeats` times. Raises TurnError when one fails."""
    jobs: dict[str, Job] = {name: (_model, (bundle, threads, change)) for name, change in changes.items()}
    with progress("Options", repeats) as advance:
        return time_in_turns(jobs, repeats=repeats, advance=advance)


def option_rows(found: Mapping[str, Warm]) -> list[tuple[str, ...]]:
    """One line per choice, for a table."""
    engine = found[ENGINE].wall.p50
    return [
        (
            name,
            *(f"{value:.2f}" for value in (way.wall.p50, way.wall.p90, way.fastest, way.processor.p50)),
            f"{way.wall.p50 / engine:.2f}",
            f"{way.peak_megabytes:.0f}",
        )
        for name, way in found.items()
    ]


def _model(bundle: Path | None, threads: int, change: Mapping[str, Any]) -> Callable[[], object]:
    loaded = load_bundle(bundle)
    options = session_options(onnxruntime.SessionOptions(), threads=threads)
    for name, value in change.items():
        if "." in name:
            options.add_session_config_entry(name, value)
        elif name == "graph_optimization_level":
            options.graph_optimization_level = getattr(onnxruntime.GraphOptimizationLevel, value)
        else:
            setattr(options, name, value)
    session = onnxruntime.InferenceSession(loaded.model, options, providers=["CPUExecutionProvider"])
    side = loaded.manifest.input.height
    image = np.random.default_rng(0).integers(0, 256, (1, side, side, 3), dtype=np.uint8)
    return lambda: session.run(None, {"image": image})
