"""The answer: a tier with its advice and the conditions as bars, or why the photo cannot be judged."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import flet as ft

from mobile_app.locales.texts import AnswerTexts
from mobile_app.photo.screens import CannotAssess, Looked, Verdict
from mobile_app.views.pieces.desk import Desk, Way
from mobile_app.views.pieces.frame import frame, frame_beside
from mobile_app.views.pieces.look import GAP, Look, picture, stack, tappable
from mobile_app.visit.spots import KeptAnswer, report_of
from runtime.answer.advice import AdviceKind
from runtime.answer.printed import printed
from runtime.triage import Reason

if TYPE_CHECKING:
    from runtime import Report

FIRST_CONDITIONS = 4
"""Bars shown before "show all"."""

PHONE_PICTURE = 112
"""Side of the judged square on a phone, in logical pixels: recognisable, with the tier still on the first screen."""

_NEXT_STEPS = 190
"""Logical pixels of a flat window's height for what is done next below the photo: a button of two lines (70), a heading
(24), a link (32), three gaps of 10, 16 above and below; rounded up."""

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
    texts, look, report = desk.texts.answer, desk.look, screen.report
    return _page(
        desk,
        _photo(desk, screen, button=desk.choose(texts.choose_another if look.wide else texts.another, primary=False)),
        tier_card(texts, look, report),
        *_edge_notice(look, report),
        *_calibration_notice(texts, look, report),
        *_next_card(desk, screen),
        back_to_square(desk),
        _advice_card(desk, report),
        _conditions(desk, report),
        _looked_card(desk, screen),
        _red_flags_card(desk, report),
        look.muted(texts.model.format(model_id=report.model_id), size=12),
    )


def cannot_assess(desk: Desk, screen: CannotAssess) -> ft.Control:
    """No tier, the reasons, and another photo as the first thing to do next; or another square, or a doctor."""
    texts, report = desk.texts.answer, screen.report
    return _page(
        desk,
        _photo(desk, screen),
        tier_card(texts, desk.look, report),
        desk.choose(texts.retake),
        *_next_card(desk, screen),
        back_to_square(desk),
        _advice_card(desk, report),
        _red_flags_card(desk, report),
    )


def kept_answer(desk: Desk, view: KeptAnswer) -> ft.Control:
    """A kept photo with all that was said of it, in the words of now."""
    texts, look, spots = desk.texts, desk.look, desk.spots
    report = report_of(view.shot, language=desk.session.preferences.language)
    day = view.shot.taken.strftime(texts.date)
    back = look.link(texts.spots.back, icon=ft.Icons.ARROW_BACK, on_tap=spots.back)
    head = look.heading(f"{view.lesion.name or texts.spots.no_name}, {day}", size=21, level=2)
    if report is None:
        return frame(desk, back, head, look.muted("-"))
    said = [
        tier_card(texts.answer, look, report),
        *_edge_notice(look, report),
        *_calibration_notice(texts.answer, look, report),
        _advice_card(desk, report),
        *([_conditions(desk, report)] if report.conditions else []),
        _red_flags_card(desk, report),
        look.card(look.heading(texts.answer.share), *hand_on(desk, _hands_on(desk, view.shot.id))),
        look.muted(texts.answer.model.format(model_id=report.model_id), size=12),
    ]
    return _page(desk, stack(back, head, *_kept_photo(desk, view, label=day)), *said)


def _hands_on(desk: Desk, shot_id: str) -> Callable[[Way], None]:
    return lambda way: desk.files.hand_on_shot(shot_id, way)


def _kept_photo(desk: Desk, view: KeptAnswer, *, label: str) -> list[ft.Control]:
    texts = desk.texts.answer
    if not view.photo:
        return [desk.look.muted(desk.texts.spots.no_photo_kept)]
    fills = desk.look.beside
    shown = picture(view.photo, label=label, side=None if fills else PHONE_PICTURE)
    tap = tappable(shown, label=f"{label}. {texts.enlarge}", on_tap=lambda: desk.session.enlarge(view.photo, label))
    return [tap if fills else ft.Row(controls=[tap])]


def back_to_square(desk: Desk) -> ft.Control:
    """To the square that was judged, to move it."""
    return desk.look.link(
        desk.texts.answer.back_to_square, icon=ft.Icons.CROP_FREE, on_tap=desk.session.journey.back_to_square
    )


def percent(texts: AnswerTexts, probability: float) -> str:
    """A probability as whole percent; what rounds to nothing is "<1%", never "0%"."""
    rounded = round(100 * probability)
    return texts.percent.format(value=rounded) if rounded else texts.less_than_one


def tier_card(texts: AnswerTexts, look: Look, report: "Report") -> ft.Control:
    """The tier in words, shape and colour, with how soon."""
    tone = look.palette.tones[report.advice.kind]
    name = report.tier_text
    badge = look.beside_icon(
        ft.Icon(icon=ICONS[report.advice.kind], color=tone.accent, size=34 * look.scale),
        ft.Text(value=name, size=26 * look.scale, weight=ft.FontWeight.W_700, color=tone.accent),
    )
    spoken = ft.Semantics(
        content=badge,
        label=texts.tier_spoken.format(tier=name),
        heading_level=2,
        live_region=True,
        container=True,
        exclude_semantics=True,
    )
    return look.card(
        spoken, look.heading(report.advice.headline, size=18, level=3), look.words(report.advice.urgency), tone=tone
    )


def _page(desk: Desk, photo: ft.Control, *answer: ft.Control) -> ft.Control:
    return frame_beside(desk, photo, *answer) if desk.look.beside else frame(desk, photo, *answer)


def _photo(desk: Desk, screen: Verdict | CannotAssess, *, button: ft.Control | None = None) -> ft.Control:
    """Large with its caption below in two columns; small beside its caption on a phone, where the tier comes first. On
    a phone held sideways what is done next stands below it, in sight whatever is said beside it and however long."""
    texts = desk.texts.answer
    label = texts.the_photo.format(name=screen.photo.name)
    spoken = f"{label}. {texts.enlarge}"

    def enlarge() -> None:
        desk.session.enlarge(screen.preview, label)

    look, below = desk.look, [desk.look.muted(texts.judged_part), *([button] if button else [])]
    if look.flat and look.beside:
        side = max(PHONE_PICTURE, int(look.height - _NEXT_STEPS * look.scale))
        low = tappable(picture(screen.preview, label=label, side=side), label=spoken, on_tap=enlarge)
        return stack(ft.Row(controls=[low]), *_next_steps(desk, screen), *below, spacing=10)
    if look.wide:
        large = tappable(picture(screen.preview, label=label), label=spoken, on_tap=enlarge)
        return stack(large, *below, spacing=10)
    small = tappable(picture(screen.preview, label=label, side=PHONE_PICTURE), label=spoken, on_tap=enlarge)
    beside_it = stack(*below, spacing=10)
    beside_it.expand = True
    return ft.Row(controls=[small, beside_it], spacing=GAP)


def _edge_notice(look: Look, report: "Report") -> list[ft.Control]:
    if not report.on_the_edge:
        return []
    sentence = report.texts.reason_of(Reason.ON_THE_EDGE)
    return [look.notice(sentence, icon=ft.Icons.BALANCE, tone=look.palette.warning)]


def _calibration_notice(texts: AnswerTexts, look: Look, report: "Report") -> list[ft.Control]:
    if report.calibrated:
        return []
    return [look.notice(texts.not_calibrated, icon=ft.Icons.REPORT_PROBLEM_OUTLINED, tone=look.palette.warning)]


def _advice_card(desk: Desk, report: "Report") -> ft.Control:
    texts, look = desk.texts.answer, desk.look
    why: list[ft.Control] = []
    # What is said beside the tier is not said twice.
    told = [text for code, text in zip(report.reason_codes, report.reasons, strict=True) if code != Reason.ON_THE_EDGE]
    if told:
        reasons = look.bullets(told, icon=ft.Icons.CHEVRON_RIGHT)
        why = [look.heading(texts.why), *reasons, ft.Container(height=4)]
    return look.card(*why, look.heading(texts.what_to_do), *look.bullets(report.advice.what_to_do))


def _red_flags_card(desk: Desk, report: "Report") -> ft.Control:
    texts, look, advice = desk.texts.answer, desk.look, report.advice
    red = look.palette.tones[AdviceKind.HIGH].accent
    return look.card(
        look.heading(texts.red_flags),
        look.words(advice.red_flags_now),
        look.muted(texts.red_flags_hint),
        *look.bullets(advice.red_flags, icon=ft.Icons.FLAG_OUTLINED, color=red),
        *look.bullets(advice.abcde, icon=ft.Icons.CHEVRON_RIGHT, color=red),
    )


def _looked_card(desk: Desk, screen: Verdict) -> ft.Control:
    """On request: it costs a hundred runs of the model. The caveat stands wherever a map does."""
    texts, look = desk.texts.answer, desk.look
    match screen.looked:
        case Looked.NOT_ASKED:
            ask = look.button(
                texts.where_looked,
                icon=ft.Icons.VISIBILITY_OUTLINED,
                on_tap=desk.session.journey.look,
                primary=False,
            )
            return look.card(ask)
        case Looked.LOOKING:
            waiting = ft.Semantics(content=look.words(texts.looking, expand=True), live_region=True, expand=True)
            return look.card(ft.Row(controls=[look.ring(size=28), waiting], spacing=12))
        case Looked.SHOWN:
            return look.card(
                picture(screen.overlay, label=texts.looked_at), look.words(desk.spoken.explanation_caveat, size=14)
            )
        case Looked.NONE:
            return look.card(look.words(desk.spoken.no_explanation, size=14))


def _next_card(desk: Desk, screen: Verdict | CannotAssess) -> list[ft.Control]:
    """What is done next, where it does not stand below the photo."""
    look = desk.look
    return [] if look.flat and look.beside else [look.card(*_next_steps(desk, screen))]


def _next_steps(desk: Desk, screen: Verdict | CannotAssess) -> list[ft.Control]:
    """Keep it, hand it on."""
    texts, look, session = desk.texts.answer, desk.look, desk.session
    keep = look.button(texts.keep, icon=ft.Icons.BOOKMARK_ADD_OUTLINED, on_tap=session.begin_keeping)
    return [
        *([keep] if session.spots is not None else []),
        look.heading(texts.share),
        *hand_on(desk, desk.files.hand_on_page),
        look.link(
            texts.copy,
            icon=ft.Icons.COPY,
            on_tap=lambda: session.say(texts.copied),
            action=ft.CopyToClipboard(printed(screen.photo.name, screen.report)),
        ),
    ]


def hand_on(desk: Desk, give: Callable[[Way], None]) -> list[ft.Control]:
    """The ways in which a page for a doctor can leave this device, the share sheet first."""
    texts = desk.texts.answer
    ways = [
        *([(Way.SHARE, texts.share_pdf, ft.Icons.SHARE_OUTLINED)] if desk.files.shares else []),
        (Way.SAVE_PDF, texts.save_pdf, ft.Icons.PICTURE_AS_PDF_OUTLINED),
        (Way.SAVE_PNG, texts.save_png, ft.Icons.IMAGE_OUTLINED),
    ]
    return [desk.look.link(label, icon=icon, on_tap=partial(give, way)) for way, label, icon in ways]


def _conditions(desk: Desk, report: "Report") -> ft.Control:
    named = tuple(
        (words.name, words.description, score.probability)
        for score in report.conditions
        for words in (report.texts.condition_of(score.condition),)
    )
    return ConditionsCard(desk.texts.answer, desk.look, report.condition_set_text, named)


@ft.component
def ConditionsCard(
    texts: AnswerTexts, look: Look, likely: str, conditions: tuple[tuple[str, str, float], ...]
) -> ft.Control:
    """The likeliest conditions as bars with what they are; a tap shows the rest."""
    all_shown, show_all = ft.use_state(False)
    shown = conditions if all_shown else conditions[:FIRST_CONDITIONS]
    more = _more_button(texts, look, count=len(conditions), all_shown=all_shown, toggle=lambda: show_all(not all_shown))
    return look.card(
        look.heading(texts.conditions),
        *([look.words(likely)] if likely else []),
        look.muted(texts.conditions_hint),
        *[_bar(texts, look, name, description, probability) for name, description, probability in shown],
        more,
    )


def _more_button(
    texts: AnswerTexts, look: Look, *, count: int, all_shown: bool, toggle: Callable[[], None]
) -> ft.Control:
    return look.link(
        texts.show_fewer if all_shown else texts.show_all.format(count=count),
        icon=ft.Icons.EXPAND_LESS if all_shown else ft.Icons.EXPAND_MORE,
        on_tap=toggle,
    )


def _bar(texts: AnswerTexts, look: Look, name: str, description: str, probability: float) -> ft.Control:
    """Name and percent over a bar, what it is below; screen readers hear one sentence."""
    share = percent(texts, probability)
    label = ft.Row(controls=[look.words(name, expand=True), look.words(share, bold=True)], spacing=GAP)
    bar = ft.ProgressBar(
        value=probability,
        bar_height=8,
        border_radius=4,
        color=look.palette.brand,
        bgcolor=look.palette.track,
    )
    return ft.Semantics(
        content=stack(label, bar, look.muted(description), spacing=5),
        label=f"{texts.condition_spoken.format(name=name, percent=share)}. {description}",
        container=True,
        exclude_semantics=True,
    )
