"""The Flet app: one page per session, its state, and the threads its slow work runs on."""

import asyncio
import logging
import secrets
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import flet as ft

from mobile_app.device.camera import DeviceCamera
from mobile_app.device.files import DeviceFiles, key_place
from mobile_app.device.keeping import Keeper
from mobile_app.device.memory import TabMemory
from mobile_app.locales import ENGLISH
from mobile_app.palette import DARK, LIGHT, Palette
from mobile_app.photo.darkroom import darkroom
from mobile_app.photo.heat_map import overlay_of
from mobile_app.photo.journey import Journey
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
from mobile_app.serving.arrivals import Arrivals
from mobile_app.serving.beside import UNKEPT
from mobile_app.serving.departures import Departures
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
from mobile_app.visit.handout import judge_of
from mobile_app.visit.measuring import Measuring, measure_of
from mobile_app.visit.memo import memo_of, read_memo, take_up, typed
from mobile_app.visit.preferences import Theme
from mobile_app.visit.promises import Promises
from mobile_app.visit.session import Session, Tab
from mobile_app.visit.spots import Comparison, KeptAnswer, SpotDetail, SpotEdit, SpotList, Unreadable
from mobile_app.visit.trail import START, Trail, open_at
from mobile_app.work import Run, Work

if TYPE_CHECKING:
    from runtime import Triage

log = logging.getLogger(__name__)


class SharedModel:
    """Opens the bundle once for all sessions of a process; a failure is not kept, so "try again" tries again."""

    def __init__(self, bundle: Path | None) -> None:
        self._bundle = bundle
        self._lock = threading.Lock()
        self._model: Triage | None = None

    def __call__(self) -> "Triage":
        """The loaded model. Raises `BundleError` when there is none to load."""
        with self._lock:
            if self._model is None:
                self._model = self.load()
            return self._model

    @property
    def loaded(self) -> "Triage | None":
        """The model, if it has been loaded already: drawing a page never waits for it."""
        return self._model

    def load(self) -> "Triage":
        """The model, opened anew. Raises `BundleError` when there is none to load."""
        from runtime import Triage  # not at import: the first frame does not wait for onnxruntime

        return Triage.load(self._bundle)


@ft.observable
@dataclass
class Shown:
    """What a page is drawn from besides the session; assigning to any of it redraws the page."""

    turn: int = 0
    """counts the session's changes"""
    width: float = 0.0
    """of the window, in steps: a window being resized is not drawn for every pixel"""
    height: float = 0.0
    """of the window, in steps"""
    dark: bool = False
    """whether the device is set to dark"""
    still: bool = False
    """whether its owner asked for less motion"""


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


def build_app(
    *,
    bundle: Path | None,
    keeper: Keeper,
    as_page: bool = False,
    shared_host: bool = False,
    forget_after: int = 0,
    arrivals: Arrivals | None = None,
    departures: Departures | None = None,
) -> Callable[[ft.Page], Awaitable[None]]:
    """The function that Flet calls for each session.

    `as_page`: in a browser; `shared_host`: photos travel to another computer to be judged; `forget_after`: minutes for
    which a closed page's visit is still there; `arrivals`: where a browser sends them;
    `departures`: where it fetches what is saved.
    """
    model = SharedModel(bundle)
    run = secrets.token_hex(8)

    async def start(page: ft.Page) -> None:
        _dress(page)
        keys = key_place(page)
        shown = Shown(width=_step(page.width), height=_step(page.height), dark=_is_dark(page))
        session = Session(
            journey=lambda owner: _journey(page, model, owner),
            kept=await keeper.open(keys),
            changed=lambda: setattr(shown, "turn", shown.turn + 1),
            judge=lambda: None if model.loaded is None else judge_of(model.loaded.bundle),
        )

        def promises() -> Promises:
            return Promises(as_page=as_page, elsewhere=shared_host, forget_after=forget_after, kept=session.kept)

        open_at(session, page.route or START)
        steps = Steps(page, session)
        session.changed = steps.then(session.changed)
        camera = DeviceCamera(page=page, session=session, run=background(page))

        async def reopen(aside: bool) -> None:
            session.use(await (keeper.begin_anew(keys) if aside else keeper.open(keys)))

        files = DeviceFiles(
            page=page,
            session=session,
            model=lambda: model.loaded,
            camera=camera,
            reopen=reopen,
            arrivals=arrivals,
            departures=departures,
        )

        measuring = Measuring(
            measure=measure_of(model.load),
            run=background(page),
            post=asyncio.get_running_loop().call_soon_threadsafe,
            changed=lambda: session.changed(),
        )

        async def recall(memory: TabMemory) -> None:
            """Flet's client reads nothing before its first frame; nothing is written before it was read."""
            if take_up(session, read_memo(await memory.read()), run=run):
                steps.begin()
                session.say(promises().restarted(session.texts, typed=typed(session)))
            session.noted = lambda: memory.write(memo_of(session, run=run))
            session.changed = both(session.changed, session.noted)
            session.noted()

        page.on_resize = lambda event: _resize(shown, event)
        page.on_platform_brightness_change = lambda: setattr(shown, "dark", _is_dark(page))
        # What changed while the page was away, during a reload, was drawn for nobody.
        page.on_connect = lambda: (steps.come_back(), session.changed())
        page.on_route_change = lambda event: steps.follow(event.route)
        page.on_close = lambda: (measuring.leave(), files.forget_offered(), keeper.close(session.kept))
        page.run_task(_ask_for_motion, shown)
        page.render(App, shown, session, files, promises, measuring)
        if as_page:
            page.run_task(recall, TabMemory(page))

    return start


