"""What a data root of many records costs: peak resident memory and seconds, from its first opening to the last batch.

Each step runs in a process of its own, so that no peak hides in another's. The records are photos of 32 pixels with a
pattern each: of records memory is asked here, and not of pixels, which are mapped and not loaded.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from benchmarks.outcome import BenchmarkError, Outcome, Table
from benchmarks.workshop.programs.opening import FIRST, STEPS, Cost
from teacher.console import progress
from teacher.options import OPTION

LABELS = ("nv", "mel", "bkl", "bcc", "akiec", "vasc", "df")
"""HAM10000's own."""
SHARED = 4
"""Every fourth photo is a further one of a lesion: HAM10000 has 10,015 of 7,470."""
SIDE = 32
"""The least that is read as a photo."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What `memory` asks."""

    records: Annotated[list[int], typer.Option(min=200)]
    """photos of a data root; give it once per root, such as 5000 and 50000"""
    seed: Annotated[int, OPTION] = 0
    """seed of the patterns"""
    out: Annotated[Path, OPTION] = Path("artifacts/memory.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """Peak memory and seconds of opening data roots of many synthetic records, and of passing over their batches."""
    found = {records: _costs(records, options) for records in sorted(set(options.records))}
    raw = {str(records): {step: asdict(cost) for step, cost in costs.items()} for records, costs in found.items()}
    tables = [_table(step, words, found) for step, words in STEPS.items()]
    return Outcome(figures=(options.out, {"records": raw}), tables=tables, document=raw)


def _table(step: str, words: str, found: Mapping[int, Mapping[str, Cost]]) -> Table:
    header = ("records", "imports, MB", "peak, MB", "seconds")
    rows = [
        (f"{records:,}", f"{cost.before / 1e6:,.0f}", f"{cost.peak / 1e6:,.0f}", f"{cost.seconds:,.1f}")
        for records, costs in found.items()
        for cost in (costs[step],)
    ]
    return Table(words, header, rows)


def _costs(records: int, options: Options) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "photos"
        write_records(root, records, seed=options.seed)
        return {step: _cost(step, root, Path(folder) / "cache") for step in (FIRST, *(s for s in STEPS if s != FIRST))}


def _cost(step: str, root: Path, cache: Path) -> Cost:
    command = [sys.executable, "-m", "benchmarks.workshop.programs.opening", step, str(root), str(cache), str(SIDE)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise BenchmarkError(f"{STEPS[step]}: exit code {done.returncode}; why stands above")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def write_records(root: Path, count: int, *, seed: int) -> None:
    """A HAM10000 of `count` small photos that all differ."""
    images = root / "images"
    images.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    lines = ["lesion_id,image_id,dx\n"]
    with progress(f"Writing {count:,} records", count) as advance:
        for index in range(count):
            lesion = index * (SHARED - 1) // SHARED
            lines.append(f"HAM_{lesion:07d},ISIC_{index:07d},{LABELS[lesion % len(LABELS)]}\n")
            # As many random patches as a perceptual hash looks at: none are near-duplicates by chance.
            pattern = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
            pattern.resize((SIDE, SIDE)).save(images / f"ISIC_{index:07d}.jpg", quality=80)
            advance("")
    (root / "HAM10000_metadata.csv").write_text("".join(lines))
