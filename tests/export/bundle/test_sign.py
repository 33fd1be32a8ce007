"""Signed bundles: made with the private key, verified with the public one, refused otherwise."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from plugin_bundles import MakeBundle

from export.bundle.sign import SignError, make_keys, sign_bundle
from runtime.bundle.load import MANIFEST_NAME, SIGNATURE_NAME, load_bundle, read_manifest, write_manifest
from runtime.errors import BundleError


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return make_keys(tmp_path / "keys")


@pytest.fixture
def signed(tiny_bundle: MakeBundle, keys: tuple[Path, Path], tmp_path: Path) -> Path:
    bundle = tiny_bundle(tmp_path)
    sign_bundle(bundle, key=keys[0])
    return bundle


def test_a_signed_bundle_loads_with_its_key_and_without(signed: Path, keys: tuple[Path, Path]) -> None:
    assert load_bundle(signed, public_key=keys[1]) == load_bundle(signed)


def test_the_private_key_is_for_its_owner_only(keys: tuple[Path, Path]) -> None:
    assert keys[0].stat().st_mode & 0o077 == 0
    with pytest.raises(SignError, match="exists already"):
        make_keys(keys[0].parent)


def test_windows_line_ends_do_not_break_a_signature(signed: Path, keys: tuple[Path, Path]) -> None:
    path = signed / MANIFEST_NAME
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    load_bundle(signed, public_key=keys[1])


def another_key(signed: Path, public: Path) -> Path:
    return make_keys(signed.parent / "others")[1]


def another_manifest(signed: Path, public: Path) -> Path:
    """A forger who renews the checksum, too."""
    manifest = read_manifest(signed)
    object.__setattr__(manifest, "model_id", "forged")
    write_manifest(signed, manifest)
    return public


def no_signature(signed: Path, public: Path) -> Path:
    (signed / SIGNATURE_NAME).unlink()
    return public


def damaged_signature(signed: Path, public: Path) -> Path:
    (signed / SIGNATURE_NAME).write_text("!")
    return public


def short_signature(signed: Path, public: Path) -> Path:
    (signed / SIGNATURE_NAME).write_text("QUJD")
    return public


def no_key(signed: Path, public: Path) -> Path:
    return public.with_name("nowhere.pem")


def no_pem(signed: Path, public: Path) -> Path:
    public.write_text("hello")
    return public


def rsa_key(signed: Path, public: Path) -> Path:
    key = generate_private_key(65537, 2048).public_key()
    public.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return public


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (another_key, "not signed by the owner of skintag-public.pem"),
        (another_manifest, "not signed by the owner"),
        (no_signature, "not signed \\(no manifest.sig\\)"),
        (damaged_signature, "damaged"),
        (short_signature, "3 bytes, a signature has 64"),
        (no_key, "cannot be read"),
        (no_pem, "not a public key in PEM form"),
        (rsa_key, "not an Ed25519 key"),
    ],
)
def test_what_is_not_signed_by_the_key_is_refused(
    change: Callable[[Path, Path], Path], words: str, signed: Path, keys: tuple[Path, Path]
) -> None:
    public = change(signed, keys[1])
    with pytest.raises(BundleError, match=words):
        load_bundle(signed, public_key=public)


def test_without_the_cipher_package_nothing_passes_as_verified(
    signed: Path, keys: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    with pytest.raises(BundleError, match="install the package cryptography"):
        load_bundle(signed, public_key=keys[1])
    load_bundle(signed)


def test_keys_that_cannot_sign_are_named(tiny_bundle: MakeBundle, tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path)
    path = tmp_path / "key.pem"
    for content, words in (
        (b"hello", "not a private key"),
        (
            generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "not an Ed25519 key",
        ),
    ):
        path.write_bytes(content)
        with pytest.raises(SignError, match=words):
            sign_bundle(bundle, key=path)
    with pytest.raises(SignError, match="cannot be read"):
        sign_bundle(bundle, key=tmp_path / "none.pem")
    assert not (bundle / SIGNATURE_NAME).exists()


def test_a_damaged_bundle_is_not_signed(tiny_bundle: MakeBundle, keys: tuple[Path, Path], tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(tiny_bundle(tmp_path), tmp_path / "copy"))
    path = bundle / MANIFEST_NAME
    path.write_bytes(path.read_bytes().replace(b"tiny", b"tinz"))
    with pytest.raises(BundleError):
        sign_bundle(bundle, key=keys[0])
