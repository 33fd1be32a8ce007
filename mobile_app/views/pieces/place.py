"""Where on the body: by tapping a drawing, or from a list that says the same."""

from collections.abc import Callable

import flet as ft

from mobile_app.body import FIGURE, PAIRED, Half, Part, Place, Point, Region, View, points
from mobile_app.views.pieces.choice import Choice
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.look import Look, stack

MAP_WIDTH = 128.0
"""Logical pixels of one drawing: two stand beside each other on a phone."""
TARGET = 24.0
"""Logical pixels of a place that is tapped: the least that WCAG 2.2 allows (2.5.8)."""


@ft.component
def PlaceChoice(desk: Desk, place: Place | None, choose: Callable[[Place | None], None]) -> ft.Control:
    """Front and back with a mark on what is chosen; the list below has every place by name."""
    texts = desk.texts
    maps = [
        ft.Column(controls=[desk.look.muted(label), _drawing(desk, view, place, choose)], spacing=4, tight=True)
        for view, label in ((View.FRONT, texts.spots.front), (View.BACK, texts.spots.back_view))
    ]
    return stack(
        desk.look.words(texts.spots.place, bold=True),
        ft.Row(controls=list(maps), alignment=ft.MainAxisAlignment.SPACE_EVENLY),
        _list(desk, place, choose),
        spacing=8,
    )


def places() -> tuple[Place, ...]:
    """Every place there is, paired regions once for each half."""
    return tuple(
        Place(region=region, half=half)
        for region in Region
        for half in ((Half.LEFT, Half.RIGHT) if region in PAIRED else (None,))
    )


def _list(desk: Desk, place: Place | None, choose: Callable[[Place | None], None]) -> ft.Control:
    names = {_key(each): each for each in places()}
    options = [("", desk.texts.spots.no_place), *((key, desk.texts.body.place(each)) for key, each in names.items())]
    return Choice(desk.look, "", tuple(options), _key(place) if place else "", lambda key: choose(names.get(key)))


def _key(place: Place) -> str:
    return place.region.value if place.half is None else f"{place.region.value}-{place.half.value}"


def _drawing(desk: Desk, view: View, place: Place | None, choose: Callable[[Place | None], None]) -> ft.Control:
    marks = [_mark(desk, point, chosen=point.place == place, choose=choose) for point in points(view)]
    return ft.Stack(
        controls=[*[_part(desk.look, part) for part in FIGURE], *marks], width=MAP_WIDTH, height=2 * MAP_WIDTH
    )


def _part(look: Look, part: Part) -> ft.Control:
    return ft.Container(
        left=part.x * MAP_WIDTH,
        top=part.y * MAP_WIDTH,
        width=part.width * MAP_WIDTH,
        height=part.height * MAP_WIDTH,
        border_radius=part.radius * MAP_WIDTH,
        bgcolor=look.palette.track,
    )


def _mark(desk: Desk, point: Point, *, chosen: bool, choose: Callable[[Place | None], None]) -> ft.Control:
    """A small ring; the chosen one is filled and has a tick."""
    palette = desk.look.palette
    name = desk.texts.body.place(point.place)

    def tapped() -> None:
        choose(None if chosen else point.place)

    dot = ft.Container(
        content=ft.Icon(icon=ft.Icons.CHECK, size=14, color=palette.on_brand) if chosen else None,
        width=TARGET if chosen else 12,
        height=TARGET if chosen else 12,
        border_radius=TARGET,
        bgcolor=palette.brand if chosen else palette.surface,
        border=ft.Border.all(2, palette.brand),
        alignment=ft.Alignment.CENTER,
    )
    target = ft.Container(
        content=dot,
        width=TARGET,
        height=TARGET,
        alignment=ft.Alignment.CENTER,
        tooltip=name,
        on_click=tapped,
    )
    spoken = ft.Semantics(
        content=target,
        label=name,
        button=True,
        selected=chosen,
        on_tap=tapped,
        exclude_semantics=True,
        container=True,
    )
    return ft.Container(content=spoken, left=point.x * MAP_WIDTH - TARGET / 2, top=point.y * MAP_WIDTH - TARGET / 2)
