"""What is kept, as values: one spot on the skin, one photo of it with its answer, and how much there is."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Self
from uuid import uuid4

from mobile_app.body import Place
from runtime.bundle.manifest import Figure


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """One spot that a person follows over time. `id` is a uuid4 in hex."""

    id: str
    name: str
    place: Place | None
    notes: str
    created: datetime
    """aware, UTC"""

    def __post_init__(self) -> None:
        _check_aware(self.created)


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The model that gave an answer, as far as the page for a doctor speaks of it: another may judge the next photo."""

    model_id: str
    sha256: str
    """of the model file, in hex"""
    score_calibrated: bool
    """whether its malignancy was calibrated on data, so that it may be called a probability"""
    figures: Mapping[str, Figure]
    """what was measured on that file, by the manifest's names"""

    def to_dict(self) -> dict[str, Any]:
        """As JSON can say it."""
        return asdict(self) | {"figures": {name: asdict(figure) for name, figure in self.figures.items()}}

    @classmethod
    def from_dict(cls, values: object) -> Self:
        """Raises ValueError for what `to_dict` never gave."""
        match values:
            case {
                "model_id": str(model_id),
                "sha256": str(sha256),
                "score_calibrated": bool(calibrated),
                "figures": dict(figures),
            }:
                read = {str(name): _figure(figure) for name, figure in figures.items()}
                return cls(model_id=model_id, sha256=sha256, score_calibrated=calibrated, figures=read)
            case _:
                raise ValueError("what is said of the model of an answer is of the wrong kind")


def _figure(values: object) -> Figure:
    match values:
        case {
            "value": int() | float() as value,
            "low": int() | float() as low,
            "high": int() | float() as high,
            "n": int(n),
        }:
            return Figure(value=value, low=low, high=high, n=n)
        case _:
            raise ValueError("a figure of the model of an answer is of the wrong kind")


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One photo of a lesion and what the app answered. `id` is a uuid4 in hex."""

    id: str
    lesion_id: str
    taken: datetime
    """aware, UTC"""
    report: Mapping[str, Any]
    """`runtime.Report.to_dict()`"""
    has_photo: bool
    """False where photos were not to be kept"""
    size_in_frame: float | None
    """share of the photo that the spot takes up, 0-1"""
    answers: Mapping[str, bool]
    """what the person answered, by the question's code: changed since last time, the ABCDE signs"""
    judge: Judge | None = None
    """which model gave the answer; None where it was kept before that was recorded"""

    def __post_init__(self) -> None:
        _check_aware(self.taken)
        if self.size_in_frame is not None and not 0 <= self.size_in_frame <= 1:
            raise ValueError(f"size_in_frame {self.size_in_frame} is no share of the photo, 0-1")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """How much is kept."""

    lesions: int
    shots: int
    photos: int
    bytes: int
    """on disk: database, photos and thumbnails"""


def new_id() -> str:
    return uuid4().hex


def now() -> datetime:
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """ISO 8601 in UTC, always equally long, so that later moments are later in the alphabet."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def from_text(text: str) -> datetime:
    """The moment in UTC. Raises ValueError for anything else, a time without a zone included."""
    moment = datetime.fromisoformat(text)
    _check_aware(moment)
    return moment.astimezone(UTC)


def _check_aware(moment: datetime) -> None:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment} has no time zone")
