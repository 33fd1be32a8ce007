"""The fields of a form, and what was typed into them until it is kept."""

from collections.abc import Callable
from typing import Any

import flet as ft

from mobile_app.draft import Draft
from mobile_app.views.desk import Desk


def use_draft(desk: Desk, form: str, first: Callable[[], Draft]) -> tuple[Draft, Callable[..., None]]:
    """The draft of this form, as it was left if it was begun before; and what notes a choice and draws it anew."""
    draft = desk.session.drafts.setdefault(form, first())
    _, draw = ft.use_state(0)

    def put(**changes: Any) -> None:
        draft.write(**changes)
        draw(lambda turn: turn + 1)

    return draft, put


def text_field(
    desk: Desk, label: str, value: str, on_change: Callable[[str], None], *, hint: str = "", lines: int = 1
) -> ft.Control:
    """A text field."""
    look = desk.look
    return ft.TextField(
        label=label,
        value=value,
        hint_text=hint,
        multiline=lines > 1,
        min_lines=lines if lines > 1 else None,
        max_length=2000 if lines > 1 else 80,
        text_size=15 * look.scale,
        label_style=look.field_label,
        hint_style=look.field_label,
        counter_style=ft.TextStyle(size=11 * look.scale, color=look.palette.muted),
        border_color=look.palette.outline,
        on_change=lambda event: on_change(str(event.control.value or "")),
    )
