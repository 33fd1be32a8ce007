"""Small drawn photos of every format and mode, and of every kind of metadata, for a fuzzer to start from."""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

SIZE = (72, 56)
"""Width and height: above the smallest side that is read, so that a changed length still leaves a photo."""


def scene() -> Image.Image:
    """A dark spot on a grainy ramp: passes the quality gate."""
    x, y = np.meshgrid(np.linspace(-1, 1, SIZE[0]), np.linspace(-1, 1, SIZE[1]))
    ground = np.stack([200 + 30 * x, 160 + 25 * y, 130 + 20 * x * y], axis=-1)
    spot = (x**2 + y**2 < 0.2)[..., None] * np.array([110, 100, 80])
    grain = np.random.default_rng(0).normal(0, 8, (SIZE[1], SIZE[0], 1))
    return Image.fromarray((ground - spot + grain).clip(0, 255).astype(np.uint8))


def encode(image: Image.Image, image_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


def _exif(*, orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "maker"
    return exif


def _wide() -> Image.Image:
    return Image.fromarray((np.asarray(scene().convert("L")).astype(np.uint16) * 257).astype(np.uint16))


def _clear(mode: str) -> Image.Image:
    image = scene().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(SIZE))
    return image.convert(mode)


SEEDS: dict[str, Callable[[], bytes]] = {
    "plain.jpg": lambda: encode(scene(), "JPEG", quality=90),
    "grey.jpg": lambda: encode(scene().convert("L"), "JPEG"),
    "cmyk.jpg": lambda: encode(scene().convert("CMYK"), "JPEG"),
    "progressive.jpg": lambda: encode(scene(), "JPEG", progressive=True),
    "restarts.jpg": lambda: encode(scene(), "JPEG", restart_marker_rows=1),
    "no_subsampling.jpg": lambda: encode(scene(), "JPEG", subsampling=0, optimize=True),
    "turned.jpg": lambda: encode(scene(), "JPEG", exif=_exif(orientation=6), icc_profile=b"profile" * 9, comment=b"c"),
    "xmp.jpg": lambda: encode(scene(), "JPEG", xmp=b'<x:xmpmeta tiff:Orientation="3"/>'),
    "two.mpo": lambda: encode(scene(), "MPO", save_all=True, append_images=[scene().reduce(2)]),
    "rgb.png": lambda: encode(scene(), "PNG"),
    "rgba.png": lambda: encode(_clear("RGBA"), "PNG"),
    "la.png": lambda: encode(_clear("LA"), "PNG"),
    "palette.png": lambda: encode(scene().quantize(16), "PNG", transparency=3),
    "one_bit.png": lambda: encode(scene().convert("1"), "PNG"),
    "wide.png": lambda: encode(_wide(), "PNG"),
    "turned.png": lambda: encode(scene(), "PNG", exif=_exif(orientation=8), dpi=(72, 72)),
    "lossy.webp": lambda: encode(scene(), "WEBP", quality=70),
    "lossless.webp": lambda: encode(_clear("RGBA"), "WEBP", lossless=True),
    "turned.webp": lambda: encode(scene(), "WEBP", exif=_exif(orientation=3)),
    "raw.tiff": lambda: encode(scene(), "TIFF"),
    "lzw.tiff": lambda: encode(scene(), "TIFF", compression="tiff_lzw"),
    "deflate.tiff": lambda: encode(_clear("RGBA"), "TIFF", compression="tiff_adobe_deflate"),
    "jpeg.tiff": lambda: encode(scene(), "TIFF", compression="jpeg"),
    "fax.tiff": lambda: encode(scene().convert("1"), "TIFF", compression="group4"),
    "wide.tiff": lambda: encode(_wide(), "TIFF"),
    "cmyk.tiff": lambda: encode(scene().convert("CMYK"), "TIFF"),
    "lab.tiff": lambda: encode(Image.merge("LAB", scene().split()), "TIFF"),
    "rgb.bmp": lambda: encode(scene(), "BMP"),
    "palette.bmp": lambda: encode(scene().quantize(16), "BMP"),
    "still.gif": lambda: encode(scene().quantize(32), "GIF"),
    "clear.gif": lambda: encode(scene().quantize(32), "GIF", transparency=2, interlace=1),
}
