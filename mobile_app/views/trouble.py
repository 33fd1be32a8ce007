"""When there is no answer: a file that is no usable photo, a model that cannot be used, anything unforeseen."""

import flet as ft

from mobile_app import palette
from mobile_app.state import Fault, Malfunction, PhotoRefused
from mobile_app.views.frame import frame
from mobile_app.views.parts import Desk, bullets, card, choose_button, heading, tap_button, words


def photo_refused(desk: Desk, screen: PhotoRefused) -> ft.Control:
    """What is wrong with the file, and another one as the way on."""
    texts = desk.texts
    return frame(
        desk,
        card(
            _title(texts.refused_title, icon=ft.Icons.BROKEN_IMAGE_OUTLINED),
            words(screen.reason),
            words(texts.refused_advice),
            tone=palette.WARNING,
        ),
        choose_button(desk, texts.choose_another),
    )


def malfunction(desk: Desk, screen: Malfunction) -> ft.Control:
    """What happened, what to do, and one button to try again."""
    texts = desk.texts
    bundle = screen.fault is Fault.BUNDLE
    advice = texts.bundle_advice if bundle else (texts.unexpected_advice,)
    return frame(
        desk,
        card(
            _title(texts.bundle_title if bundle else texts.unexpected_title, icon=ft.Icons.BUILD_CIRCLE_OUTLINED),
            *bullets(advice, icon=ft.Icons.CHEVRON_RIGHT, color=palette.WARNING.accent),
            tone=palette.WARNING,
        ),
        card(heading(texts.details), words(screen.detail, size=14, color=palette.MUTED)),
        tap_button(texts.try_again, icon=ft.Icons.REFRESH, on_tap=desk.journey.try_again),
    )


def _title(text: str, *, icon: ft.IconData) -> ft.Control:
    return ft.Row(
        controls=[
            ft.Icon(icon=icon, color=palette.WARNING.accent, size=32),
            ft.Container(
                content=ft.Semantics(content=heading(text, size=21, color=palette.WARNING.accent), live_region=True),
                expand=True,
            ),
        ],
        spacing=12,
    )
