"""What every screen needs at hand."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import flet as ft

from mobile_app.locales import Texts
from mobile_app.views.pieces.look import Look
from mobile_app.visit.handout import Card
from mobile_app.visit.measuring import Measuring
from mobile_app.visit.promises import Promises
from mobile_app.visit.session import Session
from mobile_app.visit.spots import Spots
from runtime.answer.locales import Texts as AnswerTexts
from runtime.answer.locales import texts_for
from runtime.measure.result import Result


class Viewfinder(Protocol):
    """The device's camera."""

    @property
    def usable(self) -> bool:
        """Whether the app can show one on this kind of device."""
        ...

    @property
    def control(self) -> ft.Control:
        """What it sees."""
        ...

    def box(self, side: float) -> tuple[float, float]:
        """Width and height of what it sees when its middle square has this side."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def shoot(self) -> None: ...

    def switch_light(self) -> None: ...


class Way(StrEnum):
    """How a page for a doctor leaves the app."""

    SHARE = "share"
    SAVE_PDF = "pdf"
    SAVE_PNG = "png"


@dataclass(frozen=True, kw_only=True)
class Files:
    """What only the device can do; each returns at once and says how it ended through the session's message."""

    picker: ft.FilePicker
    sends: bool
    """whether a chosen photo is sent for once its size is known; else its bytes come with the choice"""
    as_jpeg: bool
    """whether the chooser is asked to turn a HEIC photo into a JPEG: that of an iPhone can"""
    restorer: ft.FilePicker
    """chooses an archive to bring back"""
    shares: bool
    """whether there is a share sheet"""
    hand_on_page: Callable[[Way], None]
    """the page for a doctor about the answer on show"""
    hand_on_shot: Callable[[str, Way], None]
    """the same for a kept photo, by its shot's id"""
    save_archive: Callable[[], None]
    save_reminder: Callable[[int], None]
    """a calendar file for so many weeks"""
    hand_on_result: Callable[[Result, bool], None]
    """the file of a measurement: shared, or saved"""
    model_card: Callable[[], Card | None]
    """None while there is no model"""
    camera: Viewfinder
    reopen: Callable[[bool], None]
    """try to open what is kept once more; True sets it aside and begins anew"""


@dataclass(frozen=True, kw_only=True)
class Desk:
    """The words, the look, the user's state and the device."""

    session: Session
    look: Look
    files: Files
    promises: Promises
    """what is said of where photos go and what is kept"""
    measuring: Measuring | None = None
    """None where the device cannot be measured"""

    @property
    def texts(self) -> Texts:
        return self.session.texts

    @property
    def spots(self) -> Spots:
        """For the screens that are shown only where there is a store."""
        assert self.session.spots is not None
        return self.session.spots

    @property
    def spoken(self) -> AnswerTexts:
        """`runtime`'s words in the same language."""
        return texts_for(self.session.preferences.language)

    def choose(self, label: str, *, primary: bool = True) -> ft.Control:
        """Opens the file chooser. The browser opens one only inside the user's own tap, hence a client action."""
        return self.look.button(
            label,
            icon=ft.Icons.PHOTO_LIBRARY_OUTLINED,
            primary=primary,
            action=ft.PickFiles(
                self.files.picker,
                dialog_title=self.texts.start.choose_dialog,
                file_type=ft.FilePickerFileType.IMAGE,
                with_data=not self.files.sends,
                # On iOS anything above 0 means PHPicker's "compatible" representation; elsewhere it would only cost
                # quality and, on Android with some versions of file_picker, the orientation.
                compression_quality=100 if self.files.as_jpeg else 0,
                # A slow computer loses focus before the file has arrived; that is no cancellation.
                cancel_upload_on_window_blur=False,
            ),
        )
