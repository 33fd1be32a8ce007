"""Whether a WebP file holds the data of its picture, and none more.

Its data have no checksum and no marks at which a decoder could find its way again: behind damage all is made up, and
libwebp complains only where it then runs out of data. So a sound file is one that cannot be decoded without its last
bytes; where it can, data were left over.
"""

import struct

from runtime.errors import PhotoError, Refusal
from runtime.photo.file_checks import DAMAGED, decodes

_HEADER, _CHUNK = 12, 8
_DATA = (b"VP8 ", b"VP8L")
_SPARE = 8
"""Bytes that are taken away. Of 360 sound files of six kinds all decode with one byte less, none with four less."""


def check_webp(data: bytes) -> None:
    """Refuse a still WebP file that libwebp decodes with data left over. Raises PhotoError."""
    if decodes(_shorter(data), "WEBP"):
        raise PhotoError(DAMAGED, reason=Refusal.DAMAGED)


def _shorter(data: bytes) -> bytes:
    """The file with less data in its picture, and without what follows it."""
    at = _HEADER
    while at + _CHUNK <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        start = at + _CHUNK
        if kind in _DATA:
            body = data[start : start + length][:-_SPARE]
            return _riff(data[_HEADER:at] + struct.pack("<4sI", kind, len(body)) + body + bytes(len(body) % 2))
        at = start + length + length % 2
    raise PhotoError("damaged photo (no picture in the WebP file)", reason=Refusal.DAMAGED)


def _riff(chunks: bytes) -> bytes:
    return struct.pack("<4sI4s", b"RIFF", len(chunks) + 4, b"WEBP") + chunks
