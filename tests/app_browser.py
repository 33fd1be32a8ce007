"""The app in a browser, for tests and for pictures: its server process, an open page, and what to do on it."""

import os
import re
import selectors
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from runtime.bundle.load import OperatingPoints

HERE = "127.0.0.1"
PATIENCE = 120_000  # milliseconds: the page is drawn in software, and the machine may be training meanwhile
START_SECONDS = 120
PHONE = {"width": 360, "height": 2600}  # as narrow as a small phone, tall enough to have every control on the page
CALIBRATED = OperatingPoints(low=0.3, high=0.6, calibrated=True)
STILL_MS = 150
"""Without a change: then the page rests."""
GIVEN_UP_MS = 10_000
"""After which a restless page is tapped anyway."""
RESTS = """(_, [asked, still]) => {
    const host = document.querySelector("flt-semantics-host");
    if (!host) return false;
    if (!host.watched) {
        host.watched = new MutationObserver(() => { host.changed = performance.now(); });
        host.watched.observe(host, {subtree: true, childList: true, attributes: true});
    }
    if (host.asked !== asked) { host.asked = asked; host.changed = performance.now(); }
    return performance.now() - host.changed > still;
}"""
SAID = """host => [...host.querySelectorAll("flt-semantics")]
    .filter(node => !node.querySelector("flt-semantics")).map(node => node.ariaLabel || node.innerText)
    .filter(text => text).join(" | ")"""
CHROMIUM_FLAGS = ["--no-sandbox", "--enable-unsafe-swiftshader", "--force-renderer-accessibility"]


class BrowserHung(Exception):
    """The browser's own process stopped answering: seen once in some thousand journeys, on a loaded machine."""


ONCE_MORE = pytest.mark.flaky(reruns=1, only_rerun=BrowserHung.__name__)
"""Only where the browser itself hung; a page that answers and says something else is a failure at once."""


