"""Letters on the page: which ones can be printed, how wide they are and where a line breaks. Lengths are in points.

The page has one font in two weights, in `fonts/`. It holds the characters of Windows-1252, which is all four languages;
a person's own words may hold any other, and are then shown as near as that goes.
"""

import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from io import BytesIO

from PIL import ImageFont

CHARSET = "cp1252"
ASCENT, DESCENT = 0.905, 0.212
"""Above and below the baseline, as a share of the size; no letter reaches further."""
LEADING = 1.28
"""From one baseline to the next, as a share of the size."""

ELLIPSIS = "…"
UNKNOWN = "?"
_NO_BREAK = "\u00a0"
_EM = 1000
"""Size in pixels at which widths are read: one pixel is a thousandth of the size, as in a PDF."""
_LONGEST = 2000
"""Characters of one text that are looked at: more than a page holds."""
_NEAR = str.maketrans({"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ı": "i", "−": "-", "≥": ">="})
"""Letters that do not decompose into one of ours and a mark."""


def printable(text: str) -> str:
    """`text` on one line, in characters that the font has; what has no near one becomes a single "?"."""
    composed = unicodedata.normalize("NFC", text[:_LONGEST]).translate(_NEAR)
    shown = "".join(_nearest(character) for character in composed)
    return " ".join(_without_runs(word) for word in shown.split(" ") if word)


@lru_cache(maxsize=4096)
def _nearest(character: str) -> str:
    if _fits(character) and character.isprintable():
        return character
    kind = unicodedata.category(character)
    if kind in ("Zs", "Zl", "Zp"):
        return _NO_BREAK if character in "\u00a0\u202f" else " "  # these two forbid a line break
    if kind == "Cc":
        return " "
    if kind[0] == "M" or kind == "Cf":  # marks and joiners that are left over say nothing by themselves
        return ""
    decomposed = unicodedata.normalize("NFKD", character)
    base = "".join(c for c in decomposed if _fits(c) and c.isprintable())
    return base if base.strip() else UNKNOWN


def _fits(character: str) -> bool:
    try:
        character.encode(CHARSET)
    except UnicodeEncodeError:
        return False
    return True


def _without_runs(word: str) -> str:
    """An emoji can be ten characters, a name in another script twenty: one mark says as much as all of them."""
    while UNKNOWN * 2 in word:
        word = word.replace(UNKNOWN * 2, UNKNOWN)
    return word


def width(text: str, *, size: float, bold: bool = False) -> float:
    """Of printable text: the sum of the letters' widths, for the font has no kerning."""
    return sum(advance(character, bold=bold) for character in text) * size / _EM


@cache
def advance(character: str, *, bold: bool) -> float:
    """Width of one letter in thousandths of the size."""
    return round(font(_EM, bold=bold).getlength(character))


@lru_cache(maxsize=64)
def font(size: float, *, bold: bool) -> ImageFont.FreeTypeFont:
    """At `size` pixels, laid out without Raqm, which not every machine has."""
    return ImageFont.truetype(BytesIO(font_file(bold=bold)), size, layout_engine=ImageFont.Layout.BASIC)


@cache
def font_file(*, bold: bool) -> bytes:
    """The TrueType file, 17 kB."""
    name = f"SkinTagPaper-{'Bold' if bold else 'Regular'}.ttf"
    return (files("mobile_app.paper") / "fonts" / name).read_bytes()


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
