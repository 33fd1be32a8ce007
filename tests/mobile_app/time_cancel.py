"""Time "Cancel" in a browser: `python tests/mobile_app/time_cancel.py [--megabytes 30] [--rate 1] [--count 5]`.

A photo is sent over a connection as slow as `--rate`, and stopped on its way. Prints how long it takes from the tap to
the screen that was there before, and to the end of the request that carries the photo: what is sent after that tap is
sent in vain. With `--archive` the same for an archive that is brought back.
"""

import argparse
import asyncio
import re
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))
from app_browser import CHROMIUM_FLAGS, HERE, PATIENCE, Visit, serving, visiting
from playwright.sync_api import sync_playwright

from mobile_app.locales import ENGLISH
from mobile_app.serving.arrivals import PREFIX

PHONE = {"width": 360, "height": 740}
PIECE = 65536  # bytes carried at once
SETTLED_MS = 1000  # milliseconds after which nothing more is on its way
STARTED = re.compile(r"[1-9]\d?%")


@dataclass(frozen=True, kw_only=True)
class Stopped:
    """One file that was stopped."""

    screen: float
    """seconds from the tap to the screen"""
    request: float
    """seconds from the tap to the end of the request"""
    megabytes: float
    """that went to the program after the tap"""


class Narrow:
    """A connection of so many bytes a second towards the program, as a phone's network has one."""

    def __init__(self, *, to_port: int, rate: float) -> None:
        self._to_port = to_port
        self._rate = rate
        self.passed = 0
        """bytes towards the program"""
        self._port: Future[int] = Future()
        threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True).start()
        self.address = f"http://{HERE}:{self._port.result()}"

    async def _serve(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, PIECE)  # else megabytes wait where nobody counts them
        listener.bind((HERE, 0))
        async with await asyncio.start_server(self._join, sock=listener, limit=PIECE) as server:
            self._port.set_result(listener.getsockname()[1])
            await server.serve_forever()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(HERE, self._to_port, limit=PIECE)
        await asyncio.gather(
            self._carry(reader, far_writer, self._count), self._carry(far_reader, writer, lambda _: None)
        )

    def _count(self, size: int) -> float:
        self.passed += size
        return size / self._rate

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, cost: Callable[[int], float | None]
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(PIECE):
                writer.write(data)
                await writer.drain()
                await asyncio.sleep(cost(len(data)) or 0)
        writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=30, help="of the file (default: %(default)s)")
    parser.add_argument("--rate", type=float, default=1.0, help="MB a second of the connection (default: %(default)s)")
    parser.add_argument("--count", type=int, default=5, help="how often (default: %(default)s)")
    parser.add_argument("--archive", action="store_true", help="an archive in place of a photo")
    parser.add_argument("--bundle", type=Path, default=Path("runtime/default_bundle"), help="default: %(default)s")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="app-cancel-"))
    file = folder / ("kept.zip" if options.archive else "large.jpg")
    file.write_bytes(bytes(options.megabytes * 1_000_000))  # it is stopped before anybody looks into it
    with (
        sync_playwright() as playwright,
        serving(options.bundle, scratch=folder / "scratch") as address,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS)
        narrow = Narrow(to_port=urlsplit(address).port or 0, rate=options.rate * 1e6)
        with visiting(browser, narrow.address, viewport=PHONE) as visit:
            say(measured(visit, narrow, file, archive=options.archive, count=options.count))


def measured(visit: Visit, narrow: Narrow, file: Path, *, archive: bool, count: int) -> list[Stopped]:
    visit.begin()
    if archive:
        visit.tap(ENGLISH.tabs[3])
    button = ENGLISH.settings.import_all if archive else ENGLISH.start.choose_photo
    ended: list[float] = []
    for event in ("requestfinished", "requestfailed"):
        visit.page.on(event, lambda request: ended.append(time.perf_counter()) if PREFIX in request.url else None)
    return [stopped(visit, narrow, ended, file, button) for _ in range(count)]


def stopped(visit: Visit, narrow: Narrow, ended: list[float], file: Path, button: str) -> Stopped:
    ended.clear()
    with visit.page.expect_file_chooser(timeout=PATIENCE) as chooser:
        visit.tap(button)
    chooser.value.set_files(file)
    visit.sees(STARTED)
    cancel = visit.page.get_by_role("button", name=ENGLISH.check.cancel, exact=True).first
    box = cancel.bounding_box()
    start, before = time.perf_counter(), narrow.passed
    visit.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    cancel.wait_for(timeout=PATIENCE, state="detached")
    shown = time.perf_counter()
    while not ended:
        visit.page.wait_for_timeout(10)
    visit.page.wait_for_timeout(SETTLED_MS)
    return Stopped(screen=shown - start, request=ended[0] - start, megabytes=(narrow.passed - before) / 1e6)


def say(found: list[Stopped]) -> None:
    for name, values in (("screen", [s.screen for s in found]), ("request", [s.request for s in found])):
        print(f"{name}: median {statistics.median(values):.2f} s, longest {max(values):.2f} s")
    print(f"sent in vain: {max(s.megabytes for s in found):.2f} MB at most")


if __name__ == "__main__":
    main()
