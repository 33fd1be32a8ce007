"""Decoding: every mode, orientation and limit, and the geometry that training shares."""

import io
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from runtime.errors import PhotoError
from runtime.photo.decode import PhotoLimits, load_square, open_photo, square_pixels


def scene(width: int = 96, height: int = 64) -> Image.Image:
    """A smooth coloured picture whose four corners differ."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    pixels = np.stack([40 + 180 * x, 60 + 150 * y, 200 - 120 * x * y], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def encode(image: Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


def mean_difference(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_orientation_is_undone(orientation: int, image_format: str) -> None:
    upright = scene()
    # The transposition that a camera held this way would have applied, inverse of what a viewer must do.
    stored = {
        1: upright,
        2: upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        3: upright.transpose(Image.Transpose.ROTATE_180),
        4: upright.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
        5: upright.transpose(Image.Transpose.TRANSPOSE),
        6: upright.transpose(Image.Transpose.ROTATE_90),
        7: upright.transpose(Image.Transpose.TRANSVERSE),
        8: upright.transpose(Image.Transpose.ROTATE_270),
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = open_photo(encode(stored, image_format, exif=exif, quality=95), min_side=64)
    assert decoded.size == upright.size
    assert mean_difference(np.asarray(decoded), np.asarray(upright)) < 3


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_an_orientation_nobody_defined_leaves_the_photo_as_it_stands(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = open_photo(encode(scene(), exif=exif), min_side=64)
    assert np.array_equal(np.asarray(decoded), np.asarray(scene()))


def test_a_damaged_exif_block_does_not_cost_the_photo() -> None:
    photo = encode(scene(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff garbage", quality=95)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert mean_difference(np.asarray(open_photo(photo, min_side=64)), np.asarray(scene())) < 3


@pytest.mark.parametrize("mode", ["L", "LA", "1", "P", "RGB", "RGBA"])
def test_opaque_modes_decode_to_what_pillow_shows(mode: str) -> None:
    image = scene().convert(mode)
    decoded = open_photo(encode(image), min_side=64)
    assert decoded.mode == "RGB"
    assert np.array_equal(np.asarray(decoded), np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "L"])
def test_jpeg_modes_keep_their_colours(mode: str) -> None:
    image = scene().convert(mode)
    decoded = open_photo(encode(image, "JPEG", quality=95), min_side=64)
    assert mean_difference(np.asarray(decoded), np.asarray(image.convert("RGB"))) < 3


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_clear_pixels_become_neutral_grey_whatever_hides_below(mode: str) -> None:
    image = Image.new(mode, (64, 64), 0)  # transparent black
    assert np.all(np.asarray(open_photo(encode(image), min_side=64)) == 128)


def test_half_clear_pixels_are_mixed_with_the_grey() -> None:
    decoded = open_photo(encode(Image.new("RGBA", (64, 64), (255, 0, 0, 128))), min_side=64)
    assert np.abs(np.asarray(decoded)[0, 0].astype(int) - (192, 64, 64)).max() <= 1


def test_a_palette_colour_marked_as_clear_becomes_grey() -> None:
    image = Image.new("P", (64, 64), 3)
    image.putpalette([255, 0, 0] * 256)
    assert np.all(np.asarray(open_photo(encode(image, transparency=3), min_side=64)) == 128)


def test_16_bit_grey_is_scaled_over_its_whole_range() -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    expected = np.round(ramp / 257).astype(np.uint8)
    for image_format in ("PNG", "TIFF"):
        decoded = np.asarray(open_photo(encode(Image.fromarray(ramp), image_format), min_side=64))
        assert np.array_equal(decoded[..., 0], expected), image_format


def test_big_endian_16_bit_tiff_is_read_like_little_endian() -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(">u2")
    header = struct.pack(">2sHI", b"MM", 42, 8)
    tags = [(256, 4, 64), (257, 4, 64), (258, 3, 16 << 16), (259, 3, 1 << 16), (262, 3, 1 << 16)]
    tags += [(273, 4, 200), (277, 3, 1 << 16), (278, 4, 64), (279, 4, ramp.nbytes)]
    directory = struct.pack(">H", len(tags)) + b"".join(struct.pack(">HHII", t, k, 1, v) for t, k, v in tags)
    data = (header + directory + b"\x00" * 4).ljust(200, b"\x00") + ramp.tobytes()
    decoded = np.asarray(open_photo(data, min_side=64))
    assert np.array_equal(decoded[..., 0], np.round(ramp / 257.0).astype(np.uint8))


def test_a_jpeg_is_scaled_while_decoding_but_never_below_what_was_asked() -> None:
    photo = encode(scene(1600, 1200), "JPEG")
    assert open_photo(photo, min_side=224).size == (400, 300)
    assert open_photo(photo, min_side=1200).size == (1600, 1200)
    assert open_photo(photo, min_side=5000).size == (1600, 1200)


@pytest.mark.parametrize("size", [(2400, 1900), (1793, 2400), (1801, 1803)])
def test_scaled_decoding_gives_nearly_the_pixels_of_full_decoding(size: tuple[int, int]) -> None:
    image = scene(*size)
    draw = ImageDraw.Draw(image)
    for step in range(10):  # discs and hairs: detail that a poor or shifted downscale would show
        left, top = step * size[0] // 10, step * size[1] // 10
        draw.ellipse((left, top, left + 90, top + 60), fill=(90, 40, 30))
        draw.line((left, 0, size[0] - left, size[1]), fill=(60, 30, 20), width=7)
    photo = encode(image, "JPEG", quality=92)
    full = square_pixels(Image.open(io.BytesIO(photo)).convert("RGB"), size=224)
    assert mean_difference(load_square(photo, size=224), full) < 1.0


def test_the_square_is_the_centre_of_the_photo() -> None:
    image = scene(300, 100)
    assert np.array_equal(load_square(encode(image), size=100), np.asarray(image)[:, 100:200])


def test_a_small_photo_may_keep_its_own_pixels() -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (50, 90, 3), dtype=np.uint8))
    own = load_square(encode(image), size=64, enlarge=False)
    np.testing.assert_array_equal(own, np.asarray(image)[:, 20:70])
    assert load_square(encode(image), size=64).shape == (64, 64, 3)
    smaller = load_square(encode(image), size=40, enlarge=False)
    np.testing.assert_array_equal(smaller, load_square(encode(image), size=40))


def test_resizing_antialiases() -> None:
    board = (np.indices((448, 448)).sum(axis=0) % 2 * 255).astype(np.uint8)
    square = load_square(np.stack([board] * 3, axis=-1), size=224)
    assert np.abs(square.astype(int) - 128).max() <= 4  # nearest-neighbour picking would give 0 or 255


def test_every_kind_of_source_gives_the_same_square(tmp_path: Path) -> None:
    data = encode(scene())
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    expected = load_square(data, size=32)
    for source in (path, str(path), io.BytesIO(data), np.asarray(scene())):
        assert np.array_equal(load_square(source, size=32), expected)


def test_content_decides_what_a_file_is_not_its_name(tmp_path: Path) -> None:
    path = tmp_path / "really_a_jpeg.png"
    path.write_bytes(encode(scene(), "JPEG", quality=95))
    assert mean_difference(np.asarray(open_photo(path, min_side=64)), np.asarray(scene())) < 3


def test_a_phone_jpeg_with_a_second_picture_behind_it_is_one_photo() -> None:
    photo = encode(scene(1600, 1200), "MPO", save_all=True, append_images=[Image.new("RGB", (64, 64))], quality=95)
    decoded = open_photo(photo, min_side=224)
    assert decoded.size == (400, 300)
    expected = np.asarray(scene(1600, 1200).resize((400, 300), Image.Resampling.BOX))
    assert mean_difference(np.asarray(decoded), expected) < 3


@pytest.mark.parametrize("shape", [(64, 64, 2), (64,), (4, 64, 64, 3)])
def test_arrays_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(PhotoError, match="shape"):
        load_square(np.zeros(shape, dtype=np.uint8), size=32)


def test_arrays_of_floats_are_refused_not_guessed() -> None:
    with pytest.raises(PhotoError, match="float64"):
        load_square(np.zeros((64, 64, 3)), size=32)


def test_limits_are_the_callers_to_set() -> None:
    photo = encode(scene())
    for limits, word in (
        (PhotoLimits(max_bytes=len(photo) - 1), "larger than"),
        (PhotoLimits(max_pixels=96 * 64 - 1), "million"),
        (PhotoLimits(min_side=65), "too small"),
    ):
        with pytest.raises(PhotoError, match=word):
            load_square(photo, size=32, limits=limits)
    exact = PhotoLimits(max_bytes=len(photo), max_pixels=96 * 64, min_side=64)
    assert load_square(photo, size=32, limits=exact).shape == (32, 32, 3)


def test_every_real_photo_decodes(shared_photos: Path) -> None:
    paths = sorted(path for path in shared_photos.rglob("*") if path.is_file())
    assert len(paths) >= 40
    modes = set()
    for path in paths:
        with Image.open(path) as image:
            modes.add(image.mode)
        square = load_square(path, size=224)
        assert square.shape == (224, 224, 3), path
        assert square.std() > 5, f"{path} decoded to a flat picture"
    assert modes >= {"RGB", "RGBA", "P", "L", "LA", "I;16"}


def test_a_16_bit_photo_matches_its_8_bit_twin(shared_photos: Path) -> None:
    wide = load_square(shared_photos / "not_skin" / "chessboard_RGB_v2.png", size=224)
    narrow = load_square(shared_photos / "not_skin" / "chessboard_RGB.png", size=224)
    assert mean_difference(wide, narrow) < 1
