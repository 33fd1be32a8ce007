"""What surrounds every screen: the app's name, where photos go, the disclaimer, and the four tabs."""

from collections.abc import Sequence

import flet as ft

from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.look import GAP, RAIL, Look, stack
from mobile_app.visit.session import Tab
from runtime.answer.advice import AdviceKind

WIDE = 1040  # logical pixels at most: two columns
NARROW = 560  # logical pixels at most: one column, so that lines of text stay readable on a desktop

TAB_ICONS: dict[Tab, ft.IconData] = {
    Tab.PHOTO: ft.Icons.CENTER_FOCUS_STRONG_OUTLINED,
    Tab.SPOTS: ft.Icons.HISTORY,
    Tab.GUIDE: ft.Icons.MENU_BOOK_OUTLINED,
    Tab.SETTINGS: ft.Icons.TUNE,
}


def frame(
    desk: Desk, *controls: ft.Control, widest: int = NARROW, tabs: bool = True, pinned: ft.Control | None = None
) -> ft.Control:
    """The whole page: header on top, the screen's controls, the disclaimer below, scrolling as one; on a phone the
    tabs at the bottom, where a thumb reaches them. `pinned` stays above what scrolls, or beside it where the window is
    flat: dragging it must not scroll the page."""
    header = [] if pinned else [_header(desk)]  # below what is pinned it would only push the way on off the screen
    body = stack(*header, *controls, _disclaimer(desk))
    # A column gives its children loose constraints: the width below is a maximum, smaller windows get smaller pages.
    middle = ft.Column(
        controls=[ft.Container(content=body, width=widest, padding=ft.Padding.all(GAP))],
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        scroll=ft.ScrollMode.AUTO,
        expand=True,
        key=desk.session.here,  # another screen begins at its top
    )
    return _page(desk, _pinned(pinned, middle, beside=desk.look.flat), tabs=tabs)


def frame_beside(desk: Desk, photo: ft.Control, *answer: ft.Control) -> ft.Control:
    """For a window with room for two columns: the photo stays in sight while what is said of it scrolls. A flat window
    has no height to spare for a header."""
    header = [] if desk.look.flat else [_header(desk)]
    columns_of_its_own = [
        _scrolled(stack(*header, photo), expand=5),
        _scrolled(stack(*answer, _disclaimer(desk)), expand=8, key=desk.session.here),
    ]
    both = ft.Row(controls=columns_of_its_own, spacing=8, vertical_alignment=ft.CrossAxisAlignment.STRETCH)
    middle = ft.Container(content=both, width=WIDE, padding=ft.Padding.symmetric(horizontal=GAP))
    screen = ft.Column(
        controls=[ft.Container(content=middle, expand=True)],
        horizontal_alignment=ft.CrossAxisAlignment.CENTER,
        expand=True,
    )
    return _page(desk, screen, tabs=True)


def _scrolled(body: ft.Control, *, expand: int, key: str | None = None) -> ft.Control:
    inner = ft.Container(content=body, padding=ft.Padding.symmetric(horizontal=4, vertical=GAP))
    return ft.Column(
        controls=[inner],
        scroll=ft.ScrollMode.AUTO,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
        expand=expand,
        key=key,
    )


def _page(desk: Desk, screen: ft.Control, *, tabs: bool) -> ft.Control:
    """What was just done is said below what scrolls, where it is seen from any place of it."""
    told = ft.Column(
        controls=[ft.Container(content=screen, expand=True), *_coming(desk), *_message(desk)],
        spacing=0,
        expand=True,
        horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
    )
    return ft.SafeArea(content=_with_tabs(desk, told) if tabs else told, expand=True)


def _pinned(pinned: ft.Control | None, middle: ft.Control, *, beside: bool) -> ft.Control:
    both = [*([pinned] if pinned else []), middle]
    stretched = ft.CrossAxisAlignment.STRETCH
    if beside:
        return ft.Row(controls=both, spacing=0, expand=True, vertical_alignment=stretched)
    return ft.Column(controls=both, spacing=0, expand=True, horizontal_alignment=stretched)


