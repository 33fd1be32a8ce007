"""The main way of a photo in each language and on each kind of screen: introduction, photo, check, answer, keep."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from app_browser import CALIBRATED, HERE, ONCE_MORE, PATIENCE, Visit, serving, visiting
from app_photos import jpeg, skin_with_a_spot
from app_words import foreign

from mobile_app.locales import LANGUAGES, Texts
from runtime.answer.advice import AdviceKind
from runtime.answer.locales import texts_for

pytestmark = [pytest.mark.slow, ONCE_MORE]

UPRIGHT, SIDEWAYS = {"width": 360, "height": 740}, {"width": 740, "height": 360}
DESKTOP = {"width": 1200, "height": 800}
SCREENS = {"en": UPRIGHT, "es": DESKTOP, "fr": SIDEWAYS, "pt": UPRIGHT}
SPOT = "Łódź 7"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, tiny_bundle: Any) -> Iterator[str]:
    """One program for all languages: each page is a visit of its own."""
    folder = tmp_path_factory.mktemp("languages")
    bundle: Path = tiny_bundle(folder, malignancy=0.45, points=CALIBRATED)
    with serving(bundle, scratch=folder / "scratch") as printed:
        yield printed


LINES = """host => [...host.querySelectorAll("*")].flatMap(node => [
    node.children.length && node.matches(":has(flt-semantics)") ? "" : node.innerText,
    node.getAttribute("aria-label"), node.getAttribute("placeholder"), node.getAttribute("title"),
    node.getAttribute("aria-description"),
]).filter(Boolean)"""


def lines_of(visit: Visit) -> set[str]:
    """All that stands on the page or is read out, below the first screen as well."""
    visit.rest()
    found = visit.page.locator("flt-semantics-host").evaluate(LINES)
    return {line.strip() for text in found for line in text.split("\n") if line.strip()}


def speaks_only(visit: Visit, code: str) -> None:
    """Nothing of English on a page in another language; an English page is found full of it."""
    lines = lines_of(visit)
    if code == "en":
        assert len(foreign(lines, own="es", other="en")) > len(lines) / 3
        assert not foreign(lines, own="en", other="es")
    else:
        assert not foreign(lines, own=code, other="en")


def past_the_introduction(visit: Visit, code: str) -> Texts:
    """Language first, then each step read."""
    words, name = LANGUAGES[code], texts_for(code).language_name
    if code != "en":
        visit.choose(f"{LANGUAGES['en'].settings.language}: English", name)
    for title, _ in words.start.steps:
        visit.hears_heading(title)
        speaks_only(visit, code)
        visit.tap(re.compile(f"^({words.start.next}|{words.start.begin})$"))
    return words


def in_sight(visit: Visit, name: str, *, height: int) -> None:
    """The button is whole on the screen as it opens."""
    button = visit.page.get_by_role("button", name=name, exact=True).first
    button.wait_for(timeout=PATIENCE, state="attached")
    visit.rest()
    box = button.bounding_box(timeout=PATIENCE)
    assert box["y"] >= 0, name
    assert box["y"] + box["height"] <= height, name


@pytest.mark.parametrize("code", SCREENS)
def test_the_main_way_speaks_one_language(browser: Any, address: str, code: str) -> None:
    screen, answers = SCREENS[code], texts_for(code)
    with visiting(browser, address, viewport=screen) as visit:
        words = past_the_introduction(visit, code)
        visit.sees(words.start.question)
        speaks_only(visit, code)

        visit.pick(words.start.choose_photo, name="7.jpg", data=jpeg(skin_with_a_spot()))
        visit.sees(words.check.good)
        in_sight(visit, words.check.judge, height=screen["height"])
        speaks_only(visit, code)

        visit.tap(words.check.judge)
        moderate = answers.advice_of(AdviceKind.MODERATE)
        result = words.answer.tier_spoken.format(tier=moderate.label)
        assert visit.hears_heading(re.compile(f"^{result}")).startswith(result)
        visit.sees(moderate.urgency)
        for name in (words.answer.keep, words.answer.save_pdf):
            in_sight(visit, name, height=screen["height"])
        speaks_only(visit, code)

        visit.tap(words.answer.keep)
        visit.hears_heading(words.spots.keep_title)
        speaks_only(visit, code)
        visit.write(words.spots.name, SPOT)
        visit.tap(words.spots.save)
        visit.hears_heading(SPOT)
        speaks_only(visit, code)
        for tab in words.tabs[1:]:
            visit.tap(tab)
            speaks_only(visit, code)
        assert visit.hosts() == {HERE}
