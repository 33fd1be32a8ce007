"""What the user has set: kept as plain values, read back with care."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from mobile_app.locales import LANGUAGES
from runtime.answer.locales import DEFAULT_LANGUAGE

TEXT_SCALES = (1.0, 1.3, 1.6, 2.0)
"""Sizes to choose from; the last is what accessibility guidelines ask for (WCAG 2.2, 1.4.4)."""


class Theme(StrEnum):
    """Light, dark, or what the device has."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """Every setting with its default."""

    language: str = DEFAULT_LANGUAGE
    theme: Theme = Theme.SYSTEM
    text_scale: float = 1.0
    keep_photos: bool = True
    introduced: bool = False
    """whether the introduction has been seen or skipped"""

    def with_language(self, code: str) -> "Preferences":
        """In the nearest language there is: `pt-BR` gives Portuguese, an unknown one changes nothing."""
        short = code.replace("_", "-").split("-")[0].lower()
        return replace(self, language=short) if short in LANGUAGES else self


def to_values(preferences: Preferences) -> dict[str, Any]:
    """For the store: JSON values."""
    return asdict(preferences)


def from_values(values: Mapping[str, Any]) -> Preferences:
    """What was kept; whatever is missing, unknown or no longer possible has its default."""
    found: dict[str, Any] = {}
    for name, possible in _POSSIBLE.items():
        # By list and not by set: what was kept may be anything that JSON can say, a list included.
        matching = [value for value in possible if value == values.get(name) and _alike(value, values.get(name))]
        if matching:
            found[name] = matching[0]
    return Preferences(**found)


_POSSIBLE: Mapping[str, tuple[Any, ...]] = {
    "language": tuple(LANGUAGES),
    "theme": tuple(Theme),
    "text_scale": TEXT_SCALES,
    "keep_photos": (False, True),
    "introduced": (False, True),
}


def _alike(value: object, kept: object) -> bool:
    """In Python True is 1, and so would be a text size."""
    return isinstance(value, bool) == isinstance(kept, bool)
