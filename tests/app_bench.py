"""The app's state without a window: a journey whose slow work a test finishes when it likes, and a model that says
what the photo's bytes say."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import flet as ft
import numpy as np
from PIL import Image

from mobile_app.photo.darkroom import Darkroom, Photo, Picture
from mobile_app.photo.framing import largest
from mobile_app.photo.journey import Assessor, Journey, Work
from mobile_app.photo.screens import Screen
from runtime import BundleError, EngineError, PhotoError, Reason, Report, Tier
from runtime.photo.decode import Pixels
from runtime.photo.quality import QualityProblem
from runtime.triage import ReasonCode

TIERS = {tier.value.encode(): tier for tier in Tier}
BLURRED = b"blurred"


def report(tier: Tier, *, language: str = "en", reason: ReasonCode = Reason.UNFAMILIAR) -> Report:
    return Report(
        tier=tier,
        malignancy=None,
        conditions=(),
        novelty=None,
        reason_codes=(reason,),
        model_id="fake",
        calibrated=True,
        language=language,
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class FakePicture(Picture):
    """Remembers the bytes it came from."""

    data: bytes = b""


def open_picture(photo: Photo) -> Picture:
    if photo.data == b"PhotoError":
        raise PhotoError(f"{photo.name}: not a photo")
    return FakePicture(image=Image.new("L", (400, 300)), shown=b"", data=photo.data)


def data_of(picture: Picture) -> bytes:
    return cast("FakePicture", picture).data


DARKROOM = Darkroom(
    open=open_picture,
    guess=lambda picture: largest(picture.image),
    square=lambda picture, _: np.frombuffer(data_of(picture), np.uint8),
    preview=lambda picture, framing: b"preview of " + data_of(picture),
)
"""Pixels are the photo's bytes, which say what the model answers."""


@dataclass
class FakeModel:
    """Answers by the photo's bytes: a tier's name gives that tier, an exception's name raises it."""

    languages: list[str | None] = field(default_factory=list)
    neighbours: list[int] = field(default_factory=list)
    """how many squares beside each one it was given"""

    def assess(self, source: Pixels, *, language: str | None = None, neighbours: Iterable[Pixels] = ()) -> Report:
        self.languages.append(language)
        self.neighbours.append(len(list(neighbours)))
        data = source.tobytes()
        errors: dict[bytes, Exception] = {
            b"EngineError": EngineError("the model answered NaN"),
            b"MemoryError": MemoryError("no room"),
        }
        if data in errors:
            raise errors[data]
        reason = QualityProblem.BLURRED if data == BLURRED else Reason.UNFAMILIAR
        return report(TIERS.get(data, Tier.CANNOT_ASSESS), language=language or "en", reason=reason)


def overlay(model: Assessor, square: Pixels) -> bytes | None:
    if square.tobytes() == b"moderate":
        raise MemoryError("no room for a map")
    return None if square.tobytes() == b"high" else b"map of " + square.tobytes()


@dataclass
class Bench:
    """A journey whose slow work waits in `pending` until the test finishes it, in any order."""

    open_model: Callable[[], Assessor] = FakeModel
    language: str = "en"
    shown: list[Screen] = field(default_factory=list)
    pending: list[tuple[Work, Callable[[Screen], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.journey = Journey(
            open_model=lambda: self.open_model(),
            darkroom=DARKROOM,
            overlay=overlay,
            run=lambda work, done: self.pending.append((work, done)),
            show=self.shown.append,
            language=lambda: self.language,
        )

    def finish(self, index: int = 0) -> None:
        work, done = self.pending.pop(index)
        done(work())

    def check(self, data: bytes) -> Screen:
        self.journey.choose(photo(data))
        self.finish()
        return self.journey.screen

    def judge(self, data: bytes) -> Screen:
        self.check(data)
        self.journey.judge()
        self.finish()
        return self.journey.screen


def photo(data: bytes) -> Photo:
    return Photo(name="spot.jpg", data=data)


def broken() -> Assessor:
    raise BundleError("model.onnx is damaged: its checksum does not match")


def controls(root: Any) -> Iterator[Any]:
    """Everything on a drawn screen, from the outside in."""
    if isinstance(root, list):
        for part in root:
            yield from controls(part)
    elif isinstance(root, ft.Control):
        yield root
        for name in ("controls", "content"):
            yield from controls(getattr(root, name, None))
