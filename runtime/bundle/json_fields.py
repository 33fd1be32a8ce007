"""Reading JSON that may be damaged: every value is checked, every complaint says where it stands.

A bundle's manifest decides who is told "low", so nothing in it is taken on trust. Written by hand because the device
carries no schema library.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Never, cast

from runtime.errors import BundleError


class Fields:
    """One JSON object. Each method takes a key, checks the value's type and range, and raises BundleError."""

    def __init__(self, value: object, *, where: str) -> None:
        self.where = where
        if not isinstance(value, dict):
            self.fail("is not a JSON object")
        self._values = cast(dict[str, Any], value)
        self._read: set[str] = set()

    def fail(self, what: str) -> Never:
        """Raise BundleError about this object."""
        raise BundleError(f"{self.where}: {what}")

    def text(self, key: str) -> str:
        """A non-empty string."""
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            self.fail(f"{key!r} must be a text, not {_short(value)}")
        return value

    def string(self, key: str) -> str:
        """A string that may be empty."""
        value = self._take(key)
        if not isinstance(value, str):
            self.fail(f"{key!r} must be a text, not {_short(value)}")
        return value

    def one_of(self, key: str, allowed: tuple[str, ...]) -> str:
        value = self.text(key)
        if value not in allowed:
            self.fail(f"{key!r} must be one of {', '.join(allowed)}, not {_short(value)}")
        return value

    def flag(self, key: str) -> bool:
        value = self._take(key)
        if not isinstance(value, bool):
            self.fail(f"{key!r} must be true or false, not {_short(value)}")
        return value

    def integer(self, key: str, *, low: int, high: int) -> int:
        value = self._take(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fail(f"{key!r} must be an integer from {low} to {high}, not {_short(value)}")
        return value

    def number(self, key: str, *, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number in [low, high]."""
        value = self._take(key)
        number = _as_float(value)
        if not (math.isfinite(number) and low <= number <= high):
            self.fail(f"{key!r} must be a number from {low} to {high}, not {_short(value)}")
        return number

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            self.fail(f"{key!r} must be a list of texts")
        return tuple(cast(list[str], values))

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list of finite numbers."""
        values = tuple(_as_float(value) for value in self._list(key))
        if not all(map(math.isfinite, values)):
            self.fail(f"{key!r} must be a list of numbers")
        return values

    def objects(self, key: str) -> "list[Fields]":
        return [Fields(value, where=f"{self.where}, {key}[{i}]") for i, value in enumerate(self._list(key))]

    def child(self, key: str) -> "Fields":
        return Fields(self._take(key), where=f"{self.where}, {key}")

    def optional[T](self, key: str, read: Callable[[str], T]) -> T | None:
        """None where the value is null, else what `read` makes of the key. The key itself must be there."""
        return None if self._take(key) is None else read(key)

    def mapping[T](self, key: str, read: "Callable[[Fields, str], T]") -> dict[str, T]:
        """An object with free keys and values of one kind."""
        inner = self.child(key)
        return {name: read(inner, name) for name in inner.values()}

    def values(self) -> Mapping[str, Any]:
        """The object as parsed, unchecked."""
        return self._values

    def done(self) -> None:
        """Raise if the object has keys nobody asked for: a misspelt threshold must not pass silently."""
        unknown = sorted(set(self._values) - self._read)
        if unknown:
            self.fail(f"unknown {', '.join(map(repr, unknown))}")

    def _take(self, key: str) -> object:
        if key not in self._values:
            self.fail(f"{key!r} is missing")
        self._read.add(key)
        return self._values[key]

    def _list(self, key: str) -> list[object]:
        value = self._take(key)
        if not isinstance(value, list):
            self.fail(f"{key!r} must be a list, not {_short(value)}")
        return cast(list[object], value)


def parse(text: str, *, where: str) -> Fields:
    """The JSON object in `text`. NaN, infinities and repeated keys are refused. Raises BundleError."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{where}: not sound JSON ({error})") from error
    return Fields(value, where=where)


def dump(values: Mapping[str, Any]) -> str:
    """The one way JSON is written here, so that equal content means equal bytes. Raises ValueError on NaN."""
    return json.dumps(values, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _as_float(value: object) -> float:
    """NaN for what is no number, infinity for an integer too large for a float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return math.nan
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is no JSON number")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return values


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
