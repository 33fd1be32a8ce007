"""When something cannot be had: an answer, what is kept, or the screen itself; and what to do."""

import flet as ft

from mobile_app.photo.screens import Fault, Malfunction, PhotoRefused
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.frame import frame
from mobile_app.views.pieces.sure import sure
from mobile_app.visit.spots import Unreadable


def photo_refused(desk: Desk, screen: PhotoRefused) -> ft.Control:
    """What is wrong with the file, and another one as the way on."""
    texts, look = desk.texts.trouble, desk.look
    if screen.unsent:
        return frame(
            desk,
            _card(desk, texts.not_arrived_title, look.words(screen.reason), icon=ft.Icons.CLOUD_OFF_OUTLINED),
            desk.choose(texts.try_again),
        )
    return frame(
        desk,
        _card(
            desk,
            texts.refused_title,
            look.words(screen.reason),
            look.words(texts.heic_advice if screen.heic else texts.refused_advice),
            icon=ft.Icons.BROKEN_IMAGE_OUTLINED,
        ),
        desk.choose(desk.texts.answer.choose_another),
    )


def undrawable(desk: Desk, detail: str) -> ft.Control:
    """A screen that could not be drawn; the tabs lead to the others, the button to the start."""
    texts, look = desk.texts.trouble, desk.look
    return frame(
        desk,
        _card(desk, texts.unexpected_title),
        _details(desk, detail),
        look.button(texts.try_again, icon=ft.Icons.REFRESH, on_tap=desk.session.begin_again),
    )


def malfunction(desk: Desk, screen: Malfunction) -> ft.Control:
    """What happened, what to do, and one button to try again."""
    texts, look = desk.texts.trouble, desk.look
    bundle = screen.fault is Fault.BUNDLE
    advice = texts.bundle_advice if bundle else (texts.unexpected_advice,)
    title = texts.bundle_title if bundle else texts.unexpected_title
    return frame(
        desk,
        _card(desk, title, *look.bullets(advice, icon=ft.Icons.CHEVRON_RIGHT, color=look.palette.warning.accent)),
        _details(desk, screen.detail),
        look.button(texts.try_again, icon=ft.Icons.REFRESH, on_tap=desk.session.journey.try_again),
    )


def no_spots(desk: Desk) -> ft.Control:
    """The store cannot be opened: what that means, that nothing was lost, and two ways on."""
    texts, look = desk.texts.trouble, desk.look
    return frame(
        desk,
        _card(desk, texts.store_title, look.words(texts.store_advice)),
        look.button(texts.try_again, icon=ft.Icons.REFRESH, on_tap=lambda: desk.files.reopen(False)),
        _details(desk, desk.session.told(desk.session.kept.problem) if desk.session.kept.problem else ""),
        _begin_anew(desk),
    )


def unreadable(desk: Desk, view: Unreadable) -> ft.Control:
    """The list cannot be read just now: never the words of an empty one."""
    texts, look = desk.texts.trouble, desk.look
    return frame(
        desk,
        _card(
            desk, texts.store_title, look.words(texts.store_advice), look.muted(desk.session.told(view.reason), size=14)
        ),
        look.button(texts.try_again, icon=ft.Icons.REFRESH, on_tap=desk.spots.show_list),
    )


def _begin_anew(desk: Desk) -> ft.Control:
    """For a store whose key is gone: without this nobody could keep anything any more."""
    texts, look, session = desk.texts.trouble, desk.look, desk.session
    if session.beginning_anew:
        return sure(
            desk,
            texts.begin_anew_sure,
            yes=lambda: desk.files.reopen(True),
            no=lambda: session.ask_to_begin_anew(False),
            does=texts.begin_anew,
        )
    return look.link(texts.begin_anew, icon=ft.Icons.RESTART_ALT, on_tap=lambda: session.ask_to_begin_anew(True))


def _card(desk: Desk, title: str, *lines: ft.Control, icon: ft.IconData = ft.Icons.BUILD_CIRCLE_OUTLINED) -> ft.Control:
    """What cannot be had, and what that means."""
    look = desk.look
    tone = look.palette.warning
    return look.card(look.title(title, icon=icon, tone=tone), *lines, tone=tone)


def _details(desk: Desk, detail: str) -> ft.Control:
    """For whoever is asked for help."""
    return desk.look.card(desk.look.heading(desk.texts.trouble.details), desk.look.muted(detail, size=14))
