"""HEIC, what iPhones store: read by libheif, where the extra `heif` is installed, else refused with what to install.

The one place of `runtime` outside its service that may import a fourth library, inside a function and only once the
content of a file says that it is HEIC: neither import nor start pays for it, and phones need not have it.
"""

import io
import sys
from typing import cast

from PIL import Image

from runtime.errors import HeicError, Refusal
from runtime.photo.boxes import Nclx, check_coded

_PHONES = ("android", "ios")


def open_heif(data: bytes) -> Image.Image:
    """The file's primary picture, not yet decoded, upright already: libheif turns and crops it itself.

    Raises HeicError without the extra, PhotoError and what Pillow raises for a damaged file.
    """
    try:
        from pillow_heif import HeifImageFile
    except ImportError as error:
        raise HeicError(_advice(), reason=Refusal.HEIC) from error
    check_coded(data)
    # Not registered with Pillow: a process that only uses this one must not read other files differently afterwards.
    image = cast(Image.Image, HeifImageFile(io.BytesIO(data)))
    says = image.info.get("nclx_profile")
    if says:
        image.info["nclx"] = Nclx(says["color_primaries"], says["transfer_characteristics"])
    return image


def _advice() -> str:
    if sys.platform in _PHONES:
        return "HEIC photos cannot be read on this phone; save or share it as JPEG"
    return "HEIC photos cannot be read; save or share it as JPEG, or run: pip install 'skintag-edge[heif]'"
