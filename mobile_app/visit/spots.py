"""The spots a person follows: which are shown, which is open, what is done to them. Knows nothing of Flet.

Everything here reads or writes the store, which answers in milliseconds; only keeping a photo, which encodes it anew,
takes longer, a tenth of a second.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from mobile_app.body import Place, Region
from mobile_app.store import Judge, Lesion, Shot, Store, StoreError
from runtime.answer.report import Report
from runtime.triage import Tier

log = logging.getLogger(__name__)

Now = Callable[[], datetime]

SKEW = timedelta(days=1)
"""By which two right clocks may differ, one of another time zone among them: no date within it lies in the future."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A spot in the list."""

    lesion: Lesion
    count: int
    """of photos"""
    last: Shot | None
    thumbnail: bytes = field(repr=False)
    """JPEG of the newest kept photo; empty without one"""
    due: date | None
    ahead: bool = False
    """whether its newest photo has a date that has not come yet"""


@dataclass(frozen=True, kw_only=True)
class SpotList:
    """All spots that fit the search, the one with the newest photo first; those dated in the future last."""

    entries: tuple[Entry, ...]
    search: str = ""
    region: Region | None = None

    @property
    def filtered(self) -> bool:
        return bool(self.search.strip()) or self.region is not None


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One photo of a spot."""

    shot: Shot
    thumbnail: bytes = field(repr=False)
    ahead: bool = False
    """whether its date has not come yet"""


@dataclass(frozen=True, kw_only=True)
class SpotDetail:
    """One spot over time, oldest first."""

    lesion: Lesion
    moments: tuple[Moment, ...]
    due: date | None
    sure: str = ""
    """id of what is about to be deleted: the spot's or a shot's; empty when nothing is"""

    @property
    def kept(self) -> tuple[Shot, ...]:
        """Those whose photo was kept: what can be compared."""
        return tuple(moment.shot for moment in self.moments if moment.shot.has_photo)


@dataclass(frozen=True, kw_only=True)
class SpotEdit:
    """Name, place and notes of a spot are being changed."""

    lesion: Lesion


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two photos of one spot, the earlier one first."""

    lesion: Lesion
    kept: tuple[Shot, ...]
    """every photo to choose from, oldest first"""
    earlier: Shot
    later: Shot
    first: bytes = field(repr=False)
    second: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class KeptAnswer:
    """One kept photo with the whole answer that was given on it."""

    lesion: Lesion
    shot: Shot
    photo: bytes = field(repr=False)
    """JPEG; empty where it was not kept"""


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """The spots are there and cannot be listed: an empty list would say that there are none."""

    reason: StoreError


SpotView = SpotList | SpotDetail | SpotEdit | Comparison | KeptAnswer | Unreadable


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """What is to be kept: a photo with its answer. Nothing of it is stored until `Spots.keep`."""

    photo: bytes = field(repr=False)
    report: Mapping[str, Any] = field(repr=False)
    size_in_frame: float | None
    judge: Judge | None = None
    """the model that gave the answer"""


