"""Letters on the page: what is printed of a person's own words, and where lines break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_app.paper.letters import CHARSET, advance, font, printable, width, wrap
from mobile_app.paper.words import LABELS
from runtime.answer.locales import LANGUAGES

SPECIAL = "áàâãäéèêëíîïóôõúùûüñçœæÁÉÍÓÚÀÊÇÑŒ¿¡«»€…•–—’“”×°"


@pytest.mark.parametrize("bold", [False, True])
def test_the_font_draws_every_letter_of_the_four_languages(bold: bool) -> None:
    face = font(40, bold=bold)
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
        ("Łódź, Đà Nẵng", "Lódz, Dà Nang"),
        ("one\ntwo\t three\x00four\u2028five", "one two three four five"),
        ("👩🏽\u200d⚕️ ok", "? ok"),
        ("ﬁrst ½ ≥ −3", "first ½ >= -3"),
        ("\u202eعلي", "?"),
        ("\ud800 lone", "? lone"),
        ("soft\u00adhyphen", "softhyphen"),
        ("\u200b\u202e", ""),
    ],
)
def test_what_the_font_lacks_is_shown_as_near_as_it_goes(written: str, shown: str) -> None:
    assert printable(written) == shown


@given(st.text(max_size=400))
def test_any_text_becomes_one_that_can_be_printed(text: str) -> None:
    shown = printable(text)
    shown.encode(CHARSET)
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
