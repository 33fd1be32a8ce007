"""How fast this device is, and whether that can be believed."""

from functools import partial

import flet as ft

from mobile_app.views.pieces.desk import Desk
from mobile_app.views.pieces.frame import frame
from mobile_app.views.pieces.look import stack
from mobile_app.visit.measuring import Done, Failed, Going, Idle, Measuring
from mobile_app.visit.session import Subpage
from runtime.measure.verdict import RULE, Reason


def measure(desk: Desk, measuring: Measuring) -> ft.Control:
    """What it is and costs; while it goes on its bar; then what came of it."""
    texts, look = desk.texts.measure, desk.look
    back = look.link(
        desk.texts.spots.back,
        icon=ft.Icons.ARROW_BACK,
        on_tap=lambda: desk.session.open_subpage(Subpage.MODEL),
    )
    title, _ = desk.promises.measured(desk.texts)
    return frame(
        desk,
        back,
        look.heading(title, size=22),
        look.card(look.words(texts.about.format(samples=RULE.samples, seconds=f"{RULE.seconds:.0f}"))),
        *_now(desk, measuring),
    )


def _now(desk: Desk, measuring: Measuring) -> list[ft.Control]:
    texts, look = desk.texts.measure, desk.look
    match measuring.now:
        case Going() as now:
            return [_going(desk, now, measuring)]
        case Done() as now:
            again = look.button(texts.again, icon=ft.Icons.REPLAY, on_tap=measuring.begin, primary=False)
            return [*_done(desk, now), again]
        case Failed() as now:
            said = texts.busy if now.busy else texts.failed.format(reason=desk.session.told(now.problem))
            note = look.notice(said, icon=ft.Icons.ERROR_OUTLINE, tone=look.palette.warning)
            return [ft.Semantics(content=note, live_region=True), _begin(desk, measuring)]
        case Idle():
            _, warning = desk.promises.measured(desk.texts)
            return [
                look.notice(warning, icon=ft.Icons.THERMOSTAT, tone=look.palette.warning),
                _begin(desk, measuring),
            ]


def _begin(desk: Desk, measuring: Measuring) -> ft.Control:
    return desk.look.button(desk.texts.measure.begin, icon=ft.Icons.SPEED, on_tap=measuring.begin)


def _going(desk: Desk, now: Going, measuring: Measuring) -> ft.Control:
    texts, look = desk.texts.measure, desk.look
    percent = 10 * int(10 * now.share)  # what is read out must not change with every piece
    said = ft.Semantics(content=look.words(texts.going.format(percent=percent)), live_region=True)
    stop = look.button(texts.stop, icon=ft.Icons.STOP, on_tap=measuring.stop, primary=False)
    return look.card(said, look.bar(now.share), look.muted(texts.leave_it), stop)


def _done(desk: Desk, now: Done) -> list[ft.Control]:
    texts, look = desk.texts.measure, desk.look
    whole, result = now.whole, now.result
    valid = whole.verdict.valid
    verdict = look.notice(
        texts.valid if valid else " ".join(_why(desk, reason) for reason in whole.verdict.reasons),
        title=texts.valid_title if valid else texts.invalid_title,
        icon=ft.Icons.CHECK_CIRCLE_OUTLINE if valid else ft.Icons.REPORT_PROBLEM_OUTLINED,
        tone=look.palette.neutral if valid else look.palette.warning,
    )
    figures = (
        (texts.typical, _ms(desk, whole.series.p50)),
        (texts.nine_of_ten, _ms(desk, whole.series.p90)),
        (texts.drift, _drift(desk, whole.series.drift)),
    )
    rows = {row.stage: row.series.p50 for row in result.rows if row.subject == whole.subject}
    steps = [(name, _ms(desk, rows[stage])) for stage, name in texts.parts if stage in rows]
    hand_on = desk.files.hand_on_result
    ways = [look.button(texts.save, icon=ft.Icons.SAVE_ALT, on_tap=partial(hand_on, result, False))]
    if desk.files.shares:
        ways.insert(0, look.button(texts.share, icon=ft.Icons.SHARE, on_tap=partial(hand_on, result, True)))
    return [
        ft.Semantics(content=verdict, live_region=True),
        look.card(*_pairs(desk, figures)),
        look.card(look.heading(texts.parts_title), *_pairs(desk, steps)),
        *_known(desk, now),
        look.card(look.muted(texts.file_hint), *ways),
    ]


def _known(desk: Desk, now: Done) -> list[ft.Control]:
    """Other devices that judged the same photo, and this one among them where its figure is valid."""
    from runtime.measure.known import known_devices, known_of  # the model's engine, which the app starts without

    texts, look = desk.texts.measure, desk.look
    others = [one for one in known_devices() if one.photo_sha256 == now.result.photo.sha256]
    if not others:
        return []
    model = now.result.subjects[0].model.model_id
    names = {one: one.device if one.model_id == model else f"{one.device} ({texts.other_model})" for one in others}
    for own in known_of([now.result]):
        names[own] = texts.just_measured
    lines = [
        texts.known_line.format(name=name, typical=_ms(desk, one.p50), nine_of_ten=_ms(desk, one.p90))
        for one, name in sorted(names.items(), key=lambda pair: pair[0].p90)
    ]
    return [look.card(look.heading(texts.known_title), *map(look.words, lines), look.muted(texts.known_about))]


def _why(desk: Desk, reason: Reason) -> str:
    found, limit = reason.found, reason.limit
    if limit < 1:  # shares; the others are counts and seconds
        found, limit = 100 * abs(found), 100 * limit
    return desk.texts.measure.reason(reason.fault).format(found=f"{found:.0f}", limit=f"{limit:.0f}")


def _drift(desk: Desk, drift: float) -> str:
    texts, percent = desk.texts.measure, f"{100 * abs(drift):.0f}"
    if percent == "0":
        return texts.steady
    return (texts.slower if drift > 0 else texts.faster).format(percent=percent)


def _ms(desk: Desk, milliseconds: float) -> str:
    digits = 0 if milliseconds >= 100 else 1 if milliseconds >= 10 else 2
    return desk.texts.measure.milliseconds.format(ms=f"{milliseconds:.{digits}f}")


def _pairs(desk: Desk, pairs: tuple[tuple[str, str], ...] | list[tuple[str, str]]) -> list[ft.Control]:
    look = desk.look
    return [stack(look.muted(name), look.words(value), spacing=2) for name, value in pairs]
