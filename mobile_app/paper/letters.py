"""Letters on the page: which ones can be printed, how wide they are and where a line breaks. Lengths are in points.

The page has one font in two weights for the four languages, and one for each other script that can be set letter by
letter (`mobile_app.typefaces`). A person's own words may hold any character, and are shown as near as that goes.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from itertools import groupby

from PIL import ImageFont

from mobile_app.paper.order import in_order
from mobile_app.typefaces import BOLD, REGULAR, Face, face_on_paper, file_of

ASCENT, DESCENT = 0.905, 0.212
"""Above and below the baseline, as a share of the size; few letters reach further, none into the next line's."""
LEADING = 1.28
"""From one baseline to the next, as a share of the size."""

ELLIPSIS = "…"
UNKNOWN = "?"
_NO_BREAK = "\u00a0"
_EM = 1000
"""Size in pixels at which widths are read: one pixel is a thousandth of the size, as in a PDF."""
_WIDEST = 2 * _EM
"""Of one letter: a whole prayer in one sign does not fit a column."""
_LONGEST = 2000
"""Characters of one text that are looked at: more than a page holds."""
_NEAR = str.maketrans(
    {"≥": ">=", "−": "-", "\u2011": "-", **{sign: unicodedata.normalize("NFKC", sign) for sign in "ﷺﷻ"}}
)
"""Characters that are better said in others than looked for."""
_ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f]")
_SKIN_TONES = range(0x1F3FB, 0x1F400)


def printable(text: str) -> str:
    """`text` on one line, in characters that a font has; what has no near one becomes a single "?".

    Arabic letters are joined. Letters are in the order they are read; `drawn` says in which they stand.
    """
    composed = unicodedata.normalize("NFC", text[:_LONGEST]).translate(_NEAR)
    shown = "".join(_nearest(character) for character in _joined(composed))
    shown = "".join(_nearest(character) for character in _joined(shown))  # a near letter may be one that joins
    return " ".join(_without_runs(word) for word in shown.split(" ") if word)


def lacking(text: str) -> bool:
    """Whether some of `text` cannot be printed, not even by a near letter."""
    composed = unicodedata.normalize("NFC", text[:_LONGEST])
    return any(_nearest(character) == UNKNOWN != character for character in composed)


def _joined(text: str) -> str:
    if not _ARABIC.search(text):
        return text
    import arabic_reshaper  # not at import: few pages need it

    return arabic_reshaper.reshape(text)


@lru_cache(maxsize=4096)
def _nearest(character: str) -> str:
    kind = unicodedata.category(character)
    if kind in ("Zs", "Zl", "Zp"):
        return _NO_BREAK if character in "\u00a0\u202f" else " "  # these two forbid a line break
    if kind == "Cc":
        return " "
    if kind[0] == "M" or kind == "Cf" or ord(character) in _SKIN_TONES:  # left over, they say nothing by themselves
        return ""
    if _fits(character):
        return character
    base = "".join(c for c in unicodedata.normalize("NFKD", character) if c == " " or _fits(c))
    return base if base.strip() else UNKNOWN


def _fits(character: str) -> bool:
    face = face_on_paper(character)
    return face is not None and character.isprintable() and advance(character, bold=False) <= _WIDEST


def _without_runs(word: str) -> str:
    """An emoji can be ten characters, a name in another script twenty: one mark says as much as all of them."""
    while UNKNOWN * 2 in word:
        word = word.replace(UNKNOWN * 2, UNKNOWN)
    return word


def width(text: str, *, size: float, bold: bool = False) -> float:
    """Of printable text: the sum of the letters' widths, for nothing here is kerned."""
    return sum(advance(character, bold=bold) for character in text) * size / _EM


@cache
def advance(character: str, *, bold: bool) -> float:
    """Width of one letter in thousandths of the size."""
    face = face_of(character, bold=bold)
    return round(font(_EM, face=face).getlength(character) * face.paper_scale)


@cache
def face_of(character: str, *, bold: bool) -> Face:
    """The font that a letter of printable text is printed in."""
    return face_on_paper(character, bold=bold) or (BOLD if bold else REGULAR)


@lru_cache(maxsize=64)
def font(size: float, *, face: Face) -> ImageFont.FreeTypeFont:
    """At `size` pixels, laid out without Raqm, which not every machine has."""
    return ImageFont.truetype(BytesIO(file_of(face)), size, layout_engine=ImageFont.Layout.BASIC)


@dataclass(frozen=True, kw_only=True)
class Run:
    """Letters of one font, as they stand from left to right."""

    face: Face
    text: str
    start: float
    """from where the line begins"""
    size: float


def drawn(text: str, *, size: float, bold: bool = False) -> tuple[Run, ...]:
    """A line of printable text as it is drawn, from left to right."""
    runs: list[Run] = []
    start = 0.0
    for face, letters in groupby(in_order(text), key=lambda letter: face_of(letter, bold=bold)):
        part = "".join(letters)
        runs.append(Run(face=face, text=part, start=start, size=size * face.paper_scale))
        start += width(part, size=size, bold=bold)
    return tuple(runs)


def wrap(text: str, *, room: float, size: float, most: int, bold: bool = False) -> tuple[str, ...]:
    """`text` in at most `most` lines, none wider than `room`; what does not fit ends in an ellipsis."""
    if most < 1:
        return ()
    lines: list[str] = []
    for word in _held_together(printable(text)).split(" "):
        joined = f"{lines[-1]} {word}" if lines else word
        if width(joined, size=size, bold=bold) <= room:
            lines[-1:] = [joined]
        else:
            lines += _pieces(word, room=room, size=size, bold=bold)
        if len(lines) > most:
            return (*lines[: most - 1], _cut(lines[most - 1], room=room, size=size, bold=bold))
    return tuple(line for line in lines if line)


def _held_together(text: str) -> str:
    """No line starts with a lone punctuation mark, as French ones could, or breaks within brackets such as these."""
    text = re.sub(" (?=[;:?!»%])", _NO_BREAK, text)
    return re.sub(r"\([^()]{1,30}\)", lambda bracket: bracket.group().replace(" ", _NO_BREAK), text)


def _pieces(word: str, *, room: float, size: float, bold: bool) -> list[str]:
    """A word, in several pieces where it alone is wider than a line."""
    pieces, used = [""], 0.0
    for character in word:
        wide = width(character, size=size, bold=bold)
        if pieces[-1] and used + wide > room:
            pieces, used = [*pieces, ""], 0.0
        pieces[-1], used = pieces[-1] + character, used + wide
    return pieces


def _cut(line: str, *, room: float, size: float, bold: bool) -> str:
    while line and width(line + ELLIPSIS, size=size, bold=bold) > room:
        line = line[:-1]
    return line.rstrip(" ,;.:") + ELLIPSIS
