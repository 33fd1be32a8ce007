"""One user's app without a window: settings, tabs, what is kept and how it goes."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from app_bench import Bench
from PIL import Image

from mobile_app.body import Half, Place, Region
from mobile_app.device.keeping import OnDevice, PerVisit
from mobile_app.locales import LANGUAGES
from mobile_app.photo.journey import Journey
from mobile_app.photo.screens import Verdict, Welcome
from mobile_app.store import Store, StoreError
from mobile_app.visit.draft import Draft
from mobile_app.visit.preferences import Theme
from mobile_app.visit.promises import Promises
from mobile_app.visit.session import KEEP_FORM, Kept, Session, Subpage, Tab
from mobile_app.visit.spots import (
    Comparison,
    Keeping,
    KeptAnswer,
    SpotDetail,
    SpotEdit,
    SpotList,
    Spots,
    Unreadable,
    names_of,
    readings,
    report_of,
)
from mobile_app.visit.trend import points_of
from runtime import Reason, Report, Tier
from runtime.answer.report import ConditionScore
from runtime.conditions import Condition

PALM = Place(region=Region.PALM, half=Half.LEFT)


def jpeg(shade: int = 120) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, 90, 60)).save(out, format="JPEG")
    return out.getvalue()


REPORT = Report(
    tier=Tier.MODERATE,
    malignancy=0.4,
    conditions=(ConditionScore(condition=Condition.MELANOCYTIC_NEVUS, probability=0.6),),
    novelty=1.0,
    reason_codes=(Reason.SOME_SIGNS,),
    model_id="fake",
    calibrated=True,
)


def kept(shade: int = 120, *, size: float | None = 0.2) -> Keeping:
    return Keeping(photo=jpeg(shade), report=REPORT.to_dict(), size_in_frame=size)


@dataclass
class Clock:
    """A day later each time it is asked."""

    moment: datetime = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.moment += timedelta(days=1)
        return self.moment


@dataclass
class App:
    """A session whose slow work waits until the test finishes it."""

    store: Store | None
    bench: Bench = field(default_factory=Bench)
    changes: int = 0
    problem: Exception | None = None

    def __post_init__(self) -> None:
        self.session = self.start()

    def start(self) -> Session:
        return Session(journey=self._journey, kept=Kept(store=self.store, problem=self.problem), changed=self._count)

    def _count(self) -> None:
        self.changes += 1

    def _journey(self, owner: Session) -> Journey:
        return self.bench.journey

    def judge(self, data: bytes) -> None:
        self.bench.judge(data)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "kept") as opened:
        yield opened


@pytest.fixture
def spots(store: Store) -> Spots:
    return Spots(store, changed=lambda: None, failed=pytest.fail, now=Clock())


def detail(spots: Spots) -> SpotDetail:
    assert isinstance(spots.view, SpotDetail)
    return spots.view


def test_the_introduction_is_shown_once(store: Store) -> None:
    app = App(store)
    steps = len(app.session.texts.start.steps)
    assert steps == 4
    for _ in range(steps):
        assert app.session.introducing
        app.session.next_step()
    assert not app.session.introducing
    assert not app.start().introducing
    app.session.introduce_again()
    assert app.session.introducing


def test_settings_are_there_at_the_next_start(store: Store) -> None:
    app = App(store)
    app.session.set(language="pt", theme=Theme.DARK, text_scale=2.0)
    again = app.start()
    assert again.texts is LANGUAGES["pt"]
    assert again.preferences.theme is Theme.DARK
    assert again.preferences.text_scale == 2.0


def test_the_devices_language_is_the_first_but_not_after_a_choice(store: Store) -> None:
    def start() -> Session:
        return Session(
            journey=lambda owner: Bench().journey, kept=Kept(store=store), changed=lambda: None, language="fr-CA"
        )

    assert start().preferences.language == "fr"
    start().set(language="es")
    assert start().preferences.language == "es"


def test_another_language_reaches_the_answer_on_show(store: Store) -> None:
    app = App(store)
    app.judge(b"high")
    app.session.set(language="fr")
    screen = app.session.journey.screen
    assert isinstance(screen, Verdict)
    assert screen.report.language == "fr"


def test_without_a_store_photos_are_still_judged(tmp_path: Path) -> None:
    app = App(None, problem=StoreError("the folder is in use"))
    app.session.set(text_scale=1.3)
    app.session.open_tab(Tab.SPOTS)
    app.judge(b"high")
    assert isinstance(app.session.journey.screen, Verdict)
    app.session.begin_keeping()
    assert app.session.keeping is None


def test_keeping_goes_through_a_question_and_ends_at_the_spot(spots: Spots) -> None:
    first = spots.keep(kept(), lesion_id=None, name=" mole ", place=PALM)
    spots.keep(kept(200), lesion_id=first, answers={"border": True})
    spots.open(first)
    view = detail(spots)
    assert (view.lesion.name, view.lesion.place) == ("mole", PALM)
    assert [moment.shot.answers for moment in view.moments] == [{}, {"border": True}]
    assert all(moment.thumbnail.startswith(b"\xff\xd8") for moment in view.moments)


def test_a_photo_that_cannot_be_kept_leaves_no_empty_spot(spots: Spots, store: Store) -> None:
    with pytest.raises(Exception, match="photo"):
        spots.keep(Keeping(photo=b"no photo", report={}, size_in_frame=None), lesion_id=None, name="mole")
    assert store.lesions() == []


@pytest.mark.parametrize("as_page", [False, True])
@pytest.mark.parametrize("shared_host", [False, True])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("session_only", [False, True])
def test_no_screen_says_that_what_everyone_sees_is_not_kept(
    store: Store, as_page: bool, shared_host: bool, shared: bool, session_only: bool
) -> None:
    kept = Kept(store=store, shared=shared, session_only=session_only)
    session = Session(journey=lambda owner: Bench().journey, kept=kept, changed=lambda: None)
    said, texts = Promises(as_page=as_page, elsewhere=shared_host, kept=kept).where(session.texts), session.texts.start
    assert (said == texts.kept_for_all) is shared
    if shared_host:
        assert said != texts.on_this_device


def test_a_pages_folder_is_known_to_be_everyones(tmp_path: Path) -> None:
    for shared in (False, True):
        keeper = OnDevice(lambda: tmp_path / "kept", shared=shared)
        assert asyncio.run(keeper.open()).shared is shared
        keeper.close_all()


def test_only_an_answer_can_be_kept(store: Store) -> None:
    app = App(store)
    for data in (b"MemoryError", b"EngineError"):
        app.judge(data)
        app.session.begin_keeping()
        assert app.session.keeping is None


def test_what_could_not_be_assessed_is_kept_as_that_and_never_as_a_tier(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = App(store)
    monkeypatch.setattr("mobile_app.visit.session.share_of_spot", lambda picture, framing: pytest.fail("measured"))
    app.judge(b"cannot assess")
    app.session.begin_keeping()
    assert app.session.keeping is not None
    app.session.keep(lesion_id=None, name="mole", answers={})
    assert app.session.spots is not None
    view = detail(app.session.spots)
    told = readings([moment.shot for moment in view.moments], language="en")
    assert told[0].shot.size_in_frame is None
    assert points_of(told)[0].kind is None
    for words in LANGUAGES.values():
        name = names_of(told, date="%d.", not_assessed=words.spots.not_assessed)[0]
        assert name.endswith(f" · {words.spots.not_assessed}")


def test_nothing_is_stored_before_it_is_said_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = App(store)
    monkeypatch.setattr("mobile_app.visit.session.share_of_spot", lambda picture, framing: 0.3)
    app.judge(b"low")
    app.session.begin_keeping()
    assert app.session.keeping is not None
    app.session.stop_keeping()
    assert app.session.keeping is None
    assert store.usage().shots == 0
    assert isinstance(app.session.journey.screen, Verdict)


def test_a_full_disk_is_said_and_the_photo_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = App(store)
    monkeypatch.setattr("mobile_app.visit.session.share_of_spot", lambda picture, framing: None)
    app.judge(b"low")
    app.session.begin_keeping()

    def full(*_: object, **__: object) -> str:
        raise StoreError("the photo cannot be kept: no space left")

    assert app.session.spots is not None
    monkeypatch.setattr(app.session.spots, "keep", full)
    app.session.keep(lesion_id=None, answers={})
    assert "no space left" in app.session.message
    assert app.session.keeping is not None


def test_search_and_place_narrow_the_list(spots: Spots) -> None:
    spots.keep(kept(), lesion_id=None, name="mole on the palm", place=PALM)
    spots.keep(kept(), lesion_id=None, name="freckle", place=Place(region=Region.FACE))
    spots.show_list()
    assert isinstance(spots.view, SpotList)
    assert [entry.lesion.name for entry in spots.view.entries] == ["freckle", "mole on the palm"]
    spots.search("palm")
    assert isinstance(spots.view, SpotList)
    assert [entry.lesion.name for entry in spots.view.entries] == ["mole on the palm"]
    spots.only(Region.FACE)
    assert isinstance(spots.view, SpotList)
    assert spots.view.entries == ()
    spots.search("")
    assert isinstance(spots.view, SpotList)
    assert [entry.lesion.name for entry in spots.view.entries] == ["freckle"]


def test_a_photo_dated_in_the_future_is_flagged_and_does_not_stay_on_top(store: Store) -> None:
    today = datetime(2026, 11, 28, tzinfo=UTC)
    spots = Spots(store, changed=lambda: None, failed=pytest.fail, clock=lambda: today)
    wrong, right, abroad = (store.add_lesion(name=name, place=None) for name in ("wrong", "right", "abroad"))
    days = {wrong.id: datetime(2028, 1, 1, tzinfo=UTC), right.id: today, abroad.id: today + timedelta(hours=14)}
    for lesion_id, taken in days.items():
        store.add_shot(lesion_id, photo=jpeg(), report=REPORT.to_dict(), size_in_frame=None, taken=taken)
    spots.show_list()
    assert isinstance(spots.view, SpotList)
    assert [(entry.lesion.name, entry.ahead) for entry in spots.view.entries] == [
        ("abroad", False),
        ("right", False),
        ("wrong", True),
    ]
    spots.open(wrong.id)
    assert [moment.ahead for moment in detail(spots).moments] == [True]


def test_a_new_photo_of_a_spot_is_kept_with_it(store: Store) -> None:
    app = App(store)
    session, spots = app.session, app.session.spots
    assert spots is not None
    spot = spots.keep(kept(), lesion_id=None, name="left palm")
    session.open_tab(Tab.SPOTS)
    spots.open(spot)
    session.photograph_again()
    assert session.tab is Tab.PHOTO
    assert isinstance(session.journey.screen, Welcome)
    assert session.again is not None
    app.judge(b"cannot_assess")
    assert draft_of(session) == spot


def draft_of(session: Session) -> str:
    """Which spot the form to keep a photo proposes."""
    session.begin_keeping()
    return session.drafts.setdefault(KEEP_FORM, Draft()).lesion_id


def test_whoever_leaves_for_another_spot_is_not_taken_to_mean_the_first(store: Store) -> None:
    app = App(store)
    session, spots = app.session, app.session.spots
    assert spots is not None
    spot = spots.keep(kept(), lesion_id=None, name="left palm")
    for leave in (session.forget_again, lambda: session.open_tab(Tab.PHOTO), lambda: store.delete_lesion(spot)):
        session.open_tab(Tab.SPOTS)
        spots.open(spot)
        session.photograph_again()
        app.judge(b"cannot_assess")
        leave()
        assert draft_of(session) == ""
        session.stop_keeping()


def test_a_kept_answer_is_shown_as_it_was(spots: Spots) -> None:
    spot = spots.keep(kept(), lesion_id=None, name="left palm")
    spots.open(spot)
    (moment,) = detail(spots).moments
    spots.show_answer(moment.shot.id)
    view = spots.view
    assert isinstance(view, KeptAnswer)
    assert view.shot.report == REPORT.to_dict()
    assert view.photo
    assert report_of(view.shot, language="en") == REPORT
    spots.back()
    assert detail(spots).lesion.id == spot


def test_two_photos_are_compared_the_earlier_first(spots: Spots) -> None:
    lesion = spots.keep(kept(80), lesion_id=None, name="mole")
    spots.keep(kept(200), lesion_id=lesion)
    spots.open(lesion)
    newest, oldest = (moment.shot.id for moment in reversed(detail(spots).moments))
    spots.compare(newest, oldest)
    view = spots.view
    assert isinstance(view, Comparison)
    assert (view.earlier.id, view.later.id) == (oldest, newest)
    spots.back()
    assert detail(spots).lesion.id == lesion
    spots.back()
    assert isinstance(spots.view, SpotList)


def three_photos(spots: Spots) -> list[str]:
    """The shots' ids of an open spot, oldest first."""
    lesion = spots.keep(kept(80), lesion_id=None, name="mole")
    spots.keep(kept(140), lesion_id=lesion)
    spots.keep(kept(200), lesion_id=lesion)
    spots.open(lesion)
    return [moment.shot.id for moment in detail(spots).moments]


