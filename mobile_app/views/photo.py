"""From the start to the square that is to be judged."""

from collections.abc import Callable

import flet as ft

from mobile_app.photo.framing import Framing, largest
from mobile_app.photo.journey import Journey
from mobile_app.photo.screens import Analysing, CannotAssess, Check, Opening, Verdict
from mobile_app.views.camera import above_or_beside, ring
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.frame import WIDE, beside, frame
from mobile_app.views.pieces.look import RADIUS, Look, image_source

WINDOW, WINDOW_WIDE = 300.0, 380.0
"""Logical pixels of the framing square: on a phone of 360 x 640 the way on is still seen below it; on a desktop."""
_NUDGE = 0.1
"""Share of the square that one tap on an arrow moves it."""
_ZOOM_STEP = 1.25
_WHEEL = 400.0
"""Logical pixels of a mouse wheel that double or halve the zoom: four notches."""


def welcome(desk: Desk) -> ft.Control:
    """One question, three hints, one button."""
    texts, look = desk.texts.start, desk.look
    icon = ft.Icon(icon=ft.Icons.CENTER_FOCUS_STRONG_OUTLINED, size=52, color=look.palette.brand)
    return frame(
        desk,
        *_again(desk),
        look.card(
            look.emblem(icon),
            look.heading(texts.question, size=22),
            *look.bullets(texts.tips),
            ft.Container(height=2),
            *_ways(desk),
        ),
    )


def _again(desk: Desk) -> list[ft.Control]:
    """Which spot the photo is for, where that was said beforehand; and the way out of it."""
    session, look, texts = desk.session, desk.look, desk.texts.spots
    if session.again is None:
        return []
    named = look.words(texts.again_of.format(name=session.again.name or texts.no_name), bold=True)
    return [look.card(named, look.link(texts.again_not, icon=ft.Icons.CLOSE, on_tap=session.forget_again))]


def _ways(desk: Desk) -> list[ft.Control]:
    """The camera first where the device has one that the app can use."""
    texts = desk.texts.start
    if not desk.files.camera.usable:
        return [desk.choose(texts.choose_photo)]
    take = desk.look.button(texts.take_photo, icon=ft.Icons.CAMERA_ALT_OUTLINED, on_tap=desk.session.journey.shoot)
    return [take, desk.choose(texts.choose_photo, primary=False)]


def waiting(desk: Desk, screen: Opening | Analysing) -> ft.Control:
    """A sign of life with the file's name, and the outline of what replaces it within about a second."""
    texts, look = desk.texts.check, desk.look
    judging = isinstance(screen, Analysing)
    title = look.heading(texts.analysing if judging else texts.opening, size=22)
    return frame(
        desk,
        look.card(
            ft.Row(
                controls=[look.ring(size=32), ft.Semantics(content=title, live_region=True, expand=True)], spacing=14
            ),
            look.muted(screen.photo.name, size=15),
            *(_how_far(desk, screen.share) if isinstance(screen, Opening) and screen.share is not None else []),
            *([look.muted(texts.analysing_hint, size=15)] if judging else []),
            look.button(texts.cancel, icon=ft.Icons.CLOSE, on_tap=desk.session.journey.start_over, primary=False),
        ),
        *(_outline(look) if judging else []),
    )


def _how_far(desk: Desk, share: float) -> list[ft.Control]:
    return [desk.look.bar(share), desk.look.muted(desk.texts.answer.percent.format(value=int(100 * share)))]


def _outline(look: Look) -> list[ft.Control]:
    """Where the result and the advice will be, so that nothing jumps when they come."""
    return [
        _unread(look.card(look.blank(0.5, height=30), look.blank(0.9), look.blank(0.7))),
        _unread(look.card(look.blank(0.4, height=18), *[look.blank(0.9) for _ in range(4)])),
    ]


def check(desk: Desk, screen: Check) -> ft.Control:
    """The photo behind a square, what its quality allows, and one button to go on."""
    square = Window(desk.session.journey, desk.look, desk.texts.check.frame_spoken, screen)
    window = above_or_beside(desk.look, square)
    if desk.look.roomy and not desk.look.flat:
        both = beside(window, _judgement(desk, screen), _framing(desk, screen), wide=True, side=WINDOW_WIDE)
        return frame(desk, both, widest=WIDE)
    return frame(desk, _judgement(desk, screen), _framing(desk, screen), pinned=window)


def _judgement(desk: Desk, screen: Check) -> ft.Control:
    """The way on comes first where the photo is good, the way back where it is not.

    While a moved square is being judged the buttons stay where they are: nobody taps on what has just changed places.
    """
    texts, look = desk.texts.check, desk.look
    sound = not isinstance(screen.last, CannotAssess)
    judge = look.button(
        texts.judge if sound else texts.judge_anyway,
        icon=ft.Icons.SEARCH,
        on_tap=desk.session.journey.judge,
        primary=sound,
    )
    retake = desk.choose(texts.retake, primary=not sound)
    return look.card(
        look.heading(texts.title, size=19),
        _quality(desk, screen.answer),
        *([judge, retake] if sound else [retake, judge]),
    )


