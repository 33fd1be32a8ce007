"""The pieces that screens are made of: cards, headings, lists, buttons, notices, in one theme and one size of text."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import flet as ft

from mobile_app.palette import LIGHT, Palette, Tone

RADIUS = 16
GAP = 16  # logical pixels between cards
LARGE_FROM = 1.6  # of a text's usual size
TWO_COLUMNS_FROM = 760  # logical pixels of the window: a tablet held upright has 768 and more
SQUARE_BESIDE_FROM = 900  # tabs, the square, and a column that is no narrower than a phone
FLAT_BELOW = 640  # logical pixels: less height than the smallest phone held upright has
RAIL = 104.0  # logical pixels of the tabs at the left
TABS = 4
TAB_TEXT = 12
TAB_EDGES = 14.0  # logical pixels beside a tab's label: 2 of the button and 4 of the bar at each side, 2 to spare
LETTER = 0.66  # width of a bold letter as a share of its size: no word of the tabs has wider ones on average
_SQUARE_SHARE = 0.45  # of what the tabs leave of a flat window: a little more for the column that is read
_EDGES = 24.0  # logical pixels above and below a square


@dataclass(frozen=True, kw_only=True)
class Look:
    """How things are drawn now. Sizes are logical pixels before `scale`."""

    palette: Palette = LIGHT
    scale: float = 1.0
    """of all text: a row too narrow for it must wrap, so nothing here has a fixed height"""
    width: float = 0.0
    """of the window"""
    height: float = 0.0
    """of the window; 0 until it is known"""
    still: bool = False
    """nothing may move by itself"""

    @property
    def wide(self) -> bool:
        """Room for two columns: large text needs more."""
        return self.width >= TWO_COLUMNS_FROM * self.scale

    @property
    def flat(self) -> bool:
        """A phone held sideways: what stays on top of others would leave them no height, so it stands beside them."""
        return 0 < self.height < min(FLAT_BELOW, self.width)

    @property
    def rail(self) -> bool:
        """Whether the tabs stand at the left."""
        return self.wide or self.flat

    @property
    def beside(self) -> bool:
        """Room for a photo beside what is said of it. Held sideways it is so little that large text needs all of it."""
        return self.wide or (self.flat and not self.large)

    def square(self, usual: float) -> float:
        """Side of a square picture in logical pixels: `usual`, or what a flat window has room for."""
        if not self.flat:
            return usual
        return min(usual, self.height - _EDGES, _SQUARE_SHARE * (self.width - RAIL * self.scale))

    def tab_size(self, label: str) -> float:
        """Of a tab's label: as large as all text, or as large as its longest word has room for in one line."""
        room = RAIL * self.scale if self.rail or not self.width else self.width / TABS
        letters = max(len(word) for word in label.split())
        return min(TAB_TEXT * self.scale, (room - TAB_EDGES) / (letters * LETTER))

    @property
    def roomy(self) -> bool:
        """Room for the framing square beside a column."""
        return self.width >= SQUARE_BESIDE_FROM * self.scale

    @property
    def large(self) -> bool:
        """Whether the text is so large that an icon beside a title leaves no room for a long word."""
        return self.scale >= LARGE_FROM

    def words(
        self,
        text: str,
        *,
        size: int = 15,
        color: str | None = None,
        expand: bool = False,
        bold: bool = False,
        centred: bool = False,
    ) -> ft.Text:
        """Running text."""
        return ft.Text(
            value=text,
            size=size * self.scale,
            color=color or self.palette.text,
            expand=expand,
            weight=ft.FontWeight.W_600 if bold else None,
            text_align=ft.TextAlign.CENTER if centred else ft.TextAlign.START,
        )

    def muted(self, text: str, *, size: int = 13, expand: bool = False) -> ft.Text:
        """A remark."""
        return self.words(text, size=size, color=self.palette.muted, expand=expand)

    @property
    def field_label(self) -> ft.TextStyle:
        """Of a text field's name and hint."""
        return ft.TextStyle(size=14 * self.scale, color=self.palette.muted)

    def heading(self, text: str, *, size: int = 17, color: str | None = None, level: int = 2) -> ft.Control:
        """A title that screen readers announce as one."""
        title = ft.Text(
            value=text, size=size * self.scale, weight=ft.FontWeight.W_700, color=color or self.palette.text
        )
        return ft.Semantics(content=title, heading_level=level)

    def card(self, *controls: ft.Control, tone: Tone | None = None) -> ft.Container:
        """A rounded surface with its controls stacked; `tone` colours it."""
        return ft.Container(
            content=stack(*controls, spacing=12),
            bgcolor=tone.background if tone else self.palette.surface,
            border=ft.Border.all(1, tone.border if tone else self.palette.outline),
            border_radius=RADIUS,
            padding=ft.Padding.all(20),
        )

    def bullets(
        self, lines: Sequence[str], *, icon: ft.IconData = ft.Icons.CHECK, color: str | None = None
    ) -> list[ft.Control]:
        """Each line beside a small icon, so that no bullet glyph is needed."""
        return [
            ft.Row(
                controls=[
                    ft.Container(
                        content=ft.Icon(icon=icon, size=18 * self.scale, color=color or self.palette.brand),
                        padding=ft.Padding.only(top=2),
                    ),
                    self.words(line, expand=True),
                ],
                spacing=10,
                vertical_alignment=ft.CrossAxisAlignment.START,
            )
            for line in lines
        ]

    def notice(self, text: str, *, icon: ft.IconData, tone: Tone, title: str = "") -> ft.Control:
        """An important remark in a coloured box, with an icon so that colour never speaks alone."""
        lines: list[ft.Control] = [self.words(text, size=14, color=tone.text)]
        if title:
            lines.insert(0, self.words(title, size=14, color=tone.accent, bold=True))
        return ft.Container(
            content=ft.Row(
                controls=[
                    ft.Icon(icon=icon, color=tone.accent, size=22 * self.scale),
                    ft.Column(controls=lines, spacing=2, tight=True, expand=True),
                ],
                spacing=12,
                vertical_alignment=ft.CrossAxisAlignment.START,
            ),
            bgcolor=tone.background,
            border=ft.Border.all(1, tone.border),
            border_radius=12,
            padding=ft.Padding.all(14),
        )

    def button(
        self,
        label: str,
        *,
        icon: ft.IconData,
        on_tap: Callable[[], None] | None = None,
        action: ft.ClientAction | None = None,
        primary: bool = True,
        color: str | None = None,
    ) -> ft.Control:
        """A wide button; `color` for one that destroys something."""
        style = ft.ButtonStyle(
            shape=ft.RoundedRectangleBorder(radius=14),
            text_style=ft.TextStyle(size=16 * self.scale, weight=ft.FontWeight.W_600),
            icon_size=18 * self.scale,
            padding=ft.Padding.symmetric(horizontal=20, vertical=16),
            visual_density=ft.VisualDensity.STANDARD,  # a desktop's own is too flat for a thumb on its touch screen
            color=color,
        )
        kind = ft.FilledButton if primary else ft.OutlinedButton
        return kind(content=label, icon=icon, style=style, action=action, on_click=on_tap)

    def link(
        self,
        label: str,
        *,
        icon: ft.IconData,
        on_tap: Callable[[], None] | None = None,
        action: ft.ClientAction | None = None,
        color: str | None = None,
    ) -> ft.Control:
        """A small button without a frame, at the left. `action` is what a browser allows within the tap only."""
        style = ft.ButtonStyle(
            padding=ft.Padding.only(right=12),
            text_style=ft.TextStyle(size=14 * self.scale),
            icon_size=18 * self.scale,
            color=color,
        )
        button = ft.TextButton(content=label, icon=icon, style=style, on_click=on_tap, action=action)
        return ft.Row(controls=[button], wrap=True)

    def icon_button(self, label: str, *, icon: ft.IconData, on_tap: Callable[[], None]) -> ft.Control:
        """A round button with an icon only; `label` is read out and shown on hovering."""
        button = ft.IconButton(icon=icon, tooltip=label, icon_color=self.palette.brand, on_click=on_tap)
        return ft.Semantics(
            content=button, label=label, button=True, on_tap=on_tap, exclude_semantics=True, container=True
        )

    def title(self, text: str, *, icon: ft.IconData, tone: Tone) -> ft.Control:
        """What a screen is about, beside its icon; screen readers say it when it appears."""
        heading = ft.Semantics(content=self.heading(text, size=21, color=tone.accent), live_region=True)
        return self.beside_icon(ft.Icon(icon=icon, color=tone.accent, size=32 * self.scale), heading)

    def beside_icon(self, icon: ft.Icon, title: ft.Control) -> ft.Control:
        """A title with its icon at the left; above it where the text is large."""
        if self.large:
            return stack(ft.Row(controls=[icon]), title, spacing=8)
        return ft.Row(controls=[icon, ft.Container(content=title, expand=True)], spacing=12)

    def emblem(self, content: ft.Control) -> ft.Control:
        """A large quiet box with an icon or a ring in it."""
        return ft.Container(
            content=content, height=96, bgcolor=self.palette.page, border_radius=14, alignment=ft.Alignment.CENTER
        )

    def blank(self, share: float, *, height: int = 12) -> ft.Control:
        """A line of text that is not there yet, over a share of the width."""
        tenths = round(10 * share)
        return ft.Row(
            controls=[
                ft.Container(height=height * self.scale, bgcolor=self.palette.track, border_radius=6, expand=tenths),
                ft.Container(expand=10 - tenths),
            ],
            spacing=0,
        )

    def bar(self, share: float) -> ft.Control:
        """How far something has come, 0 to 1."""
        return ft.ProgressBar(
            value=share, bar_height=8, border_radius=4, color=self.palette.brand, bgcolor=self.palette.track
        )

    def ring(self, *, size: int = 46) -> ft.Control:
        """A sign of life; at rest where its owner asked for less motion."""
        palette = self.palette
        if self.still:
            return ft.Icon(icon=ft.Icons.HOURGLASS_TOP, size=size, color=palette.brand)
        return ft.ProgressRing(width=size, height=size, stroke_width=4, color=palette.brand, bgcolor=palette.track)


