"""The app as a user meets it: a real browser, a real server process, photos through the file chooser."""

import io
import re
import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_browser import CHROMIUM_FLAGS, HERE, PATIENCE, serving, visiting
from PIL import Image, ImageDraw, ImageFilter

from mobile_app.locales import ENGLISH
from runtime.advice import DISCLAIMER, advice_for
from runtime.bundle import OperatingPoints
from runtime.conditions import Condition
from runtime.triage import Tier

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

PHONE = {"width": 360, "height": 2600}  # as narrow as a small phone, tall enough to have every control on the page
DESKTOP = {"width": 1200, "height": 1600}
DEFAULT_BUNDLE = Path(__file__).parents[2] / "runtime" / "default_bundle"


@pytest.fixture(scope="module")
def launch() -> Iterator[Any]:
    """Starts Debian's chromium with more flags; or a skip that says how to get it."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_FLAGS, *flags])


@pytest.fixture(scope="module")
def browser(launch: Any) -> Iterator[Any]:
    """One for all tests that need no flags of their own."""
    running = launch()
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


def skin_with_a_spot(*, spot: int = 100, left: int = 450, top: int = 350) -> Image.Image:
    """A brown spot on grainy skin."""
    image = Image.new("RGB", (900, 700), (214, 168, 140))
    ImageDraw.Draw(image).ellipse((left - spot, top - spot, left + spot, top + spot), fill=(92, 54, 36))
    grain = np.random.default_rng(7).normal(0, 9, (700, 900, 1))
    return Image.fromarray((np.asarray(image) + grain).clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, format="JPEG", quality=92)
    return out.getvalue()


CALIBRATED = OperatingPoints(low=0.3, high=0.6, calibrated=True)


def test_from_photo_to_verdict(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    """One visit: a photo is judged, a hostile file is refused, a black photo cannot be judged; nothing leaves."""
    bundle = tiny_bundle(tmp_path, malignancy=0.91, conditions=Condition.MELANOMA, points=CALIBRATED)
    photo, scratch = drawn_photo(), tmp_path / "scratch"
    with serving(bundle, scratch=scratch) as address, visiting(browser, address, viewport=PHONE) as visit:
        visit.sees(DISCLAIMER)
        for _ in ENGLISH.start.steps:
            visit.tap(re.compile("^(Next|Start)$"))
        visit.judge("Choose a photo", name="spot.jpg", data=photo)
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
        visit.sees(re.compile("^Melanoma: 82%"))
        assert not visit.page.get_by_text(re.compile("^Vascular lesion: 2%")).count()
        visit.tap("Show all 10")
        visit.sees(re.compile("^Vascular lesion: 2%"))
        visit.tap("Show where the model looked")
        visit.sees("The photo with what mattered to the model marked")

        visit.pick("Another photo", name="letter.jpg", data=b"Dear doctor, this is a text.")
        visit.sees(re.compile("This file cannot be used"))
        visit.sees(re.compile(r"^letter\.jpg: "))
        assert not visit.page.get_by_role("heading", name=re.compile("^Result")).count()

        visit.pick("Choose another photo", name="finger.jpg", data=black_photo())
        visit.sees(re.compile("too dark"))
        visit.tap("Try anyway")
        assert visit.hears_heading(re.compile("^Result")) == "Result: Cannot assess"
        visit.page.get_by_role("button", name="Take or choose another photo").wait_for(timeout=PATIENCE)

        assert visit.hosts() == {HERE}
        kept = [path for path in scratch.rglob("*") if path.is_file()]
        assert kept, "the server's temporary files are elsewhere: this test would not see a photo on disk"
        assert not [path for path in kept if photo[:4096] in path.read_bytes()]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda image: image.filter(ImageFilter.GaussianBlur(24)), "blurred"),
        (lambda image: image.point(lambda level: level // 30), "too dark"),
        (lambda image: image.point(lambda level: 255), "too bright"),
        (lambda image: Image.merge("RGB", [image.getchannel(0).point(lambda v: v // 8), *image.split()[1:]]), "colour"),
    ],
    ids=["blurred", "dark", "bright", "coloured"],
)
def test_each_kind_of_bad_photo_ends_in_a_screen_that_says_what_to_do(
    tmp_path: Path, browser: Any, tiny_bundle: Any, spoil: Any, words: str
) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.01, points=CALIBRATED)
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.pick("Choose a photo", name="bad.jpg", data=jpeg(spoil(skin_with_a_spot())))
        visit.sees(re.compile(words))
        visit.tap("Try anyway")
        assert visit.hears_heading(re.compile("^Result")) == "Result: Cannot assess"


def test_the_square_is_moved_and_zoomed_before_it_is_judged(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    """The app proposes a square around a small spot; buttons, slider and dragging change it."""
    bundle = tiny_bundle(tmp_path, malignancy=0.01, points=CALIBRATED)
    large = skin_with_a_spot(spot=50, left=250, top=200).resize((1800, 1400))
    zoomed = re.compile(r"enlarged ([\d.]+) times")
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.pick("Choose a photo", name="far.jpg", data=jpeg(large))
        visit.sees(zoomed)
        assert float(visit.says(zoomed)) > 1.5
        visit.tap("Whole photo")
        visit.sees(re.compile("enlarged 1.0 times"))
        visit.tap("Around the spot")
        visit.tap("Move the square right")
        visit.tap("Zoom out")
        window = visit.page.get_by_label(zoomed).first.bounding_box()
        x, y = window["x"] + window["width"] / 2, window["y"] + window["height"] / 2
        visit.page.mouse.move(x, y)
        visit.page.mouse.wheel(0, -200)
        visit.page.mouse.down()
        visit.page.mouse.move(x + 40, y + 30, steps=5)
        visit.page.mouse.up()
        visit.tap(re.compile("Judge this spot|Try anyway"))
        visit.hears_heading(re.compile("^Result"))


def test_a_spot_is_kept_photographed_again_compared_and_deleted(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.45, points=CALIBRATED)
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.judge("Choose a photo", name="first.jpg", data=jpeg(skin_with_a_spot(spot=90)))
        visit.tap("Keep it with my spots")
        visit.write("Name", "left palm")
        visit.tap("Palm, left")
        visit.tap("Keep")
        assert visit.hears_heading("left palm") == "left palm"
        visit.sees("Palm, left")

        visit.tap("Photo")
        visit.judge("Another photo", name="second.jpg", data=jpeg(skin_with_a_spot(spot=130)))
        visit.tap("Keep it with my spots")
        visit.choose("Spot: A new spot", "left palm")
        visit.page.get_by_role("checkbox", name="Has it grown?").click(timeout=PATIENCE)
        visit.tap("Keep")
        visit.sees("Has it grown?")
        visit.sees(re.compile(r"^Over time: .*: Moderate concern.*; .*: Moderate concern"))
        visit.tap("Compare")
        visit.sees(re.compile("^The earlier photo and the later one"))
        visit.tap("Back")

        visit.tap("Delete this spot")
        visit.sees("It cannot be brought back.")
        visit.tap("Delete")
        visit.sees(re.compile("^Nothing is kept yet"))
        assert visit.hosts() == {HERE}


def test_the_cameras_photo_goes_the_same_way(tmp_path: Path, launch: Any, tiny_bundle: Any) -> None:
    """A browser whose camera plays a file: two frames of skin with a spot."""
    film = tmp_path / "skin.mjpeg"
    film.write_bytes(2 * jpeg(skin_with_a_spot().resize((1280, 960)).crop((0, 0, 1280, 960))))
    flags = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    bundle = tiny_bundle(tmp_path, malignancy=0.91, points=CALIBRATED)
    with (
        closing(launch(*flags)) as with_camera,
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(with_camera, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.tap("Take a photo")
        visit.tap("Take the photo")
        visit.tap(re.compile("Judge this spot|Try anyway"))
        assert visit.hears_heading(re.compile("^Result")) == "Result: High concern"
        assert visit.hosts() == {HERE}


def test_without_a_camera_the_file_chooser_is_beside_the_reason(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.91, points=CALIBRATED)
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.tap("Take a photo")
        visit.sees("The camera cannot be used")
        visit.judge("Choose a photo", name="spot.jpg", data=drawn_photo())
        assert visit.hears_heading(re.compile("^Result")) == "Result: High concern"


def test_a_page_for_a_doctor_is_saved_and_can_be_read(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    bundle = tiny_bundle(tmp_path, malignancy=0.91, points=CALIBRATED)
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.judge("Choose a photo", name="spot.jpg", data=drawn_photo())
        with visit.page.expect_download(timeout=PATIENCE) as saved:
            visit.tap("Save as PDF")
        pages = pypdf.PdfReader(saved.value.path()).pages
        assert len(pages) == 1
        text = " ".join(pages[0].extract_text().split())
        assert "High concern" in text
        assert " ".join(DISCLAIMER.split()) in text
        visit.sees("Saved")


def test_language_and_text_size_change_at_once(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.91, points=CALIBRATED)
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.judge("Choose a photo", name="spot.jpg", data=drawn_photo())
        visit.hears_heading(re.compile("^Result"))
        visit.tap("Settings")
        visit.choose("Language: English", "Português")
        visit.page.get_by_role("radio", name="Máximo").click(timeout=PATIENCE)
        visit.tap("Foto")
        assert visit.hears_heading(re.compile("^Resultado")).startswith("Resultado: ")
        visit.sees(advice_for(Tier.HIGH, language="pt").urgency)


def test_two_visits_do_not_see_each_others_spots(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.45, points=CALIBRATED)
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
        visiting(browser, address, viewport=PHONE) as other,
    ):
        visit.begin()
        visit.judge("Choose a photo", name="mine.jpg", data=drawn_photo())
        visit.tap("Keep it with my spots")
        visit.tap("Keep")
        visit.hears_heading("Spot without a name")
        other.begin()
        other.tap("My spots")
        other.sees(re.compile("^Nothing is kept yet"))


def test_what_is_kept_in_a_folder_is_there_after_the_server_was_stopped(
    tmp_path: Path, browser: Any, tiny_bundle: Any
) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.45, points=CALIBRATED)
    keep = tmp_path / "kept"
    with (
        serving(bundle, scratch=tmp_path / "scratch", keep=keep) as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.judge("Choose a photo", name="mine.jpg", data=drawn_photo())
        visit.tap("Keep it with my spots")
        visit.tap("Keep")
        visit.hears_heading("Spot without a name")
    with (
        serving(bundle, scratch=tmp_path / "scratch2", keep=keep) as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.tap("My spots")
        visit.sees(re.compile("Spot without a name"))
        visit.tap("Settings")
        visit.tap("Delete everything")
        visit.tap("Delete")
        visit.sees("Everything was deleted.")
        visit.sees(re.compile("^0 spots"))
    assert not list(keep.rglob("*.jpg"))


def test_a_damaged_bundle_is_a_screen_and_can_be_mended(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    bundle = tiny_bundle(tmp_path)
    model = next(bundle.glob("*.onnx"))
    sound = model.read_bytes()
    model.write_bytes(sound[:-1] + bytes([sound[-1] ^ 1]))
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=DESKTOP) as visit,
    ):
        visit.begin()
        visit.sees("The model cannot be used")
        visit.sees(re.compile(re.escape(model.name)))
        model.write_bytes(sound)
        visit.tap("Try again")
        visit.judge("Choose a photo", name="spot.jpg", data=drawn_photo())
        assert visit.hears_heading(re.compile("^Result")) == "Result: Low concern (uncalibrated)"


def test_a_missing_bundle_is_a_screen(tmp_path: Path, browser: Any) -> None:
    with (
        serving(tmp_path / "nowhere", scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
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
        visit.begin()
        visit.judge("Choose a photo", name=photo.name, data=photo.read_bytes())
        shown = visit.hears_heading(re.compile("^Result"))
        assert re.fullmatch(
            "Result: (Low concern|Not cancer-like, see a doctor|Moderate concern|High concern|Cannot assess)", shown
        )
        assert visit.hosts() == {HERE}
