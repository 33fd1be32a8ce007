"""The page for a doctor: what it says in each language, what it never says, and that nothing on it overlaps."""

import io
import itertools
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pypdf import PdfReader

from mobile_app.palette import LIGHT
from mobile_app.paper import Answer, Sheet, as_pdf, as_png
from mobile_app.paper.letters import ASCENT, DESCENT, width
from mobile_app.paper.marks import HEIGHT, MARGIN, RULE, WIDTH, Frame, Mark, Page, Picture, Placed, Shape, Text
from mobile_app.paper.page import lay_out
from mobile_app.paper.sheet import FIGURES, LIKELIEST, Table, blocks_of, percent
from mobile_app.paper.signs import SIGNS
from mobile_app.paper.words import ENGLISH, LABELS, PaperTexts
from runtime.answer.advice import AdviceKind
from runtime.answer.locales import LANGUAGES
from runtime.answer.report import ConditionScore, Report
from runtime.conditions import CONDITIONS, Condition
from runtime.photo.quality import QualityProblem
from runtime.triage import Reason, Tier

READABLE = 4.5  # WCAG 2.2, level AA, normal text
SHARES = (0.42, 0.31, 0.12, 0.06, 0.04, 0.02, 0.015, 0.01, 0.004, 0.001)
FIGURE = ("Cancers that reach at least moderate", "0.951 (0.93 to 0.97), n = 812")
JUDGED = [Tier.LOW, Tier.MODERATE, Tier.HIGH]


def jpeg(*, exif: bytes = b"") -> bytes:
    out = io.BytesIO()
    Image.effect_noise((640, 640), 40).convert("RGB").save(out, format="JPEG", exif=exif)
    return out.getvalue()


PHOTO = jpeg()


def report(tier: Tier = Tier.HIGH, *, language: str = "en", **changes: Any) -> Report:
    values: dict[str, Any] = {
        "tier": tier,
        "malignancy": 0.473,
        "conditions": tuple(
            ConditionScore(condition=c, probability=p) for c, p in zip(CONDITIONS, SHARES, strict=True)
        ),
        "condition_set": CONDITIONS[:3],
        "novelty": 0.1,
        "reason_codes": (Reason.STRONG_SIGNS, Reason.CONDITION_NEEDS_DOCTOR),
        "raised_by": Condition.ACTINIC_KERATOSIS,
        "model_id": "b5-d1-int8",
        "calibrated": True,
        "language": language,
    }
    if tier is Tier.CANNOT_ASSESS:
        reasons = (QualityProblem.BLURRED,)
        values |= {
            "malignancy": None,
            "conditions": (),
            "condition_set": (),
            "reason_codes": reasons,
            "raised_by": None,
        }
    return Report(**values | changes)


def sheet(given_report: Report | None = None, **changes: Any) -> Sheet:
    values: dict[str, Any] = {
        "report": given_report or report(),
        "photo": PHOTO,
        "taken": date(2026, 11, 26),
        "lesion": "Mole no. 7",
        "place": "Upper back, left",
        "answers": (Answer(question="Does it bleed?", yes=False), Answer(question="Has it changed?", yes=True)),
        "notes": "Noticed in spring.",
        "score_calibrated": True,
        "figures": (FIGURE,),
        "app_name": "SkinTag Edge",
        "app_version": "0.1.0",
    }
    return Sheet(**values | changes)


LONG = "W" * 10_000
HOSTILE = sheet(
    report(calibrated=False, condition_set=CONDITIONS),
    photo=b"\xff\xd8\xff damaged",
    lesion=LONG,
    place="\u202eعلي 😀\x00\ud800 " * 900,
    answers=tuple(Answer(question="why " * 2500, yes=index == 39) for index in range(40)),
    notes="A long note 😀 \n\t" * 800,
    figures=((LONG, LONG),) * 40,
    app_name=LONG,
    app_version="🦄)\\",
)


def read(data: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(data), strict=True)


def squeezed(text: str) -> str:
    """Without spaces and line breaks: where lines break is not what these tests are about."""
    return "".join(text.split())


