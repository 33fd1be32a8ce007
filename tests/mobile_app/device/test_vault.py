"""The key that the device holds, and what becomes of the store when the device does not give it."""

import asyncio
import base64
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mobile_app.device.keeping import OnDevice, PerVisit
from mobile_app.device.vault import NAME, VaultError, kept_key, new_key
from mobile_app.store import Store, is_sealed
from mobile_app.visit.session import Kept

pytest.importorskip("cryptography")


@dataclass
class Keystore:
    """The device's, with what goes wrong in it."""

    held: dict[str, str] = field(default_factory=dict)
    broken: bool = False
    forgets: bool = False
    writes: int = 0

    async def get(self, key: str, /) -> str | None:
        if self.broken:
            raise RuntimeError("the keyring is locked\nat line 1 of something")
        return self.held.get(key)

    async def set(self, key: str, value: str, /) -> None:
        self.writes += 1
        if not self.forgets:
            self.held[key] = value


class Silent:
    """A keystore that never answers."""

    async def get(self, key: str, /) -> str | None:
        await asyncio.Event().wait()
        raise AssertionError

    async def set(self, key: str, value: str, /) -> None:
        await asyncio.Event().wait()


def open_folder(folder: Path, keys: Keystore | None) -> Kept:
    """As a newly started app does it; closed again."""
    keeper = OnDevice(lambda: folder)
    kept = asyncio.run(keeper.open(keys))
    keeper.close_all()
    return kept


def test_a_key_is_made_once_and_stays_the_same() -> None:
    keys = Keystore()
    assert asyncio.run(kept_key(keys)) is None
    key = asyncio.run(new_key(keys))
    assert len(key) == 32
    assert asyncio.run(new_key(keys)) == key
    assert asyncio.run(kept_key(keys)) == key
    assert keys.writes == 1
    assert asyncio.run(new_key(Keystore())) != key


def test_a_keystore_that_forgets_what_it_was_given_is_not_trusted() -> None:
    with pytest.raises(VaultError, match="does not keep"):
        asyncio.run(new_key(Keystore(forgets=True)))


@pytest.mark.parametrize("text", ["", "not base64!", base64.b64encode(b"short").decode(), "é"])
def test_something_else_under_the_keys_name_is_no_key_and_is_not_overwritten(text: str) -> None:
    keys = Keystore(held={NAME: text})
    for ask in (kept_key, new_key):
        with pytest.raises(VaultError, match="no key of this app"):
            asyncio.run(ask(keys))
    assert keys.held == {NAME: text}


def test_a_keystore_that_does_not_answer_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(VaultError, match=r"does not answer \(the keyring is locked\)$"):
        asyncio.run(kept_key(Keystore(broken=True)))
    monkeypatch.setattr("mobile_app.device.vault._PATIENCE_S", 0.01)
    with pytest.raises(VaultError, match=r"does not answer \(TimeoutError\)$"):
        asyncio.run(kept_key(Silent()))


def test_what_begins_on_a_device_with_a_keystore_is_sealed_and_opens_again(tmp_path: Path) -> None:
    keys = Keystore()
    keeper = OnDevice(lambda: tmp_path)
    kept = asyncio.run(keeper.open(keys))
    assert kept.store is not None
    assert kept.sealed
    kept.store.add_lesion(name="TOPSECRET")
    keeper.close_all()
    assert is_sealed(tmp_path) is True
    assert b"TOPSECRET" not in (tmp_path / "store.sqlite3").read_bytes()
    again = OnDevice(lambda: tmp_path)
    reopened = asyncio.run(again.open(keys))
    assert reopened.store is not None
    assert [lesion.name for lesion in reopened.store.lesions()] == ["TOPSECRET"]
    again.close_all()


@pytest.mark.parametrize("keys", [None, Keystore(broken=True), Keystore(forgets=True)])
def test_without_a_keystore_it_is_kept_unsealed_and_stays_so(tmp_path: Path, keys: Keystore | None) -> None:
    first = open_folder(tmp_path, keys)
    assert first.store is not None
    assert not first.sealed
    later = open_folder(tmp_path, Keystore())
    assert later.store is not None
    assert not later.sealed


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        (Keystore(), "no longer has the key"),
        (Keystore(broken=True), "does not answer"),
        (Keystore(held={NAME: base64.b64encode(b"x" * 32).decode()}), "this key does not open"),
        (None, "its key is needed"),
    ],
)
def test_a_sealed_store_without_its_key_is_left_as_it_is_and_said(
    tmp_path: Path, keys: Keystore | None, reason: str
) -> None:
    sealed = Keystore()
    assert open_folder(tmp_path, sealed).sealed
    before = (tmp_path / "store.sqlite3").read_bytes()
    kept = open_folder(tmp_path, keys)
    assert kept.store is None
    assert reason in str(kept.problem)
    assert (tmp_path / "store.sqlite3").read_bytes() == before
    assert keys is None or keys.writes == 0, "a new key would take the place of one that may come back"
    assert open_folder(tmp_path, sealed).sealed


def test_beginning_anew_sets_aside_what_cannot_be_opened_and_deletes_nothing(tmp_path: Path) -> None:
    lost = Keystore()
    keeper = OnDevice(lambda: tmp_path)
    kept = asyncio.run(keeper.open(lost))
    assert kept.store is not None
    kept.store.add_lesion(name="before")
    keeper.close_all()

    keys = Keystore()
    keeper = OnDevice(lambda: tmp_path)
    assert asyncio.run(keeper.open(keys)).store is None
    anew = asyncio.run(keeper.begin_anew(keys))
    assert anew.store is not None
    assert anew.sealed
    assert anew.store.lesions() == []
    keeper.close_all()

    (aside,) = tmp_path.glob("unreadable-*")
    found = asyncio.run(OnDevice(lambda: aside).open(lost))
    assert found.store is not None
    assert [lesion.name for lesion in found.store.lesions()] == ["before"]
    found.store.close()


def test_no_key_is_made_while_another_window_has_the_store_open(tmp_path: Path) -> None:
    keys = Keystore()
    with Store(tmp_path):
        kept = asyncio.run(OnDevice(lambda: tmp_path).open(keys))
    assert kept.store is None
    assert "in use" in str(kept.problem)
    assert keys.writes == 0


def test_what_another_window_has_open_is_not_set_aside(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.add_lesion(name="in use")
        kept = asyncio.run(OnDevice(lambda: tmp_path).begin_anew(None))
        assert kept.store is None
        assert "in use" in str(kept.problem)
        assert [lesion.name for lesion in store.lesions()] == ["in use"]
    assert not list(tmp_path.glob("unreadable-*"))


def test_a_damaged_database_can_be_set_aside(tmp_path: Path) -> None:
    open_folder(tmp_path, None)
    (tmp_path / "store.sqlite3").write_bytes(b"not a database at all" * 400)
    keeper = OnDevice(lambda: tmp_path)
    assert asyncio.run(keeper.open(None)).store is None
    anew = asyncio.run(keeper.begin_anew(None))
    assert anew.store is not None
    keeper.close_all()


def test_a_visits_folder_is_sealed_with_a_key_that_is_written_nowhere() -> None:
    keeper = PerVisit()
    kept = asyncio.run(keeper.open(None))
    assert kept.store is not None
    kept.store.add_lesion(name="TOPSECRET")
    folder = kept.store.folder
    assert not [path for path in folder.rglob("*") if path.is_file() and b"TOPSECRET" in path.read_bytes()]
    keeper.close_all()
    assert not folder.exists()
