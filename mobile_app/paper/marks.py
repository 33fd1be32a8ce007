"""What a writer draws: text, shapes and one picture. Lengths are in points (1/72 inch), from a top left corner."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from PIL import Image

from mobile_app.palette import LIGHT

WIDTH, HEIGHT = 595.276, 841.890  # A4, 210 x 297 mm
MARGIN = 42.52  # 15 mm: more than any printer keeps free
RULE = 0.6
"""Thickness of every line."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def end(self) -> float:
        """Its lower edge."""
        return self.y + self.height


@dataclass(frozen=True, kw_only=True)
class Text:
    """One line of printable text; `y` is its baseline."""

    x: float
    y: float
    text: str
    size: float
    bold: bool = False
    colour: str = LIGHT.text


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A filled polygon, with a line around it where `border` is a colour."""

    points: tuple[tuple[float, float], ...]
    fill: str
    border: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A square picture."""

    x: float
    y: float
    side: float
    image: Image.Image = field(repr=False)


Mark = Text | Shape | Picture


@dataclass(frozen=True, kw_only=True)
class Row:
    """A strip as high as its line of text; its marks count from its top left corner."""

    height: float
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Placed:
    """One block: the frame that it keeps to, and what is drawn in it."""

    name: str
    frame: Frame
    marks: tuple[Mark, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """Everything that is drawn, in reading order."""

    title: str
    language: str
    placed: tuple[Placed, ...]

    @property
    def marks(self) -> tuple[Mark, ...]:
        """What is drawn, first to last: a later mark covers an earlier one."""
        return tuple(mark for block in self.placed for mark in block.marks)


def moved(mark: Mark, *, x: float, y: float) -> Mark:
    """The same mark further right by `x` and further down by `y`."""
    if isinstance(mark, Shape):
        return replace(mark, points=tuple((px + x, py + y) for px, py in mark.points))
    return replace(mark, x=mark.x + x, y=mark.y + y)


def shifted(row: Row, *, x: float) -> Row:
    """The same row further right."""
    return replace(row, marks=tuple(moved(mark, x=x, y=0) for mark in row.marks))


def rectangle(frame: Frame, *, fill: str, border: str = "") -> Shape:
    """A filled frame."""
    right, end = frame.x + frame.width, frame.end
    return Shape(points=((frame.x, frame.y), (right, frame.y), (right, end), (frame.x, end)), fill=fill, border=border)


def height_of(rows: Sequence[Row]) -> float:
    """Of rows below each other."""
    return sum(row.height for row in rows)


def stacked(rows: Sequence[Row], *, x: float, y: float) -> tuple[Mark, ...]:
    """The marks of rows below each other, from a place on the page."""
    marks: list[Mark] = []
    for row in rows:
        marks += [moved(mark, x=x, y=y) for mark in row.marks]
        y += row.height
    return tuple(marks)
