"""A bundle on disk: a folder with `manifest.json` and the model files it names, all verified before use."""

import hashlib
import stat
from dataclasses import dataclass, field
from pathlib import Path

from runtime.bundle.manifest import (
    MANIFEST_NAME,
    Calibration,
    Figure,
    Frames,
    GroupAssurance,
    InputSpec,
    Manifest,
    ModelFile,
    OperatingPoints,
    PredictionSets,
    Prevalence,
)
from runtime.bundle.signature import SIGNATURE_NAME, verify_signature
from runtime.errors import BundleError
from runtime.files import written_whole

__all__ = [
    "DEFAULT_BUNDLE",
    "MANIFEST_NAME",
    "SIGNATURE_NAME",
    "Bundle",
    "Calibration",
    "Figure",
    "Frames",
    "GroupAssurance",
    "InputSpec",
    "Manifest",
    "ModelFile",
    "OperatingPoints",
    "PredictionSets",
    "Prevalence",
    "load_bundle",
    "read_manifest",
    "sha256_of",
    "verified",
    "write_manifest",
]

DEFAULT_BUNDLE = Path(__file__).parents[1] / "default_bundle"
"""The bundle inside the package, used where no other is named."""

_MAX_MANIFEST_BYTES = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A verified bundle and the bytes of the one model file that will run."""

    folder: Path
    manifest: Manifest
    file: ModelFile
    model: bytes = field(repr=False)
    """The very bytes whose sha256 was checked; the file on disk is not read again."""


def load_bundle(folder: Path | None = None, *, file: str | None = None, public_key: Path | None = None) -> Bundle:
    """Read and verify a bundle: the manifest, then the size and sha256 of every file it names.

    `folder` None is the bundle inside the package. `file` names the model file to run; without it the first ONNX
    file of the manifest does. `public_key`: a PEM file; a bundle that its owner did not sign is then refused. Raises
    BundleError.
    """
    folder = _existing(folder)
    manifest = read_manifest(folder, public_key=public_key)
    chosen = _choose(manifest, file=file, folder=folder)
    contents = {listed.name: verified(folder, listed) for listed in manifest.files}
    return Bundle(folder=folder, manifest=manifest, file=chosen, model=contents[chosen.name])


def read_manifest(folder: Path, *, public_key: Path | None = None) -> Manifest:
    """The manifest of a bundle folder, every field checked, and its signature where a key is given.

    The model files are not looked at. Raises BundleError.
    """
    path = folder / MANIFEST_NAME
    data = _read(path, limit=_MAX_MANIFEST_BYTES)
    if public_key is not None:
        verify_signature(folder, data, public_key=public_key)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BundleError(f"{path}: damaged (not UTF-8 text)") from error
    return Manifest.from_json(text, where=str(path))


def write_manifest(folder: Path, manifest: Manifest) -> Path:
    """Write `manifest.json`, whole or not at all, after reading its text back once. Raises BundleError."""
    text = manifest.to_json()
    Manifest.from_json(text, where=str(folder / MANIFEST_NAME))
    with written_whole(folder / MANIFEST_NAME) as partial:
        partial.write_bytes(text.encode())
    return folder / MANIFEST_NAME


def sha256_of(path: Path) -> str:
    """The sha256 of a file as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _existing(folder: Path | None) -> Path:
    chosen = DEFAULT_BUNDLE if folder is None else Path(folder)
    if (chosen / MANIFEST_NAME).is_file():
        return chosen
    if folder is None:
        raise BundleError(
            f"no model inside this installation ({chosen} has no {MANIFEST_NAME}); name one with --bundle"
        )
    raise BundleError(f"{chosen}: not a bundle folder (no {MANIFEST_NAME} in it)")


def _choose(manifest: Manifest, *, file: str | None, folder: Path) -> ModelFile:
    runnable = [listed for listed in manifest.files if listed.format == "onnx"]
    names = [listed.name for listed in runnable]
    if file is not None and file not in names:
        raise BundleError(f"{folder}: no ONNX file {file!r} in the manifest (there is: {', '.join(names) or 'none'})")
    if not runnable:
        raise BundleError(f"{folder}: the manifest names no ONNX file, the only format this program runs")
    return runnable[0] if file is None else runnable[names.index(file)]


def verified(folder: Path, listed: ModelFile) -> bytes:
    """The bytes of a file of a bundle, after its size and sha256 were checked. Raises BundleError."""
    path = folder / listed.name
    data = _read(path, limit=listed.bytes)
    if len(data) != listed.bytes:
        raise BundleError(f"{path}: damaged ({len(data)} bytes, the manifest says {listed.bytes})")
    if hashlib.sha256(data).hexdigest() != listed.sha256:
        raise BundleError(f"{path}: damaged (its sha256 is not the manifest's); get the bundle again")
    return data


def _read(path: Path, *, limit: int) -> bytes:
    """At most limit + 1 bytes of a regular file."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise BundleError(f"{path}: not a regular file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError as error:
        raise BundleError(f"{path}: missing") from error
    except OSError as error:
        raise BundleError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) > limit:
        raise BundleError(f"{path}: damaged (larger than {limit} bytes)")
    return data
