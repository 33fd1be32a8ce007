"""The key that seals what is kept: made once, held by the device (Keychain, Keystore, Credential Manager, libsecret).

A hiccup must never lose a key: one is made only where nothing is sealed yet, it is read back before anything is sealed
with it, and a device that does not answer is not taken for one that has no key.
"""

import asyncio
import base64
import binascii
import secrets
from collections.abc import Awaitable
from typing import Protocol

from mobile_app.store import Trouble
from mobile_app.store.cipher import KEY_BYTES
from runtime.errors import first_line

NAME = "skintag-edge-store-key"
_PATIENCE_S = 5.0
"""A desktop may be asking its user to unlock the keyring; the app's first frame does not wait longer."""


class KeyPlace(Protocol):
    """What is needed of `flet_secure_storage.SecureStorage`. Each method may raise whatever the platform raises."""

    async def get(self, key: str, /) -> str | None: ...

    async def set(self, key: str, value: str, /) -> None: ...


class VaultError(Exception):
    """The device's key store does not answer, or with something that is no key of this app."""

    def __init__(self, message: str, *, reason: Trouble) -> None:
        super().__init__(message)
        self.reason = reason


async def kept_key(place: KeyPlace) -> bytes | None:
    """The key that is there; None where there is none. Raises VaultError."""
    return _key(await _answer(place.get(NAME)))


async def new_key(place: KeyPlace) -> bytes:
    """The key that is there, or a new one, once the device has shown that it keeps it. Raises VaultError."""
    there = await kept_key(place)
    if there is not None:
        return there
    key = secrets.token_bytes(KEY_BYTES)
    await _answer(place.set(NAME, base64.b64encode(key).decode()))
    if await kept_key(place) != key:
        raise VaultError("the device does not keep the key that it was given", reason=Trouble.KEYS_SILENT)
    return key


async def _answer[Answer](asked: Awaitable[Answer]) -> Answer:
    try:
        return await asyncio.wait_for(asked, _PATIENCE_S)
    except Exception as problem:  # no keyring, a locked one, an old device: the platforms raise what they like
        raise VaultError(
            f"the device's key store does not answer ({first_line(problem)})", reason=Trouble.KEYS_SILENT
        ) from problem


def _key(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise VaultError(
            "what the device's key store holds is no key of this app", reason=Trouble.KEYS_FOREIGN
        ) from problem
    if len(key) != KEY_BYTES:
        raise VaultError("what the device's key store holds is no key of this app", reason=Trouble.KEYS_FOREIGN)
    return key
