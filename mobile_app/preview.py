"""The picture of the square that was judged, small enough to send to a screen."""

import io

from PIL import Image

from runtime.photo import load_square

SIDE = 640
"""Pixels: sharp on a phone at twice its logical width, 60 to 120 KB as JPEG."""


def square_preview(data: bytes) -> bytes:
    """JPEG bytes of the photo's centre square, upright. The camera's own metadata does not travel with it.

    Raises `PhotoError` for what `runtime` cannot read.
    """
    square = load_square(data, size=SIDE)  # uint8 [SIDE, SIDE, 3]
    out = io.BytesIO()
    Image.fromarray(square).save(out, format="JPEG", quality=85)
    return out.getvalue()
