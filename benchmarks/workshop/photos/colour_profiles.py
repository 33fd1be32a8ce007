"""Photos in other colour spaces: the same colours in the numbers of Display P3, Adobe RGB, ProPhoto, with a profile."""

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

_Floats = npt.NDArray[np.float64]
_Levels = npt.NDArray[np.uint8]

_BRADFORD: _Floats = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_D50_WHITE = (0.9642, 1.0, 0.8249)
_D65, _D50 = (0.3127, 0.3290), (0.3457, 0.3585)


@dataclass(frozen=True, kw_only=True)
class ColourSpace:
    """Three primaries, a white, and a curve. Chromaticities are CIE 1931 x, y."""

    name: str
    red: tuple[float, float]
    green: tuple[float, float]
    blue: tuple[float, float]
    white: tuple[float, float]
    gamma: float | None
    """None for the curve of sRGB"""

    @property
    def to_xyz(self) -> _Floats:
        """float64 [3, 3]: from linear RGB to XYZ adapted to D50 by Bradford's matrix, as ICC profiles hold it."""
        primaries = np.stack([_xyz_of(*point) for point in (self.red, self.green, self.blue)], axis=-1)
        white = _xyz_of(*self.white)
        plain = primaries * np.linalg.solve(primaries, white)
        cones = (_BRADFORD @ _D50_WHITE) / (_BRADFORD @ white)
        return np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD @ plain

    def decoded(self, levels: _Floats) -> _Floats:
        """Linear light of levels of 0-1."""
        if self.gamma is not None:
            return levels**self.gamma
        return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)

    def encoded(self, light: _Floats) -> _Floats:
        """Levels of linear light of 0-1."""
        if self.gamma is not None:
            return light ** (1 / self.gamma)
        return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


_REC_709 = {"red": (0.64, 0.33), "green": (0.30, 0.60), "blue": (0.15, 0.06)}
SRGB = ColourSpace(name="sRGB", **_REC_709, white=_D65, gamma=None)
DISPLAY_P3 = ColourSpace(
    name="Display P3", red=(0.680, 0.320), green=(0.265, 0.690), blue=(0.150, 0.060), white=_D65, gamma=None
)
ADOBE_RGB = ColourSpace(
    name="Adobe RGB", red=(0.64, 0.33), green=(0.21, 0.71), blue=(0.15, 0.06), white=_D65, gamma=563 / 256
)
PROPHOTO = ColourSpace(
    name="ProPhoto", red=(0.7347, 0.2653), green=(0.1596, 0.8404), blue=(0.0366, 0.0001), white=_D50, gamma=1.8
)


def profile_of(space: ColourSpace, *, sampled: int = 0, version: int = 2) -> bytes:
    """An ICC profile of three curves and a matrix; `sampled`: a curve of so many samples instead of a formula."""
    curve = _curve_tag(space, sampled=sampled)
    tags = {name: _xyz_tag(space.to_xyz[:, at]) for at, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve) | {b"wtpt": _xyz_tag(np.array(_D50_WHITE))}
    return icc_profile(tags, space=b"RGB ", version=version)


def icc_profile(tags: Mapping[bytes, bytes], *, space: bytes, pcs: bytes = b"XYZ ", version: int = 2) -> bytes:
    """A display profile's file around its tags (ICC.1:2022, 7)."""
    table, bodies, at = [], b"", 128 + 4 + 12 * len(tags)
    for name, body in tags.items():
        table.append(struct.pack(">4sII", name, at + len(bodies), len(body)))
        bodies += body + bytes(-len(body) % 4)
    header = struct.pack(
        ">I4sI4s4s4s12s4s", at + len(bodies), b"", version << 24, b"mntr", space, pcs, bytes(12), b"acsp"
    )
    header = header.ljust(68, b"\x00") + struct.pack(">3i", *(round(v * 65536) for v in _D50_WHITE))
    return header.ljust(128, b"\x00") + struct.pack(">I", len(tags)) + b"".join(table) + bodies


def in_space(pixels: _Levels, space: ColourSpace) -> _Levels:
    """The same colours in another space's numbers: sRGB uint8 [..., 3] to uint8 of the same shape."""
    levels: _Floats = np.asarray(pixels, dtype=np.float64) / 255.0
    light = SRGB.decoded(levels) @ (np.linalg.inv(space.to_xyz) @ SRGB.to_xyz).T
    return np.rint(255 * space.encoded(np.clip(light, 0, 1))).astype(np.uint8)


def tagged_png(pixels: _Levels, space: ColourSpace) -> bytes:
    """sRGB pixels as a PNG in another space, with its profile."""
    stream = io.BytesIO()
    Image.fromarray(in_space(pixels, space)).save(stream, "PNG", icc_profile=profile_of(space), compress_level=1)
    return stream.getvalue()


def _xyz_of(x: float, y: float) -> _Floats:
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _xyz_tag(xyz: _Floats) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(float(value) * 65536) for value in xyz))


def _curve_tag(space: ColourSpace, *, sampled: int) -> bytes:
    if sampled:
        samples = np.rint(65535 * space.decoded(np.linspace(0, 1, sampled, dtype=np.float64))).astype(">u2")
        return b"curv" + bytes(4) + struct.pack(">I", sampled) + samples.tobytes()
    if space.gamma is not None:
        return b"curv" + bytes(4) + struct.pack(">IH", 1, round(space.gamma * 256))
    formula = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para" + bytes(4) + struct.pack(">HH5i", 3, 0, *(round(value * 65536) for value in formula))
