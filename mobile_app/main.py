"""The Flet app: what a page is made of when somebody opens it, and the threads its slow work runs on."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import flet as ft

from mobile_app.device.camera import DeviceCamera
from mobile_app.device.files import DeviceFiles, key_place
from mobile_app.device.keeping import Keeper
from mobile_app.device.memory import TabMemory
from mobile_app.device.steps import Steps
from mobile_app.device.vault import KeyPlace
from mobile_app.device.window import Shown, ask_for_motion, dress, shown_by
from mobile_app.on_show import App
from mobile_app.photo.darkroom import darkroom
from mobile_app.photo.heat_map import overlay_of
from mobile_app.photo.journey import Journey
from mobile_app.photo.shared_model import SharedModel
from mobile_app.serving.arrivals import Arrivals
from mobile_app.serving.departures import Departures
from mobile_app.visit.handout import judge_of
from mobile_app.visit.measuring import Measuring, measure_of
from mobile_app.visit.memo import memo_of, read_memo, take_up, typed
from mobile_app.visit.promises import Promises
from mobile_app.visit.session import Kept, Session
from mobile_app.visit.trail import START, open_at
from mobile_app.work import Run, Work


@dataclass(frozen=True, kw_only=True)
class Started:
    """How the program was started, the same for every page that it shows."""

    bundle: Path | None
    """folder of the model; None: the one in the package"""
    keeper: Keeper
    as_page: bool = False
    """in a browser"""
    shared_host: bool = False
    """photos travel to another computer to be judged"""
    forget_after: int = 0
    """minutes for which a closed page's visit is still there"""
    arrivals: Arrivals | None = None
    """where a browser sends photos and archives"""
    departures: Departures | None = None
    """where it fetches what is saved"""

    def promises(self, session: Session) -> Promises:
        """What holds for this user's photos and spots."""
        return Promises(
            as_page=self.as_page, elsewhere=self.shared_host, forget_after=self.forget_after, kept=session.kept
        )


def build_app(started: Started) -> Callable[[ft.Page], Awaitable[None]]:
    """The function that Flet calls for each session."""
    model = SharedModel(started.bundle)
    run = secrets.token_hex(8)

    async def start(page: ft.Page) -> None:
        dress(page)
        shown = shown_by(page)
        keys = key_place(page)
        session = _session(page, model, await started.keeper.open(keys), shown)
        open_at(session, page.route or START)
        steps = Steps(page, session)
        session.changed = steps.then(session.changed)
        files = _files(page, session, model, started, keys)
        measuring = _measuring(page, session, model)
        # What changed while the page was away, during a reload, was drawn for nobody.
        page.on_connect = lambda: (steps.come_back(), session.changed())
        page.on_route_change = lambda event: steps.follow(event.route)
        page.on_close = lambda: (measuring.leave(), files.forget_offered(), started.keeper.close(session.kept))
        page.run_task(ask_for_motion, shown)
        page.render(App, shown, session, files, lambda: started.promises(session), measuring)
        if started.as_page:
            page.run_task(_recall, TabMemory(page), session, steps, started, run)

    return start


def _session(page: ft.Page, model: SharedModel, kept: Kept, shown: Shown) -> Session:
    return Session(
        journey=lambda owner: _journey(page, model, owner),
        kept=kept,
        changed=lambda: setattr(shown, "turn", shown.turn + 1),
        judge=lambda: None if model.loaded is None else judge_of(model.loaded.bundle),
    )


def _journey(page: ft.Page, model: SharedModel, owner: Session) -> Journey:
    return Journey(
        open_model=model,
        darkroom=darkroom(),
        overlay=overlay_of,
        run=background(page),
        show=lambda _: owner.changed(),
        language=lambda: owner.preferences.language,
    )


def _files(page: ft.Page, session: Session, model: SharedModel, started: Started, keys: KeyPlace | None) -> DeviceFiles:
    keeper = started.keeper

    async def reopen(aside: bool) -> None:
        session.use(await (keeper.begin_anew(keys) if aside else keeper.open(keys)))

    return DeviceFiles(
        page=page,
        session=session,
        model=lambda: model.loaded,
        camera=DeviceCamera(page=page, session=session, run=background(page)),
        reopen=reopen,
        arrivals=started.arrivals,
        departures=started.departures,
    )


def _measuring(page: ft.Page, session: Session, model: SharedModel) -> Measuring:
    return Measuring(
        measure=measure_of(model.load),
        run=background(page),
        post=asyncio.get_running_loop().call_soon_threadsafe,
        changed=lambda: session.changed(),
    )


async def _recall(memory: TabMemory, session: Session, steps: Steps, started: Started, run: str) -> None:
    """Flet's client reads nothing before its first frame; nothing is written before it was read."""
    if take_up(session, read_memo(await memory.read()), run=run):
        steps.begin()
        session.say(started.promises(session).restarted(session.texts, typed=typed(session)))
    session.noted = lambda: memory.write(memo_of(session, run=run))
    session.changed = both(session.changed, session.noted)
    session.noted()


def both(first: Callable[[], None], second: Callable[[], None]) -> Callable[[], None]:
    """One after the other."""
    return lambda: (first(), second())[1]


def background[T](page: ft.Page) -> Run[T]:
    """Work on the page's threads, its result handed back on the event loop: Flet's updates are not thread-safe."""
    loop = asyncio.get_running_loop()

    def run(work: Work[T], done: Callable[[T], None]) -> None:
        page.run_thread(lambda: loop.call_soon_threadsafe(done, work()))

    return run
