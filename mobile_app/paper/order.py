"""In which order the letters of a line stand: Arabic and Hebrew run from right to left, and others within them do not.

The rules of Unicode's standard annex 9 for one line without explicit directions, which `letters.printable` drops. The
libraries for it are under the LGPL, which an app store's package cannot honour, or written in C or Rust without a
build for phones.
"""

import unicodedata
from itertools import groupby

_RIGHT = ("R", "AL")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")


def in_order(line: str) -> str:
    """The letters of a line as they stand from left to right."""
    if not any(unicodedata.bidirectional(letter) in (*_RIGHT, "AN") for letter in line):
        return line
    base = next((kind for kind in map(unicodedata.bidirectional, line) if kind in ("L", *_RIGHT)), "L")
    outside = "L" if base == "L" else "R"
    levels = _levels(_bracketed(line, _kinds(line, base=base), outside=outside), outside=outside)
    letters = [letter.translate(_MIRRORED) if level % 2 else letter for letter, level in zip(line, levels, strict=True)]
    for lowest in range(max(levels), 0, -1):
        start = 0
        for turned, group in groupby(levels, key=lambda level, lowest=lowest: level >= lowest):
            end = start + len(list(group))
            if turned:
                letters[start:end], levels[start:end] = letters[start:end][::-1], levels[start:end][::-1]
            start = end
    return "".join(letters)


def _kinds(line: str, *, base: str) -> list[str]:
    """L, R, EN (digits), AN (digits within Arabic) or ON (neutral) for each letter: rules W1 to W7."""
    kinds = [unicodedata.bidirectional(letter) for letter in line]
    strong = ""
    for at, kind in enumerate(kinds):
        if kind in ("L", *_RIGHT):
            strong = kind
        elif kind == "NSM":
            kinds[at] = kinds[at - 1] if at else "ON"
        elif kind == "EN" and strong == "AL":
            kinds[at] = "AN"
    for at in range(1, len(kinds) - 1):
        before, after = kinds[at - 1], kinds[at + 1]
        if before == after and (
            (kinds[at] == "CS" and before in ("EN", "AN")) or (kinds[at] == "ES" and before == "EN")
        ):
            kinds[at] = before
    return _settled(kinds, base=base)


def _settled(kinds: list[str], *, base: str) -> list[str]:
    """Signs beside digits belong to them; digits after Latin letters are as these."""
    start = 0
    settled: list[str] = []
    for kind, group in groupby(kinds):
        end = start + len(list(group))
        beside = (kinds[start - 1] if start else "", kinds[end] if end < len(kinds) else "")
        settled += ["EN" if kind == "ET" and "EN" in beside else kind] * (end - start)
        start = end
    strong = base
    for at, kind in enumerate(settled):
        kind = "R" if kind == "AL" else kind
        strong = kind if kind in ("L", "R") else strong
        kind = "L" if kind == "EN" and strong == "L" else kind
        settled[at] = kind if kind in ("L", "R", "EN", "AN") else "ON"
    return settled


def _bracketed(line: str, kinds: list[str], *, outside: str) -> list[str]:
    """Both brackets of a pair go with what is in them, where that goes with what is before them: rule N0."""
    other = "R" if outside == "L" else "L"
    for opened, closed in _pairs(line, kinds):
        within = {_side(kind) for kind in kinds[opened + 1 : closed] if kind != "ON"}
        before = next((_side(kind) for kind in reversed(kinds[:opened]) if kind != "ON"), outside)
        if within:
            kinds[opened] = kinds[closed] = other if outside not in within and before == other else outside
    return kinds


def _pairs(line: str, kinds: list[str]) -> list[tuple[int, int]]:
    """Where brackets open and close, in the order in which they open."""
    pairs: list[tuple[int, int]] = []
    waiting: list[tuple[str, int]] = []
    for at, letter in enumerate(line):
        if letter in _CLOSING and kinds[at] == "ON":
            waiting.append((_CLOSING[letter], at))
        depth = next((d for d in reversed(range(len(waiting))) if waiting[d][0] == letter), None)
        if depth is not None and kinds[at] == "ON":
            pairs.append((waiting[depth][1], at))
            del waiting[depth:]
    return sorted(pairs)


def _levels(kinds: list[str], *, outside: str) -> list[int]:
    """How often each letter is turned: rules N1 to I2."""
    turns = {"L": 0 if outside == "L" else 2, "R": 1, "EN": 2, "AN": 2}
    levels: list[int] = []
    for kind, group in groupby(kinds):
        start, end = len(levels), len(levels) + len(list(group))
        before = _side(kinds[start - 1]) if start else outside
        after = _side(kinds[end]) if end < len(kinds) else outside
        neutral = before if before == after else outside
        levels += [turns[neutral if kind == "ON" else kind]] * (end - start)
    return levels


def _side(kind: str) -> str:
    """Beside neutral letters, digits count as Arabic."""
    return "L" if kind == "L" else "R"
