"""The fonts that travel: which letters they have, what they weigh, and that each is there."""

from pathlib import Path

import pytest

from mobile_app.typefaces import FACES, MOST_BYTES, face_on_paper, file_of, shown_on_page

FOLDER = Path(__file__).parents[2] / "mobile_app" / "fonts"


def test_all_fonts_together_stay_within_what_was_decided() -> None:
    assert sum(len(file_of(face)) for face in FACES) <= MOST_BYTES
    assert {face.file for face in FACES} == {path.name for path in FOLDER.glob("*.ttf")}


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Łódź",
            "Đà Nẵng",
            "Ωμέγα",
            "Жанна",
            "محمد",
            "فاطمة",
            "گلنار",
            "አበበ",
            "王秀英",
            "張偉",
            "さくら",
            "太郎",
            "😀",
        ),
        *("नाम", "বাংলা", "தமிழ்", "ไทย", "שלום"),
    ],
)
def test_names_can_be_shown_on_the_page(name: str) -> None:
    assert all(shown_on_page(letter) for letter in name if letter.isprintable())


@pytest.mark.parametrize("name", ["한국", "မြန်မာ"])
def test_what_was_left_out_is_known(name: str) -> None:
    assert not any(shown_on_page(letter) for letter in name)


def test_what_needs_a_shaping_engine_is_not_printed_wrongly() -> None:
    assert all(face_on_paper(letter) is None for letter in "नমதท")
    assert face_on_paper("م", bold=True) is face_on_paper("م")
