"""The app as a user meets it again: after a reload, after a while, on another device, with the largest text."""

import io
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from app_browser import CALIBRATED, HERE, ONCE_MORE, PATIENCE, PHONE, Visit, serving, visiting
from app_photos import jpeg, skin_with_a_spot

from mobile_app.locales import ENGLISH
from mobile_app.locales.fr import FRENCH

pytestmark = [pytest.mark.slow, ONCE_MORE]

TALL = {"width": 360, "height": 5200}
RESULT = re.compile("^Result")


@pytest.fixture
def bundle(tmp_path: Path, tiny_bundle: Any) -> Path:
    return tiny_bundle(tmp_path, malignancy=0.45, points=CALIBRATED)


@pytest.fixture
def visit(tmp_path: Path, browser: Any, bundle: Path, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """A page past its introduction; as high as the test's mark says."""
    viewport = getattr(request, "param", PHONE)
    with (
        serving(bundle, scratch=tmp_path / "scratch") as address,
        visiting(browser, address, viewport=viewport) as visit,
    ):
        visit.begin()
        yield visit


def keep_one(visit: Visit, name: str) -> None:
    visit.judge("Choose a photo", name="spot.jpg", data=jpeg(skin_with_a_spot()))
    visit.tap("Keep it with my spots")
    visit.write("Name", name)
    visit.tap("Keep")
    visit.hears_heading(name)


def test_a_reload_goes_on_where_it_was(visit: Visit) -> None:
    """In the middle of the check, of the judging, of the answer and of what is being typed."""
    visit.pick("Choose a photo", name="spot.jpg", data=jpeg(skin_with_a_spot()))
    visit.sees("Is the spot in the square?")
    visit.reload()
    visit.sees("Is the spot in the square?")
    visit.tap(re.compile("Judge this spot|Go on without a result"))
    visit.reload()
    assert visit.hears_heading(RESULT) == "Result: Moderate concern"
    visit.reload()
    assert visit.hears_heading(RESULT) == "Result: Moderate concern"
    visit.tap("Keep it with my spots")
    visit.write("Name", "left palm")
    visit.reload()
    visit.tap("Keep")
    visit.hears_heading("left palm")
    visit.reload()
    visit.hears_heading("left palm")
    assert visit.hosts() == {HERE}


def test_nothing_of_a_visit_is_left_once_its_page_was_closed(tmp_path: Path, browser: Any, bundle: Path) -> None:
    scratch = tmp_path / "scratch"
    with serving(bundle, "--forget-after", "0", scratch=scratch) as address:
        with visiting(browser, address, viewport=PHONE) as visit:
            visit.begin()
            keep_one(visit, "left palm")
            (folder,) = scratch.glob("skintag-visit-*")
            assert any((folder / "photos").iterdir())
        with visiting(browser, address, viewport=PHONE) as other:
            waited = 0
            while folder.exists():
                assert waited < PATIENCE, "the visit's photos are still there"
                other.page.wait_for_timeout(500)
                waited += 500


def restarted(visit: Visit, notice: str) -> None:
    """Wait until the page, whose program was stopped, has found it again."""
    visit.page.get_by_role("alertdialog").wait_for(timeout=PATIENCE, state="detached")
    visit.listen()
    visit.sees(re.compile(re.escape(notice)))


def test_a_program_that_was_restarted_has_the_same_screen_and_what_was_typed(
    tmp_path: Path, browser: Any, bundle: Path
) -> None:
    keep = tmp_path / "kept"
    with ExitStack() as stopped:
        address = stopped.enter_context(serving(bundle, scratch=tmp_path / "scratch", keep=keep))
        with visiting(browser, address, viewport=PHONE) as visit:
            visit.begin()
            keep_one(visit, "left palm")
            visit.tap(ENGLISH.spots.edit)
            visit.write("Name", "right palm")
            visit.write("Notes", "itches")
            visit.rest()
            before = visit.page.url
            stopped.close()
            visit.page.get_by_role("alertdialog").wait_for(timeout=PATIENCE)
            port = urlsplit(address).port or 0
            with serving(bundle, scratch=tmp_path / "scratch2", keep=keep, port=port):
                restarted(visit, ENGLISH.start.restarted)
                visit.sees(re.compile(re.escape(ENGLISH.start.restarted_typed)))
                assert visit.page.url == before
                notes = visit.page.get_by_role("textbox", name="Notes").first
                notes.click(timeout=PATIENCE)  # Flutter shows the value of a field to others once it is in use
                expect = pytest.importorskip("playwright.sync_api").expect
                expect(notes).to_have_value("itches", timeout=PATIENCE)
                visit.tap("Keep")
                visit.hears_heading("right palm")
                assert not visit.page.evaluate(
                    "Object.keys(sessionStorage).some(k => sessionStorage[k].includes('itches'))"
                )


def test_a_program_that_keeps_nothing_still_has_the_language_and_the_words(
    tmp_path: Path, browser: Any, bundle: Path
) -> None:
    with ExitStack() as stopped:
        address = stopped.enter_context(serving(bundle, scratch=tmp_path / "scratch"))
        with visiting(browser, address, viewport=PHONE) as visit:
            visit.begin()
            visit.tap("Settings")
            visit.choose("Language: English", "Français")
            visit.tap(FRENCH.tabs[0])
            photo = jpeg(skin_with_a_spot())
            visit.pick(FRENCH.start.choose_photo, name="spot.jpg", data=photo)
            visit.tap(FRENCH.check.judge)
            visit.tap(FRENCH.answer.keep)
            visit.write(FRENCH.spots.name, "paume")
            visit.rest()
            stopped.close()
            visit.page.get_by_role("alertdialog").wait_for(timeout=PATIENCE)
            with serving(bundle, scratch=tmp_path / "scratch2", port=urlsplit(address).port or 0):
                restarted(visit, FRENCH.start.restarted_all_gone)
                visit.pick(FRENCH.start.choose_photo, name="spot.jpg", data=photo)
                visit.tap(FRENCH.check.judge)
                visit.tap(FRENCH.answer.keep)
                visit.tap(FRENCH.spots.save)
                visit.hears_heading("paume")


def test_everything_goes_into_one_file_and_comes_back_elsewhere(tmp_path: Path, browser: Any, visit: Visit) -> None:
    keep_one(visit, "left palm")
    visit.tap("Settings")
    with visit.page.expect_download(timeout=PATIENCE) as saved:
        visit.tap("Save everything as one file")
    archive = Path(saved.value.path()).read_bytes()
    assert len([name for name in zipfile.ZipFile(io.BytesIO(archive)).namelist() if name.endswith(".jpg")]) == 1
    address = visit.page.url
    with visiting(browser, address, viewport=PHONE) as other:
        other.begin()
        other.tap("Settings")
        other.pick(
            "Bring such a file back", name="broken.zip", data=archive[: len(archive) // 2], kind="application/zip"
        )
        other.sees(re.compile("Could not be brought back"))
        other.pick("Bring such a file back", name="kept.zip", data=archive, kind="application/zip")
        other.sees("Added: spots 1, photos 1.")
        other.tap("My spots")
        other.tap(re.compile("left palm"))
        other.hears_heading("left palm")
        assert other.hosts() == {HERE}


def test_a_reminder_is_a_calendar_file(visit: Visit) -> None:
    keep_one(visit, "left palm")
    with visit.page.expect_download(timeout=PATIENCE) as saved:
        visit.tap("In 12 weeks")
    day = datetime.now(UTC).date() + timedelta(weeks=12)
    event = Path(saved.value.path()).read_text()
    assert f"DTSTART;VALUE=DATE:{day:%Y%m%d}" in event
    assert "left palm" in event
    visit.sees(f"Next photo: {day.isoformat()}")


def test_the_model_and_the_licences_can_be_read(visit: Visit) -> None:
    visit.tap("Settings")
    visit.tap("About the model")
    visit.sees(re.compile("tiny"))
    visit.tap("Back")
    visit.tap("Licences of the parts")
    visit.tap("onnxruntime: MIT")
    visit.sees(re.compile("Permission is hereby granted"))
    visit.tap("Back")
    visit.sees("What is kept")


@pytest.mark.parametrize("visit", [TALL], indirect=True, ids=["tall"])
def test_text_of_twice_the_size_in_the_longest_language_stays_within_a_small_phone(visit: Visit) -> None:
    """Text that does not wrap would reach the edge of the screen, where it is cut."""
    words = FRENCH
    visit.tap("Settings")
    visit.choose("Language: English", "Français")
    visit.press(visit.page.get_by_role("radio", name=words.settings.text_sizes[3]))
    visit.sees(words.settings.title)
    within(visit)
    for page in (words.settings.model_card, words.settings.licences):
        visit.tap(page)
        visit.hears_heading(page)
        within(visit)
        if page == words.settings.model_card:
            visit.tap(words.measure.measure_here)
            visit.hears_heading(words.measure.measure_here)
            within(visit)
            visit.tap(words.spots.back)
            visit.hears_heading(page)
        visit.tap(words.spots.back)
    visit.tap(words.tabs[0])
    visit.sees(words.start.question)
    within(visit)
    visit.pick(words.start.choose_photo, name="spot.jpg", data=jpeg(skin_with_a_spot()))
    visit.sees(words.check.title)
    within(visit)
    visit.tap(re.compile(f"{words.check.judge}|{words.check.judge_anyway}"))
    visit.hears_heading(re.compile("^Résultat"))
    within(visit)
    visit.tap(words.answer.keep)
    visit.sees(words.spots.keep_title)
    within(visit)
    visit.tap(words.spots.save)
    visit.hears_heading(words.spots.no_name)
    within(visit)
    for tab in words.tabs[1:3]:
        visit.tap(tab)
        within(visit)


CARD_EDGE = 330
"""Logical pixels from the left: no card or notice has text beyond it. A row too narrow for its text lets it run on to
where the page ends, at 344, and is cut there: that is what a browser is told of its place."""


def within(visit: Visit) -> None:
    """No text in a card runs out of it."""
    visit.rest()
    nodes = visit.page.locator("flt-semantics").evaluate_all(
        """nodes => nodes.filter(node => !node.querySelector("flt-semantics"))
            .map(node => [node.innerText || node.ariaLabel || "", node.getBoundingClientRect()])
            .filter(([text, _]) => text.trim()).map(([text, box]) => [text, box.left, box.right])"""
    )
    assert nodes
    words = FRENCH
    on_the_page = {words.app, words.start.on_this_computer, words.answer.judged_part, words.answer.another, *words.tabs}
    in_cards = [node for node in nodes if node[1] >= 30 and node[0] not in on_the_page]
    assert not [(text[:60], left, right) for text, left, right in in_cards if right > CARD_EDGE]
