"""A report as it is printed for people: plain text, at most 88 columns, nothing that needs more than a terminal."""

import textwrap
from collections.abc import Sequence

from runtime.answer.report import Report
from runtime.errors import one_line

_WIDTH = 88
_BAR = 24


def printed(photo: str, report: Report) -> str:
    """The whole answer for one photo, the disclaimer included, in the report's language."""
    texts, advice = report.texts, report.advice
    blocks = [
        _top(photo, report),
        [texts.why_heading, *_bullets(report.reasons)],
        [texts.what_to_do_heading, *_bullets(advice.what_to_do)],
        [texts.red_flags_heading, *_bullets(advice.red_flags)],
        [texts.abcde_heading, *_bullets(advice.abcde)],
        *([_conditions(report)] if report.conditions else []),
        _footer(report),
    ]
    return "\n\n".join("\n".join(block) for block in blocks)


def paragraph(text: str) -> str:
    """One text at the width of an answer."""
    return textwrap.fill(text, _WIDTH)


def _top(photo: str, report: Report) -> list[str]:
    advice = report.advice
    lines = [f"{report.tier_text.upper()}: {advice.headline}", advice.urgency, advice.red_flags_now]
    return [one_line(photo), *(line for text in lines for line in _indented(text))]


def _conditions(report: Report) -> list[str]:
    likeliest = report.texts.condition_of(report.conditions[0].condition)
    return [
        report.texts.conditions_heading,
        *(_indented(report.condition_set_text) if report.condition_set else []),
        *_bars(report),
        *_indented(f"{likeliest.name}: {likeliest.description}"),
    ]


def _bars(report: Report) -> list[str]:
    """One line per condition: name, bar, per cent. The bars are ASCII, for every terminal."""
    named = [(report.texts.condition_of(score.condition).name, score.probability) for score in report.conditions]
    width = max(len(name) for name, _ in named)
    return [f"  {name:<{width}}  {'#' * round(share * _BAR):<{_BAR}}  {_percent(share)}" for name, share in named]


def _percent(share: float) -> str:
    """Four characters. What rounds to nothing is "<1%": no condition is ever ruled out."""
    return f"{share:4.0%}" if round(100 * share) else " <1%"


def _footer(report: Report) -> list[str]:
    texts = report.texts
    last = texts.model_line.format(model_id=one_line(report.model_id))
    if report.malignancy is not None:
        last += " " + texts.score_line.format(score=f"{report.malignancy:.2f}")
    return [
        *textwrap.wrap(report.disclaimer, _WIDTH),
        *([] if report.calibrated else textwrap.wrap(texts.uncalibrated_note, _WIDTH)),
        last,
    ]


def _bullets(lines: Sequence[str]) -> list[str]:
    return [textwrap.fill(line, _WIDTH, initial_indent="  - ", subsequent_indent="    ") for line in lines]


def _indented(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="  ", subsequent_indent="  ")