def compared(spots: Spots) -> tuple[str, str]:
    assert isinstance(spots.view, Comparison)
    return spots.view.earlier.id, spots.view.later.id


def test_any_two_kept_photos_are_compared_in_any_order(spots: Spots, store: Store) -> None:
    first, second, third = three_photos(spots)
    spots.compare(first, third)
    assert isinstance(spots.view, Comparison)
    assert [shot.id for shot in spots.view.kept] == [first, second, third]
    spots.compare(third, second)
    assert compared(spots) == (second, third)
    assert isinstance(spots.view, Comparison)
    assert (spots.view.first, spots.view.second) == (store.photo(second), store.photo(third))
    spots.compare(first, second)
    assert compared(spots) == (first, second)


def test_a_photo_is_not_compared_with_itself_or_with_one_that_was_not_kept(spots: Spots, store: Store) -> None:
    first, second, third = three_photos(spots)
    lesion = detail(spots).lesion.id
    store.keep_photos = False
    spots.keep(kept(), lesion_id=lesion)
    spots.open(lesion)
    unkept = detail(spots).moments[-1].shot.id
    spots.compare(first, unkept)
    assert [shot.id for shot in detail(spots).kept] == [first, second, third]
    spots.compare(second, third)
    spots.compare(third, third)
    spots.compare(third, unkept)
    assert compared(spots) == (second, third)


