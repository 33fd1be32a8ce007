"""One user's app: settings, tabs, the photo's way and the spots. Knows nothing of Flet."""

import logging
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from mobile_app.body import Place
from mobile_app.locales import LANGUAGES, Texts
from mobile_app.locales.problems import told
from mobile_app.photo.darkroom import Photo, kept_of, share_of_spot
from mobile_app.photo.journey import Journey, drawn_step
from mobile_app.photo.screens import CannotAssess, Screen, Verdict, Welcome
from mobile_app.store import Judge, Lesion, Store, StoreError, Usage
from mobile_app.visit.draft import Draft
from mobile_app.visit.preferences import Preferences, from_values, to_values
from mobile_app.visit.spots import Keeping, SpotDetail, SpotEdit, Spots

log = logging.getLogger(__name__)

_PREFERENCES = "preferences"

KEEP_FORM = "keep"
"""Among the drafts: the form that keeps a photo. One that changes a spot has the spot's id."""


class Tab(StrEnum):
    """The four parts of the app."""

    PHOTO = "photo"
    SPOTS = "spots"
    GUIDE = "guide"
    SETTINGS = "settings"


class Subpage(StrEnum):
    """What the settings open on a page of its own."""

    MODEL = "model"
    LICENCES = "licences"
    MEASURE = "measure"


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Where what is kept lies, or why nothing can be."""

    store: Store | None
    problem: Exception | None = None
    """why there is no store"""
    session_only: bool = False
    """gone when the page is closed"""
    sealed: bool = False
    """with a key that the device keeps; for one visit, with one in the program's memory only"""
    shared: bool = False
    """everyone who opens the page sees it"""


@dataclass(frozen=True, kw_only=True)
class Enlarged:
    """A photo, as large as the window."""

    jpeg: bytes = field(repr=False)
    label: str


@dataclass(frozen=True, kw_only=True)
class Coming:
    """An archive that is being brought back."""

    name: str
    share: float
    """of it that is here, 0 to 1"""


