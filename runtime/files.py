"""Writing a file whole or not at all, with what every device has."""

import json
import math
import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast


@contextmanager
def written_whole(path: Path, *, mode: int = 0o644) -> Generator[Path]:
    """A file beside `path` to write to; it is on the disk and takes the place of `path` when all went well.

    What was there stays until then, and nothing is left of a failure. Raises OSError.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name[:40], suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())  # before the new name, or a power cut could leave it on an empty file
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, content: Any) -> None:
    """Indented JSON with a newline at the end; what is not known (NaN) is null there. Raises OSError."""
    with written_whole(path) as partial:
        partial.write_text(json_text(content, indent=2) + "\n")


def json_text(content: Any, *, indent: int | None = None) -> str:
    """JSON that every reader takes: NaN and infinities, for which JSON has no word, become null."""
    return json.dumps(_known(content), indent=indent, allow_nan=False)


def _known(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _known(own) for key, own in cast(dict[Any, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_known(own) for own in cast(list[Any], value)]
    return value
