"""The app's colours, as hex, by day and by night. Text on its background has a contrast of at least 4.5 (a test
computes every pair)."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.answer.advice import AdviceKind


@dataclass(frozen=True, kw_only=True)
class Tone:
    """A background with the colours that are written and drawn on it."""

    background: str
    border: str
    accent: str
    """title and icon"""
    text: str


@dataclass(frozen=True, kw_only=True)
class Palette:
    """Every colour of one theme."""

    dark: bool
    page: str
    surface: str
    brand: str
    on_brand: str
    text: str
    muted: str
    outline: str
    track: str
    neutral: Tone
    tones: Mapping[AdviceKind, Tone]

    @property
    def warning(self) -> Tone:
        """For whatever needs attention but is no result."""
        return self.tones[AdviceKind.MODERATE]


_INK, _CHALK = "#13212B", "#E8EEF1"

LIGHT = Palette(
    dark=False,
    page="#F3F6F7",
    surface="#FFFFFF",
    brand="#0B5C66",
    on_brand="#FFFFFF",
    text=_INK,
    muted="#495963",
    outline="#D5DEE2",
    track="#E4EBEE",
    neutral=Tone(background="#E8EDF3", border="#B9C6D6", accent="#33475F", text=_INK),
    tones={
        AdviceKind.LOW: Tone(background="#E5F4EA", border="#A5D3B4", accent="#17623A", text=_INK),
        AdviceKind.TREATMENT: Tone(background="#E6EEFB", border="#AFC6EA", accent="#1F4A8A", text=_INK),
        AdviceKind.MODERATE: Tone(background="#FFF4DC", border="#E9C983", accent="#7A4A00", text=_INK),
        AdviceKind.HIGH: Tone(background="#FDE9E7", border="#EFB4AE", accent="#A3201A", text=_INK),
        AdviceKind.CANNOT_ASSESS: Tone(background="#E8EDF3", border="#B9C6D6", accent="#33475F", text=_INK),
    },
)

DARK = Palette(
    dark=True,
    page="#0E1519",
    surface="#182127",
    brand="#6FC7D1",
    on_brand="#06272C",
    text=_CHALK,
    muted="#A9B8C0",
    outline="#33414A",
    track="#2A363D",
    neutral=Tone(background="#212C36", border="#3C4C5C", accent="#B7CAE0", text=_CHALK),
    tones={
        AdviceKind.LOW: Tone(background="#13291D", border="#2E5A41", accent="#86D6A6", text=_CHALK),
        AdviceKind.TREATMENT: Tone(background="#152440", border="#34507F", accent="#A3C3F5", text=_CHALK),
        AdviceKind.MODERATE: Tone(background="#332508", border="#6E551C", accent="#F0C467", text=_CHALK),
        AdviceKind.HIGH: Tone(background="#3A1715", border="#7C3832", accent="#FFA79F", text=_CHALK),
        AdviceKind.CANNOT_ASSESS: Tone(background="#212C36", border="#3C4C5C", accent="#B7CAE0", text=_CHALK),
    },
)
