"""One step back: in a browser's history and with a phone's own button, from every screen."""

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from app_bench import Bench, photo, report
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mobile_app.device.steps import Steps
from mobile_app.photo.screens import Check, Opening, Verdict, Welcome
from mobile_app.store import Store
from mobile_app.visit.draft import Draft
from mobile_app.visit.session import Kept, Session, Subpage, Tab
from mobile_app.visit.spots import Keeping, KeptAnswer, SpotDetail, SpotEdit, SpotList
from mobile_app.visit.trail import PHOTOS, Trail, address_of, open_at
from runtime import Tier


@dataclass
class Browser:
    """A history as browsers have it, fed by what the trail pushes."""

    history: list[str] = field(default_factory=lambda: ["/"])
    at: int = 0

    def push(self, address: str) -> None:
        self.history = [*self.history[: self.at + 1], address]
        self.at += 1


class Person:
    """Someone with the app open in a browser."""

    def __init__(self, store: Store | None = None) -> None:
        self.bench = Bench()
        self.browser = Browser()
        self.session = Session(journey=lambda _: self.bench.journey, kept=Kept(store=store), changed=lambda: None)
        self.session.preferences = self.session.preferences.__class__(introduced=True)
        self.trail = Trail(self.session)
        self.session.changed = self.note
        self.bench.journey._show = lambda _: self.note()

    def note(self) -> None:
        address = self.trail.note()
        if address is not None:
            self.browser.push(address)
            self.trail.follow(address)

    def go(self, steps: int) -> None:
        self.browser.at += steps
        self.trail.follow(self.browser.history[self.browser.at])

    @property
    def screen(self) -> object:
        return self.bench.journey.screen


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "kept") as store:
        yield store


def test_from_the_answer_back_to_the_square_and_to_the_start() -> None:
    person = Person()
    person.bench.judge(b"moderate")
    assert person.browser.history == ["/", "/photo", "/answer"]
    person.go(-1)
    assert isinstance(person.screen, Check)
    person.go(-1)
    assert isinstance(person.screen, Welcome)
    assert not person.trail.can_go_back
    person.go(+2)
    assert isinstance(person.screen, Verdict)


def test_while_it_is_judged_back_is_the_square_and_the_late_answer_is_dropped() -> None:
    person = Person()
    person.bench.check(b"high")
    person.bench.journey.judge()
    person.go(-1)
    person.bench.finish()
    assert isinstance(person.screen, Check)


def test_what_had_only_begun_begins_again() -> None:
    person = Person()
    person.bench.journey.choose(photo(b"low"))
    person.go(-1)
    assert isinstance(person.screen, Welcome)
    person.go(+1)
    assert isinstance(person.screen, Opening)


def test_a_refused_photo_stands_where_it_was_chosen() -> None:
    person = Person()
    person.bench.check(b"PhotoError")
    assert person.browser.history == ["/", "/photo"]
    person.go(-1)
    assert isinstance(person.screen, Welcome)


def test_tabs_and_their_pages(store: Store) -> None:
    person = Person(store)
    lesion = store.add_lesion(name="palm", place=None)
    person.session.open_tab(Tab.SPOTS)
    person.session.spots.open(lesion.id)
    person.session.spots.edit()
    person.session.open_tab(Tab.SETTINGS)
    person.session.open_subpage(Subpage.LICENCES)
    spot = f"/spots/{lesion.id}"
    assert person.browser.history == ["/", "/spots", spot, f"{spot}/change", "/settings", "/settings/licences"]
    shown = []
    for _ in range(5):
        person.go(-1)
        shown.append(address_of(person.session))
    assert shown == ["/settings", f"{spot}/change", spot, "/spots", "/"]
    person.go(+3)
    assert isinstance(person.session.spots.view, SpotEdit)


def test_back_closes_a_photo_that_was_enlarged() -> None:
    person = Person()
    person.bench.judge(b"moderate")
    person.session.enlarge(b"photo", "The photo")
    assert address_of(person.session) == "/enlarged"
    person.go(-1)
    assert person.session.enlarged is None
    assert isinstance(person.screen, Verdict)