def report_of(shot: Shot, *, language: str) -> Report | None:
    """The stored answer in the language of now; None where a later version wrote what this one cannot read."""
    try:
        return Report.from_dict(shot.report, language=language)
    except ValueError:
        return None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One photo of a spot with its stored answer as it is read now."""

    shot: Shot
    report: Report | None
    """None where a later version wrote what this one cannot read"""


def readings(shots: Sequence[Shot], *, language: str) -> tuple[Reading, ...]:
    """Each stored answer, read once for all that a screen says of it."""
    return tuple(Reading(shot=shot, report=report_of(shot, language=language)) for shot in shots)


def result_of(report: Report, *, not_assessed: str) -> str:
    """The tier in words; of a photo that was kept without one, that."""
    return not_assessed if report.tier is Tier.CANNOT_ASSESS else report.tier_text


def names_of(told: Sequence[Reading], *, date: str, not_assessed: str = "-") -> tuple[str, ...]:
    """Each photo by its date, as `strftime` writes it, and its result; what is called alike is numbered."""
    names = [_name_of(reading, date=date, not_assessed=not_assessed) for reading in told]
    counts = [names[: index + 1].count(name) for index, name in enumerate(names)]
    return tuple(
        f"{name} ({count})" if names.count(name) > 1 else name for name, count in zip(names, counts, strict=True)
    )


def _name_of(reading: Reading, *, date: str, not_assessed: str) -> str:
    day = reading.shot.taken.strftime(date)
    return day if reading.report is None else f"{day} · {result_of(reading.report, not_assessed=not_assessed)}"


class Spots:
    """What is shown of a store; `changed` is called with each new view.

    What the store refuses leaves the view as it is, with what was typed, and is told to `failed` in one line.
    """

    def __init__(
        self,
        store: Store,
        *,
        changed: Callable[[], None],
        failed: Callable[[StoreError], None],
        now: Now = lambda: datetime.now(UTC),
        clock: Now = lambda: datetime.now(UTC),
    ) -> None:
        """`now` dates what is kept; `clock` tells which dates lie in the future."""
        self.store = store
        self._changed = changed
        self._failed = failed
        self._now = now
        self._clock = clock
        self.view: SpotView = SpotList(entries=())
        """read when it is first asked for: the app's start does not wait for every thumbnail"""

    def show_list(self) -> None:
        """Back to the list, its search as it was left."""
        old = self.view if isinstance(self.view, SpotList) else SpotList(entries=())
        self._go(self._list(search=old.search, region=old.region))

    def search(self, text: str) -> None:
        """Spots whose name or notes have these words."""
        region = self.view.region if isinstance(self.view, SpotList) else None
        self._go(self._list(search=text, region=region))

    def only(self, region: Region | None) -> None:
        """Spots on this part of the body."""
        text = self.view.search if isinstance(self.view, SpotList) else ""
        self._go(self._list(search=text, region=region))

    def open(self, lesion_id: str) -> None:
        """One spot with its photos."""
        self._attempt(lambda: self._detail(lesion_id))

    def edit(self) -> None:
        """Change the open spot's name, place and notes."""
        if isinstance(self.view, SpotDetail):
            self._go(SpotEdit(lesion=self.view.lesion))

    def save(self, *, name: str, place: Place | None, notes: str) -> None:
        """What was edited."""
        if not isinstance(self.view, SpotEdit):
            return
        lesion_id = self.view.lesion.id

        def save() -> SpotView:
            self.store.edit_lesion(lesion_id, name=name.strip(), place=place, notes=notes.strip())
            return self._detail(lesion_id)

        self._attempt(save)

    def compare(self, first: str, second: str) -> None:
        """Two kept photos of the open spot, by their shots' ids in any order. One photo twice changes nothing."""
        if not isinstance(self.view, SpotDetail | Comparison):
            return
        lesion, kept = self.view.lesion, self.view.kept
        pair = [shot for shot in kept if shot.id in {first, second}]
        if len(pair) == 2:
            self._attempt(lambda: self._comparison(lesion, kept, *pair))

    def show_answer(self, shot_id: str) -> None:
        """The whole answer on one photo of the open spot."""
        if isinstance(self.view, SpotDetail):
            lesion = self.view.lesion
            self._attempt(lambda: self._answer(lesion, shot_id))

    def back(self) -> None:
        """One step up: from a comparison, an edit or an answer to the spot, from there to the list."""
        if isinstance(self.view, Comparison | SpotEdit | KeptAnswer):
            self.open(self.view.lesion.id)
        else:
            self.show_list()

    def return_to(self, view: SpotView) -> None:
        """Show again what was on show before, read anew; what is gone by now leads to the list."""
        match view:
            case SpotDetail() | SpotEdit() | Comparison() | KeptAnswer() if self._is_known(view.lesion):
                self.open(view.lesion.id)
                self._further(view)
            case SpotList():
                self._go(self._list(search=view.search, region=view.region))
            case _:
                self._go(self._list())

    def _is_known(self, lesion: Lesion) -> bool:
        return lesion.id in {spot.id for spot in self.known()}

    def _further(self, view: SpotDetail | SpotEdit | Comparison | KeptAnswer) -> None:
        """From a spot's own screen on to what was open of it."""
        match view:
            case SpotEdit():
                self.edit()
            case Comparison():
                self.compare(view.earlier.id, view.later.id)
            case KeptAnswer():
                if isinstance(self.view, SpotDetail) and view.shot.id in {each.shot.id for each in self.view.moments}:
                    self.show_answer(view.shot.id)
            case SpotDetail():
                return

    def ask_to_delete(self, what: str) -> None:
        """Nothing is deleted by one tap; `what` is the id of the open spot or of one of its shots, "" to keep it."""
        if isinstance(self.view, SpotDetail):
            self._go(replace(self.view, sure=what))

    def delete(self) -> None:
        """What was asked for."""
        if not isinstance(self.view, SpotDetail) or not self.view.sure:
            return
        lesion_id, what = self.view.lesion.id, self.view.sure

        def delete() -> SpotView:
            if what == lesion_id:
                self.store.delete_lesion(lesion_id)
                return self._list()
            self.store.delete_shot(what)
            return self._detail(lesion_id)

        self._attempt(delete)

    def remind(self, weeks: int) -> date | None:
        """Note when the open spot's next photo is due; the day, for a calendar. None where none was noted."""
        if not isinstance(self.view, SpotDetail):
            return None
        lesion_id, due = self.view.lesion.id, (self._now() + timedelta(weeks=weeks)).date()

        def remind() -> SpotView:
            self.store.set_reminder(lesion_id, due)
            return self._detail(lesion_id)

        return due if self._attempt(remind) else None

    def keep(
        self,
        kept: Keeping,
        *,
        lesion_id: str | None,
        name: str = "",
        place: Place | None = None,
        answers: Mapping[str, bool] | None = None,
    ) -> str:
        """Store a photo with an existing spot, or with a new one where `lesion_id` is None. The spot's id.

        Slow: it may run on another thread. A new spot whose photo cannot be kept is not left behind empty. Raises
        StoreError where the store does.
        """
        lesion = self.store.lesion(lesion_id) if lesion_id else self.store.add_lesion(name=name.strip(), place=place)
        try:
            self.store.add_shot(
                lesion.id,
                photo=kept.photo,
                report=kept.report,
                size_in_frame=kept.size_in_frame,
                answers=answers,
                taken=self._now(),
                judge=kept.judge,
            )
        except Exception:
            if lesion_id is None:
                self.store.delete_lesion(lesion.id)
            raise
        return lesion.id

    def delete_all(self) -> bool:
        """Every spot, photo, note and setting; whether that is done."""

        def delete() -> SpotView:
            self.store.delete_all()
            return self._list()

        return self._attempt(delete)

    def refresh(self) -> None:
        """After the store was changed otherwise: an import."""
        self._go(self._list())

    def known(self) -> tuple[Lesion, ...]:
        """Every spot, the one with the newest photo first; none where they cannot be read."""
        try:
            return tuple(self.store.lesions())
        except StoreError as problem:
            log.warning("the spots cannot be read: %s", problem)
            return ()

    def _attempt(self, act: Callable[[], SpotView]) -> bool:
        """Show what it leads to; or say why it could not be done."""
        try:
            view = act()
        except StoreError as problem:
            self._failed(problem)
            return False
        self._go(view)
        return True

    def _go(self, view: SpotView) -> None:
        self.view = view
        self._changed()

    def _list(self, *, search: str = "", region: Region | None = None) -> SpotList | Unreadable:
        try:
            due = self.store.reminders()
            lesions = self.store.lesions(search=search, region=region)
            entries = tuple(self._entry(lesion, due.get(lesion.id)) for lesion in lesions)
        except StoreError as problem:
            return Unreadable(reason=problem)
        return SpotList(entries=tuple(sorted(entries, key=lambda entry: entry.ahead)), search=search, region=region)

    def _answer(self, lesion: Lesion, shot_id: str) -> KeptAnswer:
        shot = self.store.shot(shot_id)
        return KeptAnswer(lesion=lesion, shot=shot, photo=self.store.photo(shot_id) if shot.has_photo else b"")

    def _ahead(self, shot: Shot) -> bool:
        return shot.taken > self._clock() + SKEW

    def _comparison(self, lesion: Lesion, kept: tuple[Shot, ...], earlier: Shot, later: Shot) -> Comparison:
        return Comparison(
            lesion=lesion,
            kept=kept,
            earlier=earlier,
            later=later,
            first=self.store.photo(earlier.id),
            second=self.store.photo(later.id),
        )

    def _entry(self, lesion: Lesion, due: date | None) -> Entry:
        shots = self.store.shots(lesion.id)
        kept = [shot for shot in shots if shot.has_photo]
        return Entry(
            lesion=lesion,
            count=len(shots),
            last=shots[-1] if shots else None,
            thumbnail=self._thumbnail(kept[-1]) if kept else b"",
            due=due,
            ahead=bool(shots) and self._ahead(shots[-1]),
        )

    def _detail(self, lesion_id: str) -> SpotDetail:
        moments = tuple(
            Moment(shot=shot, thumbnail=self._thumbnail(shot), ahead=self._ahead(shot))
            for shot in self.store.shots(lesion_id)
        )
        due = self.store.reminders().get(lesion_id)
        return SpotDetail(lesion=self.store.lesion(lesion_id), moments=moments, due=due)

    def _thumbnail(self, shot: Shot) -> bytes:
        """Empty where there is none: a missing picture must not hide the rest."""
        if not shot.has_photo:
            return b""
        try:
            return self.store.thumbnail(shot.id)
        except StoreError:
            return b""
