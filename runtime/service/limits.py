"""What one request, one client and all of them together may cost the service."""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from runtime.photo.decode import PhotoLimits


@dataclass(frozen=True, kw_only=True)
class ServiceLimits:
    """Limits of the service; the pixel limit is the assessor's own (`photo_limits`)."""

    max_bytes: int = 20_000_000
    """Of one photo. A phone's 12 megapixels take about 4 MB, its 48 megapixels about 15 MB."""
    max_pixels: int = 50_000_000
    """Of one photo: what the largest modes of phones write. 150 MB once decoded to RGB, in each thread."""
    rate_per_minute: float = 60
    """Photos of one client address, of which it may send that many at once; 0 is no limit."""
    threads: int = 2
    """Photos judged at the same time."""
    max_uploads: int = 16
    """Photos held in memory at the same time: with `max_bytes` at most 320 MB. Others wait with their photo unread."""
    max_waiting: int = 256
    """Requests that wait for one of those places; the next one is told to come back."""
    upload_seconds: float = 60
    """From the first byte of a photo to its last; a slower client gives its place to others."""
    retry_seconds: int = 5
    """When to come back after finding all places taken: a full queue's time at 40 ms a photo and 2 cores."""

    @property
    def photo_limits(self) -> PhotoLimits:
        """The same limits for the assessor that decodes the photo."""
        return PhotoLimits(max_bytes=self.max_bytes, max_pixels=self.max_pixels)


MAX_CLIENTS = 10_000
"""Addresses remembered, about 2 MB. Who comes from more can send from each for the first time anyway."""


_ROUNDING = 1e-6
"""Tokens: who waited exactly as long as told must not fail by the last bit of a sum."""


class ClientRates:
    """A token bucket for each client: full at first, refilled at `per_minute`, one token per photo."""

    def __init__(
        self, *, per_minute: float, clock: Callable[[], float] = time.monotonic, max_clients: int = MAX_CLIENTS
    ) -> None:
        """`clock` returns seconds and never goes back."""
        self._per_second = per_minute / 60
        self._capacity = max(per_minute, 1.0)
        self._clock = clock
        self._max_clients = max_clients
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """tokens left, and when; the client that came last is last"""

    def __len__(self) -> int:
        """Clients remembered."""
        return len(self._buckets)

    def seconds_to_wait(self, client: str) -> int:
        """0 where this client may send a photo now, which takes a token; else whole seconds until it may."""
        if self._per_second <= 0:
            return 0
        now = self._clock()
        tokens, since = self._buckets.pop(client, (self._capacity, now))
        tokens = min(self._capacity, tokens + (now - since) * self._per_second)
        allowed = tokens >= 1 - _ROUNDING
        self._buckets[client] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > self._max_clients:
            self._buckets.popitem(last=False)
        return 0 if allowed else max(1, math.ceil((1 - tokens) / self._per_second))


def client_of(peer: str | None, forwarded: list[str], *, trust_proxy: bool) -> str:
    """The address that a rate is counted for.

    `peer` is the other end of the connection, `forwarded` the X-Forwarded-For headers. A proxy appends the address it
    saw, so only the last entry is its word; all before it may be the client's invention.
    """
    claimed = ",".join(forwarded).rsplit(",", 1)[-1].strip() if trust_proxy else ""
    return _network(claimed) or _network(peer or "") or "unknown"


def _network(text: str) -> str | None:
    """An IPv4 address as it is, an IPv6 address as its /64: one household or server has all of those."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False))
