"""Spots over time: the list, one spot with its photos, and two photos on top of each other."""

from collections.abc import Callable

import flet as ft

from mobile_app.body import Place, Region
from mobile_app.spots import Comparison, Entry, Moment, SpotDetail, SpotEdit, SpotList, Spots, report_of
from mobile_app.store import Lesion, Shot
from mobile_app.views.answer import ICONS, percent
from mobile_app.views.choice import Choice
from mobile_app.views.desk import Desk
from mobile_app.views.frame import frame
from mobile_app.views.look import picture, stack
from mobile_app.views.place import PlaceChoice
from mobile_app.views.sure import sure
from mobile_app.views.trend import trend

THUMBNAIL = 72
"""Logical pixels."""
WEEKS = (4, 12, 26)
"""Offered for the next photo: a month for what is watched, then a quarter and half a year."""


def spot_list(desk: Desk, view: SpotList) -> ft.Control:
    """Search on top, the spot with the newest photo first."""
    texts, look = desk.texts.spots, desk.look
    empty = texts.none_found if view.filtered else texts.none_yet
    entries = [_entry(desk, entry) for entry in view.entries]
    return frame(
        desk,
        look.heading(texts.title, size=22, level=2),
        *([_filters(desk, view)] if entries or view.filtered else []),
        *(entries or [look.card(look.words(empty))]),
    )


def spot_detail(desk: Desk, view: SpotDetail) -> ft.Control:
    """One spot: what it is called, its newest result, all photos, and what can be done."""
    texts, look, spots = desk.texts.spots, desk.look, desk.spots
    lesion = view.lesion
    kept = [moment for moment in view.moments if moment.shot.has_photo]
    return frame(
        desk,
        look.link(texts.back, icon=ft.Icons.ARROW_BACK, on_tap=spots.back),
        look.card(
            look.heading(name_of(desk, lesion), size=21, level=2),
            look.muted(_place_of(desk, lesion)),
            *([look.words(lesion.notes)] if lesion.notes else []),
            *([look.words(texts.due.format(date=view.due.strftime(desk.texts.date)))] if view.due else []),
            look.link(texts.edit, icon=ft.Icons.EDIT_OUTLINED, on_tap=spots.edit),
        ),
        *([_compare(desk, view)] if len(kept) > 1 else []),
        *([trend(desk, view.moments)] if len(view.moments) > 1 else []),
        *[_moment(desk, view, moment) for moment in reversed(view.moments)],
        _reminders(desk),
        *_delete_spot(desk, view),
    )


def spot_edit(desk: Desk, view: SpotEdit) -> ft.Control:
    """Name, place, notes."""
    return frame(desk, SpotForm(desk, view.lesion), tabs=False)


def comparison(desk: Desk, view: Comparison) -> ft.Control:
    """Two photos with a line between them that the finger moves."""
    spots = desk.spots
    texts, look = desk.texts.spots, desk.look
    dates = [shot.taken.strftime(desk.texts.date) for shot in (view.earlier, view.later)]
    return frame(
        desk,
        look.link(texts.back, icon=ft.Icons.ARROW_BACK, on_tap=spots.back),
        look.heading(name_of(desk, view.lesion), size=21, level=2),
        Slide(desk, view, dates[0], dates[1]),
    )


def name_of(desk: Desk, lesion: Lesion) -> str:
    return lesion.name or desk.texts.spots.no_name


def _place_of(desk: Desk, lesion: Lesion) -> str:
    return desk.texts.spots.no_place if lesion.place is None else desk.texts.body.place(lesion.place)


def _filters(desk: Desk, view: SpotList) -> ft.Control:
    texts, look, spots = desk.texts.spots, desk.look, desk.spots
    search = ft.TextField(
        label=texts.search,
        value=view.search,
        prefix_icon=ft.Icons.SEARCH,
        text_size=15 * look.scale,
        border_color=look.palette.outline,
        on_submit=lambda event: spots.search(str(event.control.value or "")),
    )
    places = (("", texts.any_place), *((region.value, desk.texts.body.name(region)) for region in Region))
    only = Choice(look, "", places, view.region.value if view.region else "", _narrows(spots))
    return stack(search, only, spacing=10)


def _narrows(spots: Spots) -> Callable[[str], None]:
    return lambda key: spots.only(Region(key) if key else None)