def columns(*sides: Sequence[ft.Control], wide: bool) -> ft.Control:
    """Two halves of equal width where there is room, one below the other on a phone."""
    if not wide:
        return stack(*[control for side in sides for control in side])
    return ft.Row(
        controls=[ft.Container(content=stack(*side), expand=1) for side in sides],
        spacing=GAP,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def beside(photo: ft.Control, *answer: ft.Control, wide: bool, side: float | None = None) -> ft.Control:
    """The photo next to the answer where there is room, above it on a phone; `side`: logical pixels it needs."""
    column = stack(*answer)
    if not wide:
        column.controls.insert(0, photo)
        return column
    return ft.Row(
        controls=[
            ft.Container(content=photo, width=side, expand=None if side else 5),
            ft.Container(content=column, expand=8),
        ],
        spacing=GAP + 8,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )


def _header(desk: Desk) -> ft.Control:
    look = desk.look
    mark = ft.Container(
        content=ft.Icon(icon=ft.Icons.HEALTH_AND_SAFETY_OUTLINED, color=look.palette.on_brand, size=24),
        bgcolor=look.palette.brand,
        border_radius=12,
        padding=ft.Padding.all(9),
    )
    where = [look.muted(desk.promises.where(desk.texts))] if not look.large or desk.session.at_the_start else []
    title = ft.Column(
        controls=[look.heading(desk.texts.app, size=19, level=1), *where],
        spacing=1,
        tight=True,
        expand=True,
    )
    return ft.Row(controls=[mark, title], spacing=12)


def _coming(desk: Desk) -> list[ft.Control]:
    """An archive on its way, how far it is, and the way to stop it: on every screen, for it goes on there as well."""
    look, coming = desk.look, desk.session.coming
    if coming is None:
        return []
    percent = 10 * int(10 * coming.share)  # what is read out must not change with every piece
    said = desk.texts.settings.coming.format(name=coming.name, percent=percent)
    how_far = stack(
        ft.Semantics(content=look.words(said, size=14), live_region=True), look.bar(coming.share), spacing=8
    )
    how_far.expand = True
    cancel = look.link(desk.texts.check.cancel, icon=ft.Icons.CLOSE, on_tap=desk.session.stop_expecting)
    return [_below(look, how_far, cancel)]


def _message(desk: Desk) -> list[ft.Control]:
    if not desk.session.message:
        return []
    look, session = desk.look, desk.session
    close = look.icon_button(desk.texts.answer.dismiss, icon=ft.Icons.CLOSE, on_tap=lambda: session.say(""))
    note = ft.Semantics(content=_note(desk), live_region=True, expand=True)
    return [_below(look, note, close)]


def _below(look: Look, *controls: ft.Control) -> ft.Control:
    """A bar that stands below what scrolls."""
    return ft.Container(
        content=ft.Row(controls=list(controls), spacing=4),
        bgcolor=look.palette.surface,
        border=ft.Border.only(top=ft.BorderSide(1, look.palette.outline)),
        padding=ft.Padding.symmetric(horizontal=12, vertical=6),
    )


def _note(desk: Desk) -> ft.Control:
    """What failed is told apart by a word, a shape and a colour."""
    palette, message = desk.look.palette, desk.session.message
    if not desk.session.failed:
        return desk.look.notice(message, icon=ft.Icons.INFO_OUTLINE, tone=palette.neutral)
    return desk.look.notice(
        message, title=desk.texts.answer.failed, icon=ft.Icons.ERROR_OUTLINE, tone=palette.tones[AdviceKind.HIGH]
    )


def _disclaimer(desk: Desk) -> ft.Control:
    return desk.look.notice(
        desk.spoken.disclaimer,
        title=desk.texts.answer.disclaimer_title,
        icon=ft.Icons.INFO_OUTLINE,
        tone=desk.look.palette.neutral,
    )


def _with_tabs(desk: Desk, screen: ft.Control) -> ft.Control:
    """The tabs below the screen, or at its left where there is room: height is what a desktop's window lacks."""
    look = desk.look
    buttons = [_tab(desk, tab, label) for tab, label in zip(Tab, desk.texts.tabs, strict=True)]
    edge = ft.BorderSide(1, look.palette.outline)
    if look.rail:
        rail = ft.Container(
            content=ft.Column(
                controls=list(buttons),
                spacing=4 if look.flat else 12,
                horizontal_alignment=ft.CrossAxisAlignment.STRETCH,
                scroll=ft.ScrollMode.AUTO,
            ),
            width=RAIL * look.scale,
            bgcolor=look.palette.surface,
            border=ft.Border.only(right=edge),
            padding=ft.Padding.symmetric(horizontal=4, vertical=GAP),
        )
        return ft.Row(controls=[rail, screen], spacing=0, expand=True, vertical_alignment=ft.CrossAxisAlignment.STRETCH)
    bar = ft.Container(
        content=ft.Row(
            controls=[ft.Container(content=button, expand=1) for button in buttons],
            spacing=0,
            alignment=ft.MainAxisAlignment.SPACE_AROUND,
        ),
        bgcolor=look.palette.surface,
        border=ft.Border.only(top=edge),
        padding=ft.Padding.symmetric(horizontal=4, vertical=4),
    )
    return ft.Column(controls=[screen, bar], spacing=0, expand=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH)


def _tab(desk: Desk, tab: Tab, label: str) -> ft.Control:
    """Label below icon; the one that is open is bold and has another shape, so that colour never speaks alone."""
    look, here = desk.look, desk.session.tab is tab
    color = look.palette.brand if here else look.palette.muted
    mark = ft.Container(
        content=ft.Icon(icon=TAB_ICONS[tab], color=look.palette.on_brand if here else color, size=22),
        bgcolor=look.palette.brand if here else None,
        border_radius=14,
        padding=ft.Padding.symmetric(horizontal=16, vertical=3),
    )
    text = look.words(label, color=color, bold=here, centred=True)
    text.size = look.tab_size(label)
    content = ft.Column(controls=[mark, text], spacing=2, tight=True, horizontal_alignment=ft.CrossAxisAlignment.CENTER)
    style = ft.ButtonStyle(
        padding=ft.Padding.symmetric(horizontal=2, vertical=4), shape=ft.RoundedRectangleBorder(radius=12)
    )
    button = ft.TextButton(content=content, style=style, on_click=lambda: desk.session.open_tab(tab))
    return ft.Semantics(content=button, selected=here)
