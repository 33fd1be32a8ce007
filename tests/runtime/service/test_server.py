"""A real server on a real socket: many uploads at once, clients that misbehave, and the command that starts it."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from ctrl_c import heed_ctrl_c
from plugin_bundles import MakeBundle
from service_peers import SERVED, FakeAssessor, assert_refused, jpeg, serving

from runtime import Triage
from runtime.answer.advice import DISCLAIMER
from runtime.service.app import create_app
from runtime.service.limits import ServiceLimits

ROOT = Path(__file__).parents[3]
JPEG = {"content-type": "image/jpeg"}
MANY = 200


async def chunked(data: bytes) -> AsyncGenerator[bytes, None]:
    """The same bytes with no length announced."""
    for start in range(0, len(data), 50_000):
        yield data[start : start + 50_000]


def post_all(url: str, requests: list[dict[str, Any]]) -> list[httpx2.Response]:
    """Every request at the same time, each on a connection of its own; an exception is a lost request."""

    async def run() -> list[httpx2.Response]:
        limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=300, trust_env=False) as client:
            return await asyncio.gather(*(client.post("/assess", **request) for request in requests))

    return asyncio.run(run())


def body(photo: bytes) -> dict[str, Any]:
    return {"content": photo, "headers": JPEG}


@pytest.mark.slow
def test_two_hundred_at_once_lose_none(
    tiny_bundle: MakeBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Photos in both ways, too long ones in both ways, no photos: each gets the answer that is its own."""
    caplog.set_level(logging.DEBUG)
    (spool := tmp_path / "spool").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    photo, long = jpeg(900, quality=100), bytes(3_000_000)
    assert 1_000_000 < len(photo) < 2_000_000
    kinds: list[tuple[int, Any]] = [
        (200, lambda n: {"files": {"photo": (f"mustermann-{n}.jpg", photo)}}),
        (200, lambda n: body(photo)),
        (413, lambda n: {"files": {"photo": (f"mustermann-{n}.jpg", long)}}),
        (413, lambda n: body(chunked(long))),
        (422, lambda n: body(b"no photo")),
    ]
    limits = ServiceLimits(rate_per_minute=0, max_bytes=2_000_000)
    triage = Triage.load(tiny_bundle(tmp_path), threads=1)
    with serving(create_app(triage, served=SERVED, limits=limits)) as url:
        answers = post_all(url, [kinds[n % 5][1](n) for n in range(MANY)])
        figures = httpx2.get(f"{url}/metrics", trust_env=False).text
    assert [answer.status_code for answer in answers] == [kinds[n % 5][0] for n in range(MANY)]
    assert all(answer.json()["disclaimer"] == DISCLAIMER for answer in answers)
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 1
    for status, count in Counter(kind[0] for kind in kinds).items():
        line = f'skintag_requests_total{{method="POST",route="/assess",status="{status}"}} {MANY / 5 * count}'
        assert line in figures.splitlines()
    assert list(spool.iterdir()) == []
    assert "mustermann" not in caplog.text


@pytest.mark.slow
def test_over_the_rate_exactly_the_rest_gets_429() -> None:
    limits = ServiceLimits(rate_per_minute=60)
    with serving(create_app(FakeAssessor(), served=SERVED, limits=limits, clock=lambda: 0.0)) as url:
        answers = post_all(url, [body(jpeg(300)) for _ in range(MANY)])
    assert Counter(answer.status_code for answer in answers) == {200: 60, 429: MANY - 60}
    for answer in answers:
        if answer.status_code == 429:
            assert_refused(answer, 429, "too_many_requests")
            assert answer.headers["retry-after"] == "1"


