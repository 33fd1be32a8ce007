"""What this app is, which model judges, and whose work is inside."""

from functools import partial

import flet as ft

from mobile_app.licences import PARTS, Part, text_of
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.frame import frame
from mobile_app.views.pieces.look import stack
from mobile_app.visit.session import Subpage


def about(desk: Desk) -> ft.Control:
    """The end of the settings: what it is, and the way to the pages below."""
    texts, look, session = desk.texts.settings, desk.look, desk.session
    pages = (
        (texts.model_card, ft.Icons.INSIGHTS, Subpage.MODEL),
        (texts.licences, ft.Icons.GAVEL, Subpage.LICENCES),
    )
    return look.card(
        look.heading(texts.about),
        look.words(desk.promises.about(desk.texts)),
        *[look.link(label, icon=icon, on_tap=partial(session.open_subpage, page)) for label, icon, page in pages],
        look.link(texts.introduction, icon=ft.Icons.REPLAY, on_tap=session.introduce_again),
    )


def model_card(desk: Desk) -> ft.Control:
    """What the bundle says of itself; while it is being loaded, or is missing, that."""
    texts, look, card = desk.texts.settings, desk.look, desk.files.model_card()
    if card is None:
        return frame(desk, _back(desk), look.card(look.words(desk.texts.trouble.bundle_title)))
    return frame(
        desk,
        _back(desk),
        look.heading(texts.model_card, size=22),
        look.card(*_pairs(desk, card.facts)),
        *([look.card(look.heading(texts.figures), *_pairs(desk, card.figures))] if card.figures else []),
        look.card(look.heading(texts.limits), *look.bullets(card.limits, icon=ft.Icons.CHEVRON_RIGHT)),
        *_to_measure(desk),
    )


def _to_measure(desk: Desk) -> list[ft.Control]:
    if desk.measuring is None:
        return []
    (title, _), open_it = desk.promises.measured(desk.texts), partial(desk.session.open_subpage, Subpage.MEASURE)
    return [desk.look.button(title, icon=ft.Icons.SPEED, on_tap=open_it, primary=False)]


def licences(desk: Desk) -> ft.Control:
    """Every part by name; a tap shows its licence in full, where it came with one."""
    texts, look = desk.texts.settings, desk.look
    return frame(
        desk,
        _back(desk),
        look.heading(texts.licences, size=22),
        look.muted(texts.licences_hint, size=14),
        look.card(*[PartEntry(desk, part) for part in PARTS]),
    )


@ft.component
def PartEntry(desk: Desk, part: Part) -> ft.Control:
    """Name and licence; below it, once tapped, the whole text."""
    opened, open_it = ft.use_state(False)
    look = desk.look
    title = f"{part.name}: {part.licence}"
    text = text_of(part) if opened else ""
    if not part.readable:
        return look.words(title)
    head = look.link(
        title, icon=ft.Icons.EXPAND_LESS if opened else ft.Icons.EXPAND_MORE, on_tap=lambda: open_it(not opened)
    )
    return stack(head, *([look.muted(text, size=12)] if text else []), spacing=4)


def _back(desk: Desk) -> ft.Control:
    return desk.look.link(
        desk.texts.spots.back, icon=ft.Icons.ARROW_BACK, on_tap=lambda: desk.session.open_subpage(None)
    )


def _pairs(desk: Desk, pairs: tuple[tuple[str, str], ...]) -> list[ft.Control]:
    """Each name over its value, so that long values wrap."""
    look = desk.look
    return [stack(look.muted(name), look.words(value), spacing=2) for name, value in pairs]