def test_photos_to_choose_from_are_told_apart(spots: Spots) -> None:
    three_photos(spots)
    shots = [moment.shot for moment in detail(spots).moments]
    told = readings([shots[0], replace(shots[1], taken=shots[0].taken), replace(shots[2], report={})], language="en")
    assert names_of(told, date="%d.%m.") == ("02.03. · Moderate concern (1)", "02.03. · Moderate concern (2)", "04.03.")


def test_an_edit_is_kept_only_when_saved(spots: Spots) -> None:
    lesion = spots.keep(kept(), lesion_id=None, name="mole")
    spots.open(lesion)
    spots.edit()
    assert isinstance(spots.view, SpotEdit)
    spots.back()
    spots.edit()
    spots.save(name="dark mole ", place=PALM, notes=" since May ")
    after = detail(spots).lesion
    assert (after.name, after.place, after.notes) == ("dark mole", PALM, "since May")


def test_nothing_is_deleted_by_one_tap(spots: Spots, store: Store) -> None:
    lesion = spots.keep(kept(), lesion_id=None, name="mole")
    spots.keep(kept(), lesion_id=lesion)
    spots.open(lesion)
    spots.delete()
    assert store.usage().shots == 2
    spots.ask_to_delete(detail(spots).moments[0].shot.id)
    spots.ask_to_delete("")
    spots.delete()
    assert store.usage().shots == 2
    spots.ask_to_delete(detail(spots).moments[0].shot.id)
    spots.delete()
    assert store.usage().shots == 1
    spots.ask_to_delete(lesion)
    spots.delete()
    assert isinstance(spots.view, SpotList)
    assert store.lesions() == []


