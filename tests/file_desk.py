"""A small web server on this machine that treats those who fetch from it as badly as real ones do."""

import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(kw_only=True)
class Served:
    """How one path is answered."""

    body: bytes = b""
    statuses: list[int] = field(default_factory=list)
    """answered first, one a request"""
    retry_after: str = "0"
    etag: str = '"one"'
    ranges: bool = True
    drop_after: list[int] = field(default_factory=list)
    """bytes after which the connection ends, one a request"""
    claims: int | None = None
    """a Content-Length that is a lie"""
    location: str = ""
    new_tag_after: int | None = None
    """requests after which `body` and `etag` change"""
    new_body: bytes = b""


@dataclass(kw_only=True)
class FileDesk:
    """What is served, and what was asked for."""

    address: str
    files: dict[str, Served] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    """paths, with their query"""
    heads: defaultdict[str, list[dict[str, str]]] = field(default_factory=lambda: defaultdict(list))
    """the headers of each request, by path"""
    at_once: Counter[str] = field(default_factory=Counter)
    most_at_once: Counter[str] = field(default_factory=Counter)
    """by the host that was named"""

    def put(self, path: str, body: bytes = b"", **how: object) -> str:
        """Serves this; returns its address."""
        self.files[path] = Served(body=body, **how)  # type: ignore[arg-type]
        return self.address + path


@contextmanager
def open_desk() -> Iterator[FileDesk]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None: ...

        def do_HEAD(self) -> None:
            self.send_response(405)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            host = self.headers["Host"]
            with lock:
                desk.asked.append(self.path)
                desk.heads[urlsplit(self.path).path].append({k.lower(): v for k, v in self.headers.items()})
                desk.at_once[host] += 1
                desk.most_at_once[host] = max(desk.most_at_once[host], desk.at_once[host])
            try:
                self._answer()
            finally:
                with lock:
                    desk.at_once[host] -= 1

        def _answer(self) -> None:
            served = desk.files.get(self.path) or desk.files.get(urlsplit(self.path).path)
            if served is None:
                return self._status(404)
            if served.statuses:
                return self._status(served.statuses.pop(0), served.retry_after)
            if served.location:
                self.send_response(302)
                self.send_header("Location", served.location)
                self.send_header("Content-Length", "0")
                return self.end_headers()
            if served.new_tag_after is not None:
                served.new_tag_after -= 1
                if served.new_tag_after < 0:
                    served.body, served.etag, served.new_tag_after = served.new_body, '"two"', None
            self._send(served)

        def _send(self, served: Served) -> None:
            start, wanted = 0, self.headers.get("Range", "")
            if served.ranges and wanted and self.headers.get("If-Range") == served.etag:
                start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(served.body) > 0:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(served.body)}")
                self.send_header("Content-Length", "0")
                return self.end_headers()
            body = served.body[start:]
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(served.body) - 1}/{len(served.body)}")
            self.send_header("Content-Length", str(len(body) if served.claims is None else served.claims))
            if served.etag:
                self.send_header("ETag", served.etag)
            self.end_headers()
            cut = served.drop_after.pop(0) if served.drop_after else None
            self.wfile.write(body if cut is None else body[:cut])
            self.close_connection = cut is not None or served.claims is not None
            return None

        def _status(self, status: int, retry_after: str = "") -> None:
            self.send_response(status)
            if retry_after and status in (429, 503):
                self.send_header("Retry-After", retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Who is told to stop leaves in the middle of an answer: no word of it."""

    server = Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    desk = FileDesk(address=f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield desk
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
