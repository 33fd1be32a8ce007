"""Files on their way from a browser, each to a secret address, into memory and nowhere else.

Over the page's own connection a large file comes as one message: nothing is heard of it on the way, it cannot be
stopped, and above the server's limit the connection is dropped. Here its size is known before it is sent. What leaves
the same way, a large archive, is in `departures.py`.
"""

import io
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from mobile_app.serving.beside import Application, Receive, Scope, Send

PREFIX = "/arrival/"

_TAKEN = 204


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One file that is about to be sent."""

    size: int
    """bytes at most"""
    came: Callable[[float], bool]
    """is told the share that is here, 0 to 1; answers whether the file is still wanted"""
    done: Callable[[bytes], None]
    lost: Callable[[], None] = lambda: None
    """the connection broke, or more came than was said: nothing more will come"""


class Arrivals:
    """What is expected. Everything happens on the event loop that serves the page."""

    def __init__(self) -> None:
        self._expected: dict[str, Expected] = {}

    def expect(self, file: Expected) -> str:
        """The address to send it to, good for one try."""
        token = secrets.token_urlsafe(24)
        self._expected[token] = file
        return f"{PREFIX}{token}"

    def forget(self, address: str) -> None:
        """It will not be sent any more."""
        self._expected.pop(address.removeprefix(PREFIX), None)

    def beside(self, app: Application) -> Application:
        """The same app, which also takes what is expected."""

        async def serving(scope: Scope, receive: Receive, send: Send) -> None:
            path = str(scope.get("path", ""))
            if scope["type"] != "http" or not path.startswith(PREFIX):
                await app(scope, receive, send)
                return
            file = self._expected.pop(path.removeprefix(PREFIX), None) if scope["method"] == "PUT" else None
            status = 404 if file is None else await _take(file, receive)
            await send({"type": "http.response.start", "status": status, "headers": _headers(status)})
            await send({"type": "http.response.body", "body": b""})

        return serving


def _headers(status: int) -> list[tuple[bytes, bytes]]:
    """Nothing more is said; and where the file was not read to its end the connection is closed, for a browser sends
    the rest of it otherwise, to nobody."""
    empty = [(b"content-length", b"0")]
    return empty if status == _TAKEN else [*empty, (b"connection", b"close")]


async def _take(file: Expected, receive: Receive) -> int:
    """The answer's status. What nobody wants any more, or is larger than was said, is not read to its end."""
    held = io.BytesIO()  # which gives its bytes away without a copy of them
    while True:
        message = await receive()
        if message["type"] != "http.request":
            file.lost()
            return 499  # the browser has gone; nobody reads this
        held.write(message.get("body", b""))
        if held.tell() > file.size:
            file.lost()
            return 413
        if not file.came(held.tell() / file.size if file.size else 1.0):
            return 410
        if not message.get("more_body", False):
            file.done(held.getvalue())
            return _TAKEN
