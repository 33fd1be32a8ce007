"""What only the device can do: choosing files, saving them."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import flet as ft

from mobile_app.darkroom import Photo
from mobile_app.handout import figures_of, sheet_of, sheet_of_shot
from mobile_app.paper import Sheet
from mobile_app.screens import CannotAssess, Verdict
from mobile_app.session import Session, Tab
from mobile_app.spots import SpotDetail
from mobile_app.store import StoreError, import_archive, reminder_event, write_archive
from mobile_app.views.desk import Files, Viewfinder
from runtime.manifest import ModelFile

if TYPE_CHECKING:
    from runtime import Triage


class DeviceFiles:
    """The file choosers of one page, and what is done with what they give."""

    def __init__(
        self, *, page: ft.Page, session: Session, model: Callable[[], "Triage | None"], camera: Viewfinder
    ) -> None:
        self._page = page
        self._camera = camera
        self._session = session
        self._model = model
        self._picker = ft.FilePicker(on_result=lambda event: pick(session, event.files))
        self._restorer = ft.FilePicker(on_result=lambda event: restore(session, event.files))

    def for_views(self) -> Files:
        """What a screen can ask for."""
        return Files(
            picker=self._picker,
            restorer=self._restorer,
            save_page=self._save_page,
            save_shot=self._save_shot,
            save_archive=self._save_archive,
            save_reminder=self._save_reminder,
            model_figures=self._figures,
            camera=self._camera,
        )

    def _file(self) -> ModelFile | None:
        model = self._model()
        return None if model is None else model.bundle.file

    def _figures(self) -> list[tuple[str, str]]:
        file = self._file()
        return [] if file is None else list(figures_of(file.metrics, texts=self._session.texts))

    def _save_page(self, kind: str) -> None:
        screen = self._session.journey.screen
        if not isinstance(screen, Verdict | CannotAssess):
            return
        self._save_sheet(sheet_of(screen, texts=self._session.texts, model=self._file(), today=_today()), kind)

    def _save_shot(self, shot_id: str, kind: str) -> None:
        session = self._session
        if session.spots is None or not isinstance(session.spots.view, SpotDetail):
            return
        store = session.spots.store
        shot = store.shot(shot_id)
        sheet = sheet_of_shot(
            shot,
            lesion=session.spots.view.lesion,
            photo=store.photo(shot_id) if shot.has_photo else b"",
            texts=session.texts,
            language=session.preferences.language,
        )
        if sheet is not None:
            self._save_sheet(sheet, kind)

    def _save_sheet(self, sheet: Sheet, kind: str) -> None:
        def make() -> bytes:
            from mobile_app.paper import as_pdf, as_png  # not at start: fonts and the whole layout

            return as_pdf(sheet) if kind == "pdf" else as_png(sheet)

        self._save(f"skintag-{sheet.taken.isoformat()}.{kind}", make)

    def _save_archive(self) -> None:
        spots = self._session.spots
        if spots is None:
            return

        def make() -> bytes:
            out = io.BytesIO()
            write_archive(spots.store, out)
            return out.getvalue()

        self._save(f"skintag-{_today().isoformat()}.zip", make)

    def _save_reminder(self, weeks: int) -> None:
        """A calendar is often shared or copied to a server: it is told the spot's name only."""
        session = self._session
        if session.spots is None or not isinstance(session.spots.view, SpotDetail):
            return
        lesion = session.spots.view.lesion
        summary = session.texts.spots.remind_event.format(name=lesion.name or session.texts.spots.no_name)
        event = reminder_event(name="", summary=summary, weeks=weeks, start=_today(), uid=f"{lesion.id}@skintag")
        self._save("skintag-reminder.ics", event.encode, done=lambda: session.remind(weeks))

    def _save(self, name: str, make: Callable[[], bytes], *, done: Callable[[], object] | None = None) -> None:
        """Ask where to, and write it there; in a browser it lands among the downloads."""

        async def save() -> None:
            texts = self._session.texts.answer
            try:
                await self._picker.save_file(file_name=name, src_bytes=make())
            except (StoreError, OSError, ValueError) as problem:
                self._session.say(texts.not_saved.format(reason=problem))
                return
            if done is None:
                self._session.say(texts.saved)
            else:
                done()

        self._page.run_task(save)


def pick(session: Session, files: list[ft.FilePickerFile]) -> None:
    """Open the picked photo; a cancelled chooser changes nothing."""
    if files:
        session.tab = Tab.PHOTO
        session.journey.choose(Photo(name=files[0].name, data=files[0].bytes or b""))


def restore(session: Session, files: list[ft.FilePickerFile]) -> None:
    """Bring an archive back; a damaged one changes nothing and says so."""
    if not files or session.spots is None:
        return
    texts = session.texts
    try:
        merged = import_archive(session.spots.store, io.BytesIO(files[0].bytes or b""))
    except StoreError as problem:
        session.say(texts.answer.not_saved.format(reason=problem))
        return
    session.spots.refresh()
    session.say(texts.settings.imported.format(spots=merged.lesions, photos=merged.shots))


def _today() -> date:
    return datetime.now(UTC).date()
