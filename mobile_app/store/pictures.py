"""From a photo as a camera wrote it to what is kept of it: smaller, upright, and nothing but pixels."""

import io
from dataclasses import dataclass, field

from PIL import Image

from runtime.errors import PhotoTooLargeError
from runtime.photo.decode import open_photo

PHOTO_SIDE = 2048
"""Pixels of a kept photo's longest side: enough for a doctor to look closely, some 400 KB."""
THUMBNAIL_SIDE = 256
_PHOTO_QUALITY, _THUMBNAIL_QUALITY = 90, 80

_DECODED_SIDE = PHOTO_SIDE * 3 // 4
"""The short side of a 4:3 photo at `PHOTO_SIDE`: libjpeg may scale down to this without a loss."""
_LESSER_SIDE = 512
"""For a long panorama, which would cost too much memory at the size above."""


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Two JPEGs of one photo."""

    photo: bytes = field(repr=False)
    thumbnail: bytes = field(repr=False)


def make_pictures(photo: bytes) -> Pictures:
    """A photo in any format that `runtime` reads, re-encoded. Raises PhotoError."""
    image = _decoded(photo)
    return Pictures(
        photo=_jpeg(image, side=PHOTO_SIDE, quality=_PHOTO_QUALITY),
        thumbnail=_jpeg(image, side=THUMBNAIL_SIDE, quality=_THUMBNAIL_QUALITY),
    )


def _decoded(photo: bytes) -> Image.Image:
    try:
        return open_photo(photo, min_side=_DECODED_SIDE)
    except PhotoTooLargeError:
        return open_photo(photo, min_side=_LESSER_SIDE)


def _jpeg(image: Image.Image, *, side: int, quality: int) -> bytes:
    # A new image, and only pixels copied: Pillow carries a JPEG's comment, and whatever it learns to, over on saving.
    scale = min(side / max(image.size), 1)
    size = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    bare = Image.new("RGB", size)
    bare.paste(image if size == image.size else image.resize(size, Image.Resampling.LANCZOS))
    out = io.BytesIO()
    bare.save(out, format="JPEG", quality=quality)
    return out.getvalue()
