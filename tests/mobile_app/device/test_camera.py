"""The device's camera without a device: when preview frames are asked for, and that they never take it away."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import flet as ft
import flet_camera
import pytest
from app_bench import Bench
from app_photos import black_photo

from mobile_app.device.camera import DeviceCamera
from mobile_app.device.hints import PAUSE
from mobile_app.photo.screens import Opening, Shooting
from mobile_app.visit.session import Kept, Session
from runtime.photo.quality import QualityProblem


class FakeCamera:
    """Flet's control as a phone answers for it: writes down what it is asked, raises or never answers where told."""

    streams = True
    calls: list[str]
    fails: set[str]
    hangs: set[str]

    def __init__(
        self,
        *,
        ref: ft.Ref[Any],
        expand: bool,
        on_stream_image: Callable[[Any], None],
        on_state_change: Callable[[Any], None],
    ) -> None:
        ref.current = self
        self.on_stream_image = on_stream_image
        self.on_state_change = on_state_change

    async def _answer(self, name: str, answer: Any = None) -> Any:
        self.calls.append(name)
        if name in self.fails:
            raise RuntimeError(f"{name} failed")
        if name in self.hangs:
            await asyncio.Event().wait()
        return answer

    async def get_available_cameras(self) -> list[Any]:
        return await self._answer("cameras", [SimpleNamespace(lens_direction=flet_camera.CameraLensDirection.BACK)])

    async def initialize(self, *_: Any, **__: Any) -> None:
        await self._answer("initialize")

    async def supports_image_streaming(self) -> bool:
        return await self._answer("supports", self.streams)

    async def start_image_stream(self) -> None:
        await self._answer("start")

    async def stop_image_stream(self) -> None:
        await self._answer("stop")

    async def take_picture(self) -> bytes:
        return await self._answer("picture", b"low")

    async def pause_preview(self) -> None:
        await self._answer("pause")


class FakePage:
    """Runs a task at once, as far as it goes."""

    web = False
    platform = ft.PagePlatform.ANDROID
    width, height = 360.0, 780.0

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[None]] = []

    def run_task(self, handler: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.ensure_future(cast("Any", handler())))

    async def settle(self) -> None:
        while self._tasks:
            await self._tasks.pop()


@dataclass
class Phone:
    """A phone whose app is turned to the camera."""

    bench: Bench = field(default_factory=Bench)
    page: FakePage = field(default_factory=FakePage)
    now: float = 0.0

    def __post_init__(self) -> None:
        session = Session(journey=lambda _: self.bench.journey, kept=Kept(store=None), changed=lambda: None)
        self.device = DeviceCamera(
            page=cast("ft.Page", self.page),
            session=session,
            run=lambda work, done: done(work()),
            clock=lambda: self.now,
        )
        self.control = cast("FakeCamera", self.device.control)

    @property
    def screen(self) -> object:
        return self.bench.journey.screen

    async def opens(self) -> None:
        self.bench.journey.shoot()
        self.device.start()
        await self.page.settle()

    async def shoots(self) -> None:
        self.device.shoot()
        await self.page.settle()

    async def leaves(self) -> None:
        self.bench.journey.start_over()
        self.device.stop()
        await self.page.settle()

    def sees(self, *frames: bytes) -> None:
        for frame in frames:
            self.now += 2 * PAUSE
            self.control.on_stream_image(SimpleNamespace(bytes=frame))


@pytest.fixture(autouse=True)
def camera(monkeypatch: pytest.MonkeyPatch) -> type[FakeCamera]:
    """In place of Flet's; it answers as a phone with preview frames does, until a test says otherwise."""

    kind = type("Camera", (FakeCamera,), {"calls": [], "fails": set(), "hangs": set()})
    monkeypatch.setattr(flet_camera, "Camera", kind)
    monkeypatch.setattr("mobile_app.device.camera._PATIENCE", 0.01)
    return kind


def test_frames_are_asked_for_where_there_are_any_and_before_a_photo_can_be_taken(camera: type[FakeCamera]) -> None:
    phone = Phone()
    asyncio.run(phone.opens())
    assert camera.calls == ["cameras", "initialize", "supports", "start"]
    assert phone.screen == Shooting(ready=True)


def test_without_frames_the_camera_is_used_as_ever(camera: type[FakeCamera]) -> None:
    async def visit() -> None:
        await phone.opens()
        await phone.shoots()

    camera.streams = False
    phone = Phone()
    asyncio.run(visit())
    assert camera.calls == ["cameras", "initialize", "supports", "picture"]
    assert isinstance(phone.screen, Opening)