def test_back_leads_from_a_kept_answer_to_its_spot_and_forward_to_it_again(store: Store) -> None:
    person = Person(store)
    spots = person.session.spots
    assert spots is not None
    lesion, shot = kept_shot(store)
    person.session.open_tab(Tab.SPOTS)
    spots.open(lesion)
    spots.show_answer(shot)
    assert isinstance(spots.view, KeptAnswer)
    person.go(-1)
    assert isinstance(spots.view, SpotDetail)
    person.go(+1)
    assert isinstance(spots.view, KeptAnswer)
    store.delete_shot(shot)
    person.go(-1)
    person.go(+1)
    assert isinstance(spots.view, SpotDetail), "what is gone leads to the nearest thing that is there"


def kept_shot(store: Store) -> tuple[str, str]:
    """Ids of a spot and of the one photo that is kept of it."""
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (120, 90, 60)).save(out, format="JPEG")
    lesion = store.add_lesion(name="palm", place=None)
    shot = store.add_shot(lesion.id, photo=out.getvalue(), report=report(Tier.LOW).to_dict(), size_in_frame=None)
    return lesion.id, shot.id


@pytest.mark.parametrize("unkept", [True, False])
def test_a_phones_back_asks_once_before_it_leaves_what_is_not_kept(unkept: bool) -> None:
    """Android leaves the app with the step back from its first screen, unless the page says that it cannot pop."""
    page = Phone()
    bench = Bench()
    session = Session(journey=lambda _: bench.journey, kept=Kept(store=None), changed=lambda: None)
    session.preferences = session.preferences.__class__(introduced=True)
    steps = Steps(cast("Any", page), session)
    session.changed = steps.then(lambda: None)
    if unkept:
        session.drafts["form"] = Draft(name="half a name", touched=True)
    session.changed()
    view = page.views[0]
    assert view.can_pop is not unkept
    asyncio.run(cast("Any", view.on_confirm_pop)())
    assert session.warned is unkept
    assert view.can_pop, "the next step back leaves"
    session.say("")
    assert view.can_pop is not unkept, "whoever stayed is asked again"


class PhoneView:
    """What stands at the end of a phone's steps back."""

    can_pop = True
    on_confirm_pop: object = None

    async def confirm_pop(self, should_pop: bool) -> None:
        assert not should_pop


class Phone:
    """A page that is no browser's."""

    route, web, title = "/", False, ""

    def __init__(self) -> None:
        self.views = [PhoneView()]

    def schedule_update(self) -> None:
        pass


def test_a_spot_that_is_gone_leads_to_the_list_and_back_goes_past_it(store: Store) -> None:
    person = Person(store)
    lesion = store.add_lesion(name="palm", place=None)
    person.session.open_tab(Tab.SPOTS)
    person.session.spots.open(lesion.id)
    person.session.spots.ask_to_delete(lesion.id)
    person.session.spots.delete()
    person.go(-1)
    assert isinstance(person.session.spots.view, SpotList)
    person.go(-1)
    person.go(-1)
    assert isinstance(person.screen, Welcome)


def test_a_kept_photo_is_not_kept_twice(store: Store) -> None:
    person = Person(store)
    person.bench.judge(b"high")
    report = person.screen.report.to_dict()
    person.session.keeping = Keeping(photo=small_jpeg(), report=report, size_in_frame=None)
    person.session.changed()
    assert person.session.unkept
    person.session.keep(lesion_id=None, answers={})
    assert not person.session.unkept
    assert isinstance(person.session.spots.view, SpotDetail)
    person.go(-1)
    assert person.session.keeping is None
    assert isinstance(person.screen, Verdict)


def test_what_was_typed_is_there_when_one_comes_back(store: Store) -> None:
    person = Person(store)
    lesion = store.add_lesion(name="palm", place=None)
    person.session.open_tab(Tab.SPOTS)
    person.session.spots.open(lesion.id)
    person.session.spots.edit()
    person.session.drafts.setdefault(lesion.id, Draft(name="palm")).write(name="left palm")
    person.go(-1)
    assert person.session.unkept
    person.go(+1)
    assert person.session.drafts[lesion.id].name == "left palm"


