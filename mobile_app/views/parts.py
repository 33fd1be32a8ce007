"""The pieces that screens are made of: cards, headings, lists, buttons, notices."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft

from mobile_app import palette
from mobile_app.locales import Texts
from mobile_app.palette import Tone
from mobile_app.state import Journey

RADIUS = 16
GAP = 16  # logical pixels between cards


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What every screen needs at hand: the words, the taps, and the service that opens the file chooser."""

    texts: Texts
    journey: Journey
    picker: ft.FilePicker
    disclaimer: str
    where: str  # one line: where the photo goes
    wide: bool = False  # room for two columns


def card(*controls: ft.Control, tone: Tone | None = None) -> ft.Container:
    """A rounded surface with its controls stacked; `tone` colours it."""
    return ft.Container(
        content=ft.Column(
            controls=list(controls), spacing=12, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
        ),
        bgcolor=tone.background if tone else palette.SURFACE,
        border=ft.Border.all(1, tone.border if tone else palette.OUTLINE),
        border_radius=RADIUS,
        padding=ft.Padding.all(20),
    )


def heading(text: str, *, size: int = 17, color: str = palette.TEXT, level: int = 2) -> ft.Control:
    """A title that screen readers announce as one."""
    return ft.Semantics(
        content=ft.Text(value=text, size=size, weight=ft.FontWeight.W_700, color=color), heading_level=level
    )


def words(text: str, *, size: int = 15, color: str = palette.TEXT, expand: bool = False) -> ft.Text:
    """Running text."""
    return ft.Text(value=text, size=size, color=color, expand=expand)


def bullets(
    lines: Sequence[str], *, icon: ft.IconData = ft.Icons.CHECK, color: str = palette.BRAND
) -> list[ft.Control]:
    """Each line beside a small icon, so that no bullet glyph is needed."""
    return [
        ft.Row(
            controls=[
                ft.Container(content=ft.Icon(icon=icon, size=18, color=color), padding=ft.Padding.only(top=2)),
                words(line, expand=True),
            ],
            spacing=10,
            vertical_alignment=ft.CrossAxisAlignment.START,
        )
        for line in lines
    ]


def choose_button(desk: Desk, label: str, *, primary: bool = True) -> ft.Control:
    """Opens the file chooser. The browser opens one only inside the user's own tap, hence a client action."""
    return _button(
        label,
        icon=ft.Icons.PHOTO_LIBRARY_OUTLINED,
        primary=primary,
        action=ft.PickFiles(
            desk.picker,
            dialog_title=desk.texts.choose_dialog,
            file_type=ft.FilePickerFileType.IMAGE,
            with_data=True,
            # A slow computer loses focus before the file has arrived; that is no cancellation.
            cancel_upload_on_window_blur=False,
        ),
    )


def tap_button(label: str, *, icon: ft.IconData, on_tap: Callable[[], None], primary: bool = True) -> ft.Control:
    """A button for everything but choosing a file."""
    return _button(label, icon=icon, primary=primary, on_click=on_tap)


def _button(
    label: str,
    *,
    icon: ft.IconData,
    primary: bool,
    action: ft.ClientAction | None = None,
    on_click: Callable[[], None] | None = None,
) -> ft.Control:
    style = ft.ButtonStyle(
        shape=ft.RoundedRectangleBorder(radius=14),
        text_style=ft.TextStyle(size=16, weight=ft.FontWeight.W_600),
        padding=ft.Padding.symmetric(horizontal=20, vertical=16),
    )
    kind = ft.FilledButton if primary else ft.OutlinedButton
    return kind(content=label, icon=icon, style=style, height=54, action=action, on_click=on_click)


def picture(preview: bytes, *, label: str, side: int | None = None) -> ft.Control:
    """The judged square: `side` logical pixels, or as wide as its column."""
    return ft.Image(
        src=preview,
        fit=ft.BoxFit.COVER,
        semantics_label=label,
        border_radius=RADIUS,
        width=side,
        height=side,
        aspect_ratio=None if side else 1,
    )


def notice(text: str, *, icon: ft.IconData, tone: Tone, title: str = "") -> ft.Control:
    """An important remark in a coloured box, with an icon so that colour never speaks alone."""
    lines: list[ft.Control] = [words(text, size=14)]
    if title:
        lines.insert(0, ft.Text(value=title, size=14, weight=ft.FontWeight.W_700, color=tone.accent))
    return ft.Container(
        content=ft.Row(
            controls=[
                ft.Icon(icon=icon, color=tone.accent, size=22),
                ft.Column(controls=lines, spacing=2, tight=True, expand=True),
            ],
            spacing=12,
            vertical_alignment=ft.CrossAxisAlignment.START,
        ),
        bgcolor=tone.background,
        border=ft.Border.all(1, tone.border),
        border_radius=12,
        padding=ft.Padding.all(14),
    )
