"""The form that every language fills in; a text that a language lacks is a type error, not a blank on the screen."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Texts:
    """The app's strings. Those with {braces} are formatted with the names they show."""

    app: str
    on_this_device: str
    on_that_computer: str
    before_the_photo: str
    tips: tuple[str, ...]
    choose_photo: str
    choose_another: str
    another: str
    retake: str
    choose_dialog: str
    analysing: str
    analysing_hint: str
    the_photo: str
    judged_part: str
    tier_spoken: str
    why: str
    what_to_do: str
    red_flags: str
    red_flags_hint: str
    conditions: str
    conditions_hint: str
    condition_spoken: str
    less_than_one: str
    percent: str
    show_all: str
    show_fewer: str
    not_calibrated: str
    model: str
    disclaimer_title: str
    refused_title: str
    refused_advice: str
    bundle_title: str
    bundle_advice: tuple[str, ...]
    unexpected_title: str
    unexpected_advice: str
    details: str
    try_again: str