class Session:
    """Everything that is on show, and what a tap changes. `changed` is called after each change."""

    def __init__(
        self,
        *,
        journey: Callable[["Session"], Journey],
        kept: Kept,
        changed: Callable[[], None],
        judge: Callable[[], Judge | None] = lambda: None,
        language: str = "",
    ) -> None:
        """`judge`: the model that answers; `language`: of the device, until the user chooses another."""
        self._judge = judge
        self.changed = changed
        self.tab = Tab.PHOTO
        self.step = 0
        """of the introduction"""
        self.keeping: Keeping | None = None
        self.again: Lesion | None = None
        """the spot that the next photo belongs to, where that was said beforehand"""
        self.enlarged: Enlarged | None = None
        """a photo that fills the window"""
        self.deleting_all = False
        self.beginning_anew = False
        self.subpage: Subpage | None = None
        self.drafts: dict[str, Draft] = {}
        """what was typed into forms and is not kept yet"""
        self._drafted: int | None = None
        """hash of the photo that the form to keep one was begun for; None where that photo is gone"""
        self.noted: Callable[[], None] = lambda: None
        """is told of whatever is typed, which redraws nothing"""
        self._kept_photo: weakref.ref[Photo] | None = None
        """the last photo whose answer was kept"""
        self.coming: Coming | None = None
        self._arrival = 0
        """counts archives, also those that were stopped"""
        self.message = ""
        """one line that says what was just done; gone with the next tap"""
        self.failed = False
        """whether the message is about what could not be done"""
        self.preferences = Preferences().with_language(language)
        self._use(kept)
        self.journey = journey(self)

    def use(self, kept: Kept) -> None:
        """What is kept has been opened after all, or begun anew."""
        self.beginning_anew = False
        self._use(kept)
        self.say("")

    @property
    def texts(self) -> Texts:
        """The app's words in the chosen language."""
        return LANGUAGES[self.preferences.language]

    @property
    def here(self) -> str:
        """Which screen is on show: changes with it, and not with what is done on it."""
        if self.introducing or self.keeping is not None:
            return f"step {self.step}" if self.introducing else "keeping"
        part: object = None
        if self.tab is Tab.PHOTO:
            part = self.journey.screen
        elif self.tab is Tab.SPOTS and self.spots is not None:
            part = self.spots.view
        return f"{self.tab} {type(part).__name__} {self.subpage or ''}"

    @property
    def at_the_start(self) -> bool:
        """Nothing has been chosen yet."""
        return self.introducing or (self.tab is Tab.PHOTO and isinstance(self.journey.screen, Welcome))

    @property
    def introducing(self) -> bool:
        """Whether the introduction is on show."""
        return not self.preferences.introduced

    @property
    def unkept(self) -> bool:
        """Whether an answer, or what was typed, would be lost by leaving now."""
        screen = self.journey.screen
        kept = self._kept_photo() if self._kept_photo is not None else None
        answered = isinstance(screen, Verdict) and self.spots is not None and screen.photo is not kept
        return answered or any(draft.touched for draft in self.drafts.values())

    def draft(self, form: str, first: Callable[[], Draft]) -> Draft:
        """What was typed there before, else `first`."""
        if form not in self.drafts:
            self.drafts[form] = first()
        self.drafts[form].noted = lambda: self.noted()
        return self.drafts[form]

    def take_up(self, drafts: Mapping[str, Draft], preferences: Preferences) -> None:
        """What the page still knew of a visit that a restarted program has forgotten."""
        known = () if self.spots is None else {lesion.id for lesion in self.spots.known()}
        for form, draft in drafts.items():
            if form == KEEP_FORM or form in known:
                self.drafts[form] = replace(draft, lesion_id=draft.lesion_id if draft.lesion_id in known else "")
        if self.kept.store is None or self.kept.session_only:  # else the settings lie with the spots
            self.preferences = preferences
            self._remember()

    def forget_draft(self, form: str) -> None:
        """What was typed there is kept by now, or is no longer wanted; an open form keeps it until it is closed."""
        if not (self.spots is not None and isinstance(self.spots.view, SpotEdit)):
            self.drafts.pop(form, None)
            self.changed()

    def return_to(
        self, *, tab: Tab, step: int | None, subpage: Subpage | None, keeping: Keeping | None, screen: Screen
    ) -> None:
        """Show again what was on show before, as far as it is still there."""
        self.deleting_all = self.beginning_anew = False
        self.enlarged = None
        self.again = self.again if tab is Tab.PHOTO else None
        self.message, self.failed = "", False
        if self.preferences.introduced is (step is not None):
            self.preferences = replace(self.preferences, introduced=step is None)
        self.tab, self.step, self.subpage = tab, step or 0, subpage
        if screen is not self.journey.screen:
            self.journey.resume(screen)
        self.keeping = keeping if self.unkept else None
        self.changed()

    def set(self, **changes: Any) -> None:
        """Change settings, by the names of `Preferences`, and keep them."""
        self.preferences = replace(self.preferences, **changes)
        self._remember()
        if "language" in changes:
            self.journey.speak(self.preferences.language)
        self.say("")

    def next_step(self) -> None:
        """The introduction's next step; after the last one the app begins."""
        self.step += 1
        if self.step >= len(self.texts.start.steps):
            self.end_introduction()
        else:
            self.changed()

    def end_introduction(self) -> None:
        self.step = 0
        self.set(introduced=True)

    def introduce_again(self) -> None:
        self.set(introduced=False)

    def open_tab(self, tab: Tab) -> None:
        """A tab always opens at its beginning, but the photo's, whose answer stays until another photo is chosen."""
        self.tab = tab
        self.again = self.enlarged = None
        self.deleting_all = self.beginning_anew = False
        self.subpage = None
        if tab is Tab.SPOTS and self.spots is not None:
            self.spots.show_list()
        self.say("")

    def photograph_again(self) -> None:
        """To the photo's start, for the spot that is open: it is chosen already when the photo is kept."""
        if self.spots is None or not isinstance(self.spots.view, SpotDetail):
            return
        lesion = self.spots.view.lesion
        self.begin_again()
        self.again = lesion
        self.changed()

    def forget_again(self) -> None:
        """The next photo belongs to no spot that was said beforehand."""
        self.again = None
        self.changed()

    def enlarge(self, jpeg: bytes, label: str) -> None:
        """Show a photo as large as the window."""
        self.enlarged = Enlarged(jpeg=jpeg, label=label)
        self.changed()

    def enlarge_kept(self, shot_id: str, label: str) -> None:
        """The same for a kept photo, by its shot's id."""
        if self.spots is None:
            return
        try:
            photo = self.spots.store.photo(shot_id)
        except StoreError as problem:
            self.fail(str(problem))
            return
        self.enlarge(photo, label)

    def shrink(self) -> None:
        self.enlarged = None
        self.changed()

    @property
    def warned(self) -> bool:
        """Whether the last thing said is what leaving now would cost."""
        return self.failed and self.message == self.texts.trouble.leaving

    def warn(self) -> None:
        """Say what leaving now would cost."""
        self.fail(self.texts.trouble.leaving)

    def begin_again(self) -> None:
        """From the start, whatever was on show; what is kept stays."""
        self.keeping = None
        self.journey.start_over()
        self.open_tab(Tab.PHOTO)

    def open_subpage(self, what: Subpage | None) -> None:
        """Open a page of the settings, or go back to them."""
        self.subpage = what
        self.say("")

    def begin_keeping(self) -> None:
        """Ask which spot the photo belongs to; one that could not be judged is kept as such."""
        screen = self.journey.screen
        if isinstance(screen, Verdict | CannotAssess) and self.spots is not None:
            judged = isinstance(screen, Verdict)
            self.keeping = Keeping(
                photo=kept_of(screen.picture, screen.framing),
                report=screen.report.to_dict(),
                # What cannot be judged cannot be measured either.
                size_in_frame=share_of_spot(screen.picture, screen.framing) if judged else None,
                judge=self._judge(),
            )
            self._begin_draft(hash(self.keeping.photo))
            self.say("")

    def _begin_draft(self, photo: int) -> None:
        """A form of its own for each photo, at the spot that it was taken for."""
        before, self._drafted = self._drafted, photo
        if before == photo or self.spots is None:
            return
        if before is not None:  # else they are words that the page brought back, for a photo taken anew
            self.drafts.pop(KEEP_FORM, None)
        known = {lesion.id for lesion in self.spots.known()}
        if KEEP_FORM not in self.drafts and self.again is not None and self.again.id in known:
            self.drafts[KEEP_FORM] = Draft(lesion_id=self.again.id)

    def stop_keeping(self) -> None:
        self.keeping = None
        self.changed()

    def told(self, problem: Exception) -> str:
        """What was refused, in the chosen language."""
        return told(problem, language=self.preferences.language)

    def _failed(self, problem: Exception) -> None:
        self.fail(self.told(problem))

    def keep(
        self, *, lesion_id: str | None, name: str = "", place: Place | None = None, answers: Mapping[str, bool]
    ) -> None:
        """Keep it, and open the spot it belongs to."""
        if self.keeping is None or self.spots is None:
            return
        spots, kept = self.spots, self.keeping
        try:
            found = spots.keep(kept, lesion_id=lesion_id, name=name, place=place, answers=answers)
        except StoreError as problem:
            self.fail(self.texts.answer.not_saved.format(reason=self.told(problem)))
            return
        self.keeping = self.again = None
        self.drafts.pop(KEEP_FORM, None)
        if isinstance(self.journey.screen, Verdict):
            self._kept_photo = weakref.ref(self.journey.screen.photo)
        self.tab = Tab.SPOTS
        spots.open(found)

    def remind(self, weeks: int) -> date | None:
        """See `Spots.remind`."""
        due = None if self.spots is None else self.spots.remind(weeks)
        if due is not None:
            self.say(self.texts.spots.remind_saved)
        return due

    def ask_to_delete_all(self, asked: bool) -> None:
        self.deleting_all = asked
        self.changed()

    def ask_to_begin_anew(self, asked: bool) -> None:
        """What cannot be opened is set aside only by a second tap."""
        self.beginning_anew = asked
        self.changed()

    def delete_all(self) -> None:
        """Everything that is kept. The language stays: the next screen must be readable."""
        if not self.deleting_all or self.spots is None:
            return
        if not self.spots.delete_all():
            return
        self.deleting_all = False
        self.keeping = self.again = None
        self.drafts.clear()
        self.journey.start_over()
        self.preferences = Preferences(language=self.preferences.language, introduced=True)
        self._remember()
        self.say(self.texts.settings.deleted)

    def expect(self, name: str) -> Callable[[float], bool]:
        """An archive is on its way. What is given back takes the share that is here, and says whether it is wanted."""
        self._arrival += 1
        arrival = self._arrival
        self.coming = Coming(name=name, share=0.0)
        self.say("")

        def came(share: float) -> bool:
            if arrival != self._arrival:
                return False
            if self.coming is not None and drawn_step(share) != drawn_step(self.coming.share):
                self.coming = replace(self.coming, share=share)
                self.changed()
            return True

        return came

    def stop_expecting(self) -> None:
        """What is on its way is not wanted any more, or has come."""
        self._arrival += 1
        self.coming = None
        self.changed()

    def usage(self) -> Usage | None:
        """How much is kept; None where that cannot be told."""
        if self.kept.store is None:
            return None
        try:
            return self.kept.store.usage()
        except StoreError:
            log.exception("what is kept cannot be counted")
            return None

    def say(self, message: str) -> None:
        """One line about what was just done; "" takes the last one away."""
        self.message, self.failed = message, False
        self.changed()

    def fail(self, message: str) -> None:
        """One line about what could not be done, and why."""
        self.message, self.failed = message, True
        self.changed()

    def _use(self, kept: Kept) -> None:
        self.kept = kept
        self.preferences = self._remembered() or self.preferences
        if kept.store is not None:
            kept.store.keep_photos = self.preferences.keep_photos
        self.spots = (
            None if kept.store is None else Spots(kept.store, changed=lambda: self.changed(), failed=self._failed)
        )

    def _remembered(self) -> Preferences | None:
        if self.kept.store is None:
            return None
        try:
            values = self.kept.store.setting(_PREFERENCES)
        except StoreError:
            log.exception("the settings cannot be read")
            return None
        return from_values(values) if isinstance(values, dict) else None

    def _remember(self) -> None:
        if self.kept.store is None:
            return
        self.kept.store.keep_photos = self.preferences.keep_photos
        try:
            self.kept.store.set_setting(_PREFERENCES, to_values(self.preferences))
        except StoreError:  # the setting holds for this session; a full disk must not stop anyone
            log.exception("the settings cannot be kept")
