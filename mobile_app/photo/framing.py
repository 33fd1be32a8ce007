"""Which square of the photo is judged: a first guess around the spot, moved and zoomed by the user.

Lengths are pixels of the opened photo. The square never leaves the photo, and never has fewer pixels than the model
takes where the photo has them: enlarged pixels would be blurred pixels.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from PIL import Image

from runtime.neighbours import NEIGHBOURS, Neighbour
from runtime.photo.decode import INPUT_SIZE, square_pixels
from runtime.photo.lesion import Lesion, find_lesion

SPOT_SHARE = 0.45
"""Side of the spot's box as a share of the square around it: half of the photos the models were trained on have more,
half less. A spot that already fills as much is left as the photographer framed it."""


@dataclass(frozen=True, kw_only=True)
class Framing:
    """A square of a photo."""

    width: int
    """of the photo"""
    height: int
    x: float
    """of the square's middle"""
    y: float
    side: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """left, top, right, bottom"""
        half = self.side / 2
        return self.x - half, self.y - half, self.x + half, self.y + half

    @property
    def zoom(self) -> float:
        """1 for the largest square there is, more for smaller ones."""
        return min(self.width, self.height) / self.side

    @property
    def most_zoom(self) -> float:
        """Up to which the square has as many pixels as the model takes."""
        return max(min(self.width, self.height) / INPUT_SIZE, 1.0)

    def moved(self, across: float, down: float) -> "Framing":
        """By shares of the square's side; as far as the photo reaches."""
        return _inside(replace(self, x=self.x + across * self.side, y=self.y + down * self.side))

    def zoomed(self, zoom: float) -> "Framing":
        """To this zoom, around the same middle."""
        return _inside(replace(self, side=min(self.width, self.height) / max(zoom, 1e-6)))

    def neighbours(self) -> Iterator["Framing"]:
        """The squares beside it that are other ones: fewer where the photo ends or has no more pixels."""
        beside = dict.fromkeys(self._beside(neighbour) for neighbour in NEIGHBOURS)
        return (framing for framing in beside if framing != self)

    def _beside(self, neighbour: Neighbour) -> "Framing":
        """Smaller where the photo ends: moved back instead, the largest square would have no neighbours at all."""
        x, y = self.x + neighbour.across * self.side, self.y + neighbour.down * self.side
        room = 2 * min(x, y, self.width - x, self.height - y)
        return _inside(replace(self, x=x, y=y, side=min(self.side / neighbour.zoom, room)))


def largest(image: Image.Image) -> Framing:
    """The photo's centre square, which is also what is judged where nobody chooses."""
    width, height = image.size
    return Framing(width=width, height=height, x=width / 2, y=height / 2, side=float(min(width, height)))


def first_guess(image: Image.Image) -> Framing:
    """The square around the spot, where one stands out clearly and is small; else the photo's centre square."""
    whole = largest(image)
    lesion = find_lesion(square_pixels(image, size=INPUT_SIZE))
    return _around(lesion, whole) if lesion.certain else whole


def cut(image: Image.Image, framing: Framing) -> Image.Image:
    """The square itself, at the photo's own resolution."""
    side, (left, top, *_) = round(framing.side), framing.box
    left, top = round(left), round(top)
    return image.crop((left, top, left + side, top + side))


def _around(lesion: Lesion, whole: Framing) -> Framing:
    left, top, right, bottom = lesion.box  # shares of the centre square
    corner_x, corner_y, *_ = whole.box
    spot = max(right - left, bottom - top) * whole.side
    if spot >= SPOT_SHARE * whole.side:
        return whole
    x, y = corner_x + (left + right) / 2 * whole.side, corner_y + (top + bottom) / 2 * whole.side
    return _inside(replace(whole, x=x, y=y, side=spot / SPOT_SHARE))


def _inside(framing: Framing) -> Framing:
    """The nearest square that has enough pixels and lies within the photo."""
    short = min(framing.width, framing.height)
    side = min(max(framing.side, min(INPUT_SIZE, short)), short)
    return replace(
        framing,
        side=float(side),
        x=min(max(framing.x, side / 2), framing.width - side / 2),
        y=min(max(framing.y, side / 2), framing.height - side / 2),
    )
