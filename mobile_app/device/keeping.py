"""Where a session's spots are kept: on this device for good, or in a folder that goes when the page is closed."""

import logging
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mobile_app.device.vault import KeyPlace, VaultError, kept_key, new_key
from mobile_app.store import AesGcm, Cipher, Plain, Store, StoreError, Trouble, is_sealed, set_aside, store_folder
from mobile_app.store.cipher import KEY_BYTES
from mobile_app.visit.session import Kept

log = logging.getLogger(__name__)


class Keeper(Protocol):
    """Gives each session its store."""

    async def open(self, keys: KeyPlace | None = None) -> Kept:
        """`keys`: where the device holds keys; None where the app has no such place."""
        ...

    async def begin_anew(self, keys: KeyPlace | None = None) -> Kept:
        """An empty store in place of one that cannot be opened, which is set aside."""
        ...

    def close(self, kept: Kept) -> None:
        """A session has ended."""
        ...

    def close_all(self) -> None:
        """The program ends."""
        ...


class OnDevice:
    """One folder for every session of the program, as one process has it open at a time.

    It is sealed from its beginning where the device can hold a key. A folder that cannot be opened leaves an app that
    judges photos; the next session tries again.
    """

    def __init__(self, folder: Callable[[], Path] = store_folder, *, shared: bool = False) -> None:
        """`shared`: the folder of a page, seen by everyone who opens it."""
        self._folder = folder
        self._shared = shared
        self._lock = threading.Lock()
        self._store: Store | None = None
        self._sealed = False

    async def open(self, keys: KeyPlace | None = None) -> Kept:
        try:
            cipher = Plain() if self._store is not None else await _cipher(self._folder(), keys)
            return self._open(cipher)
        except (StoreError, VaultError) as problem:
            return Kept(store=None, problem=problem)

    async def begin_anew(self, keys: KeyPlace | None = None) -> Kept:
        try:
            if self._store is None:
                set_aside(self._folder())
        except StoreError as problem:
            return Kept(store=None, problem=problem)
        return await self.open(keys)

    def close(self, kept: Kept) -> None:
        """Others may have it open, and so may this person again in a moment."""

    def close_all(self) -> None:
        if self._store is not None:
            self._store.close()

    def _open(self, cipher: Cipher) -> Kept:
        with self._lock:
            if self._store is None:
                self._store = Store(self._folder(), cipher=cipher)
                self._sealed = not isinstance(cipher, Plain)
            return Kept(store=self._store, sealed=self._sealed, shared=self._shared)


async def _cipher(folder: Path, keys: KeyPlace | None) -> Cipher:
    """Sealed as it was begun; what begins now is sealed where that is possible. Raises VaultError."""
    if keys is None:
        return Plain()
    sealed = is_sealed(folder)
    if sealed is False:
        return Plain()
    if sealed:
        key = await kept_key(keys)
        if key is None:
            raise VaultError(
                "what is kept is encrypted, and this device no longer has the key", reason=Trouble.KEY_LOST
            )
        return AesGcm(key)
    try:
        return AesGcm(await new_key(keys))
    except (VaultError, StoreError) as problem:
        log.warning("what is kept will not be encrypted by the app: %s", problem)
        return Plain()


class PerVisit:
    """A page for several people: each visit has a folder of its own that nobody else sees, gone when it ends.

    It is sealed with a key that is nowhere but in this program's memory, so that not even a power cut leaves photos.
    """

    def __init__(self) -> None:
        self._stores: list[Store] = []

    async def open(self, keys: KeyPlace | None = None) -> Kept:
        folder = Path(tempfile.mkdtemp(prefix="skintag-visit-"))
        try:
            cipher = _passing_cipher()
            store = Store(folder, cipher=cipher)
        except StoreError as problem:
            shutil.rmtree(folder, ignore_errors=True)
            return Kept(store=None, problem=problem, session_only=True)
        self._stores.append(store)
        return Kept(store=store, session_only=True, sealed=not isinstance(cipher, Plain))

    async def begin_anew(self, keys: KeyPlace | None = None) -> Kept:
        return await self.open(keys)

    def close(self, kept: Kept) -> None:
        if kept.store in self._stores:
            self._stores.remove(kept.store)
            kept.store.close()
            shutil.rmtree(kept.store.folder, ignore_errors=True)

    def close_all(self) -> None:
        for store in list(self._stores):
            self.close(Kept(store=store, session_only=True))


def _passing_cipher() -> Cipher:
    try:
        return AesGcm(secrets.token_bytes(KEY_BYTES))
    except StoreError:  # without the library the folder is still nobody else's
        return Plain()
