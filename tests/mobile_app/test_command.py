"""The command line and the web server's promises, without a browser."""

import asyncio
import io
import socket
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import flet as ft
import pytest
from PIL import ExifTags, Image

from mobile_app import cli
from mobile_app.main import SharedModel, pick
from mobile_app.preview import square_preview
from mobile_app.state import Analysing, Assessor, Journey, Photo, Screen
from mobile_app.web import Application, is_this_computer, own_files_only
from runtime import BundleError, PhotoError


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
    shown: list[Screen] = []
    journey = Journey(open_model=no_model, preview=bytes, run=lambda work, done: done(work()), show=shown.append)
    pick(journey, [])
    assert shown == []
    pick(journey, [ft.FilePickerFile(id=0, name="spot.jpg", size=3, bytes=b"abc")])
    assert shown[0] == Analysing(photo=Photo(name="spot.jpg", data=b"abc"))


def no_model() -> Assessor:
    raise BundleError("no bundle here")


def test_the_preview_is_the_upright_square_without_the_cameras_notes() -> None:
    preview = Image.open(io.BytesIO(square_preview(sideways_photo())))
    assert preview.size == (640, 640)
    assert not preview.getexif()
    top, bottom = preview.getpixel((320, 40)), preview.getpixel((320, 600))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200 > 50 > bottom[0]


def sideways_photo() -> bytes:
    """Left half black, right half white, EXIF says: turn a quarter to the left; and where it was taken."""
    image = Image.new("RGB", (600, 600), "black")
    image.paste("white", (300, 0, 600, 600))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 8
    exif[ExifTags.Base.Make] = "a phone"
    out = io.BytesIO()
    image.save(out, format="JPEG", exif=exif)
    return out.getvalue()


def test_no_preview_of_what_is_no_photo() -> None:
    with pytest.raises(PhotoError):
        square_preview(b"hello")
