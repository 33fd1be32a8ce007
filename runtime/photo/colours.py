"""From a photo's own colours to sRGB, which is what the model has learned: a red of Display P3 has other numbers.

Display P3, Adobe RGB, ProPhoto and every other profile of three curves and a matrix are computed here, because the
Pillow that Flet puts on phones is built without LittleCMS, and training must see what a phone sees. LittleCMS, where it
is there, does the profiles made of tables: print inks and scanners. A profile that is broken says nothing, and the
photo is taken for sRGB, as an untagged one is.
"""

import io
import struct
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import cast

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, features

from runtime.errors import PhotoError, Refusal
from runtime.photo.boxes import Nclx

_Floats = npt.NDArray[np.float64]
_Levels = npt.NDArray[np.uint8]

_MAX_BYTES = 4_000_000
"""The profiles of printing presses have up to 2.5 MB; those of phones about 500 bytes."""
_MAX_TAGS = 200
_HEADER, _TAG = 128, 12
"""Bytes of a profile's header and of an entry in its list of tags (ICC.1:2022, 7)."""

_LINEAR_OF_SRGB: _Floats = np.linalg.inv(
    np.array(
        [
            [0.4360747, 0.3850649, 0.1430804],
            [0.2225045, 0.7168786, 0.0606169],
            [0.0139322, 0.0971045, 0.7141733],
        ]
    )
)
"""From the D50 XYZ of ICC profiles to linear sRGB (IEC 61966-2-1): sRGB's primaries, adapted by Bradford's matrix."""
_WHITE = (0.9642, 1.0, 0.8249)
"""XYZ of D50, where the sum of the three primaries must be."""
_WHITE_ROOM = 0.05
_ADOBE_RGB: _Floats = np.array(
    [
        [0.6097559, 0.2052401, 0.1492240],
        [0.3111242, 0.6256560, 0.0632197],
        [0.0194811, 0.0608902, 0.7448387],
    ]
)
"""Primaries of Adobe RGB (1998) in D50 XYZ, columns red, green and blue."""
_ADOBE_GAMMA = 563 / 256
_OPTION_FILE = "R03"
"""Exif's index of interoperability by which cameras mark a photo in Adobe RGB (DCF 2.0): they embed no profile."""
_SRGB_IN_EXIF = 1

_OF_PRIMARIES: Mapping[int, _Floats] = {
    9: np.array([[1.660491, -0.587641, -0.072850], [-0.124550, 1.132900, -0.008349], [-0.018151, -0.100579, 1.118730]]),
    12: np.array([[1.224940, -0.224940, 0.0], [-0.042057, 1.042057, 0.0], [-0.019638, -0.078636, 1.098274]]),
}
"""From linear BT.2020 and Display P3 to linear sRGB, by their code points of ITU-T H.273. All have one white."""
_HDR = (16, 18)
"""Transfers PQ and HLG, whose numbers are brightnesses of a screen and not of a print."""

_PRIMARIES = {b"rXYZ": b"rTRC", b"gXYZ": b"gTRC", b"bXYZ": b"bTRC"}
"""Tags of a profile of three curves and a matrix: each primary and its curve."""
_SPACES = {"RGB": b"RGB ", "CMYK": b"CMYK"}
"""What a profile calls the colours of a mode."""
_GREY = ("1", "L", "LA", "La", "I;16", "I;16L", "I;16B", "I;16N")
_TABLES = (b"mft1", b"mft2", b"mAB ")
_PARAMETERS = (1, 3, 4, 5, 7)
"""How many parameters each kind of parametric curve has."""

_SAME = 1.5
"""Levels of 255. sRGB is up to 1 off, its curve a formula or 16 to 4,096 samples, LittleCMS's own as well. The nearest
that is not, sRGB's primaries with a plain gamma of 2.2, is 9 off, Display P3 105."""
_STEPS = 4095
"""Linear brightness is looked up in so many steps of its square root: 0.03 levels of 255 apart at most."""
_BAND = 500_000
"""Pixels converted at once: 12 bytes each while they are linear."""


