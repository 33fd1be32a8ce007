"""Damage in the middle of a file: refused, or of no consequence; a sound file of any kind is never refused for it."""

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from runtime.errors import PhotoError
from runtime.photo.decode import load_square, open_photo

SIZES = [(401, 299), (331, 503), (33, 32), (1203, 901)]
TURNED = b"Exif\x00\x00" + struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)
JPEGS: dict[str, dict[str, object]] = {
    "4:2:0": {},
    "4:2:2": {"subsampling": 1},
    "4:4:4": {"subsampling": 0},
    "optimised": {"optimize": True},
    "quality 100": {"quality": 100},
    "quality 5": {"quality": 5},
    "restart rows": {"restart_marker_rows": 1},
    "restart rows, 4:4:4": {"restart_marker_rows": 1, "subsampling": 0},
    "restart rows, 4:2:2": {"restart_marker_rows": 1, "subsampling": 1},
    "restart two rows": {"restart_marker_rows": 2},
    "restart blocks": {"restart_marker_blocks": 1},
    "restart 7 blocks": {"restart_marker_blocks": 7},
    "restart beyond the end": {"restart_marker_blocks": 60_000},
    "progressive": {"progressive": True},
    "progressive, 4:2:2": {"progressive": True, "subsampling": 1},
    "progressive, 4:4:4": {"progressive": True, "subsampling": 0},
    "progressive, restart": {"progressive": True, "restart_marker_rows": 1},
    "rotated": {"exif": TURNED},
}


def scene(width: int = 400, height: int = 300, *, seed: int = 0) -> Image.Image:
    """Shades with grain and coarse blotches."""
    chance = np.random.default_rng(seed)
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    grain = chance.normal(0, 9, (height, width, 1))
    blotches = Image.fromarray(chance.integers(0, 60, (9, 9), dtype=np.uint8)).resize((width, height))
    ramp = np.stack([120 + 80 * x, 90 + 80 * y, 150 - 80 * x * y], axis=-1)
    return Image.fromarray((ramp + grain + np.asarray(blotches)[..., None]).clip(0, 255).astype(np.uint8))


def encode(image: Image.Image, image_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


def by_pillow(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("options", JPEGS.values(), ids=JPEGS)
def test_a_sound_jpeg_is_read_with_the_pixels_that_it_has(options: dict[str, object], size: tuple[int, int]) -> None:
    data = encode(scene(*size), "JPEG", **options)
    photo = np.asarray(open_photo(data, min_side=10_000))
    expected = by_pillow(data)
    assert np.array_equal(photo, np.rot90(expected, -1) if "exif" in options else expected)


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("size", [(400, 304), (403, 299)], ids=str)
@pytest.mark.parametrize("options", list(JPEGS.values())[:-1], ids=list(JPEGS)[:-1])
def test_a_scaled_jpeg_has_the_pixels_that_libjpeg_gives(
    options: dict[str, object], size: tuple[int, int], scale: int
) -> None:
    data = encode(scene(*size), "JPEG", **options)
    side = max(size[1] // scale, 32)
    with Image.open(io.BytesIO(data)) as image:
        image.draft(None, (side, side))
        expected = np.asarray(image.convert("RGB"))
    photo = np.asarray(open_photo(data, min_side=side))
    assert np.array_equal(photo, expected[: photo.shape[0], : photo.shape[1]])


@pytest.mark.parametrize("mode", ["L", "CMYK"])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_blocks": 5}], ids=str)
@pytest.mark.parametrize("min_side", [32, 300])
def test_grey_and_printed_jpegs_are_read(mode: str, options: dict[str, object], min_side: int) -> None:
    assert open_photo(encode(scene().convert(mode), "JPEG", **options), min_side=min_side).mode == "RGB"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}], ids=str)
@pytest.mark.parametrize("min_side", [40, 300])
def test_bytes_around_the_data_are_no_damage(options: dict[str, object], min_side: int) -> None:
    """What phones put there: moving pictures behind the end, zeros or FF before the end marker, FF before a segment."""
    data = encode(scene(), "JPEG", **options)
    table = data.index(b"\xff\xdb")
    for odd in (
        data + bytes(5000),
        data + encode(scene(), "JPEG"),
        data[:-2] + b"\xff" * 7 + data[-2:],
        data[:table] + b"\xff" * 3 + data[table:],
    ):
        assert open_photo(odd, min_side=min_side).width >= 40


def test_a_baseline_jpeg_that_was_filled_up_with_zeros_is_read() -> None:
    data = encode(scene(), "JPEG")
    for min_side in (40, 300):
        assert open_photo(data[:-2] + bytes(900) + data[-2:], min_side=min_side).width >= 40


@pytest.mark.parametrize("grey", [127, 128, 129])
@pytest.mark.parametrize("options", [{}, {"restart_marker_blocks": 3}, {"progressive": True}], ids=str)
def test_a_grey_corner_is_no_damage(grey: int, options: dict[str, object]) -> None:
    """What missing data look like is told from what is in the photo."""
    image = scene()
    image.paste((grey,) * 3, (200, 292, 400, 300))
    image.paste((grey,) * 3, (0, 100, 64, 160))
    assert open_photo(encode(image, "JPEG", **options), min_side=300).size == (400, 300)


def data_begins(data: bytes) -> int:
    return data.index(b"\xff\xda") + 14