@dataclass
class Visit:
    """An open page, and the addresses it asked for."""

    page: Any
    reached: list[str] = field(default_factory=list)
    questions: int = 0
    """asked of the page so far: each measures its rest anew"""

    def listen(self) -> None:
        """Switch accessibility on, as a screen reader does: controls then have roles and names."""
        placeholder = self.page.locator("flt-semantics-placeholder")
        placeholder.wait_for(state="attached", timeout=PATIENCE)
        placeholder.dispatch_event("click", timeout=PATIENCE)

    def reload(self) -> None:
        """As with the browser's own button."""
        self.page.reload(timeout=PATIENCE)
        self.listen()

    def hosts(self) -> set[str | None]:
        """Every host that a request or a connection of the page went to."""
        return {urlsplit(url).hostname for url in self.reached if url.startswith(("http", "ws"))}

    def waits_for(self, path: str) -> None:
        """Wait until the page has been sent this."""
        for _ in range(PATIENCE // 100):
            if any(urlsplit(url).path == path for url in self.reached):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError(f"not asked for: {path}")

    def sees(self, text: str | re.Pattern[str]) -> None:
        """Wait until a control says this."""
        self.page.get_by_text(text).or_(self.page.get_by_label(text)).first.wait_for(timeout=PATIENCE, state="attached")

    def hears_heading(self, text: str | re.Pattern[str]) -> str:
        """Wait for a heading and read it."""
        return str(self.page.get_by_role("heading", name=text).first.inner_text(timeout=PATIENCE))

    def tap(self, name: str | re.Pattern[str]) -> None:
        """Tap a button; a text must be its whole name."""
        self.press(self.page.get_by_role("button", name=name, exact=True).first)

    def press(self, control: Any) -> None:
        """Tap a control as a hand does, which is never as fast as a page that is being drawn anew."""
        control.wait_for(timeout=PATIENCE, state="attached")
        self.rest()
        control.click(timeout=PATIENCE)

    def rest(self) -> None:
        """Wait until nothing changes on the page: a tap on what is being replaced is lost."""
        self.questions += 1
        try:
            self._becomes_true(RESTS, [self.questions, STILL_MS], patience=GIVEN_UP_MS)
        except TimeoutError:
            self.answers()

    def answers(self) -> None:
        """Raises BrowserHung where the page's process does not even say that it is there."""
        try:
            self._becomes_true("() => true", None, patience=PATIENCE)
        except TimeoutError as error:
            raise BrowserHung(f"the browser's page does not answer any more: {self.page.url}") from error

    def ended(self) -> str:
        """Where a journey ended, for whoever has to find out why; nothing of a page that was closed.

        Raises BrowserHung where the page cannot say it."""
        if self.page.is_closed():
            return ""
        self.answers()
        with suppress(Exception):
            said = self.page.locator("flt-semantics-host").evaluate(SAID, timeout=GIVEN_UP_MS)
            return f"{self.page.url} says: {said}\n"
        return f"{self.page.url} says nothing\n"

    def _becomes_true(self, question: str, told: Any, *, patience: int) -> None:
        """Asked again and again from outside: `evaluate` waits without an end for a page that hangs, and so does the
        page's own `wait_for_function` for one that hangs while it waits, since it then tells it to wait no more.

        Raises TimeoutError."""
        from playwright.sync_api import TimeoutError as TimedOut  # not installed everywhere

        try:
            self.page.locator("html").wait_for_function(question, arg=told, timeout=patience)
        except TimedOut as error:
            raise TimeoutError(question) from error

    def box(self, label: re.Pattern[str]) -> dict[str, float]:
        """Where a labelled control is, in CSS pixels."""
        control = self.page.get_by_label(label).first
        for _ in range(100):
            self.rest()
            box = control.bounding_box(timeout=PATIENCE)
            if box:  # None while it is replaced
                return dict(box)
        raise AssertionError(f"not on the page: {label.pattern}")

    def write(self, field: str, text: str) -> None:
        """Type into a field as a hand does: Flutter listens to one only some time after it was tapped."""
        box = self.page.get_by_role("textbox", name=field).first
        box.click(timeout=PATIENCE)
        while box.input_value(timeout=PATIENCE) != text:
            box.press("Control+a")
            box.press_sequentially(text, delay=30)
            self.page.wait_for_timeout(300)

    def choose(self, shown: str, wanted: str) -> None:
        """Open the list whose button shows this, take something else from it, and wait until it has closed."""
        self.tap(shown)
        self.tap(wanted)
        self.page.locator("[aria-expanded=true]").wait_for(timeout=PATIENCE, state="detached")

    def says(self, pattern: re.Pattern[str]) -> str:
        """What the pattern's group has caught in a control's label."""
        label = self.page.get_by_label(pattern).first.get_attribute("aria-label", timeout=PATIENCE)
        found = pattern.search(label or "")
        assert found, label
        return found[1]

    def begin(self) -> None:
        """Past the introduction."""
        self.tap("Skip")

    def judge(self, button: str, *, name: str, data: bytes) -> None:
        """Choose a photo and have the square judged that the app proposes."""
        self.pick(button, name=name, data=data)
        self.tap(re.compile("Judge this spot|Go on without a result"))

    def pick(self, button: str | re.Pattern[str], *, name: str, data: bytes, kind: str = "image/jpeg") -> None:
        """Tap a button that opens the file chooser, and choose this file."""
        with self.page.expect_file_chooser(timeout=PATIENCE) as chooser:
            self.press(self.page.get_by_role("button", name=button))
        chooser.value.set_files({"name": name, "mimeType": kind, "buffer": data})


@contextmanager
def serving(bundle: Path, *options: str, scratch: Path, keep: Path | None = None, port: int = 0) -> Iterator[str]:
    """The app as its own process, on a free port unless one is named, its temporary files in `scratch`; gives the
    printed address."""
    command = [sys.executable, "-m", "mobile_app", "--web", "--port", str(port), "--bundle", str(bundle), *options]
    command += [] if keep is None else ["--keep", str(keep)]
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            yield printed_address(process)
        finally:
            process.terminate()


def printed_address(process: subprocess.Popen[str]) -> str:
    """The address in the process's first line; it listens before it prints."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        assert ready.select(timeout=START_SECONDS), "the app printed no address"
    line = process.stdout.readline()
    match = re.search(r"http://127\.0\.0\.1:\d+", line)
    assert match, f"no address in {line!r}"
    return match[0]


@contextmanager
def serving_the_house(bundle: Path, *options: str, host: str, scratch: Path) -> Iterator[tuple[str, str]]:
    """The app for other computers, its certificate in `scratch`; gives the printed address, and all that is printed."""
    command = [sys.executable, "-m", "mobile_app", "--web", "--port", "0", "--host", host, "--bundle", str(bundle)]
    scratch.mkdir()
    environment = {**os.environ, "TMPDIR": str(scratch), "XDG_DATA_HOME": str(scratch), "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, env=environment)
    with process:
        try:
            said = _first_of(process)
            match = re.search(r"https?://[\d.]+:\d+", said)
            assert match, said
            yield match[0], said
        finally:
            process.terminate()


def _first_of(process: subprocess.Popen[bytes]) -> str:
    """What is printed in one go, once it is there."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as ready:
        ready.register(process.stdout, selectors.EVENT_READ)
        assert ready.select(timeout=START_SECONDS), "the app printed no address"
    return os.read(process.stdout.fileno(), 65536).decode()


@contextmanager
def visiting(browser: Any, address: str, *, viewport: dict[str, int]) -> Iterator[Visit]:
    """The app's page with accessibility switched on, every request of it recorded."""
    page = browser.new_page(viewport=viewport)
    page.set_default_timeout(PATIENCE)
    visit = Visit(page)
    page.on("response", lambda answer: visit.reached.append(answer.url))
    page.on("dialog", lambda asked: asked.accept())  # "leave this page?", where something is not kept
    page.on("websocket", lambda connection: visit.reached.append(connection.url))
    page.on("requestfailed", lambda request: note_failure(visit, request))
    try:
        page.goto(address, timeout=PATIENCE)
        visit.listen()
        yield visit
    except Exception:
        print(visit.ended())
        raise
    finally:
        page.close()


def note_failure(visit: Visit, request: Any) -> None:
    """A request that the page's content policy stopped never left the browser; any other that failed may have."""
    if request.failure != "csp":
        visit.reached.append(request.url)
