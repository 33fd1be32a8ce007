"""Where on the body a spot is: the same words for the drawing, the list and what is kept."""

from dataclasses import dataclass
from enum import StrEnum


class Region(StrEnum):
    """A part of the body. Palms, soles, nails and scalp are parts of their own: melanoma of dark skin is found there
    more often than elsewhere, and overlooked."""

    SCALP = "scalp"
    FACE = "face"
    EAR = "ear"
    NECK = "neck"
    CHEST = "chest"
    ABDOMEN = "abdomen"
    GROIN = "groin"
    UPPER_BACK = "upper_back"
    LOWER_BACK = "lower_back"
    BUTTOCK = "buttock"
    SHOULDER = "shoulder"
    UPPER_ARM = "upper_arm"
    FOREARM = "forearm"
    HAND = "hand"
    PALM = "palm"
    THIGH = "thigh"
    LOWER_LEG = "lower_leg"
    FOOT = "foot"
    SOLE = "sole"
    NAIL = "nail"


class Half(StrEnum):
    """The person's own left or right, as a doctor writes it; in a drawing seen from the front it is the other way."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A region, and on which half of the body, for regions that come in pairs."""

    region: Region
    half: Half | None = None


class View(StrEnum):
    """Which side of the body the drawing shows."""

    FRONT = "front"
    BACK = "back"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A rounded rectangle of the drawing. Lengths are shares of its width; it is twice as high as wide."""

    x: float
    y: float
    width: float
    height: float
    radius: float


@dataclass(frozen=True, kw_only=True)
class Point:
    """Where a place is tapped on the drawing."""

    place: Place
    x: float
    y: float


FIGURE = (
    Part(x=0.41, y=0.04, width=0.18, height=0.26, radius=0.09),  # head
    Part(x=0.46, y=0.28, width=0.08, height=0.08, radius=0.02),  # neck
    Part(x=0.31, y=0.35, width=0.38, height=0.58, radius=0.10),  # trunk
    Part(x=0.19, y=0.38, width=0.11, height=0.62, radius=0.055),  # arms
    Part(x=0.70, y=0.38, width=0.11, height=0.62, radius=0.055),
    Part(x=0.32, y=0.88, width=0.17, height=0.98, radius=0.07),  # legs
    Part(x=0.51, y=0.88, width=0.17, height=0.98, radius=0.07),
    Part(x=0.28, y=1.83, width=0.20, height=0.09, radius=0.04),  # feet
    Part(x=0.52, y=1.83, width=0.20, height=0.09, radius=0.04),
)

_MIDDLE: dict[View, tuple[tuple[Region, float], ...]] = {
    View.FRONT: (
        (Region.FACE, 0.12),
        (Region.NECK, 0.32),
        (Region.CHEST, 0.53),
        (Region.ABDOMEN, 0.73),
        (Region.GROIN, 0.93),
    ),
    View.BACK: ((Region.SCALP, 0.12), (Region.NECK, 0.32), (Region.UPPER_BACK, 0.53), (Region.LOWER_BACK, 0.74)),
}
"""Regions on the middle line, with their height."""

_PAIRED: dict[View, tuple[tuple[Region, float, float], ...]] = {
    View.FRONT: (
        (Region.EAR, 0.20, 0.14),
        (Region.SHOULDER, 0.19, 0.40),
        (Region.UPPER_ARM, 0.255, 0.59),
        (Region.FOREARM, 0.255, 0.79),
        (Region.PALM, 0.29, 0.99),
        (Region.NAIL, 0.33, 1.20),
        (Region.THIGH, 0.10, 1.18),
        (Region.LOWER_LEG, 0.10, 1.58),
        (Region.FOOT, 0.12, 1.87),
    ),
    View.BACK: (
        (Region.SHOULDER, 0.19, 0.40),
        (Region.UPPER_ARM, 0.255, 0.59),
        (Region.FOREARM, 0.255, 0.79),
        (Region.HAND, 0.30, 1.00),
        (Region.BUTTOCK, 0.10, 0.96),
        (Region.THIGH, 0.10, 1.22),
        (Region.LOWER_LEG, 0.10, 1.58),
        (Region.SOLE, 0.12, 1.87),
    ),
}
"""Regions that come in pairs: distance from the middle line, and height."""

PAIRED = frozenset(region for pairs in _PAIRED.values() for region, *_ in pairs)
"""Regions of which a person has a left and a right one."""


def points(view: View) -> tuple[Point, ...]:
    """All places of one drawing. Seen from the front, the person's left is on the right."""
    middle = [Point(place=Place(region=region), x=0.5, y=y) for region, y in _MIDDLE[view]]
    left = 1 if view is View.FRONT else -1
    sides = [
        Point(place=Place(region=region, half=half), x=0.5 + sign * left * away, y=y)
        for region, away, y in _PAIRED[view]
        for half, sign in ((Half.LEFT, 1), (Half.RIGHT, -1))
    ]
    return (*middle, *sides)
