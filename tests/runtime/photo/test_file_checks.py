"""Files that Pillow would decode without a word: cut off, changed on the way, or far dearer than a photo."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from runtime.errors import PhotoError
from runtime.photo.decode import PhotoLimits, load_square, open_photo
from runtime.photo.file_checks import decodes_in_one_pass


def scene(width: int = 400, height: int = 300) -> Image.Image:
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    grain = np.random.default_rng(0).normal(0, 8, (height, width, 1))
    ramp = np.stack([120 + 100 * x, 90 + 100 * y, 160 - 90 * x * y], axis=-1)
    return Image.fromarray((ramp + grain).clip(0, 255).astype(np.uint8))


def encode(image: Image.Image, image_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


@pytest.mark.parametrize("options", [{}, {"restart_marker_rows": 1}, {"subsampling": 0}, {"optimize": True}], ids=str)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_jpeg_that_broke_off_and_was_closed_is_refused(share: float, mode: str, options: dict[str, object]) -> None:
    whole = encode(scene().convert(mode), "JPEG", **options)
    with pytest.raises(PhotoError, match="lower part is missing"):
        open_photo(whole[: int(share * len(whole))] + b"\xff\xd9", min_side=200)


@pytest.mark.parametrize("level", [0, 90, 127, 128, 255])
def test_a_photo_with_a_plain_border_is_no_damaged_photo(level: int) -> None:
    framed = Image.new("RGB", (400, 360), (level, level // 2, level))
    framed.paste(scene(), (0, 30))
    assert open_photo(encode(framed, "JPEG"), min_side=200).size == (400, 360)


def test_one_changed_bit_in_a_png_is_refused_or_changes_nothing() -> None:
    """Without the checksums about one in 300 gives another picture without a word."""
    image = scene(64, 48)
    whole = encode(image, "PNG")
    refused = 0
    for at in range(33, len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << (at % 8)
        try:
            decoded = open_photo(bytes(damaged), min_side=32)
        except PhotoError:
            refused += 1
        else:
            assert np.array_equal(np.asarray(decoded), np.asarray(image)), at
    assert refused > 0.95 * (len(whole) - 33)


def test_a_png_with_a_wrong_checksum_behind_sound_pixels_is_refused() -> None:
    whole = encode(scene(), "PNG")
    at = whole.rindex(b"IEND") - 8
    with pytest.raises(PhotoError, match="checksum"):
        open_photo(whole[:at] + bytes(4) + whole[at + 4 :], min_side=32)


def scan_bomb(scans: int) -> bytes:
    """A progressive JPEG with its last scan written again and again."""
    whole = encode(scene(), "JPEG", progressive=True)
    last, end = whole.rindex(b"\xff\xda"), len(whole) - 2
    return whole[:last] + whole[last:end] * scans + whole[end:]


def test_a_jpeg_of_a_thousand_scans_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(PhotoError, match="scans"):
        open_photo(scan_bomb(1000), min_side=200)
    assert open_photo(encode(scene(), "JPEG", progressive=True), min_side=200).size == (400, 300)


def test_a_run_length_coded_bmp_is_refused() -> None:
    plain = encode(scene().quantize(16), "BMP")
    with pytest.raises(PhotoError, match="BMP of a coding"):
        open_photo(plain[:30] + struct.pack("<I", 1) + plain[34:], min_side=200)
    assert open_photo(plain, min_side=200).size == (400, 300)


@pytest.mark.parametrize("coding", ["group3", "group4", "tiff_ccitt"])
def test_a_fax_is_refused(coding: str) -> None:
    with pytest.raises(PhotoError, match="TIFF of a coding"):
        open_photo(encode(scene().convert("1"), "TIFF", compression=coding), min_side=200)


@pytest.mark.parametrize("coding", ["raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "jpeg"])
def test_what_cameras_write_as_tiff_is_read(coding: str) -> None:
    photo = encode(scene(), "TIFF", compression=None if coding == "raw" else coding)
    assert open_photo(photo, min_side=200).size == (400, 300)


@pytest.mark.parametrize("options", [{}, {"transparency": 3, "comment": b"drawn " * 99}, {"interlace": 0}], ids=str)
def test_a_gif_whose_frame_is_larger_than_its_screen_is_refused(options: dict[str, object]) -> None:
    sound = encode(scene().quantize(32), "GIF", **options)
    assert open_photo(sound, min_side=200).size == (400, 300)
    at = sound.index(struct.pack("<BHHHH", 0x2C, 0, 0, 400, 300))
    with pytest.raises(PhotoError, match="larger than the GIF file says"):
        open_photo(sound[: at + 5] + struct.pack("<HH", 401, 300) + sound[at + 9 :], min_side=200)
    for odd in (sound[:12], sound[:at], sound[:at] + b"\x00" + sound[at:]):
        with pytest.raises(PhotoError, match="no frame"):
            open_photo(odd, min_side=200)


def second_scan(whole: bytes) -> bytes:
    """The same file, but its first scan says that it holds one component of three."""
    at = whole.index(b"\xff\xda") + 4
    return whole[:at] + b"\x01" + whole[at + 1 :]


def test_only_a_jpeg_of_one_scan_decodes_in_one_pass() -> None:
    plain = encode(scene(), "JPEG", exif=b"Exif\x00\x00" + encode(scene(64, 48), "JPEG"))  # a preview inside
    assert decodes_in_one_pass(plain)
    assert decodes_in_one_pass(encode(scene().convert("L"), "JPEG"))
    assert not decodes_in_one_pass(encode(scene(), "JPEG", progressive=True))
    assert not decodes_in_one_pass(second_scan(encode(scene(), "JPEG")))
    for odd in (b"", b"\xff\xd8", b"\xff\xd8\xff\xda", b"\xff\xd8\xff\xe0\x00\x00" * 3, plain[:200]):
        assert not decodes_in_one_pass(odd)


def png_header(side: int) -> bytes:
    """A PNG that announces side x side pixels and holds none: decoding it would fail another way."""
    header = b"IHDR" + struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    chunks = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + chunks + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


def test_what_decoding_would_hold_is_limited_before_it_is_decoded() -> None:
    with pytest.raises(PhotoError, match="too much memory"):
        open_photo(png_header(5400), min_side=200)
    with pytest.raises(PhotoError, match="damaged"):
        open_photo(png_header(5200), min_side=200)


@pytest.mark.parametrize(
    ("image_format", "options", "held"),
    [("PNG", {}, 1), ("WEBP", {}, 2), ("TIFF", {}, 2), ("JPEG", {"progressive": True}, 1), ("JPEG", {}, 1 / 16)],
    ids=["png", "webp", "tiff", "progressive", "baseline, scaled by 4"],
)
def test_a_format_counts_as_much_as_its_decoder_holds(
    image_format: str, options: dict[str, object], held: float
) -> None:
    photo = encode(scene(1600, 1200), image_format, **options)
    need = round(1600 * 1200 * held)
    load_square(photo, size=200, limits=PhotoLimits(max_decoded_pixels=need))
    with pytest.raises(PhotoError, match="too much memory"):
        load_square(photo, size=200, limits=PhotoLimits(max_decoded_pixels=need - 1))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "I;16"])
def test_a_photo_of_several_bands_is_converted_like_a_small_one(mode: str) -> None:
    """2.3 million pixels: two bands and a part of a third."""
    tile = scene(192, 120)
    if mode == "I;16":
        image = Image.fromarray(np.tile(np.asarray(tile.convert("L")).astype(np.uint16) * 257, (10, 10)))
    else:
        image = Image.fromarray(np.tile(np.asarray(tile), (10, 10, 1))).convert("L" if mode == "LA" else "RGB")
        image = image.quantize(16) if mode == "P" else image.convert(mode)
    whole = np.asarray(open_photo(encode(image, "PNG", **({"transparency": 99} if mode == "P" else {})), min_side=32))
    expected = np.asarray(image.convert("RGB")) if mode != "I;16" else np.tile(np.asarray(tile.convert("L")), (10, 10))
    assert whole.shape == (1200, 1920, 3)
    assert np.array_equal(whole if mode != "I;16" else whole[..., 1], expected)
