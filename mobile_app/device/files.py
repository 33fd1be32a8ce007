"""What only the device can do: choosing files, saving and sharing them, holding a key."""

import io
import logging
import re
import unicodedata
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

import flet as ft

from mobile_app.darkroom import Photo
from mobile_app.handout import Card, card_of, judge_of, sheet_of, sheet_of_shot
from mobile_app.paper import Sheet
from mobile_app.screens import CannotAssess, Verdict
from mobile_app.serving.arrivals import Arrivals, Expected
from mobile_app.session import Session, Tab
from mobile_app.spots import KeptAnswer, SpotDetail
from mobile_app.store import Judge, StoreError, import_archive, reminder_event, write_archive
from mobile_app.views.desk import Files, Viewfinder, Way
from runtime.errors import first_line
from runtime.photo.decode import DEFAULT_LIMITS

if TYPE_CHECKING:
    from mobile_app.device.vault import KeyPlace
    from runtime import Triage

log = logging.getLogger(__name__)

_PHONES = frozenset({ft.PagePlatform.ANDROID, ft.PagePlatform.IOS})
_MIME_TYPES = {"pdf": "application/pdf", "ics": "text/calendar"}  # of what is shared

LONGEST_NAME = 40
"""Letters of a spot's name in the name of its page."""

Reopen = Callable[[bool], Awaitable[None]]
"""Tries to open what is kept; with True it is set aside first."""


def key_place(page: ft.Page) -> "KeyPlace | None":
    """Where the device keeps keys. None in a browser: what is kept lies with the server, not with it."""
    if page.web:
        return None
    import flet_secure_storage

    return flet_secure_storage.SecureStorage(
        # Flet's default wipes every key when one cannot be read: with them would go all that they seal.
        android_options=flet_secure_storage.AndroidOptions(reset_on_error=False),
        # The other keychain is open to signed apps with an entitlement only.
        macos_options=flet_secure_storage.MacOsOptions(uses_data_protection_keychain=False),
    )


def on_phone(page: ft.Page) -> bool:
    """Whether the app itself runs on a phone, and not a browser's page on one."""
    return not page.web and page.platform in _PHONES


