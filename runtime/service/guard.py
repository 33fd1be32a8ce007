"""Around every request: safe headers, figures, one log line without names, and an answer even where code fails.

Written against ASGI itself: it has to see a body that nobody has read and the moment an answer leaves.
"""

import asyncio
import logging
import time
from collections.abc import MutableMapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runtime.service.answers import no_result
from runtime.service.limits import ServiceLimits

LOG = logging.getLogger("runtime.service")

SECURITY_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
"""A report about somebody's skin is kept by no cache, framed by no page and taken for nothing but JSON."""

DISCONNECTED = 499
"""The status in log and figures of a request whose client left before an answer; nginx's number for it."""

LINGER_PHOTOS = 5
"""How many photos of the permitted size a refused client may finish sending: 100 MB, more than any camera's file. Most
clients send all before they read, and where the connection closes earlier they report that instead of the answer."""

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = frozenset({"GET", "POST", "HEAD", "OPTIONS"})


class Metrics:
    """The figures of one application, in a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "skintag_requests", "Requests answered.", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "skintag_request_seconds",
            "Seconds from a request's headers to its answer.",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.in_flight = Gauge("skintag_requests_in_flight", "Requests without an answer yet.", registry=self.registry)
        self.tiers = Counter("skintag_reports", "Reports by tier.", ("tier",), registry=self.registry)


class Guard:
    """ASGI middleware; the outermost."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, limits: ServiceLimits) -> None:
        self._app = app
        self._metrics = metrics
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(scope, receive, send, limits=self._limits)
        started = time.perf_counter()
        with self._metrics.in_flight.track_inprogress():
            await self._answer(exchange)
        self._record(exchange, (exchange.answered or time.perf_counter()) - started)

    async def _answer(self, exchange: "_Exchange") -> None:
        try:
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            exchange.status = exchange.status or DISCONNECTED
        except Exception as error:
            # Its text and traceback may quote what it was working on, and that is somebody's photo.
            LOG.error("unexpected %s", type(error).__name__)
            if not exchange.status:
                await no_result().response()(exchange.scope, exchange.receive, exchange.send)

    def _record(self, exchange: "_Exchange", seconds: float) -> None:
        scope = exchange.scope
        # The pattern of the route, never the path: people type names into paths.
        route = getattr(scope.get("route"), "path", "other")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(route, method, exchange.status).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        LOG.info("%s %s %d %.0f ms", method, route, exchange.status, seconds * 1e3)


class _Exchange:
    """One request and its answer, watched from outside."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, limits: ServiceLimits) -> None:
        self.scope = scope
        self.status = 0
        """0 until the answer begins"""
        self.answered: float | None = None
        self._receive = receive
        self._send = send
        self._limits = limits
        self._unread = _announces_body(scope)
        """whether the client may still be sending"""

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = self._begin(message)
        elif self._unread and not message.get("more_body", False):
            message = await self._linger(message)
        await self._send(message)

    def _begin(self, message: Message) -> MutableMapping[str, Any]:
        self.status = message["status"]
        self.answered = time.perf_counter()
        close = [(b"connection", b"close")] if self._unread else []
        return {**message, "headers": [*message.get("headers", ()), *SECURITY_HEADERS, *close]}

    async def _linger(self, message: Message) -> Message:
        """Send the whole answer, then drop what still arrives before the connection closes (RFC 9112, 9.6).

        Closing at once would reset the connection, and a client that is busy sending would never see the answer.
        """
        await self._send({**message, "more_body": True})
        left = LINGER_PHOTOS * self._limits.max_bytes
        try:
            async with asyncio.timeout(self._limits.upload_seconds):
                while self._unread and left > 0:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            pass
        return {"type": "http.response.body", "body": b"", "more_body": False}


def _announces_body(scope: Scope) -> bool:
    headers = dict(scope["headers"])
    return b"transfer-encoding" in headers or headers.get(b"content-length", b"0") != b"0"
