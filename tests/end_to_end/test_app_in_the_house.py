"""The app on a phone in the house: by https from another address, held sideways, back, and when the network is gone."""

import io
import re
import ssl
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from app_browser import CALIBRATED, ONCE_MORE, PATIENCE, Visit, serving_the_house, visiting
from app_photos import jpeg, skin_with_a_spot
from PIL import Image

from mobile_app.locales import ENGLISH
from mobile_app.serving.addresses import is_this_computer, reachable_hosts

pytestmark = [pytest.mark.slow, ONCE_MORE]

UPRIGHT, SIDEWAYS = {"width": 390, "height": 844}, {"width": 740, "height": 360}
RESULT = re.compile("^Result")
SQUARE = re.compile(r"enlarged [\d.]+ times")


@pytest.fixture(scope="module")
def own_address() -> str:
    """Of this machine in its network; a browser treats it as another computer's."""
    (host, *_) = reachable_hosts("0.0.0.0")
    if is_this_computer(host):
        pytest.skip("this machine has no address but its own")
    return host


def middle_of(visit: Visit, label: re.Pattern[str]) -> tuple[int, ...]:
    """The colour that is drawn in the middle of a labelled picture."""
    box = visit.box(label)
    shot = Image.open(io.BytesIO(visit.page.screenshot())).convert("RGB")
    return shot.getpixel((round(box["x"] + box["width"] / 2), round(box["y"] + box["height"] / 2)))


def is_the_spot(colour: tuple[int, ...]) -> bool:
    """Dark brown, as the drawn spot is and nothing of the page."""
    red, green, blue = colour
    return 40 < red < 140 and red > green > blue


def test_a_phone_opens_it_by_https(tmp_path: Path, launch: Any, tiny_bundle: Any, own_address: str) -> None:
    """One visit: the printed fingerprint, a photo drawn, sideways, back, away from the network and back again."""
    bundle = tiny_bundle(tmp_path, malignancy=0.45, points=CALIBRATED)
    scratch = tmp_path / "scratch"
    with (
        closing(launch("--ignore-certificate-errors")) as browser,
        serving_the_house(bundle, "--https", host="0.0.0.0", scratch=scratch) as (address, said),
        visiting(browser, address, viewport=UPRIGHT) as visit,
    ):
        host, port = urlsplit(address).hostname, urlsplit(address).port
        assert (host, urlsplit(address).scheme) == (own_address, "https")
        shown = ssl.PEM_cert_to_DER_cert(ssl.get_server_certificate((host, port)))
        assert sha256(shown).hexdigest().upper() == re.findall("(?:[0-9A-F]{2}:){31}[0-9A-F]{2}", said)[0].replace(
            ":", ""
        )
        assert "█" in said

        visit.begin()
        visit.sees(ENGLISH.start.take_photo)
        visit.pick("Choose a photo", name="spot.jpg", data=jpeg(skin_with_a_spot()))
        visit.sees(ENGLISH.check.title)
        visit.page.set_viewport_size(SIDEWAYS)
        visit.page.locator("html").wait_for_function("window.innerWidth === 740")
        judge = visit.page.get_by_role("button", name=ENGLISH.check.judge)
        visit.rest()
        assert is_the_spot(middle_of(visit, SQUARE))
        box, square = judge.bounding_box(), visit.box(SQUARE)
        assert box["y"] + box["height"] < SIDEWAYS["height"]
        assert square["x"] + square["width"] < box["x"], "beside, and not below"
        visit.tap(ENGLISH.check.judge)
        assert visit.hears_heading(RESULT) == "Result: Moderate concern"
        visit.rest()
        tier = visit.page.get_by_role("heading", name=RESULT).first.bounding_box(timeout=PATIENCE)
        for name in (ENGLISH.answer.keep, ENGLISH.answer.save_pdf):
            box = visit.page.get_by_role("button", name=name, exact=True).first.bounding_box(timeout=PATIENCE)
            assert 0 <= tier["y"] < box["y"], "the tier first"
            assert box["y"] + box["height"] < SIDEWAYS["height"], name

        assert urlsplit(visit.page.url).path == "/answer"
        visit.page.locator("html").wait_for_function("document.title.startsWith('\u2022')")  # it is not kept
        visit.page.go_back()
        visit.sees(ENGLISH.check.title)
        assert urlsplit(visit.page.url).path == "/photo"
        visit.page.go_forward()
        visit.hears_heading(RESULT)

        gone = visit.page.get_by_role("alertdialog")
        visit.page.context.set_offline(True)
        gone.wait_for(timeout=PATIENCE)
        assert ENGLISH.trouble.unreachable_title in gone.inner_text()
        visit.page.context.set_offline(False)
        gone.wait_for(timeout=PATIENCE, state="detached")
        visit.listen()
        assert visit.hears_heading(RESULT) == "Result: Moderate concern"
        assert visit.hosts() == {own_address}


def test_plain_http_draws_photos_and_says_when_the_program_is_stopped(
    tmp_path: Path, browser: Any, tiny_bundle: Any, own_address: str
) -> None:
    bundle = tiny_bundle(tmp_path, malignancy=0.45, points=CALIBRATED)
    with serving_the_house(bundle, "--http", host=own_address, scratch=tmp_path / "scratch") as (address, _):
        page = browser.new_page(viewport=UPRIGHT)
        visit = Visit(page)
        page.goto(address, timeout=PATIENCE)
        visit.listen()
        assert page.evaluate("!window.isSecureContext && !window.ImageDecoder")
        visit.begin()
        visit.sees("Choose a photo")
        assert not page.get_by_role("button", name=ENGLISH.start.take_photo).count()
        visit.pick("Choose a photo", name="spot.jpg", data=jpeg(skin_with_a_spot()))
        visit.sees(ENGLISH.check.title)
        visit.rest()
        assert is_the_spot(middle_of(visit, SQUARE))
    page.get_by_role("alertdialog").wait_for(timeout=PATIENCE)
    page.close()
