"""What a page's tab keeps for itself: gone with the tab, and seen by no other.

Flet puts it where a browser keeps things for good; the script beside Flet's client (`serving/beside.js`) turns that
into the store of the tab alone.
"""

import asyncio
import logging

import flet as ft

log = logging.getLogger(__name__)

_KEY = "skintag.memo"
_PATIENCE = 5.0
"""Seconds for a browser's answer; whoever has begun to work by then is not to be interrupted."""


class TabMemory:
    """One text, written whenever it is another. To be made while the page is known to Flet."""

    def __init__(self, page: ft.Page) -> None:
        self._page = page
        self._store = ft.SharedPreferences()
        self._wanted = self._written = ""
        self._busy = False

    async def read(self) -> str:
        """What this tab was given before; empty where it was given nothing, or does not answer."""
        try:
            text = await asyncio.wait_for(self._store.get(_KEY), _PATIENCE)
        except Exception:  # a browser that refuses to store anything
            log.warning("the page's memo cannot be had", exc_info=True)
            return ""
        return text if isinstance(text, str) else ""

    def write(self, text: str) -> None:
        """Returns at once; of what is written meanwhile only the last follows."""
        self._wanted = text
        if not self._busy and self._wanted != self._written:
            self._busy = True
            self._page.run_task(self._write)

    async def _write(self) -> None:
        try:
            while self._written != self._wanted:
                text = self._wanted
                await asyncio.wait_for(self._store.set(_KEY, text), _PATIENCE)
                self._written = text
        except Exception:  # a page that is away for a moment: the next change tries again
            log.info("the page's memo was not written", exc_info=True)
        finally:
            self._busy = False
