"""The tier's sign: five shapes that no printer without colour can make equal. In a square with the side 1."""

import math
from dataclasses import dataclass

from mobile_app.palette import Tone
from mobile_app.paper.letters import width
from mobile_app.paper.marks import Mark, Shape, Text
from runtime.answer.advice import AdviceKind

Points = tuple[tuple[float, float], ...]


@dataclass(frozen=True, kw_only=True)
class Sign:
    """A shape, a hole in it or none, and a letter on it or none."""

    points: Points
    hole: Points = ()
    letter: str = ""
    letter_y: float = 0.71
    """baseline"""


def _round(*, corners: int, radius: float, turn: float = 0.0) -> Points:
    """A regular polygon about the middle; with many corners a disc."""
    angles = [turn + 2 * math.pi * corner / corners for corner in range(corners)]
    return tuple((0.5 + radius * math.sin(angle), 0.5 - radius * math.cos(angle)) for angle in angles)


_TRIANGLE: Points = ((0.5, 0.04), (1.0, 0.94), (0.0, 0.94))
_OCTAGON = _round(corners=8, radius=0.52, turn=math.pi / 8)
_SQUARE: Points = ((0.06, 0.06), (0.94, 0.06), (0.94, 0.94), (0.06, 0.94))
_CROSS: Points = (
    *((0.34, 0.04), (0.66, 0.04), (0.66, 0.34), (0.96, 0.34), (0.96, 0.66), (0.66, 0.66)),
    *((0.66, 0.96), (0.34, 0.96), (0.34, 0.66), (0.04, 0.66), (0.04, 0.34), (0.34, 0.34)),
)

SIGNS: dict[AdviceKind, Sign] = {
    # A ring, not a tick: a tick would say that all is well.
    AdviceKind.LOW: Sign(points=_round(corners=64, radius=0.48), hole=_round(corners=64, radius=0.34)),
    AdviceKind.TREATMENT: Sign(points=_CROSS),
    AdviceKind.MODERATE: Sign(points=_TRIANGLE, letter="!", letter_y=0.85),
    AdviceKind.HIGH: Sign(points=_OCTAGON, letter="!"),
    AdviceKind.CANNOT_ASSESS: Sign(points=_SQUARE, letter="?"),
}

_LETTER = 0.62
"""Its size, as a share of the sign's side."""


def sign(kind: AdviceKind, *, x: float, y: float, side: float, tone: Tone) -> tuple[Mark, ...]:
    """The sign of a kind of result, in the tone it is drawn on."""
    drawn = SIGNS[kind]
    marks: list[Mark] = [Shape(points=_scaled(drawn.points, x=x, y=y, side=side), fill=tone.accent)]
    if drawn.hole:
        marks.append(Shape(points=_scaled(drawn.hole, x=x, y=y, side=side), fill=tone.background))
    if drawn.letter:
        size = _LETTER * side
        left = x + (side - width(drawn.letter, size=size, bold=True)) / 2
        baseline = y + drawn.letter_y * side
        marks.append(Text(x=left, y=baseline, text=drawn.letter, size=size, bold=True, colour=tone.background))
    return tuple(marks)


def _scaled(points: Points, *, x: float, y: float, side: float) -> Points:
    return tuple((x + side * px, y + side * py) for px, py in points)
