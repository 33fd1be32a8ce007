"""The app as a user meets it: a real browser, a real server process, photos through the file chooser."""

import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_browser import CHROMIUM_FLAGS, HERE, PATIENCE, serving, visiting
from PIL import Image, ImageDraw

from runtime.advice import DISCLAIMER, advice_for
from runtime.bundle import OperatingPoints
from runtime.conditions import Condition
from runtime.triage import Tier

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

PHONE = {"width": 360, "height": 2600}  # as narrow as a small phone, tall enough to have every control on the page
DESKTOP = {"width": 1200, "height": 1600}
DEFAULT_BUNDLE = Path(__file__).parents[2] / "runtime" / "default_bundle"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's chromium, or a skip that says how to get it."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("no chromium on this machine (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_FLAGS)
        yield running
        running.close()


def drawn_photo(*, skin: tuple[int, int, int] = (214, 168, 140)) -> bytes:
    """A brown spot on grainy skin, as JPEG bytes."""
    image = Image.new("RGB", (900, 700), skin)
    ImageDraw.Draw(image).ellipse((350, 250, 550, 450), fill=(92, 54, 36))
    grain = np.random.default_rng(7).normal(0, 9, (700, 900, 1))
    out = io.BytesIO()
    Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8)).save(out, format="JPEG", quality=90)
    return out.getvalue()


def black_photo() -> bytes:
    """What a finger on the lens gives."""
    out = io.BytesIO()
    Image.new("RGB", (640, 480), (3, 3, 3)).save(out, format="JPEG")
    return out.getvalue()


def test_from_photo_to_verdict(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    """One visit: a photo is judged, a hostile file is refused, a black photo cannot be judged; nothing leaves."""
    points = OperatingPoints(low=0.3, high=0.6, calibrated=True)
    bundle = tiny_bundle(tmp_path, malignancy=0.91, conditions=Condition.MELANOMA, points=points)
    photo, scratch = drawn_photo(), tmp_path / "scratch"
    with serving(bundle, scratch=scratch) as address, visiting(browser, address, viewport=PHONE) as visit:
        visit.sees(DISCLAIMER)
        visit.pick("Choose a photo", name="spot.jpg", data=photo)
        assert visit.hears_heading(re.compile("^Result")) == "Result: High concern"
        high = advice_for(Tier.HIGH)
        for text in (
            high.headline,
            high.urgency,
            *high.what_to_do,
            high.red_flags_now,
            *high.red_flags,
            *high.abcde,
            DISCLAIMER,
        ):
            visit.sees(text)
        visit.sees("Melanoma: 82%")
        assert not visit.page.get_by_text("Vascular lesion: 2%").count()
        visit.page.get_by_role("button", name="Show all 10").click(timeout=PATIENCE)
        visit.sees("Vascular lesion: 2%")

        visit.pick("Another photo", name="letter.jpg", data=b"Dear doctor, this is a text.")
        visit.sees(re.compile("This file cannot be used"))
        visit.sees(re.compile(r"^letter\.jpg: "))
        assert not visit.page.get_by_role("heading", name=re.compile("^Result")).count()

        visit.pick("Choose another photo", name="finger.jpg", data=black_photo())
        assert visit.hears_heading(re.compile("^Result")) == "Result: Cannot assess"
        visit.sees(re.compile("too dark"))
        visit.page.get_by_role("button", name="Take or choose another photo").wait_for(timeout=PATIENCE)

        assert visit.hosts() == {HERE}
        kept = [path for path in scratch.rglob("*") if path.is_file()]
        assert kept, "the server's temporary files are elsewhere: this test would not see a photo on disk"
        assert not [path for path in kept if photo[:4096] in path.read_bytes()]


def test_a_damaged_bundle_is_a_screen_and_can_be_mended(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    bundle = tiny_bundle(tmp_path)
    model = next(bundle.glob("*.onnx"))
    sound = model.read_bytes()
    model.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=DESKTOP) as visit,
    ):
        visit.sees("The model cannot be used")
        visit.sees(re.compile(re.escape(model.name)))
        model.write_bytes(sound)
        visit.page.get_by_role("button", name="Try again").click(timeout=PATIENCE)
        visit.pick("Choose a photo", name="spot.jpg", data=drawn_photo())
        assert visit.hears_heading(re.compile("^Result")) == "Result: Low concern (uncalibrated)"


def test_a_missing_bundle_is_a_screen(tmp_path: Path, browser: Any) -> None:
    with (
        serving(tmp_path / "nowhere", scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.sees("The model cannot be used")
        visit.sees(re.compile("nowhere"))
        visit.sees(re.compile("--bundle"))


def test_a_real_photo_with_the_bundle_that_ships(tmp_path: Path, browser: Any, shared_data: Path) -> None:
    if not (DEFAULT_BUNDLE / "manifest.json").is_file():
        pytest.skip(f"no bundle at {DEFAULT_BUNDLE}")
    photo = next(iter(sorted((shared_data / "Skin Cancer").rglob("*.jpg"))))
    with (
        serving(DEFAULT_BUNDLE, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=DESKTOP) as visit,
    ):
        visit.pick("Choose a photo", name=photo.name, data=photo.read_bytes())
        shown = visit.hears_heading(re.compile("^Result"))
        assert re.fullmatch(
            "Result: (Low concern|Not cancer-like, see a doctor|Moderate concern|High concern|Cannot assess)", shown
        )
        assert visit.hosts() == {HERE}
