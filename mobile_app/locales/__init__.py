"""The app's own words, one table per language. Words about tiers and advice come from `runtime`."""

from collections.abc import Mapping

from mobile_app.locales.en import ENGLISH
from mobile_app.locales.es import SPANISH
from mobile_app.locales.fr import FRENCH
from mobile_app.locales.pt import PORTUGUESE
from mobile_app.locales.texts import Texts

LANGUAGES: Mapping[str, Texts] = {"en": ENGLISH, "es": SPANISH, "pt": PORTUGUESE, "fr": FRENCH}
"""By the codes of `runtime.answer.locales`, which has each language's own name."""

__all__ = ["ENGLISH", "LANGUAGES", "Texts"]
