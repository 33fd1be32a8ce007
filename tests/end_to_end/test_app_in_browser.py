"""The app as a user meets it: a real browser, a real server process, photos through the file chooser."""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from app_browser import CALIBRATED, HERE, ONCE_MORE, PATIENCE, PHONE, BrowserHung, serving, visiting
from app_photos import black_photo, jpeg, skin_with_a_spot
from PIL import Image, ImageDraw, ImageFilter

from mobile_app.locales import ENGLISH
from runtime.answer.advice import DISCLAIMER, advice_for
from runtime.answer.locales import texts_for
from runtime.conditions import Condition
from runtime.photo.quality import QualityProblem
from runtime.triage import Tier

pytestmark = [pytest.mark.slow, ONCE_MORE]

DESKTOP = {"width": 1200, "height": 1600}
DEFAULT_BUNDLE = Path(__file__).parents[2] / "runtime" / "default_bundle"


def test_from_photo_to_verdict(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    """One visit: a photo is judged, a hostile file is refused, a black photo cannot be judged; nothing leaves."""
    bundle = tiny_bundle(tmp_path, malignancy=0.91, conditions=Condition.MELANOMA, points=CALIBRATED)
    photo, scratch = jpeg(skin_with_a_spot()), tmp_path / "scratch"
    with serving(bundle, scratch=scratch) as address, visiting(browser, address, viewport=PHONE) as visit:
        visit.sees(DISCLAIMER)
        for title, _ in ENGLISH.start.steps:
            visit.hears_heading(title)  # a tap faster than the page is drawn anew would fall on the last step's button
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
        visit.tap("Go on without a result")
        assert visit.hears_heading(re.compile("^Result")) == "Result: Cannot assess"
        visit.page.get_by_role("button", name="Take or choose another photo").wait_for(timeout=PATIENCE)

        assert visit.hosts() == {HERE}
        kept = [path for path in scratch.rglob("*") if path.is_file()]
        assert kept, "the server's temporary files are elsewhere: this test would not see a photo on disk"
        assert not [path for path in kept if photo[:4096] in path.read_bytes()]


BAD = {
    QualityProblem.BLURRED: lambda image: image.filter(ImageFilter.GaussianBlur(24)),
    QualityProblem.TOO_DARK: lambda image: image.point(lambda level: level // 30),
    QualityProblem.OVEREXPOSED: lambda image: image.point(lambda level: 255),
    QualityProblem.NO_DETAIL: lambda image: Image.new("RGB", image.size, (150, 120, 100)),
    QualityProblem.GLARE: lambda image: with_glare(image),
    QualityProblem.TOO_FAR: lambda image: skin_with_a_spot(spot=6, left=144, top=112, size=(288, 224)),
    QualityProblem.COLOUR_CAST: lambda image: Image.merge(
        "RGB", [image.getchannel(0).point(lambda level: level // 8), *image.split()[1:]]
    ),
}
"""Each kind of bad photo that the gate knows, but for too_close, which it never gives."""


def with_glare(image: Image.Image) -> Image.Image:
    spoilt = image.copy()
    ImageDraw.Draw(spoilt).ellipse((380, 280, 500, 400), fill=(255, 255, 255))
    return spoilt


def test_each_kind_of_bad_photo_ends_in_a_screen_that_says_what_to_do(tmp_path: Path, browser: Any) -> None:
    assert set(BAD) == set(QualityProblem) - {QualityProblem.TOO_CLOSE}
    button = "Choose a photo"
    with (
        serving(DEFAULT_BUNDLE, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        for problem, spoil in BAD.items():
            visit.pick(button, name=f"{problem}.jpg", data=jpeg(spoil(skin_with_a_spot())))
            visit.sees(texts_for("en").reason_of(problem))
            visit.tap("Go on without a result")
            assert visit.hears_heading(re.compile("^Result")) == "Result: Cannot assess", problem
            visit.sees(texts_for("en").reason_of(problem))
            button = "Take or choose another photo"


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
        window = visit.box(zoomed)
        x, y = window["x"] + window["width"] / 2, window["y"] + window["height"] / 2
        visit.page.mouse.move(x, y)
        visit.page.mouse.wheel(0, -200)
        visit.page.mouse.down()
        visit.page.mouse.move(x + 40, y + 30, steps=5)
        visit.page.mouse.up()
        for width in (600, 768, 920, 1200):
            visit.page.set_viewport_size({"width": width, "height": 900})
            visit.page.locator("html").wait_for_function(f"window.innerWidth === {width}")
            visit.tap("Zoom in")  # what is drawn now is drawn at this width
            visit.tap("Zoom out")
            square = visit.box(zoomed)
            assert abs(square["width"] - square["height"]) < 1, f"what is shown is not what is judged at {width}"
        visit.tap(re.compile("Judge this spot|Go on without a result"))
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
        visit.page.get_by_role("button", name=ENGLISH.spots.no_place).wait_for(timeout=PATIENCE, state="detached")
        visit.tap("Keep")
        assert visit.hears_heading("left palm") == "left palm"
        visit.sees("Palm, left")

        visit.tap("Photo")
        visit.judge("Another photo", name="second.jpg", data=jpeg(skin_with_a_spot(spot=130)))
        visit.tap("Keep it with my spots")
        visit.choose("Spot: A new spot", "left palm")
        visit.press(visit.page.get_by_role("checkbox", name="Has it grown?"))
        visit.tap("Keep")
        visit.sees("Has it grown?")
        visit.sees(re.compile(r"^Over time: .*: Moderate concern.*; .*: Moderate concern"))

        visit.tap("Photo")
        visit.judge("Another photo", name="third.jpg", data=jpeg(skin_with_a_spot(spot=150)))
        visit.tap("Keep it with my spots")
        visit.choose("Spot: A new spot", "left palm")
        visit.tap("Keep")
        visit.sees(re.compile(r"^Over time: .*: Moderate concern.*(; .*: Moderate concern.*){2}"))
        visit.tap("Compare")
        visit.sees(re.compile(r"^The earlier photo and the later one.*\(1\), .*\(3\)$"))
        visit.tap(re.compile(r"^Earlier photo: .*\(1\)$"))
        visit.tap(re.compile(r"^[\d-]+ · Moderate concern \(2\)$"))
        visit.sees(re.compile(r"^The earlier photo and the later one.*\(2\), .*\(3\)$"))
        visit.tap(re.compile(r"^Later photo: .*\(3\)$"))
        visit.tap(re.compile(r"^[\d-]+ · Moderate concern \(1\)$"))
        visit.sees(re.compile(r"^The earlier photo and the later one.*\(1\), .*\(2\)$"))
        visit.tap("Back")

        visit.tap("Delete this spot")
        visit.sees("It cannot be brought back.")
        visit.tap("Delete")
        visit.sees(re.compile("^Nothing is kept yet"))
        assert visit.hosts() == {HERE}


def test_names_in_other_scripts_are_shown_without_another_computer(
    tmp_path: Path, browser: Any, tiny_bundle: Any
) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.45, points=CALIBRATED)
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.judge("Choose a photo", name="first.jpg", data=jpeg(skin_with_a_spot(spot=90)))
        visit.tap("Keep it with my spots")
        visit.write("Name", "محمد አበበ 王")
        for font in ("NotoSansArabic", "NotoSansEthiopic", "DroidSansHan"):
            visit.waits_for(f"/assets/letters/{font}.ttf")
        visit.write("Name", "नाम")
        visit.sees(ENGLISH.spots.unprintable)
        visit.waits_for("/assets/letters/NotoSansDevanagari.ttf")
        visit.write("Name", "Łódź 王")
        visit.tap("Keep")
        assert visit.hears_heading("Łódź 王") == "Łódź 王"
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
        visit.tap(re.compile("Judge this spot|Go on without a result"))
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
        visit.judge("Choose a photo", name="spot.jpg", data=jpeg(skin_with_a_spot()))
        assert visit.hears_heading(re.compile("^Result")) == "Result: High concern"


def test_a_page_for_a_doctor_is_saved_and_can_be_read(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    bundle = tiny_bundle(tmp_path, malignancy=0.91, points=CALIBRATED)
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.judge("Choose a photo", name="spot.jpg", data=jpeg(skin_with_a_spot()))
        with visit.page.expect_download(timeout=PATIENCE) as saved:
            visit.tap("Save as PDF")
        pages = pypdf.PdfReader(saved.value.path()).pages
        assert len(pages) == 1
        text = " ".join(pages[0].extract_text().split())
        assert "High concern" in text
        assert " ".join(DISCLAIMER.split()) in text
        visit.sees("Saved")


def test_the_way_on_is_in_sight_and_a_spot_leads_to_its_next_photo(
    tmp_path: Path, browser: Any, tiny_bundle: Any
) -> None:
    """On a phone's own screen: keep, the doctor's page, what was just said, the photo enlarged, the kept answer."""
    bundle, screen = tiny_bundle(tmp_path, malignancy=0.91, points=CALIBRATED), {"width": 360, "height": 740}
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=screen) as visit,
    ):
        visit.begin()
        visit.judge("Choose a photo", name="spot.jpg", data=jpeg(skin_with_a_spot()))
        visit.hears_heading(re.compile("^Result"))
        visit.rest()
        for name in ("Keep it with my spots", "Save as PDF"):
            box = visit.page.get_by_role("button", name=name, exact=True).first.bounding_box(timeout=PATIENCE)
            assert box["y"] + box["height"] <= screen["height"], name
        visit.tap(re.compile("Enlarge the photo"))
        visit.tap("Close the photo")
        visit.tap("Keep it with my spots")
        visit.tap("Keep")
        visit.tap("Show the result")
        assert visit.hears_heading(re.compile("^Result")) == "Result: High concern"
        visit.tap("Back")
        visit.tap("New photo of this spot")
        visit.sees("The next photo is of: Spot without a name")
        visit.tap("My spots")
        visit.write("Search by name or note", "zzz")
        visit.sees("No spot fits.")
        visit.tap("Clear the search")
        visit.sees(re.compile("Photos: 1"))


def test_language_and_text_size_change_at_once(tmp_path: Path, browser: Any, tiny_bundle: Any) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.91, points=CALIBRATED)
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=PHONE) as visit,
    ):
        visit.begin()
        visit.judge("Choose a photo", name="spot.jpg", data=jpeg(skin_with_a_spot()))
        visit.hears_heading(re.compile("^Result"))
        visit.tap("Settings")
        visit.choose("Language: English", "Português")
        visit.press(visit.page.get_by_role("radio", name="Máximo"))
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
        visit.judge("Choose a photo", name="mine.jpg", data=jpeg(skin_with_a_spot()))
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
        visit.judge("Choose a photo", name="mine.jpg", data=jpeg(skin_with_a_spot()))
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
        visit.sees(re.compile("^Spots: 0,"))
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
        visit.judge("Choose a photo", name="spot.jpg", data=jpeg(skin_with_a_spot()))
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


HANGS_MS = 30_000
"""Far longer than a page is waited for below; without an end it would go on beside all other journeys of this file."""


RESTLESS = 'setInterval(() => document.querySelector("flt-semantics-host").setAttribute("tick", Date.now()), 20);'


@pytest.mark.parametrize(
    ("restless", "after_ms"),
    [pytest.param("", 0, id="before it is asked"), pytest.param(RESTLESS, 700, id="while it is waited for")],
)
def test_a_page_that_hangs_is_told_from_one_that_is_slow(
    tmp_path: Path, browser: Any, tiny_bundle: Any, monkeypatch: pytest.MonkeyPatch, restless: str, after_ms: int
) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.91, points=CALIBRATED)
    with serving(bundle, scratch=tmp_path / "scratch") as address:
        with visiting(browser, address, viewport=PHONE) as visit:
            hang = f"const until = Date.now() + {HANGS_MS}; while (Date.now() < until);"
            visit.page.evaluate(f"{restless} setTimeout(() => {{ {hang} }}, {after_ms})")
            monkeypatch.setattr("app_browser.GIVEN_UP_MS", 1500)
            monkeypatch.setattr("app_browser.PATIENCE", 2000)
            with pytest.raises(BrowserHung, match="does not answer"):
                visit.rest()
        monkeypatch.undo()
        with visiting(browser, address, viewport=PHONE) as visit:
            visit.begin()