def _entry(desk: Desk, entry: Entry) -> ft.Control:
    """One row, a button as a whole."""
    texts, look, spots = desk.texts.spots, desk.look, desk.spots
    lines: list[ft.Control] = [
        look.words(name_of(desk, entry.lesion), size=16, bold=True),
        look.muted(_place_of(desk, entry.lesion)),
    ]
    if entry.last is not None:
        taken = entry.last.taken.strftime(desk.texts.date)
        lines += [_chip(desk, entry.last), look.muted(f"{texts.photos.format(count=entry.count)} · {taken}")]
    if entry.due is not None:
        lines.append(look.muted(texts.due.format(date=entry.due.strftime(desk.texts.date))))
    column = ft.Column(controls=lines, spacing=3, tight=True, expand=True)
    row = ft.Row(controls=[_thumb(desk, entry.thumbnail), column], spacing=12)
    return ft.TextButton(
        content=row,
        style=ft.ButtonStyle(
            bgcolor=look.palette.surface,
            side=ft.BorderSide(1, look.palette.outline),
            shape=ft.RoundedRectangleBorder(radius=16),
            padding=ft.Padding.all(14),
        ),
        on_click=lambda: spots.open(entry.lesion.id),
    )


def _thumb(desk: Desk, jpeg: bytes) -> ft.Control:
    if jpeg:
        return picture(jpeg, label="", side=THUMBNAIL)
    return ft.Container(
        content=ft.Icon(icon=ft.Icons.IMAGE_NOT_SUPPORTED_OUTLINED, color=desk.look.palette.muted),
        width=THUMBNAIL,
        height=THUMBNAIL,
        bgcolor=desk.look.palette.page,
        border_radius=10,
        alignment=ft.Alignment.CENTER,
    )


def _chip(desk: Desk, shot: Shot) -> ft.Control:
    """The tier: shape, colour and words."""
    report, look = report_of(shot, language=desk.session.preferences.language), desk.look
    if report is None:
        return look.muted("-")
    tone = look.palette.tones[report.advice.kind]
    label = look.words(report.tier_text, size=13, color=tone.accent, bold=True)
    icon = ft.Icon(icon=ICONS[report.advice.kind], color=tone.accent, size=16 * look.scale)
    return ft.Container(
        content=ft.Row(controls=[icon, label], spacing=6, tight=True),
        bgcolor=tone.background,
        border=ft.Border.all(1, tone.border),
        border_radius=10,
        padding=ft.Padding.symmetric(horizontal=8, vertical=3),
    )


