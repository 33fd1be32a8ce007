"""Which screen is drawn: the state on the left, one of `views` on the right."""

import logging
from collections.abc import Callable

import flet as ft

from mobile_app.device.files import DeviceFiles
from mobile_app.device.window import Shown
from mobile_app.palette import DARK, LIGHT, Palette
from mobile_app.photo.screens import (
    Analysing,
    CannotAssess,
    Check,
    Malfunction,
    Opening,
    PhotoRefused,
    Screen,
    Shooting,
    Verdict,
    Welcome,
)
from mobile_app.views.answer import cannot_assess, kept_answer, verdict
from mobile_app.views.camera import shooting
from mobile_app.views.enlarged import enlarged
from mobile_app.views.guide import guide
from mobile_app.views.intro import introduction
from mobile_app.views.over_time.compare import comparison
from mobile_app.views.over_time.edit import spot_edit
from mobile_app.views.over_time.keep import keeping
from mobile_app.views.over_time.spots import spot_detail, spot_list
from mobile_app.views.photo import check, waiting, welcome
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.look import Look
from mobile_app.views.settings import settings
from mobile_app.views.trouble import malfunction, no_spots, photo_refused, undrawable, unreadable
from mobile_app.visit.measuring import Measuring
from mobile_app.visit.preferences import Theme
from mobile_app.visit.promises import Promises
from mobile_app.visit.session import Session, Tab
from mobile_app.visit.spots import Comparison, KeptAnswer, SpotDetail, SpotEdit, SpotList, Unreadable

log = logging.getLogger(__name__)


@ft.component
def App(
    shown: Shown, session: Session, files: DeviceFiles, promises: Callable[[], Promises], measuring: Measuring
) -> ft.Control:
    """Draws whatever is on show."""
    ft.on_mounted(session.journey.warm_up)  # after the first frame
    look = Look(
        palette=_palette(session, shown),
        scale=session.preferences.text_scale,
        width=shown.width,
        height=shown.height,
        still=shown.still,
    )
    desk = Desk(session=session, look=look, files=files.for_views(), promises=promises(), measuring=measuring)
    return ft.Container(content=_drawn(desk), bgcolor=look.palette.page, expand=True)


def _drawn(desk: Desk) -> ft.Control:
    """What is on show; or, should it be impossible to draw, a screen that says so: Flet would just stand still."""
    try:
        return _content(desk)
    except Exception as problem:
        log.exception("a screen could not be drawn")
        return undrawable(desk, f"{type(problem).__name__}: {problem}")


def _palette(session: Session, shown: Shown) -> Palette:
    theme = session.preferences.theme
    return DARK if theme is Theme.DARK or (theme is Theme.SYSTEM and shown.dark) else LIGHT


def _content(desk: Desk) -> ft.Control:
    session = desk.session
    if session.introducing:
        return introduction(desk)
    if session.enlarged is not None:
        return enlarged(desk, session.enlarged)
    if session.keeping is not None:
        return keeping(desk, session.keeping)
    match session.tab:
        case Tab.PHOTO:
            return _photo(desk, session.journey.screen)
        case Tab.SPOTS:
            return _spots(desk)
        case Tab.GUIDE:
            return guide(desk)
        case Tab.SETTINGS:
            return settings(desk)


def _photo(desk: Desk, screen: Screen) -> ft.Control:
    match screen:
        case Welcome():
            return welcome(desk)
        case Shooting():
            return shooting(desk, screen)
        case Opening() | Analysing():
            return waiting(desk, screen)
        case Check():
            return check(desk, screen)
        case Verdict():
            return verdict(desk, screen)
        case CannotAssess():
            return cannot_assess(desk, screen)
        case PhotoRefused():
            return photo_refused(desk, screen)
        case Malfunction():
            return malfunction(desk, screen)


def _spots(desk: Desk) -> ft.Control:
    if desk.session.spots is None:
        return no_spots(desk)
    match desk.session.spots.view:
        case SpotList() as view:
            return spot_list(desk, view)
        case SpotDetail() as view:
            return spot_detail(desk, view)
        case SpotEdit() as view:
            return spot_edit(desk, view)
        case Comparison() as view:
            return comparison(desk, view)
        case KeptAnswer() as view:
            return kept_answer(desk, view)
        case Unreadable() as view:
            return unreadable(desk, view)
