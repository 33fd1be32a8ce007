"""What leaves the app through the device: saved, or through a phone's share sheet."""

import asyncio
import io
import re
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import flet as ft
import pytest
from app_bench import Bench
from app_photos import jpeg, skin_with_a_spot
from hypothesis import given
from hypothesis import strategies as st
from measurements import result

from mobile_app.device.files import MAX_ARCHIVE, DeviceFiles, key_place, on_phone, page_name
from mobile_app.device.sending import STILL
from mobile_app.locales import ENGLISH
from mobile_app.photo.screens import Opening, PhotoRefused, Welcome
from mobile_app.serving.arrivals import Arrivals
from mobile_app.serving.departures import Departures
from mobile_app.store import Store, Usage, write_archive
from mobile_app.store.pictures import make_pictures
from mobile_app.views.pieces.desk import Way
from mobile_app.visit.session import Coming, Kept, Session
from runtime.measure.result import Result

TEXTS = ENGLISH.answer


@dataclass
class FakePage:
    """Runs what it is given at once."""

    platform: ft.PagePlatform = ft.PagePlatform.LINUX
    web: bool = False
    width: float = 400.0
    height: float = 800.0

    def run_task(self, task: Callable[..., Awaitable[None]], *given: Any) -> None:
        async def run() -> None:
            await task(*given)

        # On a thread of its own: what is run at once may itself run something.
        thread = threading.Thread(target=copy_context().run, args=(asyncio.run, run()))
        thread.start()
        thread.join()


@dataclass
class Device:
    """What the system's own sheets were given, and what its user does with them."""

    saved: list[tuple[str, bytes]] = field(default_factory=list)
    shared: list[ft.ShareFile] = field(default_factory=list)
    path: str | None = "/somewhere"
    status: ft.ShareResultStatus = ft.ShareResultStatus.SUCCESS
    problem: Exception | None = None

    async def save_file(self, _: Any, *, file_name: str, src_bytes: bytes) -> str | None:
        if self.problem:
            raise self.problem
        self.saved.append((file_name, src_bytes))
        return self.path

    async def share_files(self, _: Any, files: list[ft.ShareFile], *, share_position_origin: ft.Offset) -> Any:
        assert share_position_origin.x > 0, "a tablet cannot show its sheet without a place"
        self.shared += files
        return SimpleNamespace(status=self.status)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    device = Device()
    monkeypatch.setattr(ft.FilePicker, "save_file", lambda self, **given: device.save_file(self, **given))
    monkeypatch.setattr(ft.Share, "share_files", lambda self, files, **given: device.share_files(self, files, **given))
    return device


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


@dataclass
class App:
    """A verdict on show, and the files of its page."""

    page: FakePage
    store: Store | None = None
    reopened: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        bench = Bench()
        self.session = Session(journey=lambda owner: bench.journey, kept=Kept(store=self.store), changed=lambda: None)
        bench.judge(b"high")

        async def reopen(aside: bool) -> None:
            self.reopened.append(aside)

        self.device = DeviceFiles(
            page=cast("ft.Page", self.page),
            session=self.session,
            model=lambda: None,
            camera=cast("Any", None),
            reopen=reopen,
        )
        self.files = self.device.for_views()


def test_a_computer_saves_and_a_phone_can_share_as_well(device: Device) -> None:
    desktop, phone = App(FakePage()), App(FakePage(platform=ft.PagePlatform.ANDROID))
    assert not desktop.files.shares
    assert phone.files.shares
    assert not App(FakePage(platform=ft.PagePlatform.ANDROID, web=True)).files.shares
    desktop.files.hand_on_page(Way.SAVE_PDF)
    desktop.files.hand_on_page(Way.SAVE_PNG)
    assert desktop.session.message == TEXTS.saved
    phone.files.hand_on_page(Way.SHARE)
    assert phone.session.message == TEXTS.shared
    (pdf, pdf_bytes), (png, png_bytes) = device.saved
    assert pdf.endswith(".pdf")
    assert pdf_bytes.startswith(b"%PDF")
    assert png.endswith(".png")
    assert png_bytes.startswith(b"\x89PNG")
    (shared,) = device.shared
    assert shared.mime_type == "application/pdf"
    assert (shared.data or b"").startswith(b"%PDF")


