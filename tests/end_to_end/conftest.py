"""A browser for the journeys."""

import shutil
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from app_browser import CHROMIUM_FLAGS, Visit


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """A failed journey says what its page showed, also where the page came from a fixture, which never sees it fail.

    Raises BrowserHung where the page does not answer: not the journey failed, and it may be tried once more."""
    try:
        return (yield)
    except Exception:
        for visit in getattr(item, "funcargs", {}).values():
            if isinstance(visit, Visit):
                item.add_report_section("call", "page", visit.ended())
        raise


@pytest.fixture(scope="module")
def launch() -> Iterator[Any]:
    """Starts Debian's chromium with more flags; or a skip that says how to get it."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium on this machine (apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_FLAGS, *flags])


@pytest.fixture(scope="module")
def browser(launch: Any) -> Iterator[Any]:
    """One for all tests of a file that need no flags of their own."""
    running = launch()
    yield running
    running.close()
