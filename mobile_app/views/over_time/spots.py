"""Spots over time: the list, and one spot with its photos."""

from collections.abc import Callable, Sequence
from functools import partial

import flet as ft

from mobile_app.body import Region
from mobile_app.store import Lesion, Shot
from mobile_app.views.answer import ICONS, hand_on, percent
from mobile_app.views.pieces.choice import Choice
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.frame import NARROW, WIDE, columns, frame
from mobile_app.views.pieces.look import picture, stack, tappable
from mobile_app.views.pieces.sure import sure
from mobile_app.visit.spots import (
    Entry,
    Moment,
    Reading,
    SpotDetail,
    SpotList,
    Spots,
    readings,
    report_of,
    result_of,
)
from runtime.answer.report import Report

THUMBNAIL = 72
"""Logical pixels."""
WEEKS = (4, 12, 26)
"""Offered for the next photo: a month for what is watched, then a quarter and half a year."""


def spot_list(desk: Desk, view: SpotList) -> ft.Control:
    """Search on top, the spot with the newest photo first."""
    texts, look = desk.texts.spots, desk.look
    empty = texts.none_found if view.filtered else texts.none_yet
    entries = [_entry(desk, entry) for entry in view.entries]
    wide = look.wide and len(entries) > 1
    rows = columns(entries[::2], entries[1::2], wide=True) if wide else stack(*entries)
    return frame(
        desk,
        look.heading(texts.title, size=22, level=2),
        *([_filters(desk, view)] if entries or view.filtered else []),
        rows if entries else look.card(look.words(empty)),
        widest=WIDE if wide else NARROW,
    )


def spot_detail(desk: Desk, view: SpotDetail) -> ft.Control:
    """One spot: what it is called, its newest result, all photos, and what can be done."""
    texts, look, spots = desk.texts.spots, desk.look, desk.spots
    lesion = view.lesion
    told = answers_of(desk, [moment.shot for moment in view.moments])
    head = [
        look.card(
            look.heading(name_of(desk, lesion), size=21, level=2),
            look.muted(_place_of(desk, lesion)),
            *([look.words(lesion.notes)] if lesion.notes else []),
            *([look.words(texts.due.format(date=view.due.strftime(desk.texts.date)))] if view.due else []),
            look.link(texts.edit, icon=ft.Icons.EDIT_OUTLINED, on_tap=spots.edit),
        ),
        look.button(texts.again, icon=ft.Icons.ADD_A_PHOTO_OUTLINED, on_tap=desk.session.photograph_again),
        *([_compare(desk, view)] if len(view.kept) > 1 else []),
        *(_trend(desk, told) if len(told) > 1 else []),
    ]
    photos = [_moment(desk, view, *both) for both in reversed(list(zip(view.moments, told, strict=True)))]
    rest = [_reminders(desk), *_delete_spot(desk, view)]
    return frame(
        desk,
        look.link(texts.back, icon=ft.Icons.ARROW_BACK, on_tap=spots.back),
        columns([*head, *rest], photos, wide=True) if look.wide else stack(*head, *photos, *rest),
        widest=WIDE if look.wide else NARROW,
    )


def name_of(desk: Desk, lesion: Lesion) -> str:
    """What the spot is called, or that it has no name."""
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
        label_style=look.field_label,
        border_color=look.palette.outline,
        on_change=lambda event: spots.search(str(event.control.value or "")),
        suffix_icon=_clears(desk) if view.search else None,
    )
    places = (("", texts.any_place), *((region.value, desk.texts.body.name(region)) for region in Region))
    only = Choice(look, "", places, view.region.value if view.region else "", _narrows(spots))
    return stack(search, only, spacing=10)


def _clears(desk: Desk) -> ft.Control:
    return desk.look.icon_button(
        desk.texts.spots.clear_search, icon=ft.Icons.CLOSE, on_tap=lambda: desk.spots.search("")
    )


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
        report = report_of(entry.last, language=desk.session.preferences.language)
        lines += [_chip(desk, report), look.muted(f"{texts.photos.format(count=entry.count)} · {taken}")]
    if entry.ahead:
        lines.append(look.muted(texts.ahead))
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