def test_a_measurement_is_saved_or_shared_as_its_file(device: Device) -> None:
    phone, made = App(FakePage(platform=ft.PagePlatform.ANDROID)), result()
    phone.files.hand_on_result(made, False)
    assert phone.session.message == TEXTS.saved
    phone.files.hand_on_result(made, True)
    assert phone.session.message == TEXTS.shared
    ((name, saved),) = device.saved
    assert name.endswith(".json")
    assert Result.from_json(saved.decode(), where=name) == made
    (shared,) = device.shared
    assert (shared.mime_type, shared.data) == ("application/json", saved)


def test_only_an_iphone_is_asked_for_a_jpeg() -> None:
    """Its chooser converts HEIC; what the same setting does elsewhere costs quality or the photo's orientation."""
    assert App(FakePage(platform=ft.PagePlatform.IOS)).files.as_jpeg
    others = [FakePage(), FakePage(platform=ft.PagePlatform.ANDROID), FakePage(platform=ft.PagePlatform.IOS, web=True)]
    assert not any(App(page).files.as_jpeg for page in others)


def test_whoever_thinks_better_of_it_is_told_nothing(device: Device) -> None:
    device.path, device.status = None, ft.ShareResultStatus.DISMISSED
    app = App(FakePage(platform=ft.PagePlatform.IOS))
    app.files.hand_on_page(Way.SHARE)
    app.files.hand_on_page(Way.SAVE_PDF)
    assert app.session.message == ""


def test_in_a_browser_there_is_no_path_and_it_is_saved_all_the_same(device: Device) -> None:
    device.path = None
    app = App(FakePage(web=True))
    app.files.hand_on_page(Way.SAVE_PDF)
    assert app.session.message == TEXTS.saved


def test_no_two_photos_share_the_name_of_their_page() -> None:
    moments = [datetime(2026, 11, 28, 9, 5, second, tzinfo=UTC) for second in (1, 2)]
    names = [page_name(spot, moment, kind="pdf") for spot in ("Lunar nº 3, león", "") for moment in moments]
    assert len(set(names)) == 4
    assert names[0] == "skintag-lunar-no-3-leon-2026-11-28-090501.pdf"
    assert names[2] == "skintag-2026-11-28-090501.pdf"


@given(spot=st.text())
def test_the_name_of_a_page_is_one_that_every_system_allows(spot: str) -> None:
    name = page_name(spot, datetime(2026, 11, 28, tzinfo=UTC), kind="png")
    assert re.fullmatch(r"skintag-[a-z0-9-]+\.png", name)
    assert len(name) < 80


def test_a_damaged_archive_is_not_said_to_be_unsaved(store: Store) -> None:
    app = App(FakePage(), store=store)
    app.device._archive_picked([ft.FilePickerFile(id=1, name="old.zip", size=3, bytes=b"no!")])
    assert app.session.failed
    assert app.session.message.startswith(ENGLISH.settings.not_imported.partition("{")[0])
    assert "not an archive" in app.session.message
    assert app.session.coming is None
    assert store.lesions() == []


def test_what_cannot_be_saved_is_said(device: Device) -> None:
    device.problem = RuntimeError("no room")
    app = App(FakePage())
    app.files.hand_on_page(Way.SAVE_PDF)
    assert app.session.message == TEXTS.not_saved.format(reason="no room")
    assert app.session.failed
    app.session.say(TEXTS.saved)
    assert not app.session.failed


