"""Files on their way to a browser: whole, in pieces, from an address that nobody guesses."""

import asyncio
from typing import Any

import pytest

from mobile_app.serving.departures import PIECE, Departures, Offered


def fetched(departures: Departures, path: str, *, method: str = "GET") -> tuple[int, dict[bytes, bytes], list[bytes]]:
    """Status, headers and the pieces of the body."""
    answers: list[Any] = []

    async def send(message: Any) -> None:
        answers.append(message)

    async def receive() -> Any:
        raise AssertionError("nothing is asked of the browser")

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    asyncio.run(departures.beside(page)({"type": "http", "path": path, "method": method}, receive, send))
    more = [answer.get("more_body", False) for answer in answers[1:]]
    assert not any(more[-1:])
    assert all(more[:-1])
    return answers[0]["status"], dict(answers[0]["headers"]), [answer["body"] for answer in answers[1:]]


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, 3 * PIECE])
def test_a_file_goes_whole_and_in_pieces(size: int) -> None:
    departures, taken = Departures(), list[bool]()
    data = bytes(range(256)) * (size // 256) + b"\x07" * (size % 256)
    address = departures.offer(Offered(name="kept.zip", data=data, taken=lambda: taken.append(True)))
    status, headers, pieces = fetched(departures, address)
    assert status == 200
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) <= PIECE
    assert headers[b"content-length"] == str(size).encode()
    assert headers[b"content-disposition"] == b'attachment; filename="kept.zip"'
    assert headers[b"cache-control"] == b"no-store"
    assert taken == [True]
    assert fetched(departures, address)[0] == 404, "it is not held for longer than it takes"


def test_only_what_is_offered_is_given() -> None:
    departures = Departures()
    address = departures.offer(Offered(name="kept.zip", data=b"PK"))
    assert fetched(departures, address[:-1])[0] == 404
    assert fetched(departures, address, method="POST")[0] == 404
    assert fetched(departures, "/elsewhere")[0] == 200
    departures.forget(address)
    assert fetched(departures, address)[0] == 404
