"""What the page itself remembers, for a program that is stopped and started again: words, and how they are shown.

A stopped program has forgotten its visits, photos and answers included; what was typed must not be lost with them. The
memo lies in the page's own tab (`device/memory.py`), so whatever is read back may have been changed by anyone.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from mobile_app.visit import draft, preferences
from mobile_app.visit.draft import Draft
from mobile_app.visit.preferences import Preferences
from mobile_app.visit.session import Session

log = logging.getLogger(__name__)

LONGEST = 200_000
"""Characters: some fifty forms with notes of 2000 each, as JSON at its longest."""


@dataclass(frozen=True, kw_only=True)
class Memo:
    """What a page knew when its program was last there."""

    run: str
    """of which start of the program"""
    preferences: Preferences
    drafts: Mapping[str, Draft] = field(default_factory=dict[str, Draft])
    """what was typed into each form and not kept"""


def memo_of(session: Session, *, run: str) -> str:
    """For the page: one line of JSON."""
    drafts = {form: draft.to_values(kept) for form, kept in session.drafts.items() if kept.touched}
    return json.dumps({"run": run, "preferences": preferences.to_values(session.preferences), "drafts": drafts})


def read_memo(text: str) -> Memo | None:
    """None where there is none, or what is there was never written by this app."""
    if not text or len(text) > LONGEST:
        return None
    try:
        values = json.loads(text)
        return Memo(
            run=str(values["run"]),
            preferences=preferences.from_values(dict(values["preferences"])),
            drafts={str(form): draft.from_values(kept) for form, kept in dict(values["drafts"]).items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        log.info("the page's memo cannot be read: %s", problem)
        return None


def take_up(session: Session, memo: Memo | None, *, run: str) -> bool:
    """Whether the program was restarted since the page was last there; what was typed is in its forms again then.

    A memo of this very run belongs to a visit that has ended, or goes on in another tab: nothing of it is used.
    """
    if memo is None or memo.run == run:
        return False
    session.take_up(memo.drafts, memo.preferences)
    return True


def typed(session: Session) -> bool:
    """Whether anything typed is waiting in a form."""
    return any(kept.touched for kept in session.drafts.values())
