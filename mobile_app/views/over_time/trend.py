"""A spot over time, drawn: each photo's result on the line of its level, and below it the size in the frame."""

from collections.abc import Sequence

import flet as ft
import flet_charts as fc

from mobile_app.views.answer import ICONS, percent
from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.look import stack
from mobile_app.visit.spots import Reading, result_of
from mobile_app.visit.trend import Point, levels_of, points_of, top_of
from runtime.answer.advice import AdviceKind

# Logical pixels before the text's scale.
_GUTTER = 36
"""at the left of both plots: a level's icon, a percentage"""
_WORDS = 18
"""height of a line of small text"""
_ABOVE, _BELOW = 9, 17
"""of a level's line, to its own word and to the next level's: a word is nearer to its line than to any other"""
_SIZES = 76
"""height of the plot of sizes"""
_DOT, _SMALL_DOT = 6, 4
"""radius of a result, and of a size or of a result among many"""
_ACROSS = 180
"""for the radii of all results together: on a small phone thirty photos stand side by side"""
_BESIDE = 0.04
"""share of the width left free at both ends, so that the first and last dots are whole"""


def trend(desk: Desk, readings: Sequence[Reading]) -> list[ft.Control]:
    """A card; none where there is nothing to draw."""
    points = points_of(readings)
    parts = [
        *(_results(desk, points) if any(point.kind for point in points) else []),
        *(_sizes(desk, points) if any(point.percent is not None for point in points) else []),
    ]
    if not parts:
        return []
    texts, look = desk.texts.spots, desk.look
    described = ft.Semantics(
        content=stack(*parts, _dates(desk, readings), spacing=8),
        label=texts.trend_spoken.format(points="; ".join(_said(desk, reading) for reading in readings)),
        image=True,
        container=True,
        exclude_semantics=True,
    )
    return [look.card(look.heading(texts.trend), described)]


def _said(desk: Desk, reading: Reading) -> str:
    """Date, result and size of one photo."""
    shot, texts = reading.shot, desk.texts.spots
    size = "" if shot.size_in_frame is None else f", {percent(desk.texts.answer, shot.size_in_frame)}"
    tier = "-" if reading.report is None else result_of(reading.report, not_assessed=texts.not_assessed)
    return f"{shot.taken.strftime(desk.texts.date)}: {tier}{size}"


def _results(desk: Desk, points: Sequence[Point]) -> list[ft.Control]:
    """One line for each level with its icon at the left and its word above; a dot on it for each photo."""
    look, levels = desk.look, levels_of(points)
    row = (_WORDS + _ABOVE + _BELOW) * look.scale
    below = _BELOW * look.scale / row  # the lowest line, as a share of what lies between two
    radius = max(_SMALL_DOT, min(_DOT * look.scale, _ACROSS / len(points)))
    dots = [
        _dot(
            point,
            levels.index(point.kind),
            look.palette.tones[point.kind].accent,
            radius=radius,
            ring=look.palette.surface,
        )
        for point in points
        if point.kind is not None
    ]
    plot = _chart(
        desk,
        dots,
        color=look.palette.outline,
        labels=[(height, _icon(desk, kind)) for height, kind in enumerate(levels)],
        step=1,
        lowest=-below,
        highest=len(levels) - below,
    )
    words = [
        ft.Container(
            content=look.muted(_word(desk, kind), size=12),
            bgcolor=look.palette.surface,  # the line from dot to dot passes behind the word
            left=_GUTTER * look.scale,
            top=(len(levels) - 1 - index) * row,
        )
        for index, kind in enumerate(levels)
    ]
    whole = ft.Container(content=plot, left=0, right=0, top=0, bottom=0)
    return [_caption(desk, desk.texts.spots.trend_tier), ft.Stack(controls=[whole, *words], height=len(levels) * row)]


