"""What to do next, in plain words, for each tier. Wording never says that a spot is harmless: a photo cannot know."""

from collections.abc import Mapping
from dataclasses import dataclass

from runtime.triage import Tier

DISCLAIMER = (
    "This is a research tool, not a medical device and not a diagnosis. It can miss skin cancer. "
    "A spot that is new, changing, bleeding or worrying you belongs in front of a doctor, whatever this says."
)

RED_FLAGS = (
    "It is new, or changes in size, shape or colour.",
    "It bleeds, itches, hurts or does not heal within four weeks.",
    "One half does not match the other, or the edge is ragged or blurred.",
    "It has several colours, or is larger than 6 mm (a pencil's end).",
    "It looks different from all your other spots.",
    "It is on a palm, a sole, under a nail or on the lips.",
)
"""Signs for which a doctor should look whatever the tier. Asymmetry, border, colour, diameter, evolution (ABCDE), the
"ugly duckling" sign, and the places where melanoma of darker skin is most often overlooked."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Plain-language text for one tier."""

    headline: str
    urgency: str
    what_to_do: tuple[str, ...]
    red_flags: tuple[str, ...]


_ADVICE: Mapping[Tier, Advice] = {
    Tier.HIGH: Advice(
        headline="Have a doctor look at this soon.",
        urgency="Within days: ask for the next appointment with a doctor or dermatologist.",
        what_to_do=(
            "Call and say that a skin spot needs to be checked for skin cancer.",
            "Show the doctor this spot itself; this result does not replace the examination.",
            "Do not wait to see whether it changes, and do not treat or remove it yourself.",
        ),
        red_flags=RED_FLAGS,
    ),
    Tier.MODERATE: Advice(
        headline="Have a doctor look at this.",
        urgency="Within the next few weeks: make an appointment with a doctor or dermatologist.",
        what_to_do=(
            "Make the appointment now, even if the spot does not bother you.",
            "Take a photo today with a ruler beside it, so that a change can be seen.",
            "Go sooner if one of the warning signs below applies.",
        ),
        red_flags=RED_FLAGS,
    ),
    Tier.LOW: Advice(
        headline="Few warning signs in this photo.",
        urgency="No hurry from this photo alone; keep an eye on the spot.",
        what_to_do=(
            "Compare it with a new photo once a month.",
            "See a doctor if it changes, or if one of the warning signs below applies.",
            "Have your skin checked as often as your doctor recommends for you.",
        ),
        red_flags=RED_FLAGS,
    ),
    Tier.CANNOT_ASSESS: Advice(
        headline="This photo cannot be judged.",
        urgency="Unknown: no result is not a good result.",
        what_to_do=(
            "Take a sharp photo of one spot in daylight, from about 10 cm, with the spot in the middle.",
            "If a second photo cannot be judged either, show the spot to a doctor.",
            "Do not wait for a photo if one of the warning signs below applies: see a doctor.",
        ),
        red_flags=RED_FLAGS,
    ),
}


def advice_for(tier: Tier) -> Advice:
    """The text for a tier."""
    return _ADVICE[tier]
