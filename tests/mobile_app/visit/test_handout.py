"""The page about a kept answer says of its model what the first one said, whichever model judges today."""

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from app_bench import Bench
from PIL import Image
from pypdf import PdfReader

from mobile_app.locales import LANGUAGES
from mobile_app.paper import Sheet, as_pdf
from mobile_app.paper.words import LABELS
from mobile_app.photo.darkroom import Picture
from mobile_app.photo.screens import Answered, Verdict
from mobile_app.store import Judge, Shot, Store, export_archive, import_archive
from mobile_app.visit.handout import figures_of, judge_of, sheet_of, sheet_of_shot
from mobile_app.visit.session import Kept, Session
from runtime import Report, Triage
from runtime.bundle.manifest import Figure

FIGURE = Figure(value=0.934, low=0.901, high=0.952, n=8120)
NAMES = ("sensitivity_at_low", "melanoma_not_low", "specificity_at_low", "malignancy_auc")
JUDGES = {
    "calibrated": Judge(model_id="b5", sha256="1" * 64, score_calibrated=True, figures=dict.fromkeys(NAMES, FIGURE)),
    "uncalibrated": Judge(model_id="toy", sha256="2" * 64, score_calibrated=False, figures={}),
    "in the package": judge_of(Triage.load().bundle),
}


def text_of(sheet: Sheet) -> str:
    return " ".join(PdfReader(io.BytesIO(as_pdf(sheet)), strict=True).pages[0].extract_text().split())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "store") as store:
        yield store


def kept_answer(store: Store, judge: Judge | None, *, language: str) -> tuple[Answered, Shot]:
    """What was answered, and what is kept of it, by the session's own way."""
    bench = Bench(language=language)
    session = Session(
        journey=lambda _: bench.journey, kept=Kept(store=store), changed=lambda: None, judge=lambda: judge
    )
    screen = bench.judge(b"moderate")
    assert isinstance(screen, Verdict)
    report: Report = replace(screen.report, malignancy=0.42, calibrated=judge is not None and judge.score_calibrated)
    picture = Picture(image=Image.new("RGB", (400, 300), (200, 150, 130)), shown=b"")
    session.journey.screen = screen = replace(screen, report=report, picture=picture)
    session.begin_keeping()
    session.keep(lesion_id=None, answers={})
    (lesion,) = store.lesions()
    (shot,) = store.shots(lesion.id)
    return screen, shot


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", JUDGES)
def test_the_page_of_a_kept_answer_is_the_first_page(store: Store, name: str, language: str) -> None:
    judge, texts = JUDGES[name], LANGUAGES[language]
    screen, shot = kept_answer(store, judge, language=language)
    first = sheet_of(screen, texts=texts, judge=judge, today=shot.taken.date())
    lesion = store.lesion(shot.lesion_id)
    later = sheet_of_shot(shot, lesion=lesion, photo=screen.preview, texts=texts, language=language)
    assert later is not None
    assert text_of(later) == text_of(first)
    assert later.figures == figures_of(judge.figures, texts=texts)


def test_it_is_the_first_page_on_another_device_too(store: Store, tmp_path: Path) -> None:
    _, shot = kept_answer(store, JUDGES["calibrated"], language="en")
    export_archive(store, tmp_path / "all.zip")
    with Store(tmp_path / "other") as other:
        import_archive(other, tmp_path / "all.zip")
        assert other.shot(shot.id) == shot
        assert other.shot(shot.id).judge == JUDGES["calibrated"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_the_model_was_not_recorded_the_page_says_so_and_claims_neither(store: Store, language: str) -> None:
    _, shot = kept_answer(store, None, language=language)
    texts, labels = LANGUAGES[language], LABELS[language]
    sheet = sheet_of_shot(shot, lesion=store.lesion(shot.lesion_id), photo=b"", texts=texts, language=language)
    assert sheet is not None
    said = text_of(sheet)
    assert labels.model_unrecorded in said
    assert labels.score_unrecorded[:40] in said
    assert labels.score_uncalibrated[-60:] not in said
    assert labels.score_calibrated[:40] not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_figure_is_cut(store: Store, language: str) -> None:
    judge = JUDGES["calibrated"]
    screen, _ = kept_answer(store, judge, language=language)
    sheet = sheet_of(screen, texts=LANGUAGES[language], judge=judge, today=date(2026, 1, 1))
    said = text_of(sheet)
    for name, value in sheet.figures:
        assert f"{name}: {value}" in said
    assert said.count("0.93 (0.90-0.95, n = 8120)") == len(NAMES)
    assert not re.search(r"\d(\.\.\.|…)", said)