def test_a_reminder_is_so_many_weeks_away(spots: Spots) -> None:
    spots.keep(kept(), lesion_id=None, name="mole")
    assert spots.remind(4) is None
    assert isinstance(spots.view, SpotList)
    spots.show_list()
    spots.open(spots.view.entries[0].lesion.id)
    due = spots.remind(4)
    assert due == date(2026, 3, 3) + timedelta(weeks=4)
    assert detail(spots).due == due


def test_a_stored_answer_is_read_in_the_language_of_now(spots: Spots) -> None:
    lesion = spots.keep(kept(), lesion_id=None, name="mole")
    spots.open(lesion)
    shot = detail(spots).moments[0].shot
    found = report_of(shot, language="pt")
    assert found is not None
    assert found.tier is Tier.MODERATE
    assert found.language == "pt"


def test_deleting_everything_takes_two_taps_and_leaves_the_language(store: Store) -> None:
    app = App(store)
    app.session.set(language="es", introduced=True, text_scale=2.0)
    assert app.session.spots is not None
    app.session.spots.keep(kept(), lesion_id=None, name="mole")
    app.judge(b"low")
    app.session.delete_all()
    assert store.usage().lesions == 1
    app.session.ask_to_delete_all(True)
    app.session.delete_all()
    assert store.usage().lesions == 0
    assert app.session.journey.screen == Welcome()
    assert app.session.preferences.language == "es"
    assert app.session.message == LANGUAGES["es"].settings.deleted