def said(given_sheet: Sheet) -> str:
    """All the text of the PDF, squeezed."""
    return squeezed(read(as_pdf(given_sheet)).pages[0].extract_text())


# What the page says


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tier", Tier)
def test_the_pdf_is_one_page_with_all_that_matters(language: str, tier: Tier) -> None:
    shown = sheet(report(tier, language=language))
    (page,) = read(as_pdf(shown)).pages
    text, about = squeezed(page.extract_text()), shown.report
    words = [about.tier_text, about.advice.headline, about.advice.urgency, about.disclaimer, about.model_id]
    words += [*about.reasons, *about.advice.red_flags, about.advice.red_flags_now]
    words += [
        "2026-11-26",
        "Mole no. 7",
        "Upper back, left",
        "Does it bleed?",
        "Noticed in spring.",
        "SkinTag Edge 0.1.0",
    ]
    assert [word for word in words if squeezed(word) not in text] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_judged_photo_shows_its_conditions_and_what_the_score_is(language: str) -> None:
    shown = sheet(report(language=language))
    text, texts, labels = said(shown), shown.report.texts, shown.labels
    for score in shown.report.conditions[:LIKELIEST]:
        words = texts.condition_of(score.condition)
        share = percent(score.probability, labels=labels)
        assert squeezed(words.name + share + words.description) in text
    assert squeezed(shown.report.condition_set_text) in text
    assert squeezed(texts.score_line.format(score="0.47") + labels.score_calibrated) in text
    assert squeezed(": ".join(FIGURE)) in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_score_is_a_probability_only_where_it_was_calibrated(language: str) -> None:
    text, labels = said(sheet(report(language=language), score_calibrated=False)), LABELS[language]
    assert squeezed(labels.score_uncalibrated) in text
    assert squeezed(labels.score_calibrated) not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_photo_that_cannot_be_judged_has_no_number_but_a_way_on(language: str) -> None:
    shown = sheet(report(Tier.CANNOT_ASSESS, language=language))
    text, texts = said(shown), shown.report.texts
    assert all(squeezed(step) in text for step in shown.report.advice.what_to_do)
    assert "%" not in text
    assert squeezed(texts.score_line.partition("{")[0]) not in text
    assert "0.951" not in text  # nor the model's figures, which could be read as the photo's


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_answer_on_the_edge_is_said_to_be_one(language: str) -> None:
    """And only such an answer."""
    codes = (Reason.SOME_SIGNS, Reason.ON_THE_EDGE)
    edge = sheet(report(language=language, reason_codes=codes, raised_by=None))
    sentence = squeezed(edge.report.texts.reason_of(Reason.ON_THE_EDGE))
    assert sentence in said(edge)
    assert sentence not in said(sheet(report(language=language, reason_codes=codes[:1], raised_by=None)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_uncalibrated_is_said_beside_the_tier(language: str) -> None:
    shown = sheet(report(language=language, calibrated=False))
    verdict = next(block for block in lay_out(shown).placed if block.name == "verdict")
    text = squeezed(" ".join(mark.text for mark in verdict.marks if isinstance(mark, Text)))
    assert squeezed(shown.report.texts.uncalibrated_note) in text
    assert squeezed(shown.report.tier_text) in text


def test_the_disclaimer_has_no_switch() -> None:
    assert not {field.name for field in fields(Sheet)} & {"disclaimer", "footer"}
    assert squeezed(HOSTILE.report.disclaimer) in said(HOSTILE)


def test_answers_with_yes_come_first_and_the_missing_are_counted() -> None:
    answers = tuple(Answer(question=f"Question {index}?", yes=index == 59 or None) for index in range(60))
    text = said(sheet(answers=answers))
    assert text.index("Question59?Yes") < text.index("Question0?notanswered")
    shown = text.count("?notanswered") + 1
    assert squeezed(ENGLISH.more.format(count=60 - shown)) in text


def test_figures_of_the_model_do_not_take_the_page() -> None:
    text = said(sheet(figures=tuple((f"figure {index}", "1") for index in range(FIGURES + 3))))
    assert f"figure{FIGURES}:1" not in text
    assert squeezed(ENGLISH.more.format(count=3)) in text


@pytest.mark.parametrize("blank", ["", " \n", "\u200d\u202e", "\x00", "\u00a0"])
def test_an_empty_name_or_place_is_said_to_be_empty(blank: str) -> None:
    text = said(sheet(lesion=blank, place=blank, notes=blank, answers=(), figures=()))
    assert text.count(squeezed(ENGLISH.not_given)) == 2
    assert ENGLISH.notes not in text


@pytest.mark.parametrize("damaged", [b"", b"no photo", PHOTO[: len(PHOTO) // 2], b"\xff\xd8\xff"])
def test_a_damaged_photo_is_said_to_be_missing(damaged: bytes) -> None:
    data = as_pdf(sheet(photo=damaged))
    assert list(read(data).pages[0].images) == []
    assert squeezed(ENGLISH.no_photo) in said(sheet(photo=damaged))
    assert as_png(sheet(photo=damaged))


@pytest.mark.parametrize(("share", "shown"), [(1.0, "100%"), (0.126, "13%"), (0.004, "<1%"), (0.0, "<1%")])
def test_a_share_is_never_shown_as_none(share: float, shown: str) -> None:
    assert percent(share, labels=ENGLISH) == shown


# The words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_label_with_the_same_blanks(language: str) -> None:
    for field in fields(PaperTexts):
        label, english = getattr(LABELS[language], field.name), getattr(ENGLISH, field.name)
        assert label.strip(), field.name
        for blank in ("{count}", "{value}"):
            assert (blank in label) == (blank in english), field.name


def test_the_page_speaks_the_languages_that_the_reports_speak() -> None:
    assert set(LABELS) == set(LANGUAGES)


def test_no_label_is_left_in_english() -> None:
    for name in ("title", "subtitle", "score_calibrated", "score_uncalibrated", "questions", "not_answered", "more"):
        assert len({getattr(labels, name) for labels in LABELS.values()}) == len(LABELS)


# The files


def test_the_pdf_is_a4_with_title_language_and_the_day_as_its_date() -> None:
    reader = read(as_pdf(sheet(report(language="fr"))))
    box, information = reader.pages[0].mediabox, reader.metadata
    millimetres = [round(float(length) / 72 * 25.4, 1) for length in (box.width, box.height)]
    assert millimetres == [210.0, 297.0]
    assert information is not None
    assert information.title == f"{LABELS['fr'].title}, 2026-11-26"
    assert information.creation_date == datetime(2026, 11, 26, tzinfo=UTC)
    assert reader.root_object["/Lang"] == "fr"


def test_the_pdf_holds_the_photo_without_the_cameras_notes() -> None:
    exif = Image.Exif()
    exif[0x010F] = "SecretCamera"
    data = as_pdf(sheet(photo=jpeg(exif=exif.tobytes())))
    (image,) = read(data).pages[0].images
    assert image.image is not None
    assert image.image.size == (640, 640)
    assert b"SecretCamera" not in data


def test_the_pdf_brings_its_fonts() -> None:
    page = read(as_pdf(sheet())).pages[0]
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]
    assert len(fonts) == 2
    assert all("/FontFile2" in font["/FontDescriptor"] for font in fonts)


def test_the_png_is_a4_at_150_dpi() -> None:
    image = Image.open(io.BytesIO(as_png(sheet())))
    assert image.size == (1240, 1754)
    assert image.info["dpi"] == pytest.approx((150, 150), abs=0.05)  # PNG counts pixels of a metre
    colours = {colour for _, colour in image.getcolors(1_000_000) or []}
    tone = LIGHT.tones[AdviceKind.HIGH]
    for colour in (tone.background, tone.accent):
        assert tuple(bytes.fromhex(colour[1:])) in colours


@pytest.mark.parametrize("write", [as_pdf, as_png])
def test_the_same_sheet_gives_the_same_bytes(write: Callable[[Sheet], bytes]) -> None:
    assert write(sheet()) == write(sheet())
    assert write(sheet()) != write(sheet(lesion="Mole no. 8"))


def test_a_sheet_does_not_print_the_photo() -> None:
    assert "secret" not in repr(sheet(photo=b"secret"))


def test_the_page_needs_no_window() -> None:
    code = "import sys, mobile_app.paper; sys.exit(bool({'flet', 'onnxruntime', 'socket'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The layout


def bounds(mark: Mark) -> Frame:
    """The rectangle that a mark can touch."""
    if isinstance(mark, Text):
        top, height = mark.y - ASCENT * mark.size, (ASCENT + DESCENT) * mark.size
        return Frame(x=mark.x, y=top, width=width(mark.text, size=mark.size, bold=mark.bold), height=height)
    if isinstance(mark, Picture):
        return Frame(x=mark.x, y=mark.y, width=mark.side, height=mark.side)
    xs, ys = [x for x, _ in mark.points], [y for _, y in mark.points]
    return Frame(x=min(xs), y=min(ys), width=max(xs) - min(xs), height=max(ys) - min(ys))


def inside(inner: Frame, outer: Frame) -> bool:
    sideways = inner.x >= outer.x - RULE and inner.x + inner.width <= outer.x + outer.width + RULE
    return sideways and inner.y >= outer.y - RULE and inner.end <= outer.end + RULE


def apart(first: Frame, second: Frame) -> bool:
    beside = first.x + first.width <= second.x + 1e-6 or second.x + second.width <= first.x + 1e-6
    return beside or first.end <= second.y + 1e-6 or second.end <= first.y + 1e-6


def check(page: Page) -> None:
    """Nothing crosses a margin or leaves its block, no two blocks and no two texts share a point."""
    paper = Frame(x=MARGIN, y=MARGIN, width=WIDTH - 2 * MARGIN, height=HEIGHT - 2 * MARGIN)
    for block in page.placed:
        assert inside(block.frame, paper), block.name
        assert all(inside(bounds(mark), block.frame) for mark in block.marks), block.name
    frames = [block.frame for block in page.placed]
    assert all(apart(*pair) for pair in itertools.combinations(frames, 2))
    texts = [bounds(mark) for mark in page.marks if isinstance(mark, Text)]
    assert all(apart(*pair) for pair in itertools.combinations(texts, 2))
    pictures = [bounds(mark) for mark in page.marks if isinstance(mark, Picture)]
    assert all(apart(*pair) for pair in itertools.product(texts, pictures))


HARD_TEXTS = st.one_of(
    st.text(max_size=300),
    st.sampled_from(
        ["", LONG, "i" * 5000, "a b " * 2500, "a\u0301" * 5000, "😀" * 500, "\u202eمرحبا", "\ud800", "ﷺ" * 900]
    ),
)


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(sorted(LANGUAGES)),
    st.sampled_from(Tier),
    st.booleans(),
    st.lists(HARD_TEXTS, min_size=4, max_size=4),
    st.lists(st.tuples(HARD_TEXTS, st.sampled_from([True, False, None])), max_size=14),
    st.lists(st.tuples(HARD_TEXTS, HARD_TEXTS), max_size=8),
)
def test_nothing_overlaps_whatever_is_written(
    language: str,
    tier: Tier,
    calibrated: bool,
    texts: list[str],
    answers: list[tuple[str, bool | None]],
    figures: list[tuple[str, str]],
) -> None:
    lesion, place, notes, app = texts
    answered = tuple(Answer(question=question, yes=yes) for question, yes in answers)
    about = report(tier, language=language, calibrated=calibrated)
    shown = sheet(about, photo=b"", lesion=lesion, place=place, notes=notes, answers=answered)
    check(lay_out(replace(shown, figures=tuple(figures), app_name=app)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tier", Tier)
def test_the_worst_page_keeps_every_block_and_cuts_no_reason_and_no_meaning(language: str, tier: Tier) -> None:
    conditions = {} if tier is Tier.CANNOT_ASSESS else {"condition_set": CONDITIONS}
    problems = {"reason_codes": tuple(QualityProblem)} if tier is Tier.CANNOT_ASSESS else {}
    worst = replace(HOSTILE, report=report(tier, language=language, calibrated=False, **conditions, **problems))
    page, blocks = lay_out(worst), blocks_of(worst)
    check(page)
    placed = {block.name: block for block in page.placed}
    assert {block.heading for block in (*blocks.left, *blocks.right, *blocks.bottom)} <= set(placed)
    for block in blocks.left:
        if not isinstance(block, Table):  # which may show fewer conditions, and then says so
            assert not cut_texts(placed[block.heading])


def cut_texts(block: Placed) -> list[str]:
    return [mark.text for mark in block.marks if isinstance(mark, Text) and "…" in mark.text]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("tier", Tier)
def test_a_full_page_is_not_cut_at_all(language: str, tier: Tier) -> None:
    """Twelve questions, of which some take two lines, six figures, a note, and an uncalibrated model."""
    questions = ("Has it changed in size, shape or colour since the last photo?", *("Does it itch or hurt?",) * 11)
    full = sheet(
        report(tier, language=language, calibrated=False, condition_set=CONDITIONS[:4] if tier in JUDGED else ()),
        place="Lower back, left half, beside the spine",
        answers=tuple(Answer(question=question, yes=False) for question in questions),
        notes="Noticed in spring, perhaps earlier. A grandmother had a melanoma on the leg.",
        figures=(FIGURE,) * FIGURES,
        score_calibrated=False,
    )
    page = lay_out(full)
    check(page)
    assert [cut_texts(block) for block in page.placed if cut_texts(block)] == []
    for score in full.report.conditions[:LIKELIEST]:
        description = squeezed(full.report.texts.condition_of(score.condition).description)
        assert description in squeezed("".join(mark.text for mark in page.marks if isinstance(mark, Text)))


@pytest.mark.parametrize("write", [as_pdf, as_png])
def test_hostile_input_gives_a_page(write: Callable[[Sheet], bytes]) -> None:
    data = write(HOSTILE)
    assert len(data) < 500_000
    if write is as_pdf:
        assert len(read(data).pages) == 1


def test_long_notes_end_in_an_ellipsis() -> None:
    notes = next(block for block in lay_out(sheet(notes="word " * 2000)).placed if block.name == ENGLISH.notes)
    lines = [mark.text for mark in notes.marks if isinstance(mark, Text)]
    assert lines[-1].endswith("…")
    assert len(lines) > 5


def small_letters(mark: Text) -> Frame:
    """A text's bounds, only as high as its small letters."""
    return replace(bounds(mark), y=mark.y - mark.size / 2, height=mark.size / 2)


def luminance(colour: str) -> float:
    """Relative luminance of "#RRGGBB" as WCAG defines it, 0 to 1."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("kind", AdviceKind)
def test_every_text_is_readable_on_what_lies_under_it(kind: AdviceKind) -> None:
    tiers = {AdviceKind.TREATMENT: Tier.LOW, AdviceKind.CANNOT_ASSESS: Tier.CANNOT_ASSESS}
    tier = tiers.get(kind) or Tier(kind.value)
    treated = {"reason_codes": (Reason.INFLAMMATION,), "raised_by": None} if kind is AdviceKind.TREATMENT else {}
    shown = sheet(report(tier, calibrated=False, **treated), photo=b"")
    assert shown.report.advice.kind is kind
    drawn: list[Shape] = []
    for mark in lay_out(shown).marks:
        if isinstance(mark, Shape):
            drawn.append(mark)
        elif isinstance(mark, Text):
            letters = small_letters(mark)
            under = [shape.fill for shape in drawn if inside(letters, bounds(shape))]
            assert contrast(mark.colour, under[-1] if under else "#FFFFFF") >= READABLE, mark.text


def test_no_two_results_share_a_sign() -> None:
    assert set(SIGNS) == set(AdviceKind)
    assert len({sign.points for sign in SIGNS.values()}) == len(AdviceKind)
