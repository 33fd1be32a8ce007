"""From a photo as a camera wrote it to the square of pixels the model sees.

Training and the device both call `load_square`: the geometry is written here and nowhere else. A file's content
decides what it is, never its name: a JPEG called `photo.png` is read, a text called `photo.jpg` is refused.
"""

import io
import math
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, features

from runtime.errors import PhotoError, PhotoTooLargeError, Refusal, one_line
from runtime.photo.boxes import check_coded, coded_pixels, nclx_of
from runtime.photo.colours import Colours, colours_of, without_tables
from runtime.photo.file_checks import (
    check_bmp,
    check_frame,
    check_gif,
    check_last_rows,
    check_scans,
    check_sums,
    decodes_in_one_pass,
)
from runtime.photo.heif import open_heif
from runtime.photo.jpeg_data import check_data, check_room, jpeg_frame, larger
from runtime.photo.magic import format_of
from runtime.photo.tiff_data import check_tiff
from runtime.photo.webp_data import check_webp

INPUT_SIZE = 224
"""Side in pixels of the square that the shipped models take."""

DECODING = 3
"""Which pixels a file gives: raised whenever the same file gives others, so that no square kept from before is used
again. 1: profiles of colours were ignored; 2: sRGB; 3: damaged files
that gave pixels are refused."""

Pixels = npt.NDArray[np.uint8]
PhotoSource = str | os.PathLike[str] | bytes | BinaryIO | Pixels
"""A path, the bytes of a file, a binary stream, or decoded pixels: uint8 [H, W], [H, W, 3] RGB or [H, W, 4] RGBA."""

_READABLE = "JPEG, PNG, WebP, TIFF, BMP, AVIF, HEIC or a still GIF"

