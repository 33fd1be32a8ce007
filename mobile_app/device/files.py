"""What only the device can do: choosing files, saving and sharing them, holding a key."""

import asyncio
import io
import re
import unicodedata
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import flet as ft

from mobile_app.device.sending import Sender, Wish
from mobile_app.paper import Sheet
from mobile_app.photo.darkroom import Photo
from mobile_app.photo.screens import CannotAssess, Verdict
from mobile_app.serving.arrivals import Arrivals
from mobile_app.serving.departures import Departures, Offered
from mobile_app.store import Judge, Merged, StoreError, Unwanted, import_archive, reminder_event, write_archive
from mobile_app.views.pieces.desk import Files, Viewfinder, Way
from mobile_app.visit.handout import Card, card_of, judge_of, sheet_of, sheet_of_shot
from mobile_app.visit.measuring import file_name
from mobile_app.visit.session import Session, Tab
from mobile_app.visit.spots import KeptAnswer, SpotDetail
from runtime.photo.decode import DEFAULT_LIMITS

if TYPE_CHECKING:
    from mobile_app.device.vault import KeyPlace
    from runtime import Triage
    from runtime.measure.result import Result

MAX_ARCHIVE = 500_000_000
"""Bytes of an archive that a page brings back or saves: it passes through the program's memory, never its disk, for the
archive is not sealed and what is kept may be. A photo as the store writes it has 2 MB at most, and often a tenth."""