def both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    """One after the other."""
    return lambda: (first(), second())[1]


class Steps:
    """One page's steps back: the browser's history, or a phone's own button."""

    def __init__(self, page: ft.Page, session: Session) -> None:
        self._page = page
        self._session = session
        self._trail = Trail(session, address=page.route or START)
        self._view = page.views[0]
        self._view.on_confirm_pop = self._on_back
        self.begin, self.follow = self._trail.begin, self._trail.follow

    def then(self, draw: Callable[[], None]) -> Callable[[], None]:
        """What is called after each change: notes the step, and draws."""

        def changed() -> None:
            address = self._trail.note()
            if address is not None and self._page.web:
                self._page.run_task(self._push, address)
            self._say_what_leaving_costs()
            draw()

        return changed

    def come_back(self) -> None:
        """The page is connected again."""
        address = self._trail.come_back(self._page.route or START)
        if address is not None and self._page.web:
            self._page.run_task(self._push, address)

    async def _push(self, address: str) -> None:
        with suppress(Exception):  # a page that is away for a moment: what is on show does not hang on its address
            await self._page.push_route(address)

    def _say_what_leaving_costs(self) -> None:
        """The page's script asks before a page with this title is closed; a phone asks the app before it goes back."""
        title = f"{UNKEPT}{ENGLISH.app}" if self._session.unkept else ENGLISH.app
        if self._page.title != title:
            self._page.title = title
            self._page.schedule_update()
        stays = self._trail.can_go_back or (self._session.unkept and not self._session.warned)
        if self._view.can_pop is stays:
            self._view.can_pop = not stays
            self._page.schedule_update()

    async def _on_back(self) -> None:
        """A phone's own button, or its gesture."""
        await self._view.confirm_pop(False)
        if not self._trail.back() and self._session.unkept:
            self._session.warn()  # and the next time nothing holds it back


def _journey(page: ft.Page, model: SharedModel, owner: Session) -> Journey:
    return Journey(
        open_model=model,
        darkroom=darkroom(),
        overlay=overlay_of,
        run=background(page),
        show=lambda _: owner.changed(),
        language=lambda: owner.preferences.language,
    )


def background[T](page: ft.Page) -> Run[T]:
    """Work on the page's threads, its result handed back on the event loop: Flet's updates are not thread-safe."""
    loop = asyncio.get_running_loop()

    def run(work: Work[T], done: Callable[[T], None]) -> None:
        page.run_thread(lambda: loop.call_soon_threadsafe(done, work()))

    return run


def _step(width: float | None) -> float:
    return (width or 0) // 20 * 20


def _resize(shown: Shown, event: ft.PageResizeEvent) -> None:
    shown.width, shown.height = _step(event.width), _step(event.height)


def _is_dark(page: ft.Page) -> bool:
    return page.platform_brightness is ft.Brightness.DARK


async def _ask_for_motion(shown: Shown) -> None:
    """What the device's accessibility settings say; a client that cannot tell changes nothing."""
    try:
        features = await ft.SemanticsService().get_accessibility_features()
    except Exception:
        log.exception("the accessibility settings cannot be read")
        return
    shown.still = features.disable_animations or features.reduce_motion


def _dress(page: ft.Page) -> None:
    page.title = ENGLISH.app
    page.theme_mode = ft.ThemeMode.SYSTEM
    page.theme = _theme(LIGHT)
    page.dark_theme = _theme(DARK)
    page.padding = 0
    page.horizontal_alignment = ft.CrossAxisAlignment.STRETCH


def _theme(palette: Palette) -> ft.Theme:
    scheme = ft.ColorScheme(
        primary=palette.brand,
        on_primary=palette.on_brand,
        surface=palette.surface,
        on_surface=palette.text,
        on_surface_variant=palette.muted,
    )
    return ft.Theme(color_scheme_seed=palette.brand, color_scheme=scheme, font_family="Roboto")
