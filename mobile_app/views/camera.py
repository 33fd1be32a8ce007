"""The camera: what it sees with a ring where the spot belongs, a shutter, and the light where the device has one."""

import flet as ft

from mobile_app.photo.framing import SPOT_SHARE
from mobile_app.photo.screens import Shooting
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.frame import frame
from mobile_app.views.pieces.look import RADIUS, Look
from runtime.photo.quality import QualityProblem

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
            _advice(desk, screen),
            *_shutter(desk, ready=screen.ready),
            back,
        ),
        pinned=above_or_beside(desk.look, Finder(desk)),
    )


def _advice(desk: Desk, screen: Shooting) -> ft.Control:
    """How to hold the phone; once what the camera sees has been judged, what that says."""
    if not screen.judged:
        return desk.look.muted(desk.texts.camera.hint)
    told = ft.Semantics(content=_told(desk, screen.hint), live_region=True)
    return ft.Stack(controls=[_room(desk), told])


def _told(desk: Desk, problem: QualityProblem | None) -> ft.Control:
    look = desk.look
    if problem is None:
        return look.notice(desk.texts.camera.ready, icon=ft.Icons.CHECK, tone=look.palette.neutral)
    reason = desk.spoken.reason_of(problem)
    return look.notice(reason, icon=ft.Icons.REPORT_PROBLEM_OUTLINED, tone=look.palette.warning)


def _room(desk: Desk) -> ft.Control:
    """As much as the longest thing to say needs, unseen: the shutter must not move away under the finger."""
    longest = max(QualityProblem, key=lambda problem: len(desk.spoken.reason_of(problem)))
    return ft.Container(content=_told(desk, longest), opacity=0)


def _shutter(desk: Desk, *, ready: bool) -> list[ft.Control]:
    texts, look, camera = desk.texts.camera, desk.look, desk.files.camera
    if not ready:
        return [ft.Row(controls=[look.ring(size=28), look.words(texts.opening, expand=True)], spacing=12)]
    return [
        look.button(texts.shutter, icon=ft.Icons.CAMERA_ALT_OUTLINED, on_tap=camera.shoot),
        look.link(texts.light, icon=ft.Icons.FLASHLIGHT_ON_OUTLINED, on_tap=camera.switch_light),
    ]


def above_or_beside(look: Look, square: ft.Control) -> ft.Control:
    """A square picture as what is pinned: in the middle of the top, or at the left of a flat window."""
    padding = ft.Padding.only(left=12) if look.flat else ft.Padding.only(top=12)
    return ft.Container(content=square, alignment=ft.Alignment.CENTER, padding=padding)


@ft.component
def Finder(desk: Desk) -> ft.Control:
    """The camera is on while this is on the page, and only then: permission is asked at this moment."""
    camera = desk.files.camera
    ft.on_mounted(camera.start)
    ft.on_unmounted(camera.stop)
    side = desk.look.square(FINDER_WIDE if desk.look.wide else FINDER)
    width, height = camera.box(side)
    seen = ft.Container(
        content=camera.control,
        left=(side - width) / 2,
        top=(side - height) / 2,
        width=width,
        height=height,
        # Centred, a picture keeps its proportions, whatever they are; a square one fills the square anyway.
        alignment=None if width == height else ft.Alignment.CENTER,
    )
    picture = ft.Container(
        content=ft.Stack(controls=[seen], width=side, height=side),
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