_PHONES = frozenset({ft.PagePlatform.ANDROID, ft.PagePlatform.IOS})
_MIME_TYPES = {"pdf": "application/pdf", "ics": "text/calendar", "json": "application/json"}  # of what is shared

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
        departures: Departures | None = None,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`arrivals`, `departures`: where a browser sends its files and fetches what is large; None where the app runs
        on the device that has them."""
        self._page = page
        self._camera = camera
        self._reopen = reopen
        self._session = session
        self._model = model
        self._sends = arrivals is not None
        self._departures = departures
        self._offered = ""
        """address of what was last offered"""
        self._photos = Sender(page=page, arrivals=arrivals, chosen=lambda files: self._picked(files), pause=pause)
        self._archives = Sender(
            page=page, arrivals=arrivals, chosen=lambda files: self._archive_picked(files), pause=pause
        )

    def for_views(self) -> Files:
        """What a screen can ask for."""
        return Files(
            picker=self._photos.picker,
            sends=self._sends,
            as_jpeg=not self._page.web and self._page.platform is ft.PagePlatform.IOS,
            restorer=self._archives.picker,
            shares=on_phone(self._page),
            hand_on_page=self._hand_on_page,
            hand_on_shot=self._hand_on_shot,
            save_archive=self._save_archive,
            save_reminder=self._save_reminder,
            hand_on_result=self._hand_on_result,
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
            session.journey.refuse(_too_large(session.texts.trouble.too_large, file, most=DEFAULT_LIMITS.max_bytes))
        elif self._photos.has(file):
            pick(session, files)
        else:
            self._send_for_photo(file)

    def _send_for_photo(self, file: ft.FilePickerFile) -> None:
        session = self._session
        session.tab = Tab.PHOTO

        def lost() -> None:
            session.journey.refuse(session.texts.trouble.not_arrived.format(name=file.name), unsent=True)

        wish = Wish(
            came=session.journey.expect(file.name),
            done=lambda data: session.journey.choose(Photo(name=file.name, data=data)),
            lost=lost,
        )
        self._photos.send_for(file, wish)

    def _archive_picked(self, files: list[ft.FilePickerFile]) -> None:
        """Bring it back; where it lies in the browser, send for it. One that is too large stays where it is."""
        if not files or self._session.spots is None:
            return
        session, file = self._session, files[0]
        if self._archives.has(file):
            self._page.run_task(self._bring_back, file.bytes or b"", session.expect(file.name))
        elif file.size > MAX_ARCHIVE:
            session.fail(_too_large(session.texts.settings.import_too_large, file, most=MAX_ARCHIVE))
        else:
            self._send_for_archive(file)

    def _send_for_archive(self, file: ft.FilePickerFile) -> None:
        session = self._session
        came = session.expect(file.name)

        def lost() -> None:
            session.stop_expecting()
            session.fail(session.texts.trouble.not_arrived.format(name=file.name))

        wish = Wish(came=came, done=lambda data: self._page.run_task(self._bring_back, data, came) and None, lost=lost)
        self._archives.send_for(file, wish)

    async def _bring_back(self, data: bytes, came: Callable[[float], bool]) -> None:
        """Hundreds of photos take a while: it can be stopped until the last one, and then nothing of it is kept."""
        if not came(1.0):
            return
        merged = await asyncio.to_thread(_merged, self._session, data, lambda: came(1.0))
        if came(1.0):
            self._session.stop_expecting()
        if not isinstance(merged, Unwanted):
            _tell(self._session, merged)

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

    def _hand_on_result(self, result: "Result", share: bool) -> None:
        give = self._share if share else self._save
        self._hand_on(lambda: give(file_name(result), lambda: result.to_json().encode()))

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
        if self._departures is None:
            self._hand_on(lambda: self._save(name, make))
        else:
            self._hand_on(lambda: self._offer(name, make))

    async def _offer(self, name: str, make: Callable[[], bytes]) -> str:
        """The browser fetches it by itself: a large file must not travel as one message."""
        assert self._departures is not None
        texts, usage = self._session.texts, self._session.usage()
        if usage is not None and usage.bytes > MAX_ARCHIVE:
            return texts.settings.export_too_large.format(size=_mb(usage.bytes), most=_mb(MAX_ARCHIVE))
        data, here = await asyncio.to_thread(make), copy_context()
        self.forget_offered()
        offered = Offered(name=name, data=data, taken=lambda: here.run(self._session.say, texts.answer.saved))
        self._offered = self._departures.offer(offered)
        await ft.UrlLauncher().launch_url(self._offered, web_only_window_name=ft.UrlTarget.SELF.value)
        return ""

    def forget_offered(self) -> None:
        """The page is closed, or something else is offered."""
        if self._departures is not None:
            self._departures.forget(self._offered)

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
        path = await self._photos.picker.save_file(file_name=name, src_bytes=make())
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


def _too_large(text: str, file: ft.FilePickerFile, *, most: int) -> str:
    return text.format(name=file.name, size=_mb(file.size), most=_mb(most))


def _mb(size: int) -> str:
    return f"{size / 1e6:.0f}"


def _merged(session: Session, data: bytes, wanted: Callable[[], bool]) -> Merged | StoreError:
    """Slow: it may run on another thread."""
    assert session.spots is not None
    try:
        return import_archive(session.spots.store, io.BytesIO(data), wanted=wanted)
    except StoreError as problem:
        return problem


def _tell(session: Session, merged: Merged | StoreError) -> None:
    """What came of an archive, and the spots as they are now."""
    texts = session.texts.settings
    if session.spots is not None:
        session.spots.refresh()
    if isinstance(merged, StoreError):
        session.fail(texts.not_imported.format(reason=session.told(merged)))
    else:
        session.say(texts.imported.format(spots=merged.lesions, photos=merged.shots))


def page_name(spot: str, moment: datetime, *, kind: str) -> str:
    """Of a page for a doctor: no two photos share one. What not every system allows in a name is left out."""
    plain = unicodedata.normalize("NFKD", spot).encode("ascii", "ignore").decode()
    words = "-".join(re.findall("[a-z0-9]+", plain.lower()))[:LONGEST_NAME].strip("-")
    return "-".join(part for part in ("skintag", words, f"{moment:%Y-%m-%d-%H%M%S}") if part) + f".{kind}"


def _today() -> date:
    return datetime.now(UTC).date()