class Slow(FakeAssessor):
    """Judges when told to, and counts how many it judges at once."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Semaphore(0)
        self.go = threading.Event()

    def assess(self, source: bytes, /) -> Any:
        self.entered.release()
        self.go.wait()
        return super().assess(source)


@contextlib.contextmanager
def posting(url: str, count: int, slow: Slow) -> Iterator[list[httpx2.Response]]:
    """`count` uploads under way while the block runs; then they are judged, and their answers are there."""
    answers: list[httpx2.Response] = []
    request = {"url": f"{url}/assess", **body(jpeg()), "timeout": 300, "trust_env": False}
    threads = [threading.Thread(target=lambda: answers.append(httpx2.post(**request))) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        slow.go.set()
        for thread in threads:
            thread.join()


def test_when_all_places_are_taken_the_next_is_told_to_come_back() -> None:
    slow = Slow()
    limits = ServiceLimits(threads=2, max_uploads=2, max_waiting=0, retry_seconds=7)
    with serving(create_app(slow, served=SERVED, limits=limits)) as url, posting(url, 2, slow) as answers:
        slow.entered.acquire()
        slow.entered.acquire()
        refused = httpx2.post(f"{url}/assess", **body(jpeg()), trust_env=False)
        health = httpx2.get(f"{url}/health", trust_env=False)
    assert_refused(refused, 503, "busy")
    assert refused.headers["retry-after"] == "7"
    assert health.status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200]


def test_no_more_photos_are_judged_at_once_than_there_are_threads() -> None:
    slow = Slow()
    limits = ServiceLimits(threads=2, max_uploads=5)
    with serving(create_app(slow, served=SERVED, limits=limits)) as url, posting(url, 5, slow) as answers:
        slow.entered.acquire()
        slow.entered.acquire()
        assert not slow.entered.acquire(timeout=0.3)
    assert [answer.status_code for answer in answers] == [200] * 5


def raw(url: str, head: str, data: bytes = b"") -> bytes:
    """What the server sends back on a connection of its own until it closes it or is silent for long."""
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head.replace("\n", "\r\n").encode() + data)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_length_that_lies_ends_in_a_refusal() -> None:
    """More than allowed announced: refused unread. Less announced than sent, or sent than announced: never a tier."""
    head = "POST /assess HTTP/1.1\nhost: x\ncontent-type: image/jpeg\nconnection: close\ncontent-length: {}\n\n"
    fake = FakeAssessor()
    limits = ServiceLimits(max_bytes=50_000, upload_seconds=0.5, rate_per_minute=0)
    with serving(create_app(fake, served=SERVED, limits=limits)) as url:
        assert b" 413 " in raw(url, head.format(10**12))
        assert b" 408 " in raw(url, head.format(1000), b"\xff\xd8\xff")
        assert b" 422 " in raw(url, head.format(3), jpeg())
        assert b" 400 " in raw(url, head.format("-5"), jpeg())
    assert fake.seen == [b"\xff\xd8\xff"]


def test_a_client_that_leaves_is_counted_and_frees_its_place() -> None:
    limits = ServiceLimits(max_uploads=1, rate_per_minute=0)
    with serving(create_app(FakeAssessor(), served=SERVED, limits=limits)) as url:
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(
                b"POST /assess HTTP/1.1\r\nhost: x\r\ncontent-type: image/jpeg\r\ncontent-length: 9\r\n\r\n"
            )
        (answer,) = post_all(url, [body(jpeg())])
        figures = httpx2.get(f"{url}/metrics", trust_env=False).text
    assert answer.status_code == 200
    assert 'route="/assess",status="499"} 1.0' in figures


@contextlib.contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`python -m runtime serve` in a process of its own, killed at the end if it still runs."""
    words = [sys.executable, "-m", "runtime", "serve", *arguments]
    process = subprocess.Popen(
        words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=heed_ctrl_c
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().split()[2]


def test_the_command_serves_the_default_bundle_until_ctrl_c() -> None:
    with command("--port", "0", "--threads", "1") as process:
        url = address(process)
        assert httpx2.get(f"{url}/health", trust_env=False).json()["bundle"] == "default_bundle"
        files = {"photo": ("anna-mustermann.jpg", jpeg(400))}
        assert httpx2.post(f"{url}/assess", files=files, trust_env=False, timeout=60).status_code == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    *log, last = err.splitlines()
    assert last == "stopped"
    assert [line.split()[2:5] for line in log] == [["GET", "/health", "200"], ["POST", "/assess", "200"]]


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "runtime", "serve", *arguments]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, **options)


def assert_one_line(done: subprocess.CompletedProcess[str], *, naming: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert naming in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_what_keeps_it_from_starting_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert_one_line(run("--port", port), naming=f"port {port}")
    assert_one_line(run("--port", "0", "--bundle", str(tmp_path)), naming=str(tmp_path))
    assert_one_line(run("--port", "0", "--host", "203.0.113.1"), naming="203.0.113.1")


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "fastapi.py").write_text("raise ImportError('no fastapi here')")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    assert_one_line(run("--port", "0", env=environment), naming="skintag-edge[serve]")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "70000"],
        ["--max-mb", "0"],
        ["--max-mb", "nan"],
        ["--max-mb", "51"],
        ["--max-pixels", "0"],
        ["--rate", "-1"],
        ["--threads", "0"],
        ["--cors-origin", "clinic.example"],
        ["--cors-origin", "https://clinic.example/"],
        ["photo.jpg"],
    ],
)
def test_a_wrong_command_line_exits_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from runtime.cli import main

    with pytest.raises(SystemExit) as caught:
        main(["serve", *arguments])
    assert caught.value.code == 2
    assert "Traceback" not in capsys.readouterr().err
