"""Which folder the app keeps its things in."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

_NAME = "skintag-edge"


def store_folder(
    *, environ: Mapping[str, str] = os.environ, platform: str = sys.platform, home: Path | None = None
) -> Path:
    """The app's own folder: what Flet names on a device, else the platform's place for what programs keep.

    The folder need not exist yet.
    """
    if on_device := environ.get("FLET_APP_STORAGE_DATA"):
        return Path(on_device)
    home = home or Path.home()
    if platform == "darwin":
        return home / "Library" / "Application Support" / _NAME
    if platform == "win32":
        return Path(environ.get("APPDATA") or home / "AppData" / "Roaming") / _NAME
    named = Path(environ.get("XDG_DATA_HOME", ""))
    # The XDG specification: a relative path in the variable is to be ignored.
    return (named if named.is_absolute() else home / ".local" / "share") / _NAME
