"""What Pillow lets pass: files of which part was lost, and files that cost far more to decode than a photo does.

A photo must not be judged by the part of it that is left, and no upload may hold a processor for more than a moment.
"""

import io
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

from runtime.errors import PhotoError, Refusal

DAMAGED = "damaged photo (part of its data is lost or was changed); send or save it again"
"""The words for damage of which no more is known."""

_PNG_START = 8
"""Bytes of the PNG signature."""
FILLED_LEVELS = frozenset((127, 128))
"""What libjpeg writes where a file has no more data: mid grey in every channel; 127 where a CMYK file is inverted."""
_LAST_ROWS = 32
"""Share of the rows, one in 32, that must be filled in before a JPEG counts as cut off. None of 5,984 HAM10000 images
ends in even one row of a single colour."""

_GIF_SCREEN = 6
"""Where width and height stand in a GIF file (GIF89a, 18)."""
_GIF_EXTENSION, _GIF_FRAME = 0x21, 0x2C

_BMP_LENGTH = 2
"""Where a BMP file says how many bytes it has."""

_MAX_SCANS = 100
"""Encoders write about ten scans into a progressive JPEG. Each costs a pass over all coefficients, even if empty."""
_START_OF_SCAN = 0xDA
_ONE_PASS = (0xC0, 0xC1, 0xC9)
"""Frames whose pixels libjpeg can write out as they come: baseline, extended and arithmetic sequential (ITU-T T.81)."""
_ALL_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Start-of-frame markers: C4, C8 and CC mean something else."""


def check_sums(data: bytes) -> None:
    """Check the pixel data of a PNG file against its checksums, which Pillow skips. Raises PhotoError.

    Of single flipped bits in the data of a small PNG, Pillow decodes 0.3% to other pixels without a word.
    """
    for kind, body, stored in _png_chunks(data):
        if kind == b"IDAT" and zlib.crc32(body, zlib.crc32(kind)) != stored:
            raise PhotoError("damaged photo (the checksum of its pixels is wrong)", reason=Refusal.DAMAGED)


def check_last_rows(image: Image.Image) -> None:
    """Refuse a decoded JPEG whose end libjpeg filled with grey: it only warns, and Pillow drops its warnings.

    A download that broke off and was closed with an end marker looks like this. Raises PhotoError.
    """
    rows = max(image.height // _LAST_ROWS, 1)
    extrema = image.crop((0, image.height - rows, image.width, image.height)).getextrema()
    # One channel gives a pair, several give a tuple of pairs.
    levels = {level for pair in extrema for level in (pair if isinstance(pair, tuple) else (pair,))}
    if levels <= FILLED_LEVELS:
        raise PhotoError("damaged photo (its lower part is missing)", reason=Refusal.DAMAGED)


def check_scans(data: bytes) -> None:
    """Refuse a JPEG file of so many scans that decoding it would take seconds. Raises PhotoError.

    Only for a file that does not decode in one pass: of one that does, libjpeg reads the first scan and no more.
    """
    # In compressed data every FF is followed by 00: a start of scan can hide in metadata only, a few times at most.
    if data.count(bytes((0xFF, _START_OF_SCAN))) > _MAX_SCANS:
        raise PhotoError(
            f"a JPEG of more than {_MAX_SCANS} scans; save it again as a plain JPEG", reason=Refusal.ODD_FILE
        )


def decodes_in_one_pass(data: bytes) -> bool:
    """Whether libjpeg can decode a JPEG file without holding all of its coefficients, 2 bytes a sample."""
    components = 0
    for marker, _, body in jpeg_segments(data):
        if marker in _ALL_FRAMES:
            if marker not in _ONE_PASS or len(body) < 6:
                return False
            components = body[5]
        if marker == _START_OF_SCAN:
            return bool(body) and body[0] == components
    return False


def check_frame(data: bytes) -> None:
    """Refuse a GIF file whose first frame reaches beyond its screen: Pillow fills such a frame, up to 179 million
    pixels, while it opens the file, before its size can be asked. Raises PhotoError.
    """
    try:
        screen = struct.unpack_from("<HH", data, _GIF_SCREEN)
        left, top, width, height = struct.unpack_from("<HHHH", data, _gif_frame(data) + 1)
    except (struct.error, IndexError) as error:
        raise PhotoError("damaged photo (no frame in the GIF file)", reason=Refusal.DAMAGED) from error
    if left + width > screen[0] or top + height > screen[1]:
        raise PhotoError("damaged photo (the frame is larger than the GIF file says)", reason=Refusal.DAMAGED)


def check_gif(data: bytes) -> None:
    """Refuse a still GIF file that Pillow decodes with data left over: behind damage all is made up, and more or fewer
    pixels come of it. A sound file cannot be decoded to one row more than it has. Raises PhotoError.
    """
    frame = _gif_frame(data)
    taller = bytearray(data)
    for at in (_GIF_SCREEN + 2, frame + 7):
        struct.pack_into("<H", taller, at, min(struct.unpack_from("<H", data, at)[0] + 1, 0xFFFF))
    if decodes(bytes(taller), "GIF"):
        raise PhotoError(DAMAGED, reason=Refusal.DAMAGED)


def decodes(data: bytes, image_format: str) -> bool:
    """Whether Pillow gets a whole picture out of a file."""
    try:
        with Image.open(io.BytesIO(data), formats=[image_format]) as image:
            image.load()
    except Exception:  # a decoder's refusal comes as one of a dozen types
        return False
    return True


def check_bmp(data: bytes) -> None:
    """Refuse a BMP file with more bytes than it says: something came in between, and shifted the rest. Raises
    PhotoError.
    """
    said = struct.unpack_from("<I", data, _BMP_LENGTH)[0] if len(data) >= _BMP_LENGTH + 4 else 0
    if 0 < said < len(data):
        raise PhotoError(DAMAGED, reason=Refusal.DAMAGED)


def _gif_frame(data: bytes) -> int:
    """Where the first image descriptor stands: behind the palette and the extensions. Raises PhotoError."""
    flags = data[_GIF_SCREEN + 4]
    at = _GIF_SCREEN + 7 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
    while data[at] == _GIF_EXTENSION:
        at += 2
        while data[at]:
            at += data[at] + 1
        at += 1
    if data[at] != _GIF_FRAME:
        raise PhotoError("damaged photo (no frame in the GIF file)", reason=Refusal.DAMAGED)
    return at


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, int]]:
    """Name, body and stored checksum of each chunk that is there whole; Pillow refuses the others."""
    view, at = memoryview(data), _PNG_START
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            return
        yield kind, view[at + 8 : end], struct.unpack_from(">I", data, end)[0]
        at = end + 4


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker, where its body begins, and the body, of each segment up to the first start of scan, or to the first byte
    that is out of place."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        if data[at + 1] == 0xFF:  # any number may stand before a marker
            at += 1
            continue
        marker, length = struct.unpack_from(">BH", data, at + 1)
        yield marker, at + 4, data[at + 4 : at + 2 + length]
        if marker == _START_OF_SCAN or length < 2:
            return
        at += 2 + length
