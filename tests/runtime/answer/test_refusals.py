"""Why a photo was not read, in every language: each reason has its sentence, and English is the error's own."""

import string
import sys
from pathlib import Path

import pytest

from runtime.answer.locales import LANGUAGES, texts_for
from runtime.answer.locales.refusals import REFUSALS
from runtime.errors import PhotoError, PhotoTooLargeError, Refusal
from runtime.photo.decode import PhotoLimits, load_square

BLANKS = {"format": "TIFF", "most": "50", "width": 3, "height": 4, "least": 32}
OTHERS = [code for code in LANGUAGES if code != "en"]


def test_the_table_has_one_sentence_for_each_reason() -> None:
    assert set(REFUSALS) == set(OTHERS)
    assert all(set(sentences) == set(Refusal) for sentences in REFUSALS.values())


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("reason", Refusal)
def test_every_reason_is_said_in_every_language(code: str, reason: Refusal) -> None:
    error = PhotoError("in English", reason=reason, photo="a.jpg", **BLANKS)
    said = texts_for(code).refusal_of(error)
    assert said.startswith("a.jpg: ")
    assert (said == str(error)) is (code == "en")
    assert "{" not in said


@pytest.mark.parametrize("reason", Refusal)
def test_no_two_languages_say_the_same_and_all_have_the_same_blanks(reason: Refusal) -> None:
    sentences = [REFUSALS[code][reason] for code in OTHERS]
    assert len(set(sentences)) == len(OTHERS)
    blanks = [{blank for _, blank, _, _ in string.Formatter().parse(text) if blank} for text in sentences]
    assert all(names == blanks[0] for names in blanks)


@pytest.mark.parametrize(
    ("data", "limits", "reason"),
    [
        (b"", PhotoLimits(), Refusal.EMPTY),
        (b"text", PhotoLimits(), Refusal.NO_PHOTO),
        (b"\xff\xd8\xff damaged", PhotoLimits(), Refusal.DAMAGED),
        (b"x" * 2000, PhotoLimits(max_bytes=1000), Refusal.TOO_MANY_BYTES),
    ],
)
def test_a_file_is_refused_with_its_reason_and_its_name(data: bytes, limits: PhotoLimits, reason: Refusal) -> None:
    with pytest.raises(PhotoError) as caught:
        load_square(data, size=224, limits=limits)
    assert (caught.value.reason, caught.value.photo) == (reason, "photo")
    assert str(caught.value).startswith("photo: ")
    assert all("{" not in texts_for(code).refusal_of(caught.value) for code in LANGUAGES)


def test_a_heic_without_its_library_is_no_damaged_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(PhotoError) as caught:
        load_square(b"....ftypheic", size=224)
    assert caught.value.reason is Refusal.HEIC


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotoError) as caught:
        load_square(tmp_path / "a.jpg", size=224)
    assert texts_for("es").refusal_of(caught.value) == f"{tmp_path / 'a.jpg'}: El archivo no existe."


def test_naming_a_photo_keeps_kind_and_reason() -> None:
    error = PhotoTooLargeError("larger than 50 MB", reason=Refusal.TOO_MANY_BYTES, photo="photo", most="50").of("b.jpg")
    assert isinstance(error, PhotoTooLargeError)
    assert str(error) == "b.jpg: larger than 50 MB"
    assert texts_for("pt").refusal_of(error) == "b.jpg: Tem mais de 50 MB. Salve-a menor e tente de novo."
