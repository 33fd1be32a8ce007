"""One file to get: its address, its place on the disk, and what it must be to take its name."""

import hashlib
import io
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from runtime.errors import first_line

MEGABYTE = 1 << 20
MOST_BYTES = 20_000 * MEGABYTE
"""Of one file where nothing else is said: HAM10000 and PAD-UFES-20 have parts of 1.5 GB."""
MOST_IMAGE_BYTES = 100 * MEGABYTE
MOST_PIXELS = 200_000_000

Check = Callable[[Path], str]
"""Says why a file cannot be what was asked for, or nothing."""


def anything(_: Path) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A file to get. Its parts lie beside it as `*.part`; only a whole and checked file has its name."""

    url: str
    target: Path
    size: int | None = None
    """bytes, where they are published"""
    digest: str = ""
    """such as "md5:0f34...", where it is published"""
    check: Check = anything
    most: int = MOST_BYTES
    secret: Mapping[str, str] = field(default_factory=dict[str, str])
    """headers for the host of `url` alone: a redirect to another one does not get them"""

    @property
    def part(self) -> Path:
        """What has come so far."""
        return self.target.with_name(self.target.name + ".part")

    @property
    def tag(self) -> Path:
        """The version of the file that the part belongs to, as the server named it."""
        return self.target.with_name(self.target.name + ".tag.part")

    def wrong(self, path: Path) -> str:
        """Why the file at `path` is not what was asked for, or nothing. Raises OSError."""
        size = path.stat().st_size
        if self.size is not None and size != self.size:
            return f"{size:,} bytes came, {self.size:,} are published"
        if self.digest:
            kind, _, wanted = self.digest.partition(":")
            with path.open("rb") as file:
                found = hashlib.file_digest(file, kind).hexdigest()
            if found != wanted.lower():
                return f"its {kind} is {found}, published is {wanted}"
        return self.check(path)


def is_image(path: Path) -> str:
    """By its content: a picture that can be decoded to its last row, whatever the server called it."""
    if page := is_page(path):
        return page
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd metadata is no fault of the pixels
            with Image.open(io.BytesIO(path.read_bytes())) as image:
                if image.width * image.height > MOST_PIXELS:
                    return f"{image.width} x {image.height} pixels are more than a photo has"
                image.load()
    except Exception as error:  # Pillow raises nearly anything on damaged files
        return f"no whole image ({first_line(error)})"
    return ""


def is_zip(path: Path) -> str:
    if page := is_page(path):
        return page
    return "" if zipfile.is_zipfile(path) else "no whole zip archive"


def is_table(*columns: str) -> Check:
    """A CSV in UTF-8 with these columns in its first line."""

    def check(path: Path) -> str:
        if page := is_page(path):
            return page
        with path.open("rb") as file:
            first = file.readline(100_000).decode("utf-8-sig", errors="replace")
        there = {name.strip().strip('"') for name in first.replace("\t", ",").split(",")}
        missing = [name for name in columns if name not in there]
        return f"no table with the columns {', '.join(missing)}" if missing else ""

    return check


def is_page(path: Path) -> str:
    """Whether it is what servers send instead of a file: a web page, or nothing."""
    with path.open("rb") as file:
        start = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not start:
        return "an empty file"
    return "a web page and not the file" if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")) else ""
