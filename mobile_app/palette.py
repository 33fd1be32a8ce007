"""The app's colours, as hex. Text on its background has a contrast of at least 4.5 (a test computes every pair)."""

from dataclasses import dataclass

from runtime.advice import AdviceKind


@dataclass(frozen=True, kw_only=True)
class Tone:
    """A background with the colours that are written and drawn on it."""

    background: str
    border: str
    accent: str  # title and icon
    text: str


PAGE = "#F3F6F7"
SURFACE = "#FFFFFF"
BRAND = "#0B5C66"
ON_BRAND = "#FFFFFF"
TEXT = "#13212B"
MUTED = "#495963"
OUTLINE = "#D5DEE2"
TRACK = "#E4EBEE"

NEUTRAL = Tone(background="#E8EDF3", border="#B9C6D6", accent="#33475F", text=TEXT)
WARNING = Tone(background="#FFF4DC", border="#E9C983", accent="#7A4A00", text=TEXT)
TONES: dict[AdviceKind, Tone] = {
    AdviceKind.LOW: Tone(background="#E5F4EA", border="#A5D3B4", accent="#17623A", text=TEXT),
    AdviceKind.TREATMENT: Tone(background="#E6EEFB", border="#AFC6EA", accent="#1F4A8A", text=TEXT),
    AdviceKind.MODERATE: WARNING,
    AdviceKind.HIGH: Tone(background="#FDE9E7", border="#EFB4AE", accent="#A3201A", text=TEXT),
    AdviceKind.CANNOT_ASSESS: NEUTRAL,
}
