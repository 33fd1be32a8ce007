"""A photo as large as the window: two fingers or the wheel enlarge it further."""

import flet as ft

from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.look import image_source, stack
from mobile_app.visit.session import Enlarged

MOST = 8.0
"""times the window: a kept photo's own pixels are as large as a fingertip by then"""


def enlarged(desk: Desk, shown: Enlarged) -> ft.Control:
    """Nothing beside it but the way back."""
    look = desk.look
    image = ft.Image(src=image_source(shown.jpeg), fit=ft.BoxFit.CONTAIN, semantics_label=shown.label, expand=True)
    close = look.button(desk.texts.answer.shrink, icon=ft.Icons.CLOSE, on_tap=desk.session.shrink)
    return ft.SafeArea(
        content=ft.Column(
            controls=[
                ft.InteractiveViewer(content=image, max_scale=MOST, expand=True),
                ft.Container(content=stack(close), padding=ft.Padding.all(12)),
            ],
            spacing=0,
            expand=True,
            horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        ),
        expand=True,
    )