def test_photos_are_kept_or_not_as_set(store: Store) -> None:
    app = App(store)
    app.session.set(keep_photos=False)
    assert app.session.spots is not None
    app.session.spots.keep(kept(), lesion_id=None, name="mole")
    assert store.usage().photos == 0
    assert store.usage().shots == 1


def test_photos_are_not_kept_after_a_restart_either(tmp_path: Path) -> None:
    with Store(tmp_path / "kept") as store:
        App(store).session.set(keep_photos=False)
    with Store(tmp_path / "kept") as store:
        spots = App(store).session.spots
        assert spots is not None
        spots.keep(kept(), lesion_id=None, name="mole")
        assert store.usage().photos == 0


def test_another_screen_has_another_name_and_the_same_screen_the_same(store: Store) -> None:
    """By it a page knows that it begins at its top."""
    app = App(store)
    seen = {app.session.here}
    app.session.end_introduction()
    for tab in Tab:
        app.session.open_tab(tab)
        seen.add(app.session.here)
    assert len(seen) == 5
    before = app.session.here
    app.session.set(text_scale=2.0)
    assert app.session.here == before


def test_each_visit_sees_its_own_and_nothing_is_left() -> None:
    keeper = PerVisit()
    first, second = asyncio.run(keeper.open()), asyncio.run(keeper.open())
    assert first.store is not None
    assert second.store is not None
    assert first.session_only
    first.store.add_lesion(name="mine")
    assert second.store.lesions() == []
    folder = first.store.folder
    assert folder.is_dir()
    keeper.close(first)
    assert not folder.exists()
    keeper.close_all()
    assert not second.store.folder.exists()


