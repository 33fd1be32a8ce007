"""A certificate that this computer makes for itself, so that phones in the house can reach the page by https.

Nobody vouches for it: a browser warns once, and the fingerprint says whether it is the right one. It is kept, so that
the warning comes once a phone and not once a day.
"""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mobile_app.store.place import store_folder
from runtime.errors import first_line
from runtime.files import written_whole

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

VALID = timedelta(days=820)
"""Apple's devices refuse a server's certificate that is valid for more than 825 days."""
RENEWED = timedelta(days=30)
"""So long before its end it is made anew."""

_FILE = "certificate.pem"


class CertificateProblem(Exception):
    """No certificate can be made or read here; one line that says why."""


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate with its key, in one file that only its owner reads."""

    file: Path
    fingerprint: str
    """SHA-256 as browsers show it: 32 pairs of hex digits with colons"""
    new: bool
    """just made: browsers that knew the one before it warn again"""


def certificate_folder() -> Path:
    """Beside what the app keeps, and not in it: "delete everything" must not lock every phone out."""
    kept = store_folder()
    return kept.with_name(f"{kept.name}-https")


def certificate_for(hosts: Sequence[str], *, folder: Path, now: datetime | None = None) -> Certificate:
    """The kept certificate while it is valid for all hosts (names or addresses), else a new one.

    Raises CertificateProblem.
    """
    now = now or datetime.now(UTC)
    wanted = frozenset([*hosts, "localhost", "127.0.0.1", socket.gethostname()])
    path = folder / _FILE
    try:
        kept = _kept(path)
        if kept is not None and _still_good(kept, wanted, now):
            return Certificate(file=path, fingerprint=_fingerprint(kept), new=False)
        made, key = _made(wanted, now)
        _write(path, made, key)
    except (OSError, ValueError, ImportError) as problem:
        raise CertificateProblem(f"no certificate can be kept at {path}: {first_line(problem)}") from problem
    return Certificate(file=path, fingerprint=_fingerprint(made), new=True)


def _kept(path: Path) -> "x509.Certificate | None":
    """What is there; what cannot be read as one is replaced."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        text = path.read_bytes()
        found, key = x509.load_pem_x509_certificate(text), load_pem_private_key(text, password=None)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return found if found.public_key() == key.public_key() else None


def _still_good(found: "x509.Certificate", wanted: frozenset[str], now: datetime) -> bool:
    from cryptography import x509

    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    held = {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}
    return wanted <= held and found.not_valid_before_utc <= now < found.not_valid_after_utc - RENEWED


def _made(hosts: frozenset[str], now: datetime) -> "tuple[x509.Certificate, EllipticCurvePrivateKey]":
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "SkinTag Edge on this computer")])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # a phone's clock may be behind
        .not_valid_after(now + VALID)
        .add_extension(x509.SubjectAlternativeName([_named(host) for host in sorted(hosts)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False)
        .sign(key, SHA256())
    )
    return made, key


def _named(host: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(path: Path, made: "x509.Certificate", key: "EllipticCurvePrivateKey") -> None:
    """Whole or not at all, and never for a moment to be read by another account."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with written_whole(path, mode=0o600) as file:
        file.write_bytes(secret + made.public_bytes(Encoding.PEM))


def _fingerprint(found: "x509.Certificate") -> str:
    from cryptography.hazmat.primitives.hashes import SHA256

    return found.fingerprint(SHA256()).hex(":").upper()
