"""Hostile and broken input at the command line: one line on stderr, a non-zero exit code, never a traceback."""

import io
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from plugin_bundles import MakeBundle

from runtime.cli import main

ROOT = Path(__file__).parents[3]


def encode(image: Image.Image, image_format: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


def photo(width: int = 80, height: int = 60) -> Image.Image:
    noise = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *, body: bytes = b"", colour: int = 2, depth: int = 8) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def huge_jpeg_header() -> bytes:
    frame = struct.pack(">HBHHB", 17, 8, 65500, 65500, 3) + b"\x01\x22\x00\x02\x11\x01\x03\x11\x01"
    return b"\xff\xd8\xff\xc0" + frame + b"\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00"


def looping_tiff() -> bytes:
    """A directory whose next directory is itself."""
    return struct.pack("<2sHIH", b"II", 42, 8, 0) + struct.pack("<I", 8)


def animated(image_format: str) -> Callable[[], bytes]:
    frames = [Image.new("RGB", (64, 64), (shade, 90, 60)) for shade in (10, 120, 240)]
    return lambda: encode(frames[0], image_format, save_all=True, append_images=frames[1:])


HOSTILE: dict[str, Callable[[], bytes]] = {
    "zero_bytes.jpg": lambda: b"",
    "one_byte.jpg": lambda: b"\xff",
    "text.jpg": lambda: b"This is not a photo.\n" * 50,
    "text_with_escapes.jpg": lambda: b"\x1b[31m\x07\r\n" * 20,
    "web_page.png": lambda: b"<!doctype html><title>404</title>",
    "svg.png": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
    "pdf.jpg": lambda: b"%PDF-1.7\n" + bytes(300),
    "postscript.jpg": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    "zip.jpg": lambda: b"PK\x03\x04" + bytes(100),
    "zeros.jpg": lambda: bytes(4096),
    "iphone.heic": lambda: b"\x00\x00\x00\x18ftypheic" + bytes(200),
    "truncated.jpg": lambda: encode(photo(), "JPEG")[:900],
    "half.png": lambda: (lambda data: data[: len(data) // 2])(encode(photo(), "PNG")),
    "half.webp": lambda: (lambda data: data[: len(data) // 2])(encode(photo(), "WEBP")),
    "half.tiff": lambda: (lambda data: data[: len(data) // 2])(encode(photo(), "TIFF")),
    "half.bmp": lambda: (lambda data: data[: len(data) // 2])(encode(photo(), "BMP")),
    "half.gif": lambda: (lambda data: data[: len(data) // 2])(encode(photo(), "GIF")),
    "jpeg_start_only.jpg": lambda: b"\xff\xd8\xff\xe0",
    "png_signature_only.png": lambda: b"\x89PNG\r\n\x1a\n",
    "bad_checksum.png": lambda: flipped(encode(photo(), "PNG"), 20),
    "broken_zlib.png": lambda: png(64, 64, body=b"not zlib at all"),
    "unknown_depth.png": lambda: png(64, 64, depth=7),
    "no_pixels.png": lambda: png(0, 0),
    "header_50000x50000.png": lambda: png(50_000, 50_000, body=zlib.compress(bytes(1000))),
    "header_11000x11000.png": lambda: png(11_000, 11_000, body=zlib.compress(bytes(1000))),
    "header_2147483647.png": lambda: png(2**31 - 1, 2**31 - 1),
    "header_65500x65500.jpg": huge_jpeg_header,
    "header_16383x16383.webp": lambda: (
        b"RIFF\x16\x00\x00\x00WEBPVP8L\x0a\x00\x00\x00\x2f\xfe\xff\xff\x0f\x00\x00\x00\x00\x00"
    ),
    "loop.tiff": looping_tiff,
    "two_pages.tiff": animated("TIFF"),
    "animated.gif": animated("GIF"),
    "animated.png": animated("PNG"),
    "animated.webp": animated("WEBP"),
    "one_pixel.png": lambda: encode(Image.new("RGB", (1, 1)), "PNG"),
    "one_line.png": lambda: encode(Image.new("RGB", (4000, 1)), "PNG"),
    "float.tiff": lambda: encode(Image.new("F", (64, 64), 0.5), "TIFF"),
    "int32.tiff": lambda: encode(Image.new("I", (64, 64), 70_000), "TIFF"),
    "too_many_bytes.jpg": lambda: encode(photo(), "JPEG") + bytes(50_000_000),
}


@pytest.fixture
def bundle(tiny_bundle: MakeBundle, tmp_path: Path) -> Path:
    return tiny_bundle(tmp_path)


def assert_one_line_error(capsys: pytest.CaptureFixture[str], *, naming: str) -> None:
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("error: ")
    assert naming in lines[0]
    assert lines[0].isprintable()
    assert "Traceback" not in captured.err


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_get_one_line(
    name: str, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name]())
    assert main([str(path), "--bundle", str(bundle)]) == 1
    assert_one_line_error(capsys, naming=name)


def test_there_are_at_least_twenty_hostile_files() -> None:
    assert len(HOSTILE) >= 20


@pytest.mark.parametrize("name", ["missing.jpg", "folder", "pipe", "nul\x00byte.jpg", "x" * 300 + ".jpg", ""])
def test_names_that_are_no_file(name: str, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")  # reading it would wait for ever
    path = str(tmp_path / name) if name else ""
    assert main([path, "--bundle", str(bundle)]) == 1
    assert_one_line_error(capsys, naming=name.split("\x00")[0][:40])


def test_an_endless_device_is_refused(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["/dev/zero", "--bundle", str(bundle)]) == 1
    assert_one_line_error(capsys, naming="/dev/zero")


def test_a_name_with_line_breaks_and_escapes_stays_on_one_line(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a\nb\x1b[31m.jpg"
    path.write_bytes(b"no photo")
    assert main([str(path), "--bundle", str(bundle)]) == 1
    assert_one_line_error(capsys, naming=r"a\nb\x1b[31m.jpg")


def test_a_bad_photo_does_not_stop_the_others(bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    photo().save(good)
    bad.write_bytes(b"")
    assert main([str(bad), str(good), "--bundle", str(bundle)]) == 1
    captured = capsys.readouterr()
    assert "good.png" in captured.out
    assert "bad.png" in captured.err
    assert len(captured.err.splitlines()) == 1


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_random_damage_is_read_or_refused_but_never_breaks(
    image_format: str, bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = encode(photo(), image_format)
    random = np.random.default_rng(7)
    path = tmp_path / "damaged"
    for _ in range(25):
        damaged = np.frombuffer(sound, dtype=np.uint8).copy()
        places = random.integers(0, min(len(sound), 400), size=4)
        damaged[places] = random.integers(0, 256, size=4)
        path.write_bytes(damaged.tobytes())
        code = main([str(path), "--bundle", str(bundle)])
        assert code in (0, 1)
        if code:
            assert_one_line_error(capsys, naming="damaged")
        else:
            assert capsys.readouterr().err == ""


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "runtime", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, **options)


@pytest.mark.parametrize("name", ["header_50000x50000.png", "truncated.jpg"])
def test_hostile_files_in_a_process_of_their_own(name: str, bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(HOSTILE[name]())
    done = run(str(path), "--bundle", str(bundle))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert len(done.stderr.splitlines()) == 1


def test_a_terminal_without_utf8_and_a_closed_stdin(bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "Leberfleck-ä-日本.png"
    photo().save(path)
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "1"}
    done = run(str(path), "--bundle", str(bundle), env=environment, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert r"Leberfleck-\xe4-\u65e5\u672c.png" in done.stdout
