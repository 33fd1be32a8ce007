"""The camera: what it sees with a ring where the spot belongs, a shutter, and the light where the device has one."""

import flet as ft

from mobile_app.framing import SPOT_SHARE
from mobile_app.screens import Shooting
from mobile_app.views.desk import Desk
from mobile_app.views.frame import frame
from mobile_app.views.look import RADIUS, Look

FINDER, FINDER_WIDE = 320.0, 440.0
"""Logical pixels of the picture's side."""


def shooting(desk: Desk, screen: Shooting) -> ft.Control:
    """What the camera sees; or why there is none to be seen, with the file chooser as the way on."""
    texts, look = desk.texts.camera, desk.look
    back = look.button(
        desk.texts.spots.back, icon=ft.Icons.ARROW_BACK, on_tap=desk.session.journey.start_over, primary=False
    )
    if screen.problem:
        trouble = look.notice(
            screen.problem,
            title=texts.none,
            icon=ft.Icons.NO_PHOTOGRAPHY_OUTLINED,
            tone=look.palette.warning,
        )
        spoken = ft.Semantics(content=trouble, live_region=True)
        return frame(desk, look.card(spoken, desk.choose(desk.texts.start.choose_photo), back))
    return frame(
        desk,
        look.card(
            look.heading(texts.title, size=19),
            look.muted(texts.hint),
            *_shutter(desk, ready=screen.ready),
            back,
        ),
        pinned=ft.Container(content=Finder(desk), alignment=ft.Alignment.CENTER, padding=ft.Padding.only(top=12)),
    )


def _shutter(desk: Desk, *, ready: bool) -> list[ft.Control]:
    texts, look, camera = desk.texts.camera, desk.look, desk.files.camera
    if not ready:
        return [ft.Row(controls=[look.ring(size=28), look.words(texts.opening, expand=True)], spacing=12)]
    return [
        look.button(texts.shutter, icon=ft.Icons.CAMERA_ALT_OUTLINED, on_tap=camera.shoot),
        look.link(texts.light, icon=ft.Icons.FLASHLIGHT_ON_OUTLINED, on_tap=camera.switch_light),
    ]


@ft.component
def Finder(desk: Desk) -> ft.Control:
    """The camera is on while this is on the page, and only then: permission is asked at this moment."""
    camera = desk.files.camera
    ft.on_mounted(camera.start)
    ft.on_unmounted(camera.stop)
    side = FINDER_WIDE if desk.look.wide else FINDER
    picture = ft.Container(
        content=camera.control,
        width=side,
        height=side,
        bgcolor=desk.look.palette.track,
        border_radius=RADIUS,
        clip_behavior=ft.ClipBehavior.ANTI_ALIAS,
    )
    content = ft.Stack(controls=[picture, *ring(desk.look, side)], width=side, height=side)
    return ft.Semantics(content=content, label=desk.texts.camera.finder, image=True, container=True)


def ring(look: Look, side: float) -> list[ft.Control]:
    """A ring in the middle, as large as the spot should be: white within black, to be seen on any skin."""
    inner = side * SPOT_SHARE
    edge = (side - inner) / 2
    return [
        ft.Container(
            left=edge - width,
            top=edge - width,
            width=inner + 2 * width,
            height=inner + 2 * width,
            border=ft.Border.all(2, color),
            border_radius=inner,
            ignore_interactions=True,
        )
        for width, color in ((2, "#80000000"), (0, "#CCFFFFFF"))
    ]
