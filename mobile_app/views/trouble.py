"""When there is no answer: a file that is no usable photo, a model that cannot be used, anything unforeseen."""

import flet as ft

from mobile_app.screens import Fault, Malfunction, PhotoRefused
from mobile_app.views.desk import Desk
from mobile_app.views.frame import frame


def photo_refused(desk: Desk, screen: PhotoRefused) -> ft.Control:
    """What is wrong with the file, and another one as the way on."""
    texts, look = desk.texts.trouble, desk.look
    tone = look.palette.warning
    return frame(
        desk,
        look.card(
            look.title(texts.refused_title, icon=ft.Icons.BROKEN_IMAGE_OUTLINED, tone=tone),
            look.words(screen.reason),
            look.words(texts.refused_advice),
            tone=tone,
        ),
        desk.choose(desk.texts.answer.choose_another),
    )


def malfunction(desk: Desk, screen: Malfunction) -> ft.Control:
    """What happened, what to do, and one button to try again."""
    texts, look = desk.texts.trouble, desk.look
    tone, bundle = look.palette.warning, screen.fault is Fault.BUNDLE
    advice = texts.bundle_advice if bundle else (texts.unexpected_advice,)
    title = texts.bundle_title if bundle else texts.unexpected_title
    return frame(
        desk,
        look.card(
            look.title(title, icon=ft.Icons.BUILD_CIRCLE_OUTLINED, tone=tone),
            *look.bullets(advice, icon=ft.Icons.CHEVRON_RIGHT, color=tone.accent),
            tone=tone,
        ),
        look.card(look.heading(texts.details), look.muted(screen.detail, size=14)),
        look.button(texts.try_again, icon=ft.Icons.REFRESH, on_tap=desk.session.journey.try_again),
    )
