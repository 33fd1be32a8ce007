"""The certificate that a computer makes for itself: kept, private, for the addresses that are printed."""

import ssl
import stat
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from mobile_app.serving.certificate import RENEWED, VALID, CertificateProblem, certificate_folder, certificate_for
from mobile_app.store import store_folder

HOSTS = ("192.0.2.7", "fd00::7", "clinic.example")
NOW = datetime(2026, 11, 1, tzinfo=UTC)


def held(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_it_stays_the_same_between_starts(tmp_path: Path) -> None:
    first = certificate_for(HOSTS, folder=tmp_path / "https", now=NOW)
    again = certificate_for(HOSTS[:1], folder=tmp_path / "https", now=NOW + timedelta(days=300))
    assert (first.new, again.new) == (True, False)
    assert first.fingerprint == again.fingerprint


def test_it_is_for_the_printed_addresses_and_its_fingerprint_is_the_one_a_browser_shows(tmp_path: Path) -> None:
    made = certificate_for(HOSTS, folder=tmp_path, now=NOW)
    names = held(made.file).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    said = {*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))}
    assert said >= {*HOSTS, "localhost", "127.0.0.1"}
    assert bytes.fromhex(made.fingerprint.replace(":", "")) == held(made.file).fingerprint(SHA256())
    assert len(made.fingerprint) == 95
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.file)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps rights otherwise")
def test_nobody_else_reads_the_key(tmp_path: Path) -> None:
    made = certificate_for(HOSTS, folder=tmp_path / "https", now=NOW)
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.file.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("later", [VALID - RENEWED, VALID + timedelta(days=9)])
def test_one_that_ends_is_made_anew(tmp_path: Path, later: timedelta) -> None:
    first = certificate_for(HOSTS, folder=tmp_path, now=NOW)
    second = certificate_for(HOSTS, folder=tmp_path, now=NOW + later)
    assert second.new
    assert second.fingerprint != first.fingerprint


def test_a_new_address_asks_for_a_new_one(tmp_path: Path) -> None:
    certificate_for(HOSTS, folder=tmp_path, now=NOW)
    assert certificate_for(["192.0.2.8"], folder=tmp_path, now=NOW).new


@pytest.mark.parametrize("rubbish", [b"", b"not a certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_what_cannot_be_read_is_replaced(tmp_path: Path, rubbish: bytes) -> None:
    (tmp_path / "certificate.pem").write_bytes(rubbish)
    assert certificate_for(HOSTS, folder=tmp_path, now=NOW).new
    assert not certificate_for(HOSTS, folder=tmp_path, now=NOW).new


def test_half_of_it_is_replaced(tmp_path: Path) -> None:
    whole = certificate_for(HOSTS, folder=tmp_path, now=NOW).file
    whole.write_bytes(held(whole).public_bytes(Encoding.PEM))
    assert certificate_for(HOSTS, folder=tmp_path, now=NOW).new


def test_where_nothing_can_be_kept_it_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "https").write_text("a file, no folder")
    with pytest.raises(CertificateProblem, match="no certificate can be kept") as refused:
        certificate_for(HOSTS, folder=tmp_path / "https", now=NOW)
    assert "\n" not in str(refused.value)


def test_deleting_everything_that_is_kept_does_not_take_it() -> None:
    assert store_folder() not in [certificate_folder(), *certificate_folder().parents]
