"""Photograph the app's screens: `python tests/mobile_app/take_pictures.py --photo spot.jpg docs/images/app.png`.

Every screen at phone and at desktop size goes to a temporary folder for looking at; three phone screens side by side
(start, verdict, cannot assess) become the picture that is named.
"""

import argparse
import io
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from app_browser import CHROMIUM_FLAGS, Visit, serving, visiting
from playwright.sync_api import Browser, sync_playwright

SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1200, "height": 800}}
CALM_MS = 1500  # a picture is taken once two of them, this far apart, are the same
GAP = 24  # pixels between the screens


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("picture", type=Path, help="PNG to write")
    parser.add_argument("--photo", type=Path, required=True, help="photo of a skin spot to judge")
    parser.add_argument("--bundle", type=Path, default=Path("runtime/default_bundle"), help="default: %(default)s")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="app-pictures-"))
    with (
        sync_playwright() as playwright,
        serving(options.bundle, scratch=folder / "scratch") as address,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        for size in SIZES:
            photograph(browser, address, size=size, photo=options.photo, folder=folder)
    shown = [Image.open(folder / f"phone-{screen}.png") for screen in ("1-start", "2-verdict", "4-cannot-assess")]
    beside_each_other(shown).quantize(128).save(options.picture, optimize=True)
    print(f"{options.picture}; all screens in {folder}")


def photograph(browser: Browser, address: str, *, size: str, photo: Path, folder: Path) -> None:
    """One visit through the screens, a picture of each."""
    with visiting(browser, address, viewport=SIZES[size]) as visit:
        visit.page.get_by_role("button", name="Choose a photo").wait_for()
        picture(visit, folder / f"{size}-1-start.png")
        visit.pick("Choose a photo", name=photo.name, data=photo.read_bytes())
        visit.page.get_by_role("heading", name="Result").wait_for()
        picture(visit, folder / f"{size}-2-verdict.png")
        visit.page.mouse.move(SIZES[size]["width"] * 0.6, SIZES[size]["height"] / 2)
        visit.page.mouse.wheel(0, SIZES[size]["height"] * 0.8)
        picture(visit, folder / f"{size}-3-verdict-below.png")
        visit.page.mouse.wheel(0, -10 * SIZES[size]["height"])
        visit.pick("nother photo", name="dark.jpg", data=dark_photo())
        visit.page.get_by_role("heading", name="Cannot assess").wait_for()
        picture(visit, folder / f"{size}-4-cannot-assess.png")
        visit.pick("another photo", name="letter.jpg", data=b"Dear doctor")
        visit.page.get_by_text("cannot be used").first.wait_for()
        picture(visit, folder / f"{size}-5-refused.png")


def picture(visit: Visit, path: Path) -> None:
    """Save the page once it has stopped changing and is no longer blank."""
    before = b""
    while True:
        now = visit.page.screenshot()
        if now == before and Image.open(io.BytesIO(now)).convert("RGB").getcolors(8) is None:
            path.write_bytes(now)
            return
        before = now
        visit.page.wait_for_timeout(CALM_MS)


def dark_photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 640), (6, 4, 4)).save(out, format="JPEG")
    return out.getvalue()


def beside_each_other(images: Sequence[Image.Image]) -> Image.Image:
    width = sum(image.width + GAP for image in images) + GAP
    sheet = Image.new("RGB", (width, max(image.height for image in images) + 2 * GAP), "#C9D3D8")
    left = GAP
    for image in images:
        sheet.paste(image.convert("RGB"), (left, GAP))
        left += image.width + GAP
    return sheet


if __name__ == "__main__":
    main()
