"""The exceptions a caller of `runtime` can catch; each message is one line that says what was wrong and where."""

from enum import StrEnum
from typing import Self

INTERRUPTED = 130
"""Exit status of a command ended by Ctrl-C: 128 + SIGINT, as shells report it."""


class SkintagError(Exception):
    """Base of every error this project raises on purpose. Its text is one printable line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class Refusal(StrEnum):
    """Why a photo was not read: what `runtime.answer.locales` has a sentence for in every language."""

    UNREADABLE = "unreadable"
    MISSING = "missing"
    NO_FILE = "no_file"
    EMPTY = "empty"
    DAMAGED = "damaged"
    NO_PHOTO = "no_photo"
    HEIC = "heic"
    SEVERAL = "several"
    """with {format}"""
    TOO_MANY_BYTES = "too_many_bytes"
    """with {most}, in MB"""
    TOO_MANY_PIXELS = "too_many_pixels"
    """with {most}, in millions"""
    TOO_COSTLY = "too_costly"
    TOO_SMALL = "too_small"
    """with {width}, {height} and {least}"""
    ODD_FILE = "odd_file"
    ODD_PIXELS = "odd_pixels"
    PROFILE = "profile"
    NO_MEMORY = "no_memory"
    NO_PHOTOS = "no_photos"
    """of a folder"""


class PhotoError(SkintagError):
    """A photo that cannot be read: missing, too large, truncated, hostile, or not a photo at all.

    Its text is English, as logs and commands show it; `reason` and `blanks` are what other languages say it with.
    """

    def __init__(
        self, message: str, *, reason: Refusal = Refusal.UNREADABLE, photo: str = "", **blanks: object
    ) -> None:
        super().__init__(f"{photo}: {message}" if photo else message)
        self._message = message
        self.reason = reason
        self.photo = photo
        self.blanks = blanks

    def of(self, photo: str) -> Self:
        """The same refusal, naming the photo, without what was in memory when it was raised."""
        return type(self)(self._message, reason=self.reason, photo=photo, **self.blanks)


class PhotoTooLargeError(PhotoError):
    """A photo beyond the limits on bytes or pixels: saved smaller, it could be read."""


class HeicError(PhotoError):
    """A photo as iPhones store it, where nothing is installed that reads it: the photo itself may be sound."""


class BundleError(SkintagError):
    """A model bundle that is missing, damaged, or written for another version of this program."""


class EngineError(SkintagError):
    """A model that cannot be run, does not match its manifest, or answered with something that is no probability."""


def one_line(text: str) -> str:
    """`text` with line breaks, control characters and undecodable file-name bytes made visible.

    File names and library messages end up in error texts; neither may break a line or drive the terminal.
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def first_line(error: BaseException) -> str:
    """What another library's error says, as far as it fits one line; its type where it says nothing."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
