"""What the terminal says once the page can be opened: where, and on a phone what to tap."""

import io
from collections.abc import Sequence

from mobile_app.serving.addresses import in_address
from mobile_app.serving.certificate import Certificate


def greeting(name: str, *, hosts: Sequence[str], port: int, certificate: Certificate | None, shared: bool) -> str:
    """`hosts`: what a browser can open, the likeliest first; `shared`: whether other computers can."""
    scheme = "http" if certificate is None else "https"
    addresses = [f"{scheme}://{in_address(host)}:{port}" for host in hosts]
    lines = [f"{name}: open {addresses[0]} in a browser. Ctrl-C stops it."]
    if len(addresses) > 1:
        lines.append(f"Or, from another network of this computer: {', '.join(addresses[1:])}")
    if certificate is not None:
        lines += _what_to_tap(certificate)
    elif shared:
        lines += _in_the_clear()
    if shared:
        lines += ["A phone's camera opens the address from this:", _square(addresses[0])]
    return "\n".join(line for line in lines if line)


def say(text: str) -> None:
    """Print it; a terminal that has no blocks to draw the square with gets the words only."""
    try:
        print(text, flush=True)
    except UnicodeEncodeError:
        print("\n".join(line for line in text.splitlines() if line.isascii()), flush=True)


def _what_to_tap(certificate: Certificate) -> list[str]:
    """The words of the browsers as they were in 2026."""
    again = " It is a new one: a phone that has been here before asks once more." if certificate.new else ""
    return [
        f"This computer vouches for itself, so each phone warns once that the connection is not private.{again}",
        '  Chrome: "Advanced", then "Proceed". Safari: "Show Details", then "visit this website".',
        '  Firefox: "Advanced", then "Accept the Risk and Continue".',
        "  It is this computer if the warning's certificate has this SHA-256 fingerprint:",
        f"  {certificate.fingerprint}",
    ]


def _in_the_clear() -> list[str]:
    return [
        "Others on this network can open it: their photos then travel unencrypted to this computer.",
        "By plain http browsers give the page no camera; photos are chosen instead. --https ends both.",
    ]


def _square(address: str) -> str:
    """The address as a QR code of half blocks."""
    try:
        import segno
    except ImportError:
        return "  (no QR code: pip install segno)"
    out = io.StringIO()
    segno.make(address, micro=False).terminal(out, border=2, compact=True)
    return out.getvalue().rstrip("\n")
