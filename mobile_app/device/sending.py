"""Files that lie in a browser, sent for once their size is known."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from dataclasses import dataclass

import flet as ft

from mobile_app.serving.arrivals import Arrivals, Expected
from runtime.errors import first_line

log = logging.getLogger(__name__)

STILL = 30.0
"""Seconds without a byte or a word after which nothing more is waited for. A slow network sends something every second;
Flet's client says nothing at all where the browser can no longer read the file: moved, or its card pulled out."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What is to become of a file."""

    came: Callable[[float], bool]
    """is told the share that is here, 0 to 1; answers whether the file is still wanted"""
    done: Callable[[bytes], None]
    lost: Callable[[], None]
    """it will not come, and somebody still waits for it; called once at most"""


class _Way:
    """One file on its way."""

    def __init__(self, wish: Wish, forget: Callable[[], None]) -> None:
        self._wish = wish
        self._forget = forget
        self._share = 0.0
        self.over = False
        self.signs = 0
        """of life, counted"""

    def came(self, share: float) -> bool:
        self.signs += 1
        self._share = share
        return not self.over and self._wish.came(share)

    def done(self, data: bytes) -> None:
        if not self.over and self._wish.came(1.0):
            self.over = True
            self._wish.done(data)

    def fail(self, reason: str) -> None:
        """Whoever has gone elsewhere meanwhile, or stopped it, is not told."""
        if self.over:
            return
        self.over = True
        self._forget()
        log.warning("a file was not sent: %s", reason)  # in the browser's own words
        if self._wish.came(self._share):
            self._wish.lost()


class Sender:
    """A file chooser whose files come by an address of their own; of two that were sent for only the later one."""

    def __init__(
        self,
        *,
        page: ft.Page,
        arrivals: Arrivals | None,
        chosen: Callable[[list[ft.FilePickerFile]], None],
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`arrivals`: None where the app runs on the device that has the files; their bytes come with the choice."""
        self._page = page
        self._arrivals = arrivals
        self._pause = pause
        self._way: _Way | None = None
        self.picker = ft.FilePicker(on_result=lambda event: chosen(event.files), on_upload=self._heard)

    def has(self, file: ft.FilePickerFile) -> bool:
        """Whether there is nothing to send for."""
        return self._arrivals is None or file.bytes is not None

    def send_for(self, file: ft.FilePickerFile, wish: Wish) -> None:
        """Returns at once. Only for a file that is not here."""
        assert self._arrivals is not None
        arrivals, here = self._arrivals, copy_context()  # Flet knows by the context which page is to be drawn anew
        way = self._way = _Way(wish, lambda: arrivals.forget(address))
        address = arrivals.expect(
            Expected(
                size=file.size,
                came=lambda share: here.copy().run(way.came, share),
                done=lambda data: here.copy().run(way.done, data),
                lost=lambda: here.copy().run(way.fail, "the connection broke, or more came than was said"),
            )
        )
        self._page.run_task(self._send, way, ft.FilePickerUploadFile(upload_url=address, id=file.id, name=file.name))

    async def _send(self, way: _Way, wanted: ft.FilePickerUploadFile) -> None:
        try:
            await self.picker.upload([wanted])
        except Exception as problem:  # the browsers raise what they like
            way.fail(first_line(problem))
        while not way.over:
            signs = way.signs
            await self._pause(STILL)
            if way.signs == signs:
                way.fail(f"nothing was heard of it for {STILL:.0f} s")

    def _heard(self, event: ft.FilePickerUploadEvent) -> None:
        """Flet's client reports each tenth that it has read, and an error for an answer other than 200 to 204."""
        if self._way is None:
            return
        self._way.signs += 1
        if event.error:
            self._way.fail(event.error)
