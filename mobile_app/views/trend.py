"""A spot over time: each photo's result and its size in the frame, as a plot and in words."""

from collections.abc import Sequence
from itertools import pairwise

import flet as ft
import flet.canvas as cv

from mobile_app.spots import Moment, report_of
from mobile_app.views.answer import percent
from mobile_app.views.desk import Desk
from runtime.advice import AdviceKind
from runtime.report import Report

WIDTH, HEIGHT = 280.0, 132.0
"""Logical pixels of the plot."""
_LEVELS: dict[AdviceKind, int] = {
    AdviceKind.LOW: 0,
    AdviceKind.TREATMENT: 1,
    AdviceKind.MODERATE: 2,
    AdviceKind.HIGH: 3,
}
"""Height of a result: the more urgent, the higher."""
_MARGIN = 14.0


def trend(desk: Desk, moments: Sequence[Moment]) -> ft.Control:
    """Dots for results, coloured and higher the more urgent; a line for the size in the frame, from 0 to its most."""
    texts, look = desk.texts.spots, desk.look
    spoken = texts.trend_spoken.format(points="; ".join(_said(desk, moment) for moment in moments))
    plot = cv.Canvas(shapes=[*_line(desk, moments), *_dots(desk, moments)], width=WIDTH, height=HEIGHT)
    legend = [
        _key(desk, ft.Icons.CIRCLE, texts.trend_tier),
        _key(desk, ft.Icons.SHOW_CHART, texts.trend_size),
    ]
    described = ft.Semantics(content=plot, label=spoken, image=True, container=True)
    return look.card(
        look.heading(texts.trend),
        ft.Row(controls=[described], alignment=ft.MainAxisAlignment.CENTER),
        ft.Row(controls=list(legend), wrap=True, spacing=16),
    )


def _said(desk: Desk, moment: Moment) -> str:
    """Date, result and size of one photo."""
    report, shot = _report(desk, moment), moment.shot
    size = "" if shot.size_in_frame is None else f", {percent(desk.texts.answer, shot.size_in_frame)}"
    tier = "-" if report is None else report.tier_text
    return f"{shot.taken.strftime(desk.texts.date)}: {tier}{size}"


def _report(desk: Desk, moment: Moment) -> Report | None:
    return report_of(moment.shot, language=desk.session.preferences.language)


def _across(index: int, count: int) -> float:
    return _MARGIN + (WIDTH - 2 * _MARGIN) * (index / max(count - 1, 1))


def _up(share: float) -> float:
    return HEIGHT - _MARGIN - (HEIGHT - 2 * _MARGIN) * share


def _dots(desk: Desk, moments: Sequence[Moment]) -> list[cv.Shape]:
    shapes: list[cv.Shape] = []
    for index, moment in enumerate(moments):
        report = _report(desk, moment)
        if report is not None and report.advice.kind in _LEVELS:
            tone = desk.look.palette.tones[report.advice.kind]
            height = _up(_LEVELS[report.advice.kind] / 3)
            shapes.append(cv.Circle(_across(index, len(moments)), height, 6, ft.Paint(color=tone.accent)))
    return shapes


def _line(desk: Desk, moments: Sequence[Moment]) -> list[cv.Shape]:
    sizes = [(index, m.shot.size_in_frame) for index, m in enumerate(moments) if m.shot.size_in_frame is not None]
    most = max((size for _, size in sizes), default=0.0)
    if most <= 0:
        return []
    ends = [(_across(index, len(moments)), _up(size / most)) for index, size in sizes]
    paint = ft.Paint(color=desk.look.palette.muted, stroke_width=2)
    return [cv.Line(x1, y1, x2, y2, paint) for (x1, y1), (x2, y2) in pairwise(ends)]


def _key(desk: Desk, icon: ft.IconData, label: str) -> ft.Control:
    mark = ft.Icon(icon=icon, size=16, color=desk.look.palette.muted)
    return ft.Row(controls=[mark, desk.look.muted(label)], spacing=6, tight=True)
