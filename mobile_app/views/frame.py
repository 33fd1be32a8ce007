"""What surrounds every screen: the app's name, where photos go, and the disclaimer."""

import flet as ft

from mobile_app import palette
from mobile_app.views.parts import GAP, Desk, heading, notice, words

WIDE = 1040  # logical pixels at most: two columns
NARROW = 560  # logical pixels at most: one column, so that lines of text stay readable on a desktop
TWO_COLUMNS_FROM = 800  # logical pixels of the window


def frame(desk: Desk, *controls: ft.Control, widest: int = NARROW) -> ft.Control:
    """The whole page: header on top, the screen's controls, the disclaimer below; it scrolls as one."""
    body = ft.Column(
        controls=[_header(desk), *controls, _disclaimer(desk)],
        spacing=GAP,
        tight=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    # A column gives its children loose constraints: the width below is a maximum, smaller windows get smaller pages.
    middle = ft.Column(
        controls=[ft.Container(content=body, width=widest, padding=ft.Padding.all(GAP))],
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        scroll=ft.ScrollMode.AUTO,
        expand=True,
    )
    return ft.SafeArea(content=middle, expand=True)


def beside(photo: ft.Control, *answer: ft.Control, wide: bool) -> ft.Control:
    """The photo next to the answer where there is room, above it on a phone."""
    column = ft.Column(
        controls=list(answer), spacing=GAP, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )
    if not wide:
        column.controls.insert(0, photo)
        return column
    return ft.Row(
        controls=[ft.Container(content=photo, expand=5), ft.Container(content=column, expand=8)],
        spacing=GAP + 8,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def _header(desk: Desk) -> ft.Control:
    mark = ft.Container(
        content=ft.Icon(icon=ft.Icons.HEALTH_AND_SAFETY_OUTLINED, color=palette.ON_BRAND, size=24),
        bgcolor=palette.BRAND,
        border_radius=12,
        padding=ft.Padding.all(9),
    )
    title = ft.Column(
        controls=[heading(desk.texts.app, size=19, level=1), words(desk.where, size=13, color=palette.MUTED)],
        spacing=1,
        tight=True,
        expand=True,
    )
    return ft.Row(controls=[mark, title], spacing=12)


def _disclaimer(desk: Desk) -> ft.Control:
    return notice(desk.disclaimer, title=desk.texts.disclaimer_title, icon=ft.Icons.INFO_OUTLINE, tone=palette.NEUTRAL)
