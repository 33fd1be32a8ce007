"""A reminder for any calendar: one all-day event as iCalendar text (RFC 5545)."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

_LINE_OCTETS = 75
"""RFC 5545, 3.1: longer lines are folded."""
_ESCAPES = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def reminder_event(
    *, name: str, summary: str, weeks: int, start: date, uid: str | None = None, written: datetime | None = None
) -> str:
    """The text of an .ics file: `summary` on the day `weeks` weeks after `start`, with an alarm at nine.

    `name`, of the lesion, goes into the description; an empty one is left out. A calendar is often shared or copied to
    a server: which words may go there is the caller's choice. The same `uid` replaces an earlier event. Write it with
    `newline=""`, for the line ends are part of the format. Raises ValueError for less than one week.
    """
    if weeks < 1:
        raise ValueError(f"{weeks} weeks is no time to wait; at least 1")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//SkinTag Edge//Reminder//EN",
        "BEGIN:VEVENT",
        f"UID:{_escaped(uid or str(uuid4()))}",
        f"DTSTAMP:{(written or datetime.now(UTC)).astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{start + timedelta(weeks=weeks):%Y%m%d}",
        f"SUMMARY:{_escaped(summary)}",
        *([f"DESCRIPTION:{_escaped(name)}"] if name else []),
        "TRANSP:TRANSPARENT",  # the day stays free
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_escaped(summary)}",
        "TRIGGER:PT9H",  # after the day begins
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(_folded(line) for line in lines)


def _escaped(text: str) -> str:
    """RFC 5545, 3.3.11. Control characters have no place in it, and a bare CR would end the line."""
    one_break = text.replace("\r\n", "\n").replace("\r", "\n")
    allowed = "".join(c for c in one_break if c in "\n\t" or (c >= " " and c != "\x7f"))
    return allowed.encode(errors="replace").decode().translate(_ESCAPES)


def _folded(line: str) -> str:
    """Lines of at most 75 octets, each but the first begun with a space, no character cut in two."""
    parts: list[str] = []
    part, room = "", _LINE_OCTETS
    for character in line:
        octets = len(character.encode())
        if octets > room:
            parts.append(part)
            part, room = " ", _LINE_OCTETS - 1
        part += character
        room -= octets
    return "".join(f"{part}\r\n" for part in [*parts, part])
