"""Under which addresses others on this network find this computer."""

import ipaddress
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

EVERYWHERE = frozenset({"0.0.0.0", "::", ""})
"""Hosts that mean "on every network": nobody can open them as an address."""

_FAR_AWAY = (("192.0.2.1", socket.AF_INET), ("2001:db8::1", socket.AF_INET6))
"""Addresses that the documentation ranges keep free (RFC 5737, RFC 3849): nothing is ever sent to them."""


def is_this_computer(host: str) -> bool:
    """Whether only this computer can reach the host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def reachable_hosts(host: str) -> tuple[str, ...]:
    """What a phone can type for a server that listens on `host`, the likeliest first.

    A host that is an address already is its own answer; for all networks it is this computer's addresses in them.
    """
    if host not in EVERYWHERE:
        return (host,)
    found = dict.fromkeys(address for address in _own_addresses() if _opens(address, by_ipv6=host != "0.0.0.0"))
    return tuple(found) or ("127.0.0.1",)


def browser_trusts(url: str) -> bool:
    """Whether a page from there is a "secure context": nothing else is given a camera, by any browser."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return parts.scheme in {"https", "wss"} or is_this_computer(host) or host.endswith(".localhost")


def in_address(host: str) -> str:
    """As a host stands in a URL: IPv6 within brackets."""
    return f"[{host}]" if ":" in host else host


def _own_addresses() -> Iterator[str]:
    """The one that leads out of here first, then whatever this computer's name stands for."""
    for far, family in _FAR_AWAY:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as ear:
                ear.connect((far, 9))  # of a datagram socket: picks a route, sends nothing
                yield ear.getsockname()[0]
        except OSError:  # no network of this family
            continue
    try:
        named = socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM)
    except OSError:
        return
    yield from (str(entry[4][0]) for entry in named)


def _opens(address: str, *, by_ipv6: bool) -> bool:
    """Not this computer's word for itself, and not one that needs a network card's name beside it."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if parsed.version == 6 and not by_ipv6:
        return False
    return not (parsed.is_loopback or parsed.is_link_local or parsed.is_unspecified)
