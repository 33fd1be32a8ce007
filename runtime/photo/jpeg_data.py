"""Whether a JPEG file holds the data of its picture: no byte less, none more.

Where data are lost or changed, libjpeg goes on at the next code that makes sense, fills in what is missing at the end
with grey, and warns; Pillow drops its warnings. Nearly all damage changes how many blocks the data give, so that is
what is looked at: the file is told to be taller than it is, and decoded. Below the picture of a sound file stands one
garbled unit (the last bits, filled up with zeros) and then plain grey. Anything else there is data left over; a grey
first unit says that the data may have ended too early, and then bytes put behind them show up inside the picture.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from PIL import Image

from runtime.errors import PhotoError, Refusal
from runtime.photo.file_checks import DAMAGED, FILLED_LEVELS, jpeg_segments

_BASELINE, _EXTENDED, _PROGRESSIVE = 0xC0, 0xC1, 0xC2
_START_OF_SCAN, _RESTART_INTERVAL = 0xDA, 0xDD
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_END = b"\xff\xd9"
_FILL = b"\xff"
"""Any number of them may stand before a marker."""
_BLOCK = 8
"""Side in pixels of a block, and the factor by which libjpeg scales best: a block becomes one pixel, its mean."""
_LARGEST = 65_500
"""Largest side in pixels that libjpeg takes."""
_MAX_PIXELS = 80_000_000
"""Pillow warns above 89 million."""
_FIRST_UNITS = 1
_FIRST_UNITS_OF_SCANS = 8
"""Units that the last bits of a sound file may fill: up to seven left-over bits are one block each in a scan that adds
one bit a block."""
_SPARE_UNITS = 16
_FILLER = bytes((0x5A, 0x3C, 0x96, 0xC3)) * 256
"""Data that are put behind those of the file: any would do that hold no FF, and fill more than one unit."""
_BORROWED_ROWS = 2
"""Rows at full scale whose colours libjpeg mixes with those of the unit below."""


@dataclass(frozen=True, kw_only=True)
class JpegFrame:
    """What the headers of a JPEG file say about its picture."""

    at: int
    """where height and width stand"""
    width: int
    height: int
    unit_width: int
    unit_height: int
    """pixels of a unit (MCU): what the data hold one after the other"""
    one_scan: bool
    """baseline, all colours in one scan"""
    interval: int
    """units between restart markers; 0: there are none"""
    interval_at: int
    """where that number stands"""
    data_at: int
    """where the data of the first scan begin"""

    @property
    def across(self) -> int:
        return -(-self.width // self.unit_width)

    @property
    def down(self) -> int:
        return -(-self.height // self.unit_height)

    @property
    def intervals(self) -> int:
        """How many parts restart markers divide the data into."""
        return -(-self.across * self.down // self.interval)

    @property
    def extra(self) -> int:
        """Rows of units by which the file is made taller."""
        return -(-(2 if self.one_scan else _SPARE_UNITS) // self.across)

    @property
    def by_rows(self) -> bool:
        """Whether each row of units ends with a restart marker."""
        return self.one_scan and self.interval == self.across

    @property
    def checked_while_scaling(self) -> bool:
        """Whether a larger file, scaled while it is decoded, gives the very same picture where the photo is."""
        if self.by_rows:
            return self.unit_width == self.unit_height and (self.across + 2) * self.unit_width <= _LARGEST
        fits = (self.down + self.extra) * self.unit_height <= _LARGEST
        return not self.interval and fits and self.unit_width >= self.unit_height


def jpeg_frame(data: bytes) -> JpegFrame:
    """Raises PhotoError for a file without a picture, or of a kind that no camera writes."""
    frame: JpegFrame | None = None
    interval = interval_at = components = 0
    for marker, at, body in jpeg_segments(data):
        if marker in _FRAMES and len(body) >= 6:
            if marker not in (_BASELINE, _EXTENDED, _PROGRESSIVE):
                raise PhotoError(
                    "JPEG of a coding that no camera writes; save it as PNG or JPEG", reason=Refusal.ODD_FILE
                )
            height, width, components = struct.unpack_from(">HHB", body, 1)
            sampling = body[7 : 6 + 3 * components : 3] if components > 1 else b"\x11"
            frame = JpegFrame(
                at=at + 1,
                width=width,
                height=height,
                unit_width=_BLOCK * max((s >> 4 for s in sampling), default=1),
                unit_height=_BLOCK * max((s & 15 for s in sampling), default=1),
                one_scan=marker != _PROGRESSIVE,
                interval=0,
                interval_at=0,
                data_at=0,
            )
        if marker == _RESTART_INTERVAL and len(body) == 2:
            interval, interval_at = struct.unpack(">H", body)[0], at
        if marker == _START_OF_SCAN and frame is not None and body and frame.unit_width and frame.unit_height:
            return replace(
                frame,
                one_scan=frame.one_scan and body[0] == components,
                interval=interval,
                interval_at=interval_at,
                data_at=at + len(body),
            )
    raise PhotoError("damaged photo (no picture in the JPEG file)", reason=Refusal.DAMAGED)


def larger(data: bytes, frame: JpegFrame) -> bytes:
    """The same file with room for what is left over: below, or beside each row that ends with a restart marker."""
    if not frame.by_rows:
        return _taller(data, frame)
    width, height = (frame.across + 2) * frame.unit_width, frame.down * frame.unit_height
    return _resized(data, frame, width=width, height=height, more=2)


def check_room(image: Image.Image, data: bytes, frame: JpegFrame, *, scale: int) -> None:
    """Refuse a JPEG whose data are not those of its picture, decoded from `larger` and scaled. Raises PhotoError."""
    if not frame.one_scan:
        if not _sound_scans(image, data, frame, scale=scale):
            raise PhotoError(DAMAGED, reason=Refusal.DAMAGED)
        return
    if frame.by_rows:
        units = _units(np.asarray(image), frame, scale=scale).reshape(frame.down, frame.across + 2, -1)
        sound = _marks_in_turn(data, frame) and not _filled(units[:, -2]).any() and _filled(units[:, -1]).all()
    else:
        sound = _sound_below(image, frame, scale=scale)
    if not sound:
        check_data(data, frame, scale=scale)


def check_data(data: bytes, frame: JpegFrame, *, scale: int) -> None:
    """Refuse a JPEG whose data are not those of its picture, by decoding it again. Raises PhotoError.

    `scale` is the factor by which the picture that is used was scaled: what it does not show need not be checked.
    """
    if (frame.down + frame.extra) * frame.unit_height > _LARGEST:  # no photo is so long
        return
    if frame.one_scan and frame.interval:
        sound = _sound_intervals(data, frame)
    elif frame.one_scan:
        sound = _sound_scan(data, frame) or _sound_scan(_without_zeros(data, frame), frame)
    else:
        sound = _sound_scans(_decoded(_taller(data, frame), scale), data, frame, scale=scale)
    if not sound:
        raise PhotoError(DAMAGED, reason=Refusal.DAMAGED)


def _sound_scan(data: bytes, frame: JpegFrame) -> bool:
    image = _decoded(_taller(data, frame), _BLOCK)
    if _sound_below(image, frame, scale=_BLOCK):
        return True
    levels = _units_below(image, frame, scale=_BLOCK)
    if not _filled(levels[_FIRST_UNITS:]).all():
        return False
    return not _ends_early(image, data, frame, scale=_BLOCK)


def _sound_scans(image: Image.Image, data: bytes, frame: JpegFrame, *, scale: int) -> bool:
    """Each scan goes over the whole picture, and may end too early or too late by itself."""
    below = _units_below(image, frame, scale=scale)
    return bool(_filled(below[_FIRST_UNITS_OF_SCANS:]).all()) and not _ends_early(image, data, frame, scale=scale)


def _ends_early(image: Image.Image, data: bytes, frame: JpegFrame, *, scale: int) -> bool:
    """Whether data put behind those of each scan show up inside the picture."""
    longer = _decoded(_taller(_with_filler(data, frame), frame), scale)
    rows = -(-frame.height // scale) - (_BORROWED_ROWS if scale < _BLOCK else 0)
    box = (0, 0, image.width, rows)
    return image.crop(box).tobytes() != longer.crop(box).tobytes()


def _sound_below(image: Image.Image, frame: JpegFrame, *, scale: int) -> bool:
    filled = _filled(_units_below(image, frame, scale=scale))
    return not filled[0] and bool(filled[_FIRST_UNITS:].all())


def _units_below(image: Image.Image, frame: JpegFrame, *, scale: int) -> npt.NDArray[np.uint8]:
    """The extra units of a taller picture: uint8 [units, levels of a unit]."""
    top = frame.down * frame.unit_height // scale
    pixels = np.array(image.crop((0, top, image.width, image.height)))
    if scale == 1 or (scale < _BLOCK and not frame.checked_while_scaling):
        for row in range(_BORROWED_ROWS):
            pixels[row :: frame.unit_height // scale] = min(FILLED_LEVELS)
    return _units(pixels, frame, scale=scale)


def _units(pixels: npt.NDArray[np.uint8], frame: JpegFrame, *, scale: int) -> npt.NDArray[np.uint8]:
    """Pixels [height, width] or [height, width, channels] as units one after the other, cut at the right border."""
    high, wide = frame.unit_height // scale, frame.unit_width // scale
    missing = -pixels.shape[1] % wide
    if missing:
        pixels = np.concatenate([pixels, np.repeat(pixels[:, -1:], missing, axis=1)], axis=1)
    down, across = pixels.shape[0] // high, pixels.shape[1] // wide
    return pixels.reshape(down, high, across, wide, -1).swapaxes(1, 2).reshape(down * across, -1)


def _filled(units: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (units >= min(FILLED_LEVELS)) & (units <= max(FILLED_LEVELS))
    return np.asarray(inside.all(axis=1), dtype=np.bool_)


def _decoded(data: bytes, scale: int) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=["JPEG"])
    with image:
        image.draft(None, (image.width // scale, image.height // scale))
        image.load()
        return image


def _markers(data: bytes, frame: JpegFrame) -> npt.NDArray[np.int64]:
    """Where the markers stand behind the first start of scan."""
    codes = np.frombuffer(data, dtype=np.uint8)
    at = np.flatnonzero(codes[frame.data_at : -1] == 0xFF) + frame.data_at
    following = codes[at + 1]
    return at[(following != 0x00) & (following != 0xFF)]


def _is_restart(code: int) -> bool:
    return 0xD0 <= code <= 0xD7


def _scan_ends(data: bytes, frame: JpegFrame) -> Iterator[int]:
    """Where the data of each scan end, restart markers aside."""
    inside = True
    segment_to = 0
    for at in map(int, _markers(data, frame)):
        code = data[at + 1]
        if at < segment_to or _is_restart(code):
            continue
        if inside:
            yield at
        if code == _END[1]:
            return
        length = struct.unpack_from(">H", data, at + 2)[0] if at + 4 <= len(data) else 0
        segment_to = at + 2 + length
        inside = code == _START_OF_SCAN


def _with_filler(data: bytes, frame: JpegFrame) -> bytes:
    parts: list[bytes] = []
    start = 0
    for end in _scan_ends(data, frame):
        parts += [data[start:end].rstrip(_FILL), _FILLER]
        start = end
    return b"".join([*parts, data[start:]])


def _without_zeros(data: bytes, frame: JpegFrame) -> bytes:
    """Some writers fill up with zeros before the end marker."""
    end = next(_scan_ends(data, frame), len(data))
    return data[:end].rstrip(b"\x00") + data[end:]


def _restarts(data: bytes, frame: JpegFrame) -> tuple[npt.NDArray[np.int64], int]:
    """Where the restart markers stand, and where the data end."""
    marks = _markers(data, frame)
    codes = np.frombuffer(data, dtype=np.uint8)[marks + 1]
    others = marks[(codes < 0xD0) | (codes > 0xD7)]
    end = int(others[0]) if len(others) else len(data)
    return marks[marks < end], end


def _marks_in_turn(data: bytes, frame: JpegFrame) -> bool:
    marks, _ = _restarts(data, frame)
    codes = np.frombuffer(data, dtype=np.uint8)[marks + 1]
    return np.array_equal(codes, 0xD0 + np.arange(frame.intervals - 1) % 8)


def _taller(data: bytes, frame: JpegFrame) -> bytes:
    return _resized(data, frame, width=frame.width, height=(frame.down + frame.extra) * frame.unit_height)


def _resized(data: bytes, frame: JpegFrame, *, width: int, height: int, more: int = 0) -> bytes:
    """The same file, closed, with another size in its header and so many units more between restart markers."""
    changed = bytearray(data + _END)
    struct.pack_into(">HH", changed, frame.at, height, width)
    if more:
        struct.pack_into(">H", changed, frame.interval_at, frame.interval + more)
    return bytes(changed)


def _sound_intervals(data: bytes, frame: JpegFrame) -> bool:
    """The data between restart markers are checked like files of their own: laid out one after the other in a picture
    of another size, each followed by two units more than it has."""
    total, intervals = frame.across * frame.down, frame.intervals
    if not _marks_in_turn(data, frame):
        return False
    laid = _laid_out(data, frame, intervals)
    if laid is None:
        return True
    units = _interval_units(laid, frame, intervals)
    real = np.minimum(frame.interval, total - frame.interval * np.arange(intervals))
    which = np.arange(intervals)
    if not _filled(units[which, real + 1]).all():
        return False
    early = _filled(units[which, real])
    if not early.any():
        return True
    marks, end = _restarts(data, frame)
    parts = np.split(np.frombuffer(data[:end], dtype=np.uint8), marks)
    longer = b"".join(part.tobytes().rstrip(_FILL) + _FILLER for part in parts) + data[end:]
    other = _laid_out(longer, frame, intervals)
    if other is None:
        return True
    inside = np.arange(units.shape[1]) < real[:, None]
    return bool((units == _interval_units(other, frame, intervals))[inside].all())


def _laid_out(data: bytes, frame: JpegFrame, intervals: int) -> Image.Image | None:
    units = intervals * (frame.interval + 2)
    across = min(units, _LARGEST // frame.unit_width, max(round(units**0.5), frame.interval + 2))
    down = -(-units // across)
    width, height = across * frame.unit_width, down * frame.unit_height
    if height > _LARGEST or width * height > _MAX_PIXELS or frame.interval + 2 > 0xFFFF:
        return None
    return _decoded(_resized(data, frame, width=width, height=height, more=2), _BLOCK)


def _interval_units(image: Image.Image, frame: JpegFrame, intervals: int) -> npt.NDArray[np.uint8]:
    """uint8 [intervals, units, levels of a unit]"""
    units = _units(np.asarray(image), frame, scale=_BLOCK)
    each = frame.interval + 2
    return units[: intervals * each].reshape(intervals, each, -1)
