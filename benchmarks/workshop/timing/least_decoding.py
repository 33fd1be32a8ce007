"""The least that libjpeg can do with a photo: every coefficient out of the entropy-coded data, and hardly a pixel.

A JPEG's coefficients stand one after the other in a variable-length code, so whoever wants any pixel decodes them all.
At an eighth of the size, in brightness alone, that is nearly everything that is left to do: what a photo's decoding
takes beyond it is what a better decoder of pixels could still save.
"""

import io
import time
from collections.abc import Callable

from PIL import Image

from benchmarks.workshop.timing.percentiles import Timing, timing

REPEATS = 200
FEWEST = (1, 1)
"""Asked for one pixel, libjpeg gives what it can: an eighth of each side."""


def least_decoding(
    data: bytes, *, repeats: int = REPEATS, clock: Callable[[], float] = time.perf_counter
) -> Timing | None:
    """Milliseconds of it; None for a file that is no JPEG. `data`: the file's bytes."""
    with Image.open(io.BytesIO(data)) as image:
        if image.format != "JPEG":
            return None
    took = []
    for _ in range(repeats):
        start = clock()
        with Image.open(io.BytesIO(data)) as image:
            image.draft("L", FEWEST)
            image.load()
        took.append(1e3 * (clock() - start))
    return timing(took)
