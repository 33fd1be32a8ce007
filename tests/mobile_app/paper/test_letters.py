"""Letters on the page: what is printed of a person's own words, and where lines break."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mobile_app.paper.letters import advance, drawn, font, lacking, printable, width, wrap
from mobile_app.paper.order import in_order
from mobile_app.paper.words import LABELS
from mobile_app.typefaces import BOLD, REGULAR, face_on_paper
from runtime.answer.locales import LANGUAGES

SPECIAL = "áàâãäéèêëíîïóôõúùûüñçœæÁÉÍÓÚÀÊÇÑŒ¿¡«»€…•–—’“”×°"


@pytest.mark.parametrize("bold", [False, True])
def test_the_font_draws_every_letter_of_the_four_languages(bold: bool) -> None:
    face = font(40, face=BOLD if bold else REGULAR)
    missing = bytes(face.getmask("\ufffe"))
    letters = set(SPECIAL) | set(str(LABELS)) | set(str(dict(LANGUAGES)))
    assert [
        letter for letter in sorted(letters) if letter.isprintable() and bytes(face.getmask(letter)) == missing
    ] == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Épaule gauche, nævus ñ œ", "Épaule gauche, nævus ñ œ"),
        ("e\u0301", "é"),
        ("Łódź, Đà Nẵng", "Łódź, Đà Nẵng"),
        ("Ωμέγα Жанна", "Ωμέγα Жанна"),
        ("አበበ በቂላ", "አበበ በቂላ"),
        ("王秀英 がん", "王秀英 がん"),
        ("שלום", "שלום"),
        ("हिन्दी நாமம்", "? ?"),
        ("one\ntwo\t three\x00four\u2028five", "one two three four five"),
        ("👩🏽\u200d⚕️ 👍🏽 ok 🦄", "👩⚕ 👍 ok ?"),
        ("ﬁrst ½ ≥ −3", "first ½ >= -3"),
        ("\u202eعلي", "\ufecb\ufee0\ufef2"),
        ("ﷺ", printable("صلى الله عليه وسلم")),
        ("\ud800 lone", "? lone"),
        ("soft\u00adhyphen", "softhyphen"),
        ("\u200b\u202e", ""),
    ],
)
def test_what_the_font_lacks_is_shown_as_near_as_it_goes(written: str, shown: str) -> None:
    assert printable(written) == shown


@example("\U0001ee47")  # a mathematical letter whose near one joins
@given(st.text(max_size=400))
def test_any_text_becomes_one_that_can_be_printed(text: str) -> None:
    shown = printable(text)
    assert all(character == " " or face_on_paper(character) is not None for character in shown)
    assert all(character.isprintable() or character == "\u00a0" for character in shown)
    assert printable(shown) == shown


@given(st.text(max_size=400), st.floats(20, 500), st.integers(1, 8), st.booleans())
def test_no_line_is_wider_than_its_room(text: str, room: float, most: int, bold: bool) -> None:
    lines = wrap(text, room=room, size=9, most=most, bold=bold)
    assert len(lines) <= most
    assert all(width(line, size=9, bold=bold) <= room + 1e-6 for line in lines)
    if not (lines and lines[-1].endswith("…")):
        squeeze = "".join(printable(text).split())
        assert "".join("".join(lines).split()) == squeeze


def test_french_marks_and_short_brackets_do_not_start_a_line() -> None:
    sentence = "Une tache de la peau ; elle change (non étalonné)"
    for room in range(60, 240, 3):
        lines = wrap(sentence, room=room, size=9, most=20)
        assert not [line for line in lines if line.startswith((";", "étalonné"))]


def test_widths_are_those_of_helvetica() -> None:
    """From Adobe's metrics: a viewer that replaces the font by its own still puts every letter where we did."""
    assert [advance(c, bold=False) for c in "iWm é"] == pytest.approx([222, 944, 833, 278, 556], abs=1)
    assert [advance(c, bold=True) for c in "iWm é"] == pytest.approx([278, 944, 889, 278, 556], abs=1)


@pytest.mark.parametrize(
    ("read", "stands"),
    [
        ("Mole 7 (left)", "Mole 7 (left)"),
        ("שלום abc", "abc םולש"),
        ("abc שלום 12 x", "abc 12 םולש x"),
        ("أ (٣ ب) x", "x (ب ٣) أ"),
        ("x אב (גד) y", "x (דג) בא y"),
        ("א 12.5% ב", "ב 12.5% א"),
        ("a [b", "a [b"),
    ],
)
def test_letters_stand_as_unicode_says(read: str, stands: str) -> None:
    assert in_order(read) == stands


@given(st.text(alphabet="ab אבאב١٢12 .,:-+%$()[]é王", max_size=40))
def test_no_letter_is_lost_in_turning(line: str) -> None:
    turned = str.maketrans(")]", "([")
    assert sorted(in_order(line).translate(turned)) == sorted(line.translate(turned))


def test_a_line_is_drawn_without_a_gap_in_the_font_of_each_letter() -> None:
    line = printable("Łódź 王秀英 محمد አበበ")
    runs = drawn(line, size=10, bold=True)
    for before, after in itertools.pairwise(runs):
        assert after.start == pytest.approx(before.start + width(before.text, size=10, bold=True))
    assert len({run.face for run in runs}) == 4
    assert sum(len(run.text) for run in runs) == len(line)


@pytest.mark.parametrize(
    ("text", "some"), [("Łódź محمد 王 é ½ …", False), ("नाम", True), ("한국", True), ("is it?", False), ("", False)]
)
def test_what_cannot_be_printed_is_known(text: str, some: bool) -> None:
    assert lacking(text) is some