def test_only_the_last_photos_stay_in_memory() -> None:
    person = Person()
    for tier in (b"low", b"moderate", b"high"):
        person.bench.judge(tier)
    held = {id(stop.screen.photo) for stop in person.trail._stops if hasattr(stop.screen, "photo")}
    assert len(held) == PHOTOS


def test_a_new_page_at_an_old_address_begins_at_the_start() -> None:
    person = Person()
    person.trail.follow("/spots/of-somebody-else")
    assert isinstance(person.screen, Welcome)


@given(
    st.lists(
        st.sampled_from(["judge", "refused", "guide", "settings", "camera", "over", "back", "forward", "button"]),
        max_size=25,
    )
)
def test_the_browsers_history_and_the_trail_never_part(actions: list[str]) -> None:
    person = Person()
    for action in actions:
        match action:
            case "judge":
                person.session.open_tab(Tab.PHOTO)
                person.bench.pending.clear()
                person.bench.judge(b"high")
            case "refused":
                person.bench.pending.clear()
                person.bench.check(b"PhotoError")
            case "guide" | "settings":
                person.session.open_tab(Tab(action))
            case "camera":
                person.bench.journey.shoot()
            case "over":
                person.session.begin_again()
            case "back" if person.browser.at > 0:
                person.go(-1)
            case "forward" if person.browser.at + 1 < len(person.browser.history):
                person.go(+1)
        assert person.trail.address == person.browser.history[person.browser.at]
    while person.browser.at > 0:
        person.go(-1)
        assert person.trail.address == person.browser.history[person.browser.at]
    assert isinstance(person.screen, Welcome)


def small_jpeg() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), (120, 90, 60)).save(out, format="JPEG")
    return out.getvalue()


def test_an_address_opens_what_stands_there(store: Store) -> None:
    """As far as it is there: what nobody kept is gone with the program that had it."""
    lesion = store.add_lesion(name="palm", place=None)
    spot = f"/spots/{lesion.id}"
    for address in ("/spots", spot, f"{spot}/change", "/guide", "/settings", "/settings/model", "/settings/licences"):
        person = Person(store)
        open_at(person.session, address)
        assert address_of(person.session) == address
    leads_to = {
        "/answer": "/",
        "/photo": "/",
        "/keep": "/",
        "": "/",
        "/spots/0123": "/spots",
        f"{spot}/compare": spot,  # there is nothing to compare
        f"{spot}/else": spot,
        "/settings/else": "/settings",
        "/guide?from=here": "/guide",
    }
    for address, shown in leads_to.items():
        person = Person(store)
        open_at(person.session, address)
        assert address_of(person.session) == shown


@given(address=st.text(alphabet="/spotchangecompare?%\u00e9\x00.", max_size=60))
def test_no_address_breaks_the_page(address: str) -> None:
    person = Person()
    open_at(person.session, address)
    assert address_of(person.session) is not None


def test_what_a_restarted_program_shows_is_where_back_ends(store: Store) -> None:
    person = Person(store)
    person.session.open_tab(Tab.GUIDE)
    person.trail.begin()
    assert not person.trail.can_go_back
    person.session.open_tab(Tab.SETTINGS)
    assert person.trail.back()
    assert person.session.tab is Tab.GUIDE
    assert not person.trail.back()


def test_a_step_made_while_the_page_was_away_is_not_undone_by_its_return() -> None:
    person = Person()
    before = person.trail.address
    person.session.open_tab(Tab.GUIDE)
    assert person.trail.come_back(before) == "/guide", "the browser did not hear of it"
    person.trail.follow("/guide")
    assert person.session.tab is Tab.GUIDE
    assert person.trail.come_back("/guide") is None


def test_a_page_that_was_reloaded_before_its_browser_made_a_step_stays_where_the_step_led() -> None:
    """The program had heard of the step, so that on the page's return the old address looks like a step back."""
    person = Person()
    before = person.trail.address
    person.session.open_tab(Tab.GUIDE)
    person.trail.follow("/guide")
    assert person.trail.come_back(before) == "/guide"
    person.trail.follow(before)
    assert person.session.tab is Tab.GUIDE
    person.trail.follow("/guide")
    assert person.session.tab is Tab.GUIDE
    person.trail.follow(before)
    assert person.session.tab is Tab.PHOTO, "now it is a step back"