_UPRIGHT: Mapping[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What turns a photo with each EXIF orientation upright; 1 already is."""

_BACKDROP = 128
"""Mid grey under transparent pixels: black would look like a dark lesion, white like overexposure."""

_TIFF_BITS, _TIFF_PHOTOMETRIC = 258, 262
"""Tag numbers of TIFF 6.0: bits per sample, and what the value 0 means (1: black)."""

_SPARE = 1.5
"""libjpeg scales by a plain box average; what is left to the antialiased resize, at least this factor, hides that. The
squares of 32 real photos enlarged to 12 megapixels (scaled by 8, then 1.69) are 0.36 levels of 255 off full decoding;
with a factor of 2 (scaled by 4, then 3.4) 0.21, and decoding takes a quarter roomy."""

_JPEG_FORMATS = ("JPEG", "MPO")
_RUN_LENGTHS = (1, 2)
"""Kinds of compression in a BMP that Pillow decodes in Python. 50 MB of it take ten seconds; no photo is written so."""
_TIFF_CODINGS = ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "jpeg")
"""The others are for faxes and maps. libtiff goes on over damage in a fax and fills in what it guesses."""
_HELD_TWICE = ("WEBP", "TIFF", "AVIF")
"""libwebp keeps two canvases and a copy for Pillow, libtiff a strip that may be the whole photo, libavif planes and a
copy."""
_BAND_PIXELS = 1_000_000
"""Pixels converted at once, so that one whole copy is held besides the photo and not four."""

_WIDE_MODES = ("I;16", "I;16L", "I;16B", "I;16N")
_PLAIN_MODES = ("1", "L", "P", "RGB", "CMYK", "YCbCr", "RGBX")
_CLEAR_MODES = ("LA", "La", "PA", "RGBA", "RGBa")


@dataclass(frozen=True, kw_only=True)
class PhotoLimits:
    """What a photo may cost. All are checked before any pixel is decoded."""

    max_bytes: int = 50_000_000
    max_pixels: int = 80_000_000
    """Below Pillow's own alarm (89 million), so ours is the message people see. Only a JPEG that libjpeg scales down
    while it decodes may have as many."""
    max_decoded_pixels: int = 28_000_000
    """Pixels that are held at once: 4 bytes each in Pillow, twice while mode or orientation change, or 8 in libjpeg for
    a progressive JPEG: 224 MB, and with interpreter, model and the file itself under 400 MB."""
    min_side: int = 32
    """Pixels of the short side; below it there is nothing to judge."""


DEFAULT_LIMITS = PhotoLimits()


def load_square(
    source: PhotoSource, *, size: int, limits: PhotoLimits = DEFAULT_LIMITS, enlarge: bool = True
) -> Pixels:
    """A photo as the model sees it: uint8 [size, size, 3] RGB, upright, centre square. Raises PhotoError.

    Without `enlarge` a photo whose short side is below `size` keeps its own pixels: a smaller square.
    """
    # Colours last: a few thousand pixels cost nothing, and resizing before or after differs by rounding.
    image, colours = _opened(source, min_side=math.ceil(_SPARE * size), limits=limits)
    square = square_pixels(image, size=size if enlarge else min(size, *image.size))
    return square if colours is None else colours.to_srgb(square)


def open_photo(source: PhotoSource, *, min_side: int, limits: PhotoLimits = DEFAULT_LIMITS) -> Image.Image:
    """Decode a photo to an upright 8-bit image in sRGB.

    A JPEG is scaled down by libjpeg while it is decoded (by 2, 4 or 8), as far as its short side stays at or above
    `min_side`: several times faster for a 12-megapixel photo. Raises PhotoError, whose one line names the photo.
    """
    image, colours = _opened(source, min_side=min_side, limits=limits)
    return image if colours is None else colours.image_to_srgb(image)


def _opened(source: PhotoSource, *, min_side: int, limits: PhotoLimits) -> tuple[Image.Image, Colours | None]:
    """An upright 8-bit RGB image, and how its colours become sRGB. Raises PhotoError."""
    name = _name_of(source)
    # Pillow raises a dozen exception types on hostile bytes, from struct.error to zlib.error: the boundary is here.
    try:
        if isinstance(source, np.ndarray):
            return _to_rgb(_from_array(source, limits=limits)), None
        return _decode(_read(source, limits=limits), min_side=min_side, limits=limits)
    except PhotoError as error:
        raise error.of(name) from error
    except MemoryError as error:
        raise PhotoError("not enough memory to decode it", reason=Refusal.NO_MEMORY, photo=name) from error
    except Exception as error:
        raise PhotoError(f"damaged photo ({_reason(error)})", reason=Refusal.DAMAGED, photo=name) from error


def square_pixels(image: Image.Image, *, size: int) -> Pixels:
    """The centre square of an RGB image, resized with antialiasing: uint8 [size, size, 3]."""
    side = min(image.size)
    # Not rounded: half a pixel of a photo that libjpeg has scaled by 8 is four of the original.
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    square = image.resize((size, size), Image.Resampling.BICUBIC, box=box)
    return np.array(square, dtype=np.uint8)


def _name_of(source: PhotoSource) -> str:
    if isinstance(source, (str, os.PathLike)):
        return one_line(os.fspath(source)) or "''"
    stream_name = getattr(source, "name", None)
    return one_line(stream_name) if isinstance(stream_name, str) else "photo"


def _reason(error: Exception) -> str:
    text = str(error).strip().rstrip(".")
    return text or type(error).__name__


def _read(source: str | os.PathLike[str] | bytes | BinaryIO, *, limits: PhotoLimits) -> bytes:
    """The file's bytes, never more than the limit."""
    if isinstance(source, (str, os.PathLike)):
        data = _read_path(Path(source), limits=limits)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        data = bytes(source)
    else:
        data = source.read(limits.max_bytes + 1)
    if not data:
        raise PhotoError("the file is empty (0 bytes)", reason=Refusal.EMPTY)
    if len(data) > limits.max_bytes:
        most = f"{limits.max_bytes / 1e6:.0f}"
        raise PhotoTooLargeError(
            f"larger than {most} MB; save it smaller and try again", reason=Refusal.TOO_MANY_BYTES, most=most
        )
    return data


def _read_path(path: Path, *, limits: PhotoLimits) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise PhotoError("is a folder, not a photo", reason=Refusal.NO_FILE)
        if not stat.S_ISREG(status.st_mode):
            # A pipe would block for ever and a device such as /dev/zero never ends.
            raise PhotoError("not a regular file", reason=Refusal.NO_FILE)
        with path.open("rb") as file:
            # Asking for no more than there is: room for the limit, 50 MB, would be set up and given back each time.
            return file.read(min(status.st_size, limits.max_bytes) + 1)
    except FileNotFoundError as error:
        raise PhotoError("no such file", reason=Refusal.MISSING) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL byte in the name
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise PhotoError(f"cannot be read ({reason})") from error


def _decode(data: bytes, *, min_side: int, limits: PhotoLimits) -> tuple[Image.Image, Colours | None]:
    with _image_of(data, limits=limits) as image:
        _check_size(image.size, limits=limits)
        _check_single(image)
        extent = _prepared(image, data, min_side=min_side, limits=limits)
        pixels = _loaded(image, data)
        colours = colours_of(image)
        # What lies under clear pixels is converted with them.
        backdrop = _BACKDROP if colours is None else colours.level_of(_BACKDROP)
        rgb = _to_rgb(without_tables(pixels), backdrop=backdrop)
        return _turn_upright(_cropped(rgb, extent), orientation=_orientation(image)), colours


def _image_of(data: bytes, *, limits: PhotoLimits) -> Image.Image:
    """The photo as its file announces it, no pixel decoded."""
    image_format = format_of(data)
    if image_format is None:
        raise PhotoError(f"not a photo this program can read ({_READABLE})", reason=Refusal.NO_PHOTO)
    if image_format == "GIF":
        check_frame(data)
    if image_format == "AVIF" and not features.check("avif"):
        raise PhotoError("AVIF photos cannot be read on this device; save it as JPEG", reason=Refusal.ODD_FILE)
    try:
        if image_format == "HEIF":
            return open_heif(data)
        image = Image.open(io.BytesIO(data), formats=[image_format])
    except (Image.UnidentifiedImageError, SyntaxError) as error:
        raise PhotoError(f"damaged photo (not a sound {image_format} file)", reason=Refusal.DAMAGED) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        most = f"{limits.max_pixels / 1e6:.0f}"
        raise PhotoTooLargeError(
            f"more than {most} million pixels; save it smaller", reason=Refusal.TOO_MANY_PIXELS, most=most
        ) from error
    if image_format == "AVIF":
        check_coded(data)
        _check_coded_size(data, announced=image.size, limits=limits)
        image.info["nclx"] = nclx_of(data)
    return image


def _prepared(image: Image.Image, data: bytes, *, min_side: int, limits: PhotoLimits) -> tuple[int, int]:
    """Choose the scale and check what decoding will cost; the width and height that hold the photo."""
    held = image.size
    extent = _scale_while_decoding(image, min_side=min_side)
    if image.format in _JPEG_FORMATS:
        if decodes_in_one_pass(data):
            held = image.size
        else:
            check_scans(data)
    if held[0] * held[1] * (2 if image.format in _HELD_TWICE else 1) > limits.max_decoded_pixels:
        raise PhotoTooLargeError(
            f"{held[0]} x {held[1]} pixels is too much memory for this kind of file; "
            "save it smaller or as a plain JPEG",
            reason=Refusal.TOO_COSTLY,
        )
    coding = image.info.get("compression")
    if (image.format == "BMP" and coding in _RUN_LENGTHS) or (image.format == "TIFF" and coding not in _TIFF_CODINGS):
        raise PhotoError(
            f"{image.format} of a coding that no camera writes; save it as PNG or JPEG", reason=Refusal.ODD_FILE
        )
    return extent


def _cropped(image: Image.Image, extent: tuple[int, int]) -> Image.Image:
    return image if extent == image.size else image.crop((0, 0, *extent))


def _check_size(size: tuple[int, int], *, limits: PhotoLimits) -> None:
    width, height = size
    if width * height > limits.max_pixels:
        most = f"{limits.max_pixels / 1e6:.0f}"
        raise PhotoTooLargeError(
            f"{width} x {height} pixels is more than {most} million; save it smaller",
            reason=Refusal.TOO_MANY_PIXELS,
            most=most,
        )
    if min(width, height) < limits.min_side:
        raise PhotoError(
            f"{width} x {height} pixels is too small; at least {limits.min_side} on each side are needed",
            reason=Refusal.TOO_SMALL,
            width=width,
            height=height,
            least=limits.min_side,
        )


def _check_coded_size(data: bytes, *, announced: tuple[int, int], limits: PhotoLimits) -> None:
    """Refuse an AVIF whose coded picture is larger than the file says, and more than may be held."""
    coded = coded_pixels(data)
    if coded > announced[0] * announced[1] and coded > limits.max_decoded_pixels // 2:
        raise PhotoTooLargeError("AVIF that may be larger than it says; save it as a JPEG", reason=Refusal.TOO_COSTLY)


def _check_single(image: Image.Image) -> None:
    # MPO is how many phones save a JPEG with a preview or depth picture behind it: the first frame is the photo. In a
    # HEIC it is the one that the file calls primary.
    if image.format not in ("MPO", "HEIF") and getattr(image, "is_animated", False):
        raise PhotoError(
            f"{image.format} with several frames or pages; choose one and save it as a photo",
            reason=Refusal.SEVERAL,
            format=image.format,
        )


def _loaded(image: Image.Image, data: bytes) -> Image.Image:
    """The decoded photo, and a refusal of damage that decoders swallow."""
    if image.format in _JPEG_FORMATS:
        return _loaded_jpeg(image, data)
    image.load()
    if image.format == "PNG":
        check_sums(data)
    if image.format == "WEBP":
        check_webp(data)
    if image.format == "GIF":
        check_gif(data)
    if image.format == "BMP":
        check_bmp(data)
    if image.format == "TIFF":
        check_tiff(image, data)
    return image


def _loaded_jpeg(image: Image.Image, data: bytes) -> Image.Image:
    frame = jpeg_frame(data)
    scale = max(round(frame.height / image.height), 1)
    if scale > 1 and frame.checked_while_scaling:
        with Image.open(io.BytesIO(larger(data, frame)), formats=["JPEG"]) as roomy:
            roomy.draft(None, (roomy.width // scale, roomy.height // scale))
            roomy.load()
            photo = roomy.crop((0, 0, *image.size))
            check_last_rows(photo)
            check_room(roomy, data, frame, scale=scale)
            return photo
    image.load()
    check_last_rows(image)
    check_data(data, frame, scale=scale)
    return image


def _scale_while_decoding(image: Image.Image, *, min_side: int) -> tuple[int, int]:
    """Ask libjpeg for a smaller picture (a no-op for other formats); the width and height that hold the photo.

    libjpeg rounds sizes up: 1793 pixels scaled by 8 come as 225, of which the photo fills 224.1. Keeping the 225th
    would shift and squeeze the rest.
    """
    drafted = image.draft(None, (min_side, min_side))
    if drafted is None:
        return image.size
    _, _, width, height = drafted[1]
    return max(round(width), 1), max(round(height), 1)


def _orientation(image: Image.Image) -> int:
    """EXIF orientation 1-8. A photo whose EXIF block is damaged is taken as it stands: it is still a sound photo."""
    with suppress(Exception):
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    return 1


def _turn_upright(image: Image.Image, *, orientation: int) -> Image.Image:
    method = _UPRIGHT.get(orientation)
    return image if method is None else image.transpose(method)


def _to_rgb(image: Image.Image, *, backdrop: int = _BACKDROP) -> Image.Image:
    """8-bit RGB of any mode that has an agreed brightness scale; the image itself where it is that already."""
    if image.mode in _WIDE_MODES:
        white = _white_of(image)
        return _by_bands(image, lambda band: _scale_wide(band, white=white).convert("RGB"))
    if image.mode in _CLEAR_MODES or (image.mode in _PLAIN_MODES and image.has_transparency_data):
        return _by_bands(image, lambda band: _flatten(band, backdrop=backdrop))
    if image.mode not in _PLAIN_MODES:
        # 32-bit integers and floats say nothing about which value is white; guessing could turn a photo black.
        raise PhotoError(
            f"pixels of type {image.mode} have no agreed brightness; save it as an 8-bit RGB photo",
            reason=Refusal.ODD_PIXELS,
        )
    return image if image.mode == "RGB" else image.convert("RGB")


def _by_bands(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    rgb = Image.new("RGB", image.size)
    rows = max(_BAND_PIXELS // image.width, 1)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        rgb.paste(convert(band), (0, top))
    return rgb


def _scale_wide(image: Image.Image, *, white: int) -> Image.Image:
    """16-bit grey to 8-bit grey over its whole range; Pillow's own conversion clips everything above 255 to white."""
    values = np.asarray(image).astype(np.uint32)
    scaled = (np.minimum(values, white) * 255 + white // 2) // white
    return Image.fromarray(scaled.astype(np.uint8))


def _white_of(image: Image.Image) -> int:
    """The value of white: 65,535, or less in a TIFF whose tag says that fewer of the 16 bits are used."""
    tags: Mapping[int, Any] = getattr(image, "tag_v2", {})
    if tags.get(_TIFF_PHOTOMETRIC, 1) != 1:
        raise PhotoError("16-bit grey TIFF with white as zero; save it as an 8-bit photo", reason=Refusal.ODD_PIXELS)
    bits = int(tags.get(_TIFF_BITS, (16,))[0])
    return 2**bits - 1


def _flatten(image: Image.Image, *, backdrop: int) -> Image.Image:
    rgba = image.convert("LA" if image.mode == "La" else "RGBA").convert("RGBA")
    flat = Image.new("RGBA", rgba.size, (backdrop, backdrop, backdrop, 255))
    flat.alpha_composite(rgba)
    return flat.convert("RGB")


def _from_array(pixels: npt.NDArray[Any], *, limits: PhotoLimits) -> Image.Image:
    if pixels.dtype != np.uint8:
        raise PhotoError(f"array of {pixels.dtype}; uint8 values 0-255 are needed", reason=Refusal.ODD_PIXELS)
    channels = pixels.shape[2] if pixels.ndim == 3 else 1
    if pixels.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise PhotoError(f"array of shape {pixels.shape}; [height, width, 3] is needed", reason=Refusal.ODD_PIXELS)
    _check_size((pixels.shape[1], pixels.shape[0]), limits=limits)
    grey = pixels.ndim == 3 and channels == 1
    return Image.fromarray(np.ascontiguousarray(pixels[..., 0] if grey else pixels))
