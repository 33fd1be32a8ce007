"""The Flet app: one page per session, its `Journey`, and the threads its slow work runs on."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import flet as ft

from mobile_app import palette
from mobile_app.locales import ENGLISH, Texts
from mobile_app.preview import square_preview
from mobile_app.state import (
    Analysing,
    Assessor,
    CannotAssess,
    Journey,
    Malfunction,
    Photo,
    PhotoRefused,
    Run,
    Screen,
    Verdict,
    Welcome,
    Work,
)
from mobile_app.views.answer import cannot_assess, verdict
from mobile_app.views.frame import TWO_COLUMNS_FROM
from mobile_app.views.parts import Desk
from mobile_app.views.trouble import malfunction, photo_refused
from mobile_app.views.welcome import analysing, welcome
from runtime.advice import DISCLAIMER


class SharedModel:
    """Opens the bundle once for all sessions of a process; a failure is not kept, so "try again" tries again."""

    def __init__(self, bundle: Path | None) -> None:
        self._bundle = bundle
        self._lock = threading.Lock()
        self._model: Assessor | None = None

    def __call__(self) -> Assessor:
        """The loaded model. Raises `BundleError` when there is none to load."""
        with self._lock:
            if self._model is None:
                self._model = self._load()
            return self._model

    def _load(self) -> Assessor:
        from runtime import Triage  # not at import: the first frame does not wait for onnxruntime

        return Triage.load(self._bundle)


@ft.observable
@dataclass
class Shown:
    """The screen on show and the room for it; assigning to either redraws the page."""

    screen: Screen = field(default_factory=Welcome)
    wide: bool = False


@ft.component
def App(shown: Shown, desk: Desk) -> ft.Control:
    """Draws whichever screen is on show."""
    ft.on_mounted(desk.journey.warm_up)  # after the first frame
    desk = replace(desk, wide=shown.wide)
    match shown.screen:
        case Welcome():
            return welcome(desk)
        case Analysing() as screen:
            return analysing(desk, screen)
        case Verdict() as screen:
            return verdict(desk, screen)
        case CannotAssess() as screen:
            return cannot_assess(desk, screen)
        case PhotoRefused() as screen:
            return photo_refused(desk, screen)
        case Malfunction() as screen:
            return malfunction(desk, screen)


def build_app(*, bundle: Path | None, shared_host: bool = False) -> Callable[[ft.Page], None]:
    """The function that Flet calls for each session. `shared_host`: photos travel to another computer to be judged."""
    model = SharedModel(bundle)

    def start(page: ft.Page) -> None:
        _dress(page, title=ENGLISH.app)
        shown = Shown(wide=_is_wide(page.width))
        page.on_resize = lambda event: setattr(shown, "wide", _is_wide(event.width))
        journey = Journey(
            open_model=model,
            preview=square_preview,
            run=background(page),
            show=lambda screen: setattr(shown, "screen", screen),
        )
        picker = ft.FilePicker(on_result=lambda event: pick(journey, event.files))
        page.render(App, shown, _desk(journey, picker, shared_host=shared_host, texts=ENGLISH))

    return start


def background(page: ft.Page) -> Run:
    """Work on the page's threads, its result handed back on the event loop: Flet's updates are not thread-safe."""
    loop = asyncio.get_running_loop()

    def run(work: Work, done: Callable[[Screen], None]) -> None:
        page.run_thread(lambda: loop.call_soon_threadsafe(done, work()))

    return run


def pick(journey: Journey, files: list[ft.FilePickerFile]) -> None:
    """Judge the picked file; a cancelled chooser changes nothing."""
    if files:
        journey.choose(Photo(name=files[0].name, data=files[0].bytes or b""))


def _is_wide(width: float | None) -> bool:
    return (width or 0) >= TWO_COLUMNS_FROM


def _desk(journey: Journey, picker: ft.FilePicker, *, shared_host: bool, texts: Texts) -> Desk:
    where = texts.on_that_computer if shared_host else texts.on_this_device
    return Desk(texts=texts, journey=journey, picker=picker, disclaimer=DISCLAIMER, where=where)


def _dress(page: ft.Page, *, title: str) -> None:
    page.title = title
    page.theme_mode = ft.ThemeMode.LIGHT
    page.theme = ft.Theme(color_scheme_seed=palette.BRAND, color_scheme=_colors(), font_family="Roboto")
    page.bgcolor = palette.PAGE
    page.padding = 0
    page.horizontal_alignment = ft.CrossAxisAlignment.STRETCH


def _colors() -> ft.ColorScheme:
    return ft.ColorScheme(
        primary=palette.BRAND,
        on_primary=palette.ON_BRAND,
        surface=palette.SURFACE,
        on_surface=palette.TEXT,
        on_surface_variant=palette.MUTED,
    )
