"""What every tier looks like: readable, and told by words, shape and colour, by day and by night."""

import itertools

import flet as ft
import pytest

from mobile_app.locales import ENGLISH, LANGUAGES
from mobile_app.palette import DARK, LIGHT, Palette, Tone
from mobile_app.paper.letters import width as text_width
from mobile_app.views.answer import ICONS, percent
from mobile_app.views.pieces.look import RAIL, Look
from runtime.answer.advice import AdviceKind
from runtime.answer.locales import texts_for

READABLE = 4.5  # WCAG 2.2, level AA, normal text
THEMES = {"light": LIGHT, "dark": DARK}


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


def pairs(palette: Palette) -> list[tuple[str, str]]:
    """Everything that is written on the page itself, with what is below it."""
    red = palette.tones[AdviceKind.HIGH].accent  # the warning signs' flags
    return [
        *itertools.product((palette.text, palette.muted, palette.brand, red), (palette.page, palette.surface)),
        (palette.on_brand, palette.brand),
    ]


@pytest.mark.parametrize("palette", THEMES.values(), ids=THEMES)
def test_text_is_readable_on_the_page(palette: Palette) -> None:
    for ink, paper in pairs(palette):
        assert contrast(ink, paper) >= READABLE, (ink, paper)


def tones(palette: Palette) -> list[Tone]:
    return [*palette.tones.values(), palette.warning, palette.neutral]


@pytest.mark.parametrize("palette", THEMES.values(), ids=THEMES)
def test_text_is_readable_on_every_tone(palette: Palette) -> None:
    for tone in tones(palette):
        assert contrast(tone.text, tone.background) >= READABLE
        assert contrast(tone.accent, tone.background) >= READABLE
        assert contrast(palette.muted, tone.background) >= READABLE


@pytest.mark.parametrize("palette", THEMES.values(), ids=THEMES)
def test_no_two_results_share_a_word_a_shape_or_a_colour(palette: Palette) -> None:
    """A low tier that looks like an inflammation included: it is never drawn as "low"."""
    names = {texts_for("en").advice_of(kind).label for kind in AdviceKind}
    assert len(names) == len({ICONS[kind] for kind in AdviceKind}) == len(AdviceKind)
    assert len({palette.tones[kind].accent for kind in AdviceKind}) == len(AdviceKind)


@pytest.mark.parametrize(("value", "shown"), [(1.0, "100%"), (0.126, "13%"), (0.004, "<1%"), (0.0, "<1%")])
def test_a_small_probability_is_never_shown_as_none(value: float, shown: str) -> None:
    assert percent(ENGLISH.answer, value) == shown


def test_nothing_turns_by_itself_where_less_motion_was_asked_for() -> None:
    assert isinstance(Look().ring(), ft.ProgressRing)
    assert isinstance(Look(still=True).ring(), ft.Icon)


@pytest.mark.parametrize(
    ("width", "scale", "wide", "roomy"),
    [(360, 1.0, False, False), (768, 1.0, True, False), (1280, 1.0, True, True), (1280, 2.0, False, False)],
)
def test_columns_stand_beside_each_other_only_where_their_text_has_room(
    width: float, scale: float, wide: bool, roomy: bool
) -> None:
    look = Look(width=width, scale=scale)
    assert (look.wide, look.roomy) == (wide, roomy)


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("scale", [1.0, 1.3, 1.6, 2.0])
@pytest.mark.parametrize(("width", "height"), [(320, 568), (360, 740), (740, 360), (1200, 800)])
def test_no_tab_breaks_within_a_word(code: str, scale: float, width: int, height: int) -> None:
    look = Look(width=width, height=height, scale=scale)
    room = RAIL * scale if look.rail else width / 4
    for label in LANGUAGES[code].tabs:
        size = look.tab_size(label)
        assert size >= 12
        for word in label.split():
            assert text_width(word, size=size, bold=True) <= room - 12, (label, size)


@pytest.mark.parametrize(("width", "height"), [(740, 360), (844, 390), (568, 320), (932, 430), (740, 300)])
@pytest.mark.parametrize("scale", [1.0, 1.3])
def test_a_phone_held_sideways_has_its_photo_beside_the_way_on(width: int, height: int, scale: float) -> None:
    look = Look(width=width, height=height, scale=scale)
    side = look.square(320.0)
    assert look.flat
    assert look.rail
    assert 0 < side <= height - 20
    assert width - RAIL * scale - side >= 200, "the column beside it can be read"


@pytest.mark.parametrize(
    ("width", "height", "scale", "beside"),
    [(740, 360, 1.0, True), (740, 360, 2.0, False), (360, 740, 1.0, False), (1200, 800, 1.0, True)],
)
def test_an_answer_stands_beside_its_photo_where_both_can_be_read(
    width: int, height: int, scale: float, beside: bool
) -> None:
    assert Look(width=width, height=height, scale=scale).beside is beside


@pytest.mark.parametrize(("width", "height"), [(360, 640), (390, 844), (768, 1024), (1200, 900), (0, 0), (360, 0)])
def test_any_other_window_is_not_flat(width: int, height: int) -> None:
    look = Look(width=width, height=height)
    assert not look.flat
    assert look.square(320.0) == 320.0
