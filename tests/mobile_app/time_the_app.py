"""Time the app in a browser: `python tests/mobile_app/time_the_app.py --photos FOLDER [--count 100]`.

Prints how long it takes from starting the program to the first frame, from choosing a photo to its check and from the
tap on "Judge" to the answer, and what the program holds in memory as photos are judged one after the other. The page is
drawn by the same machine in software, which a phone's or desktop's own graphics are not slowed by.
"""

import argparse
import itertools
import re
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from app_browser import CHROMIUM_FLAGS, HERE, Visit, serving, visiting
from playwright.sync_api import sync_playwright

PHONE = {"width": 360, "height": 740}
JUDGE = re.compile("Judge this spot|Go on without a result")
ANSWER = re.compile("^(Result|This file)")


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One photo."""

    check: float
    """seconds from choosing it to the screen that asks for the square"""
    answer: float
    """seconds from the tap to the answer on screen"""
    megabytes: float
    """resident memory of the program afterwards"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder with JPEG or PNG photos")
    parser.add_argument("--count", type=int, default=100, help="photos to judge (default: %(default)s)")
    parser.add_argument("--bundle", type=Path, default=Path("runtime/default_bundle"), help="default: %(default)s")
    options = parser.parse_args()
    photos = sorted(path for end in ("jpg", "png") for path in options.photos.rglob(f"*.{end}"))
    chosen = list(itertools.islice(itertools.cycle(photos), options.count))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        started = time.perf_counter()
        with (
            serving(options.bundle, scratch=Path(tempfile.mkdtemp()) / "scratch") as address,
            visiting(browser, address, viewport=PHONE) as visit,
        ):
            visit.page.get_by_role("button", name="Skip").wait_for()
            first_frame = time.perf_counter() - started
            visit.begin()
            say(first_frame, [judged(visit, path, port=int(address.rsplit(":", 1)[1])) for path in chosen])


def judged(visit: Visit, path: Path, *, port: int) -> Judged:
    button = visit.page.get_by_role("button", name=re.compile("hoose a photo|nother photo")).first
    with visit.page.expect_file_chooser() as chooser:
        button.click()
    start = time.perf_counter()
    chooser.value.set_files(path)
    visit.page.get_by_role("button", name=JUDGE).first.wait_for()
    checked = time.perf_counter()
    visit.page.get_by_role("button", name=JUDGE).first.click()
    visit.page.get_by_role("heading", name=ANSWER).first.wait_for(state="attached")
    answered = time.perf_counter()
    return Judged(check=checked - start, answer=answered - checked, megabytes=resident(port))


def resident(port: int) -> float:
    """Megabytes of the program that listens on this port of ours."""
    for found in psutil.net_connections("tcp"):
        if found.laddr == (HERE, port) and found.status == psutil.CONN_LISTEN and found.pid is not None:
            return psutil.Process(found.pid).memory_info().rss / 1e6
    raise LookupError(f"nothing listens on port {port}")


def say(first_frame: float, found: list[Judged]) -> None:
    print(f"first frame: {first_frame:.2f} s after the program was started, page load included")
    for name, values in (("check", [j.check for j in found]), ("answer", [j.answer for j in found])):
        ordered = sorted(values)
        p90 = ordered[int(0.9 * (len(ordered) - 1))]
        print(f"{name}: median {statistics.median(values):.2f} s, p90 {p90:.2f} s, first {values[0]:.2f} s")
    after = {n: found[n - 1].megabytes for n in (1, 10, len(found) // 2, len(found)) if 0 < n <= len(found)}
    print("memory: " + ", ".join(f"{size:.0f} MB after {n}" for n, size in after.items()))


if __name__ == "__main__":
    main()