def _sizes(desk: Desk, points: Sequence[Point]) -> list[ft.Control]:
    """A line through the sizes that were measured, from nothing to a round number."""
    look, top = desk.look, top_of(points)
    brand = look.palette.brand
    dots = [_dot(point, point.percent, brand, radius=_SMALL_DOT) for point in points if point.percent is not None]
    plot = _chart(
        desk,
        dots,
        color=brand,
        labels=[(value, _number(desk, value)) for value in (0, top // 2, top)],
        step=top // 2,
        lowest=-top / 100,  # a line at the very edge is not drawn
        highest=top + top / 100,
    )
    half_a_line = _WORDS * look.scale / 2  # of the numbers at the ends lies beyond the plot
    return [
        _caption(desk, desk.texts.spots.trend_size),
        ft.Container(
            content=plot,
            height=_SIZES * look.scale + 2 * half_a_line,
            padding=ft.Padding.symmetric(vertical=half_a_line),
        ),
    ]


def _chart(
    desk: Desk,
    dots: list[fc.LineChartDataPoint],
    *,
    color: str,
    labels: Sequence[tuple[int, ft.Control]],
    step: int,
    lowest: float,
    highest: float,
) -> ft.Control:
    """Dots in order of time, a line through them, and a line across at every label; still, and deaf to touch."""
    look = desk.look
    axis = fc.ChartAxis(
        labels=[fc.ChartAxisLabel(value=value, label=label) for value, label in labels],
        label_size=_GUTTER * look.scale,
        label_spacing=step,
        show_min=False,
        show_max=False,
    )
    return fc.LineChart(
        data_series=[fc.LineChartData(points=dots, color=color, stroke_width=2)],
        left_axis=axis,
        horizontal_grid_lines=fc.ChartGridLines(interval=step, color=look.palette.outline, width=1),
        baseline_y=0,
        min_x=-_BESIDE,
        max_x=1 + _BESIDE,
        min_y=lowest,
        max_y=highest,
        interactive=False,
        tooltip=None,
        animation=ft.Animation(duration=0),
    )


def _dot(point: Point, height: float, color: str, *, radius: float, ring: str = "") -> fc.LineChartDataPoint:
    """`ring`: a colour around it that parts it from dots below."""
    shape = fc.ChartCirclePoint(color=color, radius=radius, stroke_color=ring or color, stroke_width=2 if ring else 0)
    return fc.LineChartDataPoint(x=point.across, y=height, point=shape)


def _icon(desk: Desk, kind: AdviceKind) -> ft.Control:
    tone = desk.look.palette.tones[kind]
    return ft.Icon(icon=ICONS[kind], size=18 * desk.look.scale, color=tone.accent)


def _word(desk: Desk, kind: AdviceKind) -> str:
    texts = desk.texts.spots
    return {
        AdviceKind.LOW: texts.level_low,
        AdviceKind.TREATMENT: texts.level_treatment,
        AdviceKind.MODERATE: texts.level_moderate,
        AdviceKind.HIGH: texts.level_high,
    }[kind]


def _number(desk: Desk, value: int) -> ft.Control:
    return desk.look.muted(desk.texts.answer.percent.format(value=value), size=12)


def _caption(desk: Desk, text: str) -> ft.Control:
    return desk.look.words(text, size=14, bold=True)


def _dates(desk: Desk, readings: Sequence[Reading]) -> ft.Control:
    """Of the first photo and the newest, one where they are the same."""
    look, form = desk.look, desk.texts.date
    ends = [reading.shot.taken.strftime(form) for reading in (readings[0], readings[-1])]
    # Two dates in the largest text fill a small phone's card.
    left = _GUTTER * look.scale if look.scale < 1.5 or look.wide else 0
    return ft.Container(
        content=ft.Row(
            controls=[look.muted(date, size=12) for date in dict.fromkeys(ends)],
            alignment=ft.MainAxisAlignment.SPACE_BETWEEN,
        ),
        padding=ft.Padding.only(left=left),
    )
