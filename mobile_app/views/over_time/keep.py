"""Keeping a photo: which spot it belongs to, and whether that has changed."""

from collections.abc import Callable, Mapping

import flet as ft

from mobile_app.store import Lesion
from mobile_app.views.over_time.spots import name_of
from mobile_app.views.pieces.choice import Choice
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.draft import text_field, use_draft
from mobile_app.views.pieces.frame import frame
from mobile_app.views.pieces.look import picture, stack
from mobile_app.views.pieces.place import PlaceChoice
from mobile_app.visit.draft import Draft
from mobile_app.visit.session import KEEP_FORM
from mobile_app.visit.spots import Keeping

_NEW = ""


def keeping(desk: Desk, kept: Keeping) -> ft.Control:
    """A new spot, or one that is there."""
    return frame(desk, KeepForm(desk, kept, desk.spots.known()), tabs=False)


@ft.component
def KeepForm(desk: Desk, kept: Keeping, known: tuple[Lesion, ...]) -> ft.Control:
    """Nothing is stored before "Keep" is tapped."""
    texts, look, session = desk.texts.spots, desk.look, desk.session
    draft, put = use_draft(desk, KEEP_FORM, Draft)

    def keep() -> None:
        if draft.lesion_id == _NEW:
            session.keep(lesion_id=None, name=draft.name, place=draft.place, answers={})
        else:
            session.keep(lesion_id=draft.lesion_id, answers=draft.answers)

    new = [
        text_field(desk, texts.name, draft.name, lambda name: draft.write(name=name), hint=texts.name_hint),
        PlaceChoice(desk, draft.place, lambda place: put(place=place)),
    ]
    again = [_questions(desk, draft.answers, lambda code, yes: put(answers={**draft.answers, code: yes}))]
    return look.card(
        look.heading(texts.keep_title, size=21),
        ft.Row(controls=[picture(kept.photo, label="", side=112)]),
        *([_which(desk, draft.lesion_id, known, lambda found: put(lesion_id=found))] if known else []),
        *(new if draft.lesion_id == _NEW else again),
        look.muted(desk.promises.storage(desk.texts)),
        look.button(texts.save, icon=ft.Icons.CHECK, on_tap=keep),
        look.link(texts.back, icon=ft.Icons.ARROW_BACK, on_tap=session.stop_keeping),
    )


def _which(desk: Desk, chosen: str, known: tuple[Lesion, ...], choose: Callable[[str], None]) -> ft.Control:
    options = ((_NEW, desk.texts.spots.new_spot), *((lesion.id, name_of(desk, lesion)) for lesion in known))
    return Choice(desk.look, desk.texts.spots.which_spot, options, chosen, choose)


def _questions(desk: Desk, answers: Mapping[str, bool], answer: Callable[[str, bool], None]) -> ft.Control:
    texts, look = desk.texts.spots, desk.look
    boxes = [
        _question(desk, question, answers.get(code, False), _answers(code, answer)) for code, question in texts.changed
    ]
    return stack(look.words(texts.changed_title, bold=True), *boxes, look.muted(texts.changed_hint), spacing=6)


def _question(desk: Desk, question: str, yes: bool, on_answer: Callable[[bool], None]) -> ft.Control:
    """A box with its question beside it, which a checkbox's own label would not wrap."""
    look = desk.look
    box = ft.Checkbox(
        value=yes,
        semantics_label=question,
        active_color=look.palette.brand,
        on_change=lambda event: on_answer(bool(event.control.value)),
    )
    words = ft.GestureDetector(
        content=look.words(question), on_tap=lambda: on_answer(not yes), exclude_from_semantics=True, expand=True
    )
    return ft.Row(controls=[box, words], spacing=4)


def _answers(code: str, answer: Callable[[str, bool], None]) -> Callable[[bool], None]:
    return lambda yes: answer(code, yes)
