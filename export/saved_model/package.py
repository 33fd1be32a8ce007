"""A SavedModel as one file: a zip of its folder."""

import io
import json
import zipfile

from export.workshop.zipped import zipped
from runtime.errors import EngineError

METADATA_NAME = "assets.extra/skintag.json"
GRAPH_NAME = "saved_model.pb"


def unpacked(data: bytes) -> dict[str, bytes]:
    """Files by their path. Raises EngineError where the bytes are no zipped SavedModel."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            files = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    except (zipfile.BadZipFile, OSError, EOFError, RuntimeError, NotImplementedError, ValueError) as error:
        raise EngineError(f"SavedModel: damaged or no zip ({error})") from error
    outside = [name for name in files if name.startswith("/") or ".." in name.split("/") or "\\" in name]
    if outside:
        raise EngineError(f"SavedModel: {outside[0]!r} would lie outside its folder")
    if GRAPH_NAME not in files:
        raise EngineError(f"SavedModel: no {GRAPH_NAME} in the zip")
    return files


def saved_model_metadata(data: bytes) -> dict[str, str]:
    """What a file says of itself. Raises EngineError where it is no SavedModel, or says nothing."""
    try:
        return {str(key): str(value) for key, value in json.loads(unpacked(data)[METADATA_NAME]).items()}
    except (KeyError, ValueError, AttributeError) as error:
        raise EngineError(f"SavedModel: nothing readable in {METADATA_NAME}") from error


def labelled_saved_model(data: bytes, **label: str) -> bytes:
    """The same with more said of it. Raises EngineError."""
    said = {**saved_model_metadata(data), **label}
    return zipped({**unpacked(data), METADATA_NAME: json.dumps(said, ensure_ascii=False, indent=1).encode()})
