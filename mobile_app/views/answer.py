"""The answer: a tier with its advice and the conditions as bars, or why the photo cannot be judged."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import flet as ft

from mobile_app import palette
from mobile_app.locales import Texts
from mobile_app.state import CannotAssess, Verdict
from mobile_app.views.frame import NARROW, WIDE, beside, frame
from mobile_app.views.parts import GAP, Desk, bullets, card, choose_button, heading, notice, picture, words
from runtime.advice import AdviceKind

if TYPE_CHECKING:
    from runtime import Report

FIRST_CONDITIONS = 4
"""Bars shown before "show all"."""

PHONE_PICTURE = 112
"""Side of the judged square on a phone, in logical pixels: recognisable, with the tier still on the first screen."""

ICONS: dict[AdviceKind, ft.IconData] = {
    AdviceKind.LOW: ft.Icons.CHECK_CIRCLE_OUTLINE,
    AdviceKind.TREATMENT: ft.Icons.MEDICAL_SERVICES_OUTLINED,
    AdviceKind.MODERATE: ft.Icons.SCHEDULE,
    AdviceKind.HIGH: ft.Icons.WARNING_AMBER_ROUNDED,
    AdviceKind.CANNOT_ASSESS: ft.Icons.HELP_OUTLINE,
}
"""Five different shapes: a result is told by its words, its shape and its colour."""


def verdict(desk: Desk, screen: Verdict) -> ft.Control:
    """Tier, advice, conditions; the judged square beside them."""
    texts, report = desk.texts, screen.report
    return _page(
        desk,
        _photo(
            desk,
            screen,
            button=choose_button(desk, texts.choose_another if desk.wide else texts.another, primary=False),
        ),
        _tier_card(texts, report),
        *_calibration_notice(texts, report),
        _advice_card(texts, report),
        ConditionsCard(texts, named_conditions(report)),
        _red_flags_card(texts, report),
        words(texts.model.format(model_id=report.model_id), size=12, color=palette.MUTED),
    )


def cannot_assess(desk: Desk, screen: CannotAssess) -> ft.Control:
    """No tier, the reasons, and another photo as the one thing to do next."""
    texts, report = desk.texts, screen.report
    return _page(
        desk,
        _photo(desk, screen),
        _tier_card(texts, report),
        choose_button(desk, texts.retake),
        _advice_card(texts, report),
        _red_flags_card(texts, report),
    )


def named_conditions(report: "Report") -> tuple[tuple[str, float], ...]:
    """The conditions' names in the report's language with their probabilities, likeliest first."""
    return tuple((report.texts.condition_of(score.condition).name, score.probability) for score in report.conditions)


def percent(texts: Texts, probability: float) -> str:
    """A probability as whole percent; what rounds to nothing is "<1%", never "0%"."""
    rounded = round(100 * probability)
    return texts.percent.format(value=rounded) if rounded else texts.less_than_one


def _page(desk: Desk, photo: ft.Control, *answer: ft.Control) -> ft.Control:
    return frame(desk, beside(photo, *answer, wide=desk.wide), widest=WIDE if desk.wide else NARROW)


def _photo(desk: Desk, screen: Verdict | CannotAssess, *, button: ft.Control | None = None) -> ft.Control:
    """Large with its caption below in two columns; small beside its caption on a phone, where the tier comes first."""
    label = desk.texts.the_photo.format(name=screen.photo.name)
    below = [words(desk.texts.judged_part, size=13, color=palette.MUTED), *([button] if button else [])]
    if desk.wide:
        return _stack(picture(screen.preview, label=label), *below)
    small = picture(screen.preview, label=label, side=PHONE_PICTURE)
    beside_it = _stack(*below)
    beside_it.expand = True
    return ft.Row(controls=[small, beside_it], spacing=GAP)


def _stack(*controls: ft.Control) -> ft.Column:
    return ft.Column(
        controls=list(controls), spacing=10, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
    )


def _tier_card(texts: Texts, report: "Report") -> ft.Control:
    tone = palette.TONES[report.advice.kind]
    name = report.tier_text
    badge = ft.Row(
        controls=[
            ft.Icon(icon=ICONS[report.advice.kind], color=tone.accent, size=34),
            ft.Text(value=name, size=26, weight=ft.FontWeight.W_700, color=tone.accent, expand=True),
        ],
        spacing=12,
    )
    spoken = ft.Semantics(
        content=badge,
        label=texts.tier_spoken.format(tier=name),
        heading_level=2,
        live_region=True,
        container=True,
        exclude_semantics=True,
    )
    return card(spoken, heading(report.advice.headline, size=18, level=3), words(report.advice.urgency), tone=tone)


def _calibration_notice(texts: Texts, report: "Report") -> list[ft.Control]:
    if report.calibrated:
        return []
    return [notice(texts.not_calibrated, icon=ft.Icons.REPORT_PROBLEM_OUTLINED, tone=palette.WARNING)]


def _advice_card(texts: Texts, report: "Report") -> ft.Control:
    why: list[ft.Control] = []
    if report.reasons:
        why = [heading(texts.why), *bullets(report.reasons, icon=ft.Icons.CHEVRON_RIGHT), ft.Container(height=4)]
    return card(*why, heading(texts.what_to_do), *bullets(report.advice.what_to_do))


def _red_flags_card(texts: Texts, report: "Report") -> ft.Control:
    advice, red = report.advice, palette.TONES[AdviceKind.HIGH].accent
    return card(
        heading(texts.red_flags),
        words(advice.red_flags_now),
        words(texts.red_flags_hint, size=13, color=palette.MUTED),
        *bullets(advice.red_flags, icon=ft.Icons.FLAG_OUTLINED, color=red),
        *bullets(advice.abcde, icon=ft.Icons.CHEVRON_RIGHT, color=red),
    )


@ft.component
def ConditionsCard(texts: Texts, conditions: tuple[tuple[str, float], ...]) -> ft.Control:
    """The likeliest conditions as bars; a tap shows the rest."""
    all_shown, show_all = ft.use_state(False)
    shown = conditions if all_shown else conditions[:FIRST_CONDITIONS]
    return card(
        heading(texts.conditions),
        words(texts.conditions_hint, size=13, color=palette.MUTED),
        *[_bar(texts, name, probability) for name, probability in shown],
        _more_button(texts, count=len(conditions), all_shown=all_shown, toggle=lambda: show_all(not all_shown)),
    )


def _more_button(texts: Texts, *, count: int, all_shown: bool, toggle: Callable[[], None]) -> ft.Control:
    return ft.Row(
        controls=[
            ft.TextButton(
                content=texts.show_fewer if all_shown else texts.show_all.format(count=count),
                icon=ft.Icons.EXPAND_LESS if all_shown else ft.Icons.EXPAND_MORE,
                style=ft.ButtonStyle(padding=ft.Padding.only(right=12)),
                on_click=toggle,
            )
        ]
    )


def _bar(texts: Texts, name: str, probability: float) -> ft.Control:
    """Name and percent over a bar; screen readers hear one sentence."""
    share = percent(texts, probability)
    label = ft.Row(
        controls=[words(name, expand=True), ft.Text(value=share, size=15, weight=ft.FontWeight.W_600)],
        spacing=GAP,
    )
    bar = ft.ProgressBar(value=probability, bar_height=8, border_radius=4, color=palette.BRAND, bgcolor=palette.TRACK)
    return ft.Semantics(
        content=ft.Column(
            controls=[label, bar], spacing=5, tight=True, horizontal_alignment=ft.CrossAxisAlignment.STRETCH
        ),
        label=texts.condition_spoken.format(name=name, percent=share),
        container=True,
        exclude_semantics=True,
    )