class _Broken(Exception):
    """A profile that cannot be used."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Colours:
    """How a photo's RGB becomes sRGB."""

    linear: npt.NDArray[np.float32] = field(repr=False)
    """float32 [256, 3]: linear light of each level of red, green and blue"""
    matrix: npt.NDArray[np.float32] = field(repr=False)
    """float32 [3, 3]: to linear sRGB, one row per channel"""

    def to_srgb(self, pixels: _Levels) -> _Levels:
        """uint8 [..., 3] to uint8 of the same shape. What sRGB has not is brought to its edge."""
        flat = pixels.reshape(-1, 3)
        out = np.empty_like(flat)
        for start in range(0, len(flat), _BAND):
            out[start : start + _BAND] = self._converted(flat[start : start + _BAND])
        return out.reshape(pixels.shape)

    def image_to_srgb(self, image: Image.Image) -> Image.Image:
        """An RGB image of any size; only a band of it is held besides."""
        out = Image.new("RGB", image.size)
        rows = max(_BAND // image.width, 1)
        for top in range(0, image.height, rows):
            band = image.crop((0, top, image.width, min(top + rows, image.height)))
            out.paste(Image.fromarray(self.to_srgb(np.asarray(band))), (0, top))
        return out

    def level_of(self, grey: int) -> int:
        """The level whose grey comes nearest to that of sRGB."""
        greys = self.to_srgb(np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(256, 3))
        return int(np.abs(greys[:, 1].astype(int) - grey).argmin())

    def _converted(self, flat: _Levels) -> _Levels:
        light = np.stack([self.linear[:, channel][flat[:, channel]] for channel in range(3)], axis=-1) @ self.matrix.T
        np.clip(light, 0.0, 1.0, out=light)
        return _encoded_steps()[(np.sqrt(light) * _STEPS + 0.5).astype(np.uint16)]


def colours_of(image: Image.Image) -> Colours | None:
    """How the pixels of an opened photo become sRGB; None where they are sRGB already or do not say what they are.

    Raises PhotoError for a film's high dynamic range: shown as a photo it would be grey and flat.
    """
    profile = image.info.get("icc_profile")
    if isinstance(profile, bytes) and profile:
        return _colours_of_profile(profile) if _fits(profile, image.mode) else None
    nclx = image.info.get("nclx")
    if isinstance(nclx, Nclx):
        return _colours_of_nclx(nclx)
    return _adobe_rgb() if _marked_as_adobe(image) else None


def without_tables(image: Image.Image) -> Image.Image:
    """An image whose profile is made of tables (print inks, scanners) as an sRGB image; any other as it is.

    Raises PhotoError where such a profile is sound but LittleCMS is missing: no answer is better than one on wrong
    colours.
    """
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or not _is_made_of_tables(profile, image.mode):
        return image
    if not features.check("littlecms2"):
        raise PhotoError(
            "its colour profile cannot be read on this device; save it as an sRGB photo", reason=Refusal.PROFILE
        )
    from PIL import ImageCms  # only here: loading it takes longer than a photo, and phones have none

    srgb = cast(ImageCms.ImageCmsProfile, ImageCms.createProfile("sRGB"))  # pyright: ignore[reportUnknownMemberType]
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    try:
        converted = ImageCms.profileToProfile(
            image, io.BytesIO(profile), srgb, ImageCms.Intent.RELATIVE_COLORIMETRIC, outputMode="RGB", flags=flags
        )
    except ImageCms.PyCMSError:
        return image
    assert converted is not None  # only None when it was asked to change the image itself
    # What the photo says besides, such as its orientation, stays; the profile has done its work.
    converted.info = {key: value for key, value in image.info.items() if key != "icc_profile"}
    return converted


@lru_cache(maxsize=8)
def _colours_of_nclx(nclx: Nclx) -> Colours | None:
    """What HEIC and AVIF say without a profile. The curves of sRGB and BT.709 are taken for one, as browsers do."""
    if nclx.transfer in _HDR:
        raise PhotoError("high dynamic range (PQ or HLG) cannot be judged; save it as a JPEG", reason=Refusal.ODD_FILE)
    matrix = _OF_PRIMARIES.get(nclx.primaries)
    if matrix is None:
        return None
    levels = np.arange(256) / 255
    light = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    return _colours(np.stack([light] * 3, axis=-1), matrix)


@lru_cache(maxsize=8)
def _colours_of_profile(profile: bytes) -> Colours | None:
    with suppress(_Broken, struct.error):
        tags = _tags_of(profile)
        if profile[16:20] == b"GRAY":
            return _unless_srgb(_grey(tags))
        if _PRIMARIES.keys() <= tags.keys():
            return _unless_srgb(_three_curves(tags))
    return None


def _fits(profile: bytes, mode: str) -> bool:
    """Whether a profile's kind of colours is that of the pixels; grey is RGB whose three levels are the same."""
    space = profile[16:20]
    return len(profile) <= _MAX_BYTES and mode != "CMYK" and (space == b"RGB " or (space == b"GRAY" and mode in _GREY))


def _marked_as_adobe(image: Image.Image) -> bool:
    with suppress(Exception):  # a damaged EXIF block says nothing
        exif = image.getexif()
        index = exif.get_ifd(ExifTags.IFD.Interop).get(ExifTags.Interop.InteropIndex)
        space = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.ColorSpace)
        return str(index).rstrip("\0 ") == _OPTION_FILE and space != _SRGB_IN_EXIF
    return False


