"""What to look for on one's own skin, and who can look at it."""

import flet as ft

from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.frame import NARROW, WIDE, columns, frame
from runtime.answer.advice import AdviceKind


def guide(desk: Desk) -> ft.Control:
    """ABCDE, the warning signs, the same standards for every skin, and the way to a doctor."""
    texts, look, spoken = desk.texts.guide, desk.look, desk.spoken
    red = look.palette.tones[AdviceKind.HIGH].accent
    signs = [
        look.card(look.heading(texts.abcde), *look.bullets(spoken.abcde, icon=ft.Icons.CHEVRON_RIGHT)),
        look.card(
            look.heading(spoken.red_flags_heading),
            look.words(spoken.red_flags_now),
            *look.bullets(spoken.red_flags, icon=ft.Icons.FLAG_OUTLINED, color=red),
        ),
    ]
    care = [
        look.notice(texts.same_for_all, icon=ft.Icons.DIVERSITY_3_OUTLINED, tone=look.palette.neutral),
        look.card(look.heading(texts.find_title), *look.bullets(texts.find, icon=ft.Icons.PERSON_SEARCH_OUTLINED)),
    ]
    return frame(
        desk,
        look.heading(texts.title, size=22, level=2),
        columns(signs, care, wide=look.wide),
        widest=WIDE if look.wide else NARROW,
    )
