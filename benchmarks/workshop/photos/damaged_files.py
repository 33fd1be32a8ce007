"""Photos whose files were damaged: in each format, in each way that a disk, a card or a network does it."""

import io
import random
import re
from collections.abc import Callable, Mapping

from PIL import Image

BLOCK = 512
"""Bytes of a disk's sector."""


def encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    """A file of an RGB image."""
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


FORMATS: Mapping[str, Callable[[Image.Image], bytes]] = {
    "JPEG": lambda image: encoded(image, "JPEG", quality=90),
    "JPEG, 4:4:4": lambda image: encoded(image, "JPEG", quality=90, subsampling=0),
    "JPEG, restart markers": lambda image: encoded(image, "JPEG", quality=90, restart_marker_rows=1),
    "JPEG, progressive": lambda image: encoded(image, "JPEG", quality=90, progressive=True),
    "WebP": lambda image: encoded(image, "WEBP", quality=90),
    "WebP, lossless": lambda image: encoded(image, "WEBP", lossless=True, method=0),
    "PNG": lambda image: encoded(image, "PNG", compress_level=1),
    "GIF": lambda image: encoded(image.quantize(256), "GIF"),
    "BMP": lambda image: encoded(image, "BMP"),
    "TIFF": lambda image: encoded(image, "TIFF"),
    "TIFF, LZW": lambda image: encoded(image, "TIFF", compression="tiff_lzw"),
    "TIFF, deflate": lambda image: encoded(image, "TIFF", compression="tiff_adobe_deflate"),
    "TIFF, JPEG": lambda image: encoded(image, "TIFF", compression="jpeg", quality=90),
}
"""How a photo is written before it is damaged."""

Damage = Callable[[bytes, int, bytes, random.Random], bytes]
"""From a sound file, where its pixels begin, another sound file of its format and chance: the damaged file."""


def pixels_begin(data: bytes) -> int:
    """Offset behind the headers: damage there is found by every decoder, or is no damage to the pixels."""
    if data.startswith(b"\xff\xd8"):
        return data.rindex(b"\xff\xda", 0, len(data) // 2) + 14 if b"\xff\xda" in data[: len(data) // 2] else 0
    found = re.search(rb"IDAT|VP8 |VP8L", data[:4096])
    return found.end() + 16 if found else min(1024, len(data) // 8)


def _somewhere(data: bytes, start: int, length: int, chance: random.Random) -> int:
    return chance.randrange(start, max(len(data) - length, start + 1))


def lost(data: bytes, start: int, _: bytes, chance: random.Random) -> bytes:
    """A sector is missing and the rest has moved up."""
    at = _somewhere(data, start, BLOCK, chance)
    return data[:at] + data[at + BLOCK :]


def zeroed(data: bytes, start: int, _: bytes, chance: random.Random) -> bytes:
    """A sector was never written."""
    at = _somewhere(data, start, BLOCK, chance)
    return data[:at] + bytes(len(data[at : at + BLOCK])) + data[at + BLOCK :]


def half_zeroed(data: bytes, start: int, _: bytes, __: random.Random) -> bytes:
    """Space was reserved, and only the first half of it was written."""
    at = (start + len(data)) // 2
    return data[:at] + bytes(len(data) - at)


def foreign(data: bytes, start: int, other: bytes, chance: random.Random) -> bytes:
    """A sector holds the bytes of another photo."""
    at, there = _somewhere(data, start, BLOCK, chance), _somewhere(other, pixels_begin(other), BLOCK, chance)
    block = other[there : there + BLOCK]
    return (data[:at] + block + data[at + len(block) :])[: len(data)]


def repeated(data: bytes, start: int, _: bytes, chance: random.Random) -> bytes:
    """A sector came twice."""
    at = _somewhere(data, start, BLOCK, chance)
    return data[: at + BLOCK] + data[at:]


def one_bit(data: bytes, start: int, _: bytes, chance: random.Random) -> bytes:
    """One bit has flipped."""
    return _flipped(data, start, 1, chance)


def many_bits(data: bytes, start: int, _: bytes, chance: random.Random) -> bytes:
    """Sixteen bits have flipped."""
    return _flipped(data, start, 16, chance)


def cut(data: bytes, start: int, _: bytes, chance: random.Random) -> bytes:
    """The end is missing; a JPEG was closed all the same."""
    at = chance.randrange(start, len(data))
    return data[:at] + (b"\xff\xd9" if data.startswith(b"\xff\xd8") else b"")


def _flipped(data: bytes, start: int, bits: int, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(bits):
        changed[_somewhere(data, start, 1, chance)] ^= 1 << chance.randrange(8)
    return bytes(changed)


DAMAGES: Mapping[str, Damage] = {
    "512 bytes lost": lost,
    "512 bytes zeroed": zeroed,
    "second half zeroed": half_zeroed,
    "512 bytes of another photo": foreign,
    "512 bytes twice": repeated,
    "one bit flipped": one_bit,
    "16 bits flipped": many_bits,
    "cut off": cut,
}
"""What happens to the file."""
