"""The start, and the moment while the photo is being judged."""

import flet as ft

from mobile_app import palette
from mobile_app.state import Analysing
from mobile_app.views.frame import frame
from mobile_app.views.parts import Desk, bullets, card, choose_button, heading, words


def welcome(desk: Desk) -> ft.Control:
    """One question, three hints, one button."""
    texts = desk.texts
    return frame(
        desk,
        card(
            _emblem(ft.Icon(icon=ft.Icons.CENTER_FOCUS_STRONG_OUTLINED, size=52, color=palette.BRAND)),
            heading(texts.before_the_photo, size=22),
            *bullets(texts.tips),
            ft.Container(content=choose_button(desk, texts.choose_photo), padding=ft.Padding.only(top=6)),
        ),
    )


def analysing(desk: Desk, screen: Analysing) -> ft.Control:
    """A sign of life with the file's name; the answer replaces it within about a second."""
    texts = desk.texts
    ring = ft.ProgressRing(width=46, height=46, stroke_width=4, color=palette.BRAND, bgcolor=palette.TRACK)
    return frame(
        desk,
        card(
            _emblem(ring),
            ft.Semantics(content=heading(texts.analysing, size=22), live_region=True),
            words(screen.photo.name, color=palette.MUTED),
            words(texts.analysing_hint, color=palette.MUTED),
        ),
    )


def _emblem(content: ft.Control) -> ft.Control:
    return ft.Container(
        content=content, height=132, bgcolor=palette.PAGE, border_radius=14, alignment=ft.Alignment.CENTER
    )
