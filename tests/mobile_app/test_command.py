"""The command line and the web server's promises, without a browser."""

import asyncio
import socket
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import flet as ft
import pytest
from app_bench import Bench

from mobile_app import cli
from mobile_app.device.files import pick
from mobile_app.photo.darkroom import Photo
from mobile_app.photo.screens import Opening
from mobile_app.photo.shared_model import SharedModel
from mobile_app.visit.session import Kept, Session
from mobile_app.web import Application, ends_every_visit, is_this_computer, own_files_only
from runtime import BundleError


def test_a_taken_port_is_one_line_and_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert cli.main(["--web", "--port", str(port)]) == 1
    error = capsys.readouterr().err
    assert f"port {port}" in error
    assert "--port" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_an_impossible_port_is_refused(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--web", f"--port={port}"])
    assert stopped.value.code == 2
    assert "is not a port" in capsys.readouterr().err


def test_without_a_display_there_is_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli.sys, "platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    assert "no display" in str(cli.no_window_because())


def test_without_the_desktop_client_there_is_no_window(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    assert "flet-desktop" in str(cli.no_window_because())


@pytest.mark.parametrize(
    ("host", "here"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("192.0.2.7", False)],
)
def test_knows_whether_photos_stay_on_this_computer(host: str, here: bool) -> None:
    assert is_this_computer(host) is here


def test_every_answer_forbids_other_hosts() -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]})

    headers = dict(asyncio.run(first_answer(page))["headers"])
    assert headers[b"x"] == b"y"
    assert b"default-src 'self'" in headers[b"content-security-policy"]
    assert b"http" not in headers[b"content-security-policy"]


@pytest.mark.parametrize("kind", ["websocket.send", "websocket.close", "http.response.body"])
def test_sending_to_a_page_that_was_closed_is_no_error_and_anything_else_still_is(kind: str) -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": kind})
        reached.append(kind)

    async def closed(message: MutableMapping[str, Any]) -> None:
        raise OSError("the page is gone")

    async def receive() -> MutableMapping[str, Any]:
        return {}

    reached: list[str] = []
    visit = ends_every_visit(page)({"type": "websocket"}, receive, closed)
    if kind == "websocket.send":
        asyncio.run(visit)
        assert reached, "Flet goes on to hear that the connection has ended"
    else:
        with pytest.raises(OSError, match="gone"):
            asyncio.run(visit)


async def first_answer(page: Application) -> MutableMapping[str, Any]:
    """What a browser gets from the page with the content policy around it."""
    sent: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> MutableMapping[str, Any]:
        return {}

    await own_files_only(page)({"type": "http"}, receive, send)
    return sent[0]


def test_a_missing_bundle_is_an_error_each_time_it_is_tried(tmp_path: Path) -> None:
    model = SharedModel(tmp_path / "nowhere")
    for _ in range(2):
        with pytest.raises(BundleError, match="nowhere"):
            model()


def test_a_bundle_is_loaded_once_for_all_sessions(tmp_path: Path, tiny_bundle: Any) -> None:
    model = SharedModel(tiny_bundle(tmp_path))
    assert model() is model()


def test_a_cancelled_chooser_changes_nothing() -> None:
    bench = Bench()
    session = Session(journey=lambda owner: bench.journey, kept=Kept(store=None), changed=lambda: None)
    pick(session, [])
    assert bench.shown == []
    pick(session, [ft.FilePickerFile(id=0, name="spot.jpg", size=3, bytes=b"abc")])
    assert bench.shown[0] == Opening(photo=Photo(name="spot.jpg", data=b"abc"))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "clinic.example"])
def test_plain_http_to_other_computers_is_refused_with_the_reason(
    host: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(["--web", "--host", host, "--port", "0"])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    for part in (host, "read their photos", "camera", "--https", "--http"):
        assert part in error


def test_https_and_http_are_one_or_the_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--web", "--https", "--http"])
    assert "not allowed with" in capsys.readouterr().err


def test_where_no_certificate_can_be_kept_the_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "skintag-edge-https").write_text("a file, no folder")
    monkeypatch.setenv("FLET_APP_STORAGE_DATA", str(tmp_path / "skintag-edge"))
    assert cli.main(["--web", "--https", "--port", "0"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: no certificate can be kept")
    assert error.count("\n") == 1