@pytest.mark.parametrize("platform", [ft.PagePlatform.LINUX, ft.PagePlatform.IOS])
def test_a_reminder_is_noted_only_when_its_file_went_somewhere(
    device: Device, store: Store, platform: ft.PagePlatform
) -> None:
    app = App(FakePage(platform=platform), store=store)
    lesion = store.add_lesion(name="left palm")
    spots = app.session.spots
    assert spots is not None
    spots.open(lesion.id)
    device.path, device.status = None, ft.ShareResultStatus.DISMISSED
    app.files.save_reminder(4)
    assert store.reminders() == {}
    device.path, device.status = "/somewhere", ft.ShareResultStatus.SUCCESS
    app.files.save_reminder(4)
    assert list(store.reminders()) == [lesion.id]
    given = device.shared[-1].data if on_phone(cast("ft.Page", app.page)) else device.saved[-1][1]
    assert (given or b"").startswith(b"BEGIN:VCALENDAR")


def test_everything_is_saved_as_one_archive(device: Device, store: Store) -> None:
    store.add_lesion(name="left palm")
    app = App(FakePage(), store=store)
    app.files.save_archive()
    assert device.saved[0][0].endswith(".zip")
    assert device.saved[0][1].startswith(b"PK")


def test_a_store_that_did_not_open_is_tried_again_or_begun_anew() -> None:
    app = App(FakePage())
    app.files.reopen(False)
    app.files.reopen(True)
    assert app.reopened == [False, True]


def test_a_browser_holds_no_key_for_the_server() -> None:
    assert key_place(cast("ft.Page", FakePage(web=True))) is None
    keys = key_place(cast("ft.Page", FakePage(platform=ft.PagePlatform.ANDROID)))
    assert not cast("Any", keys).android_options.reset_on_error, "one unreadable key would wipe all that it seals"


def test_a_file_too_large_is_told_before_anything_is_sent(device: Device) -> None:
    arrivals = Arrivals()
    journey = Bench().journey
    session = Session(journey=lambda _: journey, kept=Kept(store=None), changed=lambda: None)
    files = DeviceFiles(
        page=cast("ft.Page", SimpleNamespace(web=True)),
        session=session,
        model=lambda: None,
        camera=cast("Any", None),
        reopen=cast("Any", None),
        arrivals=arrivals,
    )
    files._picked([ft.FilePickerFile(id=1, name="big.tif", size=70_000_000)])
    assert isinstance(journey.screen, PhotoRefused)
    for part in ("big.tif", "70 MB", "50 MB", "Nothing was sent"):
        assert part in journey.screen.reason
    assert not arrivals._expected


def test_a_photo_that_does_not_arrive_is_said_with_the_way_on(device: Device) -> None:
    async def upload(self: Any, files: list[ft.FilePickerUploadFile]) -> None:
        raise RuntimeError("HTTP 500")

    journey = Bench().journey
    session = Session(journey=lambda _: journey, kept=Kept(store=None), changed=lambda: None)
    page, arrivals = FakePage(web=True), Arrivals()
    files = DeviceFiles(
        page=cast("ft.Page", page),
        session=session,
        model=lambda: None,
        camera=cast("Any", None),
        reopen=cast("Any", None),
        arrivals=arrivals,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ft.FilePicker, "upload", upload)
        files._picked([ft.FilePickerFile(id=1, name="mole.jpg", size=9)])
    assert journey.screen == PhotoRefused(reason=ENGLISH.trouble.not_arrived.format(name="mole.jpg"), unsent=True)
    assert not arrivals._expected, "nothing can come any more"


@dataclass
class Browsing:
    """A page whose files lie in the browser, and what the browser then does."""

    store: Store | None = None
    problem: Exception | None = None
    heard: list[ft.FilePickerUploadEvent] = field(default_factory=list)
    comes: Callable[[], None] = lambda: None
    pauses: list[float] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bench = Bench()
        self.journey = self.bench.journey
        self.session = Session(journey=lambda _: self.journey, kept=Kept(store=self.store), changed=lambda: None)
        self.arrivals, self.departures = Arrivals(), Departures()
        self.files = DeviceFiles(
            page=cast("ft.Page", FakePage(web=True)),
            session=self.session,
            model=lambda: None,
            camera=cast("Any", None),
            reopen=cast("Any", None),
            arrivals=self.arrivals,
            departures=self.departures,
            pause=self.pause,
        )

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        assert len(self.pauses) < 10
        self.comes()

    async def upload(self, picker: Any, files: list[ft.FilePickerUploadFile]) -> None:
        (self.wanted,) = files
        (self.expected,) = self.arrivals._expected.values()
        if self.problem is not None:
            raise self.problem
        for event in self.heard:
            picker.on_upload(event)

    async def launch(self, url: str, **_: Any) -> None:
        self.opened.append(url)


