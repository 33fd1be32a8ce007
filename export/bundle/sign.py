"""Signing a bundle with Ed25519, so that a device can tell whose it is (`runtime.bundle.signature` verifies)."""

import base64
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from runtime.bundle.load import MANIFEST_NAME, SIGNATURE_NAME, read_manifest
from runtime.bundle.signature import signed_text
from runtime.errors import SkintagError
from runtime.files import written_whole

PRIVATE_NAME, PUBLIC_NAME = "skintag-private.pem", "skintag-public.pem"


class SignError(SkintagError):
    """A key or bundle that cannot be used; the message says why."""


def make_keys(folder: Path) -> tuple[Path, Path]:
    """A new key pair as two PEM files, the private one readable by its owner only. Existing ones are left alone."""
    private, public = folder / PRIVATE_NAME, folder / PUBLIC_NAME
    taken = [path for path in (private, public) if path.exists()]
    if taken:
        raise SignError(f"{taken[0]}: exists already; choose another folder")
    key = Ed25519PrivateKey.generate()
    folder.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def sign_bundle(folder: Path, *, key: Path) -> Path:
    """Write `manifest.sig` beside a sound manifest. Raises SignError or BundleError."""
    read_manifest(folder)
    signature = _private_key(key).sign(signed_text((folder / MANIFEST_NAME).read_bytes()))
    with written_whole(folder / SIGNATURE_NAME) as partial:
        partial.write_bytes(base64.b64encode(signature) + b"\n")
    return folder / SIGNATURE_NAME


def _private_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise SignError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, TypeError) as error:
        raise SignError(f"{path}: not a private key in PEM form without a password") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SignError(f"{path}: not an Ed25519 key; `python -m export keys` makes one")
    return key
