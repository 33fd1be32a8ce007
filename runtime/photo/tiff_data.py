"""Whether the packed parts of a TIFF file are whole: libtiff asks neither zlib nor libjpeg once it has its pixels."""

import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from PIL import Image

from runtime.errors import PhotoError, Refusal
from runtime.photo.jpeg_data import check_data, jpeg_frame

_OFFSETS, _COUNTS = (273, 324), (279, 325)
"""Tag numbers of TIFF 6.0, for strips and for tiles."""
_JPEG_TABLES = 347
_START, _END = b"\xff\xd8", b"\xff\xd9"
_AT_ONCE = 1 << 20


def check_tiff(image: Image.Image, data: bytes) -> None:
    """Refuse a TIFF file with damage in data that are packed by zlib or as JPEG. Raises PhotoError."""
    coding = image.info.get("compression")
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
    if coding in ("tiff_adobe_deflate", "tiff_deflate"):
        for part in _parts(tags, data):
            _check_sum(part)
    if coding == "jpeg":
        tables = bytes(tags.get(_JPEG_TABLES, _START + _END)).removesuffix(_END)
        for part in _parts(tags, data):
            jpeg = tables + part.removeprefix(_START)
            check_data(jpeg, jpeg_frame(jpeg), scale=1)


def _parts(tags: Mapping[int, Any], data: bytes) -> Iterator[bytes]:
    """What is in each strip or tile."""
    for offsets, counts in zip(_OFFSETS, _COUNTS, strict=True):
        for at, count in zip(tags.get(offsets, ()), tags.get(counts, ()), strict=False):
            yield data[at : at + count]


def _check_sum(part: bytes) -> None:
    """zlib compares its checksum only where it is read to its end; a megabyte at once, whatever comes out of it."""
    unpacked = zlib.decompressobj()
    try:
        while not unpacked.eof and (unpacked.decompress(part, _AT_ONCE) or unpacked.unconsumed_tail):
            part = unpacked.unconsumed_tail
    except zlib.error as error:
        raise PhotoError("damaged photo (the checksum of its pixels is wrong)", reason=Refusal.DAMAGED) from error
    if not unpacked.eof:
        raise PhotoError("damaged photo (part of its data is missing)", reason=Refusal.DAMAGED)
