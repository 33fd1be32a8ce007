"""Letters that Flutter lacks in a browser: it asks for Google's fonts by name, and gets those that travel with the app.

Flet's page asks its own server for them and no other host, each script when a page first shows it.
"""

import re

from mobile_app.serving.beside import Application, Receive, Scope, Send
from mobile_app.typefaces import FACES, Face, file_of

_ASKED = re.compile(r"/assets/fonts/(?P<name>[a-z0-9]+)/v\d+/[^/]+")
_SERVED = "/assets/letters/"
_BY_NAME = {name: face for face in FACES for name in face.asked_as}
_BY_PATH = {_SERVED + face.file: face for face in FACES}
_FOR_A_DAY = (b"cache-control", b"max-age=86400")


def with_fonts(app: Application) -> Application:
    """The same app, which has the fonts that Flutter asks for.

    Chinese is asked for in a hundred pieces: every one leads to the same file, which the browser loads once.
    """

    async def serving(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        asked = _ASKED.fullmatch(path)
        if scope["type"] == "http" and path in _BY_PATH:
            await _send_font(_BY_PATH[path], send)
        elif scope["type"] == "http" and asked and asked["name"] in _BY_NAME:
            await _send_on(_SERVED + _BY_NAME[asked["name"]].file, send)
        else:
            await app(scope, receive, send)

    return serving


async def _send_font(face: Face, send: Send) -> None:
    data = file_of(face)
    headers = [(b"content-type", b"font/ttf"), (b"content-length", str(len(data)).encode()), _FOR_A_DAY]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": data})


async def _send_on(path: str, send: Send) -> None:
    headers = [(b"location", path.encode()), (b"content-length", b"0"), _FOR_A_DAY]
    await send({"type": "http.response.start", "status": 302, "headers": headers})
    await send({"type": "http.response.body", "body": b""})
