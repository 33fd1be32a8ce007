"""What this app is made of, and under which licences: shown in the app, as those licences ask."""

import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, files
from importlib.resources import files as resources


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something by others that travels with the app."""

    name: str
    licence: str
    """SPDX expression"""
    package: bool = True
    """installed as a Python package of this name"""
    file: str = ""
    """of a font: its licence beside it"""

    @property
    def readable(self) -> bool:
        """Whether its licence may have come with it."""
        return self.package or bool(self.file)


PARTS = (
    Part(name="Python", licence="PSF-2.0", package=False),
    Part(name="Flutter", licence="BSD-3-Clause", package=False),
    Part(name="Roboto, Material Symbols", licence="Apache-2.0", package=False),
    Part(name="Liberation Sans", licence="OFL-1.1", package=False, file="OFL-Liberation.txt"),
    Part(name="Noto Sans, Noto Emoji", licence="OFL-1.1", package=False, file="OFL-Noto.txt"),
    Part(name="Droid Sans Fallback", licence="Apache-2.0", package=False, file="Apache-2.0.txt"),
    Part(name="anyio", licence="MIT"),
    Part(name="arabic-reshaper", licence="MIT"),
    Part(name="certifi", licence="MPL-2.0"),
    Part(name="cffi", licence="MIT-0"),
    Part(name="charset-normalizer", licence="MIT"),
    Part(name="cryptography", licence="Apache-2.0 OR BSD-3-Clause"),
    Part(name="flatbuffers", licence="Apache-2.0"),
    Part(name="flet", licence="Apache-2.0"),
    Part(name="flet-camera", licence="Apache-2.0"),
    Part(name="flet-charts", licence="Apache-2.0"),
    Part(name="flet-secure-storage", licence="Apache-2.0"),
    Part(name="h11", licence="MIT"),
    Part(name="httpcore", licence="BSD-3-Clause"),
    Part(name="httpx", licence="BSD-3-Clause"),
    Part(name="idna", licence="BSD-3-Clause"),
    Part(name="msgpack", licence="Apache-2.0"),
    Part(name="numpy", licence="BSD-3-Clause"),
    Part(name="oauthlib", licence="BSD-3-Clause"),
    Part(name="onnxruntime", licence="MIT"),
    Part(name="packaging", licence="Apache-2.0 OR BSD-2-Clause"),
    Part(name="pillow", licence="MIT-CMU"),
    Part(name="protobuf", licence="BSD-3-Clause"),
    Part(name="pycparser", licence="BSD-3-Clause"),
    Part(name="repath", licence="MIT"),
    Part(name="reportlab", licence="BSD-3-Clause"),
    Part(name="six", licence="MIT"),
    Part(name="typing-extensions", licence="PSF-2.0"),
)
"""Everything that numpy, pillow, onnxruntime, cryptography, flet and its extensions bring with them; a test compares
this with what is installed."""

_TEXT = re.compile(r"(LICEN[CS]E|COPYING)[^/]*$", re.IGNORECASE)


def text_of(part: Part) -> str:
    """The licence in full, as the package brought it; empty where it brought none, or was packed without."""
    if part.file:
        return (resources("mobile_app") / "fonts" / part.file).read_text(encoding="utf-8")
    if not part.package:
        return ""
    try:
        found = [file for file in files(part.name) or () if _TEXT.search(str(file)) and ".py" not in file.name]
        # The package's own come first in its folder of metadata; those deeper down are of parts of it.
        return "\n\n".join(file.read_text().strip() for file in sorted(found, key=lambda file: len(file.parts))[:3])
    except (PackageNotFoundError, OSError, UnicodeDecodeError):
        return ""
