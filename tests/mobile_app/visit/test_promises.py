"""No sentence on where photos go, who sees them, how they lie and when they go contradicts what is so."""

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import flet as ft
import pytest
from app_bench import Bench
from flet.components.component import Renderer

from mobile_app.locales import ENGLISH, LANGUAGES
from mobile_app.paper.sheet import blocks_of
from mobile_app.paper.words import LABELS
from mobile_app.photo.screens import Verdict
from mobile_app.store import Judge, Store
from mobile_app.views.intro import introduction
from mobile_app.views.pieces.desk import Desk, Files
from mobile_app.views.pieces.look import Look
from mobile_app.views.settings import settings
from mobile_app.visit.handout import sheet_of
from mobile_app.visit.promises import Promises
from mobile_app.visit.session import Kept, Session


@dataclass(frozen=True, kw_only=True)
class Start:
    """One way to start the program, and what may and must be said then, by the locale's names."""

    name: str
    promises: dict[str, Any]
    kept: dict[str, bool]
    says: set[str]


WHERE = {"on_this_device", "on_that_computer", "on_this_computer", "kept_for_all"}
LYING = {"session_only", "sealed_for_visit", "protected", "not_protected", "kept_for_all"}
JUDGING = {"about_text", "about_elsewhere"}
STEP = {"steps[1][1]", "judged_elsewhere[1]"}
FORGETTING = {"visit_ends", "visit_ends_at_once"}
TYPING = {"typed_in_tab"}
MEASURED = {"measure_here", "measure_there", "measured_here", "measured_there"}
ALL = WHERE | LYING | JUDGING | STEP | FORGETTING | TYPING | MEASURED

HERE = {"about_text", "steps[1][1]", "measure_here", "measured_here"}
THERE = {"about_elsewhere", "judged_elsewhere[1]", "measure_there", "measured_there"}
PAGE, MEMORY = {"as_page": True}, {"session_only": True, "sealed": True}
STARTS = [
    Start(name="a phone", promises={}, kept={"sealed": True}, says={"on_this_device", "protected", *HERE}),
    Start(name="a window without a key", promises={}, kept={}, says={"on_this_device", "not_protected", *HERE}),
    Start(
        name="a local page",
        promises={**PAGE, "forget_after": 15},
        kept=MEMORY,
        says={"on_this_computer", "sealed_for_visit", "visit_ends", "typed_in_tab", *HERE},
    ),
    Start(
        name="a local page, forgotten at once, without the library that encrypts",
        promises=PAGE,
        kept={"session_only": True},
        says={"on_this_computer", "session_only", "visit_ends_at_once", "typed_in_tab", *HERE},
    ),
    Start(
        name="a local page with --keep",
        promises={**PAGE, "forget_after": 15},
        kept={"shared": True},
        says={"kept_for_all", "visit_ends", "typed_in_tab", *HERE},
    ),
    Start(
        name="--host",
        promises={**PAGE, "elsewhere": True, "forget_after": 5},
        kept=MEMORY,
        says={"on_that_computer", "sealed_for_visit", "visit_ends", "typed_in_tab", *THERE},
    ),
    Start(
        name="--host with --keep",
        promises={**PAGE, "elsewhere": True, "forget_after": 5},
        kept={"shared": True},
        says={"kept_for_all", "visit_ends", "typed_in_tab", *THERE},
    ),
    Start(
        name="--host with --keep and --forget-after 0",
        promises={**PAGE, "elsewhere": True},
        kept={"shared": True},
        says={"kept_for_all", "visit_ends_at_once", "typed_in_tab", *THERE},
    ),
]


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif is_dataclass(value):
        for each in fields(value):
            yield from leaves(getattr(value, each.name), each.name)
    else:
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")


def said_by(control: Any, seen: set[int] | None = None) -> Iterator[str]:
    """Every text in what a view has drawn."""
    seen = set() if seen is None else seen
    if isinstance(control, str):
        yield control
    elif isinstance(control, list | tuple):
        for each in cast("list[Any]", control):
            yield from said_by(each, seen)
    elif isinstance(control, dict):
        yield from said_by(list(cast("dict[str, Any]", control).values()), seen)
    elif isinstance(control, ft.BaseControl) and id(control) not in seen:
        seen.add(id(control))
        for name, value in vars(control).items():
            if name not in {"parent", "_parent", "page"}:
                yield from said_by(value, seen)


class Nothing:
    """Stands for whatever a screen's buttons do."""

    def __getattr__(self, name: str) -> Any:
        return ft.FilePicker() if name == "restorer" else lambda *_: None


