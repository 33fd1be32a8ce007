"""What the photo's way can show, as values. `journey.py` says which follows which; nothing here knows of Flet."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from mobile_app.photo.darkroom import Photo, Picture
from mobile_app.photo.framing import Framing
from runtime.photo.quality import QualityProblem

if TYPE_CHECKING:
    from runtime import Report


class Fault(StrEnum):
    """Why the app itself, not the photo, could not answer."""

    BUNDLE = "bundle"  # no model, or one that is not what its manifest says or answers nonsense
    UNEXPECTED = "unexpected"  # anything that nobody foresaw, out of memory included


class Looked(StrEnum):
    """How far the map of where the model looked has come."""

    NOT_ASKED = "not_asked"
    LOOKING = "looking"
    SHOWN = "shown"
    NONE = "none"  # there is none: the model could not be asked


@dataclass(frozen=True)
class Welcome:
    """The start: pick a photo."""


@dataclass(frozen=True, kw_only=True)
class Shooting:
    """The camera is being opened, or is on."""

    ready: bool = False
    """whether a photo can be taken"""
    problem: str = ""
    """why none can be: no camera, or no permission"""
    judged: bool = False
    """whether what the camera sees has been judged; on many devices it never is before the photo"""
    hint: QualityProblem | None = None
    """why a photo could not be judged if it were taken now"""


@dataclass(frozen=True, kw_only=True)
class Opening:
    """The photo is on its way, or is being decoded."""

    photo: Photo
    """empty while it is on its way"""
    share: float | None = None
    """of the file that is here, 0 to 1; None once all of it is"""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """A report, with the square it is about."""

    photo: Photo
    report: "Report"
    preview: bytes = field(repr=False)
    """JPEG of the square that was judged"""
    picture: Picture = field(repr=False)
    guess: Framing
    framing: Framing


@dataclass(frozen=True, kw_only=True)
class Verdict(Answered):
    """A tier of low, moderate or high."""

    looked: Looked = Looked.NOT_ASKED
    overlay: bytes = field(default=b"", repr=False)
    """JPEG of the square with what mattered marked, once it is shown"""


@dataclass(frozen=True, kw_only=True)
class CannotAssess(Answered):
    """No tier: the report says why and what to do."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """Which square of the photo is meant, and can it be judged?"""

    photo: Photo
    picture: Picture = field(repr=False)
    guess: Framing
    framing: Framing
    last: Verdict | CannotAssess | None = None
    """the answer on the square that was judged last: what is said here is what a tap on "Judge" will show"""

    @property
    def answer(self) -> Verdict | CannotAssess | None:
        """On the square as it now lies; None until it has been judged."""
        return self.last if self.last is not None and self.last.framing == self.framing else None


@dataclass(frozen=True, kw_only=True)
class Analysing:
    """The square is being judged."""

    photo: Photo


@dataclass(frozen=True, kw_only=True)
class PhotoRefused:
    """The file could not be read as a photo; the reason starts with its name."""

    reason: str
    heic: bool = False
    """whether it is what iPhones store"""
    unsent: bool = False
    """nothing is known to be wrong with it: it did not arrive"""


@dataclass(frozen=True, kw_only=True)
class Malfunction:
    """The app could not answer. The photo, if one was picked, is kept for another try."""

    fault: Fault
    detail: str
    photo: Photo | None = None


Screen = Welcome | Shooting | Opening | Check | Analysing | Verdict | CannotAssess | PhotoRefused | Malfunction
