"""Photos that are not in sRGB: converted by their profile, or left alone where it says nothing."""

import dataclasses
import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, features

from benchmarks.workshop.photos.colour_profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    ColourSpace,
    icc_profile,
    in_space,
    profile_of,
    tagged_png,
)
from runtime.errors import PhotoError
from runtime.photo.decode import load_square, open_photo

SPACES = [DISPLAY_P3, ADOBE_RGB, PROPHOTO]
needs_littlecms = pytest.mark.skipif(not features.check("littlecms2"), reason="this Pillow has no LittleCMS")


def skin(size: int = 96) -> np.ndarray:
    """Smooth colours that all four spaces have: uint8 [size, size, 3] in sRGB."""
    x, y = np.meshgrid(np.linspace(0, 1, size), np.linspace(0, 1, size))
    return np.stack([90 + 130 * x, 70 + 100 * x * y, 60 + 90 * y], axis=-1).astype(np.uint8)


def encode(pixels: np.ndarray | Image.Image, image_format: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    (pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)).save(stream, image_format, **options)
    return stream.getvalue()


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_photo_shows_the_same_colours_whatever_its_space(space: ColourSpace, image_format: str) -> None:
    options = {"JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}.get(image_format, {})
    photo = encode(in_space(skin(), space), image_format, icc_profile=profile_of(space), **options)
    assert distance(load_square(encode(in_space(skin(), space)), size=96), skin()) > 4, "without its profile"
    for decoded in (load_square(photo, size=96), np.asarray(open_photo(photo, min_side=96))):
        assert distance(decoded, skin()) < 1


@needs_littlecms
@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
@pytest.mark.parametrize("sampled", [0, 1024])
def test_colours_are_those_of_littlecms(space: ColourSpace, sampled: int) -> None:
    cube = np.stack(np.meshgrid(*[np.arange(0, 256, 5, dtype=np.uint8)] * 3), axis=-1).reshape(-1, 52, 3)
    profile = profile_of(space, sampled=sampled)
    srgb = ImageCms.createProfile("sRGB")
    expected = ImageCms.profileToProfile(
        Image.fromarray(cube), io.BytesIO(profile), srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB"
    )
    decoded = np.asarray(open_photo(encode(cube, icc_profile=profile), min_side=32)).astype(int)
    assert np.abs(decoded - np.asarray(expected)).max() <= 2


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_srgb_under_any_name_changes_not_a_bit(image_format: str) -> None:
    expected = load_square(encode(skin(), image_format), size=64)
    names = [
        profile_of(SRGB, sampled=sampled, version=version) for sampled in (0, 26, 1024, 4096) for version in (2, 4)
    ]
    if features.check("littlecms2"):
        names.append(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for profile in names:
        assert np.array_equal(load_square(encode(skin(), image_format, icc_profile=profile), size=64), expected)


def test_a_gamma_that_is_only_like_srgb_is_converted() -> None:
    space = dataclasses.replace(SRGB, name="gamma 2.2", gamma=2.2)
    assert distance(load_square(tagged_png(skin() // 3, space), size=96), skin() // 3) < 1
    assert distance(load_square(encode(in_space(skin() // 3, space)), size=96), skin() // 3) > 1


def grey_profile(gamma: float) -> bytes:
    return icc_profile({b"kTRC": b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))}, space=b"GRAY")


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_a_grey_photo_is_converted_by_its_curve(mode: str) -> None:
    ramp = np.tile(np.arange(64, 192, 2, dtype=np.uint8), (64, 1))
    image = Image.fromarray(ramp.astype(np.uint16) * 257) if mode == "I;16" else Image.fromarray(ramp).convert(mode)
    decoded = load_square(encode(image, icc_profile=grey_profile(1.0)), size=64)
    expected = np.rint(255 * SRGB.encoded(ramp / 255))
    assert np.abs(decoded[..., 1] - expected).max() <= 1
    assert np.array_equal(decoded[..., 0], decoded[..., 2])


def test_a_profile_for_other_pixels_is_ignored() -> None:
    plain = load_square(encode(skin()), size=64)
    assert np.array_equal(load_square(encode(skin(), icc_profile=grey_profile(1.0)), size=64), plain)
    inks = Image.fromarray(skin()).convert("CMYK")
    expected = load_square(encode(inks, "JPEG"), size=64)
    assert np.array_equal(load_square(encode(inks, "JPEG", icc_profile=profile_of(PROPHOTO)), size=64), expected)


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_clear_pixels_become_the_same_grey_in_every_space(space: ColourSpace) -> None:
    clear = encode(Image.new("RGBA", (64, 64), 0), icc_profile=profile_of(space))
    assert np.abs(load_square(clear, size=64).astype(int) - 128).max() <= 1


def test_a_photo_of_several_bands_is_converted_like_a_small_one() -> None:
    wide = np.tile(skin(), (8, 12, 1))  # 885,000 pixels: two bands
    assert distance(np.asarray(open_photo(tagged_png(wide, PROPHOTO), min_side=96)), wide) < 1


def marked(*, index: str, space: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x8769] = {0xA001: space, 0xA005: {1: index}}
    return exif


def test_a_camera_marks_adobe_rgb_without_a_profile() -> None:
    """DCF 2.0: uncalibrated in ColorSpace, R03 as the index of interoperability."""
    pixels = in_space(skin(), ADOBE_RGB)
    adobe = encode(pixels, "JPEG", quality=98, subsampling=0, exif=marked(index="R03", space=0xFFFF))
    assert distance(load_square(adobe, size=96), skin()) < 1
    plain = load_square(encode(pixels, "JPEG", quality=98, subsampling=0), size=96)
    for exif in (marked(index="R98", space=0xFFFF), marked(index="R03", space=1)):
        left = load_square(encode(pixels, "JPEG", quality=98, subsampling=0, exif=exif), size=96)
        assert np.array_equal(left, plain)


def ink_profile() -> bytes:
    """Print inks by a table of 2 x 2 x 2 x 2: black ink gives black, cyan ink a strong green, the others nothing."""
    ramp = bytes(range(256))
    lab = {"paper": (255, 128, 128), "green": (140, 60, 170), "black": (0, 128, 128)}
    nodes = [lab["black" if k else "green" if c else "paper"] for c in (0, 1) for _ in range(4) for k in (0, 1)]
    body = (
        b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + struct.pack(">9i", *(65536 * v for v in (1, 0, 0, 0, 1, 0, 0, 0, 1)))
    )
    body += ramp * 4 + bytes(value for node in nodes for value in node) + ramp * 3
    return icc_profile({b"A2B0": body}, space=b"CMYK", pcs=b"Lab ")


@needs_littlecms
def test_inks_are_converted_by_their_tables() -> None:
    inks = Image.merge("CMYK", [Image.new("L", (64, 64), ink) for ink in (255, 0, 0, 0)])
    photo = encode(inks, "TIFF", icc_profile=ink_profile())
    red, green, blue = np.asarray(open_photo(photo, min_side=32))[32, 32].astype(int)
    assert green > red + 60
    assert green > blue + 60
    assert tuple(np.asarray(open_photo(encode(inks, "TIFF"), min_side=32))[32, 32]) == (0, 255, 255)


def test_without_littlecms_tables_are_refused_and_phones_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Pillow that Flet puts on phones."""
    monkeypatch.setattr(features, "check", lambda name: name != "littlecms2")
    inks = Image.fromarray(skin()).convert("CMYK")
    with pytest.raises(PhotoError, match="colour profile cannot be read on this device; save it as an sRGB photo"):
        open_photo(encode(inks, "JPEG", icc_profile=ink_profile()), min_side=32)
    assert distance(load_square(tagged_png(skin(), DISPLAY_P3), size=96), skin()) < 1


LIGHT = b"XYZ " + bytes(4) + struct.pack(">3i", 21063, 21845, 18021)
"""A third of D50."""


def replaced(at: int, value: bytes) -> bytes:
    profile = profile_of(DISPLAY_P3)
    return profile[:at] + value + profile[at + len(value) :]


BROKEN = {
    "text": b"profile" * 40,
    "short": profile_of(DISPLAY_P3)[:60],
    "cut off": profile_of(DISPLAY_P3)[:-90],
    "no signature": replaced(36, b"nope"),
    "a million tags": replaced(128, struct.pack(">I", 1_000_000)),
    "all tags it may have": replaced(128, struct.pack(">I", 4_294_967_295)),
    "tag beyond the end": replaced(136, struct.pack(">I", 4_000_000_000)),
    "another kind of tag": replaced(132 + 12 * 7, b"XXXX"),
    "no curves": icc_profile(dict.fromkeys((b"rXYZ", b"gXYZ", b"bXYZ"), LIGHT), space=b"RGB "),
    "no white": replaced(profile_of(DISPLAY_P3).index(b"XYZ ", 132) + 8, struct.pack(">3i", 65536, 65536, 65536)),
    "too large": profile_of(DISPLAY_P3) + bytes(4_000_000),
    "inks that are no table": icc_profile({b"A2B0": b"mpet" + bytes(400)}, space=b"CMYK", pcs=b"Lab "),
    "a table cut off": ink_profile()[:-700],
    "endless chains": icc_profile({b"A2B0": b"mft1", b"D2B0": b"mpet" + bytes(99)}, space=b"RGB ", pcs=b"Lab "),
    "an empty table": icc_profile({b"A2B0": b"mft1" + bytes(60)}, space=b"RGB ", pcs=b"Lab "),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_profile_says_nothing(name: str) -> None:
    for mode in ("RGB", "CMYK"):
        image = Image.fromarray(skin()).convert(mode)
        expected = load_square(encode(image, "JPEG"), size=64)
        assert np.array_equal(load_square(encode(image, "JPEG", icc_profile=BROKEN[name]), size=64), expected)


@pytest.mark.parametrize("samples", [(65535, 0), (0, 65535, 0), (0, 9000), (60000, 65535)], ids=str)
def test_a_curve_that_no_camera_has_is_no_profile(samples: tuple[int, ...]) -> None:
    curve = b"curv" + bytes(4) + struct.pack(f">I{len(samples)}H", len(samples), *samples)
    profile = icc_profile({b"kTRC": curve}, space=b"GRAY")
    grey = Image.fromarray(skin()).convert("L")
    assert np.array_equal(load_square(encode(grey, icc_profile=profile), size=64), load_square(encode(grey), size=64))


@pytest.mark.parametrize("kind", range(5))
def test_every_kind_of_formula_is_read(kind: int) -> None:
    """A gamma of 1.75, said in each of the five ways."""
    numbers = [(1.75,), (1.75, 1, 0), (1.75, 1, 0, 0), (1.75, 1, 0, 1, 0), (1.75, 1, 0, 1, 0, 0, 0)][kind]
    body = b"para" + bytes(4) + struct.pack(f">HH{len(numbers)}i", kind, 0, *(round(65536 * v) for v in numbers))
    profile = icc_profile({b"kTRC": body}, space=b"GRAY")
    grey = Image.fromarray(np.tile(np.arange(0, 256, 4, dtype=np.uint8), (64, 1)))
    expected = load_square(encode(grey, icc_profile=grey_profile(1.75)), size=64)
    assert np.array_equal(load_square(encode(grey, icc_profile=profile), size=64), expected)


@given(st.sampled_from([profile_of(DISPLAY_P3), profile_of(PROPHOTO, sampled=64), ink_profile()]), st.data())
def test_any_profile_gives_a_photo(profile: bytes, data: st.DataObject) -> None:
    changed = bytearray(profile)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    image = Image.fromarray(skin(32)).convert("CMYK" if profile[16:20] == b"CMYK" else "RGB")
    photo = encode(image, "TIFF", icc_profile=bytes(changed))
    assert load_square(photo, size=32).shape == (32, 32, 3)