def _moment(desk: Desk, view: SpotDetail, moment: Moment) -> ft.Control:
    """One photo with its answer, what was said to have changed, and a way to delete it."""
    texts, look, spots = desk.texts.spots, desk.look, desk.spots
    shot = moment.shot
    changed = [question for code, question in texts.changed if shot.answers.get(code)]
    share = "" if shot.size_in_frame is None else percent(desk.texts.answer, shot.size_in_frame)
    lines = [
        look.words(shot.taken.strftime(desk.texts.date), size=16, bold=True),
        _chip(desk, shot),
        *([look.muted(texts.size.format(percent=share))] if share else []),
        *([] if shot.has_photo else [look.muted(texts.no_photo_kept)]),
    ]
    row = ft.Row(
        controls=[_thumb(desk, moment.thumbnail), ft.Column(controls=lines, spacing=4, tight=True, expand=True)],
        spacing=12,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
    delete = (
        sure(desk, texts.delete_sure, yes=spots.delete, no=lambda: spots.ask_to_delete(""))
        if view.sure == shot.id
        else look.link(texts.delete_photo, icon=ft.Icons.DELETE_OUTLINE, on_tap=lambda: spots.ask_to_delete(shot.id))
    )
    page = look.link(
        desk.texts.answer.save_pdf,
        icon=ft.Icons.PICTURE_AS_PDF_OUTLINED,
        on_tap=lambda: desk.files.save_shot(shot.id, "pdf"),
    )
    return look.card(row, *look.bullets(changed, icon=ft.Icons.PRIORITY_HIGH), page, delete)


def _compare(desk: Desk, view: SpotDetail) -> ft.Control:
    """The first kept photo with the newest: the longest time shows the most."""
    spots = desk.spots
    kept = [moment.shot.id for moment in view.moments if moment.shot.has_photo]
    return desk.look.button(
        desk.texts.spots.compare, icon=ft.Icons.COMPARE, on_tap=lambda: spots.compare(kept[0], kept[-1])
    )


def _reminders(desk: Desk) -> ft.Control:
    texts, look = desk.texts.spots, desk.look
    links = [
        look.link(
            texts.remind_weeks.format(weeks=weeks),
            icon=ft.Icons.CALENDAR_MONTH_OUTLINED,
            on_tap=_remind(desk, weeks),
        )
        for weeks in WEEKS
    ]
    return look.card(look.heading(texts.remind), *links)


def _remind(desk: Desk, weeks: int) -> Callable[[], None]:
    return lambda: desk.files.save_reminder(weeks)


def _delete_spot(desk: Desk, view: SpotDetail) -> list[ft.Control]:
    texts, look, spots = desk.texts.spots, desk.look, desk.spots
    if view.sure == view.lesion.id:
        return [sure(desk, texts.delete_sure, yes=spots.delete, no=lambda: spots.ask_to_delete(""))]
    return [
        look.link(
            texts.delete_spot,
            icon=ft.Icons.DELETE_FOREVER_OUTLINED,
            on_tap=lambda: spots.ask_to_delete(view.lesion.id),
        )
    ]


@ft.component
def SpotForm(desk: Desk, lesion: Lesion) -> ft.Control:
    """What is typed is kept only when "Keep" is tapped."""
    texts, look, spots = desk.texts.spots, desk.look, desk.spots
    # Taps arrive faster than the page is drawn: "Keep" reads what was written last, not what was drawn last.
    written = ft.use_ref(lambda: {"name": lesion.name, "notes": lesion.notes}).current or {}
    held = ft.use_ref(lambda: [lesion.place]).current or [None]
    _, draw = ft.use_state(0)

    def put(place: Place | None) -> None:
        held[0] = place
        draw(lambda turn: turn + 1)

    return look.card(
        text_field(desk, texts.name, written["name"], lambda text: written.update(name=text), hint=texts.name_hint),
        PlaceChoice(desk, held[0], put),
        text_field(desk, texts.notes, written["notes"], lambda text: written.update(notes=text), lines=4),
        look.button(
            texts.save,
            icon=ft.Icons.CHECK,
            on_tap=lambda: spots.save(name=written["name"], place=held[0], notes=written["notes"]),
        ),
        look.link(texts.back, icon=ft.Icons.ARROW_BACK, on_tap=spots.back),
    )


def text_field(
    desk: Desk, label: str, value: str, on_change: Callable[[str], None], *, hint: str = "", lines: int = 1
) -> ft.Control:
    """A text field."""
    look = desk.look
    return ft.TextField(
        label=label,
        value=value,
        hint_text=hint,
        multiline=lines > 1,
        min_lines=lines if lines > 1 else None,
        max_length=2000 if lines > 1 else 80,
        text_size=15 * look.scale,
        border_color=look.palette.outline,
        on_change=lambda event: on_change(str(event.control.value or "")),
    )


@ft.component
def Slide(desk: Desk, view: Comparison, first: str, second: str) -> ft.Control:
    """Two photos in one square, the earlier one up to a line that follows the finger; buttons show either whole."""
    share, set_share = ft.use_state(0.5)
    texts, look = desk.texts.spots, desk.look
    side = 380.0 if look.wide else 280.0
    earlier = ft.Container(
        content=ft.Stack(controls=[_whole(view.first, side)], width=side, height=side),
        width=share * side,
        height=side,
        clip_behavior=ft.ClipBehavior.HARD_EDGE,
    )
    line = ft.Container(left=share * side - 1, width=2, height=side, bgcolor=look.palette.surface)
    hold = ft.GestureDetector(
        content=ft.Stack(controls=[_whole(view.second, side), earlier, line], width=side, height=side),
        mouse_cursor=ft.MouseCursor.RESIZE_LEFT_RIGHT,
        exclude_from_semantics=True,
        on_horizontal_drag_update=lambda event: set_share(_share(event.local_position.x, side)),
        on_tap_down=lambda event: set_share(_share(event.local_position.x if event.local_position else 0.0, side)),
    )
    square = ft.Container(
        content=hold, width=side, height=side, border_radius=16, clip_behavior=ft.ClipBehavior.ANTI_ALIAS
    )
    spoken = ft.Semantics(
        content=square, label=f"{texts.compare_spoken}: {first}, {second}", image=True, container=True
    )
    ends = [
        look.link(first, icon=ft.Icons.CHEVRON_LEFT, on_tap=lambda: set_share(1.0)),
        look.link(second, icon=ft.Icons.CHEVRON_RIGHT, on_tap=lambda: set_share(0.0)),
    ]
    return look.card(
        ft.Row(controls=[spoken], alignment=ft.MainAxisAlignment.CENTER),
        ft.Row(controls=list(ends), alignment=ft.MainAxisAlignment.SPACE_BETWEEN, wrap=True),
        look.muted(texts.compare_hint),
    )


def _whole(jpeg: bytes, side: float) -> ft.Control:
    return ft.Image(src=jpeg, width=side, height=side, fit=ft.BoxFit.COVER, exclude_from_semantics=True)


def _share(x: float, side: float) -> float:
    return min(max(x / side, 0.0), 1.0)


def no_spots(desk: Desk) -> ft.Control:
    """The store cannot be opened: what that means, and that nothing was lost."""
    texts, look = desk.texts.trouble, desk.look
    tone = look.palette.warning
    return frame(
        desk,
        look.card(
            look.title(texts.store_title, icon=ft.Icons.BUILD_CIRCLE_OUTLINED, tone=tone),
            look.words(texts.store_advice),
            tone=tone,
        ),
        look.card(look.heading(texts.details), look.muted(desk.session.kept.problem, size=14)),
    )
