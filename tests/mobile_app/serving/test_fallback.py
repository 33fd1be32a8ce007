"""Fonts that a browser's Flutter asks for: those that travel are served, the others are as if nobody had asked."""

import asyncio
from typing import Any

import pytest

from mobile_app.serving.fallback import with_fonts
from mobile_app.typefaces import FACES, file_of


def fetched(path: str, *, kind: str = "http") -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body; 418 where the request went on to the app."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 418, "headers": []})
        await send({"type": "http.response.body", "body": b"app"})

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {}

    asyncio.run(with_fonts(app)({"type": kind, "path": path}, receive, send))
    return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]


@pytest.mark.parametrize("face", [face for face in FACES if face.asked_as], ids=lambda face: face.file)
def test_what_flutter_asks_for_leads_to_the_file(face: Any) -> None:
    for name in face.asked_as:
        status, headers, _ = fetched(f"/assets/fonts/{name}/v28/nwpx-Lg_rO.116.woff2")
        assert status == 302
        status, found, body = fetched(headers[b"location"].decode())
        assert (status, body) == (200, file_of(face))
        assert found[b"content-length"] == str(len(body)).encode()


@pytest.mark.parametrize(
    "path",
    [
        *("/assets/fonts/notosanskr/v36/x.118.woff2", "/assets/fonts/roboto.woff2", "/assets/letters/OFL-Noto.txt"),
        *("/assets/letters/../__init__.py", "/assets/letters/", "/", "/assets/fonts/notosansarabic/x"),
    ],
)
def test_everything_else_is_the_apps(path: str) -> None:
    assert fetched(path)[2] == b"app"
    assert fetched("/assets/letters/NotoSansArabic.ttf", kind="websocket")[2] == b"app"
