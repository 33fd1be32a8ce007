"""The exceptions a caller of `runtime` can catch; each message is one line that says what was wrong and where."""

INTERRUPTED = 130
"""Exit status of a command ended by Ctrl-C: 128 + SIGINT, as shells report it."""


class SkintagError(Exception):
    """Base of every error this project raises on purpose. Its text is one printable line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class PhotoError(SkintagError):
    """A photo that cannot be read: missing, too large, truncated, hostile, or not a photo at all."""


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