@pytest.fixture
def browsing(monkeypatch: pytest.MonkeyPatch, store: Store) -> Browsing:
    browsing = Browsing(store=store)
    monkeypatch.setattr(ft.FilePicker, "upload", lambda self, files: browsing.upload(self, files))
    monkeypatch.setattr(ft.UrlLauncher, "launch_url", lambda self, url, **given: browsing.launch(url, **given))
    return browsing


MOLE = ft.FilePickerFile(id=1, name="mole.jpg", size=9)
NOT_ARRIVED = PhotoRefused(reason=ENGLISH.trouble.not_arrived.format(name="mole.jpg"), unsent=True)


def heard(**told: Any) -> ft.FilePickerUploadEvent:
    return ft.FilePickerUploadEvent(name="upload", control=ft.FilePicker(), file_name="mole.jpg", **told)


@pytest.mark.parametrize("status", [413, 500])
def test_an_answer_that_is_none_is_told_by_the_client_and_said(browsing: Browsing, status: int) -> None:
    """So Flet's client words it."""
    browsing.heard = [heard(progress=0.0), heard(error=f"Upload endpoint returned code {status}: ")]
    browsing.files._picked([MOLE])
    assert browsing.journey.screen == NOT_ARRIVED
    assert not browsing.pauses


def test_a_file_of_which_nothing_is_heard_is_not_waited_for_for_ever(browsing: Browsing) -> None:
    """Flet's client says nothing where the browser cannot read it to its end."""
    browsing.heard = [heard(progress=0.0)]
    browsing.files._picked([MOLE])
    assert browsing.journey.screen == NOT_ARRIVED
    assert browsing.pauses == [STILL]
    assert not browsing.arrivals._expected


def test_a_slow_file_is_waited_for_as_long_as_something_comes(browsing: Browsing) -> None:
    shares = iter([0.2, 0.4, 0.6])

    def comes() -> None:
        share = next(shares, None)
        if share is not None:
            assert browsing.expected.came(share)
        elif len(browsing.pauses) == 4:
            browsing.expected.done(b"moderate")

    browsing.comes = comes
    browsing.files._picked([MOLE])
    assert isinstance(browsing.journey.screen, Opening)
    assert browsing.journey.screen.photo.data == b"moderate"


def test_what_was_stopped_is_not_said_to_be_lost_and_not_taken(browsing: Browsing) -> None:
    browsing.comes = browsing.journey.start_over
    browsing.files._picked([MOLE])
    assert browsing.journey.screen == Welcome()
    browsing.expected.done(b"moderate")
    browsing.expected.lost()
    assert not browsing.expected.came(0.5)
    assert browsing.journey.screen == Welcome(), "whoever has gone elsewhere is not called back"


@pytest.fixture
def archive(tmp_path: Path) -> bytes:
    """Two photos of one spot."""
    with Store(tmp_path / "other") as other:
        lesion = other.add_lesion(name="left palm")
        for _ in range(2):
            other.add_shot(lesion.id, photo=jpeg(skin_with_a_spot()), report={})
        data = io.BytesIO()
        write_archive(other, data)
    return data.getvalue()


def test_an_archive_comes_by_an_address_of_its_own(browsing: Browsing, archive: bytes) -> None:
    def comes() -> None:
        assert browsing.expected.came(0.5)
        assert browsing.session.coming == Coming(name="kept.zip", share=0.5)
        browsing.expected.done(archive)

    browsing.comes = comes
    browsing.files._archive_picked([ft.FilePickerFile(id=1, name="kept.zip", size=len(archive))])
    assert browsing.session.message == ENGLISH.settings.imported.format(spots=1, photos=2)
    assert browsing.session.coming is None
    assert browsing.session.spots is not None
    assert [lesion.name for lesion in browsing.session.spots.known()] == ["left palm"]