class DeviceFiles:
    """The file choosers of one page, and what is done with what they give."""

    def __init__(
        self,
        *,
        page: ft.Page,
        session: Session,
        model: Callable[[], "Triage | None"],
        camera: Viewfinder,
        reopen: Reopen,
        arrivals: Arrivals | None = None,
    ) -> None:
        """`arrivals`: where a browser sends its files; None where the app runs on the device that has them."""
        self._page = page
        self._camera = camera
        self._reopen = reopen
        self._session = session
        self._model = model
        self._arrivals = arrivals
        self._picker = ft.FilePicker(on_result=lambda event: self._picked(event.files), on_upload=self._sent)
        self._coming: Callable[[float], bool] = lambda share: False
        self._restorer = ft.FilePicker(on_result=lambda event: restore(session, event.files))

    def for_views(self) -> Files:
        """What a screen can ask for."""
        return Files(
            picker=self._picker,
            sends=self._arrivals is not None,
            as_jpeg=not self._page.web and self._page.platform is ft.PagePlatform.IOS,
            restorer=self._restorer,
            shares=on_phone(self._page),
            hand_on_page=self._hand_on_page,
            hand_on_shot=self._hand_on_shot,
            save_archive=self._save_archive,
            save_reminder=self._save_reminder,
            model_card=self._card,
            camera=self._camera,
            reopen=self._try_to_open,
        )

    def _picked(self, files: list[ft.FilePickerFile]) -> None:
        """Open it; where it lies in the browser, send for it. One that is too large stays where it is."""
        if not files:
            return
        session, file = self._session, files[0]
        if file.size > DEFAULT_LIMITS.max_bytes:
            session.tab = Tab.PHOTO
            session.journey.refuse(_too_large(session, file))
        elif self._arrivals is None or file.bytes is not None:
            pick(session, files)
        else:
            self._send_for(file, self._arrivals)

    def _send_for(self, file: ft.FilePickerFile, arrivals: Arrivals) -> None:
        session = self._session
        session.tab = Tab.PHOTO
        came = self._coming = session.journey.expect(file.name)

        def not_sent() -> None:
            if came(0.0):
                self._say_not_sent(file.name)

        here = copy_context()  # Flet knows by it which page is to be drawn anew; the file comes by another way

        def done(data: bytes) -> None:
            if came(1.0):
                session.journey.choose(Photo(name=file.name, data=data))

        lost = partial(here.run, not_sent)
        expected = Expected(size=file.size, came=partial(here.run, came), done=partial(here.run, done), lost=lost)
        address = arrivals.expect(expected)
        wanted = ft.FilePickerUploadFile(upload_url=address, id=file.id, name=file.name)
        self._page.run_task(self._send, wanted)

    async def _send(self, wanted: ft.FilePickerUploadFile) -> None:
        try:
            await self._picker.upload([wanted])
        except Exception as problem:  # the browsers raise what they like
            self._not_sent(wanted.name or "", first_line(problem))

    def _sent(self, event: ft.FilePickerUploadEvent) -> None:
        if event.error:
            self._not_sent(event.file_name, event.error)

    def _not_sent(self, name: str, reason: str) -> None:
        """Whoever has gone elsewhere meanwhile, or stopped it, is not told."""
        log.warning("%s was not sent: %s", name, reason)  # in the browser's own words
        if self._coming(0.0):
            self._say_not_sent(name)

    def _say_not_sent(self, name: str) -> None:
        self._session.journey.refuse(self._session.texts.trouble.not_arrived.format(name=name))

    def _judge(self) -> Judge | None:
        model = self._model()
        return None if model is None else judge_of(model.bundle)

    def _try_to_open(self, aside: bool) -> None:
        self._page.run_task(self._reopen, aside)

    def _card(self) -> Card | None:
        model = self._model()
        return None if model is None else card_of(model.bundle, texts=self._session.texts)

    def _hand_on_page(self, way: Way) -> None:
        screen = self._session.journey.screen
        if not isinstance(screen, Verdict | CannotAssess):
            return
        sheet = sheet_of(screen, texts=self._session.texts, judge=self._judge(), today=_today())
        self._hand_on_sheet(sheet, way, moment=datetime.now(UTC))

    def _hand_on_shot(self, shot_id: str, way: Way) -> None:
        session = self._session
        if session.spots is None or not isinstance(session.spots.view, SpotDetail | KeptAnswer):
            return
        store = session.spots.store
        try:
            shot = store.shot(shot_id)
            photo = store.photo(shot_id) if shot.has_photo else b""
        except StoreError as problem:
            session.fail(session.texts.answer.not_saved.format(reason=session.told(problem)))
            return
        sheet = sheet_of_shot(
            shot,
            lesion=session.spots.view.lesion,
            photo=photo,
            texts=session.texts,
            language=session.preferences.language,
        )
        if sheet is not None:
            self._hand_on_sheet(sheet, way, moment=shot.taken)

    def _hand_on_sheet(self, sheet: Sheet, way: Way, *, moment: datetime) -> None:
        def make() -> bytes:
            from mobile_app.paper import as_pdf, as_png  # not at start: fonts and the whole layout

            return as_png(sheet) if way is Way.SAVE_PNG else as_pdf(sheet)

        name = page_name(sheet.lesion, moment, kind="png" if way is Way.SAVE_PNG else "pdf")
        give = self._share if way is Way.SHARE else self._save
        self._hand_on(lambda: give(name, make))

    def _save_archive(self) -> None:
        spots = self._session.spots
        if spots is None:
            return

        def make() -> bytes:
            out = io.BytesIO()
            write_archive(spots.store, out)
            return out.getvalue()

        name = f"skintag-{_today().isoformat()}.zip"
        self._hand_on(lambda: self._save(name, make))

    def _save_reminder(self, weeks: int) -> None:
        """A calendar is often shared or copied to a server: it is told the spot's name only."""
        session = self._session
        if session.spots is None or not isinstance(session.spots.view, SpotDetail):
            return
        lesion = session.spots.view.lesion
        summary = session.texts.spots.remind_event.format(name=lesion.name or session.texts.spots.no_name)
        event = reminder_event(name="", summary=summary, weeks=weeks, start=_today(), uid=f"{lesion.id}@skintag")
        # A phone's calendar is among those that a file can be shared with; elsewhere the saved file is opened.
        give = self._share if on_phone(self._page) else self._save
        self._hand_on(lambda: give("skintag-reminder.ics", event.encode), done=lambda: session.remind(weeks))

    def _hand_on(self, give: Callable[[], Awaitable[str]], *, done: Callable[[], object] | None = None) -> None:
        """`give` returns what to say of it; nothing where the user thought better of it."""

        async def hand_on() -> None:
            try:
                said = await give()
            except Exception as problem:  # full disks, refused folders: the platforms raise what they like
                self._session.fail(self._session.texts.answer.not_saved.format(reason=self._session.told(problem)))
                return
            if said and done is not None:
                done()
            elif said:
                self._session.say(said)

        self._page.run_task(hand_on)

    async def _save(self, name: str, make: Callable[[], bytes]) -> str:
        """Ask where to, and write it there; in a browser it lands among the downloads and there is no path."""
        path = await self._picker.save_file(file_name=name, src_bytes=make())
        return self._session.texts.answer.saved if path or self._page.web else ""

    async def _share(self, name: str, make: Callable[[], bytes]) -> str:
        """The device's share sheet."""
        file = ft.ShareFile.from_bytes(make(), mime_type=_MIME_TYPES[name.rsplit(".", 1)[1]], name=name)
        # A tablet draws the sheet as a bubble that must point somewhere.
        middle = ft.Offset((self._page.width or 0) / 2, (self._page.height or 0) / 2)
        result = await ft.Share().share_files([file], share_position_origin=middle)
        return "" if result.status is ft.ShareResultStatus.DISMISSED else self._session.texts.answer.shared