@pytest.mark.parametrize("code", LANGUAGES)
@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.name)
def test_every_screen_says_what_is_so_and_nothing_else(tmp_path: Path, start: Start, code: str) -> None:
    with Store(tmp_path) as store:
        kept = Kept(store=store, **cast("dict[str, Any]", start.kept))
        session = Session(journey=lambda _: Bench().journey, kept=kept, changed=lambda: None, language=code)
        promises = Promises(kept=kept, **start.promises)
        desk = Desk(session=session, look=Look(), files=cast("Files", Nothing()), promises=promises)
        session.next_step()
        with Renderer().with_context():
            screens = [introduction(desk), settings(desk)]
        shown = " ".join(text for screen in screens for text in said_by(screen))
        told = f"{shown} {promises.where(desk.texts)} {promises.storage(desk.texts)}"
        told += " ".join(promises.measured(desk.texts))
    forms = {name: text.format(minutes=promises.forget_after) for name, text in leaves(LANGUAGES[code]) if name in ALL}
    assert set(forms) == ALL
    assert {name for name, text in forms.items() if text in told} == start.says


def test_every_combination_says_one_thing_of_each_kind() -> None:
    flags = itertools.product([False, True], repeat=5)
    for (page, elsewhere, shared, session_only, sealed), minutes in itertools.product(flags, [0, 1, 15, 1440]):
        if page is not (shared or session_only) or (shared and (session_only or sealed)) or (elsewhere and not page):
            continue  # `web.serve` and `OnDevice` never do that
        kept = Kept(store=None, shared=shared, session_only=session_only, sealed=sealed)
        promises = Promises(as_page=page, elsewhere=elsewhere, forget_after=minutes, kept=kept)
        said = " ".join([promises.where(ENGLISH), promises.storage(ENGLISH), promises.about(ENGLISH)])
        said += " ".join(f"{title} {text}" for title, text in promises.steps(ENGLISH))
        assert not (shared and re.search("not kept after|for this visit only|with a key", said))
        assert not (elsewhere and re.search("this device|on this computer|sent to nobody|without a network", said))
        assert not (not sealed and not shared and re.search("are encrypted with|only, encrypted", said))
        assert (f"{minutes} min" in said) is (page and minutes > 0)
        assert ("A visit ends" in said) is page
        assert (ENGLISH.start.typed_in_tab in said) is page
        for typed in (False, True):
            told = promises.restarted(ENGLISH, typed=typed)
            assert (ENGLISH.start.restarted_typed in told) is typed
            if page:
                assert (ENGLISH.start.restarted in told) is False, "there is no store, so nothing was kept"


NEUTRAL = {
    "find[2]", "ahead",
    "not_arrived", "import_too_large",
    "theme_system", "question", "none", "unreachable_title", "unreachable_advice", "store_advice", "no_photo_kept",
    "too_large", "none_yet", "refused", "stored", "keep_photos_hint", "storage", "keep_photos", "begin_anew_sure",
}  # fmt: skip
"""Texts with one of the words below that are so however the program was started."""


def test_no_other_text_speaks_of_devices_networks_and_secrets() -> None:
    """A new sentence on these things is chosen by `Promises`, or true in every case and named above."""
    words = re.compile(r"\b(device|computer|network|encrypted|key|sent|nobody|everyone|visit)\b", re.IGNORECASE)
    named = {name for name, text in leaves(ENGLISH) if words.search(text)}
    assert named - ALL - NEUTRAL - {"steps[1][0]", "judged_elsewhere[0]", "protected"} == set()


@pytest.mark.parametrize("shared", [True, False])
def test_after_a_restart_only_a_folder_still_has_what_was_kept(tmp_path: Path, shared: bool) -> None:
    with Store(tmp_path) as store:
        kept = Kept(store=store, shared=shared, session_only=not shared)
        told = Promises(as_page=True, kept=kept).restarted(ENGLISH, typed=False)
    assert told == (ENGLISH.start.restarted if shared else ENGLISH.start.restarted_all_gone)


@pytest.mark.parametrize("score", [True, False, None])
@pytest.mark.parametrize("thresholds", [True, False])
def test_the_page_for_a_doctor_says_of_calibration_what_is_so(thresholds: bool, score: bool | None) -> None:
    screen = Bench().judge(b"moderate")
    assert isinstance(screen, Verdict)
    screen = replace(screen, report=replace(screen.report, malignancy=0.4, calibrated=thresholds))
    judge = None if score is None else Judge(model_id="b5", sha256="", score_calibrated=score, figures={})
    sheet = sheet_of(screen, texts=ENGLISH, judge=judge, today=date(2026, 1, 1))
    labels, said = LABELS["en"], repr(blocks_of(sheet))
    sentences = {True: labels.score_calibrated, False: labels.score_uncalibrated, None: labels.score_unrecorded}
    assert [key for key, text in sentences.items() if repr(text)[1:-1] in said or text in said] == [score]
    assert (screen.report.texts.uncalibrated_note in said) is not thresholds
