"""Where one user has been, so that "back" is one step back: in a browser's history, and with a phone's own button.

Every screen has an address. What is slow and passes by itself (opening, judging) stands at the address of what it leads
to. Knows nothing of Flet.
"""

from dataclasses import dataclass, replace

from mobile_app.photo.screens import (
    Analysing,
    Answered,
    Check,
    Malfunction,
    Opening,
    PhotoRefused,
    Screen,
    Shooting,
    Welcome,
)
from mobile_app.visit.session import Session, Subpage, Tab
from mobile_app.visit.spots import Comparison, Keeping, KeptAnswer, SpotDetail, SpotEdit, Spots, SpotView

START = "/"

LONGEST = 100
"""Steps that are remembered."""
PHOTOS = 2
"""Photos whose screens can be gone back to, the newest: a wrong choice must not take the last answer away, and nobody's
photo is to lie in memory all day."""


@dataclass(frozen=True, kw_only=True)
class Stop:
    """A screen that someone was on, with what brings it back."""

    address: str
    tab: Tab
    step: int | None = None
    """of the introduction"""
    subpage: Subpage | None = None
    keeping: Keeping | None = None
    screen: Screen
    view: SpotView | None = None


class Trail:
    """The stops of one user, and at which of them they are. A browser's history holds the same addresses."""

    def __init__(self, session: Session, *, address: str = START) -> None:
        """`address`: what the browser shows at the beginning."""
        self._session = session
        self._own = START
        """the address that belongs to the screen on show; another stands in the browser where a stop is gone"""
        self._stops = [_stop(session, address=address)]
        self._at = 0
        self._moving = False
        self.begin()
        self._pushed: list[str] = []
        """addresses that the browser has not yet told back"""

    def begin(self) -> None:
        """What is on show now is the first stop."""
        self._own = address_of(self._session) or START
        self._stops = [_stop(self._session, address=self.address)]
        self._at = 0

    @property
    def address(self) -> str:
        """What the browser shows."""
        return self._stops[self._at].address

    @property
    def can_go_back(self) -> bool:
        """Whether there is a step back within the app."""
        return self._at > 0

    def note(self) -> str | None:
        """Look at what is on show now; its address where the browser does not show it yet."""
        if self._moving:
            return None
        own = address_of(self._session) or self._own
        if own == self._own:
            self._stops[self._at] = _stop(self._session, address=self.address)
            return None
        self._own = own
        self._stops = _lightened([*self._stops[: self._at + 1], _stop(self._session, address=own)])[-LONGEST:]
        self._at = len(self._stops) - 1
        self._pushed.append(own)
        return own

    def back(self) -> bool:
        """One step back; False where there is none within the app."""
        if not self.can_go_back:
            return False
        self._show(self._at - 1)
        return True

    def follow(self, address: str) -> None:
        """The browser has gone somewhere: to what was just pushed, back, or forward."""
        if address in self._pushed:  # and what came before it, which the browser passed over
            del self._pushed[: self._pushed.index(address) + 1]
            return
        near = sorted(range(len(self._stops)), key=lambda index: abs(index - self._at))
        found = next((index for index in near if index != self._at and self._stops[index].address == address), None)
        if address != self.address and found is not None:
            self._show(found)

    def come_back(self, address: str) -> str | None:
        """The page was away for a while, and stands at `address`: what it had yet to tell is lost. The address it has
        to show, where that is another: a step made while it was away would be undone by its next reload.

        Where the program had heard of that step and the browser had not made it when it was reloaded, `address` is told
        once more, as if it were a step back."""
        self._pushed.clear()
        if address == self.address:
            return None
        self._pushed += [address, self.address]
        return self.address

    def _show(self, index: int) -> None:
        """What is gone by now leads to the nearest thing that is there: nothing is pushed for it, or "back" would
        never come past it."""
        self._at, self._moving = index, True
        try:
            _return_to(self._session, self._stops[index])
        finally:
            self._moving = False
        self._own = address_of(self._session) or self._own
        self._session.changed()


