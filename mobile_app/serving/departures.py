"""Files on their way to a browser, each from a secret address, out of memory and from nowhere else.

Over the page's own connection a large file is one message, which the page can do nothing beside. From an address the
browser takes it itself, in pieces, and shows how far it is.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from mobile_app.serving.beside import DEPARTURE, Application, Receive, Scope, Send

PIECE = 1 << 20  # bytes

_HEADERS = [(b"content-type", b"application/zip"), (b"cache-control", b"no-store")]


@dataclass(frozen=True, kw_only=True)
class Offered:
    """One file that can be fetched."""

    name: str
    data: bytes
    taken: Callable[[], None] = lambda: None
    """is called once all of it has been handed over"""


class Departures:
    """What is offered. Everything happens on the event loop that serves the page."""

    def __init__(self) -> None:
        self._offered: dict[str, Offered] = {}

    def offer(self, file: Offered) -> str:
        """The address to fetch it from, until that was done or `forget`."""
        token = secrets.token_urlsafe(24)
        self._offered[token] = file
        return f"{DEPARTURE}{token}"

    def forget(self, address: str) -> None:
        """Nobody is to fetch it any more."""
        self._offered.pop(address.removeprefix(DEPARTURE), None)

    def beside(self, app: Application) -> Application:
        """The same app, which also gives what is offered."""

        async def serving(scope: Scope, receive: Receive, send: Send) -> None:
            path = str(scope.get("path", ""))
            if scope["type"] != "http" or not path.startswith(DEPARTURE):
                await app(scope, receive, send)
                return
            file = self._offered.get(path.removeprefix(DEPARTURE)) if scope["method"] == "GET" else None
            if file is None:
                await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
                await send({"type": "http.response.body", "body": b""})
                return
            await _give(file, send)
            self.forget(path)
            file.taken()

        return serving


async def _give(file: Offered, send: Send) -> None:
    length, named = str(len(file.data)).encode(), f'attachment; filename="{file.name}"'.encode("ascii")
    headers = [*_HEADERS, (b"content-length", length), (b"content-disposition", named)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for start in range(0, max(1, len(file.data)), PIECE):
        piece = file.data[start : start + PIECE]
        await send({"type": "http.response.body", "body": piece, "more_body": start + PIECE < len(file.data)})
