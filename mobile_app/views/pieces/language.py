"""Choosing the language, each by its own name."""

import flet as ft

from mobile_app.locales import LANGUAGES
from mobile_app.views.pieces.choice import Choice
from mobile_app.views.pieces.desk import Desk
from runtime.answer.locales import texts_for


def language_choice(desk: Desk) -> ft.Control:
    """A list with the language's own names: whoever cannot read the present one must find theirs."""
    options = tuple((code, texts_for(code).language_name) for code in LANGUAGES)
    chosen = desk.session.preferences.language
    return Choice(
        desk.look,
        desk.texts.settings.language,
        options,
        chosen,
        lambda code: desk.session.set(language=code),
    )
