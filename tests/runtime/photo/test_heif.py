"""HEIC and AVIF: upright once, in the right colours, whole or refused; and a plain word where HEIC cannot be read."""

import io
import subprocess
import sys
import tomllib
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps, features

from benchmarks.workshop.photos.colour_profiles import DISPLAY_P3, tagged_png
from runtime.cli import main
from runtime.errors import HeicError, PhotoError, PhotoTooLargeError
from runtime.photo.av1 import most_pixels
from runtime.photo.decode import PhotoLimits, load_square, open_photo

pillow_heif = pytest.importorskip("pillow_heif", reason="needs the extra 'heif'")

ROOT = Path(__file__).parents[3]
CORNERS = {"red": (255, 0, 0), "green": (0, 160, 0), "blue": (0, 0, 255), "grey": (128, 128, 128)}


def corners(width: int = 160, height: int = 96) -> Image.Image:
    """Red, green / blue, grey: whoever turns or mirrors it is found out."""
    image = Image.new("RGB", (width, height))
    for number, colour in enumerate(CORNERS.values()):
        image.paste(colour, ((number % 2) * width // 2, (number // 2) * height // 2, width, height))
    return image


def skin(width: int = 640, height: int = 480) -> Image.Image:
    """Something with detail, so that the file has kilobytes to lose."""
    noise = np.random.default_rng(1).normal(0, 25, (height // 2, width // 2, 3))
    return Image.fromarray(np.clip(noise + np.array([190, 140, 110]), 0, 255).astype(np.uint8)).resize((width, height))


def heic(*images: Image.Image, **options: Any) -> bytes:
    file = pillow_heif.HeifFile()
    for image in images:
        file.add_from_pillow(image)
    stream = io.BytesIO()
    file.save(stream, quality=90, **options)
    return stream.getvalue()


def avif(image: Image.Image, **options: Any) -> bytes:
    if not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    stream = io.BytesIO()
    image.save(stream, "AVIF", quality=90, **options)
    return stream.getvalue()


def assert_same(found: Image.Image, expected: Image.Image, *, levels: float = 6) -> None:
    assert found.size == expected.size
    assert np.abs(np.asarray(found, dtype=int) - np.asarray(expected, dtype=int)).mean() < levels


def assert_heic_advice(error: pytest.ExceptionInfo[PhotoError]) -> None:
    assert "skintag-edge[heif]" in str(error.value)
    assert "JPEG" in str(error.value)


# Read


def test_a_heic_is_read_whatever_its_name(tmp_path: Path) -> None:
    path = tmp_path / "IMG_0001.JPG"
    path.write_bytes(heic(corners()))
    assert_same(open_photo(path, min_side=32), corners())
    assert load_square(path, size=64).shape == (64, 64, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("encode", [heic, avif])
def test_a_photo_is_turned_once(encode: Any, orientation: int) -> None:
    """Encoders write EXIF's orientation as turns of the file too: who heeds both turns twice."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    photo = encode(corners(), exif=exif.tobytes())
    shown = corners()
    shown.getexif()[ExifTags.Base.Orientation] = orientation
    assert_same(open_photo(photo, min_side=32), ImageOps.exif_transpose(shown))


def test_of_several_photos_the_primary_one_is_read() -> None:
    other = Image.new("RGB", (200, 100), (10, 200, 10))
    assert_same(open_photo(heic(other, corners(), other, primary_index=1), min_side=32), corners())


def test_a_heic_in_tiles_is_read_as_a_phone_writes_it() -> None:
    """iPhones code squares of 512 pixels; one that is damaged is as bad as all."""
    photo = heic(skin(1200, 900), tile_size=512)
    assert photo.count(b"hvc1") > 2
    assert_same(open_photo(photo, min_side=32), open_photo(heic(skin(1200, 900)), min_side=32))
    middle = (photo.index(b"mdat") + len(photo)) // 2
    with pytest.raises(PhotoError, match="overwritten"):
        open_photo(damaged(photo, "zeroed", middle, 512), min_side=32)


def test_ten_bits_come_as_eight() -> None:
    wide = np.asarray(corners()).astype(np.uint16) * 257
    stream = io.BytesIO()
    pillow_heif.encode("RGB;16", (160, 96), wide.tobytes(), stream, quality=90)
    assert_same(open_photo(stream.getvalue(), min_side=32), corners())


def test_a_grey_and_a_see_through_heic() -> None:
    assert_same(open_photo(heic(corners().convert("L")), min_side=32), corners().convert("L").convert("RGB"))
    clear = Image.new("RGBA", (96, 96), (255, 0, 0, 0))
    assert np.abs(np.asarray(open_photo(heic(clear), min_side=32), dtype=int) - 128).max() < 6


@pytest.mark.parametrize("encode", [heic, avif])
def test_a_profile_is_heeded(encode: Any) -> None:
    tagged = Image.open(io.BytesIO(tagged_png(np.asarray(corners()), DISPLAY_P3)))
    profile = tagged.info["icc_profile"]
    assert_same(open_photo(encode(tagged.convert("RGB"), icc_profile=profile), min_side=32), corners())


def test_code_points_are_heeded_where_there_is_no_profile() -> None:
    tagged = Image.open(io.BytesIO(tagged_png(np.asarray(corners()), DISPLAY_P3))).convert("RGB")
    tagged.info.pop("icc_profile", None)
    display_p3, srgb = (
        open_photo(
            heic(tagged, color_primaries=primaries, transfer_characteristics=13, matrix_coefficients=6), min_side=32
        )
        for primaries in (12, 1)
    )
    assert_same(display_p3, corners())
    assert_same(srgb, tagged)


@pytest.mark.parametrize("transfer", [16, 18])
def test_a_films_brightness_is_refused(transfer: int) -> None:
    with pytest.raises(PhotoError, match="high dynamic range"):
        open_photo(heic(corners(), color_primaries=9, transfer_characteristics=transfer), min_side=32)


# Whole, or refused


def damaged(data: bytes, kind: str, at: int, count: int) -> bytes:
    filling = {"zeroed": bytes(count), "ones": b"\xff" * count, "lost": b""}[kind]
    return data[:at] + filling + data[at + count :]


@pytest.mark.parametrize("kind", ["zeroed", "ones", "lost"])
@pytest.mark.parametrize("encode", [heic, avif])
def test_no_photo_is_judged_by_what_damage_has_left(encode: Any, kind: str) -> None:
    sound = encode(skin())
    first = sound.index(b"mdat") + 4
    assert len(sound) - first > 4_000, "too small to lose anything"
    for at in np.linspace(first, len(sound) - 512, 25).astype(int):
        with pytest.raises(PhotoError, match="damaged photo"):
            open_photo(damaged(sound, kind, int(at), 512), min_side=32)


@pytest.mark.parametrize("encode", [heic, avif])
@given(share=st.floats(0, 1, exclude_max=True))
@settings(max_examples=30, deadline=None)
def test_a_file_that_is_cut_off_is_refused_in_one_line(encode: Any, share: float) -> None:
    sound = encode(skin(64, 48))
    with pytest.raises(PhotoError) as error:
        open_photo(sound[: int(share * len(sound))], min_side=32)
    assert str(error.value).isprintable()


@pytest.mark.parametrize("encode", [heic, avif])
@given(at=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), count=st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_hostile_bytes_end_in_a_photo_or_in_one_line(encode: Any, at: float, value: int, count: int) -> None:
    sound = encode(skin(64, 48))
    start = int(at * len(sound))
    with suppress(PhotoError):
        photo = open_photo(sound[:start] + bytes([value]) * count + sound[start + count :], min_side=32)
        assert photo.mode == "RGB"


@pytest.mark.parametrize("encode", [heic, avif])
@pytest.mark.parametrize("shade", [0, 128, 255])
def test_flat_photos_are_no_damage(encode: Any, shade: int) -> None:
    flat = Image.new("RGB", (600, 400), (shade, shade, shade))
    assert_same(open_photo(encode(flat), min_side=32), flat)


@pytest.mark.parametrize("encode", [heic, avif])
def test_what_a_photo_may_cost_is_known_before_it_is_decoded(encode: Any) -> None:
    sound = encode(skin(400, 300))
    for limits in (PhotoLimits(max_pixels=100_000), PhotoLimits(max_decoded_pixels=100_000)):
        with pytest.raises(PhotoTooLargeError, match="400 x 300 pixels"):
            open_photo(sound, min_side=32, limits=limits)


def announcing(sound: bytes, *, width: int, height: int) -> bytes:
    """The same file with another size in its `ispe` boxes."""
    size = (400).to_bytes(4) + (300).to_bytes(4)
    assert size in sound
    return sound.replace(size, width.to_bytes(4) + height.to_bytes(4))


LIES = [(65_000, 65_000), (2**31 - 1, 2**31 - 1), (1, 1), (0, 0)]


@pytest.mark.parametrize(("encode", "size"), [(heic, (64, 64)), *product((heic, avif), LIES)])
def test_a_size_that_is_a_lie_is_refused(encode: Any, size: tuple[int, int]) -> None:
    with pytest.raises(PhotoError):
        open_photo(announcing(encode(skin(400, 300)), width=size[0], height=size[1]), min_side=32)


def test_an_avif_that_is_larger_than_it_says_is_not_decoded() -> None:
    """libavif would decode all of it and scale it down to what it announced."""
    photo = announcing(avif(skin(400, 300)), width=64, height=64)
    assert open_photo(photo, min_side=32).size == (64, 64)
    with pytest.raises(PhotoTooLargeError, match="larger than it says"):
        open_photo(photo, min_side=32, limits=PhotoLimits(max_decoded_pixels=200_000))


@given(header=st.binary(min_size=1, max_size=40))
def test_any_coded_bytes_have_a_size_or_none(header: bytes) -> None:
    with suppress(IndexError):
        assert 0 <= most_pixels(header) <= 1 << 32


def test_the_size_of_a_frame_that_may_name_its_own_is_what_its_bits_can_say() -> None:
    """A sequence header as films and some encoders of stills write it: 400 x 300 in 9 bits each."""
    bits = "000100000000" + 12 * "0" + "00000" + "10001000" + f"{399:09b}{299:09b}"
    header = int(bits.ljust(-8 * (-len(bits) // 8), "0"), 2).to_bytes(-(-len(bits) // 8))
    assert most_pixels(bytes([0b1010, len(header)]) + header) == 512 * 512


def test_an_animated_avif_is_refused() -> None:
    frames = [Image.new("RGB", (64, 64), (shade, 90, 60)) for shade in (10, 120)]
    with pytest.raises(PhotoError, match="several frames"):
        open_photo(avif(frames[0], save_all=True, append_images=frames[1:]), min_side=32)


# Without the extra


@pytest.fixture
def without_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)


@pytest.mark.usefixtures("without_extra")
def test_who_lacks_the_extra_is_told_what_to_install(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(heic_without_reader())
    with pytest.raises(HeicError) as error:
        open_photo(path, min_side=32)
    assert_heic_advice(error)
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert "heif" in extras, "what it tells people to install must be there"
    assert main([str(path)]) == 1
    said = capsys.readouterr().err
    assert "skintag-edge[heif]" in said
    assert said.count("\n") == 1


@pytest.mark.usefixtures("without_extra")
def test_a_phone_is_not_told_to_install_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "ios")
    with pytest.raises(HeicError, match="save or share it as JPEG") as error:
        open_photo(heic_without_reader(), min_side=32)
    assert "pip" not in str(error.value)


def heic_without_reader() -> bytes:
    return b"\x00\x00\x00\x18ftypheic" + bytes(200)


def test_a_pillow_without_avif_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = avif(corners())
    monkeypatch.setattr(features, "check", lambda feature: False)
    with pytest.raises(PhotoError, match="AVIF photos cannot be read on this device"):
        open_photo(photo, min_side=32)


def test_pillow_reads_what_it_read_before(tmp_path: Path) -> None:
    """Nothing is registered with Pillow, and nothing is loaded before the first HEIC."""
    code = (
        "import sys, io; from PIL import Image; import runtime.photo.decode as decode;"
        "decode.open_photo(sys.argv[1], min_side=32); assert 'pillow_heif' not in sys.modules;"
        "decode.open_photo(sys.argv[2], min_side=32); assert 'pillow_heif' in sys.modules;"
        "Image.init(); assert 'HEIF' not in Image.OPEN, Image.ID"
    )
    jpeg, photo = tmp_path / "plain.jpg", tmp_path / "iphone.heic"
    corners().save(jpeg)
    photo.write_bytes(heic(corners()))
    done = subprocess.run([sys.executable, "-c", code, jpeg, photo], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
