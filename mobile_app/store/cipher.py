"""Sealing what is kept: a cipher turns bytes into bytes that only the same key opens.

Where the key lives is the caller's business (`device/vault.py`: the device's key store); this file only uses it.
"""

import os
from importlib import import_module
from typing import Protocol

from mobile_app.store.errors import StoreError, Trouble

KEY_BYTES = 32  # AES-256
_NONCE_BYTES = 12  # what GCM is made for; random ones may repeat after some four billion seals, far beyond any album


class Cipher(Protocol):
    """Seals bytes and opens them again. `open` raises StoreError for a wrong key or a changed byte."""

    def seal(self, content: bytes, /) -> bytes: ...

    def open(self, sealed: bytes, /) -> bytes: ...


class Plain:
    """No sealing: the device's own encryption and lock are all there is."""

    def seal(self, content: bytes, /) -> bytes:
        return content

    def open(self, sealed: bytes, /) -> bytes:
        return sealed


class AesGcm:
    """AES-256-GCM with a 32-byte key: a random nonce in front, a tag behind, so that no change goes unseen.

    Raises StoreError where the package cryptography cannot be loaded, ValueError for a key of another length.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the key has {len(key)} bytes; {KEY_BYTES} are needed")
        try:
            # Not at import: the first frame does not wait for it.
            aead = import_module("cryptography.hazmat.primitives.ciphers.aead")
            self._forged: type[Exception] = import_module("cryptography.exceptions").InvalidTag
        except ImportError as error:
            raise StoreError(
                "nothing can be sealed here: the package cryptography is missing", reason=Trouble.CANNOT_SEAL
            ) from error
        self._box = aead.AESGCM(key)

    def seal(self, content: bytes, /) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._box.encrypt(nonce, content, None)

    def open(self, sealed: bytes, /) -> bytes:
        try:
            return self._box.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None)
        except (self._forged, ValueError) as error:  # ValueError: too short to hold a nonce
            raise StoreError("the key does not open this, or it was changed", reason=Trouble.WRONG_KEY) from error