def test_the_frames_end_before_the_photo_is_taken(camera: type[FakeCamera]) -> None:
    async def visit() -> None:
        await phone.opens()
        await phone.shoots()
        await phone.leaves()

    phone = Phone()
    asyncio.run(visit())
    assert camera.calls[-3:] == ["stop", "picture", "pause"]


def test_the_frames_end_with_the_screen(camera: type[FakeCamera]) -> None:
    async def visit() -> None:
        await phone.opens()
        await phone.leaves()

    phone = Phone()
    asyncio.run(visit())
    assert camera.calls[-2:] == ["stop", "pause"]


@pytest.mark.parametrize("ways", ["fails", "hangs"])
@pytest.mark.parametrize("step", ["supports", "start", "stop"])
def test_frames_that_go_wrong_leave_the_camera_as_it_is(camera: type[FakeCamera], step: str, ways: str) -> None:
    async def visit() -> None:
        await phone.opens()
        assert phone.screen == Shooting(ready=True)
        await phone.shoots()

    setattr(camera, ways, {step})
    phone = Phone()
    asyncio.run(visit())
    assert step in camera.calls
    assert isinstance(phone.screen, Opening)
    assert phone.screen.photo.data == b"low"


def test_a_stream_that_may_have_begun_too_late_is_ended_before_the_photo(camera: type[FakeCamera]) -> None:
    async def visit() -> None:
        await phone.opens()
        await phone.shoots()

    camera.hangs = {"start"}
    phone = Phone()
    asyncio.run(visit())
    assert camera.calls[-2:] == ["stop", "picture"]


def test_a_photo_that_fails_is_said_as_ever(camera: type[FakeCamera]) -> None:
    async def visit() -> None:
        await phone.opens()
        await phone.shoots()

    camera.fails = {"picture"}
    phone = Phone()
    asyncio.run(visit())
    assert isinstance(phone.screen, Shooting)
    assert "picture failed" in phone.screen.problem


def test_two_frames_that_agree_are_a_hint(camera: type[FakeCamera]) -> None:
    async def visit() -> None:
        await phone.opens()
        phone.sees(black_photo())
        assert phone.screen == Shooting(ready=True)
        phone.sees(b"no picture", black_photo())

    phone = Phone()
    asyncio.run(visit())
    assert phone.screen == Shooting(ready=True, judged=True, hint=QualityProblem.TOO_DARK)


def test_a_frame_of_an_earlier_visit_agrees_with_none_of_this_one(camera: type[FakeCamera]) -> None:
    async def visit() -> None:
        await phone.opens()
        phone.sees(black_photo())
        await phone.leaves()
        await phone.opens()
        phone.sees(black_photo())

    phone = Phone()
    asyncio.run(visit())
    assert phone.screen == Shooting(ready=True)


def test_a_frame_that_arrives_after_its_stream_was_ended_is_not_judged(camera: type[FakeCamera]) -> None:
    async def visit() -> None:
        await phone.opens()
        await phone.leaves()
        camera.streams = False
        await phone.opens()
        phone.sees(black_photo(), black_photo())

    phone = Phone()
    asyncio.run(visit())
    assert phone.screen == Shooting(ready=True)


def test_a_phones_picture_keeps_its_proportions_and_its_middle_fills_the_square() -> None:
    """The sensor's size comes lying on its side, however the phone is held."""
    phone = Phone()
    assert phone.device.box(300) == (300, 300)
    phone.control.on_state_change(SimpleNamespace(preview_size=None))
    assert phone.device.box(300) == (300, 300)
    phone.control.on_state_change(SimpleNamespace(preview_size=SimpleNamespace(width=1920, height=1080)))
    assert phone.device.box(300) == pytest.approx((300, 300 * 16 / 9))
    phone.page.width, phone.page.height = 780.0, 360.0
    assert phone.device.box(300) == pytest.approx((300 * 16 / 9, 300))
    phone.page.web = True
    assert phone.device.box(300) == (300, 300)


@pytest.mark.parametrize(
    ("url", "there"), [("ws://127.0.0.1:8550", True), ("wss://192.0.2.7:8550", True), ("ws://192.0.2.7:8550", False)]
)
def test_no_camera_button_where_the_browser_gives_the_page_no_camera(url: str, there: bool) -> None:
    page = SimpleNamespace(web=True, url=url)
    session = Session(journey=lambda _: Bench().journey, kept=Kept(store=None), changed=lambda: None)
    device = DeviceCamera(page=cast("ft.Page", page), session=session, run=lambda work, done: done(work()))
    assert device.usable is there
