"""Reminders as calendar text: read back by a small reader written from RFC 5545, not from the code."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_app.store import reminder_event

START = date(2026, 1, 28)
WRITTEN = datetime(2026, 1, 28, 10, 20, 30, tzinfo=UTC)


def event(*, name: str = "Left palm", summary: str = "Next photo", weeks: int = 6) -> str:
    return reminder_event(name=name, summary=summary, weeks=weeks, start=START, uid="one", written=WRITTEN)


def read(text: str) -> list[tuple[str, str]]:
    """Name and value of each content line: unfolded, then unescaped."""
    unfolded = text.replace("\r\n ", "")
    pairs = [line.partition(":")[::2] for line in unfolded.removesuffix("\r\n").split("\r\n")]
    return [(name, unescaped(value)) for name, value in pairs]


def unescaped(value: str) -> str:
    out, rest = "", iter(value)
    for character in rest:
        if character == "\\":
            character = {"n": "\n", "\\": "\\", ",": ",", ";": ";"}[next(rest)]
        out += character
    return out


def test_the_whole_event() -> None:
    assert event().split("\r\n") == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//SkinTag Edge//Reminder//EN",
        "BEGIN:VEVENT",
        "UID:one",
        "DTSTAMP:20260128T102030Z",
        "DTSTART;VALUE=DATE:20260311",
        "SUMMARY:Next photo",
        "DESCRIPTION:Left palm",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        "DESCRIPTION:Next photo",
        "TRIGGER:PT9H",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]


def test_without_a_name_the_calendar_learns_none() -> None:
    assert [value for name, value in read(event(name="")) if name == "DESCRIPTION"] == ["Next photo"]


def test_each_event_has_an_id_of_its_own() -> None:
    first, second = (reminder_event(name="", summary="x", weeks=1, start=START) for _ in range(2))
    assert dict(read(first))["UID"] != dict(read(second))["UID"]


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\n,;\\\té"), max_size=200)


@given(name=TEXTS.filter(bool), summary=TEXTS)
def test_any_text_comes_back_and_every_line_is_short_and_whole(name: str, summary: str) -> None:
    text = event(name=name, summary=summary)
    for line in text.encode().split(b"\r\n"):
        assert len(line) <= 75
        line.decode()  # no character cut in two
    assert "\n" not in text.replace("\r\n", "")
    assert ("SUMMARY", summary) in read(text)
    assert ("DESCRIPTION", name) in read(text)
    assert len(read(text)) == len(read(event()))


@pytest.mark.parametrize("hostile", ["a\r\nEND:VEVENT", "a\rb", "a\n\rb", "bell\x07", "\x00", "\ud800"])
def test_no_text_can_end_its_line(hostile: str) -> None:
    assert [name for name, _ in read(event(summary=hostile))] == [name for name, _ in read(event())]


@pytest.mark.parametrize("weeks", [0, -1])
def test_no_time_to_wait_is_refused(weeks: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        event(weeks=weeks)
