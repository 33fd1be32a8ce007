"""The script beside Flet's client: in every page, before anything else, and nowhere else."""

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from mobile_app.locales import LANGUAGES
from mobile_app.serving.beside import UNKEPT, script, with_script

PAGE = b"<html><head><title>x</title></head><body></body></html>"


def fetched(*, kind: str, chunks: list[bytes], status: int = 200) -> tuple[dict[bytes, bytes], bytes]:
    """Headers and body as a browser gets them."""
    sent: list[MutableMapping[str, Any]] = []

    async def page(scope: Any, receive: Any, send: Any) -> None:
        length = str(sum(map(len, chunks))).encode()
        headers = [(b"content-type", kind.encode()), (b"content-length", length)]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for index, chunk in enumerate(chunks):
            await send({"type": "http.response.body", "body": chunk, "more_body": index + 1 < len(chunks)})

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {}

    asyncio.run(with_script(page)({"type": "http"}, receive, send))
    body = b"".join(message["body"] for message in sent if message["type"] == "http.response.body")
    return dict(sent[0]["headers"]), body


@pytest.mark.parametrize("chunks", [[PAGE], [PAGE[:20], PAGE[20:28], PAGE[28:]]])
def test_a_page_gets_it_whole_and_once(chunks: list[bytes]) -> None:
    headers, body = fetched(kind="text/html; charset=utf-8", chunks=chunks)
    assert body.count(b"<script>") == 1
    assert body.index(b"<script>") < body.index(b"</head>")
    assert headers[b"content-length"] == str(len(body)).encode()


@pytest.mark.parametrize(("kind", "status"), [("text/javascript", 200), ("image/png", 200), ("text/html", 404)])
def test_nothing_else_is_touched(kind: str, status: int) -> None:
    headers, body = fetched(kind=kind, chunks=[PAGE], status=status)
    assert body == PAGE
    assert headers[b"content-length"] == str(len(PAGE)).encode()


def test_it_speaks_every_language_and_names_no_other_host() -> None:
    text = script()
    assert "__" not in text
    assert "http://" not in text
    assert "https://" not in text
    assert "</" not in text, "it would end the element that it stands in"
    for code in LANGUAGES:
        assert f'"{code}"' in text
    assert UNKEPT.strip().encode("unicode_escape").decode() in text
