"""Back, as the device means it: the browser's history, or a phone's own button."""

from collections.abc import Callable
from contextlib import suppress

import flet as ft

from mobile_app.locales import ENGLISH
from mobile_app.serving.beside import UNKEPT
from mobile_app.visit.session import Session
from mobile_app.visit.trail import START, Trail


class Steps:
    """One page's steps back: the browser's history, or a phone's own button."""

    def __init__(self, page: ft.Page, session: Session) -> None:
        self._page = page
        self._session = session
        self._trail = Trail(session, address=page.route or START)
        self._view = page.views[0]
        self._view.on_confirm_pop = self._on_back
        self.begin, self.follow = self._trail.begin, self._trail.follow

    def then(self, draw: Callable[[], None]) -> Callable[[], None]:
        """What is called after each change: notes the step, and draws."""

        def changed() -> None:
            address = self._trail.note()
            if address is not None and self._page.web:
                self._page.run_task(self._push, address)
            self._say_what_leaving_costs()
            draw()

        return changed

    def come_back(self) -> None:
        """The page is connected again."""
        address = self._trail.come_back(self._page.route or START)
        if address is not None and self._page.web:
            self._page.run_task(self._push, address)

    async def _push(self, address: str) -> None:
        with suppress(Exception):  # a page that is away for a moment: what is on show does not hang on its address
            await self._page.push_route(address)

    def _say_what_leaving_costs(self) -> None:
        """The page's script asks before a page with this title is closed; a phone asks the app before it goes back."""
        title = f"{UNKEPT}{ENGLISH.app}" if self._session.unkept else ENGLISH.app
        if self._page.title != title:
            self._page.title = title
            self._page.schedule_update()
        stays = self._trail.can_go_back or (self._session.unkept and not self._session.warned)
        if self._view.can_pop is stays:
            self._view.can_pop = not stays
            self._page.schedule_update()

    async def _on_back(self) -> None:
        """A phone's own button, or its gesture."""
        await self._view.confirm_pop(False)
        if not self._trail.back() and self._session.unkept:
            self._session.warn()  # and the next time nothing holds it back
