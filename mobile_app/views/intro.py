"""The introduction, at first start: four steps, each one thing to know."""

import flet as ft

from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.frame import frame
from mobile_app.views.pieces.language import language_choice

ICONS = (
    ft.Icons.CENTER_FOCUS_STRONG_OUTLINED,
    ft.Icons.SIGNAL_WIFI_OFF,
    ft.Icons.MEDICAL_INFORMATION_OUTLINED,
    ft.Icons.DIVERSITY_3_OUTLINED,
)


def introduction(desk: Desk) -> ft.Control:
    """One step; the language can be changed on each."""
    texts, look, session = desk.texts.start, desk.look, desk.session
    title, text = desk.promises.steps(desk.texts)[session.step]
    last = session.step == len(texts.steps) - 1
    icon = ft.Icon(icon=ICONS[session.step], size=52, color=look.palette.brand)
    skip = [look.link(texts.skip, icon=ft.Icons.SKIP_NEXT, on_tap=session.end_introduction)]
    return frame(
        desk,
        look.card(
            look.emblem(icon),
            ft.Semantics(content=look.heading(title, size=22), live_region=True),
            look.words(text, size=16),
            _dots(desk),
            look.button(texts.begin if last else texts.next, icon=ft.Icons.ARROW_FORWARD, on_tap=session.next_step),
            *([] if last else skip),
        ),
        language_choice(desk),
        tabs=False,
    )


def _dots(desk: Desk) -> ft.Control:
    """How far one is: the dot of this step is longer, not only of another colour."""
    palette, session = desk.look.palette, desk.session
    return ft.Row(
        controls=[
            ft.Container(
                width=22 if step == session.step else 8,
                height=8,
                border_radius=4,
                bgcolor=palette.brand if step == session.step else palette.outline,
            )
            for step in range(len(desk.texts.start.steps))
        ],
        alignment=ft.MainAxisAlignment.CENTER,
        spacing=6,
    )
