"""The fields of a form, and what was typed into them until it is kept."""

from collections.abc import Callable
from typing import Any

import flet as ft

from mobile_app.locales.texts import SpotTexts
from mobile_app.paper.letters import lacking
from mobile_app.typefaces import shown_on_page
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.look import stack
from mobile_app.visit.draft import Draft


def use_draft(desk: Desk, form: str, first: Callable[[], Draft]) -> tuple[Draft, Callable[..., None]]:
    """The draft of this form, as it was left if it was begun before; and what notes a choice and draws it anew."""
    draft = desk.session.draft(form, first)
    _, draw = ft.use_state(0)

    def put(**changes: Any) -> None:
        draft.write(**changes)
        draw(lambda turn: turn + 1)

    return draft, put


@ft.component
def text_field(
    desk: Desk, label: str, value: str, on_change: Callable[[str], None], *, hint: str = "", lines: int = 1
) -> ft.Control:
    """A text field, which says so below it where some of what is typed cannot be printed or shown."""
    look = desk.look
    given, typed = ft.use_ref(value), ft.use_ref(value)
    if given.current != value:  # the form has other words by now: those that a restarted program was given back
        given.current = typed.current = value
    _, say = ft.use_state(remark_on(value, desk.texts.spots))

    def change(text: str) -> None:
        typed.current = text
        on_change(text)
        say(remark_on(text, desk.texts.spots))  # drawn anew only where this changes: not for every letter

    remark = remark_on(typed.current or "", desk.texts.spots)
    field = ft.TextField(
        label=label,
        value=typed.current or "",
        hint_text=hint,
        multiline=lines > 1,
        min_lines=lines if lines > 1 else None,
        max_length=2000 if lines > 1 else 80,
        text_size=15 * look.scale,
        label_style=look.field_label,
        hint_style=look.field_label,
        counter_style=ft.TextStyle(size=11 * look.scale, color=look.palette.muted),
        border_color=look.palette.outline,
        on_change=lambda event: change(str(event.control.value or "")),
    )
    # Below the field and not as its helper, which lies over it for whoever reads with a screen reader.
    return stack(field, *([look.muted(remark)] if remark else []), spacing=4)


def remark_on(text: str, texts: SpotTexts) -> str:
    """What is said about letters that the app cannot print or show; empty where it can."""
    if text.isascii() or not lacking(text):
        return ""
    return texts.unprintable if all(map(shown_on_page, filter(str.isprintable, text))) else texts.unshown