def stack(*controls: ft.Control, spacing: int = GAP) -> ft.Column:
    """One below the other, as wide as there is room."""
    return ft.Column(
        controls=list(controls), spacing=spacing, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )


def image_source(jpeg: bytes) -> str:
    """A picture as Flutter draws it in every browser.

    Not as bytes: they reach Flutter as a view into the whole message, and where the browser has no `ImageDecoder`
    (Firefox, Safari, and Chromium over plain http) it decodes that message instead of its view: nothing is drawn.
    """
    return base64.b64encode(jpeg).decode("ascii")


def tappable(image: ft.Control, *, label: str, on_tap: Callable[[], None]) -> ft.Control:
    """A picture that is a button: `label` says what a tap does."""
    hold = ft.GestureDetector(content=image, on_tap=on_tap, mouse_cursor=ft.MouseCursor.ZOOM_IN)
    return ft.Semantics(content=hold, label=label, button=True, on_tap=on_tap, exclude_semantics=True, container=True)


def picture(jpeg: bytes, *, label: str, side: int | None = None) -> ft.Control:
    """A square picture: `side` logical pixels, or as wide as its column."""
    return ft.Image(
        src=image_source(jpeg),
        fit=ft.BoxFit.COVER,
        semantics_label=label,
        border_radius=RADIUS if side is None or side > 96 else 10,
        width=side,
        height=side,
        aspect_ratio=None if side else 1,
    )
