"""Changing a spot's name, place and notes."""

import flet as ft

from mobile_app.store import Lesion
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.draft import text_field, use_draft
from mobile_app.views.pieces.frame import frame
from mobile_app.views.pieces.place import PlaceChoice
from mobile_app.visit.draft import Draft
from mobile_app.visit.spots import SpotEdit


def spot_edit(desk: Desk, view: SpotEdit) -> ft.Control:
    """Name, place, notes."""
    return frame(desk, SpotForm(desk, view.lesion), tabs=False)


@ft.component
def SpotForm(desk: Desk, lesion: Lesion) -> ft.Control:
    """What is typed is kept only when "Keep" is tapped."""
    texts, look, spots = desk.texts.spots, desk.look, desk.spots
    first = Draft(name=lesion.name, place=lesion.place, notes=lesion.notes)
    draft, put = use_draft(desk, lesion.id, lambda: first)

    def save() -> None:
        spots.save(name=draft.name, place=draft.place, notes=draft.notes)
        desk.session.forget_draft(lesion.id)

    return look.card(
        text_field(desk, texts.name, draft.name, lambda name: draft.write(name=name), hint=texts.name_hint),
        PlaceChoice(desk, draft.place, lambda place: put(place=place)),
        text_field(desk, texts.notes, draft.notes, lambda notes: draft.write(notes=notes), lines=4),
        look.button(
            texts.save,
            icon=ft.Icons.CHECK,
            on_tap=save,
        ),
        look.link(texts.back, icon=ft.Icons.ARROW_BACK, on_tap=spots.back),
    )
