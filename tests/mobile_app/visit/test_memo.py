"""A program that was restarted: the page gives it back what was typed, and nothing that it never wrote."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import flet as ft
import pytest
from app_bench import Bench
from hypothesis import given
from hypothesis import strategies as st

from mobile_app.body import Half, Place, Region
from mobile_app.device.memory import TabMemory
from mobile_app.store import Store
from mobile_app.visit.draft import Draft
from mobile_app.visit.memo import LONGEST, memo_of, read_memo, take_up, typed
from mobile_app.visit.preferences import Preferences
from mobile_app.visit.session import KEEP_FORM, Kept, Session

PALM = Place(region=Region.PALM, half=Half.LEFT)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path) as store:
        yield store


def visit(kept: Kept, bench: Bench | None = None) -> Session:
    bench = bench or Bench()
    return Session(journey=lambda _: bench.journey, kept=kept, changed=lambda: None)


def test_what_was_typed_is_in_its_form_again_after_a_restart(store: Store) -> None:
    lesion = store.add_lesion(name="palm", place=None)
    kept = Kept(store=store, shared=True)
    before = visit(kept)
    before.draft(lesion.id, lambda: Draft(name="palm")).write(name="left palm", place=PALM, notes="itches: \u00e9\n2")
    before.draft("untouched", Draft)
    after = visit(kept)
    assert take_up(after, read_memo(memo_of(before, run="1")), run="2")
    assert typed(after)
    assert after.unkept
    assert after.drafts == {lesion.id: Draft(name="left palm", place=PALM, notes="itches: \u00e9\n2", touched=True)}


def test_the_form_to_keep_a_photo_has_it_with_the_next_photo_and_not_with_the_one_after(store: Store) -> None:
    before = visit(Kept(store=store))
    before.draft(KEEP_FORM, Draft).write(name="left palm", lesion_id="gone", answers={"grown": True})
    bench = Bench()
    after = visit(Kept(store=store), bench)
    take_up(after, read_memo(memo_of(before, run="1")), run="2")
    bench.judge(b"cannot_assess")
    after.begin_keeping()
    draft = after.draft(KEEP_FORM, Draft)
    assert (draft.name, draft.lesion_id, draft.answers) == ("left palm", "", {"grown": True})
    after.keep(lesion_id=None, name=draft.name, answers={})
    assert not typed(after)


def test_the_language_outlives_a_program_that_keeps_nothing(tmp_path: Path) -> None:
    with Store(tmp_path / "1") as first, Store(tmp_path / "2") as second:
        before = visit(Kept(store=first, session_only=True))
        before.set(language="fr", introduced=True)
        after = visit(Kept(store=second, session_only=True))
        assert take_up(after, read_memo(memo_of(before, run="1")), run="2")
        assert after.preferences == before.preferences
        shared = visit(Kept(store=second, shared=True))
        shared.set(language="pt")
        take_up(shared, read_memo(memo_of(before, run="1")), run="2")
        assert shared.preferences.language == "pt", "those of the folder are newer"


def test_a_visit_that_ended_leaves_nothing_to_the_next_one(store: Store) -> None:
    before = visit(Kept(store=store))
    before.draft(KEEP_FORM, Draft).write(name="left palm")
    after = visit(Kept(store=store))
    assert not take_up(after, read_memo(memo_of(before, run="1")), run="1")
    assert not take_up(after, None, run="1")
    assert not typed(after)


FORM: dict[str, Any] = {"lesion_id": "", "name": "", "place": None, "notes": "", "answers": {}}
WRITTEN: dict[str, Any] = {"run": "1", "preferences": {}, "drafts": {"keep": FORM}}


def changed(**values: Any) -> str:
    return json.dumps({**WRITTEN, "drafts": {"keep": {**FORM, **values}}})


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "7",
        "[" * 100_000,
        json.dumps({"run": "1"}),
        json.dumps({**WRITTEN, "drafts": [1]}),
        json.dumps({**WRITTEN, "drafts": {"keep": "x"}}),
        json.dumps({**WRITTEN, "preferences": 3}),
        changed(name=3),
        changed(notes="x" * 2001),
        changed(place=["nowhere", None]),
        changed(place=[1]),
        changed(place=7),
        changed(answers=[1]),
        changed(name="x") + " " * LONGEST,
    ],
)
def test_what_this_app_never_wrote_is_not_taken(text: str) -> None:
    assert read_memo(changed(name="left palm")) is not None
    assert read_memo(text) is None


NAMES = ["run", "preferences", "drafts", "keep", "name", "place", "notes", "answers", "language"]
HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(NAMES), inner),
)


@given(HOSTILE)
def test_no_memo_breaks_the_start(values: Any) -> None:
    memo = read_memo(json.dumps(values))
    assert memo is None or isinstance(memo.preferences, Preferences)


class Browser:
    """A tab's store, and a page that runs what it is given when told to."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.sets = 0
        self.refuses = False
        self.tasks: list[Callable[[], Awaitable[None]]] = []

    def run_task(self, task: Callable[[], Awaitable[None]]) -> None:
        self.tasks.append(task)

    def work(self) -> None:
        while self.tasks:
            asyncio.run(cast("Any", self.tasks.pop(0)()))

    async def get(self, key: str) -> str | None:
        if self.refuses:
            raise RuntimeError("SecurityError")
        return self.kept.get(key)

    async def set(self, key: str, value: str) -> bool:
        if self.refuses:
            raise RuntimeError("QuotaExceededError")
        self.sets += 1
        self.kept[key] = value
        return True


def tab_memory(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> TabMemory:
    monkeypatch.setattr(ft, "SharedPreferences", lambda: browser)
    return TabMemory(cast("ft.Page", browser))


def test_of_what_is_written_in_a_burst_the_last_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser()
    memory = tab_memory(browser, monkeypatch)
    for text in ("a", "ab", "abc", "abc"):
        memory.write(text)
    browser.work()
    assert browser.sets == 1
    assert asyncio.run(memory.read()) == "abc"
    memory.write("abc")
    assert not browser.tasks


def test_a_browser_that_stores_nothing_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser()
    memory = tab_memory(browser, monkeypatch)
    browser.refuses = True
    assert asyncio.run(memory.read()) == ""
    memory.write("a")
    browser.work()
    browser.refuses = False
    memory.write("ab")
    browser.work()
    assert asyncio.run(memory.read()) == "ab"