def _chip(desk: Desk, report: Report | None) -> ft.Control:
    """The tier: shape, colour and words."""
    look = desk.look
    if report is None:
        return look.muted("-")
    tone = look.palette.tones[report.advice.kind]
    result = result_of(report, not_assessed=desk.texts.spots.not_assessed)
    label = look.words(result, size=13, color=tone.accent, bold=True, expand=True)
    label.expand_loose = True  # as wide as its words, and wrapped where there is no room for them
    icon = ft.Icon(icon=ICONS[report.advice.kind], color=tone.accent, size=16 * look.scale)
    return ft.Container(
        content=ft.Row(controls=[icon, label], spacing=6, tight=True),
        bgcolor=tone.background,
        border=ft.Border.all(1, tone.border),
        border_radius=10,
        padding=ft.Padding.symmetric(horizontal=8, vertical=3),
    )


def _moment(desk: Desk, view: SpotDetail, moment: Moment, reading: Reading) -> ft.Control:
    """One photo with its answer, what was said to have changed, and a way to delete it."""
    texts, look, spots = desk.texts.spots, desk.look, desk.spots
    shot = moment.shot
    changed = [said for code, said in texts.said if shot.answers.get(code)]
    share = "" if shot.size_in_frame is None else percent(desk.texts.answer, shot.size_in_frame)
    lines = [
        look.words(shot.taken.strftime(desk.texts.date), size=16, bold=True),
        _chip(desk, reading.report),
        *([look.muted(texts.size.format(percent=share))] if share else []),
        *([] if shot.has_photo else [look.muted(texts.no_photo_kept)]),
        *([look.muted(texts.ahead)] if moment.ahead else []),
    ]
    row = ft.Row(
        controls=[_enlarges(desk, moment), ft.Column(controls=lines, spacing=4, tight=True, expand=True)],
        spacing=12,
        vertical_alignment=ft.CrossAxisAlignment.START,
    )
    delete = (
        sure(desk, texts.delete_sure, yes=spots.delete, no=lambda: spots.ask_to_delete(""))
        if view.sure == shot.id
        else look.link(texts.delete_photo, icon=ft.Icons.DELETE_OUTLINE, on_tap=lambda: spots.ask_to_delete(shot.id))
    )
    page = hand_on(desk, lambda way: desk.files.hand_on_shot(shot.id, way))
    shows = [] if reading.report is None else [_shows_answer(desk, shot)]
    return look.card(row, *look.bullets(changed, icon=ft.Icons.FLAG_OUTLINED), *shows, *page, delete)


def _shows_answer(desk: Desk, shot: Shot) -> ft.Control:
    return desk.look.link(
        desk.texts.spots.show_answer,
        icon=ft.Icons.ARTICLE_OUTLINED,
        on_tap=lambda: desk.spots.show_answer(shot.id),
    )


def _enlarges(desk: Desk, moment: Moment) -> ft.Control:
    """A small picture of a kept photo; a tap shows the photo."""
    shot, thumb = moment.shot, _thumb(desk, moment.thumbnail)
    if not moment.thumbnail:
        return thumb
    day = shot.taken.strftime(desk.texts.date)
    return tappable(
        thumb,
        label=f"{desk.texts.answer.enlarge}: {day}",
        on_tap=lambda: desk.session.enlarge_kept(shot.id, day),
    )


def _compare(desk: Desk, view: SpotDetail) -> ft.Control:
    """The first kept photo with the newest: the longest time shows the most."""
    spots, first, newest = desk.spots, view.kept[0], view.kept[-1]
    return desk.look.button(
        desk.texts.spots.compare, icon=ft.Icons.COMPARE, on_tap=lambda: spots.compare(first.id, newest.id)
    )


def _trend(desk: Desk, told: Sequence[Reading]) -> list[ft.Control]:
    # not at start: Flet's charts import matplotlib where it is installed
    from mobile_app.views.over_time.trend import trend

    return trend(desk, told)


def answers_of(desk: Desk, shots: Sequence[Shot]) -> tuple[Reading, ...]:
    """What the photos' stored answers say now."""
    return readings(shots, language=desk.session.preferences.language)


def _reminders(desk: Desk) -> ft.Control:
    texts, look = desk.texts.spots, desk.look
    links = [
        look.link(
            texts.remind_weeks.format(weeks=weeks),
            icon=ft.Icons.CALENDAR_MONTH_OUTLINED,
            on_tap=partial(desk.files.save_reminder, weeks),
        )
        for weeks in WEEKS
    ]
    return look.card(look.heading(texts.remind), *links)


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
