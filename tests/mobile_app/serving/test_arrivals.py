"""Files on their way from a browser: told as they come, stopped when nobody wants them, never more than was said."""

import asyncio
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from mobile_app.serving.arrivals import Arrivals, Expected


@dataclass
class Watcher:
    """Someone who waits for a file, until they have seen enough."""

    patience: float = 1.0
    shares: list[float] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)

    def came(self, share: float) -> bool:
        self.shares.append(share)
        return share <= self.patience


def sent(
    arrivals: Arrivals,
    path: str,
    chunks: list[bytes | None],
    *,
    method: str = "PUT",
    answers: list[MutableMapping[str, Any]] | None = None,
) -> tuple[int, int]:
    """Status, and how many pieces were read; None: the browser goes away. `answers` takes what is sent back."""
    waiting = [
        {"type": "http.disconnect"}
        if chunk is None
        else {"type": "http.request", "body": chunk, "more_body": index + 1 < len(chunks)}
        for index, chunk in enumerate(chunks)
    ]
    total, answers = len(waiting), [] if answers is None else answers

    async def receive() -> MutableMapping[str, Any]:
        return waiting.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message)

    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200})

    asyncio.run(arrivals.beside(page)({"type": "http", "path": path, "method": method}, receive, send))
    return answers[0]["status"], total - len(waiting)


def test_a_file_comes_in_pieces_and_is_whole() -> None:
    arrivals, watcher = Arrivals(), Watcher()
    path = arrivals.expect(Expected(size=8, came=watcher.came, done=watcher.files.append))
    assert sent(arrivals, path, [b"ab", b"cdef", b"gh"]) == (204, 3)
    assert watcher.files == [b"abcdefgh"]
    assert watcher.shares == [0.25, 0.75, 1.0]


def test_an_address_is_good_for_one_try_and_cannot_be_guessed() -> None:
    arrivals, watcher = Arrivals(), Watcher()
    path = arrivals.expect(Expected(size=8, came=watcher.came, done=watcher.files.append))
    assert sent(arrivals, path[:-1], [b"ab"])[0] == 404
    assert sent(arrivals, path, [b"ab"])[0] == 204
    assert sent(arrivals, path, [b"cd"])[0] == 404
    assert watcher.files == [b"ab"]


def test_only_what_is_sent_is_taken() -> None:
    arrivals, watcher = Arrivals(), Watcher()
    path = arrivals.expect(Expected(size=8, came=watcher.came, done=watcher.files.append))
    assert sent(arrivals, path, [b"ab"], method="GET")[0] == 404
    assert sent(arrivals, "/elsewhere", [b"ab"])[0] == 200


def test_what_nobody_wants_any_more_is_not_read_to_its_end() -> None:
    arrivals, watcher = Arrivals(), Watcher(patience=0.3)
    path = arrivals.expect(Expected(size=8, came=watcher.came, done=watcher.files.append))
    assert sent(arrivals, path, [b"ab", b"cd", b"ef", b"gh"]) == (410, 2)
    assert not watcher.files


@pytest.mark.parametrize(("patience", "closes"), [(1.0, False), (0.3, True)])
def test_a_connection_is_closed_on_what_is_not_read_to_its_end(patience: float, closes: bool) -> None:
    """A browser would send the rest of it, to nobody."""
    arrivals, watcher, answers = Arrivals(), Watcher(patience=patience), list[MutableMapping[str, Any]]()
    path = arrivals.expect(Expected(size=4, came=watcher.came, done=watcher.files.append))
    sent(arrivals, path, [b"ab", b"cd"], answers=answers)
    assert ((b"connection", b"close") in answers[0]["headers"]) is closes


def test_more_than_was_said_is_refused() -> None:
    arrivals, watcher = Arrivals(), Watcher()
    path = arrivals.expect(Expected(size=3, came=watcher.came, done=watcher.files.append))
    assert sent(arrivals, path, [b"ab", b"cd", b"ef"]) == (413, 2)
    assert not watcher.files


@pytest.mark.parametrize("chunks", [[None], [b"ab", None]])
def test_a_browser_that_goes_away_leaves_nothing(chunks: list[bytes | None]) -> None:
    arrivals, watcher = Arrivals(), Watcher()
    lost: list[bool] = []
    file = Expected(size=8, came=watcher.came, done=watcher.files.append, lost=lambda: lost.append(True))
    sent(arrivals, arrivals.expect(file), chunks)
    assert not watcher.files
    assert lost == [True], "whoever waits for it is told"


def test_an_empty_file_is_one_too() -> None:
    arrivals, watcher = Arrivals(), Watcher()
    path = arrivals.expect(Expected(size=0, came=watcher.came, done=watcher.files.append))
    assert sent(arrivals, path, [b""])[0] == 204
    assert watcher.files == [b""]
