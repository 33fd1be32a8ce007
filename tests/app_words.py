"""Every text of the app by the path to it, and which of another language's stand where they should not."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from mobile_app.locales import LANGUAGES
from runtime.answer.locales import texts_for

_NAMES = {".language", ".language_name"}  # of the language itself: the list to choose from has all four
_LETTERS = re.compile(r"[^\W\d_]{2}")
_HOLE = re.compile(r"\{\w+\}")


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the path to it."""
    if isinstance(value, str):
        yield path, value
    elif is_dataclass(value):
        for each in fields(value):
            yield from leaves(getattr(value, each.name), f"{path}.{each.name}")
    else:
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")


def said_in(code: str) -> dict[str, str]:
    """All that the app and its answers can say in a language."""
    answers = {f"answers{path}": text for path, text in leaves(texts_for(code)) if path not in _NAMES}
    return answers | dict(leaves(LANGUAGES[code]))


def foreign(lines: Iterable[str], *, own: str, other: str) -> set[str]:
    """Lines that say something of `other` which `own` says differently. A single word counts as a whole line only: two
    languages share many within their sentences."""
    at_home = said_in(own)
    strange = {text for path, text in said_in(other).items() if at_home[path] != text} - set(at_home.values())
    words = [_pattern(text) for text in strange if _LETTERS.search(_HOLE.sub("", text))]
    return {line for line in lines if any(word.search(line) for word in words)}


def _pattern(text: str) -> re.Pattern[str]:
    """What the text looks like once its {holes} are filled."""
    filled = ".+?".join(re.escape(part) for part in _HOLE.split(text))
    alone = " " not in text or text.startswith("{") or text.endswith("}")
    return re.compile(rf"^{filled}$" if alone else rf"(?<!\w){filled}(?!\w)")
