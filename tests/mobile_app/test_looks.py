"""What every tier looks like: readable, and told by words, shape and colour."""

import itertools

import pytest

from mobile_app import palette
from mobile_app.locales import ENGLISH
from mobile_app.palette import Tone
from mobile_app.views.answer import ICONS, percent
from runtime.advice import AdviceKind
from runtime.locales import texts_for

READABLE = 4.5  # WCAG 2.2, level AA, normal text


def luminance(colour: str) -> float:
    """Relative luminance of "#RRGGBB" as WCAG defines it, 0 to 1."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_the_standard_says() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.478, abs=0.001)


PAIRS = [
    *itertools.product((palette.TEXT, palette.MUTED, palette.BRAND), (palette.PAGE, palette.SURFACE)),
    (palette.ON_BRAND, palette.BRAND),
    (palette.TONES[AdviceKind.HIGH].accent, palette.SURFACE),  # the warning signs' flags
]


@pytest.mark.parametrize(("ink", "paper"), PAIRS)
def test_text_is_readable_on_the_page(ink: str, paper: str) -> None:
    assert contrast(ink, paper) >= READABLE


@pytest.mark.parametrize("tone", [*palette.TONES.values(), palette.WARNING, palette.NEUTRAL])
def test_text_is_readable_on_every_tone(tone: Tone) -> None:
    assert contrast(tone.text, tone.background) >= READABLE
    assert contrast(tone.accent, tone.background) >= READABLE
    assert contrast(palette.MUTED, tone.background) >= READABLE


def test_no_two_results_share_a_word_a_shape_or_a_colour() -> None:
    """A low tier that looks like an inflammation included: it is never drawn as "low"."""
    names = {texts_for("en").advice_of(kind).label for kind in AdviceKind}
    assert len(names) == len({ICONS[kind] for kind in AdviceKind}) == len(AdviceKind)
    assert len({palette.TONES[kind].accent for kind in AdviceKind}) == len(AdviceKind)


@pytest.mark.parametrize(("value", "shown"), [(1.0, "100%"), (0.126, "13%"), (0.004, "<1%"), (0.0, "<1%")])
def test_a_small_probability_is_never_shown_as_none(value: float, shown: str) -> None:
    assert percent(ENGLISH, value) == shown
