"""Who made a bundle: an Ed25519 signature (RFC 8032) over its manifest, which holds the sha256 of every file.

The checksums inside a bundle tell damage; only a signature tells a forger, and only to someone who has the maker's
public key from elsewhere. `cryptography` does the mathematics; it is asked for only when a key is given, and where the
device has no such package a bundle that should be verified is refused.
"""

import base64
import binascii
from importlib import import_module
from pathlib import Path

from runtime.errors import BundleError

SIGNATURE_NAME = "manifest.sig"

_BYTES = 64
"""Of an Ed25519 signature."""


def signed_text(manifest: bytes) -> bytes:
    """What is signed: the manifest with plain line ends, which a checkout on Windows may have changed."""
    return manifest.replace(b"\r\n", b"\n")


def verify_signature(folder: Path, manifest: bytes, *, public_key: Path) -> None:
    """Raises BundleError unless `manifest.sig` in the folder is the key's signature of these bytes."""
    signature = _read_signature(folder / SIGNATURE_NAME)
    try:
        serialization = import_module("cryptography.hazmat.primitives.serialization")
        ed25519 = import_module("cryptography.hazmat.primitives.asymmetric.ed25519")
        invalid = import_module("cryptography.exceptions").InvalidSignature
    except ImportError as error:
        raise BundleError(f"{folder}: cannot be verified here; install the package cryptography") from error
    try:
        key = serialization.load_pem_public_key(public_key.read_bytes())
    except OSError as error:
        raise BundleError(f"{public_key}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise BundleError(f"{public_key}: not a public key in PEM form") from error
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise BundleError(f"{public_key}: not an Ed25519 key")
    try:
        key.verify(signature, signed_text(manifest))  # pyright: ignore[reportUnknownMemberType]
    except invalid as error:
        raise BundleError(f"{folder}: not signed by the owner of {public_key.name}; get the bundle again") from error


def _read_signature(path: Path) -> bytes:
    try:
        text = path.read_bytes()
    except FileNotFoundError as error:
        raise BundleError(f"{path.parent}: not signed (no {path.name}), and a public key was given") from error
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        signature = base64.b64decode(text.strip(), validate=True)
    except binascii.Error as error:
        raise BundleError(f"{path}: damaged (not base64)") from error
    if len(signature) != _BYTES:
        raise BundleError(f"{path}: damaged ({len(signature)} bytes, a signature has {_BYTES})")
    return signature
