"""The script that stands beside Flet's client in the page, and how it gets there.

Flet's client shows "Working..." for ever where its computer is gone, and lets a page be closed that has an answer not
kept. The script says the one and asks about the other; it belongs to the page and asks no other host for anything.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

from mobile_app.locales import LANGUAGES

UNKEPT = "\u2022 "
"""How the title begins of a page with something that is not kept, as editors do it."""

DEPARTURE = "/departure/"
"""How the addresses begin of files to save, see `departures.py`."""

_PLACE = b"</head>"

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def script() -> str:
    """The script with its words in every language."""
    words = {
        code: (texts.trouble.unreachable_title, texts.trouble.unreachable_advice) for code, texts in LANGUAGES.items()
    }
    source = Path(__file__).with_name("beside.js").read_text(encoding="utf-8")
    for place, value in {"__TEXTS__": words, "__UNKEPT__": UNKEPT, "__DEPARTURE__": DEPARTURE}.items():
        source = source.replace(place, json.dumps(value))
    return source


def with_script(app: Application) -> Application:
    """The same app, the script in every page of it before anything else of the page is run."""
    inserted = f"<script>{script()}</script>".encode()

    async def serving(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        await app(scope, receive, _Inserting(send, inserted).send)

    return serving


class _Inserting:
    """One answer on its way out; a page waits until it is whole."""

    def __init__(self, send: Send, inserted: bytes) -> None:
        self._send = send
        self._inserted = inserted
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self._start = message
            return
        if self._start is None or message["type"] != "http.response.body":
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body", False):
            await self._send_page(self._start)

    async def _send_page(self, start: Message) -> None:
        body = self._body.replace(_PLACE, self._inserted + _PLACE, 1)
        kept = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
        length = str(len(body)).encode() if self._body else _value(start, b"content-length")
        await self._send({**start, "headers": [*kept, (b"content-length", length)]})
        await self._send({"type": "http.response.body", "body": body})


def _is_page(start: Message) -> bool:
    return start["status"] == 200 and _value(start, b"content-type").startswith(b"text/html")


def _value(start: Message, wanted: bytes) -> bytes:
    return next((value for name, value in start.get("headers", []) if name.lower() == wanted), b"")