def _quality(desk: Desk, answer: Verdict | CannotAssess | None) -> ft.Control:
    """Whether the square can be judged, in the very words of its answer."""
    texts, palette = desk.texts.check, desk.look.palette
    match answer:
        case None:
            note = desk.look.notice(texts.analysing, icon=ft.Icons.HOURGLASS_EMPTY, tone=palette.neutral)
        case CannotAssess():
            note = desk.look.notice(
                " ".join(answer.report.reasons),
                title=texts.not_good,
                icon=ft.Icons.REPORT_PROBLEM_OUTLINED,
                tone=palette.warning,
            )
        case Verdict():
            note = desk.look.notice(texts.good, icon=ft.Icons.CHECK, tone=palette.neutral)
    return ft.Semantics(content=note, live_region=True)


def _framing(desk: Desk, screen: Check) -> ft.Control:
    """The same by buttons: for a mouse, a keyboard, a screen reader, and one hand.

    No slider: in a browser whose screen reader is on, Flutter's lays an invisible page over all buttons.
    """
    look = desk.look
    return look.card(look.muted(desk.texts.check.frame_hint), _presets(desk, screen), _arrows(desk, screen))


def _presets(desk: Desk, screen: Check) -> ft.Control:
    texts = desk.texts.check
    whole, guess = largest(screen.picture.image), screen.guess
    offered = [(texts.whole, ft.Icons.CROP_FREE, whole)]
    if guess != whole:
        offered.append((texts.around_spot, ft.Icons.CENTER_FOCUS_STRONG_OUTLINED, guess))
    return ft.Row(
        controls=[desk.look.link(label, icon=icon, on_tap=_goes_to(desk, framing)) for label, icon, framing in offered],
        wrap=True,
        spacing=8,
    )


def _arrows(desk: Desk, screen: Check) -> ft.Control:
    texts, framing = desk.texts.check, screen.framing
    ways = (
        (texts.zoom_out, ft.Icons.ZOOM_OUT, framing.zoomed(framing.zoom / _ZOOM_STEP)),
        (texts.zoom_in, ft.Icons.ZOOM_IN, framing.zoomed(framing.zoom * _ZOOM_STEP)),
        (texts.move_left, ft.Icons.ARROW_BACK, framing.moved(-_NUDGE, 0.0)),
        (texts.move_up, ft.Icons.ARROW_UPWARD, framing.moved(0.0, -_NUDGE)),
        (texts.move_down, ft.Icons.ARROW_DOWNWARD, framing.moved(0.0, _NUDGE)),
        (texts.move_right, ft.Icons.ARROW_FORWARD, framing.moved(_NUDGE, 0.0)),
    )
    return ft.Row(
        controls=[desk.look.icon_button(label, icon=icon, on_tap=_goes_to(desk, there)) for label, icon, there in ways],
        alignment=ft.MainAxisAlignment.CENTER,
        wrap=True,
        spacing=0,
    )


def _goes_to(desk: Desk, framing: Framing) -> Callable[[], None]:
    def go() -> None:
        desk.session.journey.reframe(framing)
        desk.session.journey.measure()

    return go


def _unread(shape: ft.Control) -> ft.Control:
    return ft.Semantics(content=shape, exclude_semantics=True)


@ft.component
def Window(journey: Journey, look: Look, spoken: str, screen: Check) -> ft.Control:
    """The part of the photo within the square; it moves under the finger, two fingers or the wheel zoom."""
    start = ft.use_ref(screen.framing.zoom)
    side = look.square(WINDOW_WIDE if look.wide else WINDOW)
    framing = screen.framing

    def begin() -> None:
        start.current = _framing_now(journey, screen).zoom

    def drag(event: ft.ScaleUpdateEvent) -> None:
        now = _framing_now(journey, screen)
        delta = event.focal_point_delta
        journey.reframe(now.zoomed((start.current or 1.0) * event.scale).moved(-delta.x / side, -delta.y / side))

    def wheel(event: ft.ScrollEvent) -> None:
        now = _framing_now(journey, screen)
        journey.reframe(now.zoomed(now.zoom * 2 ** (-event.scroll_delta.y / _WHEEL)))
        journey.measure()

    hold = ft.GestureDetector(
        content=ft.Stack(controls=[_placed(screen, side), *ring(look, side)], width=side, height=side),
        mouse_cursor=ft.MouseCursor.MOVE,
        exclude_from_semantics=True,
        on_scale_start=begin,
        on_scale_update=drag,
        on_scale_end=lambda: journey.measure(),
        on_scroll=wheel,
    )
    shape = ft.Container(
        content=hold, width=side, height=side, border_radius=RADIUS, clip_behavior=ft.ClipBehavior.ANTI_ALIAS
    )
    return ft.Semantics(content=shape, label=spoken.format(zoom=f"{framing.zoom:.1f}"), image=True, container=True)


def _framing_now(journey: Journey, screen: Check) -> Framing:
    """Events arrive faster than the page is drawn: each goes on from where the one before it left off."""
    return journey.screen.framing if isinstance(journey.screen, Check) else screen.framing


def _placed(screen: Check, side: float) -> ft.Control:
    """The whole photo, enlarged and shifted so that the square lies within the window."""
    framing = screen.framing
    scale = side / framing.side  # logical pixels for one of the photo's
    left, top, *_ = framing.box
    image = ft.Image(
        src=image_source(screen.picture.shown),
        width=framing.width * scale,
        height=framing.height * scale,
        fit=ft.BoxFit.FILL,
        gapless_playback=True,
        exclude_from_semantics=True,
    )
    return ft.Container(content=image, left=-left * scale, top=-top * scale)
