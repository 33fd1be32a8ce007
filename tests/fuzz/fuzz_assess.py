"""Fuzz target: any bytes through `Triage.assess`. Needs atheris (Linux and macOS): uv sync --group fuzz

    python tests/fuzz/fuzz_assess.py -max_total_time=1800 [-artifact_prefix=FOLDER/] [FOLDER ...]

Arguments are libFuzzer's. It starts from the drawn photos of `seeds.py` and the found cases in `corpus/`, ends at the
first input that breaks a law of `laws.py`, and writes that input; a file put into `corpus/` is a test from then on.
"""

import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]

import atheris  # noqa: E402  # after the path, like all that follow

with atheris.instrument_imports(include=["PIL", "runtime"]):
    import PIL.BmpImagePlugin
    import PIL.GifImagePlugin
    import PIL.JpegImagePlugin
    import PIL.MpoImagePlugin
    import PIL.PngImagePlugin
    import PIL.TiffImagePlugin
    import PIL.WebPImagePlugin  # noqa: F401

    from runtime import Triage

from fuzz.laws import BrokenLaw, outcome, with_right_sums  # noqa: E402
from fuzz.seeds import SEEDS  # noqa: E402
from plugin_bundles import make_bundle  # noqa: E402

MAX_ADDED = 300
"""Megabytes that one input may add for a moment: with the 90 of interpreter, libraries and default bundle 400 are not
reached. The fuzzer's own process grows by about 5 kB an input, without end, so its peak alone says little."""

SUMMARY_EVERY = 10_000
"""Inputs."""


class Target:
    """One input at a time, with the figures that stand in the summary."""

    def __init__(self, triage: Triage) -> None:
        self._triage = triage
        self._outcomes: Counter[str] = Counter()
        self._slowest = 0.0
        self._added = 0.0

    def __call__(self, data: bytes) -> None:
        started, before, peak = time.process_time(), resident_megabytes(), peak_megabytes()
        found = outcome(data, self._triage)
        self._slowest = max(self._slowest, time.process_time() - started)
        self._outcomes[found] += 1
        if self._outcomes.total() % SUMMARY_EVERY == 0:  # libFuzzer ends the process without a word to Python
            print(self.summary(), file=sys.stderr, flush=True)
        if peak_megabytes() > peak:  # else the input took less than an earlier one
            self._added = max(self._added, peak_megabytes() - before)
        if self._added > MAX_ADDED:
            raise BrokenLaw(f"took {self._added:.0f} MB of memory")

    def summary(self) -> str:
        outcomes = ", ".join(f"{name} {count:,}" for name, count in self._outcomes.most_common())
        return (
            f"{self._outcomes.total():,} inputs ({outcomes}); slowest {self._slowest * 1e3:.0f} ms of processor time, "
            f"with the check; most memory for one {self._added:.0f} MB"
        )


def peak_megabytes() -> float:
    """Linux counts in kilobytes, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e6 / 1024)


def resident_megabytes() -> float:
    """What is held now; 0 where only Linux would tell, which makes the law stricter."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * resource.getpagesize() / 1e6


def mutate(data: bytes, max_size: int, seed: int) -> bytes:
    """libFuzzer's mutation; every other PNG gets right checksums again, or none would reach the decoder."""
    changed = atheris.Mutate(data, max_size)
    return (
        with_right_sums(changed)[:max_size]
        if random.Random(seed).random() < 0.5 and changed[1:4] == b"PNG"
        else changed
    )


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    # At the size of the shipped model, and "low" for every photo that gets past the gates.
    triage = Triage.load(make_bundle(folder, malignancy=0.001, size=224), threads=1)
    seeds = folder / "seeds"
    seeds.mkdir()
    for name, draw in SEEDS.items():
        (seeds / name).write_bytes(draw())
    target = Target(triage)
    arguments = [sys.argv[0], "-max_len=65536", "-rss_limit_mb=0", *sys.argv[1:], str(seeds), str(HERE / "corpus")]
    atheris.Setup(arguments, target, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
