"""The device's camera, through Flet's own extension: Android, iOS, the browser. Elsewhere there is the file chooser."""

from typing import TYPE_CHECKING, Any

import flet as ft

from mobile_app.darkroom import Photo
from mobile_app.session import Session

if TYPE_CHECKING:
    import flet_camera

_NAME = "camera.jpg"
"""A photo that the app took has no file name."""


class DeviceCamera:
    """One page's camera. It is on between `start` and `stop`; what it took goes the way of every photo."""

    def __init__(self, *, page: ft.Page, session: Session) -> None:
        self._page = page
        self._session = session
        self._shown: ft.Ref[Any] = ft.Ref()
        self._light = False

    @property
    def usable(self) -> bool:
        """Flet's camera raises on desktops."""
        return bool(self._page.web) or self._page.platform in (ft.PagePlatform.ANDROID, ft.PagePlatform.IOS)

    @property
    def control(self) -> ft.Control:
        """What it sees. A new one at each drawing, as of all controls: Flet carries the device over to it."""
        import flet_camera  # not at start: most visits choose a file

        return flet_camera.Camera(ref=self._shown, expand=True)

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
            self._session.journey.camera_ready()
        except Exception as problem:  # permission refused, camera in use: the platforms raise what they like
            self._session.journey.no_camera(texts.refused.format(reason=_first_line(problem)))

    async def _stop(self) -> None:
        self._light = False
        try:
            await self._camera.pause_preview()
        except Exception:  # already gone with its screen, which turns it off
            return

    async def _shoot(self) -> None:
        try:
            data = await self._camera.take_picture()
        except Exception as problem:
            texts = self._session.texts.camera
            self._session.journey.no_camera(texts.refused.format(reason=_first_line(problem)))
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


def _back_of(cameras: "list[flet_camera.CameraDescription]") -> "flet_camera.CameraDescription":
    """The one on the back, which is the better one; else the first."""
    back = [camera for camera in cameras if camera.lens_direction.value == "back"]
    return (back or cameras)[0]


def _first_line(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0]
