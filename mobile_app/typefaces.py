"""The letters that travel with the app: which font has which, on the page and on paper.

The four languages need none of them on the page, where Flutter's own Roboto has their letters. They are for people's
own words: names and notes. On phones and in a window the system's fonts come first; a browser's Flutter has none.
"""

from collections.abc import Set
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from io import BytesIO

MOST_BYTES = 2_500_000
"""Of all fonts together: they travel to every phone."""


@dataclass(frozen=True, kw_only=True)
class Face:
    """One font."""

    file: str
    asked_as: tuple[str, ...] = ()
    """what Flutter in a browser asks for when it lacks these letters: the folders of Google's fonts, of which Noto Sans
    is where it looks for Devanagari, its Roboto having the Latin letters"""
    on_paper: bool = True
    """whether its letters stand right one after the other: those of India and Thailand need a shaping engine"""
    paper_scale: float = 1.0
    """of its letters on paper, so that none reaches beyond the line that Latin letters keep to"""


REGULAR = Face(file="SkinTagPaper-Regular.ttf")
BOLD = Face(file="SkinTagPaper-Bold.ttf")
OTHERS = (
    Face(file="NotoSansArabic.ttf", asked_as=("notosansarabic",)),
    Face(file="NotoSansEthiopic.ttf", asked_as=("notosansethiopic",)),
    Face(file="NotoSansHebrew.ttf", asked_as=("notosanshebrew",)),
    Face(file="DroidSansHan.ttf", asked_as=("notosanssc", "notosanstc", "notosanshk", "notosansjp"), paper_scale=0.9),
    Face(file="NotoEmoji.ttf", asked_as=("notocoloremoji",)),
    Face(file="NotoSansDevanagari.ttf", asked_as=("notosans", "notosansdevanagari"), on_paper=False),
    Face(file="NotoSansBengali.ttf", asked_as=("notosansbengali",), on_paper=False),
    Face(file="NotoSansTamil.ttf", asked_as=("notosanstamil",), on_paper=False),
    Face(file="NotoSansThai.ttf", asked_as=("notosansthai",), on_paper=False),
)
"""In one weight each: what is bold on paper is regular in them."""
FACES = (REGULAR, BOLD, *OTHERS)


@cache
def file_of(face: Face) -> bytes:
    """The TrueType file."""
    return (files("mobile_app") / "fonts" / face.file).read_bytes()


@cache
def letters_of(face: Face) -> Set[str]:
    """The characters that a font has."""
    from reportlab.pdfbase.ttfonts import TTFontFile  # not at import: only other scripts and the paper need it

    return frozenset(map(chr, TTFontFile(BytesIO(file_of(face))).charToGlyph))


@cache
def face_on_paper(character: str, *, bold: bool = False) -> Face | None:
    """The font that prints a character, or None where there is none."""
    return _first_with(character, (BOLD if bold else REGULAR, *(face for face in OTHERS if face.on_paper)))


@cache
def shown_on_page(character: str) -> bool:
    """Whether a browser can draw a character with what travels with the app."""
    return _first_with(character, FACES) is not None


def _first_with(character: str, faces: tuple[Face, ...]) -> Face | None:
    return next((face for face in faces if character in letters_of(face)), None)
