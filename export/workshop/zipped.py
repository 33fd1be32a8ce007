"""A folder as one file that is the same each time: entries in order, without times, stored."""

import io
import zipfile
from collections.abc import Mapping

_FIXED_TIME = (1980, 1, 1, 0, 0, 0)
"""The earliest that a zip can say."""


def zipped(files: Mapping[str, bytes]) -> bytes:
    """Files by their path in the folder. Stored: other zlib versions pack differently."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", compression=zipfile.ZIP_STORED) as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, date_time=_FIXED_TIME)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # Unix, rw-r--r--
            archive.writestr(entry, content)
    return packed.getvalue()
