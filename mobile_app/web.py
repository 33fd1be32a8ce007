"""The app as a web page, served by this computer with nothing fetched from any other."""

import logging
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mobile_app.locales import ENGLISH
from mobile_app.serving.addresses import is_this_computer, reachable_hosts
from mobile_app.serving.arrivals import Arrivals
from mobile_app.serving.beside import Application, Message, Receive, Scope, Send, with_script
from mobile_app.serving.certificate import Certificate, certificate_folder, certificate_for
from mobile_app.serving.departures import Departures
from mobile_app.serving.fallback import with_fonts
from mobile_app.serving.greeting import greeting, say

log = logging.getLogger(__name__)

APP_NAME = ENGLISH.app
APP_CLAIM = ENGLISH.start.question

MAX_MESSAGE = 64 * 1024 * 1024
"""Bytes of one message from the browser. Photos and archives have addresses of their own; what is left are words, and a
photo that the camera in the page took, a few MB (the server's own default of 16 MB would just drop the connection)."""

STOP_WITHIN = 5
"""Seconds for open connections when the program is stopped. Flet 1.0.5 never notices the end of one that broke off
before it said who it is, and without a limit the program would wait for it for ever."""

CONTENT_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'",  # flet's page configures itself in an inline script
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "connect-src 'self' blob: data:",
        "worker-src 'self' blob:",
        "frame-ancestors 'none'",
    )
)
"""What the browser may load: this server's own files. Flet's client asks a CDN for an animation library that the app
does not use, even with `no_cdn`; with this the browser refuses before anything leaves the computer."""


class AddressTaken(Exception):
    """The address to serve on cannot be used."""


def serve(
    *,
    host: str,
    port: int,
    bundle: Path | None,
    keep: Path | None = None,
    forget_after_s: int = 900,
    https: bool = False,
) -> None:
    """Serve until Ctrl-C or SIGTERM; prints the address once the page can be opened.

    Raises `AddressTaken`, and with `https` `CertificateProblem`.

    Each visit sees its own spots only, and nothing of it is left `forget_after_s` seconds after its page was closed;
    until then a reload goes on where it was. With `keep`, every visit sees the spots in that folder.
    """
    certificate = certificate_for(reachable_hosts(host), folder=certificate_folder()) if https else None
    listener = _listen(host, port)
    # Imported once the port is known to be free: a wrong option is answered at once.
    import flet_web.fastapi
    import uvicorn  # the server under flet-web

    from mobile_app.device.keeping import OnDevice, PerVisit
    from mobile_app.main import Started, build_app

    arrivals, departures = Arrivals(), Departures()
    keeper = PerVisit() if keep is None else OnDevice(lambda: keep, shared=True)
    started = Started(
        bundle=bundle,
        keeper=keeper,
        as_page=True,
        shared_host=not is_this_computer(host),
        forget_after=forget_after_s // 60,
        arrivals=arrivals,
        departures=departures,
    )
    app = flet_web.fastapi.app(
        build_app(started),
        app_name=APP_NAME,
        app_description=APP_CLAIM,
        no_cdn=True,
        session_timeout_seconds=forget_after_s,
    )
    config = uvicorn.Config(
        own_files_only(departures.beside(arrivals.beside(with_fonts(with_script(ends_every_visit(app)))))),
        log_level="critical",
        ws="websockets-sansio",
        ws_max_size=MAX_MESSAGE,
        timeout_graceful_shutdown=STOP_WITHIN,
        ssl_certfile=None if certificate is None else certificate.file,
    )
    _announce(host, listener.getsockname()[1], certificate)
    try:
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        keeper.close_all()


def own_files_only(app: Application) -> Application:
    """The same app, with the content policy on every answer."""
    headers = [(b"content-security-policy", CONTENT_POLICY.encode()), (b"referrer-policy", b"no-referrer")]

    async def with_policy(message: Message, send: Send) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", []), *headers]
        await send(message)

    return _sending(app, with_policy)


def ends_every_visit(app: Application) -> Application:
    """The same app, for which a page that was closed is no error.

    Flet 1.0.5 never notices the end of a page that is closed while something is being sent to it: the visit can then
    not be continued after a reload, and is never forgotten, its photos included. What cannot be sent is therefore
    dropped here: the page that comes back is drawn anew, and the end of the connection is what Flet hears of next.
    """

    async def if_there(message: Message, send: Send) -> None:
        try:
            await send(message)
        except Exception as problem:
            if message["type"] != "websocket.send":
                raise
            log.debug("a page was closed while something was sent to it: %s", problem)

    return _sending(app, if_there)


def _sending(app: Application, by: Callable[[Message, Send], Awaitable[None]]) -> Application:
    """The same app, its messages sent by `by`."""

    async def sending(scope: Scope, receive: Receive, send: Send) -> None:
        await app(scope, receive, lambda message: by(message, send))

    return sending


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket: connections queue from here on, so the address works the moment it is printed."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _bound(socket.socket(family, kind, proto), address)
    except OSError as problem:
        raise AddressTaken(
            f"cannot serve on {host} port {port} ({problem.strerror}): "
            "name another with --port, or take a free one with --port 0"
        ) from problem


def _bound(listener: socket.socket, address: Any) -> socket.socket:
    try:
        if os.name == "posix":  # elsewhere it would share the port with whoever has it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


def _announce(host: str, port: int, certificate: Certificate | None) -> None:
    hosts, shared = reachable_hosts(host), not is_this_computer(host)
    say(greeting(APP_NAME, hosts=hosts, port=port, certificate=certificate, shared=shared))
