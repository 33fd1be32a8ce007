"""Two photos of one spot: side by side where there is room, and on top of each other."""

from collections.abc import Callable, Mapping, Sequence

import flet as ft

from mobile_app.store import Shot
from mobile_app.views.over_time.spots import answers_of, name_of
from mobile_app.views.pieces.choice import Choice
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.frame import NARROW, columns, frame
from mobile_app.views.pieces.look import image_source, picture, stack
from mobile_app.visit.spots import Comparison, Spots, names_of

COMPARED = 880
"""Logical pixels at most for two photos side by side: on a laptop the sliding comparison still shows below them."""


def comparison(desk: Desk, view: Comparison) -> ft.Control:
    """Which two photos, and both with a line between them that the finger moves; side by side where there is room."""
    texts, look = desk.texts.spots, desk.look
    options = _options(desk, view)
    first, second = _ends(desk, view, dict(options))
    return frame(
        desk,
        look.link(texts.back, icon=ft.Icons.ARROW_BACK, on_tap=desk.spots.back),
        look.heading(name_of(desk, view.lesion), size=21, level=2),
        _sides(desk, view, options),
        ft.Column(
            controls=[ft.Container(content=Slide(desk, view, first, second), width=NARROW)],
            tight=True,
            horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        ),
        widest=COMPARED if look.wide else NARROW,
    )


def _options(desk: Desk, view: Comparison) -> list[tuple[str, str]]:
    """The kept photos' ids, each with what its photo is called."""
    names = names_of(answers_of(desk, view.kept), date=desk.texts.date, not_assessed=desk.texts.spots.not_assessed)
    return [(shot.id, name) for shot, name in zip(view.kept, names, strict=True)]


def _ends(desk: Desk, view: Comparison, names: Mapping[str, str]) -> tuple[str, str]:
    """The two photos in short: by their dates, unless they are the same."""
    first, second = (shot.taken.strftime(desk.texts.date) for shot in (view.earlier, view.later))
    return (first, second) if first != second else (names[view.earlier.id], names[view.later.id])


def _sides(desk: Desk, view: Comparison, options: Sequence[tuple[str, str]]) -> ft.Control:
    """The earlier and the later photo: lists to choose them from, above their pictures where there is room."""
    texts = desk.texts.spots
    earlier = _side(desk, options, texts.earlier, view.earlier, other=view.later, jpeg=view.first)
    later = _side(desk, options, texts.later, view.later, other=view.earlier, jpeg=view.second)
    if not desk.look.wide:
        return stack(earlier, later, spacing=8)
    return columns([earlier], [later], wide=True)


def _side(
    desk: Desk, options: Sequence[tuple[str, str]], label: str, shot: Shot, *, other: Shot, jpeg: bytes
) -> ft.Control:
    look, mine = desk.look, tuple(option for option in options if option[0] != other.id)
    name = f"{label}: {dict(mine)[shot.id]}"
    choice = Choice(look, label, mine, shot.id, _compares(desk.spots, other)) if len(mine) > 1 else look.words(name)
    return stack(choice, *([picture(jpeg, label=name)] if look.wide else []), spacing=10)


def _compares(spots: Spots, other: Shot) -> Callable[[str], None]:
    return lambda chosen: spots.compare(chosen, other.id)


@ft.component
def Slide(desk: Desk, view: Comparison, first: str, second: str) -> ft.Control:
    """Two photos in one square, the earlier one up to a line that follows the finger; buttons show either whole."""
    share, set_share = ft.use_state(0.5)
    texts, look = desk.texts.spots, desk.look
    side = 380.0 if look.wide else 280.0
    earlier = ft.Container(
        content=ft.Stack(controls=[_whole(view.first, side)], width=side, height=side),
        width=share * side,
        height=side,
        clip_behavior=ft.ClipBehavior.HARD_EDGE,
    )
    line = ft.Container(left=share * side - 1, width=2, height=side, bgcolor=look.palette.surface)
    hold = ft.GestureDetector(
        content=ft.Stack(controls=[_whole(view.second, side), earlier, line], width=side, height=side),
        mouse_cursor=ft.MouseCursor.RESIZE_LEFT_RIGHT,
        exclude_from_semantics=True,
        on_horizontal_drag_update=lambda event: set_share(_share(event.local_position.x, side)),
        on_tap_down=lambda event: set_share(_share(event.local_position.x if event.local_position else 0.0, side)),
    )
    square = ft.Container(
        content=hold, width=side, height=side, border_radius=16, clip_behavior=ft.ClipBehavior.ANTI_ALIAS
    )
    spoken = ft.Semantics(
        content=square, label=f"{texts.compare_spoken}: {first}, {second}", image=True, container=True
    )
    ends = [
        look.link(first, icon=ft.Icons.CHEVRON_LEFT, on_tap=lambda: set_share(1.0)),
        look.link(second, icon=ft.Icons.CHEVRON_RIGHT, on_tap=lambda: set_share(0.0)),
    ]
    return look.card(
        ft.Row(controls=[spoken], alignment=ft.MainAxisAlignment.CENTER),
        ft.Row(controls=list(ends), alignment=ft.MainAxisAlignment.SPACE_BETWEEN, wrap=True),
        look.muted(texts.compare_hint),
    )


def _whole(jpeg: bytes, side: float) -> ft.Control:
    return ft.Image(src=image_source(jpeg), width=side, height=side, fit=ft.BoxFit.COVER, exclude_from_semantics=True)


def _share(x: float, side: float) -> float:
    return min(max(x / side, 0.0), 1.0)
