"""What the web service carries: many uploads at once against a server of its own, on this computer alone."""

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx2
import numpy as np
import typer

from benchmarks.outcome import Outcome, Table
from benchmarks.workshop.choices import OfBundle
from benchmarks.workshop.environment import environment
from benchmarks.workshop.photos.sources import photo_or_drawing, small_photo
from runtime.errors import SkintagError
from teacher.options import OPTION

_JPEG = {"content-type": "image/jpeg"}
_REQUEST_SECONDS = 300
_STOP_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Options(OfBundle):
    """What `service` asks."""

    clients: Annotated[list[int] | None, typer.Option(min=1)] = None
    """clients at once; repeat for more rows"""
    requests: Annotated[int, typer.Option(min=1)] = 200
    """uploads of each photo by all clients together"""
    out: Annotated[Path, OPTION] = Path("artifacts/service.json")
    """where the JSON goes"""


def measure(options: Options) -> Outcome:
    """Uploads per second of `python -m runtime serve`: a 224-pixel and a 12-megapixel JPEG, few and many clients."""
    with photo_or_drawing(None) as large:
        photos = {"224 x 224": small_photo(), "12 MP": large.read_bytes()}
    clients = tuple(options.clients or (2, 200))
    loads = measure_service(photos, clients=clients, requests=options.requests, bundle=options.bundle)
    return Outcome(
        figures=(options.out, as_json(loads)),
        tables=[Table("Service", *table(loads))],
        lines=[f"all figures: {options.out}"],
    )


class LoadError(SkintagError):
    """A server that does not start."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """Uploads of one photo by so many clients at once."""

    photo: str
    photo_bytes: int
    clients: int
    requests: int
    statuses: dict[str, int]
    lost: int
    """requests without any answer"""
    per_second: float
    """answers over the time from the first request to the last answer"""
    p50_ms: float
    """from sending to the whole answer, waiting in the server's queue included"""
    p95_ms: float
    server_cpu_ms: float | None
    """processor time of the server per request: unlike the rest hardly changed by what else runs on the machine"""
    server_peak_mb: float | None
    """memory of the server since it started; both None where the system does not tell"""


def measure_service(
    photos: dict[str, bytes], *, clients: tuple[int, ...], requests: int, bundle: Path | None
) -> list[Load]:
    """For each photo and number of clients `requests` uploads to a fresh server. Raises LoadError."""
    return [_load(name, photo, n, requests, bundle=bundle) for name, photo in photos.items() for n in clients]


def as_json(loads: list[Load]) -> dict[str, Any]:
    """The figures with what they depend on beside the code."""
    load_average = os.getloadavg() if hasattr(os, "getloadavg") else None  # the server shares this machine with others
    machine = {**environment(1), "load_average": load_average}
    return {"loads": [asdict(load) for load in loads], "environment": machine}


def table(loads: list[Load]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Header and rows for people."""
    header = ("photo", "at once", "answered", "lost", "per s", "p50 ms", "p95 ms", "CPU ms", "MB")
    rows = [
        (
            load.photo,
            str(load.clients),
            ", ".join(f"{count} x {status}" for status, count in load.statuses.items()),
            str(load.lost),
            f"{load.per_second:.1f}",
            f"{load.p50_ms:,.0f}",
            f"{load.p95_ms:,.0f}",
            "" if load.server_cpu_ms is None else f"{load.server_cpu_ms:.0f}",
            "" if load.server_peak_mb is None else f"{load.server_peak_mb:.0f}",
        )
        for load in loads
    ]
    return header, rows


def _load(name: str, photo: bytes, clients: int, requests: int, *, bundle: Path | None) -> Load:
    with _server(bundle, waiting=clients) as (url, process):
        asyncio.run(_upload(url, photo, clients=1, requests=2))  # the first photo costs a start
        started, busy = time.perf_counter(), _cpu_seconds(process.pid)
        answers = asyncio.run(_upload(url, photo, clients=clients, requests=requests))
        seconds, busy_after = time.perf_counter() - started, _cpu_seconds(process.pid)
        peak = _peak_megabytes(process.pid)
    times = [milliseconds for status, milliseconds in answers if status is not None]
    p50, p95 = np.percentile(times, (50, 95)) if times else (np.nan, np.nan)
    return Load(
        photo=name,
        photo_bytes=len(photo),
        clients=clients,
        requests=requests,
        statuses=dict(Counter(str(status) for status, _ in answers if status is not None)),
        lost=requests - len(times),
        per_second=round(len(times) / seconds, 2),
        p50_ms=round(float(p50), 2),
        p95_ms=round(float(p95), 2),
        server_cpu_ms=None if busy is None or busy_after is None else round((busy_after - busy) * 1e3 / requests, 1),
        server_peak_mb=peak,
    )


async def _upload(url: str, photo: bytes, *, clients: int, requests: int) -> list[tuple[int | None, float]]:
    """Status (None: lost) and milliseconds of each request; every client sends its next photo once it has an answer."""
    left = iter(range(requests))
    answers: list[tuple[int | None, float]] = []

    async def send_some(client: httpx2.AsyncClient) -> None:
        for _ in left:
            started = time.perf_counter()
            try:
                status = (await client.post("/assess", content=photo, headers=_JPEG)).status_code
            except httpx2.HTTPError:
                status = None
            answers.append((status, (time.perf_counter() - started) * 1e3))

    limits = httpx2.Limits(max_connections=clients)
    async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=_REQUEST_SECONDS, trust_env=False) as client:
        await asyncio.gather(*(send_some(client) for _ in range(clients)))
    return answers


@contextmanager
def _server(bundle: Path | None, *, waiting: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`python -m runtime serve` on a free port without a rate limit; its address and process."""
    words = [sys.executable, "-m", "runtime", "serve", "--port", "0", "--rate", "0", "--max-waiting", str(waiting)]
    words += [] if bundle is None else ["--bundle", str(bundle)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            announced = process.stdout.readline().split()  # empty where it ended instead
            if len(announced) < 3:
                raise LoadError(f"the server does not start; try: {' '.join(words[1:])}")
            yield announced[2], process
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _cpu_seconds(pid: int) -> float | None:
    """Processor time that a process has taken, its threads included."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime and stime of proc(5)


def _peak_megabytes(pid: int) -> float | None:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return None
    peaks = [int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM:")]
    return peaks[0] if peaks else None
