"""One of many: a button that says what is chosen and opens the list below itself."""

from collections.abc import Callable
from functools import partial

import flet as ft

from mobile_app.views.pieces.look import Look, stack


@ft.component
def Choice(
    look: Look, label: str, options: tuple[tuple[str, str], ...], value: str, on_choice: Callable[[str], None]
) -> ft.Control:
    """`options`: keys with their texts. Flutter's own menu has no name for a screen reader in a browser."""
    opened, set_opened = ft.use_state(False)
    texts = dict(options)

    def choose(key: str) -> None:
        set_opened(False)
        on_choice(key)

    head = _button(
        look,
        f"{label}: {texts.get(value, '')}" if label else texts.get(value, ""),
        icon=ft.Icons.EXPAND_LESS if opened else ft.Icons.EXPAND_MORE,
        on_tap=lambda: set_opened(not opened),
    )
    spoken = ft.Semantics(content=head, expanded=opened)
    if not opened:
        return stack(spoken)
    rows = [_option(look, text, chosen=key == value, on_tap=partial(choose, key)) for key, text in options]
    return stack(spoken, *rows, spacing=2)


def _button(look: Look, text: str, *, icon: ft.IconData, on_tap: Callable[[], None]) -> ft.Control:
    content = ft.Row(controls=[look.words(text, expand=True), ft.Icon(icon=icon, color=look.palette.muted)], spacing=8)
    style = ft.ButtonStyle(
        shape=ft.RoundedRectangleBorder(radius=12),
        side=ft.BorderSide(1, look.palette.outline),
        bgcolor=look.palette.surface,
        padding=ft.Padding.symmetric(horizontal=14, vertical=14),
        visual_density=ft.VisualDensity.STANDARD,
    )
    return ft.TextButton(content=content, style=style, on_click=on_tap)


def _option(look: Look, text: str, *, chosen: bool, on_tap: Callable[[], None]) -> ft.Control:
    tick = [ft.Icon(icon=ft.Icons.CHECK, color=look.palette.brand, size=18)] if chosen else [ft.Container(width=18)]
    content = ft.Row(controls=[*tick, look.words(text, expand=True, bold=chosen)], spacing=8)
    style = ft.ButtonStyle(
        shape=ft.RoundedRectangleBorder(radius=10),
        padding=ft.Padding.symmetric(horizontal=14, vertical=10),
        visual_density=ft.VisualDensity.STANDARD,
    )
    return ft.Semantics(content=ft.TextButton(content=content, style=style, on_click=on_tap), selected=chosen)
