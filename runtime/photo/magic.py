"""What the first bytes of a file say it is; its name says nothing."""

HEAD = 64
"""Bytes that are looked at: those of the longest list of brands that cameras write are fewer."""

# What phones and cameras write. Pillow reads forty more formats; none is worth its attack surface here.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"RIFF", "WEBP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"BM", "BMP"),
    (b"GIF8", "GIF"),
)
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"heif", b"hevc", b"hevx", b"hevm", b"hevs")
_AVIF_BRANDS = (b"avif", b"avis")
_EITHER_BRANDS = (b"mif1", b"msf1")
"""Of a picture whose coding the compatible brands name."""

_BITMAP_HEADERS = (12, 40, 52, 56, 64, 108, 124)
"""Bytes of the header of each version of BMP."""
_OTHER_PICTURES = (b"\x00\x00\x00\x0cjP  ", b"\xff\x4f\xff\x51", b"\xff\x0a", b"\x00\x00\x00\x0cJXL ", b"8BPS")
"""JPEG 2000, JPEG XL and Photoshop."""
_VIDEOS = (b"\x1aE\xdf\xa3", b"\x00\x00\x01\xba", b"\x00\x00\x01\xb3", b"FLV\x01")
"""Matroska and WebM, MPEG, Flash."""
_VIDEO_ATOMS = (b"ftyp", b"moov", b"mdat", b"wide", b"skip")
"""Where no picture's brand follows, a file that begins so is a film: MP4, 3GP, QuickTime."""


def format_of(head: bytes) -> str | None:
    """Pillow's name of the format that the first bytes announce; None for what is not read."""
    for magic, image_format in _MAGIC:
        if head.startswith(magic) and (image_format != "WEBP" or head[8:12] == b"WEBP"):
            return image_format
    return _boxed_format(head) if head[4:8] == b"ftyp" else None


def is_photo(head: bytes) -> bool:
    """Whether a file of any name is to be taken for a photo. Many a text begins with the two letters of a BMP."""
    bitmap = head[6:10] == bytes(4) and int.from_bytes(head[14:18], "little") in _BITMAP_HEADERS
    image_format = format_of(head)
    return image_format is not None and (image_format != "BMP" or bitmap)


def is_heic(head: bytes) -> bool:
    """Whether it is what iPhones store, which the base installation does not read."""
    return format_of(head) == "HEIF"


def is_video(head: bytes) -> bool:
    """Whether the first bytes are those of a film."""
    boxed = head[4:8] in _VIDEO_ATOMS and format_of(head) is None
    return boxed or head.startswith(_VIDEOS) or (head.startswith(b"RIFF") and head[8:12] == b"AVI ")


def is_other_picture(head: bytes) -> bool:
    """Whether it is a picture of a kind that is not read."""
    return head.startswith(_OTHER_PICTURES)


def _boxed_format(head: bytes) -> str | None:
    brand = head[8:12]
    if brand in _HEIF_BRANDS:
        return "HEIF"
    if brand in _AVIF_BRANDS:
        return "AVIF"
    if brand not in _EITHER_BRANDS:
        return None
    end = min(int.from_bytes(head[:4]), HEAD)
    compatible = {head[at : at + 4] for at in range(16, end, 4)}
    return "AVIF" if compatible.intersection(_AVIF_BRANDS) else "HEIF"
