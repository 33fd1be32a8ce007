"""Photograph the app's screens: `python tests/mobile_app/take_pictures.py --photo spot.jpg docs/images/app.png`.

Every screen, by day and by night, at phone and at desktop size, goes to a temporary folder for looking at; four phone
screens side by side (check, verdict, a spot over time, two photos compared by night) become the picture that is named.
"""

import argparse
import io
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageEnhance

sys.path.insert(0, str(Path(__file__).parents[1]))
from app_browser import CHROMIUM_FLAGS, Visit, serving, visiting
from playwright.sync_api import Browser, sync_playwright

SIZES = {"phone": {"width": 360, "height": 740}, "desktop": {"width": 1200, "height": 800}}
THEMES = ("light", "dark")
CALM_MS = 800  # a picture is taken once two of them, this far apart, are the same
GAP = 24  # pixels between the screens
COLOURS = 128  # of the picture: no band is seen in the skin, and a page is not slowed by it
CHOSEN = ("phone-light-check", "phone-light-verdict", "phone-light-spot", "phone-dark-comparison")


@dataclass
class Album:
    """The pictures of one size and theme."""

    visit: Visit
    folder: Path
    prefix: str
    taken: list[Path] = field(default_factory=list)

    def take(self, screen: str) -> None:
        """Save the page once it has stopped changing and is no longer blank."""
        before = b""
        while True:
            now = self.visit.page.screenshot()
            if now == before and Image.open(io.BytesIO(now)).convert("RGB").getcolors(8) is None:
                path = self.folder / f"{self.prefix}-{screen}.png"
                path.write_bytes(now)
                self.taken.append(path)
                return
            before = now
            self.visit.page.wait_for_timeout(CALM_MS)


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
            for theme in THEMES:
                photograph(browser, address, size=size, theme=theme, photo=options.photo, folder=folder)
    shown = [Image.open(folder / f"{name}.png") for name in CHOSEN]
    beside_each_other(shown).quantize(COLOURS).save(options.picture, optimize=True)
    print(f"{options.picture}; all screens in {folder}")


def photograph(browser: Browser, address: str, *, size: str, theme: str, photo: Path, folder: Path) -> None:
    """One visit through the screens."""
    with visiting(browser, address, viewport=SIZES[size]) as visit:
        visit.page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
        album = Album(visit, folder, f"{size}-{theme}")
        visit.page.get_by_role("button", name="Skip").wait_for()
        album.take("introduction")
        visit.begin()
        album.take("start")
        answer(album, "Choose a photo", photo.read_bytes(), named=True)
        keep(album)
        visit.tap("Photo")
        answer(album, re.compile("nother photo"), later(photo), named=False)
        keep_again(album)
        album.take("spot")
        visit.tap("Compare")
        visit.sees(re.compile("^The earlier photo"))
        album.take("comparison")
        visit.tap("My spots")
        album.take("spots")
        visit.tap("Guide")
        album.take("guide")
        visit.tap("Settings")
        album.take("settings")
        for page in ("About the model", "Licences of the parts"):
            visit.tap(page)
            visit.hears_heading(page)
            album.take(page.split()[-1])
            visit.tap("Back")
        visit.tap("Photo")
        visit.pick("nother photo", name="dark.jpg", data=dark_photo())
        visit.page.get_by_role("button", name="Go on without a result").wait_for()
        album.take("check-dark-photo")
        visit.tap("Go on without a result")
        visit.page.get_by_role("heading", name="Cannot assess").wait_for(state="attached")
        album.take("cannot-assess")
        visit.pick("another photo", name="letter.jpg", data=b"Dear doctor")
        visit.page.get_by_text("cannot be used").first.wait_for(state="attached")
        album.take("refused")


def answer(album: Album, button: str | re.Pattern[str], photo: bytes, *, named: bool) -> None:
    visit = album.visit
    visit.pick(button, name="spot.jpg", data=photo)
    visit.page.get_by_role("button", name="Judge this spot").wait_for()
    if named:
        album.take("check")
    visit.tap("Judge this spot")
    visit.page.get_by_role("heading", name="Result").wait_for(state="attached")
    if named:
        album.take("verdict")


def keep(album: Album) -> None:
    visit = album.visit
    visit.tap("Keep it with my spots")
    visit.write("Name", "left forearm")
    visit.tap("Forearm, left")
    album.take("keep")
    visit.tap("Keep")
    visit.hears_heading("left forearm")


def keep_again(album: Album) -> None:
    visit = album.visit
    visit.tap("Keep it with my spots")
    visit.choose("Spot: A new spot", "left forearm")
    album.take("questions")
    visit.tap("Keep")
    visit.hears_heading("left forearm")


def later(photo: Path) -> bytes:
    """The same spot in other light, a little nearer."""
    with Image.open(photo) as image:
        width, height = image.size
        near = image.convert("RGB").crop((width // 16, height // 16, width - width // 16, height - height // 16))
        out = io.BytesIO()
        ImageEnhance.Brightness(near).enhance(0.9).save(out, format="JPEG", quality=95)
        return out.getvalue()


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
