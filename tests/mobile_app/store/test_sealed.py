"""Sealed stores: nothing readable on the disk, and a wrong key is told, never answered with garbage."""

import io
import sqlite3
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mobile_app.body import Place, Region
from mobile_app.store import AesGcm, Plain, Store, StoreError

pytest.importorskip("cryptography")

KEY, OTHER = b"k" * 32, b"o" * 32
REPORT = {"tier": "TOPSECRET report"}


def noise() -> bytes:
    out = io.BytesIO()
    Image.effect_noise((120, 90), 80).save(out, format="PNG")
    return out.getvalue()


def fill(store: Store) -> str:
    """One of everything; the shot's id."""
    lesion = store.add_lesion(name="TOPSECRET name", place=Place(region=Region.EAR), notes="TOPSECRET notes")
    shot = store.add_shot(lesion.id, photo=noise(), report=REPORT, answers={"TOPSECRET answer": True})
    store.set_setting("doctor", "TOPSECRET setting")
    return shot.id


def chunks(content: bytes, size: int = 16) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content) - size, size)]


def test_no_file_holds_a_word_or_a_piece_of_a_photo(tmp_path: Path) -> None:
    with Store(tmp_path, cipher=AesGcm(KEY)) as store:
        shot_id = fill(store)
        pictures = store.photo(shot_id), store.thumbnail(shot_id)
    kept = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
    assert len(kept) >= 3
    for content in kept:
        assert b"TOPSECRET" not in content
        assert not [piece for picture in pictures for piece in chunks(picture) if piece in content]


def test_the_same_key_opens_it_again(tmp_path: Path) -> None:
    with Store(tmp_path, cipher=AesGcm(KEY)) as store:
        shot_id = fill(store)
        photo = store.photo(shot_id)
    with Store(tmp_path, cipher=AesGcm(KEY)) as store:
        (lesion,) = store.lesions(search="topsecret NOTES", region=Region.EAR)
        assert lesion.name == "TOPSECRET name"
        assert store.shots(lesion.id)[0].report == REPORT
        assert store.photo(shot_id) == photo
        assert Image.open(io.BytesIO(store.thumbnail(shot_id))).size == (120, 90)
        assert store.setting("doctor") == "TOPSECRET setting"


@pytest.mark.parametrize(
    ("made", "opened", "told"),
    [
        (AesGcm(KEY), AesGcm(OTHER), "this key does not open"),
        (AesGcm(KEY), Plain(), "its key is needed"),
        (Plain(), AesGcm(KEY), "not sealed"),
    ],
)
def test_another_cipher_is_refused_and_nothing_is_lost(
    tmp_path: Path, made: AesGcm | Plain, opened: AesGcm | Plain, told: str
) -> None:
    with Store(tmp_path, cipher=made) as store:
        shot_id = fill(store)
    with pytest.raises(StoreError, match=told):
        Store(tmp_path, cipher=opened)
    with Store(tmp_path, cipher=made) as store:
        assert store.photo(shot_id)


def test_a_store_that_was_emptied_is_still_for_its_key(tmp_path: Path) -> None:
    with Store(tmp_path, cipher=AesGcm(KEY)) as store:
        fill(store)
        store.delete_all()
    with pytest.raises(StoreError, match="its key is needed"):
        Store(tmp_path)


def test_a_mark_that_says_plain_does_not_turn_sealed_bytes_into_answers(tmp_path: Path) -> None:
    with Store(tmp_path, cipher=AesGcm(KEY)) as store:
        fill(store)
    with sqlite3.connect(tmp_path / "store.sqlite3") as database:
        database.execute("UPDATE mark SET sealed = 0")
    database.close()
    with pytest.raises(StoreError, match="does not open"):
        Store(tmp_path)


def test_one_changed_byte_of_a_photo_or_a_name_is_told(tmp_path: Path) -> None:
    with Store(tmp_path, cipher=AesGcm(KEY)) as store:
        shot_id = fill(store)
    path = tmp_path / "photos" / shot_id
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with sqlite3.connect(tmp_path / "store.sqlite3") as database:
        database.execute("UPDATE lesion SET name = zeroblob(40)")
    database.close()
    with Store(tmp_path, cipher=AesGcm(KEY)) as store:
        with pytest.raises(StoreError, match="changed"):
            store.photo(shot_id)
        with pytest.raises(StoreError, match="changed"):
            store.lesions()


@given(content=st.binary(max_size=200), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_what_is_sealed_opens_and_any_changed_bit_does_not(content: bytes, at: int, bit: int) -> None:
    cipher = AesGcm(KEY)
    sealed = cipher.seal(content)
    assert cipher.open(sealed) == content
    assert cipher.seal(content) != sealed  # a fresh nonce each time
    changed = bytearray(sealed)
    changed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(StoreError):
        cipher.open(bytes(changed))
    with pytest.raises(StoreError):
        cipher.open(sealed[: at % len(sealed)])


@pytest.mark.parametrize("length", [0, 16, 31, 33])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 are needed"):
        AesGcm(b"k" * length)


def test_without_the_package_sealing_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.ciphers.aead", None)
    with pytest.raises(StoreError, match="the package cryptography is missing"):
        AesGcm(KEY)
