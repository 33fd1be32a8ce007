"""The device's camera, through Flet's own extension: Android, iOS, the browser. Elsewhere there is the file chooser."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import flet as ft

from mobile_app.device.files import on_phone
from mobile_app.device.hints import Hints, Judged
from mobile_app.photo.darkroom import Photo, problem_of_frame
from mobile_app.serving.addresses import browser_trusts
from mobile_app.visit.session import Session
from mobile_app.work import Run
from runtime.errors import first_line

if TYPE_CHECKING:
    import flet_camera

log = logging.getLogger(__name__)

_NAME = "camera.jpg"
"""A photo that the app took has no file name."""
_PATIENCE = 2.0
"""Seconds for a device's answer about preview frames; hints are worth no longer wait for the camera."""


class DeviceCamera:
    """One page's camera. It is on between `start` and `stop`; what it took goes the way of every photo."""

    def __init__(
        self, *, page: ft.Page, session: Session, run: Run[Judged | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`run` judges preview frames off the UI's thread."""
        self._page = page
        self._session = session
        self._hints = Hints(judge=problem_of_frame, run=run, tell=session.journey.hint, clock=clock)
        self._shown: ft.Ref[Any] = ft.Ref()
        self._light = False
        self._streaming = False
        self._aspect = 1.0
        """of what it sees, the longer side by the shorter one; 1 until it is known"""

    @property
    def usable(self) -> bool:
        """Flet's camera raises on desktops, and in a browser that gives the page none."""
        return browser_trusts(self._page.url or "") if self._page.web else on_phone(self._page)

    @property
    def control(self) -> ft.Control:
        """What it sees. A new one at each drawing, as of all controls: Flet carries the device over to it."""
        import flet_camera  # not at start: most visits choose a file

        return flet_camera.Camera(
            ref=self._shown, expand=True, on_stream_image=self._see, on_state_change=self._learn_aspect
        )

    def box(self, side: float) -> tuple[float, float]:
        """Width and height of the whole picture when a square of `side` shows its middle, as a photo's is judged.

        A browser fills the square itself; on a phone the picture would be squeezed into it.
        """
        if self._page.web:
            return side, side
        upright = (self._page.height or 0) >= (self._page.width or 0)
        return (side, side * self._aspect) if upright else (side * self._aspect, side)

    @property
    def _camera(self) -> Any:
        return self._shown.current

    def start(self) -> None:
        """Turn it on; this is when the device asks for permission."""
        self._page.run_task(self._start)

    def stop(self) -> None:
        """Turn it off: no light and no picture behind another screen."""
        self._page.run_task(self._stop)

    def shoot(self) -> None:
        """Take a photo and open it."""
        self._page.run_task(self._shoot)

    def switch_light(self) -> None:
        """Torch on or off, where there is one."""
        self._page.run_task(self._switch_light)

    async def _start(self) -> None:
        import flet_camera

        texts = self._session.texts.camera
        try:
            cameras = await self._camera.get_available_cameras()
            if not cameras:
                self._session.journey.no_camera(texts.none_found)
                return
            preset = flet_camera.ResolutionPreset.VERY_HIGH
            await self._camera.initialize(_back_of(cameras), preset, enable_audio=False)
            await self._begin_stream()  # before the shutter is there: no photo while the stream is being started
            self._session.journey.camera_ready()
        except Exception as problem:  # permission refused, camera in use: the platforms raise what they like
            self._session.journey.no_camera(texts.refused.format(reason=first_line(problem)))

    async def _stop(self) -> None:
        self._light = False
        camera = self._camera  # while the stream ends, another visit to this screen may bring another
        await self._end_stream(camera)
        try:
            await camera.pause_preview()
        except Exception:  # already gone with its screen, which turns it off
            return

    async def _begin_stream(self) -> None:
        """Preview frames, on phones; browsers have none. Without them the photo's quality is said after the shot."""
        try:
            if await _soon(self._camera.supports_image_streaming()):
                self._streaming = True  # already, so that one that begins too late is ended as well
                await _soon(self._camera.start_image_stream())
        except Exception:  # the platforms raise what they like
            log.info("no preview frames", exc_info=True)

    async def _end_stream(self, camera: Any) -> None:
        if self._streaming:
            self._streaming = False
            self._hints.forget()
            with suppress(Exception):  # never begun, or gone with its screen
                await _soon(camera.stop_image_stream())

    def _learn_aspect(self, event: "flet_camera.CameraStateEvent") -> None:
        size = event.preview_size
        if size is None or min(size.width, size.height) <= 0:
            return
        aspect = max(size.width, size.height) / min(size.width, size.height)
        if aspect != self._aspect:
            self._aspect = aspect
            self._session.changed()

    def _see(self, event: "flet_camera.CameraImageEvent") -> None:
        if self._streaming:
            self._hints.see(event.bytes)

    async def _shoot(self) -> None:
        await self._end_stream(self._camera)  # a photo taken beside it fails on some phones
        try:
            data = await self._camera.take_picture()
        except Exception as problem:
            texts = self._session.texts.camera
            self._session.journey.no_camera(texts.refused.format(reason=first_line(problem)))
            return
        self._session.journey.choose(Photo(name=_NAME, data=bytes(data)))

    async def _switch_light(self) -> None:
        import flet_camera

        wanted = flet_camera.FlashMode.OFF if self._light else flet_camera.FlashMode.TORCH
        try:
            await self._camera.set_flash_mode(wanted)
        except Exception:  # a device without a light, most browsers included
            return
        self._light = not self._light


async def _soon[T](answer: Coroutine[Any, Any, T]) -> T:
    return await asyncio.wait_for(answer, timeout=_PATIENCE)


def _back_of(cameras: "list[flet_camera.CameraDescription]") -> "flet_camera.CameraDescription":
    """The one on the back, which is the better one; else the first."""
    back = [camera for camera in cameras if camera.lens_direction.value == "back"]
    return (back or cameras)[0]