@cache
def _adobe_rgb() -> Colours:
    levels = (np.arange(256) / 255) ** _ADOBE_GAMMA
    return _colours(np.stack([levels] * 3, axis=-1), _LINEAR_OF_SRGB @ _ADOBE_RGB)


def _colours(linear: _Floats, matrix: _Floats) -> Colours:
    return Colours(linear=linear.astype(np.float32), matrix=matrix.astype(np.float32))


def _unless_srgb(colours: Colours) -> Colours | None:
    """None where converting would change hardly a level of any colour: then not a bit of the photo is touched."""
    axis = np.arange(0, 256, 15, dtype=np.uint8)
    cube = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    greys = np.repeat(np.arange(256, dtype=np.uint8), 3).reshape(256, 3)
    probes = np.concatenate([cube, greys])
    moved = np.abs(colours.to_srgb(probes).astype(int) - probes).max()
    return None if moved <= _SAME else colours


def _tags_of(profile: bytes) -> Mapping[bytes, bytes]:
    """Body of each tag by its name. Raises _Broken."""
    count = struct.unpack_from(">I", profile, _HEADER)[0]
    if profile[36:40] != b"acsp" or count > _MAX_TAGS:
        raise _Broken
    tags: dict[bytes, bytes] = {}
    for at in range(_HEADER + 4, _HEADER + 4 + count * _TAG, _TAG):
        name, start, size = struct.unpack_from(">4sII", profile, at)
        if start + size > len(profile):
            raise _Broken
        tags[name] = profile[start : start + size]
    return tags


def _is_made_of_tables(profile: bytes, mode: str) -> bool:
    """Whether a profile says by sound tables, and not by curves and a matrix, what pixels of this mode are."""
    if len(profile) > _MAX_BYTES:
        return False
    with suppress(_Broken, struct.error):
        tags = _tags_of(profile)
        fits = _SPACES.get(mode) == profile[16:20] and not _PRIMARIES.keys() <= tags.keys()
        # Chains of floating-point elements can be as long as the profile, and LittleCMS walks them for every colour.
        chains = any(name.startswith(b"D2B") for name in tags)
        return fits and not chains and tags.get(b"A2B0", b"")[:4] in _TABLES
    return False