def pick(session: Session, files: list[ft.FilePickerFile]) -> None:
    """Open the picked photo; a cancelled chooser changes nothing."""
    if files:
        session.tab = Tab.PHOTO
        session.journey.choose(Photo(name=files[0].name, data=files[0].bytes or b""))


def _too_large(session: Session, file: ft.FilePickerFile) -> str:
    most = DEFAULT_LIMITS.max_bytes
    return session.texts.trouble.too_large.format(
        name=file.name, size=f"{file.size / 1e6:.0f}", most=f"{most / 1e6:.0f}"
    )


def restore(session: Session, files: list[ft.FilePickerFile]) -> None:
    """Bring an archive back; a damaged one changes nothing and says so."""
    if not files or session.spots is None:
        return
    texts = session.texts
    try:
        merged = import_archive(session.spots.store, io.BytesIO(files[0].bytes or b""))
    except StoreError as problem:
        session.fail(texts.settings.not_imported.format(reason=session.told(problem)))
        return
    session.spots.refresh()
    session.say(texts.settings.imported.format(spots=merged.lesions, photos=merged.shots))


def page_name(spot: str, moment: datetime, *, kind: str) -> str:
    """Of a page for a doctor: no two photos share one. What not every system allows in a name is left out."""
    plain = unicodedata.normalize("NFKD", spot).encode("ascii", "ignore").decode()
    words = "-".join(re.findall("[a-z0-9]+", plain.lower()))[:LONGEST_NAME].strip("-")
    return "-".join(part for part in ("skintag", words, f"{moment:%Y-%m-%d-%H%M%S}") if part) + f".{kind}"


def _today() -> date:
    return datetime.now(UTC).date()
