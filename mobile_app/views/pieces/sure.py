"""The second tap before something is gone for good."""

from collections.abc import Callable

import flet as ft

from mobile_app.views.pieces.desk import Desk
from runtime.answer.advice import AdviceKind


def sure(desk: Desk, what: str, *, yes: Callable[[], None], no: Callable[[], None], does: str = "") -> ft.Control:
    """What will be gone, a button that does it ("Delete" if `does` is not said), and first the one that does not."""
    texts, look = desk.texts.spots, desk.look
    red = look.palette.tones[AdviceKind.HIGH]
    return look.card(
        ft.Semantics(content=look.words(what, color=red.text), live_region=True),
        look.button(texts.keep_it, icon=ft.Icons.UNDO, on_tap=no),
        look.button(
            does or texts.delete, icon=ft.Icons.DELETE_FOREVER_OUTLINED, on_tap=yes, primary=False, color=red.accent
        ),
        tone=red,
    )
