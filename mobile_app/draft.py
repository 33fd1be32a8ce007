"""What is being typed and chosen in a form, until it is kept: going back and coming again finds it as it was left."""

from dataclasses import dataclass, field
from typing import Any

from mobile_app.body import Place


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

    def write(self, **changes: Any) -> None:
        """Note what was typed; the field shows it already."""
        vars(self).update(changes, touched=True)