def test_an_archive_on_its_way_can_be_stopped(browsing: Browsing, archive: bytes) -> None:
    def comes() -> None:
        assert browsing.expected.came(0.5)
        browsing.session.stop_expecting()
        assert browsing.session.coming is None
        assert not browsing.expected.came(0.6), "the rest is not taken"
        browsing.expected.done(archive)
        browsing.expected.lost()

    browsing.comes = comes
    browsing.files._archive_picked([ft.FilePickerFile(id=1, name="kept.zip", size=len(archive))])
    assert browsing.session.message == "", "whoever stopped it is not told that it is lost"
    assert browsing.session.spots is not None
    assert browsing.session.spots.known() == ()


@pytest.mark.parametrize("web", [True, False], ids=["browser", "device"])
def test_an_archive_that_is_being_read_can_be_stopped(
    archive: bytes, store: Store, monkeypatch: pytest.MonkeyPatch, web: bool
) -> None:
    """After its first photo: nothing of it is kept."""
    app, ready = App(FakePage(web=web), store=store), list[bytes]()

    def prepared(photo: bytes) -> Any:
        ready.append(photo)
        app.session.stop_expecting()
        return make_pictures(photo)

    monkeypatch.setattr("mobile_app.store.store.make_pictures", prepared)
    app.device._archive_picked([ft.FilePickerFile(id=1, name="kept.zip", size=len(archive), bytes=archive)])
    assert len(ready) == 1
    assert app.session.message == ""
    assert app.session.coming is None
    assert store.lesions() == []
    assert store.usage().photos == 0
    assert not [*(store.folder / "photos").iterdir(), *(store.folder / "thumbnails").iterdir()]


def test_of_two_archives_only_the_later_one_is_brought_back(browsing: Browsing, archive: bytes) -> None:
    came = browsing.session.expect("first.zip")
    assert came(0.2)
    browsing.comes = lambda: browsing.expected.done(archive)
    browsing.files._archive_picked([ft.FilePickerFile(id=2, name="kept.zip", size=len(archive))])
    assert not came(0.3)
    assert browsing.session.message == ENGLISH.settings.imported.format(spots=1, photos=2)


def test_an_archive_too_large_or_that_does_not_come_is_said(browsing: Browsing) -> None:
    browsing.files._archive_picked([ft.FilePickerFile(id=1, name="kept.zip", size=MAX_ARCHIVE + 10**6)])
    for part in ("kept.zip", "501 MB", "500 MB", "Nothing was sent"):
        assert part in browsing.session.message
    assert not browsing.arrivals._expected
    browsing.files._archive_picked([ft.FilePickerFile(id=1, name="kept.zip", size=9)])
    assert browsing.session.message == ENGLISH.trouble.not_arrived.format(name="kept.zip")
    assert browsing.session.coming is None


def test_a_browser_fetches_an_archive_by_itself(browsing: Browsing, store: Store) -> None:
    store.add_lesion(name="left palm")
    browsing.files._save_archive()
    browsing.files._save_archive()
    assert len(browsing.opened) == 2
    ((token, offered),) = browsing.departures._offered.items()
    assert browsing.opened[-1].endswith(token), "of two only the later one is kept ready"
    assert offered.data.startswith(b"PK")
    assert browsing.session.message == ""
    offered.taken()
    assert browsing.session.message == TEXTS.saved
    browsing.files.forget_offered()
    assert not browsing.departures._offered


def test_an_archive_too_large_to_save_is_said_with_its_size(
    browsing: Browsing, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = Usage(lesions=1, shots=1, photos=1, bytes=612_000_000)
    monkeypatch.setattr(browsing.session, "usage", lambda: usage)
    browsing.files._save_archive()
    assert "612 MB" in browsing.session.message
    assert "500 MB" in browsing.session.message
    assert not browsing.opened
