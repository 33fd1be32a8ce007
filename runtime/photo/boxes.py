"""HEIC and AVIF before anything decodes them: whether their coded pictures are whole, and what their colours mean.

Their decoders go on over damage and fill in what they guess: of 40 HEIC files with 512 bytes zeroed libheif refused
none, of 20 AVIF files libavif two. A photo must not be judged by what a decoder made up. (Bytes that are lost shift
what comes after them beyond the end of the file; both refuse that.)

Boxes are those of ISO/IEC 14496-12, items those of ISO/IEC 23008-12.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from runtime.errors import PhotoError, Refusal
from runtime.photo.av1 import most_pixels

_CODED = frozenset({b"hvc1", b"av01"})
"""Kinds of items that hold a coded picture, or one tile of it."""
_RUN = 32
"""Bytes of one value in a row. HEVC has never more than two zeros (a third is escaped), and what an arithmetic coder
writes is as good as random: 32 of a kind come once in 10^75 bytes."""
_FILLINGS = (bytes(_RUN), b"\xff" * _RUN)
_MAX_EXTENTS = 10_000
"""An iPhone's 48 megapixels are 192 tiles. Each extent may point to the whole file: without a limit a few megabytes
could hold a processor for minutes."""


_MOST_SHARED = 2
"""Times the file's size that all parts together may have: pictures do not share their bytes."""


class Nclx(NamedTuple):
    """Code points of ITU-T H.273 for what the numbers of a picture mean."""

    primaries: int
    transfer: int


def check_coded(data: bytes) -> None:
    """Refuse a file of which a part was overwritten with zeros or ones. Raises PhotoError."""
    try:
        for _, (start, end) in _coded_extents(data):
            if end > len(data):
                raise PhotoError("damaged photo (its end is missing)", reason=Refusal.DAMAGED)
            if any(data.find(filling, start, end) >= 0 for filling in _FILLINGS):
                raise PhotoError("damaged photo (a part of it was overwritten)", reason=Refusal.DAMAGED)
    except (struct.error, IndexError, KeyError) as error:
        raise PhotoError("damaged photo (the list of its parts cannot be read)", reason=Refusal.DAMAGED) from error


def coded_pixels(data: bytes) -> int:
    """The most pixels that a coded picture of a sound AVIF has, whatever the file announces. Raises PhotoError."""
    items: dict[int, bytes] = {}
    for item, (start, end) in _coded_extents(data):
        items[item] = items.get(item, b"") + data[start:end]
    try:
        return max(map(most_pixels, items.values()), default=0)
    except IndexError as error:
        raise PhotoError("damaged photo (not a sound AVIF file)", reason=Refusal.DAMAGED) from error


def nclx_of(data: bytes) -> Nclx | None:
    """What the first picture says of its colours without a profile; None where it says nothing."""
    try:
        properties = _children(_only(_children(_meta(data)), b"iprp"))
        for kind, body in _boxes(_only(properties, b"ipco")):
            if kind == b"colr" and body[:4] == b"nclx":
                return Nclx(*struct.unpack_from(">HH", body, 4))
    except (struct.error, IndexError, KeyError):
        pass
    return None


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each box. Raises struct.error where one is cut off."""
    at = 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if size == 1:
            size, head = struct.unpack_from(">Q", data, at + 8)[0], 16
        end = len(data) if size == 0 else at + size
        if end < at + head or end > len(data):
            raise struct.error("a box beyond the end")
        yield kind, data[at + head : end]
        at = end


def _meta(data: bytes) -> bytes:
    """Body of the box that lists the items, without its version. It comes first: nothing behind it is copied."""
    for kind, body in _boxes(data):
        if kind == b"meta":
            return body[4:]
    raise KeyError("meta")


def _children(body: bytes) -> list[tuple[bytes, bytes]]:
    return list(_boxes(body))


def _only(boxes: list[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    return dict(boxes)[wanted]


def _coded_extents(data: bytes) -> Iterator[tuple[int, tuple[int, int]]]:
    """Item, first byte and end of each part of the file that holds coded pictures."""
    total = 0
    lists = _children(_meta(data))
    coded = _coded_items(_only(lists, b"iinf"))
    for number, (item, extent) in enumerate(_locations(_only(lists, b"iloc"))):
        total += (extent[1] - extent[0]) if item in coded else 0
        if number >= _MAX_EXTENTS or total > _MOST_SHARED * len(data):
            raise PhotoError(
                "HEIC or AVIF of more parts than a camera writes; save it as JPEG", reason=Refusal.ODD_FILE
            )
        if item in coded:
            yield item, extent


def _coded_items(body: bytes) -> set[int]:
    entries = body[6:] if body[0] == 0 else body[8:]
    return {item for item, kind in map(_item, (entry for _, entry in _boxes(entries))) if kind in _CODED}


def _item(entry: bytes) -> tuple[int, bytes]:
    """Number and kind of an item. Versions 0 and 1 name no kind: no coded picture is listed by them."""
    if entry[:1] == b"\x03":
        return struct.unpack_from(">4xI2x4s", entry)
    return struct.unpack_from(">4xH2x4s", entry) if entry[:1] == b"\x02" else (0, b"")


def _locations(body: bytes) -> Iterator[tuple[int, tuple[int, int]]]:
    """Each item with first byte and end of a part of it, for items that lie in the file itself and not in a box."""
    reader = _Reader(body)
    version = reader.number(4) >> 24
    sizes = reader.number(2)
    offset_size, length_size, base_size = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
    index_size = sizes & 15 if version in (1, 2) else 0
    for _ in range(reader.number(4 if version == 2 else 2)):
        item = reader.number(4 if version == 2 else 2)
        in_file = version == 0 or reader.number(2) & 15 == 0
        reader.number(2)  # in which file: always this one
        base = reader.number(base_size)
        for _ in range(reader.number(2)):
            reader.number(index_size)
            start = base + reader.number(offset_size)
            length = reader.number(length_size)
            if in_file:
                yield item, (start, start + length)


class _Reader:
    """Big-endian numbers, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, size: int) -> int:
        """The next one, of `size` bytes; 0 where it has none. Raises struct.error at the end."""
        end = self._at + size
        if end > len(self._data):
            raise struct.error("a list that is cut off")
        value = int.from_bytes(self._data[self._at : end])
        self._at = end
        return value