def address_of(session: Session) -> str | None:
    """Of the screen on show; None for one that stands wherever it happened."""
    if session.introducing:
        return f"/introduction/{session.step + 1}"
    if session.enlarged is not None:
        return "/enlarged"
    if session.keeping is not None:
        return "/keep"
    match session.tab:
        case Tab.PHOTO:
            return _of_photo(session.journey.screen)
        case Tab.SPOTS:
            return "/spots" if session.spots is None else _of_spots(session.spots.view)
        case Tab.GUIDE:
            return "/guide"
        case Tab.SETTINGS:
            return "/settings" if session.subpage is None else f"/settings/{session.subpage}"


def open_at(session: Session, address: str) -> None:
    """Show what stands at an address, as far as it is there: for a page that was open before its program was. Photos
    and answers that nobody kept are gone with the program, and their addresses lead to the start."""
    match address.partition("?")[0].strip("/").split("/"):
        case ["guide"]:
            session.open_tab(Tab.GUIDE)
        case ["settings", *further]:
            session.open_tab(Tab.SETTINGS)
            session.open_subpage(next((page for page in Subpage if [page] == further), None))
        case ["spots", *further]:
            session.open_tab(Tab.SPOTS)
            if session.spots is not None:
                _open_spot(session.spots, further)
        case _:
            return


def _open_spot(spots: Spots, further: list[str]) -> None:
    if not further or further[0] not in {lesion.id for lesion in spots.known()}:
        return
    spots.open(further[0])
    match further[1:], spots.view:
        case ["change"], _:
            spots.edit()
        case ["compare"], SpotDetail(kept=[first, *_, last]):
            spots.compare(first.id, last.id)
        case _:
            return


def _of_photo(screen: Screen) -> str | None:
    match screen:
        case Welcome():
            return START
        case Shooting():
            return "/camera"
        case Opening() | Check():
            return "/photo"
        case Malfunction() | PhotoRefused():
            return None
        case _:
            return "/answer"


def _of_spots(view: SpotView) -> str:
    match view:
        case SpotDetail():
            return f"/spots/{view.lesion.id}"
        case SpotEdit():
            return f"/spots/{view.lesion.id}/change"
        case Comparison():
            return f"/spots/{view.lesion.id}/compare"
        case KeptAnswer():
            return f"/spots/{view.lesion.id}/answer/{view.shot.id}"
        case _:
            return "/spots"


def _stop(session: Session, *, address: str) -> Stop:
    return Stop(
        address=address,
        tab=session.tab,
        step=session.step if session.introducing else None,
        subpage=session.subpage,
        keeping=session.keeping,
        screen=session.journey.screen,
        view=session.spots.view if session.tab is Tab.SPOTS and session.spots is not None else None,
    )


def _lightened(stops: list[Stop]) -> list[Stop]:
    """Without the pixels of all photos but the newest."""
    photos = dict.fromkeys(id(photo) for stop in reversed(stops) if (photo := _photo(stop.screen)) is not None)
    newest = list(photos)[:PHOTOS]
    return [stop if _photo(stop.screen) is None or id(_photo(stop.screen)) in newest else _bare(stop) for stop in stops]


def _bare(stop: Stop) -> Stop:
    return replace(stop, screen=Welcome(), keeping=None)


def _photo(screen: Screen) -> object | None:
    return screen.photo if isinstance(screen, Opening | Check | Analysing | Answered | Malfunction) else None


def _return_to(session: Session, stop: Stop) -> None:
    """Show a stop again. What is kept is read anew: it may have changed, or be gone."""
    session.return_to(tab=stop.tab, step=stop.step, subpage=stop.subpage, keeping=stop.keeping, screen=stop.screen)
    if stop.view is not None and session.spots is not None:
        session.spots.return_to(stop.view)
