"""What is being typed and chosen in a form, until it is kept: going back and coming again finds it as it was left."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mobile_app.body import Half, Place, Region

LONGEST = 2000
"""Characters of one field, as the forms take them."""


@dataclass
class Draft:
    """A form's fields. Taps arrive faster than the page is drawn: each reads what the ones before it wrote, and not
    what was drawn when it was aimed at."""

    lesion_id: str = ""
    """of a spot that is there; empty for a new one"""
    name: str = ""
    place: Place | None = None
    notes: str = ""
    answers: dict[str, bool] = field(default_factory=dict[str, bool])
    touched: bool = False
    """whether anything was typed or chosen"""
    noted: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)
    """is told of every change"""

    def write(self, **changes: Any) -> None:
        """Note what was typed; the field shows it already."""
        vars(self).update(changes, touched=True)
        self.noted()


def to_values(draft: Draft) -> dict[str, Any]:
    """JSON values."""
    place = draft.place
    return {
        "lesion_id": draft.lesion_id,
        "name": draft.name,
        "place": None if place is None else [place.region, place.half],
        "notes": draft.notes,
        "answers": draft.answers,
    }


def from_values(values: Mapping[str, Any]) -> Draft:
    """What was typed before. Raises ValueError, TypeError or KeyError for what this app never wrote."""
    return Draft(
        lesion_id=_text(values["lesion_id"]),
        name=_text(values["name"]),
        place=_place(values["place"]),
        notes=_text(values["notes"]),
        answers={_text(code): bool(yes) for code, yes in dict(values["answers"]).items()},
        touched=True,
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST:
        raise ValueError("a field that is no text, or too long")
    return value


def _place(value: Any) -> Place | None:
    if value is None:
        return None
    region, half = value
    return Place(region=Region(region), half=None if half is None else Half(half))