def test_one_folder_serves_every_session_of_a_program(tmp_path: Path) -> None:
    keeper = OnDevice(lambda: tmp_path / "kept")
    first, second = asyncio.run(keeper.open()), asyncio.run(keeper.open())
    assert first.store is second.store
    keeper.close(first)
    assert second.store is not None
    second.store.add_lesion(name="still open")
    keeper.close_all()


def test_a_folder_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    found = asyncio.run(OnDevice(lambda: tmp_path / "kept").open())
    assert found.store is None
    assert found.problem


def test_a_list_that_cannot_be_read_is_never_shown_as_an_empty_one(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.add_lesion(name="left palm")
    app = App(store)
    store.close()  # from now on it answers with StoreError only
    app.session.open_tab(Tab.SPOTS)
    spots = app.session.spots
    assert spots is not None
    assert isinstance(spots.view, Unreadable)
    assert spots.view.reason
    assert spots.known() == ()
    assert app.session.usage() is None


def test_what_the_store_refuses_is_said_and_takes_nothing_away(tmp_path: Path) -> None:
    """Whatever is tapped: the screen stays, with what was typed on it, and a line says why."""
    store = Store(tmp_path)
    app = App(store)
    session, spots = app.session, app.session.spots
    assert spots is not None
    lesion_id = spots.keep(kept(), lesion_id=None, name="left palm")
    second = store.add_shot(lesion_id, photo=jpeg(90), report=REPORT.to_dict())
    first = store.shots(lesion_id)[0]
    spots.open(lesion_id)
    store.close()

    for act in (
        lambda: spots.open(lesion_id),
        lambda: spots.compare(first.id, second.id),
        lambda: spots.remind(4),
        lambda: (spots.ask_to_delete(first.id), spots.delete()),
        lambda: (spots.ask_to_delete(lesion_id), spots.delete()),
    ):
        session.say("")
        act()
        assert isinstance(spots.view, SpotDetail)
        assert session.message
    spots.ask_to_delete("")
    spots.edit()
    session.say("")
    spots.save(name="right palm", place=None, notes="")
    assert isinstance(spots.view, SpotEdit)
    assert session.message
    session.ask_to_delete_all(True)
    session.delete_all()
    assert session.deleting_all
    session.open_tab(Tab.SPOTS)
    assert isinstance(spots.view, Unreadable)
    with Store(tmp_path) as again:
        assert len(again.shots(lesion_id)) == 2


def test_starting_again_leads_to_the_start_and_keeps_what_is_kept(store: Store) -> None:
    app = App(store)
    app.session.end_introduction()
    store.add_lesion(name="left palm")
    app.bench.judge(b"high")
    app.session.open_tab(Tab.SETTINGS)
    app.session.open_subpage(Subpage.MODEL)
    app.session.begin_again()
    assert app.session.at_the_start
    assert app.session.subpage is None
    assert len(store.lesions()) == 1


def test_a_page_of_the_settings_is_left_with_them(store: Store) -> None:
    app = App(store)
    app.session.end_introduction()
    app.session.open_tab(Tab.SETTINGS)
    seen = {app.session.here}
    for page in Subpage:
        app.session.open_subpage(page)
        seen.add(app.session.here)
    assert len(seen) == 1 + len(Subpage), "each begins at its own top"
    app.session.open_tab(Tab.SETTINGS)
    assert app.session.subpage is None


def test_a_store_that_opens_later_brings_its_settings_and_spots(store: Store) -> None:
    app = App(None, problem=StoreError("the keyring is locked"))
    app.session.set(text_scale=2.0)
    app.session.ask_to_begin_anew(True)
    assert app.session.spots is None
    App(store).session.set(language="fr", introduced=True)
    app.session.use(Kept(store=store, sealed=True))
    assert app.session.spots is not None
    assert app.session.preferences.language == "fr"
    assert not app.session.beginning_anew
