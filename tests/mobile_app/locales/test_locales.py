"""Four languages: the same texts in each, none missing, none empty, none with another's placeholders."""

import re
from itertools import combinations
from math import hypot

import pytest
from app_words import leaves

from mobile_app.body import Half, Place, Region, View, points
from mobile_app.locales import ENGLISH, LANGUAGES
from mobile_app.photo.framing import SPOT_SHARE
from mobile_app.views.pieces.place import MAP_WIDTH, TARGET, places
from runtime.answer.locales import LANGUAGES as SPOKEN
from runtime.answer.locales import texts_for
from runtime.photo.quality import QualityProblem


def holes(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


def test_the_app_speaks_what_the_answers_speak() -> None:
    assert set(LANGUAGES) == set(SPOKEN)


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_text_is_missing_empty_or_has_other_holes(code: str) -> None:
    english, other = dict(leaves(ENGLISH)), dict(leaves(LANGUAGES[code]))
    assert set(other) == set(english)
    for path, text in other.items():
        assert text.strip(), path
        assert text == text.strip(), path
        assert holes(text) == holes(english[path]), path


@pytest.mark.parametrize("code", [code for code in LANGUAGES if code != "en"])
def test_every_sentence_is_translated(code: str) -> None:
    """Words that two languages share are short; a sentence that is the same in both was forgotten."""
    english = dict(leaves(ENGLISH))
    same = {path for path, text in leaves(LANGUAGES[code]) if text == english[path] and len(text.split()) > 2}
    assert not same


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_place_has_a_name_of_its_own(code: str) -> None:
    names = [LANGUAGES[code].body.place(place) for place in places()]
    assert len(set(names)) == len(names)
    assert {place.region for place in places()} == set(Region)


@pytest.mark.parametrize("view", View)
def test_no_two_places_of_the_drawing_are_under_one_finger(view: View) -> None:
    for first, second in combinations(points(view), 2):
        assert hypot(first.x - second.x, first.y - second.y) * MAP_WIDTH >= TARGET, (first.place, second.place)


def test_every_place_is_on_a_drawing_or_both() -> None:
    drawn = {point.place for view in View for point in points(view)}
    assert drawn == set(places())


def test_left_is_left() -> None:
    assert ENGLISH.body.place(Place(region=Region.PALM, half=Half.LEFT)) == "Palm, left"
    assert ENGLISH.body.place(Place(region=Region.FACE)) == "Face"


@pytest.mark.parametrize("code", LANGUAGES)
def test_questions_have_the_same_codes(code: str) -> None:
    codes = [question for question, _ in LANGUAGES[code].spots.changed]
    assert codes == [question for question, _ in ENGLISH.spots.changed]
    assert codes[:5] == ["asymmetry", "border", "colour", "diameter", "evolution"]


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_yes_is_shown_as_what_it_says_and_not_as_its_question(code: str) -> None:
    texts = LANGUAGES[code].spots
    assert [said for said, _ in texts.said] == [asked for asked, _ in texts.changed]
    assert not [said for _, said in texts.said if "?" in said or "¿" in said]


HALF = {"en": r"\bhalf\b", "es": r"\bmitad\b", "fr": r"\bmoitié\b", "pt": r"\bmetade\b"}


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_text_asks_for_a_spot_as_large_as_the_ring(code: str) -> None:
    """The ring on the photo, the first square, the hints before and after it: one share of the picture."""
    app, spoken = LANGUAGES[code], texts_for(code)
    assert 0.4 <= SPOT_SHARE <= 0.5, "what the texts call about half"
    for text in (app.start.tips[0], app.check.frame_hint, spoken.reason_of(QualityProblem.TOO_FAR)):
        assert re.search(HALF[code], text), text


@pytest.mark.parametrize("code", LANGUAGES)
def test_no_button_that_keeps_a_photo_is_called_like_the_one_that_stops_a_deletion(code: str) -> None:
    app = LANGUAGES[code]
    assert app.spots.keep_it == app.check.cancel
    assert app.spots.keep_it not in {app.spots.save, app.answer.keep}
