"""A photo's pixels between the camera and the model: opened, framed, shown. What they mean is `runtime`'s affair."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field

from PIL import Image

from mobile_app.photo.framing import Framing, cut, first_guess
from runtime.photo.decode import INPUT_SIZE, Pixels, load_square, open_photo, square_pixels
from runtime.photo.lesion import find_lesion
from runtime.photo.quality import QualityProblem, measure_quality

OPEN_SIDE = 1024
"""Pixels that the short side keeps at least: a spot of a fifth of it still has as many as the model takes."""
SHOWN_SIDE = 1280
"""Longest side of the picture that is sent to the screen for framing."""
KEPT_SIDE = 2048
"""Longest side of the square that is kept with a spot: what a doctor may want to look at closely."""
PREVIEW_SIDE = 640
"""Pixels: sharp on a phone at twice its logical width, 60 to 120 KB as JPEG."""


@dataclass(frozen=True, kw_only=True)
class Photo:
    """One picked photo: the file's name, for the eye only, and its bytes. Lives in memory, never on disk."""

    name: str
    data: bytes = field(repr=False)


class NamedBytes(io.BytesIO):
    """A photo's bytes as a stream with a name, so that `runtime` can say which file it could not read."""

    def __init__(self, photo: Photo) -> None:
        super().__init__(photo.data)
        self.name = photo.name


@dataclass(frozen=True, kw_only=True, eq=False)
class Picture:
    """An opened photo, upright and without the camera's notes."""

    image: Image.Image = field(repr=False)
    shown: bytes = field(repr=False)
    """JPEG for the screen"""


@dataclass(frozen=True, kw_only=True)
class Darkroom:
    """What is done to pixels, as functions, so that tests can do without any."""

    open: Callable[[Photo], Picture]
    """raises PhotoError"""
    guess: Callable[[Picture], Framing]
    square: Callable[[Picture, Framing], Pixels]
    """uint8 [side, side, 3], what is judged"""
    preview: Callable[[Picture, Framing], bytes]
    """JPEG of the square"""


def open_picture(photo: Photo) -> Picture:
    """Decode a photo. Raises `PhotoError` for what `runtime` cannot read."""
    image = open_photo(NamedBytes(photo), min_side=OPEN_SIDE)
    # Only a JPEG is scaled while it is decoded: others come as large as they are.
    image.thumbnail((4 * OPEN_SIDE, 4 * OPEN_SIDE))
    shown = image.copy()
    shown.thumbnail((SHOWN_SIDE, SHOWN_SIDE))
    return Picture(image=image, shown=jpeg(shown))


def problem_of_frame(frame: bytes) -> QualityProblem | None:
    """Why the centre square of a preview frame could not be judged. Raises `PhotoError` for what is no picture.

    A phone's frames lie as its sensor does; however they are turned, the centre square is the same.
    """
    stream = NamedBytes(Photo(name="preview", data=frame))
    return measure_quality(load_square(stream, size=INPUT_SIZE)).problem


def square_of(picture: Picture, framing: Framing) -> Pixels:
    """The square at the photo's own resolution."""
    square = cut(picture.image, framing)
    return square_pixels(square, size=square.width)


def preview_of(picture: Picture, framing: Framing) -> bytes:
    """JPEG of the square, small enough to send to a screen."""
    return _square_jpeg(picture, framing, longest=PREVIEW_SIDE)


def kept_of(picture: Picture, framing: Framing) -> bytes:
    """JPEG of the square for keeping."""
    return _square_jpeg(picture, framing, longest=KEPT_SIDE)


def share_of_spot(picture: Picture, framing: Framing) -> float | None:
    """How much of the square the spot fills, 0-1; None where no spot stands out clearly."""
    lesion = find_lesion(square_pixels(cut(picture.image, framing), size=INPUT_SIZE))
    return lesion.share if lesion.certain else None


def darkroom() -> Darkroom:
    """With real pixels."""
    return Darkroom(
        open=open_picture,
        guess=lambda picture: first_guess(picture.image),
        square=square_of,
        preview=preview_of,
    )


def _square_jpeg(picture: Picture, framing: Framing, *, longest: int) -> bytes:
    square = cut(picture.image, framing)
    square.thumbnail((longest, longest))
    return jpeg(square)


def jpeg(image: Image.Image) -> bytes:
    """As every picture leaves for the screen or the store."""
    out = io.BytesIO()
    image.save(out, format="JPEG", quality=85)
    return out.getvalue()
