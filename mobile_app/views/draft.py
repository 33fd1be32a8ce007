"""What is being typed and chosen in a form, until it is kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import flet as ft

from mobile_app.body import Place
from mobile_app.views.desk import Desk


@dataclass
class Draft:
    """A form's fields. Taps arrive faster than the page is drawn: each reads what the ones before it wrote, and not
    what was drawn when it was aimed at."""

    lesion_id: str = ""
    """of a spot that is there; empty for a new one"""
    name: str = ""
    place: Place | None = None
    notes: str = ""
    answers: dict[str, bool] = field(default_factory=dict[str, bool])

    def write(self, **changes: Any) -> None:
        """Note what was typed; the field shows it already."""
        vars(self).update(changes)


def use_draft(first: Callable[[], Draft]) -> tuple[Draft, Callable[..., None]]:
    """A component's draft, and what notes a choice and draws the form anew."""
    draft = ft.use_ref(first).current or first()
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