def _three_curves(tags: Mapping[bytes, bytes]) -> Colours:
    columns = [_xyz(tags[primary]) for primary in _PRIMARIES]
    primaries = np.stack(columns, axis=-1)
    if np.abs(primaries.sum(axis=1) - _WHITE).max() > _WHITE_ROOM:
        raise _Broken
    linear = np.stack([_curve(tags.get(curve, b"")) for curve in _PRIMARIES.values()], axis=-1)
    return _colours(linear, _LINEAR_OF_SRGB @ primaries)


def _grey(tags: Mapping[bytes, bytes]) -> Colours:
    return _colours(np.stack([_curve(tags.get(b"kTRC", b""))] * 3, axis=-1), np.eye(3))


def _xyz(body: bytes) -> _Floats:
    if body[:4] != b"XYZ ":
        raise _Broken
    return np.array(struct.unpack_from(">3i", body, 8)) / 65536


def _curve(body: bytes) -> _Floats:
    """Linear light of each of 256 levels: float64 [256], 0-1 and never falling. Raises _Broken."""
    levels = np.arange(256) / 255
    if body[:4] == b"curv":
        light = _sampled_curve(body, levels)
    elif body[:4] == b"para":
        light = _parametric_curve(body, levels)
    else:
        raise _Broken
    # Black above a fifth of white, or white below four fifths, is no camera's: the photo would be a negative or flat.
    falls = bool(np.any(np.diff(light) < 0))
    if not np.all(np.isfinite(light)) or falls or not (abs(light[0]) < 0.2 and 0.8 < light[-1] < 1.2):
        raise _Broken
    return np.clip(light, 0.0, 1.0)


def _sampled_curve(body: bytes, levels: _Floats) -> _Floats:
    """ICC.1:2022, 10.6: no samples for a straight line, one for a gamma in 8.8 fixed point, else 16-bit samples."""
    count = struct.unpack_from(">I", body, 8)[0]
    if count == 0:
        return levels
    if 12 + 2 * count > len(body):
        raise _Broken
    samples = np.frombuffer(body, dtype=">u2", count=count, offset=12)
    if count == 1:
        return levels ** (float(samples[0]) / 256)
    return np.interp(levels, np.linspace(0, 1, count), samples / 65535)


def _parametric_curve(body: bytes, levels: _Floats) -> _Floats:
    """ICC.1:2022, 10.18: a power above a breakpoint, a straight line below it."""
    kind = struct.unpack_from(">H", body, 8)[0]
    if kind >= len(_PARAMETERS):
        raise _Broken
    g, *rest = (value / 65536 for value in struct.unpack_from(f">{_PARAMETERS[kind]}i", body, 12))
    a, b, c, d, e, f = _parameters(kind, rest)
    with np.errstate(all="ignore"):
        power = np.maximum(a * levels + b, 0.0) ** g
    return np.where(levels >= d, power + e, c * levels + f)


def _parameters(kind: int, rest: list[float]) -> tuple[float, float, float, float, float, float]:
    """a, b, c, d, e, f of the fullest form, (aX + b)^g + e from d on and cX + f below it."""
    if kind == 0:
        return 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    a, b, *more = rest
    if kind in (1, 2):  # 0, or a constant, below the zero of the power
        offset = more[0] if more else 0.0
        return a, b, 0.0, -b / a if a else 0.0, offset, offset
    c, d, *ends = more
    e, f = ends or (0.0, 0.0)
    return a, b, c, d, e, f


@cache
def _encoded_steps() -> _Levels:
    """uint8 [_STEPS + 1]: the sRGB level of each step of the square root of linear light."""
    light = (np.arange(_STEPS + 1) / _STEPS) ** 2
    encoded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(encoded * 255).astype(np.uint8)
