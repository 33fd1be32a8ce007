"""Photo to answer, our way and the usual one, as jobs for `benchmarks.workshop.turns`.

Each runs in a process of its own that imports this module: nothing large may stand here that the way does not need,
or its memory would be counted.
"""

from collections.abc import Callable
from pathlib import Path

from PIL import Image

from benchmarks.peers.reference_way import reference_way
from runtime.assess import Triage


def ours(photo: Path, bundle: Path | None, threads: int | None) -> Callable[[], object]:
    """Assess the photo with a bundle."""
    triage = Triage.load(bundle, threads=threads)
    return lambda: triage.assess(photo)


def reference(photo: Path, fp32: Path, resample: Image.Resampling | None) -> Callable[[], object]:
    """Decode, resize and normalise the photo in full and run an FP32 model."""
    answer = reference_way(fp32.read_bytes(), resample=resample)
    return lambda: answer(photo)
