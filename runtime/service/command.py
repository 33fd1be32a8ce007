"""`python -m runtime serve`: the triage as a web service. Needs the extra `serve`.

Exit codes: 0, stopped by itself; 1, it could not start, one line on stderr; 2, a wrong command line; 130, Ctrl-C.
"""

import argparse
import ipaddress
import logging
import os
import re
import socket
import sys
import warnings
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from runtime.errors import INTERRUPTED, SkintagError, one_line
from runtime.service.limits import ServiceLimits

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8000

_STOP_SECONDS = 10
"""How long photos that are being judged may finish after Ctrl-C."""

_BACKLOG = 2048
"""Connections the system holds until they are accepted; the kernel lowers it to its own limit."""


class ServiceError(SkintagError):
    """A service that cannot be started."""


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C; returns the exit code and never raises for a wrong port or bundle."""
    options = _parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's, about photos that are then read or refused in one line
            run(lambda: _build(options), host=options.host, port=options.port)
    except SkintagError as error:
        print(f"error: {one_line(str(error))}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr, flush=True)
        return INTERRUPTED
    return 0


def run(build: Callable[[], "FastAPI"], *, host: str, port: int) -> None:
    """Serve the application that `build` returns until a signal ends it; port 0 takes a free one.

    The port is taken first: loading a model only to find it in use would waste seconds. Prints the address once
    connections are accepted. Raises ServiceError, and KeyboardInterrupt after Ctrl-C.
    """
    with listening(host, port) as listener:
        try:
            server = server_of(build())
        except ImportError as error:
            message = f"the service needs the extra 'serve' ({error}): pip install 'skintag-edge[serve]'"
            raise ServiceError(message) from error
        _announce(host, listener.getsockname()[1])
        with _log_to_stderr():
            server.run(sockets=[listener])


def server_of(app: "FastAPI") -> "uvicorn.Server":
    """uvicorn as this service runs it, for a socket that is listening."""
    import uvicorn

    config = uvicorn.Config(
        app,
        http="h11",  # not httptools: h11 limits the size of headers
        ws="none",
        log_level="critical",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # whom to trust is decided in `client_of`
        server_header=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    return uvicorn.Server(config)


def _build(options: argparse.Namespace) -> "FastAPI":
    """The application of the command line: the bundle's model, one thread of it per photo."""
    from runtime.assess import Triage
    from runtime.service.app import Served, create_app

    limits = ServiceLimits(
        max_bytes=int(options.max_mb * 1e6),
        max_pixels=options.max_pixels,
        rate_per_minute=options.rate,
        threads=options.threads,
        max_waiting=options.max_waiting,
    )
    triage = Triage.load(options.bundle, threads=1, limits=limits.photo_limits)
    served = Served(model_id=triage.bundle.manifest.model_id, bundle=triage.bundle.folder.resolve().name)
    return create_app(
        triage, served=served, limits=limits, cors_origins=options.cors_origin, trust_proxy=options.trust_proxy
    )


def _parser() -> argparse.ArgumentParser:
    limits = ServiceLimits()
    parser = argparse.ArgumentParser(
        prog="python -m runtime serve",
        description="Answer photos sent by POST to /assess with the report as JSON. Not a diagnosis.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default=DEFAULT_HOST, help="address to serve on; this one is reached from this computer only")
    add("--port", type=_port, default=DEFAULT_PORT, help="port to serve on; 0 takes a free one")
    add("--bundle", metavar="DIR", help="model bundle to use; without it the one inside the package")
    add("--max-mb", type=_megabytes, default=limits.max_bytes / 1e6, metavar="N", help="megabytes of one photo")
    add("--max-pixels", type=_from_one, default=limits.max_pixels, metavar="N", help="pixels of one photo")
    rate = "photos per minute from one client address; 0: no limit"
    add("--rate", type=_from_zero, default=limits.rate_per_minute, metavar="N", help=rate)
    add("--threads", type=_from_one, default=_cores(), metavar="N", help="photos judged at the same time")
    add("--max-waiting", type=_from_zero, default=limits.max_waiting, metavar="N", help="requests that may wait")
    cors = "origin whose pages may read answers, such as https://clinic.example; repeat for more, '*' for all"
    add("--cors-origin", type=_origin, action="append", default=[], metavar="ORIGIN", help=cors)
    proxy = "behind a proxy: count clients by the address that it appends to X-Forwarded-For"
    add("--trust-proxy", action="store_true", help=proxy)
    return parser


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _from_zero(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def _from_one(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 up")
    return int(text)


def _port(text: str) -> int:
    if _from_zero(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port: use a number from 0 to 65535")
    return int(text)


def _megabytes(text: str) -> float:
    """Up to the 50 MB that `runtime` reads at all, and not less than a small photo takes."""
    try:
        megabytes = float(text)
    except ValueError:
        megabytes = 0.0
    if not 0.001 <= megabytes <= 50:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of megabytes from 0.001 to 50")
    return megabytes


def _origin(text: str) -> str:
    """As browsers send it: a trailing slash or a path would never match."""
    if text != "*" and not re.fullmatch(r"https?://[^/\s,]+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not an origin such as https://clinic.example")
    return text


def listening(host: str, port: int) -> socket.socket:
    """A listening socket: connections queue from here on, so the address works the moment it is printed."""
    try:
        family, kind, proto, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return _bound(socket.socket(family, kind, proto), address)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ServiceError(f"cannot serve on {host} port {port} ({reason}): name another --host or --port") from error


def _bound(listener: socket.socket, address: Any) -> socket.socket:
    try:
        if os.name == "posix":  # elsewhere it would share the port with whoever has it
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


@contextmanager
def _log_to_stderr() -> Generator[None]:
    """One line per request on stderr: time, method, route, status, milliseconds."""
    log = logging.getLogger("runtime.service")
    before = (log.level, log.propagate)
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before[0])
        log.propagate = before[1]


def _announce(host: str, port: int) -> None:
    shown = f"[{host}]" if ":" in host else host
    print(f"Serving on http://{shown}:{port} (POST /assess). Ctrl-C stops it.", flush=True)
    if not _is_this_computer(host):
        print("Photos sent from other computers travel unencrypted: put HTTPS in front (docs/service.md).", flush=True)


def _is_this_computer(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
