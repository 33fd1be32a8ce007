"""How many pixels a coded picture of AV1 has, which the file around it may lie about.

libavif decodes what is coded, up to 268 million pixels, and scales it to what the file announced: a kilobyte could cost
two gigabytes. The names are those of the AV1 specification, 5.3 and 5.5.
"""

from collections.abc import Iterator

_SEQUENCE_HEADER = 1
_TIERED = 7
"""Levels above it name a tier as well."""


def most_pixels(coded: bytes) -> int:
    """The most that any frame has; 0 where nothing says. Raises IndexError where it is cut off."""
    return max((_pixels(body) for kind, body in _units(coded) if kind == _SEQUENCE_HEADER), default=0)


def _units(coded: bytes) -> Iterator[tuple[int, bytes]]:
    """Kind and body of each OBU."""
    at = 0
    while at < len(coded):
        head = coded[at]
        at += 2 if head & 4 else 1
        size = len(coded) - at
        if head & 2:
            size, at = _leb128(coded, at)
        yield head >> 3 & 15, coded[at : at + size]
        at += size


def _leb128(coded: bytes, at: int) -> tuple[int, int]:
    """The number and where it ends."""
    value = 0
    for place in range(8):
        value |= (coded[at + place] & 127) << 7 * place
        if coded[at + place] < 128:
            return value, at + place + 1
    raise IndexError("a number without an end")


def _pixels(header: bytes) -> int:
    """Of a still picture exactly; of any other what its frames can have, as each may name a size of its own."""
    bits = _Bits(header)
    bits.take(3 + 1)  # seq_profile, still_picture
    reduced = bits.take(1) == 1
    if reduced:
        bits.take(5)  # seq_level_idx
    else:
        _pass_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    width, height = bits.take(width_bits) + 1, bits.take(height_bits) + 1
    return width * height if reduced else 1 << width_bits + height_bits


def _pass_operating_points(bits: "_Bits") -> None:
    if bits.take(1):  # timing_info_present_flag: films only
        raise IndexError("a film")
    delays = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > _TIERED:
            bits.take(1)
        if delays and bits.take(1):
            bits.take(4)


class _Bits:
    """Bits, the highest first."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> int:
        """The next `count` as a number. Raises IndexError at the end."""
        value = 0
        for _ in range(count):
            value = value << 1 | self._data[self._at >> 3] >> (7 - self._at % 8) & 1
            self._at += 1
        return value