def without(data: bytes, at: int) -> bytes:
    return data[:at] + data[at + 512 :]


def zeroed(data: bytes, at: int) -> bytes:
    return data[:at] + bytes(512) + data[at + 512 :]


def foreign(data: bytes, at: int) -> bytes:
    other = encode(scene(seed=1), "JPEG")
    return data[:at] + other[6000:6512] + data[at + 512 :]


def twice(data: bytes, at: int) -> bytes:
    return data[: at + 512] + data[at:]


KINDS: list[Callable[[bytes, int], bytes]] = [without, zeroed, foreign, twice]


@pytest.mark.parametrize("min_side", [72, 300], ids=["scaled", "full"])
@pytest.mark.parametrize(
    ("kind", "refused"),
    [("4:2:0", 1.0), ("4:4:4", 1.0), ("restart rows", 0.9), ("restart 7 blocks", 0.9), ("progressive", 0.6)],
)
def test_damage_within_a_jpeg_is_refused(kind: str, refused: float, min_side: int) -> None:
    """All of it where the data are one piece; the scans of a progressive file may lose detail without a trace."""
    data = encode(scene(), "JPEG", **JPEGS[kind])
    places = np.linspace(data_begins(data), len(data) - 600, 8).astype(int)
    damaged = [damage(data, int(at)) for damage in (without, zeroed, twice) for at in places]
    assert sum(is_refused(file, min_side=min_side) for file in damaged) >= refused * len(damaged)


def is_refused(data: bytes, *, min_side: int) -> bool:
    try:
        open_photo(data, min_side=min_side)
    except PhotoError:
        return True
    return False


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.02, 0.9), bytes_lost=st.integers(200, 3000), min_side=st.sampled_from([72, 300]))
def test_a_jpeg_with_lost_bytes_is_refused(share: float, bytes_lost: int, min_side: int) -> None:
    data = encode(scene(), "JPEG")
    at = data_begins(data) + int(share * (len(data) - data_begins(data)))
    with pytest.raises(PhotoError, match="damaged photo"):
        open_photo(data[:at] + data[min(at + bytes_lost, len(data) - 2) :], min_side=min_side)


@settings(max_examples=15, deadline=None)
@given(first=st.integers(0, 7), step=st.integers(1, 8))
def test_restart_markers_out_of_turn_are_refused(first: int, step: int) -> None:
    data = encode(scene(), "JPEG", restart_marker_rows=1)
    at = data.index(bytes((0xFF, 0xD0 + first)), data_begins(data))
    after = data.index(bytes((0xFF, 0xD0 + (first + step) % 8)), at + 2)
    for min_side in (72, 300):
        with pytest.raises(PhotoError, match="damaged photo"):
            open_photo(data[:at] + data[after:], min_side=min_side)


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0.05, 0.85), kind=st.sampled_from(KINDS), start=st.binary(min_size=16, max_size=16))
def test_a_webp_with_damage_is_refused(share: float, kind: Callable[[bytes, int], bytes], start: bytes) -> None:
    data = encode(scene(seed=sum(start)), "WEBP", quality=90)
    with pytest.raises(PhotoError, match="damaged photo"):
        load_square(kind(data, int(share * len(data))), size=64)


def test_a_webp_of_which_half_was_never_written_is_refused() -> None:
    for options in ({"quality": 80}, {"lossless": True}):
        data = encode(scene(), "WEBP", **options)
        with pytest.raises(PhotoError, match="damaged photo"):
            load_square(data[: len(data) // 2] + bytes(len(data) - len(data) // 2), size=64)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
@pytest.mark.parametrize(
    "options",
    [{}, {"quality": 1}, {"lossless": True}, {"method": 0}, {"method": 6}, {"icc_profile": b"none" * 80}],
    ids=str,
)
def test_a_sound_webp_is_read(mode: str, options: dict[str, object]) -> None:
    for image in (scene(), scene(33, 47), Image.new("RGB", (64, 64), (90, 60, 50))):
        data = encode(image.convert(mode), "WEBP", **options)
        assert open_photo(data + b"behind the end", min_side=32).size == image.size


def test_data_left_over_in_a_gif_are_refused() -> None:
    """A file that says that it is less tall than its data."""
    sound = encode(scene().quantize(64), "GIF")
    at = sound.index(struct.pack("<BHHHH", 0x2C, 0, 0, 400, 300))
    assert open_photo(sound, min_side=32).size == (400, 300)
    with pytest.raises(PhotoError, match="damaged photo"):
        open_photo(sound[: at + 7] + struct.pack("<H", 280) + sound[at + 9 :], min_side=32)


def test_bytes_that_came_into_a_bmp_are_refused() -> None:
    sound = encode(scene(), "BMP")
    assert open_photo(sound, min_side=32).size == (400, 300)
    with pytest.raises(PhotoError, match="damaged photo"):
        open_photo(twice(sound, 9000), min_side=32)


@pytest.mark.parametrize("coding", ["jpeg", "tiff_adobe_deflate"])
def test_damage_in_a_packed_tiff_is_refused(coding: str) -> None:
    sound = encode(scene(), "TIFF", compression=coding)
    assert open_photo(sound, min_side=32).size == (400, 300)
    for at in range(3000, len(sound) - 9000, 2000):
        with pytest.raises(PhotoError, match="damaged photo"):
            open_photo(zeroed(sound, at), min_side=32)
