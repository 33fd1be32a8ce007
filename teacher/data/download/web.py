"""HTTP as downloads need it: a limit and a pause per host, waiting as servers ask, redirects that keep secrets."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx2

from runtime.errors import first_line

ATTEMPTS = 4
"""In a row that bring nothing new, before a file is given up."""
HOST_ATTEMPTS = 5
"""Connections in a row that a host does not take, before all of its files are: a dead atlas has 12,000."""
LONGEST_WAIT = 300.0
"""Seconds that a server may ask to wait; who asks for more is asked again by the next run."""
MOST_REDIRECTS = 8
WEB = ("http", "https")
AGAIN = frozenset({408, 429, 500, 502, 503, 504})
TIMEOUT = httpx2.Timeout(30, connect=20)
"""Seconds without a byte; also the longest that Ctrl-C can take."""
USER_AGENT = "skintag-edge (getting a dataset)"


class StoppedError(Exception):
    """Another part of the download ended it."""


class TroubleError(Exception):
    """Why a file did not come: `again` where asking once more may help, after `wait` seconds where the server said."""

    def __init__(self, reason: str, *, again: bool = False, wait: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.again, self.wait = reason, again, wait


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How hosts are treated."""

    per_host: int = 4
    """requests at once"""
    pause: float = 0.0
    """seconds between two requests of one slot"""


@dataclass
class _Host:
    slots: threading.BoundedSemaphore
    used: bool = False
    rest: float = 0.0
    """seconds that it asked to be left alone"""
    refused: int = 0
    """connections in a row"""
    closed: str = ""
    """why nothing more is asked of it in this run"""


@dataclass
class Web:
    """One run's connections. Threads may share it."""

    manners: Manners = field(default_factory=Manners)
    wait: Callable[[float], object] | None = None
    """how to wait some seconds; None: until they are over or the run is stopped"""

    def __post_init__(self) -> None:
        self.stopped = threading.Event()
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()
        self._client = httpx2.Client(
            timeout=TIMEOUT, headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}, follow_redirects=False
        )

    def stop(self) -> None:
        """Ends what is under way: threads get StoppedError with their next piece, or after the timeout of reading.

        Connections stay open until then: one that is closed beneath a thread that reads from it can hang it.
        """
        self.stopped.set()

    def close(self) -> None:
        """Closes the connections; no thread may use them any more."""
        self.stopped.set()
        self._client.close()

    def json(
        self, url: str, *, params: Mapping[str, str] | None = None, secret: Mapping[str, str] | None = None
    ) -> Any:
        """What an API answers. Raises TroubleError."""
        address = str(httpx2.URL(url, params=dict(params))) if params else url

        def ask() -> Any:
            with self.request("GET", address, secret=secret or {}) as response:
                response.read()
                try:
                    return response.json()
                except ValueError:
                    raise TroubleError(f"{address}: no JSON came") from None

        return self.patiently(ask)

    def size_of(self, url: str, secret: Mapping[str, str]) -> int | None:
        """The bytes behind an address, where its host tells without sending them."""
        try:
            with self.request("HEAD", url, secret=secret) as response:
                length = response.headers.get("content-length", "")
        except TroubleError:
            return None
        return int(length) if length.isdecimal() else None

    def patiently[T](self, ask: Callable[[], T], progress: Callable[[], int] = lambda: 0) -> T:
        """What `ask` gives, after as many attempts as are worth it; those that move `progress` on are free."""
        fruitless = 0
        while True:
            before = progress()
            try:
                return ask()
            except TroubleError as trouble:
                fruitless = 0 if progress() > before else fruitless + 1
                if not trouble.again or fruitless >= ATTEMPTS:
                    raise
                if trouble.wait is None:
                    self.pause(2.0 ** (fruitless - 1) if fruitless else 0.0)
            if self.stopped.is_set():
                raise StoppedError

    def pause(self, seconds: float) -> None:
        if seconds > 0:
            (self.wait or self.stopped.wait)(seconds)

    @contextmanager
    def request(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, secret: Mapping[str, str]
    ) -> Iterator[httpx2.Response]:
        """A response with status 200, 206 or 416, its body still to be read. Raises TroubleError, StoppedError."""
        here, origin = url, host_of(url)
        for _ in range(MOST_REDIRECTS):
            told = {**(headers or {}), **(secret if host_of(here) == origin else {})}
            with self._turn(here) as host, self._answer(method, here, told, host) as response:
                if not response.has_redirect_location:
                    self._judge(response, host)
                    yield response
                    return
                here = _next(here, response)
        raise TroubleError(f"more than {MOST_REDIRECTS} redirects")

    @contextmanager
    def _turn(self, url: str) -> Iterator[_Host]:
        """A slot of the host, after the pause or rest that it is due."""
        name = host_of(url)
        if not name:
            raise TroubleError(f"{url[:200]!r} is no address of the web")
        with self._lock:
            host = self._hosts.setdefault(name, _Host(threading.BoundedSemaphore(self.manners.per_host)))
        with host.slots:
            if host.closed:
                raise TroubleError(host.closed)
            rest, host.rest = host.rest, 0.0
            self.pause(max(rest, self.manners.pause if host.used else 0.0))
            if self.stopped.is_set():
                raise StoppedError
            host.used = True
            yield host

    @contextmanager
    def _answer(self, method: str, url: str, headers: Mapping[str, str], host: _Host) -> Iterator[httpx2.Response]:
        try:
            with self._client.stream(method, url, headers=dict(headers)) as response:
                host.refused = 0
                yield response
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            host.refused += 1
            if host.refused >= HOST_ATTEMPTS:
                host.closed = f"{host_of(url)} cannot be reached"
            raise self._trouble(f"no connection ({first_line(error)})", again=True) from error
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError) as error:
            raise self._trouble(f"no address of the web ({first_line(error)})") from error
        except httpx2.HTTPError as error:
            raise self._trouble(f"the connection broke ({first_line(error)})", again=True) from error

    def _trouble(self, reason: str, *, again: bool = False) -> Exception:
        return StoppedError() if self.stopped.is_set() else TroubleError(reason, again=again)

    def _judge(self, response: httpx2.Response, host: _Host) -> None:
        if response.status_code in (200, 206, 416):
            return
        reason = f"{response.status_code} {response.reason_phrase}".strip()
        if response.status_code not in AGAIN:
            raise TroubleError(reason)
        wait = _asked_to_wait(response)
        if wait is not None and wait > LONGEST_WAIT:
            host.closed = f"{reason}: the host asks to wait {wait:,.0f} seconds"
            raise TroubleError(host.closed)
        host.rest = wait or 0.0
        raise TroubleError(reason, again=True, wait=wait)


def host_of(url: str) -> str:
    """Such as "https://example.org:8080", the same for all spellings of it; "" where it is no address of the web."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError:
        return ""
    return f"{scheme}://{host}:{port or (443 if scheme == 'https' else 80)}" if scheme in WEB and host else ""


def _next(url: str, response: httpx2.Response) -> str:
    try:
        target = str(response.url.join(response.headers["location"]))
    except httpx2.InvalidURL as error:
        raise TroubleError(f"a redirect to no address ({first_line(error)})") from error
    if url.lower().startswith("https:") and not target.lower().startswith("https:"):
        raise TroubleError(f"a redirect from https to {target[:200]!r}")
    return target


def _asked_to_wait(response: httpx2.Response) -> float | None:
    """`Retry-After`, as seconds or as a date."""
    said = response.headers.get("retry-after", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except ValueError:
        return None
