"""The window or page that the app is in: its size, day or night, less motion, its colours."""

import logging
from dataclasses import dataclass

import flet as ft

from mobile_app.locales import ENGLISH
from mobile_app.palette import DARK, LIGHT, Palette

log = logging.getLogger(__name__)


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


def shown_by(page: ft.Page) -> Shown:
    """What the page is drawn from, which follows the window from here on."""
    shown = Shown(width=_step(page.width), height=_step(page.height), dark=_is_dark(page))
    page.on_resize = lambda event: _resize(shown, event)
    page.on_platform_brightness_change = lambda: setattr(shown, "dark", _is_dark(page))
    return shown


def dress(page: ft.Page) -> None:
    """Title, colours by day and by night, and letters."""
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


def _step(width: float | None) -> float:
    return (width or 0) // 20 * 20


def _resize(shown: Shown, event: ft.PageResizeEvent) -> None:
    shown.width, shown.height = _step(event.width), _step(event.height)


def _is_dark(page: ft.Page) -> bool:
    return page.platform_brightness is ft.Brightness.DARK


async def ask_for_motion(shown: Shown) -> None:
    """What the device's accessibility settings say; a client that cannot tell changes nothing."""
    try:
        features = await ft.SemanticsService().get_accessibility_features()
    except Exception:
        log.exception("the accessibility settings cannot be read")
        return
    shown.still = features.disable_animations or features.reduce_motion
